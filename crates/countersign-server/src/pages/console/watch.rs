//! Console pages for looking on: what is true now, the sessions, the audit log.

use serde::Serialize;

use super::{Choice, ConsoleFrame, KeyRow, Pager};
use crate::pages::parts::{Device, Fact, Outcome, Story, Style};

/// `/admin`: what is true now.
#[derive(Serialize)]
pub struct Now {
    /// What all console pages share.
    pub frame: ConsoleFrame,
    /// Live sign-ins.
    pub live_sessions: u64,
    /// Live grants.
    pub live_grants: u64,
    /// Accounts.
    pub users: u64,
    /// Registered applications.
    pub apps: u64,
    /// The position of the log.
    pub position: u64,
    /// Where and how things are kept: store, issuer, version.
    pub facts: Vec<Fact>,
    /// Keys in use.
    pub keys: Vec<KeyRow>,
    /// What deserves a look, as whole sentences.
    pub warnings: Vec<String>,
    /// The last lines of the audit log.
    pub recent: Vec<AuditLine>,
}

/// Whether a session still serves.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionState {
    /// It serves.
    Live,
    /// It serves, but its limit is near.
    Soon,
    /// It was ended, or ran out.
    Ended,
    /// It was ended because a secret of it was seen where it should not be.
    Stolen,
}

/// One session or grant.
#[derive(Clone, Serialize)]
pub struct SessionRow {
    /// Names it at `/admin/sessions/{handle}` and in the form field `session`.
    pub handle: String,
    /// Whose it is: a name, an address, or a client without a person.
    pub person: String,
    /// The user's id, or none for a client without a person.
    pub user: Option<String>,
    /// Whether it still serves.
    pub state: SessionState,
    /// How it ended, for example `by Ada, 08:51`; empty while it lives.
    pub ended: String,
    /// For example `Firefox on Linux`.
    pub device: String,
    /// Its drawing.
    pub kind: Device,
    /// The network prefix.
    pub network: String,
    /// The application, or none for the sign-in itself.
    pub app: Option<String>,
    /// How the application knows its user.
    pub style: Option<Style>,
    /// Unix seconds of its beginning.
    pub began: i64,
    /// Unix seconds of the last request.
    pub seen: i64,
}

/// The filter above the sessions; its fields are the query's: `q`, `app`, `style`, `state`.
#[derive(Clone, Default, Serialize)]
pub struct SessionFilter {
    /// Part of a person, a device or a handle.
    pub q: String,
    /// A client, or empty.
    pub app: String,
    /// A style, or empty.
    pub style: String,
    /// `live`, `ended`, or empty.
    pub state: String,
}

/// `/admin/sessions`.
#[derive(Serialize)]
pub struct Sessions {
    /// What all console pages share.
    pub frame: ConsoleFrame,
    /// What is asked for.
    pub filter: SessionFilter,
    /// The applications to choose from.
    pub apps: Vec<Choice>,
    /// The sessions, the newest first.
    pub rows: Vec<SessionRow>,
    /// Where the list goes on.
    pub pager: Pager,
}

/// `/admin/sessions/{handle}`. Posts `session` to `/admin/sessions/end`.
#[derive(Serialize)]
pub struct SessionDetail {
    /// What all console pages share.
    pub frame: ConsoleFrame,
    /// The session.
    pub session: SessionRow,
    /// Unix seconds of its limit.
    pub ends: Option<i64>,
    /// Seconds that the application may go on accepting its token after an end; none where an end works at once.
    pub lingers: Option<i64>,
    /// More about it: serial, method, born, family generation.
    pub facts: Vec<Fact>,
    /// What happened to it, the oldest first.
    pub story: Vec<Story>,
    /// Other live sessions of the same person.
    pub others: u32,
}

/// One line of the audit log.
#[derive(Clone, Serialize)]
pub struct AuditLine {
    /// Unix seconds.
    pub at: i64,
    /// The sentence, with a person in it, without a full stop.
    pub sentence: String,
    /// How it went.
    pub outcome: Outcome,
    /// The stable code, if it was refused.
    pub code: Option<String>,
}

/// The filter above the audit log; its fields are the query's: `q`, `kind`.
#[derive(Clone, Default, Serialize)]
pub struct AuditFilter {
    /// Part of a person, an application or a code.
    pub q: String,
    /// One of the kinds offered, or empty.
    pub kind: String,
}

/// `/admin/audit`.
#[derive(Serialize)]
pub struct Audit {
    /// What all console pages share.
    pub frame: ConsoleFrame,
    /// What is asked for.
    pub filter: AuditFilter,
    /// The kinds to choose from.
    pub kinds: Vec<Choice>,
    /// The lines, the newest first.
    pub lines: Vec<AuditLine>,
    /// Where the list goes on.
    pub pager: Pager,
}
