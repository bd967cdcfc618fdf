//! What a handler learns: who is asking, through which application style, and what was allowed.

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use countersign::Recognized;
use countersign_core::Refusal;
use countersign_core::id::Subject;
use countersign_core::record::{Scope, Style};
use countersign_core::time::Timestamp;
use http::request::Parts;

use crate::rejection::Rejection;

/// Who is asking. Only a [`Guard`](crate::Guard) makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth(Recognized);

impl Auth {
    pub(crate) const fn new(recognized: Recognized) -> Self {
        Self(recognized)
    }

    /// Who: the `sub` of the token, or the session's subject. An application that acts for itself is its own subject.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// Who, when it is a person.
    #[must_use]
    pub fn person(&self) -> Option<Subject> {
        self.0.subject.parse().ok()
    }

    /// The public name of the session or grant behind the request; it may be logged.
    #[must_use]
    pub fn handle(&self) -> &str {
        &self.0.handle
    }

    /// How the application knows its user.
    #[must_use]
    pub const fn style(&self) -> Style {
        self.0.style
    }

    /// What was allowed; empty for a session, which is not limited by scope.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.0.scope
    }

    /// When the person authenticated (OIDC `auth_time`); none for an application that acts for itself.
    #[must_use]
    pub const fn auth_time(&self) -> Option<Timestamp> {
        self.0.auth_time
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Auth {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        parts.extensions.get::<Self>().cloned().ok_or(Rejection::Refusal(Refusal::SessionAbsent))
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Auth {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}
