//! What a handler learns: who is asking, through which application style, and what was allowed.

use std::fmt;
use std::sync::{Arc, OnceLock};

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use countersign::{Entered, Recognized};
use countersign_core::Refusal;
use countersign_core::id::{Spelled, Subject};
use countersign_core::record::{Scope, Style};
use countersign_core::time::Timestamp;
use http::request::Parts;
use http::{HeaderMap, header};

use crate::guard::Orders;
use crate::look::{Asked, Found};
use crate::rejection::Rejection;
use crate::seat::{self, Answer};

/// Who is asking. Only a [`Guard`](crate::Guard) makes one.
///
/// It is to be asked for where the guard runs its handler. A request that brings a credential and asks without a guard, or on
/// another task than its guard's (a service that spawns the inner one, parts that were sent elsewhere), is answered with a
/// fault (CS-7006): take `Auth` or `Option<Auth>` first, and hand that over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth(Who);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Who {
    Token(Arc<Recognized>),
    Session(Arc<InSession>),
}

/// Someone who came with a session. Its public name is spelled when a handler asks.
pub(crate) struct InSession {
    pub(crate) entered: Entered,
    pub(crate) orders: Arc<Orders>,
    called: Called,
    handle: OnceLock<String>,
}

/// What they are called.
enum Called {
    /// By the application, where it names people itself.
    Name(Arc<str>),
    /// By the issuer.
    Subject(Spelled),
}

impl InSession {
    /// The public name of the session.
    pub(crate) fn handle(&self) -> &str {
        self.handle.get_or_init(|| self.entered.handle.to_string())
    }

    /// What the application calls them, or the subject that the issuer gives them.
    fn subject(&self) -> &str {
        match &self.called {
            Called::Name(name) => name,
            Called::Subject(subject) => subject.as_str(),
        }
    }

    /// As [`InSession::subject`], to keep.
    pub(crate) fn shared_subject(&self) -> Arc<str> {
        match &self.called {
            Called::Name(name) => Arc::clone(name),
            Called::Subject(subject) => subject.as_str().into(),
        }
    }
}

impl fmt::Debug for InSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InSession").field(&self.entered.handle).finish()
    }
}

impl PartialEq for InSession {
    fn eq(&self, other: &Self) -> bool {
        self.entered == other.entered
    }
}

impl Eq for InSession {}

impl Auth {
    pub(crate) fn by_token(recognized: Recognized) -> Self {
        Self(Who::Token(Arc::new(recognized)))
    }

    /// `name` is what the application calls them, where it names people itself.
    pub(crate) fn by_session(entered: Entered, name: Option<Arc<str>>, orders: Arc<Orders>) -> Self {
        let called = match name {
            Some(name) => Called::Name(name),
            None => Called::Subject(Subject::spell(*entered.session.subject_bytes())),
        };
        Self(Who::Session(Arc::new(InSession { entered, orders, called, handle: OnceLock::new() })))
    }

    /// The session that they came with, when it was one.
    pub(crate) const fn session(&self) -> Option<&Arc<InSession>> {
        match &self.0 {
            Who::Session(session) => Some(session),
            Who::Token(_) => None,
        }
    }

    /// Who: the `sub` of the token, or the session's subject. An application that acts for itself is its own subject.
    #[must_use]
    pub fn subject(&self) -> &str {
        match &self.0 {
            Who::Token(token) => &token.subject,
            Who::Session(session) => session.subject(),
        }
    }

    /// Who, when it is a person whom the issuer knows; none where the application names people itself.
    #[must_use]
    pub fn person(&self) -> Option<Subject> {
        match &self.0 {
            Who::Token(token) => token.subject.parse().ok(),
            Who::Session(session) => match session.called {
                Called::Name(_) => None,
                Called::Subject(_) => Some(session.entered.session.subject()),
            },
        }
    }

    /// The public name of the session or grant behind the request; it may be logged.
    #[must_use]
    pub fn handle(&self) -> &str {
        match &self.0 {
            Who::Token(token) => &token.handle,
            Who::Session(session) => session.handle(),
        }
    }

    /// How the application knows its user.
    #[must_use]
    pub fn style(&self) -> Style {
        match &self.0 {
            Who::Token(token) => token.style,
            Who::Session(_) => Style::Session,
        }
    }

    /// What was allowed; empty for a session, which is not limited by scope.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        static NONE: OnceLock<Scope> = OnceLock::new();
        match &self.0 {
            Who::Token(token) => &token.scope,
            Who::Session(_) => NONE.get_or_init(Scope::default),
        }
    }

    /// When the person authenticated (OIDC `auth_time`); none for an application that acts for itself.
    #[must_use]
    pub fn auth_time(&self) -> Option<Timestamp> {
        match &self.0 {
            Who::Token(token) => token.auth_time,
            Who::Session(session) => Some(session.entered.session.auth_time),
        }
    }
}

/// Who asks: as the guard found, or as it finds now that a handler wants to know.
pub(crate) async fn asking(parts: &mut Parts) -> Result<Found, Rejection> {
    if let Some(found) = parts.extensions.get::<Found>() {
        return Ok(found.clone());
    }
    let guard = match seat::ask(&parts.headers) {
        Answer::Free(guard) => guard,
        Answer::Found(found) => return Ok(found),
        Answer::None => return unguarded(&parts.headers),
    };
    let glanced = {
        let asked = Asked::from(&*parts);
        guard.glance(&asked, &asked.cookies())
    };
    let found = match glanced {
        Some(found) => found,
        // Apart, so that the way through memory makes no handler's future larger.
        None => Box::pin(guard.look(Asked::from(&*parts))).await,
    };
    let found = found.map_err(|turned| turned.why())?;
    if matches!(found, Found::Nobody) {
        return Ok(found);
    }
    // Whoever comes without a cookie is told apart by what is left in their request.
    let cookie = parts.headers.get(header::COOKIE);
    let known = found.auth().is_some() && cookie.is_some();
    if !seat::take(&found, cookie) {
        return match seat::ask(&parts.headers) {
            // The same request asked twice at once, and it is one visit.
            Answer::Found(first) => Ok(first),
            Answer::Free(_) | Answer::None => unguarded(&parts.headers),
        };
    }
    if !known {
        found.clone().leave(&mut parts.extensions);
    }
    Ok(found)
}

/// Nobody, where no guard is in front of whoever asks. A credential is not for nobody: its owner must not pass for a stranger
/// because a guard was forgotten, or stands in front of another task.
fn unguarded(headers: &HeaderMap) -> Result<Found, Rejection> {
    if headers.contains_key(header::COOKIE) || headers.contains_key(header::AUTHORIZATION) {
        return Err(Rejection::Unguarded);
    }
    Ok(Found::Nobody)
}

impl<S: Send + Sync> FromRequestParts<S> for Auth {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        asking(parts).await?.auth().ok_or(Rejection::Refusal(Refusal::SessionAbsent))
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Auth {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        Ok(asking(parts).await?.auth())
    }
}
