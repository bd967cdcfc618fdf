//! How a sign-in at the issuer reaches an application's own host: `/_cs/start` and `/_cs/callback` (no third-party cookie, no
//! iframe).
//!
//! Start sets a nonce cookie on the application's host and goes to the issuer; the one-time ticket that comes back is good
//! only together with that cookie, so nobody can plant their own session in somebody else's browser (login CSRF).

use std::sync::Arc;
use std::time::Duration;

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use countersign::{Engine, StartNonce, Visitor};
use countersign_core::id::ClientId;
use countersign_core::oauth::Params;
use countersign_core::record::Client;
use countersign_core::record::session::Audience;
use countersign_core::session::cookie::{Cookie, Surface};
use countersign_core::signin::link;
use countersign_core::{Attempt, Refusal};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::peer::{cookies, visitor_through};
use crate::rejection::Rejection;

/// Where a browser begins to sign in.
pub(crate) const START: &str = "/_cs/start";
/// Where the ticket comes back.
pub(crate) const CALLBACK: &str = "/_cs/callback";

/// How long a person may take at the issuer before they must start again.
const NONCE_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// Where a browser goes next, and the `Set-Cookie` values that go with it.
#[derive(Debug)]
pub struct Hop {
    /// The address: the issuer's, or a path of the application's own.
    pub to: String,
    /// `Set-Cookie` values.
    pub cookies: Vec<String>,
}

/// Sends a browser off to the issuer to sign in; it will come back to `return_to`, a path of the application.
///
/// A second tab goes on with the nonce of the first, else the first could not come back.
///
/// # Errors
/// [`Refusal::Invalid`]: `return_to` is no such path.
pub fn leave(
    engine: &Engine,
    client: &Client,
    headers: &HeaderMap,
    return_to: &str,
) -> countersign::Result<Hop> {
    let cookie = Cookie::new(Surface::Start, engine.transport());
    let nonce = match cookie.find(cookies(headers)) {
        Attempt::Accepted(text) => StartNonce::parse(text),
        Attempt::Absent | Attempt::Refused(_) => None,
    };
    let nonce = nonce.map_or_else(|| engine.start_nonce(), Ok)?;
    let to = engine.start_address(client, &nonce, return_to)?;
    Ok(Hop { to, cookies: vec![cookie.set_nonce(&nonce, NONCE_LIFETIME)] })
}

/// Takes in a browser that comes back with a ticket: it gets the application's own session.
///
/// # Errors
/// [`Refusal::LinkOver`]: the ticket is not for this application and this browser, has been used, or is too old.
pub async fn land(
    engine: &Engine,
    client: &Client,
    headers: &HeaderMap,
    ticket: &str,
    visitor: &Visitor,
) -> countersign::Result<Hop> {
    let start = Cookie::new(Surface::Start, engine.transport());
    let Attempt::Accepted(nonce) = start.find(cookies(headers)) else { return Err(Refusal::LinkOver.into()) };
    let audience = Audience::Client(client.id.clone());
    let joined = cookies(headers).collect::<Vec<_>>().join("; ");
    let before = match engine.check(Some(&joined), &audience).await? {
        Attempt::Accepted(before) => Some(before.session.serial),
        Attempt::Absent | Attempt::Refused(_) => None,
    };
    let guest = engine.guest_to_carry(Some(&joined), &audience).await;
    let left = guest.is_some().then(|| engine.guest_cookie().removal());
    let visitor = Visitor { guest, ..visitor.clone() };
    let landed = engine.redeem_ticket(client, ticket, nonce, &visitor, before).await?;
    let own = engine.cookie(&audience).set(&landed.cookie, landed.max_age);
    Ok(Hop { to: landed.to, cookies: [own, start.removal()].into_iter().chain(left).collect() })
}

/// Answers one of the two paths on the host of `client`, which a request reaches through so many `proxies`.
pub(crate) async fn answer(engine: &Arc<Engine>, client: &ClientId, parts: &Parts, proxies: u8) -> Response {
    if parts.uri.path() == START {
        return start(engine, client, parts).await;
    }
    callback(engine, client, parts, proxies).await
}

/// Answers `GET /_cs/start?return_to=%2Fpath` or `GET /_cs/start?/path` on the host of `client`.
async fn start(engine: &Arc<Engine>, client: &ClientId, parts: &Parts) -> Response {
    let left = async {
        let app = engine.app(client.as_str()).await?;
        let return_to = link::way_back(parts.uri.query().unwrap_or_default())?;
        leave(engine, &app, &parts.headers, &return_to)
    };
    onward(left.await)
}

/// Answers `GET /_cs/callback?ticket=…` on the host of `client`.
async fn callback(engine: &Arc<Engine>, client: &ClientId, parts: &Parts, proxies: u8) -> Response {
    let landed = async {
        let app = engine.app(client.as_str()).await?;
        let query = Params::parse(parts.uri.query().unwrap_or_default()).map_err(Refusal::OAuth)?;
        let ticket = query.value("ticket").ok_or(Refusal::LinkOver)?;
        let visitor = visitor_through(parts, engine.transport(), proxies);
        land(engine, &app, &parts.headers, ticket, &visitor).await
    };
    onward(landed.await)
}

/// A redirect that carries cookies. Locations are ours or the registered application's, never the request's.
fn onward(hop: countersign::Result<Hop>) -> Response {
    let Hop { to, cookies } = match hop {
        Ok(hop) => hop,
        Err(error) => return Rejection::from(error).into_response(),
    };
    let mut headers = HeaderMap::new();
    let Ok(location) = HeaderValue::from_str(&to) else {
        return Rejection::Refusal(Refusal::Invalid { what: "the way back cannot be written".to_owned() })
            .into_response();
    };
    headers.insert(header::LOCATION, location);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("Cookie"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    for cookie in &cookies {
        if let Ok(value) = HeaderValue::from_str(cookie) {
            headers.append(header::SET_COOKIE, value);
        }
    }
    (StatusCode::SEE_OTHER, headers, Body::empty()).into_response()
}
