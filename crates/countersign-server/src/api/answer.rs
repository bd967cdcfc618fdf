//! How the JSON API says no: `application/problem+json` with a stable code and a trace id (RFC 9457).
//!
//! `type` is a URN made of the code; what a program tells apart is `code`. A problem also travels in the response's
//! extensions, so that the console can draw it as a page.

use axum::response::{IntoResponse, Response};
use countersign::{Error, Fault, Refusal};
use countersign_jose::primitive;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::web::wrong::whole_seconds;

/// Why a request was not granted.
///
/// ```json
/// {"type": "urn:countersign:CS-4101", "title": "Not Found", "status": 404, "detail": "there is no session of that name",
///  "code": "CS-4101", "trace": "0af7651916cd43dd8448eb211c80319c"}
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// The stable code, explained by `countersign explain`.
    pub code: &'static str,
    /// One sentence, lower case, without a full stop.
    pub detail: String,
    /// The id under which the log has the whole story.
    pub trace: String,
    /// Seconds until another try is worth it.
    pub retry_after: Option<u64>,
}

impl Problem {
    /// A refusal under another status than its own.
    #[must_use]
    pub fn refused(status: StatusCode, refusal: &Refusal) -> Self {
        let retry_after = match refusal {
            Refusal::Throttled { retry_after } => Some(whole_seconds(*retry_after)),
            _ => None,
        };
        Self { status, code: refusal.code(), detail: refusal.to_string(), trace: trace(), retry_after }
    }

    /// A value that cannot be taken as it is.
    #[must_use]
    pub fn invalid(what: impl Into<String>) -> Self {
        Refusal::Invalid { what: what.into() }.into()
    }

    /// The request came from another site.
    #[must_use]
    pub fn cross_site() -> Self {
        let detail = "the request came from another site, so it was not carried out";
        Self::said(StatusCode::FORBIDDEN, "CS-7001", detail)
    }

    /// The address exists, but not for this method.
    #[must_use]
    pub fn method() -> Self {
        let detail = "this address does not take that method; `Allow` lists those it takes";
        Self::said(StatusCode::METHOD_NOT_ALLOWED, "CS-7002", detail)
    }

    /// The request names a host that is not served here.
    #[must_use]
    pub fn host(origin: &str) -> Self {
        let detail = format!("the console is at `{origin}` and answers to no other name");
        Self::said(StatusCode::MISDIRECTED_REQUEST, "CS-7003", detail)
    }

    /// The body has another type than the route takes.
    #[must_use]
    pub fn media_type(wanted: &str) -> Self {
        let detail = format!("the body must be sent as `{wanted}`");
        Self::said(StatusCode::UNSUPPORTED_MEDIA_TYPE, "CS-7004", detail)
    }

    /// The same without our side's story, for whoever has not shown yet who they are: the log has it under the trace.
    #[must_use]
    pub fn to_a_stranger(mut self) -> Self {
        if self.status.is_server_error() {
            "the server could not do this".clone_into(&mut self.detail);
        }
        self
    }

    fn said(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), trace: trace(), retry_after: None }
    }

    /// There is no such thing.
    #[must_use]
    pub fn missing(what: &'static str) -> Self {
        Refusal::Missing { what }.into()
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::refused(refusal_status(&refusal), &refusal)
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let passing = matches!(
            fault,
            Fault::Busy | Fault::Contention | Fault::Store(_) | Fault::InUse(_) | Fault::Post(_)
        );
        let status =
            if passing { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::INTERNAL_SERVER_ERROR };
        let problem = Self {
            status,
            code: fault.code(),
            detail: fault.to_string(),
            trace: trace(),
            retry_after: passing.then_some(2),
        };
        tracing::error!(trace = problem.trace, code = problem.code, %fault, "could not answer");
        problem
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Refusal(refusal) => refusal.into(),
            Error::Fault(fault) => fault.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Members {
            r#type: format!("urn:countersign:{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Refused"),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            trace: &self.trace,
        };
        let mut response = (self.status, written(&body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// The members of RFC 9457 3.1, and two of ours.
#[derive(Serialize)]
struct Members<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'static str,
    trace: &'a str,
}

/// A JSON answer.
#[derive(Debug)]
pub(crate) struct Answer<T>(pub(crate) StatusCode, pub(crate) T);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let mut response = (self.0, written(&self.1)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

/// What an API route gives: 200 with its shape, or a problem.
pub(crate) type Given<T> = Result<Answer<T>, Problem>;

/// 200.
pub(crate) const fn given<T>(shape: T) -> Given<T> {
    Ok(Answer(StatusCode::OK, shape))
}

/// 201.
pub(crate) const fn created<T>(shape: T) -> Given<T> {
    Ok(Answer(StatusCode::CREATED, shape))
}

fn written(shape: &impl Serialize) -> Vec<u8> {
    // Our shapes hold strings, numbers and lists of them: nothing in them can fail to be written.
    serde_json::to_vec(shape).unwrap_or_default()
}

const fn refusal_status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::SessionAbsent
        | Refusal::SessionMalformed
        | Refusal::SessionTwice
        | Refusal::SessionUnknown
        | Refusal::SessionEnded
        | Refusal::SessionIdle
        | Refusal::SessionOver
        | Refusal::SessionElsewhere
        | Refusal::ClientUnknown => StatusCode::UNAUTHORIZED,
        Refusal::SignIn | Refusal::SessionsFull | Refusal::CurrentPassword | Refusal::NotOperator => {
            StatusCode::FORBIDDEN
        }
        Refusal::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
        Refusal::LinkOver => StatusCode::GONE,
        Refusal::Missing { .. } => StatusCode::NOT_FOUND,
        Refusal::Taken { .. } | Refusal::Moved | Refusal::GrantEnded | Refusal::MailOff => {
            StatusCode::CONFLICT
        }
        Refusal::TooLarge { .. } | Refusal::TooMany { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// A new trace id: 32 hexadecimal digits, as in W3C Trace Context.
pub(crate) fn trace() -> String {
    let mut bytes = [0; 16];
    // Without chance the id is all zeros, which Trace Context calls invalid, and the answer still stands.
    if primitive::fill_random(&mut bytes).is_err() {
        bytes = [0; 16];
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn sent(problem: Problem) -> (http::HeaderMap, serde_json::Value) {
        let (parts, body) = problem.into_response().into_parts();
        let bytes = axum::body::to_bytes(body, 4096).await.unwrap();
        (parts.headers, serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn a_refusal_is_a_problem_document_with_its_code() {
        let (headers, body) = sent(Refusal::Missing { what: "session" }.into()).await;
        assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(body["type"], "urn:countersign:CS-4101");
        assert_eq!(body["title"], "Not Found");
        assert_eq!(body["status"], 404);
        assert_eq!(body["code"], "CS-4101");
        assert_eq!(body["trace"].as_str().unwrap().len(), 32);
        assert!(!headers.contains_key(header::RETRY_AFTER));
    }

    #[tokio::test]
    async fn what_passes_says_when_to_come_back() {
        let (headers, body) = sent(Refusal::Throttled { retry_after: Duration::from_secs(9) }.into()).await;
        assert_eq!(
            (body["status"].as_u64(), &headers[header::RETRY_AFTER]),
            (Some(429), &HeaderValue::from(9))
        );
        let (headers, body) = sent(Fault::Busy.into()).await;
        assert_eq!(
            (body["status"].as_u64(), &headers[header::RETRY_AFTER]),
            (Some(503), &HeaderValue::from(2))
        );
        let (headers, body) = sent(Fault::Codec("x".to_owned()).into()).await;
        assert_eq!((body["status"].as_u64(), headers.get(header::RETRY_AFTER)), (Some(500), None));
    }
}
