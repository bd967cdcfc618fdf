//! What applications ask for: tokens, their end, what they stand for. Reads requests and writes answers; the engine
//! decides.
//!
//! RFC 6749 sections 3.2 and 5; RFC 7009; RFC 7662; RFC 6750; OpenID Connect Core section 5.3; Fetch (CORS).

use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use countersign::{ClientAuth, Refusal};
use countersign_core::error::OAuthError;
use countersign_core::oauth::Params;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::{Guard, Route};
use crate::app::App;
use crate::web::host::origin_of;
use crate::web::{Face, Form, Guest, Wrong};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/token", Guard::AppForm, Face::OAuth, token),
        Route::options("/token", Guard::Public, Face::OAuth, preflight),
        Route::post("/revoke", Guard::AppForm, Face::OAuth, revoke),
        Route::options("/revoke", Guard::Public, Face::OAuth, preflight),
        Route::post("/introspect", Guard::AppForm, Face::OAuth, introspect),
        Route::get("/userinfo", Guard::Bearer, Face::OAuth, userinfo),
        Route::post("/userinfo", Guard::Bearer, Face::OAuth, userinfo),
        Route::options("/userinfo", Guard::Public, Face::OAuth, preflight),
    ]
}

/// Proof that all parameters are in the form. Secrets in an address land in logs and histories (RFC 6749 section 2.3.1).
struct Unaddressed;

impl<S: Sync> FromRequestParts<S> for Unaddressed {
    type Rejection = Wrong;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Wrong> {
        let bare = parts.uri.query().is_none_or(str::is_empty);
        if bare {
            Ok(Self)
        } else {
            Err(Wrong::malformed("parameters belong in the form, not in the address"))
        }
    }
}

async fn token(
    State(app): State<App>,
    _: Unaddressed,
    headers: HeaderMap,
    Guest(visitor): Guest,
    Form(form): Form,
) -> Result<Response, Wrong> {
    let auth = credentials(&headers, &form)?;
    let answer = app.engine.token(auth, &form, &visitor).await;
    // A script must be able to read why it was refused, too.
    let response = answer.map_or_else(|error| Wrong::from(error).into_response(), |answer| data(&answer));
    shared(&app, &headers, response).await
}

async fn revoke(
    State(app): State<App>,
    _: Unaddressed,
    headers: HeaderMap,
    Form(form): Form,
) -> Result<Response, Wrong> {
    app.engine.revoke_token(credentials(&headers, &form)?, &form).await?;
    shared(&app, &headers, StatusCode::OK.into_response()).await
}

async fn introspect(
    State(app): State<App>,
    _: Unaddressed,
    headers: HeaderMap,
    Form(form): Form,
) -> Result<Response, Wrong> {
    Ok(data(&app.engine.introspect(credentials(&headers, &form)?, &form).await?))
}

async fn userinfo(State(app): State<App>, headers: HeaderMap) -> Result<Response, Wrong> {
    let response = match bearer(&headers) {
        Bearer::None => Wrong::from(Refusal::SessionAbsent).into_response(),
        Bearer::Unreadable => unreadable().into_response(),
        Bearer::Token(token) => match app.engine.userinfo(token).await {
            Ok(claims) => data(&claims),
            Err(error) => Wrong::from(error).of_bearer().into_response(),
        },
    };
    shared(&app, &headers, response).await
}

/// The bearer token of a request (RFC 6750 section 2.1; never from the query).
pub(crate) enum Bearer<'a> {
    /// There is none; another scheme is none of ours.
    None,
    /// Two, or not text.
    Unreadable,
    /// The token.
    Token(&'a str),
}

/// Reads the bearer token of a request.
pub(crate) fn bearer(headers: &HeaderMap) -> Bearer<'_> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let value = match (all.next(), all.next()) {
        (None, _) => return Bearer::None,
        (Some(value), None) => value,
        _ => return Bearer::Unreadable,
    };
    let Ok(text) = value.to_str() else { return Bearer::Unreadable };
    // A bearer that is spaced oddly is a bad one, not an absent one.
    let text = text.trim_matches([' ', '\t']);
    let (scheme, token) = text.split_once([' ', '\t']).unwrap_or((text, ""));
    match token.trim_matches([' ', '\t']) {
        _ if !scheme.eq_ignore_ascii_case("bearer") => Bearer::None,
        "" => Bearer::Unreadable,
        token => Bearer::Token(token),
    }
}

pub(crate) fn unreadable() -> Wrong {
    Refusal::oauth(OAuthError::InvalidToken, "the access token cannot be read").into()
}

fn credentials(headers: &HeaderMap, form: &Params) -> Result<ClientAuth, Wrong> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let header = match (all.next(), all.next()) {
        (None, _) => None,
        (Some(value), None) => Some(value.to_str().map_err(|_| Refusal::ClientUnknown)?),
        _ => return Err(Wrong::malformed("two `Authorization` headers came")),
    };
    Ok(ClientAuth::read(header, form)?)
}

fn data(answer: &impl Serialize) -> Response {
    let pragma = [(header::PRAGMA, HeaderValue::from_static("no-cache"))];
    (pragma, axum::Json(answer)).into_response()
}

/// Asks for leave to call from a page of another origin.
async fn preflight(State(app): State<App>, headers: HeaderMap) -> Result<Response, Wrong> {
    let mut response = shared(&app, &headers, StatusCode::NO_CONTENT.into_response()).await?;
    if response.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        let allowed = [
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type"),
            (header::ACCESS_CONTROL_MAX_AGE, "600"),
        ];
        for (name, value) in allowed {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
    }
    Ok(response)
}

/// Lets pages of public applications read the answer: those whose origin one of their redirect addresses has. Never
/// with cookies.
async fn shared(app: &App, headers: &HeaderMap, mut response: Response) -> Result<Response, Wrong> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(response) };
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
    let Ok(text) = origin.to_str() else { return Ok(response) };
    let apps = app.engine.apps().await?;
    let known = apps
        .iter()
        .filter(|client| client.secret.is_none())
        .flat_map(|client| &client.redirect_uris)
        .any(|uri| uri.starts_with("http") && origin_of(uri).as_deref() == Some(text));
    if known {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        let policy = http::HeaderName::from_static("cross-origin-resource-policy");
        headers.insert(policy, HeaderValue::from_static("cross-origin"));
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_read_from_one_header() {
        let read = |values: &[&'static str]| {
            let headers: HeaderMap =
                values.iter().map(|value| (header::AUTHORIZATION, HeaderValue::from_static(value))).collect();
            match bearer(&headers) {
                Bearer::None => "none".to_owned(),
                Bearer::Unreadable => "unreadable".to_owned(),
                Bearer::Token(token) => token.to_owned(),
            }
        };
        assert_eq!(read(&["Bearer abc"]), "abc");
        assert_eq!(read(&["bearer  abc"]), "abc");
        assert_eq!(read(&["Bearer"]), "unreadable");
        assert_eq!(read(&["Bearer a", "Bearer b"]), "unreadable");
        assert_eq!(read(&["Basic abc"]), "none");
        assert_eq!(read(&[]), "none");
    }
}
