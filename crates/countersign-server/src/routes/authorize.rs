//! The browser's way through an authorization request, and out by a logout request. Turns the engine's word into pages
//! and redirects; never redirects on its own account.
//!
//! RFC 6749 section 4.1; OpenID Connect Core section 3.1.2; OpenID Connect RP-Initiated Logout 1.0.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use countersign::{Authorized, Checked, LogoutStep};
use countersign_core::record::{Client, Scope};
use http::{HeaderValue, StatusCode, header};

use super::who::bake;
use super::{Guard, Knocking, Person, Route};
use crate::app::{App, Server};
use crate::pages::{Asking, Consent, Continue, Link, ScopeLine, SignOut, SignedOut};
use crate::web::face::sentence;
use crate::web::form::{Written, need};
use crate::web::host::authority_of;
use crate::web::text::{Onward, encoded};
use crate::web::{Face, Form, Wrong};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/authorize", Guard::Public, Face::Page, authorize),
        Route::post("/consent", Guard::Person, Face::Page, consent),
        Route::get("/logout", Guard::Public, Face::Page, logout),
        // Applications may send both as form posts from their own pages, so these two are not fenced: the first asks before
        // anything happens, and so does the second.
        Route::post("/authorize", Guard::Public, Face::Either, authorize_by_form),
        Route::post("/logout", Guard::Public, Face::Either, logout_by_form),
    ]
}

async fn authorize(
    State(app): State<App>,
    Knocking(who): Knocking,
    request: Request,
) -> Result<Response, Wrong> {
    let query = request.uri().query().unwrap_or_default();
    let step = app.engine.authorize(query, who.as_ref()).await?;
    next(&app, step, who.as_ref(), Way::Link).await
}

/// OpenID Connect Core section 3.1.2.1 wants `POST` as well. It is answered by the same request as a `GET`, which sends
/// the browser's cookies along (they are `SameSite=Lax`).
async fn authorize_by_form(Written(form): Written) -> Result<Response, Wrong> {
    as_link("/authorize", &form)
}

async fn logout_by_form(Written(form): Written) -> Result<Response, Wrong> {
    as_link("/logout", &form)
}

fn as_link(path: &str, form: &str) -> Result<Response, Wrong> {
    let plain = |b: u8| b.is_ascii_graphic() && b != b'#';
    if !form.bytes().all(plain) {
        return Err(Wrong::malformed("the form is not well encoded"));
    }
    Ok(Redirect::to(&format!("{path}?{form}")).into_response())
}

async fn consent(State(app): State<App>, Person(who): Person, Form(form): Form) -> Result<Response, Wrong> {
    let onward = Onward::read(Some(need(&form, "next")?))?;
    let allow = match need(&form, "decision")? {
        "allow" => true,
        "deny" => false,
        _ => return Err(Wrong::malformed("`decision` is `allow` or `deny`")),
    };
    match onward.path() {
        "/authorize" => {
            let step = app.engine.consent(onward.query(), &who, allow).await?;
            next(&app, step, Some(&who), Way::Form).await
        }
        "/sso" => super::sso::answered(&app, &who, onward.query(), allow).await,
        _ => Err(Wrong::malformed("`next` is no request of an application")),
    }
}

/// How the request came: what a form post may answer is limited by `form-action`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Link,
    Form,
}

async fn next(app: &App, step: Authorized, who: Option<&Checked>, way: Way) -> Result<Response, Wrong> {
    match step {
        Authorized::Show(refusal) => Err(refusal.into()),
        Authorized::Redirect(to) if way == Way::Link => Ok(Redirect::to(&to).into_response()),
        Authorized::Redirect(to) => Ok(app.goes_on("Going back to the application", "Go back", &to)),
        Authorized::SignIn { resume, .. } => {
            let next = format!("/authorize?{resume}");
            Ok(Redirect::to(&format!("/signin?next={}", encoded(&next))).into_response())
        }
        Authorized::Consent { client, scope, resume } => {
            let Some(who) = who else { return Err(countersign::Refusal::SessionAbsent.into()) };
            ask(app, who, &client, &scope, format!("/authorize?{resume}")).await
        }
    }
}

/// The page that asks whether an application may; the answer is posted with `next`.
pub(super) async fn ask(
    app: &App,
    who: &Checked,
    client: &Client,
    scope: &Scope,
    next: String,
) -> Result<Response, Wrong> {
    let page = Consent {
        frame: app.frame(),
        asking: asking(client),
        email: app.email_of(who).await?,
        scopes: scope.names().map(ScopeLine::of).collect(),
        lasts: i64::try_from(client.refresh_lifetime.as_secs()).unwrap_or(i64::MAX),
        next,
    };
    Ok(app.pages.render(&page).into_response())
}

/// The application as pages name it.
pub(crate) fn asking(client: &Client) -> Asking {
    let home = client.origin.as_ref().or_else(|| client.redirect_uris.first());
    let host = home.map(|home| authority_of(home)).unwrap_or_default();
    Asking { name: client.name.clone(), host }
}

impl Server {
    /// A page that leads on by itself: answers a form post whose way goes on to another host.
    pub(crate) fn goes_on(&self, title: &str, text: &str, to: &str) -> Response {
        let link = Link { text: text.to_owned(), href: to.to_owned() };
        let page = Continue { frame: self.frame(), title: title.to_owned(), to: link };
        let mut response = self.pages.render(&page).into_response();
        if let Ok(value) = HeaderValue::from_str(&format!("0; url={to}")) {
            response.headers_mut().insert(header::REFRESH, value);
        }
        response
    }

    /// The address of whoever is signed in.
    pub(crate) async fn email_of(&self, who: &Checked) -> Result<String, Wrong> {
        let user = self.engine.user(&who.session.subject).await?;
        let user = user.ok_or(countersign::Refusal::SessionUnknown)?;
        Ok(user.email.as_str().to_owned())
    }
}

async fn logout(
    State(app): State<App>,
    Knocking(who): Knocking,
    request: Request,
) -> Result<Response, Wrong> {
    let query = request.uri().query().unwrap_or_default();
    let step = app.engine.logout(query, who.as_ref()).await?;
    let mut response = match step {
        LogoutStep::Done { redirect: Some(to) } => Redirect::to(&to).into_response(),
        LogoutStep::Done { redirect: None } => app.signed_out(None),
        LogoutStep::Confirm { client } => return confirm(&app, who, client.as_deref(), query).await,
    };
    bake(&mut response, &app.engine.cookie(&countersign_core::record::session::Audience::Issuer).removal());
    Ok(response)
}

async fn confirm(
    app: &App,
    who: Option<Checked>,
    client: Option<&Client>,
    query: &str,
) -> Result<Response, Wrong> {
    let Some(who) = who else { return Ok(app.signed_out(None)) };
    let names = app.apps_of(&who).await?;
    let page = SignOut {
        frame: app.frame(),
        asking: client.map(asking),
        email: app.email_of(&who).await?,
        apps: names,
        next: if query.is_empty() { "/logout".to_owned() } else { format!("/logout?{query}") },
    };
    Ok(app.pages.render(&page).into_response())
}

impl Server {
    /// Says that this browser is signed out.
    pub(crate) fn signed_out(&self, back: Option<Link>) -> Response {
        (StatusCode::OK, self.pages.render(&SignedOut { frame: self.frame(), back })).into_response()
    }

    /// The names of the applications that the sign-in of `who` serves.
    pub(crate) async fn apps_of(&self, who: &Checked) -> Result<Vec<String>, Wrong> {
        let names = self.names().await?;
        let sessions = self.engine.sessions_of(&who.session.subject).await?;
        let grants = self.engine.grants_of(&who.session.subject).await?;
        let of_sessions = sessions
            .iter()
            .filter(|view| view.live && view.session.login == who.session.login)
            .filter_map(|view| view.session.audience.client());
        let of_grants = grants
            .iter()
            .filter(|view| view.live && view.grant.login.as_ref() == Some(&who.session.login))
            .map(|view| &view.grant.client);
        let mut apps: Vec<String> = of_sessions.chain(of_grants).map(|id| names.name(id)).collect();
        apps.sort();
        apps.dedup();
        Ok(apps)
    }
}

/// A refusal of the house as a sentence for a form.
pub(crate) fn told(refusal: &countersign::Refusal) -> String {
    sentence(&refusal.to_string())
}
