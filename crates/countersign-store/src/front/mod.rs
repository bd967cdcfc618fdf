//! Memory in front of a store: a session that was read once is answered without the store until it ends or is put out.
//!
//! Decides what is kept and when it is dropped; whether a session may go on is the core's. What it does not keep it passes
//! on. An ending that is heard while a session is being read counts for what was read: nothing that ended comes back.

mod flight;
mod hand;
mod memory;
mod port;

use std::sync::Arc;

use countersign_core::Fault;
use countersign_core::id::Serial;
use countersign_core::port::Store;
use countersign_core::session::{Brief, Standing};
use countersign_core::time::Timestamp;

use memory::Memory;

/// Memory in front of a store; a [`Store`] itself.
///
/// Its own commits, and the endings that the store's log tells its follower, keep it right. Another node's touch does not
/// reach it, so read again before you say that a session has idled.
#[derive(Debug)]
pub struct Front {
    store: Arc<dyn Store>,
    memory: Arc<Memory>,
}

/// What the store said of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fill {
    /// What a check needs of it.
    pub brief: Brief,
    /// When it was last known to be used.
    pub seen: Timestamp,
    /// Whether it has ended.
    pub over: bool,
}

impl Front {
    /// Memory for at most `most` sessions in front of `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, most: usize) -> Self {
        Self { store, memory: Arc::new(Memory::new(most)) }
    }

    /// What memory knows of session `serial`, shown to `look`; none when it knows nothing.
    ///
    /// Allocates nothing, takes no lock and waits for nobody, so `look` should not either.
    pub fn peek<R>(&self, serial: Serial, look: impl FnOnce(&Brief, Standing<'_>) -> R) -> Option<R> {
        self.peek_named(serial, |brief, standing, _| look(brief, standing))
    }

    /// As [`Front::peek`], with the name that was [kept](Front::keep_name) with the session.
    pub fn peek_named<R>(
        &self,
        serial: Serial,
        look: impl FnOnce(&Brief, Standing<'_>, Option<&Arc<str>>) -> R,
    ) -> Option<R> {
        self.memory.peek(serial, look)
    }

    /// Keeps what an application calls the person whose session `serial` is, as long as memory holds the session and it has
    /// not ended: a name that comes after the ending is not kept.
    pub fn keep_name(&self, serial: Serial, name: &Arc<str>) {
        self.memory.keep_name(serial, name);
    }

    /// Reads session `serial` from the store, whatever memory knows, and keeps it. Those who ask at once share one reading.
    ///
    /// That there is no such session is remembered for nobody but those who waited.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn fetch(&self, serial: Serial) -> Result<Option<Fill>, Fault> {
        let aboard = Memory::board(&self.memory, serial);
        let read = async {
            let found = self.store.session(serial).await?;
            Ok(aboard.land(found.as_ref()))
        };
        aboard.flight().told(read).await
    }

    /// The right to write a touch, for one of those who saw `was`; from then on memory holds `now`.
    ///
    /// None when another has it, and so the others need not wait.
    pub fn claim(&self, serial: Serial, was: Timestamp, now: Timestamp) -> Option<Claim<'_>> {
        let mine = self.memory.swap_seen(serial, was, now).unwrap_or(true);
        mine.then_some(Claim { memory: &self.memory, serial, was, now, written: false })
    }

    /// How many sessions are in memory.
    #[must_use]
    pub fn len(&self) -> usize {
        self.memory.len()
    }

    /// Whether no session is in memory.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drops what has ended or is over at `now` among the next `most` sessions.
    pub fn tick(&self, now: Timestamp, most: usize) {
        self.memory.tick(now, most);
    }
}

/// The right to write a touch. Dropped unwritten, it falls back to the next who comes.
#[derive(Debug)]
#[must_use = "a touch that nobody writes lets the session idle"]
pub struct Claim<'a> {
    memory: &'a Memory,
    serial: Serial,
    was: Timestamp,
    now: Timestamp,
    written: bool,
}

impl Claim<'_> {
    /// The touch is durable.
    pub fn written(mut self) {
        self.written = true;
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if !self.written {
            // Whoever moved it on meanwhile has written theirs.
            let _ = self.memory.swap_seen(self.serial, self.now, self.was);
        }
    }
}

#[cfg(test)]
mod tests;
