//! Why a request was not answered as asked: a status, a stable code and words for whoever sent it. How that is
//! drawn (a page, OAuth JSON, problem+json) is decided by the route's [`Face`](super::Face).
//!
//! RFC 9110 section 15 for the statuses; RFC 6749 section 5.2 and RFC 6750 section 3.1 for OAuth's.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use countersign::{Error, Fault, Refusal};
use countersign_core::error::{OAuthError, OAuthRefusal};
use http::StatusCode;

/// Why a request was not answered as asked. Nothing has changed.
#[derive(Clone, Debug)]
pub struct Wrong {
    /// The status.
    pub status: StatusCode,
    /// The stable code, `CS-nnnn`.
    pub code: &'static str,
    /// What is true now, in a few words.
    pub title: &'static str,
    /// The whole sentence, for whoever sent the request; values in backticks.
    pub message: String,
    /// OAuth's word for it.
    pub oauth: OAuthError,
    /// When another try is worth it.
    pub retry_after: Option<Duration>,
    /// What went wrong on our side; for the log only.
    pub inside: Option<String>,
}

impl Wrong {
    /// No route has this address.
    #[must_use]
    pub fn nowhere() -> Self {
        Self::new(StatusCode::NOT_FOUND, "CS-4101", "Nothing is here", "no page has this address")
    }

    /// The route exists, but not for this method.
    #[must_use]
    pub fn method() -> Self {
        let words = "this address does not take that method; `Allow` lists those it takes";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "CS-7002", "Not with this method", words)
    }

    /// The request came from another site.
    #[must_use]
    pub fn cross_site() -> Self {
        let words = "the request came from another site, so it was not carried out";
        Self::new(StatusCode::FORBIDDEN, "CS-7001", "Refused", words)
    }

    /// The request names a host that is not served here.
    #[must_use]
    pub fn host(words: impl Into<String>) -> Self {
        Self::new(StatusCode::MISDIRECTED_REQUEST, "CS-7003", "Nobody of that name lives here", words)
    }

    /// The body has another type than the route takes.
    #[must_use]
    pub fn content_type(wanted: &str) -> Self {
        let words = format!("the body must be `{wanted}`");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "CS-7004", "Not in this form", words)
    }

    /// A write came without saying which version it replaces (RFC 6585 section 3).
    #[must_use]
    pub fn unconditional() -> Self {
        let words = "send `If-Match` with the version you read, or `If-None-Match: *` for a new one";
        Self::new(StatusCode::PRECONDITION_REQUIRED, "CS-7005", "Say which version you replace", words)
    }

    /// The request cannot be read.
    #[must_use]
    pub fn malformed(words: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "CS-4103", "This request cannot be read", words)
    }

    /// The body is larger than the route takes.
    #[must_use]
    pub fn large(limit: u64) -> Self {
        let words = format!("the body is larger than {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "CS-4106", "Too large", words)
    }

    /// Anything else.
    #[must_use]
    pub fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        words: impl Into<String>,
    ) -> Self {
        let oauth = OAuthError::InvalidRequest;
        Self { status, code, title, message: words.into(), oauth, retry_after: None, inside: None }
    }

    /// The same, said to whoever bears an access token: RFC 6750 section 3.1 knows one word for all that is wrong with it.
    #[must_use]
    pub fn of_bearer(mut self) -> Self {
        if matches!(self.oauth, OAuthError::InvalidGrant | OAuthError::InvalidToken) {
            self.oauth = OAuthError::InvalidToken;
            self.status = StatusCode::UNAUTHORIZED;
        }
        self
    }

    /// The same under another status.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
}

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Refusal> for Wrong {
    fn from(refusal: Refusal) -> Self {
        let (status, title, oauth) = place(&refusal);
        let mut wrong = Self::new(status, refusal.code(), title, refusal.to_string());
        wrong.oauth = oauth;
        if let Refusal::Throttled { retry_after } = refusal {
            wrong.retry_after = Some(Duration::from_secs(whole_seconds(retry_after)));
        }
        wrong
    }
}

/// A wait in whole seconds, as `Retry-After` counts them (RFC 9110 section 10.2.3): never shorter than it is.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
}

impl From<OAuthRefusal> for Wrong {
    fn from(refusal: OAuthRefusal) -> Self {
        Refusal::OAuth(refusal).into()
    }
}

impl From<Fault> for Wrong {
    fn from(fault: Fault) -> Self {
        let busy = matches!(fault, Fault::Busy | Fault::Contention);
        let (status, oauth) = if busy {
            (StatusCode::SERVICE_UNAVAILABLE, OAuthError::TemporarilyUnavailable)
        } else {
            (StatusCode::INTERNAL_SERVER_ERROR, OAuthError::ServerError)
        };
        // The fault's own words may name files and hosts: they are for the log.
        let words = if busy {
            "the server has more to do than it can take on"
        } else {
            "the server could not do this"
        };
        let mut wrong = Self::new(status, fault.code(), "Could not do it now", words);
        wrong.oauth = oauth;
        wrong.retry_after = busy.then_some(Duration::from_secs(2));
        wrong.inside = Some(fault.to_string());
        wrong
    }
}

impl From<Error> for Wrong {
    fn from(error: Error) -> Self {
        match error {
            Error::Refusal(refusal) => refusal.into(),
            Error::Fault(fault) => fault.into(),
        }
    }
}

fn place(refusal: &Refusal) -> (StatusCode, &'static str, OAuthError) {
    match refusal {
        Refusal::SessionAbsent
        | Refusal::SessionMalformed
        | Refusal::SessionTwice
        | Refusal::SessionUnknown
        | Refusal::SessionEnded
        | Refusal::SessionIdle
        | Refusal::SessionOver
        | Refusal::SessionElsewhere => {
            (StatusCode::UNAUTHORIZED, "You are not signed in", OAuthError::InvalidToken)
        }
        Refusal::SignIn | Refusal::CurrentPassword => {
            (StatusCode::UNPROCESSABLE_ENTITY, "Not signed in", OAuthError::AccessDenied)
        }
        Refusal::Throttled { .. } => (StatusCode::TOO_MANY_REQUESTS, "Too many tries", OAuthError::SlowDown),
        Refusal::PasswordShort | Refusal::PasswordLong | Refusal::PasswordCommon | Refusal::PasswordWeak => {
            (StatusCode::UNPROCESSABLE_ENTITY, "Not with this password", OAuthError::InvalidRequest)
        }
        Refusal::LinkOver => (StatusCode::GONE, "This link is over", OAuthError::InvalidGrant),
        Refusal::MailOff => (StatusCode::NOT_FOUND, "Not offered here", OAuthError::InvalidRequest),
        Refusal::GrantEnded => (StatusCode::BAD_REQUEST, "This has ended", OAuthError::InvalidGrant),
        Refusal::ClientUnknown => {
            (StatusCode::UNAUTHORIZED, "The application is not known", OAuthError::InvalidClient)
        }
        Refusal::OAuth(told) => {
            (oauth_status(told.error), "The application's request was refused", told.error)
        }
        Refusal::Missing { .. } => (StatusCode::NOT_FOUND, "Nothing is here", OAuthError::InvalidRequest),
        Refusal::Taken { .. } => (StatusCode::CONFLICT, "The name is taken", OAuthError::InvalidRequest),
        Refusal::Moved => {
            (StatusCode::PRECONDITION_FAILED, "It has changed meanwhile", OAuthError::InvalidRequest)
        }
        Refusal::SessionsFull => (StatusCode::FORBIDDEN, "Signed in too often", OAuthError::AccessDenied),
        Refusal::NotOperator => (StatusCode::FORBIDDEN, "Refused", OAuthError::AccessDenied),
        Refusal::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "Too large", OAuthError::InvalidRequest),
        Refusal::TooMany { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "Too many", OAuthError::InvalidRequest),
        // `Invalid`, and whatever is added later: the request, as it is, cannot be carried out.
        _ => (StatusCode::BAD_REQUEST, "This request cannot be read", OAuthError::InvalidRequest),
    }
}

/// RFC 6749 section 5.2 and RFC 6750 section 3.1.
const fn oauth_status(error: OAuthError) -> StatusCode {
    match error {
        OAuthError::InvalidClient | OAuthError::InvalidToken => StatusCode::UNAUTHORIZED,
        OAuthError::InsufficientScope | OAuthError::AccessDenied => StatusCode::FORBIDDEN,
        OAuthError::SlowDown => StatusCode::TOO_MANY_REQUESTS,
        OAuthError::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
        OAuthError::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    }
}
