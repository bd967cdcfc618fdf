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
use countersign_core::oauth::Params;
use countersign_core::record::session::Audience;
use countersign_core::session::cookie::{Cookie, Surface};
use countersign_core::{Attempt, Refusal};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::peer::{cookies, visitor};
use crate::rejection::Rejection;

/// Where a browser begins to sign in.
pub(crate) const START: &str = "/_cs/start";
/// Where the ticket comes back.
pub(crate) const CALLBACK: &str = "/_cs/callback";

/// How long a person may take at the issuer before the nonce is forgotten.
const NONCE_LIFETIME: Duration = Duration::from_secs(600);

/// Answers `GET /_cs/start?return_to=/path` on the host of `client`.
pub async fn start(engine: &Arc<Engine>, client: &ClientId, parts: &Parts) -> Response {
    match leave(engine, client, parts).await {
        Ok((target, cookie)) => onward(&target, &[cookie]),
        Err(rejection) => rejection.into_response(),
    }
}

/// Answers `GET /_cs/callback?ticket=…` on the host of `client`.
pub async fn callback(engine: &Arc<Engine>, client: &ClientId, parts: &Parts) -> Response {
    match land(engine, client, parts).await {
        Ok((target, cookies)) => onward(&target, &cookies),
        Err(rejection) => rejection.into_response(),
    }
}

async fn leave(
    engine: &Arc<Engine>,
    client: &ClientId,
    parts: &Parts,
) -> Result<(String, String), Rejection> {
    let app = engine.app(client.as_str()).await?;
    let nonce = engine.start_nonce()?;
    let return_to = query(parts, "return_to")?;
    let target = engine.start_address(&app, &nonce, return_to.as_deref().unwrap_or("/"))?;
    let cookie = Cookie::new(Surface::Start, engine.transport()).set_nonce(&nonce, NONCE_LIFETIME);
    Ok((target, cookie))
}

async fn land(
    engine: &Arc<Engine>,
    client: &ClientId,
    parts: &Parts,
) -> Result<(String, [String; 2]), Rejection> {
    let ticket = query(parts, "ticket")?.ok_or(Refusal::LinkOver)?;
    let nonce_cookie = Cookie::new(Surface::Start, engine.transport());
    let nonce = match nonce_cookie.find(cookies(&parts.headers)) {
        Attempt::Accepted(nonce) => nonce,
        Attempt::Absent => return Err(Refusal::LinkOver.into()),
        Attempt::Refused(refusal) => return Err(refusal.into()),
    };
    let app = engine.app(client.as_str()).await?;
    let visitor = visitor(parts, engine.transport());
    let (token, _, return_to) = engine.redeem_ticket(&app, &ticket, nonce, &visitor).await?;
    Ok((
        return_to,
        [engine.cookie(&Audience::Client(client.clone())).set(&token, None), nonce_cookie.removal()],
    ))
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
    let params = Params::parse(parts.uri.query().unwrap_or_default()).map_err(Refusal::OAuth)?;
    Ok(params.value(name).map(str::to_owned))
}
