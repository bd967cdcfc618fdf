//! A person's own pages: sessions, applications, password, data. Decides words and fields; the routes make sure
//! that everything on them belongs to the person who looks.

use serde::Serialize;

use super::pages;
use super::parts::{Device, Fact, ScopeLine, Style};

/// What all account pages share.
#[derive(Clone, Serialize)]
pub struct AccountFrame {
    /// The host in the address bar, named in the foot.
    pub host: String,
    /// Unix seconds.
    pub now: i64,
    /// Whose account this server keeps, for example `Corner Shop account`.
    pub product: String,
    /// Who is signed in.
    pub email: String,
    /// What is now true, for example `Chrome on Android is signed out.`
    pub done: Option<String>,
}

/// One live session.
#[derive(Serialize)]
pub struct LiveSession {
    /// Names the session in the form field `session`.
    pub handle: String,
    /// For example `Firefox on Linux`.
    pub device: String,
    /// Its drawing.
    pub kind: Device,
    /// The network prefix, for example `81.2.69.0/24`.
    pub network: String,
    /// The application, or none for the sign-in itself.
    pub app: Option<String>,
    /// How the person signed in, for example `a password`.
    pub method: String,
    /// Unix seconds of sign-in.
    pub began: i64,
    /// Unix seconds of the last request.
    pub seen: i64,
    /// Unix seconds of its limit.
    pub ends: Option<i64>,
    /// Seconds that the application may go on accepting its token after an end; none where an end works at once.
    pub lingers: Option<i64>,
    /// Whether it is the one this page was asked with.
    pub here: bool,
}

/// One ended session.
#[derive(Serialize)]
pub struct EndedSession {
    /// For example `Firefox on Linux`.
    pub device: String,
    /// Its drawing.
    pub kind: Device,
    /// The network prefix.
    pub network: String,
    /// The application, or none for the sign-in itself.
    pub app: Option<String>,
    /// Unix seconds of its end.
    pub ended: i64,
    /// What ended it, to follow "Ended by": `you`, `the operator`, `its 12-hour limit`.
    pub by: String,
    /// Requests refused since.
    pub tries: u32,
    /// Unix seconds of the last of them.
    pub last_try: Option<i64>,
}

/// `/account`. Posts `session` (a handle) to `/account/sessions/end`; nothing to `/account/sessions/end-others`.
#[derive(Serialize)]
pub struct AccountSessions {
    /// What all account pages share.
    pub frame: AccountFrame,
    /// Live ones, this browser's first.
    pub live: Vec<LiveSession>,
    /// Ended ones that are still remembered.
    pub ended: Vec<EndedSession>,
    /// How many other sign-ins "end all others" ends.
    pub others: u32,
    /// Unix seconds of the last change of the password.
    pub password_changed: i64,
}

/// An application the person allowed.
#[derive(Serialize)]
pub struct AllowedApp {
    /// Names the application in the form field `client`.
    pub client: String,
    /// Its name.
    pub name: String,
    /// Its host.
    pub host: String,
    /// How it knows its users.
    pub style: Style,
    /// What it may do.
    pub scopes: Vec<ScopeLine>,
    /// Unix seconds of the consent, or of the first sign-in.
    pub allowed: i64,
    /// Unix seconds of the last sign-in or refresh.
    pub used: Option<i64>,
    /// Whether it belongs to the operator, so that consent was not asked.
    pub first_party: bool,
}

/// `/account/apps`. Posts `client` to `/account/apps/withdraw`.
#[derive(Serialize)]
pub struct AccountApps {
    /// What all account pages share.
    pub frame: AccountFrame,
    /// The applications, the last used first.
    pub apps: Vec<AllowedApp>,
}

/// `/account/password`. Posts `current_password`, `new_password`, and `end_others=on` if ticked.
#[derive(Serialize)]
pub struct AccountPassword {
    /// What all account pages share.
    pub frame: AccountFrame,
    /// Unix seconds of the last change.
    pub changed: i64,
    /// How many other sign-ins there are.
    pub others: u32,
    /// What is wrong with the current password.
    pub current_error: Option<String>,
    /// What is wrong with the new one.
    pub new_error: Option<String>,
}

/// `/account/data`. Links to `GET /account/data.json`; posts `password` to `/account/erase`.
#[derive(Serialize)]
pub struct AccountData {
    /// What all account pages share.
    pub frame: AccountFrame,
    /// What is held, by name and number.
    pub held: Vec<Fact>,
    /// Sign-ins that an erasure ends.
    pub sessions: u32,
    /// Why the erasure was refused; shows its form opened.
    pub error: Option<String>,
}

pages! {
    AccountSessions => "account/sessions.html",
    AccountApps => "account/apps.html",
    AccountPassword => "account/password.html",
    AccountData => "account/data.html",
}
