//! The guards of the table: who is signed in, which application calls. Refuses before the route runs.

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use countersign::{Checked, Leftover, Refusal};
use countersign_core::Attempt;
use countersign_core::oauth::Params;
use countersign_core::oauth::client_auth::Credentials;
use countersign_core::record::Client;
use countersign_core::record::session::Audience;
use countersign_core::session::admit::Presence;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, header};

use crate::app::{App, Server};
use crate::web::Wrong;
use crate::web::fence::navigates;
use crate::web::peer::cookies;
use crate::web::text::encoded;

/// The person who is signed in; only on routes whose guard is [`Guard::Person`](super::Guard).
#[derive(Clone, Debug)]
pub struct Person(pub Checked);

/// Whoever comes with an issuer's session, if it is good; on public routes.
#[derive(Debug)]
pub struct Knocking(pub Option<Checked>);

/// The application that calls; only on routes whose guard is [`Guard::App`](super::Guard).
#[derive(Clone, Debug)]
pub struct OfApp(pub Client);

impl Server {
    /// Who comes with the session cookie of `audience`.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn look(&self, headers: &HeaderMap, audience: &Audience) -> Result<Attempt<Checked>, Wrong> {
        self.look_as(headers, audience, Presence::Active).await
    }

    /// As [`Server::look`], where `presence` says whether the request renews the session.
    pub(crate) async fn look_as(
        &self,
        headers: &HeaderMap,
        audience: &Audience,
        presence: Presence,
    ) -> Result<Attempt<Checked>, Wrong> {
        let joined = cookies(headers).collect::<Vec<_>>().join("; ");
        let header = (!joined.is_empty()).then_some(joined.as_str());
        Ok(self.engine.check_as(header, audience, presence).await?)
    }

    /// Whether the answer to a request whose cookie was refused may take it away: it is dead, and no newer one may have come
    /// in its place.
    pub(crate) async fn may_forget(&self, headers: &HeaderMap, audience: &Audience) -> bool {
        navigates(headers) && self.engine.leftover(cookies(headers), audience).await == Leftover::Dead
    }
}

pub(super) async fn person(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let refused = match app.look(request.headers(), &Audience::Issuer).await {
        Err(wrong) => return wrong.into_response(),
        Ok(Attempt::Accepted(checked)) => {
            request.extensions_mut().insert(Person(checked));
            return next.run(request).await;
        }
        Ok(Attempt::Absent) => Refusal::SessionAbsent,
        Ok(Attempt::Refused(refusal)) => refusal,
    };
    tracing::debug!(code = refused.code(), "sent to sign in");
    if wants_data(&request) {
        return Wrong::from(refused).into_response();
    }
    let here = request.uri().path_and_query().map_or("/", |here| here.as_str());
    let next = if request.method() == Method::GET { here } else { "" };
    let mut response = Redirect::to(&door(next)).into_response();
    if app.may_forget(request.headers(), &Audience::Issuer).await {
        bake(&mut response, &app.engine.cookie(&Audience::Issuer).removal());
    }
    response
}

/// Whether the request was made by a script that cannot follow a sign-in page.
fn wants_data(request: &Request) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.starts_with("application/json"))
}

/// The sign-in page, and where to go from there.
fn door(next: &str) -> String {
    if next.is_empty() { "/signin".to_owned() } else { format!("/signin?next={}", encoded(next)) }
}

/// Adds a cookie, or its removal, to an answer.
pub(crate) fn bake(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

pub(super) async fn application(State(app): State<App>, mut request: Request, next: Next) -> Response {
    match called_by(&app, request.headers()).await {
        Ok(client) => {
            request.extensions_mut().insert(OfApp(client));
            next.run(request).await
        }
        Err(wrong) => wrong.into_response(),
    }
}

async fn called_by(app: &App, headers: &HeaderMap) -> Result<Client, Wrong> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let header = all.next().and_then(|value| value.to_str().ok());
    let (Some(header), None) = (header, all.next()) else { return Err(Refusal::ClientUnknown.into()) };
    let credentials =
        Credentials::read(Some(header), &Params::default()).map_err(|_| Refusal::ClientUnknown)?;
    Ok(app.engine.authenticate_app(credentials).await?)
}

impl<S: Sync> FromRequestParts<S> for Person {
    type Rejection = Wrong;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Wrong> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Refusal::SessionAbsent.into())
    }
}

impl<S: Sync> FromRequestParts<S> for OfApp {
    type Rejection = Wrong;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Wrong> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Refusal::ClientUnknown.into())
    }
}

impl FromRequestParts<App> for Knocking {
    type Rejection = Wrong;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Wrong> {
        Ok(Self(match app.look(&parts.headers, &Audience::Issuer).await? {
            Attempt::Accepted(checked) => Some(checked),
            Attempt::Absent | Attempt::Refused(_) => None,
        }))
    }
}
