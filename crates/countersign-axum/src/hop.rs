//! How a sign-in at the issuer reaches an application's own host: `/_cs/start` and `/_cs/callback` (no third-party cookie, no
//! iframe).
//!
//! Start sets a nonce cookie on the application's host and goes to the issuer; the one-time ticket that comes back is good
//! only together with that cookie, so nobody can plant their own session in somebody else's browser (login CSRF).

use std::sync::Arc;
use std::time::Duration;

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use countersign::Engine;
use countersign_core::id::ClientId;
use countersign_core::oauth::params::Params;
use countersign_core::session::cookie::{Cookie, Surface};
use countersign_core::{Attempt, Refusal};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::guard::{session_cookie, transport};
use crate::peer::{cookies, visitor};
use crate::rejection::Rejection;

/// Where a browser begins to sign in.
pub(crate) const START: &str = "/_cs/start";
/// Where the ticket comes back.
pub(crate) const CALLBACK: &str = "/_cs/callback";

/// How long a person may take at the issuer before the nonce is forgotten.
const NONCE_LIFETIME: Duration = Duration::from_secs(600);

/// Answers `GET /_cs/start?return_to=/path` on the host of `client`.
pub fn start(engine: &Arc<Engine>, client: &ClientId, parts: &Parts) -> Response {
    let return_to = match query(parts, "return_to") {
        Ok(path) => path.unwrap_or_else(|| "/".to_owned()),
        Err(refusal) => return Rejection::Refusal(refusal).into_response(),
    };
    if !is_local_path(&return_to) {
        let what = format!("`return_to` must be a path of this application, not `{}`", shortened(&return_to));
        return Rejection::Refusal(Refusal::Invalid { what }).into_response();
    }
    let nonce = match engine.start_nonce() {
        Ok(nonce) => nonce,
        Err(fault) => return Rejection::Fault(fault).into_response(),
    };
    let cookie = Cookie::new(Surface::Start, transport(engine)).set_nonce(&nonce, NONCE_LIFETIME);
    let hash = countersign_jose::base64::encode(&nonce.hash());
    let target = format!(
        "{}/sso?app={client}&nonce={hash}&return_to={}",
        engine.settings().issuer,
        percent_encoded(&return_to)
    );
    onward(&target, &[cookie])
}

/// Answers `GET /_cs/callback?ticket=…` on the host of `client`.
pub async fn callback(engine: &Arc<Engine>, client: &ClientId, parts: &Parts) -> Response {
    match land(engine, client, parts).await {
        Ok((target, cookies)) => onward(&target, &cookies),
        Err(rejection) => rejection.into_response(),
    }
}

async fn land(
    engine: &Arc<Engine>,
    client: &ClientId,
    parts: &Parts,
) -> Result<(String, [String; 2]), Rejection> {
    let ticket = query(parts, "ticket")?.ok_or(Refusal::LinkOver)?;
    let nonce_cookie = Cookie::new(Surface::Start, transport(engine));
    let nonce = match nonce_cookie.find(cookies(&parts.headers)) {
        Attempt::Accepted(nonce) => nonce,
        Attempt::Absent => return Err(Refusal::LinkOver.into()),
        Attempt::Refused(refusal) => return Err(refusal.into()),
    };
    let app = engine.app(client.as_str()).await?;
    let visitor = visitor(parts, transport(engine));
    let (token, _, return_to) = engine.redeem_ticket(&app, &ticket, nonce, &visitor).await?;
    Ok((return_to, [session_cookie(engine).set(&token, None), nonce_cookie.removal()]))
}

/// A redirect that carries cookies. Locations are ours or the registered application's, never the request's.
fn onward(target: &str, cookies: &[String]) -> Response {
    let mut headers = HeaderMap::new();
    let Ok(location) = HeaderValue::from_str(target) else {
        return Rejection::Refusal(Refusal::Invalid { what: "the way back cannot be written".to_owned() })
            .into_response();
    };
    headers.insert(header::LOCATION, location);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("Cookie"));
    headers.insert(HeaderName::from_static("referrer-policy"), HeaderValue::from_static("no-referrer"));
    for cookie in cookies {
        if let Ok(value) = HeaderValue::from_str(cookie) {
            headers.append(header::SET_COOKIE, value);
        }
    }
    (StatusCode::SEE_OTHER, headers, Body::empty()).into_response()
}

fn query(parts: &Parts, name: &str) -> Result<Option<String>, Refusal> {
    let params = Params::parse(parts.uri.query().unwrap_or_default())?;
    Ok(params.find(name).map(str::to_owned))
}

/// A path on the same host: one slash, no second slash or backslash behind it, no control characters.
fn is_local_path(path: &str) -> bool {
    let mut bytes = path.bytes();
    bytes.next() == Some(b'/')
        && !matches!(bytes.next(), Some(b'/' | b'\\'))
        && path.len() <= 2048
        && path.bytes().all(|b| (0x21..0x7F).contains(&b) && b != b'\\')
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

fn percent_encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_of_the_same_host_is_local() {
        for good in ["/", "/cart", "/a/b?c=d&e=%2F", "/a#b"] {
            assert!(is_local_path(good), "{good}");
        }
        for bad in [
            "",
            "cart",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example/",
            "/a\nb",
            "/a b",
            "\\/x",
            "/\t/evil.example",
        ] {
            assert!(!is_local_path(bad), "{bad}");
        }
    }

    #[test]
    fn a_path_survives_its_encoding() {
        assert_eq!(percent_encoded("/a?b=c&d"), "/a%3Fb%3Dc%26d");
    }
}
