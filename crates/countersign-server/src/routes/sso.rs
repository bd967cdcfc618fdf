//! How a sign-in reaches an application's own host: out by `/_cs/start`, over the issuer's `/sso`, back by
//! `/_cs/callback` with a ticket that works once. A ticket counts only in the browser that holds its nonce, so nobody
//! can be signed in as somebody else by a link.
//!
//! OWASP ASVS 5.0 V7.2.4; login cross-site request forgery as in RFC 6749 section 10.12.

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use countersign::{Checked, Error, Refusal};
use countersign_axum::Hop;
use countersign_core::error::OAuthError;
use countersign_core::oauth::Params;
use countersign_core::record::Client;
use countersign_core::signin::link;
use http::HeaderMap;

use super::authorize::ask;
use super::who::bake;
use super::{Guard, Knocking, Route};
use crate::app::App;
use crate::web::form::need;
use crate::web::host::AppHost;
use crate::web::text::encoded;
use crate::web::{Face, Guest, Query, Wrong};

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
    RawQuery(query): RawQuery,
) -> Result<Response, Wrong> {
    let return_to = link::way_back(&query.unwrap_or_default())?;
    Ok(onward(countersign_axum::leave(&app.engine, &client, &headers, &return_to)?))
}

fn onward(hop: Hop) -> Response {
    let mut response = Redirect::to(&hop.to).into_response();
    for cookie in &hop.cookies {
        bake(&mut response, cookie);
    }
    response
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
) -> Result<Response, Wrong> {
    let wish = Wish::read(&query)?;
    Ok(match wish.step(&app, who.as_ref()).await? {
        Step::To(to) => Redirect::to(&to).into_response(),
        Step::SignIn => Redirect::to(&format!("/signin?next={}", encoded(&wish.here()))).into_response(),
        Step::Ask(who, client) => ask(&app, who, &client, &client.scope, wish.here()).await?,
    })
}

/// What a person answered on the consent page of an application that is not ours; `query` is that of `/sso`.
pub(super) async fn answered(app: &App, who: &Checked, query: &str, allow: bool) -> Result<Response, Wrong> {
    let query = Params::parse(query).map_err(|refusal| Wrong::malformed(refusal.description))?;
    let wish = Wish::read(&query)?;
    if !allow {
        let client = app.engine.app(wish.app).await?;
        let home =
            client.origin.as_deref().map_or_else(|| "/account".to_owned(), |origin| format!("{origin}/"));
        return Ok(app.goes_on("Nothing was allowed", "Go back", &home));
    }
    app.engine.allow_session(who, wish.app).await?;
    match wish.step(app, Some(who)).await? {
        Step::To(to) => Ok(app.goes_on("Going back to the application", "Go back", &to)),
        Step::SignIn | Step::Ask(..) => Err(Refusal::SessionEnded.into()),
    }
}

/// What `/sso` was asked for.
struct Wish<'a> {
    app: &'a str,
    nonce: &'a str,
    return_to: &'a str,
}

/// What comes next on the way to an application's own host.
enum Step<'a> {
    To(String),
    SignIn,
    Ask(&'a Checked, Box<Client>),
}

impl<'a> Wish<'a> {
    fn read(query: &'a Params) -> Result<Self, Wrong> {
        let (app, nonce) = (need(query, "app")?, need(query, "nonce")?);
        let return_to = query.value("return_to").unwrap_or("/");
        local(return_to)?;
        Ok(Self { app, nonce, return_to })
    }

    /// The address of this wish, to come back to.
    fn here(&self) -> String {
        let (app, nonce, back) = (encoded(self.app), encoded(self.nonce), encoded(self.return_to));
        format!("/sso?app={app}&nonce={nonce}&return_to={back}")
    }

    async fn step<'w>(&self, app: &App, who: Option<&'w Checked>) -> Result<Step<'w>, Wrong> {
        let Some(who) = who else { return Ok(Step::SignIn) };
        match app.engine.ticket(who, self.app, self.nonce, self.return_to).await {
            Ok(to) => Ok(Step::To(to)),
            Err(Error::Refusal(Refusal::SessionEnded)) => Ok(Step::SignIn),
            Err(Error::Refusal(Refusal::OAuth(no))) if no.error == OAuthError::ConsentRequired => {
                Ok(Step::Ask(who, Box::new(app.engine.app(self.app).await?)))
            }
            Err(error) => Err(error.into()),
        }
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
    let landed = countersign_axum::land(&app.engine, &client, &headers, ticket, &visitor).await?;
    local(&landed.to)?;
    Ok(onward(landed))
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
