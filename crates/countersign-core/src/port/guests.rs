//! Where guests are kept: the authority itself, or an engine beside it that may lose everything.
//!
//! What it holds costs a guest their cart and nothing else, so it answers for itself: no log, no batch with anything of the
//! store's. What belongs together is in one [`GuestChange`], and that is atomic.

use std::fmt::Debug;

use super::Pending;
use crate::batch::{Conflict, Expect};
use crate::extent::Ending;
use crate::id::{Epoch, GuestSerial, Version};
use crate::policy::GuestRoom;
use crate::record::Guest;
use crate::time::Timestamp;

/// One slot of a guest as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestSlot {
    /// The version of the guest's data that wrote it.
    pub version: Version,
    /// The sealed value.
    pub value: Vec<u8>,
}

/// All data of a guest, read at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuestData {
    /// How often it has been written. It moves with every write and never back, so a slot that was dropped and written again
    /// has another version than before.
    pub version: Version,
    /// The slots by name, sorted.
    pub slots: Vec<(String, GuestSlot)>,
}

/// A write to one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestWrite {
    /// The slot's name.
    pub name: String,
    /// What must be true of it.
    pub expect: Expect,
    /// The sealed value; none removes the slot.
    pub value: Option<Vec<u8>>,
}

/// One atomic change of one guest; its preconditions are stated on each. A conflict means that none of it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GuestChange {
    /// Begin a guest with its first data. The serial is unused, no write expects anything to be there, and `room` is kept.
    Begin {
        /// The guest.
        guest: Box<Guest>,
        /// How much it may hold.
        room: GuestRoom,
        /// Its first data, which becomes version 1.
        writes: Vec<GuestWrite>,
    },
    /// Move `seen` forward. The guest is alive at `seen`; a `seen` that is not later changes nothing.
    Touch {
        /// Which.
        serial: GuestSerial,
        /// Seen when.
        seen: Timestamp,
    },
    /// Write slots, each at most once. The guest is alive at `at`, every `expect` holds, and `room` is kept. The version of
    /// the data moves by one and becomes the version of each slot that was written.
    Write {
        /// Which.
        serial: GuestSerial,
        /// When.
        at: Timestamp,
        /// How much it may hold.
        room: GuestRoom,
        /// To which slots.
        writes: Vec<GuestWrite>,
    },
    /// End a guest: its data and the key of it go, a tombstone stays until its absolute limit. Its data is in version
    /// `expect`, or may be in any. Ending what has ended changes nothing.
    End {
        /// Which.
        serial: GuestSerial,
        /// The version of the data that was read.
        expect: Option<Version>,
        /// When, why, by whom.
        ending: Ending,
    },
}

impl GuestChange {
    /// Which guest it changes.
    #[must_use]
    pub const fn serial(&self) -> GuestSerial {
        match self {
            Self::Begin { guest, .. } => guest.serial,
            Self::Touch { serial, .. } | Self::Write { serial, .. } | Self::End { serial, .. } => *serial,
        }
    }
}

/// The guests.
///
/// A false *changed* loses something that a guest was told was kept; a false *conflict* costs a retry; an outage is a
/// [`Fault`](crate::error::Fault) within a time limit. What is missing is missing: no write brings a guest back.
pub trait Guests: Debug + Send + Sync + 'static {
    /// Which epoch the log is in, told before anything is asked. An engine beside the authority keeps the guests of each epoch
    /// apart, or nodes that started before it and after it would not see what the others write and end; the authority's own
    /// began with it.
    fn in_epoch(&self, _epoch: Epoch) {}
    /// The guest of that serial. Ended and expired ones are answered as they are, or not at all.
    fn guest(&self, serial: GuestSerial) -> Pending<'_, Option<Guest>>;
    /// One slot of a guest that has not ended.
    fn guest_slot<'a>(&'a self, serial: GuestSerial, name: &'a str) -> Pending<'a, Option<GuestSlot>>;
    /// All data of a guest that has not ended, read at one moment.
    fn guest_data(&self, serial: GuestSerial) -> Pending<'_, Option<GuestData>>;
    /// Makes all of `change`, or none of it. Answers the version of the data after it.
    fn change_guest(&self, change: GuestChange) -> Pending<'_, Result<Version, Conflict>>;
    /// How many guests have neither ended nor expired at `now`; counting stops at `most`.
    fn count_guests(&self, now: Timestamp, most: u32) -> Pending<'_, u32>;
    /// Drops guests and tombstones that were over before `before`, at most `limit`; answers how many. The authority does the
    /// same for those that it keeps at each [`Change::Sweep`](crate::batch::Change::Sweep).
    fn sweep_guests(&self, before: Timestamp, limit: u32) -> Pending<'_, u32>;
}
