//! What a handler learns: who is asking, through which application style, and what was allowed.

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use countersign::{Bearer, Checked};
use countersign_core::Refusal;
use countersign_core::id::Subject;
use countersign_core::record::{Scope, Style};
use countersign_core::time::Timestamp;
use http::request::Parts;

use crate::rejection::Rejection;

/// Who is asking. Only a [`Guard`](crate::Guard) makes one.
#[derive(Clone, Debug)]
pub struct Auth {
    subject: String,
    handle: String,
    style: Style,
    scope: Scope,
    auth_time: Option<Timestamp>,
}

impl Auth {
    pub(crate) fn of_session(checked: &Checked) -> Self {
        Self {
            subject: checked.session.subject.to_string(),
            handle: checked.handle.to_string(),
            style: Style::Session,
            scope: Scope::default(),
            auth_time: Some(checked.session.auth_time),
        }
    }

    pub(crate) fn of_bearer(bearer: &Bearer, style: Style) -> Self {
        Self::of_claims(&bearer.claims, style)
    }

    pub(crate) fn of_claims(claims: &countersign_jose::jwt::AccessClaims, style: Style) -> Self {
        Self {
            subject: claims.sub.clone(),
            handle: claims.gid.clone(),
            style,
            scope: claims.scope.as_deref().and_then(|text| text.parse().ok()).unwrap_or_default(),
            auth_time: claims.auth_time.map(Timestamp::from_seconds),
        }
    }

    /// Who: the `sub` of the token, or the session's subject. An application that acts for itself is its own subject.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Who, when it is a person.
    #[must_use]
    pub fn person(&self) -> Option<Subject> {
        self.subject.parse().ok()
    }

    /// The public name of the session or grant behind the request; it may be logged.
    #[must_use]
    pub fn handle(&self) -> &str {
        &self.handle
    }

    /// How the application knows its user.
    #[must_use]
    pub const fn style(&self) -> Style {
        self.style
    }

    /// What was allowed; empty for a session, which is not limited by scope.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// When the person authenticated (OIDC `auth_time`); none for an application that acts for itself.
    #[must_use]
    pub const fn auth_time(&self) -> Option<Timestamp> {
        self.auth_time
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
