//! How a route's refusals are drawn, and the headers that every answer carries. Decides wording and headers; what was
//! refused is in [`Wrong`].
//!
//! RFC 9457 (problem+json); RFC 6749 section 5.2 and RFC 6750 section 3 (OAuth); OWASP ASVS 5.0 V3.4 (headers).

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use countersign_core::error::OAuthError;
use countersign_jose::primitive;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;

use super::Wrong;
use crate::app::App;
use crate::pages::{Frame, Problem};

/// How a route speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// Pages for people; forms are checked for where they come from.
    Page,
    /// OAuth's JSON.
    OAuth,
    /// JSON, with problems as `application/problem+json`.
    Api,
    /// A status and headers, no body: for proxies.
    Bare,
    /// A page when a browser asks, else as [`Face::Api`].
    Either,
}

/// Draws what was refused, as `face` does.
pub async fn draw(State((app, face)): State<(App, Face)>, request: Request, next: Next) -> Response {
    let asked = Asked::of(&request);
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<Wrong>() {
        None => response,
        Some(wrong) => {
            let mut drawn = drawn(&app, face, &asked, &wrong);
            // What the refusal brought along, such as `Allow` or the removal of a cookie.
            for (name, value) in response.headers() {
                if name != header::CONTENT_LENGTH && name != header::CONTENT_TYPE {
                    drawn.headers_mut().append(name, value.clone());
                }
            }
            drawn
        }
    }
}

/// What of the request decides how it is answered.
struct Asked {
    wants_page: bool,
    authorization: Option<bool>,
}

impl Asked {
    fn of(request: &Request) -> Self {
        let text = |name| request.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let wants_page = text(header::ACCEPT).is_some_and(|accept| accept.contains("text/html"));
        let basic = |value: &str| value.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic "));
        Self { wants_page, authorization: text(header::AUTHORIZATION).map(basic) }
    }
}

fn drawn(app: &App, face: Face, asked: &Asked, wrong: &Wrong) -> Response {
    let trace = trace();
    if let Some(inside) = &wrong.inside {
        tracing::error!(trace, code = wrong.code, fault = %inside, "could not answer");
    } else {
        tracing::info!(
            trace,
            code = wrong.code,
            status = wrong.status.as_u16(),
            "refused: {}",
            wrong.message
        );
    }
    let mut response = match face {
        Face::Page => page(app, wrong, &trace),
        Face::Either if asked.wants_page => page(app, wrong, &trace),
        Face::OAuth => oauth(asked, wrong, &trace),
        Face::Api | Face::Either => problem(wrong, &trace),
        Face::Bare => bare(wrong),
    };
    if let Some(wait) = wrong.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
    }
    response
}

fn page(app: &App, wrong: &Wrong, trace: &str) -> Response {
    let frame = app.frame();
    let wait = || wrong.retry_after.map_or(1, |wait| u32::try_from(wait.as_secs()).unwrap_or(u32::MAX));
    let page = match wrong.status {
        StatusCode::NOT_FOUND if wrong.code == Wrong::nowhere().code => {
            Problem::not_found(frame, wrong.code, trace)
        }
        StatusCode::TOO_MANY_REQUESTS => Problem::too_many(frame, wrong.code, trace, wait()),
        StatusCode::SERVICE_UNAVAILABLE => Problem::busy(frame, wrong.code, trace, wait()),
        _ => described(frame, wrong, trace),
    };
    (wrong.status, app.pages.render(&page)).into_response()
}

fn described(frame: Frame, wrong: &Wrong, trace: &str) -> Problem {
    let page = Problem::new(frame, wrong.code, trace, wrong.title, &sentence(&wrong.message));
    match wrong.code {
        "CS-7001" => page.advice("Open this server's page yourself and do it there. Nothing was changed."),
        "CS-2108" => page.advice("Ask for a new one; the newest link works.").way("Sign in", "/signin"),
        _ => page,
    }
}

fn oauth(asked: &Asked, wrong: &Wrong, trace: &str) -> Response {
    // RFC 6749 5.2: printable ASCII without quote and backslash.
    let plain = |c: char| if matches!(c, ' '..='~') && c != '"' && c != '\\' { c } else { '?' };
    let description: String = wrong.message.chars().map(plain).collect();
    let body = json!({
        "error": wrong.oauth.as_str(), "error_description": description, "code": wrong.code, "trace": trace,
    });
    let mut response = (wrong.status, axum::Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    if let Some(challenge) = challenge(asked, wrong) {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    response
}

/// RFC 6749 section 5.2 for applications, RFC 6750 section 3 for bearers.
fn challenge(asked: &Asked, wrong: &Wrong) -> Option<&'static str> {
    match (wrong.oauth, asked.authorization) {
        (OAuthError::InvalidClient, Some(_)) => Some("Basic realm=\"countersign\""),
        (OAuthError::InvalidToken, None) => Some("Bearer"),
        (OAuthError::InvalidToken, Some(_)) => Some("Bearer error=\"invalid_token\""),
        (OAuthError::InsufficientScope, _) => Some("Bearer error=\"insufficient_scope\""),
        _ => None,
    }
}

fn problem(wrong: &Wrong, trace: &str) -> Response {
    let body = json!({
        "type": format!("urn:countersign:{}", wrong.code), "title": wrong.title, "status": wrong.status.as_u16(),
        "detail": wrong.message, "code": wrong.code, "trace": trace,
    });
    let mut response = (wrong.status, body.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if wrong.status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"countersign\""));
    }
    response
}

fn bare(wrong: &Wrong) -> Response {
    let mut response = wrong.status.into_response();
    if wrong.status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// A message of the house (lower case, no full stop) as a sentence on a page.
#[must_use]
pub fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first: String = letters.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    let end = if message.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

/// Names one answer in the log: 16 hexadecimal digits.
fn trace() -> String {
    let mut bytes = [0; 8];
    if primitive::fill_random(&mut bytes).is_err() {
        tracing::error!("could not draw a trace id");
    }
    format!("{:016x}", u64::from_be_bytes(bytes))
}

/// Puts the headers that every answer carries where the route has said nothing else.
pub async fn dress(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let https = app.engine.settings().issuer.starts_with("https://");
    cover(response.headers_mut(), https);
    response
}

fn cover(headers: &mut HeaderMap, https: bool) {
    const POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";
    let defaults = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in defaults {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if https {
        let two_years = HeaderValue::from_static("max-age=63072000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, two_years);
    }
    if headers.contains_key(header::SET_COOKIE) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.append(header::VARY, HeaderValue::from_static("Cookie"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_becomes_a_sentence() {
        assert_eq!(sentence("the link has been used or is too old"), "The link has been used or is too old.");
        assert_eq!(sentence(""), ".");
    }

    #[test]
    fn an_answer_that_sets_a_cookie_is_never_stored() {
        let mut headers = HeaderMap::new();
        headers.insert(header::SET_COOKIE, HeaderValue::from_static("a=b"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
        cover(&mut headers, true);
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(headers[header::VARY], "Cookie");
        assert!(headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
    }

    #[test]
    fn what_a_route_says_itself_stays() {
        let mut headers = HeaderMap::new();
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        cover(&mut headers, false);
        assert_eq!(headers[header::REFERRER_POLICY], "same-origin");
        assert!(!headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
    }
}
