//! What the issuer says about itself and its keys. Public, the same for everybody, kept for five minutes.
//!
//! OpenID Connect Discovery 1.0 section 4; RFC 8414 section 3; RFC 7517 section 5.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use countersign_jose::{base64, primitive};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::Value;

use super::{Guard, Route};
use crate::app::App;
use crate::pages::asset as file;
use crate::web::{Face, Wrong};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/.well-known/openid-configuration", Guard::Public, Face::Api, metadata),
        Route::get("/.well-known/oauth-authorization-server", Guard::Public, Face::Api, metadata),
        Route::get("/jwks.json", Guard::Public, Face::Api, keys),
        asset_route(),
    ]
}

/// The files that pages need, wherever there are pages.
pub(super) fn asset_route() -> Route {
    Route::get("/assets/{name}", Guard::Public, Face::Either, asset)
}

async fn metadata(State(app): State<App>, headers: HeaderMap) -> Result<Response, Wrong> {
    public(&app.engine.metadata()?, "application/json", &headers)
}

async fn keys(State(app): State<App>, headers: HeaderMap) -> Result<Response, Wrong> {
    public(&app.engine.jwks(), "application/jwk-set+json", &headers)
}

/// An answer for everybody, readable by scripts of any origin because it holds nobody's data. Whoever has it already
/// (RFC 9110 13.1.2) is told so and nothing else.
fn public(document: &Value, kind: &'static str, asked: &HeaderMap) -> Result<Response, Wrong> {
    let body = document.to_string();
    let tag = format!("\"{}\"", base64::encode(primitive::sha256(body.as_bytes())));
    let etag = HeaderValue::from_str(&tag).map_err(|_| Wrong::nowhere())?;
    let known = asked.get(header::IF_NONE_MATCH).is_some_and(|known| *known == etag || known == "*");
    let headers = [
        (header::ETAG, etag),
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin")),
    ];
    if known {
        return Ok((http::StatusCode::NOT_MODIFIED, headers).into_response());
    }
    Ok((headers, body).into_response())
}

async fn asset(request: axum::extract::Request) -> Result<Response, Wrong> {
    let found = file(request.uri().path()).ok_or_else(Wrong::nowhere)?;
    let etag = HeaderValue::from_str(&found.etag).map_err(|_| Wrong::nowhere())?;
    let known = request.headers().get(header::IF_NONE_MATCH).is_some_and(|known| *known == etag);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(found.content_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static(found.cache_control)),
        (header::ETAG, etag),
    ];
    if known {
        return Ok((http::StatusCode::NOT_MODIFIED, headers).into_response());
    }
    Ok((headers, found.bytes).into_response())
}
