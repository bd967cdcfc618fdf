//! The directory: people, applications, consents, keys, the audit log. Its writes are [`Change`](crate::batch::Change)s in
//! the same batch as an ending, so that a cause and its effect are one transaction.

use std::fmt::Debug;

use super::Pending;
use crate::audit::AuditEntry;
use crate::id::{ClientId, Subject};
use crate::record::{Client, Email, KeyRecord, Scope, User};
use crate::time::Timestamp;

/// What a person allowed an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentRecord {
    /// The application.
    pub client: ClientId,
    /// What.
    pub scope: Scope,
    /// When.
    pub at: Timestamp,
}

/// Which audit entries to list, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only those about this subject.
    pub subject: Option<Subject>,
    /// Only those about this application.
    pub client: Option<ClientId>,
    /// Only those with a smaller number (the next page).
    pub before: Option<u64>,
}

/// How many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// People.
    pub users: u64,
    /// Applications.
    pub clients: u64,
    /// Sessions that have neither ended nor expired.
    pub live_sessions: u64,
    /// Grants that have neither ended nor expired.
    pub live_grants: u64,
}

/// How many of each kind have been over for long and wait to be swept. The audit log is none of them: it is kept for good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overdue {
    /// Sessions, each with its data.
    pub sessions: u64,
    /// Grants.
    pub grants: u64,
    /// Logins.
    pub logins: u64,
    /// Single-use things.
    pub one_time: u64,
    /// Guests that are kept here, each with its data; an engine beside that keeps them has its own way.
    pub guests: u64,
    /// Operations of session data, remembered so that each counts once.
    pub operations: u64,
    /// Entries of the log.
    pub log: u64,
    /// Segments of long values that were sent ahead of a commit which never came. They are over by the store's own clock.
    pub ahead: u64,
}

impl Overdue {
    /// Whether nothing waits.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// The directory.
pub trait Directory: Debug + Send + Sync + 'static {
    /// The user of that subject.
    fn user<'a>(&'a self, subject: &'a Subject) -> Pending<'a, Option<User>>;
    /// The user of that address.
    fn user_by_email<'a>(&'a self, email: &'a Email) -> Pending<'a, Option<User>>;
    /// Users by subject, newest first, those before `before`; `search` matches a part of the address.
    fn users<'a>(
        &'a self,
        search: Option<&'a str>,
        before: Option<&'a Subject>,
        limit: u32,
    ) -> Pending<'a, Vec<User>>;
    /// The application of that id.
    fn client<'a>(&'a self, id: &'a ClientId) -> Pending<'a, Option<Client>>;
    /// All applications, by id.
    fn clients(&self) -> Pending<'_, Vec<Client>>;
    /// What a person allowed an application.
    fn consent<'a>(
        &'a self,
        subject: &'a Subject,
        client: &'a ClientId,
    ) -> Pending<'a, Option<ConsentRecord>>;
    /// All that a person allowed.
    fn consents<'a>(&'a self, subject: &'a Subject) -> Pending<'a, Vec<ConsentRecord>>;
    /// All signing keys.
    fn keys(&self) -> Pending<'_, Vec<KeyRecord>>;
    /// A setting of the store itself.
    fn setting<'a>(&'a self, name: &'a str) -> Pending<'a, Option<Vec<u8>>>;
    /// Audit entries with their numbers, newest first.
    fn audit<'a>(&'a self, filter: &'a AuditFilter, limit: u32) -> Pending<'a, Vec<(u64, AuditEntry)>>;
    /// How many there are, at `now`.
    fn counts(&self, now: Timestamp) -> Pending<'_, Counts>;

    /// How many a [`Change::Sweep`](crate::batch::Change::Sweep) of what was over before `before` has before it; counting
    /// stops at `most` of each kind.
    fn overdue(&self, before: Timestamp, most: u32) -> Pending<'_, Overdue>;
}
