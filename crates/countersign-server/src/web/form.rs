//! Reading bodies and queries strictly: the right type, a bounded size, a bounded time, nothing twice. What the
//! parameters mean is for the route.
//!
//! RFC 6749 section 3.2 (`application/x-www-form-urlencoded`).

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{FromRequest, FromRequestParts, Request};
use bytes::Bytes;
use countersign_core::oauth::Params;
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::Wrong;

/// The most bytes of a form: the longest of ours has a password and an authorization request in it.
pub const BODY_BYTES: usize = 64 * 1024;

/// How long a body may take to arrive; a slower one holds a connection for nothing.
const BODY_TIME: Duration = Duration::from_secs(30);

/// The parameters of a form.
#[derive(Debug)]
pub struct Form(pub Params);

impl<S: Sync> FromRequest<S> for Form {
    type Rejection = Wrong;

    async fn from_request(request: Request, _: &S) -> Result<Self, Wrong> {
        params(&written(request).await?).map(Self)
    }
}

/// The text of a form, for whoever hands it on: its parameters as they were encoded, known to be readable.
#[derive(Debug)]
pub struct Written(pub String);

impl<S: Sync> FromRequest<S> for Written {
    type Rejection = Wrong;

    async fn from_request(request: Request, _: &S) -> Result<Self, Wrong> {
        let text = written(request).await?;
        params(&text)?;
        Ok(Self(text))
    }
}

async fn written(request: Request) -> Result<String, Wrong> {
    const TYPE: &str = "application/x-www-form-urlencoded";
    let empty = request.headers().get(header::CONTENT_LENGTH).is_some_and(|length| length == "0");
    // A form without fields has nothing to say and browsers still name its type; scripts may not.
    if !(is_type(request.headers(), TYPE) || empty && !request.headers().contains_key(header::CONTENT_TYPE)) {
        return Err(Wrong::content_type(TYPE));
    }
    let bytes = read(request.into_body(), BODY_BYTES).await?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Wrong::malformed("the form is not UTF-8"))?;
    Ok(text.to_owned())
}

/// The parameters of the query string.
#[derive(Debug)]
pub struct Query(pub Params);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Wrong;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Wrong> {
        params(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn params(text: &str) -> Result<Params, Wrong> {
    Params::parse(text).map_err(|refusal| Wrong::malformed(refusal.description))
}

/// The value of a parameter that a route cannot do without.
///
/// # Errors
/// 400 when it is left out or empty.
pub fn need<'a>(params: &'a Params, name: &str) -> Result<&'a str, Wrong> {
    params.value(name).ok_or_else(|| Wrong::malformed(format!("`{name}` is missing")))
}

/// The whole body, of at most `limit` bytes.
///
/// # Errors
/// 413 when it is larger, 408 when it takes too long, 400 when it breaks off.
pub async fn read(body: Body, limit: usize) -> Result<Bytes, Wrong> {
    let large = || Wrong::large(u64::try_from(limit).unwrap_or(u64::MAX));
    // One that says that it is larger need not come first.
    if usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX) > limit {
        return Err(large());
    }
    let collected = tokio::time::timeout(BODY_TIME, Limited::new(body, limit).collect());
    match collected.await {
        Err(_) => {
            Err(Wrong::malformed("the body did not arrive in time").with_status(StatusCode::REQUEST_TIMEOUT))
        }
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(large()),
        Ok(Err(_)) => Err(Wrong::malformed("the body broke off")),
    }
}

/// Whether the one `Content-Type` is `wanted`, with no parameter but `charset=utf-8`.
fn is_type(headers: &HeaderMap, wanted: &str) -> bool {
    let mut all = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (all.next(), all.next()) else { return false };
    let Ok(text) = value.to_str() else { return false };
    let (kind, rest) = text.split_once(';').unwrap_or((text, ""));
    let rest = rest.trim();
    kind.trim().eq_ignore_ascii_case(wanted)
        && (rest.is_empty() || rest.eq_ignore_ascii_case("charset=utf-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (header::CONTENT_TYPE, http::HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_type_is_exact_and_comes_once() {
        let wanted = "application/json";
        for good in ["application/json", "Application/JSON; charset=UTF-8", "application/json;charset=utf-8"]
        {
            assert!(is_type(&headers(&[good]), wanted), "{good}");
        }
        for bad in [
            "text/plain",
            "application/jsonx",
            "application/json; charset=utf-16",
            "text/html, application/json",
        ] {
            assert!(!is_type(&headers(&[bad]), wanted), "{bad}");
        }
        assert!(!is_type(&headers(&[]), wanted));
        assert!(!is_type(&headers(&["application/json", "application/json"]), wanted));
    }

    #[tokio::test]
    async fn a_body_stops_at_its_limit() {
        assert_eq!(read(Body::from("1234"), 4).await.unwrap(), "1234");
        let wrong = read(Body::from("12345"), 4).await.unwrap_err();
        assert_eq!((wrong.status, wrong.code), (StatusCode::PAYLOAD_TOO_LARGE, "CS-4106"));
    }
}
