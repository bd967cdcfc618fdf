//! Signing in and out at the issuer. Reads the form, sets and removes cookies, says where to go on; the engine decides.
//!
//! OWASP ASVS 5.0 V7.2.4 (a new session at each sign-in), V6.3.8 (one answer for known and unknown accounts).

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use countersign::{Error, LogoutStep, Password, Refusal, SignedIn, Stay};
use countersign_core::oauth::Params;
use countersign_core::record::session::Audience;
use countersign_core::session::{Cookie, Surface};
use http::StatusCode;

use super::authorize::asking;
use super::who::bake;
use super::{Guard, Knocking, Route};
use crate::app::{App, Server};
use crate::pages::{Asking, SignIn};
use crate::web::text::Onward;
use crate::web::{Face, Form, Guest, Query, Wrong};

/// How long a browser is known as one that has signed in before.
const MARK_AGE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/signin", Guard::Public, Face::Page, page),
        Route::post("/signin", Guard::Public, Face::Page, sign_in),
        Route::post("/signout", Guard::Public, Face::Page, sign_out),
    ]
}

async fn page(State(app): State<App>, Query(query): Query) -> Result<Response, Wrong> {
    let onward = Onward::read(query.value("next"))?;
    let mut page = app.sign_in_page(&onward).await?;
    page.done = query.value("done").and_then(done).map(str::to_owned);
    Ok(app.pages.render(&page).into_response())
}

/// What is now true, by the word that led here: a link may choose among our sentences, not write one.
fn done(word: &str) -> Option<&'static str> {
    Some(match word {
        "confirmed" => "Your account is made. Sign in with your password.",
        "reset" => "Your password is changed, and every device is signed out. Sign in with the new one.",
        "erased" => "Your account is erased.",
        _ => return None,
    })
}

async fn sign_in(
    State(app): State<App>,
    Knocking(before): Knocking,
    Guest(mut visitor): Guest,
    Form(form): Form,
) -> Result<Response, Wrong> {
    let onward = Onward::read(form.value("next"))?;
    let email = form.value("email").unwrap_or_default();
    let password = Password::typed(form.value("password").unwrap_or_default().to_owned());
    // A cookie that outlives the browser is the person's choice (ePrivacy directive, article 5(3)).
    visitor.stay = if form.value("remember").is_some() { Stay::Remembered } else { Stay::Visit };
    let replaces = before.map(|checked| checked.session.serial);
    match app.engine.sign_in(email, password, &visitor, Audience::Issuer, replaces).await {
        Ok(signed) => Ok(app.welcomed(&signed, &onward)),
        Err(Error::Refusal(refusal @ (Refusal::SignIn | Refusal::SessionsFull))) => {
            let mut page = app.sign_in_page(&onward).await?;
            email.clone_into(&mut page.email);
            page.error = Some(super::authorize::told(&refusal));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, app.pages.render(&page)).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn sign_out(
    State(app): State<App>,
    Knocking(who): Knocking,
    Form(form): Form,
) -> Result<Response, Wrong> {
    let onward = form.value("next").map(|next| Onward::read(Some(next))).transpose()?;
    let asked = onward.as_ref().filter(|onward| onward.path() == "/logout");
    let mut response = match (asked, &who) {
        (Some(onward), who) => match app.engine.logout_confirmed(onward.query(), who.as_ref()).await? {
            LogoutStep::Done { redirect: Some(to) } => {
                app.goes_on("You are signed out", "Go back to the application", &to)
            }
            LogoutStep::Done { redirect: None } | LogoutStep::Confirm { .. } => app.signed_out(None),
        },
        (None, Some(who)) => {
            app.engine.sign_out(who).await?;
            app.signed_out(None)
        }
        (None, None) => app.signed_out(None),
    };
    bake(&mut response, &app.engine.cookie(&Audience::Issuer).removal());
    Ok(response)
}

impl Server {
    /// The sign-in page of somebody on their way `onward`.
    async fn sign_in_page(&self, onward: &Onward) -> Result<SignIn, Wrong> {
        let query = Params::parse(onward.query()).unwrap_or_default();
        let hint = "Demo users: %. Their passwords are in the terminal that runs this server.";
        let users = self.settings.demo_users.join(" and ");
        Ok(SignIn {
            frame: self.frame(),
            asking: self.asking_for(onward).await?,
            email: query.value("login_hint").unwrap_or_default().to_owned(),
            next: onward.as_str().to_owned(),
            error: None,
            done: None,
            hint: (self.is_dev() && !users.is_empty()).then(|| hint.replace('%', &users)),
            remember_offered: self.engine.remembers_for().and_then(|span| i64::try_from(span.as_secs()).ok()),
            mail_available: self.engine.mail_available(),
        })
    }

    /// The application on whose behalf a page at the door is shown.
    pub(crate) async fn asking_for(&self, onward: &Onward) -> Result<Option<Asking>, Wrong> {
        let query = Params::parse(onward.query()).unwrap_or_default();
        let id = match onward.path() {
            "/authorize" => query.value("client_id"),
            "/sso" => query.value("app"),
            _ => None,
        };
        let Some(id) = id else { return Ok(None) };
        match self.engine.app(id).await {
            Ok(client) => Ok(Some(asking(&client))),
            Err(Error::Refusal(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Hands the browser its session and sends it `onward`.
    fn welcomed(&self, signed: &SignedIn, onward: &Onward) -> Response {
        let mut response = if onward.leaves() {
            self.goes_on("You are signed in", "Go on", onward.as_str())
        } else {
            Redirect::to(onward.as_str()).into_response()
        };
        let session = self.engine.cookie(&Audience::Issuer).set(&signed.cookie, signed.max_age);
        bake(&mut response, &session);
        let mark = Cookie::new(Surface::Device, self.engine.transport());
        if let Some(mark) = mark.set_mark(&signed.mark, MARK_AGE) {
            bake(&mut response, &mark);
        }
        response
    }
}
