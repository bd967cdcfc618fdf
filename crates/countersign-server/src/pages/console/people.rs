//! Console pages about people: the list, and one person with everything that is signed in for them.

use serde::Serialize;

use super::{ConsoleFrame, Pager, SessionRow};
use crate::pages::parts::{Fact, Story, Style};

/// One person in the list.
#[derive(Serialize)]
pub struct UserRow {
    /// Names them at `/admin/users/{id}` and in the form field `user`.
    pub id: String,
    /// Their address.
    pub email: String,
    /// Whether the address was confirmed.
    pub confirmed: bool,
    /// Unix seconds of their sign-up.
    pub joined: i64,
    /// Unix seconds of their last sign-in.
    pub last_signin: Option<i64>,
    /// Live sign-ins.
    pub live: u32,
}

/// `/admin/users`. The filter's field is `q`.
#[derive(Serialize)]
pub struct Users {
    /// What all console pages share.
    pub frame: ConsoleFrame,
    /// Part of an address or an id.
    pub q: String,
    /// The people.
    pub rows: Vec<UserRow>,
    /// Where the list goes on.
    pub pager: Pager,
}

/// What an application may do for a person.
#[derive(Serialize)]
pub struct GrantRow {
    /// The application's name.
    pub app: String,
    /// Names it at `/admin/apps/{client}`.
    pub client: String,
    /// How it knows its users.
    pub style: Style,
    /// The scopes, joined by spaces.
    pub scopes: String,
    /// Unix seconds of the consent or the first sign-in.
    pub since: i64,
    /// Unix seconds of the last use.
    pub used: Option<i64>,
}

/// `/admin/users/{id}`. Posts `user` to `/admin/users/end-all` and to `/admin/users/erase`.
#[derive(Serialize)]
pub struct UserDetail {
    /// What all console pages share.
    pub frame: ConsoleFrame,
    /// The person.
    pub user: UserRow,
    /// More about them.
    pub facts: Vec<Fact>,
    /// Their sessions, live ones first.
    pub sessions: Vec<SessionRow>,
    /// What they allowed.
    pub grants: Vec<GrantRow>,
    /// What happened lately, the oldest first.
    pub story: Vec<Story>,
}
