//! How the jwt and hybrid shops sign people in: a server-side application that walks the authorization code flow with PKCE
//! (RFC 6749 section 4.1, RFC 7636), keeps both tokens in cookies of its own host that no script can read, and renews the
//! access token when it has died.
//!
//! The browser goes through `/authorize` like anybody's; the token request is made in this process.

use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign::ClientAuth;
use countersign::{Error, Result, TokenAnswer};
use countersign_axum::visitor;
use countersign_core::id::ClientId;
use countersign_core::oauth::Params;
use countersign_core::oauth::params::with_query;
use countersign_core::record::Style;
use countersign_core::{Fault, Refusal};
use countersign_jose::primitive::{self, base64};

use super::shop::{Shop, home, set_cookies};
use super::word;
use crate::app::DemoShop;

/// The cookie with the access token.
pub(super) const ACCESS: &str = "shop_token";
/// The cookie with the refresh token.
pub(super) const REFRESH: &str = "shop_refresh";
/// The cookie with the state and the PKCE verifier of a sign-in under way.
const FLOW: &str = "shop_signin";

/// How long a person may take to sign in.
const FLOW_SECONDS: u64 = 600;
/// How long the browser keeps the refresh token; the server decides how long it is good.
const REFRESH_SECONDS: u64 = 30 * 24 * 60 * 60;

/// Where codes may go; the session shop takes none.
pub(super) fn redirect_uris(demo: &DemoShop) -> Vec<String> {
    if demo.style == Style::Session { Vec::new() } else { vec![redirect_uri(demo)] }
}

/// The shop's `client_id`.
pub(super) fn client_id(demo: &DemoShop) -> Result<ClientId> {
    Ok(word(demo.style).parse().map_err(|error| Fault::Unfit(format!("{error}")))?)
}

/// Answers `GET /signin`: off to the issuer.
pub(super) async fn begin(State(shop): State<Shop>) -> Response {
    match flow(&shop) {
        Ok((target, cookie)) => {
            let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, target)]).into_response();
            set_cookies(response.headers_mut(), &[cookie]);
            response
        }
        Err(error) => refused(&error),
    }
}

/// Answers `GET /callback`: back from the issuer with a code, or with a reason why not.
pub(super) async fn land(State(shop): State<Shop>, parts: Parts) -> Response {
    match redeem(&shop, &parts).await {
        Ok(answer) => home(&kept(&answer)),
        Err(error) => {
            tracing::debug!("the sign-in did not come to its end: {error}");
            home(&[removal(FLOW)])
        }
    }
}

/// Whether there is a refresh token to get a new access token with.
pub(super) fn may_renew(headers: &HeaderMap) -> bool {
    cookie(headers, REFRESH).is_some()
}

/// Gets a new access token and comes back; when that is refused the shop forgets the person.
pub(super) async fn renew(shop: &Shop, parts: &Parts) -> Response {
    let token = cookie(&parts.headers, REFRESH).unwrap_or_default();
    let form =
        [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", word(shop.demo.style))];
    match ask(shop, &form, parts).await {
        Ok(answer) => home(&kept(&answer)),
        Err(Error::Refusal(_)) => home(&shop.forgets()),
        Err(fault @ Error::Fault(_)) => refused(&fault),
    }
}

/// The access token that the browser sent.
pub(super) fn access_token(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, ACCESS)
}

/// The value of a cookie.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, value)| *key == name && !value.is_empty())
        .map(|(_, value)| value)
}

/// What removes this file's cookies.
pub(super) fn removals() -> Vec<String> {
    [ACCESS, REFRESH, FLOW].map(removal).to_vec()
}

fn flow(shop: &Shop) -> Result<(String, String)> {
    let (state, verifier) = (random()?, random()?);
    let challenge = base64::encode(primitive::sha256(verifier.as_bytes()));
    let target = with_query(
        &format!("{}/authorize", shop.engine().settings().issuer),
        &[
            ("response_type", Some("code")),
            ("client_id", Some(word(shop.demo.style))),
            ("redirect_uri", Some(&redirect_uri(&shop.demo))),
            ("scope", Some("openid email offline_access")),
            ("state", Some(&state)),
            ("code_challenge", Some(&challenge)),
            ("code_challenge_method", Some("S256")),
        ],
    );
    Ok((target, set(FLOW, &format!("{state}.{verifier}"), FLOW_SECONDS)))
}

async fn redeem(shop: &Shop, parts: &Parts) -> Result<TokenAnswer> {
    let stray =
        || Refusal::Invalid { what: "the answer does not belong to a sign-in that began here".to_owned() };
    let query = Params::parse(parts.uri.query().unwrap_or_default()).map_err(Refusal::OAuth)?;
    let (state, verifier) =
        cookie(&parts.headers, FLOW).and_then(|it| it.split_once('.')).ok_or_else(stray)?;
    let same = |name: &str, expected: &str| {
        query.value(name).is_some_and(|value| primitive::same(value.as_bytes(), expected.as_bytes()))
    };
    // RFC 9207: the answer names its issuer, and it must be ours.
    if !same("state", state) || !same("iss", &shop.engine().settings().issuer) {
        return Err(stray().into());
    }
    let code = query.value("code").ok_or_else(stray)?;
    let redirect = redirect_uri(&shop.demo);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &redirect),
        ("code_verifier", verifier),
        ("client_id", word(shop.demo.style)),
    ];
    ask(shop, &form, parts).await
}

async fn ask(shop: &Shop, form: &[(&str, &str)], parts: &Parts) -> Result<TokenAnswer> {
    let pairs: Vec<(&str, Option<&str>)> = form.iter().map(|(name, value)| (*name, Some(*value))).collect();
    let text = with_query("", &pairs);
    let form = Params::parse(text.trim_start_matches('?')).map_err(Refusal::OAuth)?;
    let credentials = ClientAuth::read(None, &form).map_err(Refusal::OAuth)?;
    shop.engine().token(credentials, &form, &visitor(parts, shop.engine().transport())).await
}

/// The cookies that keep an answer's tokens. The access token's goes when the token dies, so that a dead one never comes back.
fn kept(answer: &TokenAnswer) -> Vec<String> {
    let mut cookies = vec![removal(FLOW), set(ACCESS, &answer.access_token, answer.expires_in)];
    if let Some(refresh) = &answer.refresh_token {
        cookies.push(set(REFRESH, refresh.reveal(), REFRESH_SECONDS));
    }
    cookies
}

fn redirect_uri(demo: &DemoShop) -> String {
    format!("{}/callback", demo.url)
}

fn random() -> Result<String, Fault> {
    let mut bytes = [0; 32];
    primitive::fill_random(&mut bytes).map_err(|fault| Fault::Crypto(fault.to_string()))?;
    Ok(base64::encode(bytes))
}

fn set(name: &str, value: &str, seconds: u64) -> String {
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}")
}

fn removal(name: &str) -> String {
    set(name, "", 0)
}

fn refused(error: &Error) -> Response {
    tracing::warn!("the shop could not go on: {error}");
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}
