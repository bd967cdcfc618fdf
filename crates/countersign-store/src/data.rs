//! What the data of a session holds as a whole, and whether a write fits it; the same in every SQL engine.

use countersign_core::Fault;
use countersign_core::batch::{Conflict, Expect};
use countersign_core::id::Version;
use countersign_core::policy::SlotRoom;
use countersign_core::slot::SlotPut;

/// A session's data as a whole.
#[derive(Clone, Copy, Default)]
pub(crate) struct Data {
    /// How often it has been written.
    pub(crate) version: Version,
    /// The bytes of all plain values.
    pub(crate) bytes: u64,
    /// How many slots it has.
    pub(crate) count: u64,
}

/// A slot before it is written.
#[derive(Clone, Copy)]
pub(crate) struct Held {
    pub(crate) version: Version,
    /// The bytes of its plain value.
    pub(crate) length: u64,
}

impl Data {
    /// The same in its next version.
    pub(crate) fn next(self) -> Self {
        Self { version: self.version.next(), ..self }
    }

    /// Counts that a slot becomes what `put` says.
    pub(crate) fn change(&mut self, held: Option<Held>, put: Option<&SlotPut>) {
        if let Some(held) = held {
            self.bytes = self.bytes.saturating_sub(held.length);
            self.count = self.count.saturating_sub(1);
        }
        if let Some(put) = put {
            self.bytes = self.bytes.saturating_add(put.length);
            self.count = self.count.saturating_add(1);
        }
    }

    /// Whether it is within `room`.
    pub(crate) const fn fits(self, room: SlotRoom) -> Result<(), Conflict> {
        if self.bytes > room.bytes || self.count > room.slots { Err(Conflict::Full) } else { Ok(()) }
    }
}

/// Whether the pieces of `put` are those of one value, and none is left out but of a version that is named.
pub(crate) fn pieces_fit(put: &SlotPut, expect: Expect) -> Result<Result<(), Conflict>, Fault> {
    if !put.is_sound() {
        return Err(Fault::Store("a slot is written in pieces that do not fit".to_owned()));
    }
    let exact = matches!(expect, Expect::At(_));
    Ok(if put.is_whole() || exact { Ok(()) } else { Err(Conflict::Moved) })
}
