//! The operator's pages. Decides words and fields; that whoever sees them is an operator is decided by the
//! routes of the console's own listener.

mod apps;
mod people;
mod watch;

use serde::Serialize;

use super::pages;
use super::parts::Frame;

pub use self::apps::{AppDetail, AppForm, AppRegistered, AppRow, Apps, KeyRow, KeyState, Keys};
pub use self::people::{GrantRow, UserDetail, UserRow, Users};
pub use self::watch::{
    Audit, AuditFilter, AuditLine, Now, SessionDetail, SessionFilter, SessionRow, SessionState, Sessions,
};

/// What all console pages share.
#[derive(Clone, Serialize)]
pub struct ConsoleFrame {
    /// The host in the address bar, named in the foot.
    pub host: String,
    /// Unix seconds.
    pub now: i64,
    /// The host of the issuer that is being looked after.
    pub issuer: String,
    /// Who looks.
    pub operator: String,
    /// Whether this is a development server.
    pub dev: bool,
    /// What is now true, for example `Ada is signed out on 2 devices.`
    pub done: Option<String>,
}

/// One option of a filter.
#[derive(Clone, Serialize)]
pub struct Choice {
    /// The value in the query.
    pub value: String,
    /// The word to choose.
    pub name: String,
}

/// Where a long list goes on.
#[derive(Clone, Default, Serialize)]
pub struct Pager {
    /// Which part is shown, for example `1–50 of 12,632`.
    pub shown: String,
    /// The address of the page before, if there is one.
    pub newer: Option<String>,
    /// The address of the next page, if there is one.
    pub older: Option<String>,
}

/// The one-time set-up. Posts `code`, `email`, `password` to `/admin/setup`.
#[derive(Serialize)]
pub struct Setup {
    /// Where and when.
    pub frame: Frame,
    /// The code from the link.
    pub code: String,
    /// What was typed.
    pub email: String,
    /// Why the whole form was refused.
    pub error: Option<String>,
    /// What is wrong with the password.
    pub password_error: Option<String>,
}

/// Sign-in to the console. Posts `email`, `password`, `next` to `/admin/signin`.
#[derive(Serialize)]
pub struct ConsoleSignIn {
    /// Where and when.
    pub frame: Frame,
    /// The host of the issuer that is being looked after.
    pub issuer: String,
    /// What was typed.
    pub email: String,
    /// Where to go afterwards, carried in a hidden field.
    pub next: String,
    /// Why the last try was refused.
    pub error: Option<String>,
    /// What is now true, for example after a sign-out.
    pub done: Option<String>,
}

pages! {
    Setup => "console/setup.html",
    ConsoleSignIn => "console/signin.html",
    Now => "console/now.html",
    Sessions => "console/sessions.html",
    SessionDetail => "console/session.html",
    Users => "console/users.html",
    UserDetail => "console/user.html",
    Apps => "console/apps.html",
    AppForm => "console/app-new.html",
    AppRegistered => "console/app-registered.html",
    AppDetail => "console/app.html",
    Keys => "console/keys.html",
    Audit => "console/audit.html",
}
