//! The console's doors: set-up of the first operator, sign-in, sign-out; and the files that every page needs.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use countersign::{Attempt, Error, Password, Refusal, SignedIn, Visitor};
use countersign_core::record::session::Audience;
use countersign_core::session::{Cookie, Surface};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;

use super::form::{Guest, Posted};
use super::guard::Operator;
use super::notice::Notice;
use super::{Console, Shown, next, to};
use crate::api::Problem;
use crate::api::body::Asked;
use crate::pages::{self, ConsoleSignIn, Setup};
use crate::web::face::sentence;

/// How long the device mark stays with the browser: a year.
const MARK_AGE: std::time::Duration = std::time::Duration::from_secs(365 * 24 * 60 * 60);

/// The query of the set-up page.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SetUpQuery {
    code: String,
}

/// Shows the set-up while its link is good; does not use it up.
pub(super) async fn setup_page(State(console): State<Console>, Asked(query): Asked<SetUpQuery>) -> Shown {
    console.engine.set_up_possible(&query.code).await?;
    let frame = console.door_frame();
    let page = Setup { frame, code: query.code, email: String::new(), error: None, password_error: None };
    Ok(console.show(&page))
}

/// What the set-up page posts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SetUpForm {
    code: String,
    email: String,
    password: String,
}

/// Makes the first operator and signs them in.
pub(super) async fn setup(
    State(console): State<Console>,
    Guest(visitor): Guest,
    Posted(form): Posted<SetUpForm>,
) -> Shown {
    let password = Password::typed(form.password.clone());
    match console.engine.set_up(&form.code, &form.email, password).await {
        Ok(_) => {}
        Err(Error::Refusal(Refusal::LinkOver)) => return Err(Refusal::LinkOver.into()),
        Err(Error::Refusal(refusal)) => {
            let about_password = concerns_password(&refusal);
            let said = Some(sentence(&refusal.to_string()));
            let (error, password_error) = if about_password { (None, said) } else { (said, None) };
            let frame = console.door_frame();
            let page = Setup { frame, code: form.code, email: form.email, error, password_error };
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, console.draw(&page)).into_response());
        }
        Err(Error::Fault(fault)) => return Err(fault.into()),
    }
    let signed = console.enter(&form.email, form.password, &visitor, None).await;
    Ok(match signed {
        Ok(signed) => console.welcomed(&signed, &Notice::SetUp.on("/admin")),
        // The account is there; whatever kept it from being signed in now, the sign-in page says.
        Err(_) => to(&Notice::SetUp.on("/admin/signin")),
    })
}

/// The query of the sign-in page.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignInQuery {
    next: Option<String>,
    done: Option<Notice>,
}

/// Shows the sign-in.
pub(super) async fn sign_in_page(State(console): State<Console>, Asked(query): Asked<SignInQuery>) -> Shown {
    let next = next::read(query.next.as_deref().unwrap_or_default());
    Ok(console.show(&console.sign_in_form("", next, None, query.done)))
}

/// What the sign-in page posts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignInForm {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// Signs an operator in.
pub(super) async fn sign_in(
    State(console): State<Console>,
    headers: HeaderMap,
    Guest(visitor): Guest,
    Posted(form): Posted<SignInForm>,
) -> Shown {
    let before = match console.recognise(&headers).await? {
        Attempt::Accepted(operator) => Some(operator),
        Attempt::Absent | Attempt::Refused(_) => None,
    };
    let next = next::read(&form.next);
    match console.enter(&form.email, form.password, &visitor, before.as_ref()).await {
        Ok(signed) => Ok(console.welcomed(&signed, next)),
        Err(Error::Refusal(Refusal::SignIn)) => {
            let page = console.sign_in_form(&form.email, next, Some(&Refusal::SignIn), None);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, console.draw(&page)).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// Signs an operator out: the whole login ends.
pub(super) async fn sign_out(
    State(console): State<Console>,
    Extension(operator): Extension<Operator>,
) -> Shown {
    console.engine.sign_out(&operator.checked).await?;
    let mut response = to(&Notice::SignedOut.on("/admin/signin"));
    console.clear_cookie(&mut response);
    Ok(response)
}

/// The style sheet, the mark, the script.
pub(super) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Shown {
    let asset = pages::asset(&format!("/assets/{name}")).ok_or_else(|| Problem::missing("file"))?;
    let known =
        headers.get_all(header::IF_NONE_MATCH).iter().any(|value| value.as_bytes() == asset.etag.as_bytes());
    let etag = HeaderValue::from_str(&asset.etag).map_err(|_| Problem::missing("file"))?;
    let head = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static(asset.cache_control)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::ETAG, etag),
    ];
    Ok(if known {
        (StatusCode::NOT_MODIFIED, head).into_response()
    } else {
        (head, asset.bytes).into_response()
    })
}

impl Console {
    async fn enter(
        &self,
        email: &str,
        password: String,
        visitor: &Visitor,
        before: Option<&Operator>,
    ) -> countersign::Result<SignedIn> {
        let replaces = before.map(|operator| operator.checked.session.serial);
        self.engine.sign_in(email, Password::typed(password), visitor, Audience::Console, replaces).await
    }

    /// Goes on to `path` with the new session, which the browser forgets when it closes, and the mark of a known device.
    fn welcomed(&self, signed: &SignedIn, path: &str) -> Response {
        let mut response = to(path);
        let session = self.engine.cookie(&Audience::Console).set(&signed.cookie, None);
        let mark = Cookie::new(Surface::Device, self.engine.transport()).set_mark(&signed.mark, MARK_AGE);
        for cookie in [Some(session), mark].into_iter().flatten() {
            if let Ok(value) = HeaderValue::from_str(&cookie) {
                response.headers_mut().append(header::SET_COOKIE, value);
            }
        }
        response
    }

    fn sign_in_form(
        &self,
        email: &str,
        next: &str,
        refusal: Option<&Refusal>,
        done: Option<Notice>,
    ) -> ConsoleSignIn {
        ConsoleSignIn {
            frame: self.door_frame(),
            issuer: self.issuer_host().to_owned(),
            email: email.to_owned(),
            next: next.to_owned(),
            error: refusal.map(|refusal| sentence(&refusal.to_string())),
            done: done.map(|notice| notice.sentence().to_owned()),
        }
    }
}

/// Whether a refusal is about the password that was chosen.
const fn concerns_password(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::PasswordShort | Refusal::PasswordLong | Refusal::PasswordCommon | Refusal::PasswordWeak
    )
}
