//! How a refusal looks on the wire: a status, a challenge, a short constant body. The reason goes to the log, not out.

use std::fmt;
use std::time::Duration;

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use countersign::Error;
use countersign_core::{Fault, Refusal};
use http::{HeaderValue, StatusCode, header};

/// Why a request did not reach its handler, or why a handler's wish was not granted.
#[derive(Debug)]
pub enum Rejection {
    /// They may not.
    Refusal(Refusal),
    /// Another site made the browser send this.
    CrossSite,
    /// A handler asks who comes with a credential, and no guard is in front of it on its task.
    Unguarded,
    /// We could not.
    Fault(Fault),
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refusal(refusal) => refusal.fmt(f),
            Self::CrossSite => f.write_str("another site made the browser send this"),
            Self::Unguarded => f.write_str("no guard is in front of a handler that asks who comes"),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for Rejection {}

impl From<Error> for Rejection {
    fn from(error: Error) -> Self {
        match error {
            Error::Refusal(refusal) => Self::Refusal(refusal),
            Error::Fault(fault) => Self::Fault(fault),
        }
    }
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

impl From<Fault> for Rejection {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Rejection {
    fn status(&self) -> StatusCode {
        match self {
            Self::Refusal(Refusal::Missing { .. }) => StatusCode::NOT_FOUND,
            Self::Refusal(Refusal::Moved | Refusal::Taken { .. }) => StatusCode::CONFLICT,
            Self::Refusal(Refusal::SessionsFull) => StatusCode::FORBIDDEN,
            Self::Refusal(Refusal::Invalid { .. }) => StatusCode::BAD_REQUEST,
            Self::Refusal(Refusal::TooLarge { .. } | Refusal::TooMany { .. }) => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Self::Refusal(Refusal::Throttled { .. }) => StatusCode::TOO_MANY_REQUESTS,
            Self::Refusal(Refusal::NotOperator) | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::Refusal(_) => StatusCode::UNAUTHORIZED,
            Self::Unguarded => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Fault(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// RFC 6750 3: without a credential the challenge says nothing more.
    fn challenge(&self) -> Option<HeaderValue> {
        match self {
            Self::Refusal(Refusal::SessionAbsent) => Some(HeaderValue::from_static("Bearer")),
            Self::Refusal(_) if self.status() == StatusCode::UNAUTHORIZED => {
                Some(HeaderValue::from_static("Bearer error=\"invalid_token\""))
            }
            _ => None,
        }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        match &self {
            Self::Refusal(refusal) => tracing::debug!(code = refusal.code(), "refused: {refusal}"),
            Self::CrossSite => tracing::debug!(code = "CS-7001", "refused: another site sent it"),
            Self::Unguarded => tracing::error!(code = "CS-7006", "could not: {self}"),
            Self::Fault(fault) => tracing::error!(code = fault.code(), "could not: {fault}"),
        }
        let status = self.status();
        let mut response = Response::new(Body::from(status.canonical_reason().unwrap_or_default()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = self.challenge() {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Self::Refusal(Refusal::Throttled { retry_after }) = &self {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(*retry_after)));
        }
        response
    }
}

/// A wait as `Retry-After` counts it (RFC 9110 section 10.2.3): never shorter than it is, and never none.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
}
