//! How a sign-in reaches an application's own host: out by `/_cs/start`, over the issuer's `/sso`, back by
//! `/_cs/callback` with a ticket that works once. A ticket counts only in the browser that holds its nonce, so nobody
//! can be signed in as somebody else by a link.
//!
//! OWASP ASVS 5.0 V7.2.4; login cross-site request forgery as in RFC 6749 section 10.12.

use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use countersign::{Checked, Error, Refusal, StartNonce};
use countersign_core::Attempt;
use countersign_core::record::session::Audience;
use countersign_core::session::{Cookie, Surface};
use http::HeaderMap;

use super::who::bake;
use super::{Guard, Knocking, Route};
use crate::app::App;
use crate::web::form::need;
use crate::web::host::AppHost;
use crate::web::peer::cookies;
use crate::web::text::encoded;
use crate::web::{Face, Guest, Query, Wrong};

/// How long a person may take to sign in before they must start again.
const START_AGE: Duration = Duration::from_secs(60 * 60);

pub(super) fn issuer_routes() -> Vec<Route> {
    vec![Route::get("/sso", Guard::Public, Face::Page, hand_over)]
}

pub(super) fn application_routes() -> Vec<Route> {
    vec![
        Route::get("/_cs/start", Guard::Public, Face::Page, start),
        Route::get("/_cs/callback", Guard::Public, Face::Page, callback),
    ]
}

async fn start(
    State(app): State<App>,
    Extension(AppHost(client)): Extension<AppHost>,
    headers: HeaderMap,
    Query(query): Query,
) -> Result<Response, Wrong> {
    let return_to = query.value("return_to").unwrap_or("/");
    local(return_to)?;
    let cookie = Cookie::new(Surface::Start, app.engine.transport());
    // A second tab goes on with the nonce of the first, else the first could not come back.
    let nonce = match cookie.find(cookies(&headers)) {
        Attempt::Accepted(text) => StartNonce::parse(text),
        Attempt::Absent | Attempt::Refused(_) => None,
    };
    let nonce = nonce.map_or_else(|| app.engine.start_nonce(), Ok)?;
    let to = app.engine.start_address(&client, &nonce, return_to)?;
    let mut response = Redirect::to(&to).into_response();
    bake(&mut response, &cookie.set_nonce(&nonce, START_AGE));
    Ok(response)
}

/// A path of the application's own. The engine looks again, when the ticket is made.
fn local(path: &str) -> Result<(), Wrong> {
    let plain = |b: u8| b.is_ascii_graphic() && b != b'\\';
    let inside = path.starts_with('/') && !path.starts_with("//") && path.bytes().all(plain);
    if inside { Ok(()) } else { Err(Wrong::malformed("`return_to` is no path of the application")) }
}

async fn hand_over(
    State(app): State<App>,
    Knocking(who): Knocking,
    Query(query): Query,
) -> Result<Redirect, Wrong> {
    let (id, nonce) = (need(&query, "app")?, need(&query, "nonce")?);
    let return_to = query.value("return_to").unwrap_or("/");
    local(return_to)?;
    match ticket(&app, who.as_ref(), id, nonce, return_to).await? {
        Some(to) => Ok(Redirect::to(&to)),
        None => {
            let here =
                format!("/sso?app={}&nonce={}&return_to={}", encoded(id), encoded(nonce), encoded(return_to));
            Ok(Redirect::to(&format!("/signin?next={}", encoded(&here))))
        }
    }
}

/// The address with the ticket; none when somebody must sign in first, or again.
async fn ticket(
    app: &App,
    who: Option<&Checked>,
    id: &str,
    nonce: &str,
    return_to: &str,
) -> Result<Option<String>, Wrong> {
    let Some(who) = who else { return Ok(None) };
    match app.engine.ticket(who, id, nonce, return_to).await {
        Ok(to) => Ok(Some(to)),
        Err(Error::Refusal(Refusal::SessionEnded)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn callback(
    State(app): State<App>,
    Extension(AppHost(client)): Extension<AppHost>,
    headers: HeaderMap,
    Guest(visitor): Guest,
    Query(query): Query,
) -> Result<Response, Wrong> {
    let ticket = need(&query, "ticket")?;
    let start = Cookie::new(Surface::Start, app.engine.transport());
    let Attempt::Accepted(nonce) = start.find(cookies(&headers)) else {
        return Err(Refusal::LinkOver.into());
    };
    let (token, session, return_to) = app.engine.redeem_ticket(&client, ticket, nonce, &visitor).await?;
    local(&return_to)?;
    let mut response = Redirect::to(&return_to).into_response();
    let age = session.expires.since(app.engine.now());
    bake(&mut response, &app.engine.cookie(&Audience::Client(client.id)).set(&token, Some(age)));
    bake(&mut response, &start.removal());
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_return_path_stays_on_the_application() {
        for good in ["/", "/cart?x=1#top", "/a/b"] {
            assert!(local(good).is_ok(), "{good}");
        }
        for bad in ["", "cart", "//evil", "/\\evil", "https://evil", "/a b", "/a\r\nx", "/\u{e9}"] {
            assert!(local(bad).is_err(), "{bad}");
        }
    }
}
