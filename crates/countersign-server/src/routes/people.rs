//! Opening an account and choosing a new password, by letters. A GET never uses a link up; known and unknown addresses
//! get the same answer.
//!
//! OWASP ASVS 5.0 V6.3.8 and V6.4.3; NIST SP 800-63B-4 section 3.1.1.2.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use countersign::{Error, Password, Refusal};
use countersign_core::policy;
use countersign_core::record::Email;
use http::StatusCode;

use super::authorize::told;
use super::{Guard, Route};
use crate::app::{App, Server};
use crate::pages::{ConfirmMail, Html, MailPurpose, MailSent, Recover, Reset, SignUp};
use crate::web::form::need;
use crate::web::text::Onward;
use crate::web::{Face, Form, Guest, Query, Wrong};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/signup", Guard::Public, Face::Page, sign_up_page),
        Route::post("/signup", Guard::Public, Face::Page, sign_up),
        Route::get("/signup/confirm", Guard::Public, Face::Page, confirm_page),
        Route::post("/signup/confirm", Guard::Public, Face::Page, confirm),
        Route::get("/recover", Guard::Public, Face::Page, recover_page),
        Route::post("/recover", Guard::Public, Face::Page, recover),
        Route::get("/reset", Guard::Public, Face::Page, reset_page),
        Route::post("/reset", Guard::Public, Face::Page, reset),
    ]
}

async fn sign_up_page(State(app): State<App>, Query(query): Query) -> Result<Html, Wrong> {
    let onward = Onward::read(query.value("next"))?;
    Ok(app.pages.render(&app.sign_up_form(&onward).await?))
}

async fn sign_up(State(app): State<App>, Guest(visitor): Guest, Form(form): Form) -> Result<Response, Wrong> {
    let onward = Onward::read(form.value("next"))?;
    let typed = form.value("email").unwrap_or_default();
    let password = Password::typed(form.value("password").unwrap_or_default().to_owned());
    let mut page = app.sign_up_form(&onward).await?;
    typed.clone_into(&mut page.email);
    if typed.parse::<Email>().is_err() {
        page.email_error = Some("That is no e-mail address.".to_owned());
        return Ok(unprocessable(app.pages.render(&page)));
    }
    match app.engine.sign_up(typed, password, &visitor).await {
        Ok(()) => Ok(app.mail_sent(MailPurpose::Signup, typed)),
        Err(Error::Refusal(refusal)) if is_about_password(&refusal) => {
            page.password_error = Some(told(&refusal));
            Ok(unprocessable(app.pages.render(&page)))
        }
        Err(error) => Err(error.into()),
    }
}

async fn confirm_page(State(app): State<App>, Query(query): Query) -> Result<Html, Wrong> {
    let code = need(&query, "code")?;
    Ok(app.pages.render(&app.confirm_form(code, None).await?))
}

async fn confirm(State(app): State<App>, Form(form): Form) -> Result<Response, Wrong> {
    let code = need(&form, "code")?;
    let typed = Password::typed(form.value("password").unwrap_or_default().to_owned());
    match app.engine.confirm(code, typed).await {
        Ok(_) => Ok(Redirect::to("/signin?done=confirmed").into_response()),
        Err(Error::Refusal(Refusal::CurrentPassword)) => {
            let why =
                "That is not the password that was chosen. If it was not you who signed up, close this page.";
            Ok(unprocessable(app.pages.render(&app.confirm_form(code, Some(why)).await?)))
        }
        Err(error) => Err(error.into()),
    }
}

async fn recover_page(State(app): State<App>, Query(query): Query) -> Result<Html, Wrong> {
    let onward = Onward::read(query.value("next"))?;
    app.offers_mail()?;
    Ok(app.pages.render(&app.recover_form(&onward, "", None)))
}

async fn recover(State(app): State<App>, Guest(visitor): Guest, Form(form): Form) -> Result<Response, Wrong> {
    let onward = Onward::read(form.value("next"))?;
    let typed = form.value("email").unwrap_or_default();
    if typed.parse::<Email>().is_err() {
        let page = app.recover_form(&onward, typed, Some("That is no e-mail address."));
        return Ok(unprocessable(app.pages.render(&page)));
    }
    app.engine.ask_reset(typed, &visitor).await?;
    Ok(app.mail_sent(MailPurpose::Reset, typed))
}

async fn reset_page(State(app): State<App>, Query(query): Query) -> Result<Html, Wrong> {
    let code = need(&query, "code")?;
    app.engine.reset_possible(code).await?;
    Ok(app.pages.render(&app.reset_form(code, None)))
}

async fn reset(State(app): State<App>, Guest(visitor): Guest, Form(form): Form) -> Result<Response, Wrong> {
    let code = need(&form, "code")?;
    let new = Password::typed(form.value("new_password").unwrap_or_default().to_owned());
    match app.engine.reset(code, new, &visitor).await {
        Ok(()) => Ok(Redirect::to("/signin?done=reset").into_response()),
        Err(Error::Refusal(refusal)) if is_about_password(&refusal) => {
            Ok(unprocessable(app.pages.render(&app.reset_form(code, Some(told(&refusal))))))
        }
        Err(error) => Err(error.into()),
    }
}

impl Server {
    fn offers_mail(&self) -> Result<(), Wrong> {
        if self.engine.mail_available() { Ok(()) } else { Err(Refusal::MailOff.into()) }
    }

    async fn confirm_form(&self, code: &str, why: Option<&str>) -> Result<ConfirmMail, Wrong> {
        let email = self.engine.confirm_possible(code).await?;
        Ok(ConfirmMail {
            frame: self.frame(),
            code: code.to_owned(),
            email: email.as_str().to_owned(),
            password_error: why.map(str::to_owned),
        })
    }

    async fn sign_up_form(&self, onward: &Onward) -> Result<SignUp, Wrong> {
        self.offers_mail()?;
        Ok(SignUp {
            frame: self.frame(),
            asking: self.asking_for(onward).await?,
            email: String::new(),
            next: onward.as_str().to_owned(),
            error: None,
            email_error: None,
            password_error: None,
        })
    }

    fn recover_form(&self, onward: &Onward, email: &str, error: Option<&str>) -> Recover {
        Recover {
            frame: self.frame(),
            email: email.to_owned(),
            next: onward.as_str().to_owned(),
            error: error.map(str::to_owned),
        }
    }

    fn reset_form(&self, code: &str, password_error: Option<String>) -> Reset {
        Reset { frame: self.frame(), code: code.to_owned(), email: String::new(), password_error }
    }

    fn mail_sent(&self, purpose: MailPurpose, email: &str) -> Response {
        let page = MailSent {
            frame: self.frame(),
            purpose,
            email: email.to_owned(),
            lasts: i64::try_from(policy::MAIL_LINK_LIFETIME.as_secs()).unwrap_or(i64::MAX),
            mailbox: self.mailbox.as_ref().map(|_| "/dev/mail".to_owned()),
        };
        self.pages.render(&page).into_response()
    }
}

/// Whether a refusal is about the password that was chosen, so that it belongs beside the field.
pub(crate) const fn is_about_password(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::PasswordShort | Refusal::PasswordLong | Refusal::PasswordCommon | Refusal::PasswordWeak
    )
}

/// A form that is shown again.
pub(crate) fn unprocessable(page: Html) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}
