//! The pages at the door: sign-in, sign-up, mail links, consent, sign-out, going back, and what is said when
//! something is refused. Decides their words and fields; the routes decide what is true.

use serde::Serialize;

use super::pages;
use super::parts::{Asking, Frame, Link, ScopeLine};

/// Sign-in. Posts `email`, `password`, `next`, and `remember=on` if offered, to `/signin`.
#[derive(Serialize)]
pub struct SignIn {
    /// Where and when.
    pub frame: Frame,
    /// The application that sent the person here.
    pub asking: Option<Asking>,
    /// The address to begin with: what was typed, or `login_hint`.
    pub email: String,
    /// Where to go afterwards, carried in a hidden field.
    pub next: String,
    /// Why the last try was refused, as a whole sentence.
    pub error: Option<String>,
    /// What is now true, for example after a reset.
    pub done: Option<String>,
    /// A remark on this server, for example where the demo passwords are.
    pub hint: Option<String>,
    /// Seconds that "keep me signed in" lasts; without it the box is not shown.
    pub remember_offered: Option<i64>,
    /// Whether sign-up and reset work, which need mail.
    pub mail_available: bool,
}

/// Sign-up. Posts `email`, `password`, `next` to `/signup`.
#[derive(Serialize)]
pub struct SignUp {
    /// Where and when.
    pub frame: Frame,
    /// The application that sent the person here.
    pub asking: Option<Asking>,
    /// What was typed.
    pub email: String,
    /// Where to go afterwards, carried in a hidden field.
    pub next: String,
    /// Why the whole form was refused.
    pub error: Option<String>,
    /// What is wrong with the address.
    pub email_error: Option<String>,
    /// What is wrong with the password.
    pub password_error: Option<String>,
}

/// What a letter is for.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MailPurpose {
    /// Confirming a new account.
    Signup,
    /// Setting a new password.
    Reset,
}

/// "Check your mail": the one answer to sign-up and to recovery, whether or not the address has an account.
#[derive(Serialize)]
pub struct MailSent {
    /// Where and when.
    pub frame: Frame,
    /// What was asked for.
    pub purpose: MailPurpose,
    /// The address as typed.
    pub email: String,
    /// Seconds until the link in the letter is refused.
    pub lasts: i64,
    /// The development mailbox, if all mail lands there.
    pub mailbox: Option<String>,
}

/// Behind the link of a sign-up letter: a GET that only asks. Posts `code`, `password` to `/signup/confirm`.
#[derive(Serialize)]
pub struct ConfirmMail {
    /// Where and when.
    pub frame: Frame,
    /// The code from the link.
    pub code: String,
    /// The address it confirms; empty if the code does not tell before it is spent.
    pub email: String,
    /// Why the password was refused.
    pub password_error: Option<String>,
}

/// Asks for a reset letter. Posts `email`, `next` to `/recover`.
#[derive(Serialize)]
pub struct Recover {
    /// Where and when.
    pub frame: Frame,
    /// What was typed.
    pub email: String,
    /// Where to go afterwards, carried in a hidden field.
    pub next: String,
    /// Why the form was refused.
    pub error: Option<String>,
}

/// Behind the link of a reset letter. Posts `code`, `email` (for password managers, to be ignored),
/// `new_password` to `/reset`.
#[derive(Serialize)]
pub struct Reset {
    /// Where and when.
    pub frame: Frame,
    /// The code from the link.
    pub code: String,
    /// Whose password it is; empty if the code does not tell before it is spent.
    pub email: String,
    /// What is wrong with the new password.
    pub password_error: Option<String>,
}

/// Consent. Posts `decision=allow|deny` and `next` to `/consent`.
#[derive(Serialize)]
pub struct Consent {
    /// Where and when.
    pub frame: Frame,
    /// The application that asks.
    pub asking: Asking,
    /// Whose account it is.
    pub email: String,
    /// What it may do.
    pub scopes: Vec<ScopeLine>,
    /// Seconds that one sign-in there lasts at most.
    pub lasts: i64,
    /// The authorization request to go on with, carried in a hidden field.
    pub next: String,
}

/// Asks whether to sign out, when the request to do so does not prove that the person made it
/// (OpenID Connect RP-Initiated Logout 1.0, 2). Posts `next` to `/signout`.
#[derive(Serialize)]
pub struct SignOut {
    /// Where and when.
    pub frame: Frame,
    /// The application that asks.
    pub asking: Option<Asking>,
    /// Who is signed in.
    pub email: String,
    /// Applications that this sign-in serves.
    pub apps: Vec<String>,
    /// Where to go afterwards, carried in a hidden field.
    pub next: String,
}

/// Says that this browser is signed out.
#[derive(Serialize)]
pub struct SignedOut {
    /// Where and when.
    pub frame: Frame,
    /// A way back to the application.
    pub back: Option<Link>,
}

/// Leads on by itself, and by a link. Answers a POST whose way leads to another host.
#[derive(Serialize)]
pub struct Continue {
    /// Where and when.
    pub frame: Frame,
    /// What is going on, for example `Going back to Corner Shop`.
    pub title: String,
    /// Where to; must be registered, because the browser follows it at once.
    pub to: Link,
}

/// Something was refused or could not be done. Never a redirect.
#[derive(Serialize)]
pub struct Problem {
    /// Where and when.
    pub frame: Frame,
    /// What is true now, in a few words: the heading.
    pub title: String,
    /// The whole sentence.
    pub message: String,
    /// What to do about it, if there is something.
    pub advice: Option<String>,
    /// The stable code, `CS-nnnn`.
    pub code: String,
    /// The trace id under which the log has the whole story.
    pub trace: String,
    /// A way on.
    pub way: Option<Link>,
}

impl Problem {
    /// For 404.
    #[must_use]
    pub fn not_found(frame: Frame, code: &str, trace: &str) -> Self {
        Self::new(frame, code, trace, "Nothing is here", "No page has this address.")
            .way("Your account", "/account")
    }

    /// For 429, with the seconds until the next try is looked at.
    #[must_use]
    pub fn too_many(frame: Frame, code: &str, trace: &str, wait: u32) -> Self {
        Self::new(frame, code, trace, "Too many tries", "This was tried too often in a short time.")
            .advice(&format!("Try again in {wait} s. Nothing is locked, and who is signed in stays so."))
    }

    /// For 503, with the seconds after which it is worth another try.
    #[must_use]
    pub fn busy(frame: Frame, code: &str, trace: &str, wait: u32) -> Self {
        Self::new(frame, code, trace, "Could not do it now", "The server has more to do than it can take on.")
            .advice(&format!("Nothing was changed. Try again in {wait} s."))
    }

    /// For anything else.
    #[must_use]
    pub fn new(frame: Frame, code: &str, trace: &str, title: &str, message: &str) -> Self {
        let [title, message, code, trace] = [title, message, code, trace].map(str::to_owned);
        Self { frame, title, message, advice: None, code, trace, way: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn advice(mut self, advice: &str) -> Self {
        self.advice = Some(advice.to_owned());
        self
    }

    /// Adds a way on.
    #[must_use]
    pub fn way(mut self, text: &str, href: &str) -> Self {
        self.way = Some(Link { text: text.to_owned(), href: href.to_owned() });
        self
    }
}

pages! {
    SignIn => "door/signin.html",
    SignUp => "door/signup.html",
    MailSent => "door/mail-sent.html",
    ConfirmMail => "door/confirm.html",
    Recover => "door/recover.html",
    Reset => "door/reset.html",
    Consent => "door/consent.html",
    SignOut => "door/signout.html",
    SignedOut => "door/signed-out.html",
    Continue => "door/continue.html",
    Problem => "door/problem.html",
}
