//! The store: sessions, grants, logins, slots, single-use things, and the log of endings.

use std::fmt::Debug;
use std::ops::Range;

use super::Pending;
use crate::batch::{Batch, Outcome};
use crate::extent::{Chain, LogEntry};
use crate::id::{ClientId, Epoch, LoginId, Position, Serial, SlotsId, Subject, Version};
use crate::record::session::Audience;
use crate::record::{Grant, Login, OneTime, Session, SpendKey};
use crate::slot::SlotValue;
use crate::time::Timestamp;

/// Which sessions to list, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionFilter {
    /// Only this subject's.
    pub subject: Option<Subject>,
    /// Only those of this audience.
    pub audience: Option<Audience>,
    /// Only those that have neither ended nor expired at this time.
    pub live_at: Option<Timestamp>,
    /// Only those with a smaller serial (the next page).
    pub before: Option<Serial>,
}

/// Where the log stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogState {
    /// Its incarnation.
    pub epoch: Epoch,
    /// Its last position.
    pub position: Position,
    /// Its running hash.
    pub chain: Chain,
}

/// Hears of log entries in their order, each exactly once, before the commit that wrote them is answered.
pub trait Follower: Debug + Send + Sync + 'static {
    /// These entries are durable.
    fn applied(&self, entries: &[LogEntry]);
}

/// The store.
///
/// A false *committed* loses or revives a login; a false *conflict* costs a retry; an outage is a
/// [`Fault`](crate::error::Fault) and nothing is accepted on its strength.
/// Reads answer what was committed before they began. Expired and ended records are answered as they are: deciding is the
/// core's work.
pub trait Store: Debug + Send + Sync + 'static {
    /// The login of that name.
    fn login<'a>(&'a self, id: &'a LoginId) -> Pending<'a, Option<Login>>;
    /// The session of that serial.
    fn session(&self, serial: Serial) -> Pending<'_, Option<Session>>;
    /// The grant of that serial.
    fn grant(&self, serial: Serial) -> Pending<'_, Option<Grant>>;
    /// The single-use thing of that key.
    fn one_time<'a>(&'a self, key: &'a SpendKey) -> Pending<'a, Option<OneTime>>;
    /// One slot with those of `segments` that it has, read at one moment. An empty range reads no segment; a value that is
    /// kept in one piece is answered whole for any other.
    fn slot<'a>(
        &'a self,
        slots: &'a SlotsId,
        name: &'a str,
        segments: Range<u32>,
    ) -> Pending<'a, Option<SlotValue>>;
    /// The names, versions and plain sizes in bytes of all slots, sorted by name.
    fn slot_names<'a>(&'a self, slots: &'a SlotsId) -> Pending<'a, Vec<(String, Version, u64)>>;
    /// Sessions that match, newest first.
    fn sessions<'a>(&'a self, filter: &'a SessionFilter, limit: u32) -> Pending<'a, Vec<Session>>;
    /// Grants of a subject, or of a client, newest first.
    fn grants<'a>(
        &'a self,
        subject: Option<&'a Subject>,
        client: Option<&'a ClientId>,
        limit: u32,
    ) -> Pending<'a, Vec<Grant>>;
    /// Logins of a subject, newest first.
    fn logins<'a>(&'a self, subject: &'a Subject, limit: u32) -> Pending<'a, Vec<Login>>;
    /// Log entries after `position`, oldest first.
    fn log_since(&self, position: Position, limit: u32) -> Pending<'_, Vec<LogEntry>>;
    /// Where the log stands.
    fn log_state(&self) -> Pending<'_, LogState>;
    /// Serials that nobody has had and nobody else will get; durable before the answer.
    fn lease_serials(&self, count: u32) -> Pending<'_, Range<u64>>;
    /// Guests' serials, as [`Store::lease_serials`] but from their own space: they outlive the engine that holds the guests.
    fn lease_guest_serials(&self, count: u32) -> Pending<'_, Range<u64>>;
    /// Commits all of `batch`, or none.
    fn commit(&self, batch: Batch) -> Pending<'_, Outcome>;
    /// Tells `follower` every entry of the log, then each new one in order. At most one follower.
    fn follow(&self, follower: std::sync::Arc<dyn Follower>) -> Pending<'_, ()>;
    /// Whether the follower still hears of the endings of other nodes, within seconds. Asked at each check, so it reads memory
    /// only. A store of one node always hears; one that answers yes when it does not lets what was ended go on.
    ///
    /// # Errors
    /// [`Fault::Store`](crate::error::Fault::Store): what is known of endings may be old, and nothing is accepted on its
    /// strength.
    fn in_touch(&self) -> Result<(), crate::error::Fault> {
        Ok(())
    }
}
