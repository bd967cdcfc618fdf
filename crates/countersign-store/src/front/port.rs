//! The front as a store: what memory keeps follows the front's own commits and the log; the rest is passed on.

use std::ops::Range;
use std::sync::Arc;

use countersign_core::Fault;
use countersign_core::batch::{Batch, Change, Outcome};
use countersign_core::extent::LogEntry;
use countersign_core::id::{ClientId, LoginId, Position, Serial, SlotsId, Subject, Version};
use countersign_core::port::{Follower, LogState, Pending, SessionFilter, Store};
use countersign_core::record::{Grant, Login, OneTime, Session, SpendKey};
use countersign_core::slot::SlotValue;

use super::Front;
use super::memory::Memory;

impl Store for Front {
    fn login<'a>(&'a self, id: &'a LoginId) -> Pending<'a, Option<Login>> {
        self.store.login(id)
    }

    /// The whole record, with what memory does not keep; so it is always read.
    fn session(&self, serial: Serial) -> Pending<'_, Option<Session>> {
        self.store.session(serial)
    }

    fn grant(&self, serial: Serial) -> Pending<'_, Option<Grant>> {
        self.store.grant(serial)
    }

    fn one_time<'a>(&'a self, key: &'a SpendKey) -> Pending<'a, Option<OneTime>> {
        self.store.one_time(key)
    }

    fn slot<'a>(
        &'a self,
        slots: &'a SlotsId,
        name: &'a str,
        segments: Range<u32>,
    ) -> Pending<'a, Option<SlotValue>> {
        self.store.slot(slots, name, segments)
    }

    fn slot_names<'a>(&'a self, slots: &'a SlotsId) -> Pending<'a, Vec<(String, Version, u64)>> {
        self.store.slot_names(slots)
    }

    fn sessions<'a>(&'a self, filter: &'a SessionFilter, limit: u32) -> Pending<'a, Vec<Session>> {
        self.store.sessions(filter, limit)
    }

    fn grants<'a>(
        &'a self,
        subject: Option<&'a Subject>,
        client: Option<&'a ClientId>,
        limit: u32,
    ) -> Pending<'a, Vec<Grant>> {
        self.store.grants(subject, client, limit)
    }

    fn logins<'a>(&'a self, subject: &'a Subject, limit: u32) -> Pending<'a, Vec<Login>> {
        self.store.logins(subject, limit)
    }

    fn log_since(&self, position: Position, limit: u32) -> Pending<'_, Vec<LogEntry>> {
        self.store.log_since(position, limit)
    }

    fn log_state(&self) -> Pending<'_, LogState> {
        self.store.log_state()
    }

    fn lease_serials(&self, count: u32) -> Pending<'_, Range<u64>> {
        self.store.lease_serials(count)
    }

    fn lease_guest_serials(&self, count: u32) -> Pending<'_, Range<u64>> {
        self.store.lease_guest_serials(count)
    }

    fn commit(&self, batch: Batch) -> Pending<'_, Outcome> {
        Box::pin(async move {
            let mut started = Vec::new();
            let mut touched = Vec::new();
            for change in batch.changes() {
                match change {
                    Change::StartSession(session) => {
                        // Aboard before the commit, so that an ending right behind it is not missed.
                        started.push((Memory::board(&self.memory, session.serial), session.clone()));
                    }
                    Change::TouchSession { serial, seen } => touched.push((*serial, *seen)),
                    _ => {}
                }
            }
            let outcome = self.store.commit(batch).await?;
            if matches!(outcome, Outcome::Committed(..)) {
                for (aboard, session) in started {
                    aboard.land(Some(&session));
                }
                for (serial, seen) in touched {
                    self.memory.touched(serial, seen);
                }
            }
            Ok(outcome)
        })
    }

    fn follow(&self, follower: Arc<dyn Follower>) -> Pending<'_, ()> {
        self.store.follow(Arc::new(Ear { memory: Arc::clone(&self.memory), follower }))
    }

    fn in_touch(&self) -> Result<(), Fault> {
        self.store.in_touch()
    }
}

/// Hears the log for memory, and passes it on.
#[derive(Debug)]
struct Ear {
    memory: Arc<Memory>,
    follower: Arc<dyn Follower>,
}

impl Follower for Ear {
    fn applied(&self, entries: &[LogEntry]) {
        self.memory.hear(entries);
        self.follower.applied(entries);
    }
}
