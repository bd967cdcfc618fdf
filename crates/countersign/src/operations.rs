//! The operations that a guest remembers, so that one which is tried again counts once: as many as a session does, for as long.
//!
//! They are one more slot of the guest's data, under a name that no application can use and beside those that it may have:
//! sealed like the rest, written in the step that changes what the operation is about, and lost with it. So every engine that
//! keeps guests keeps them.

use countersign_core::Fault;
use countersign_core::batch::Expect;
use countersign_core::id::Version;
use countersign_core::policy::{OPERATION_MEMORY, OPERATIONS_COUNT};
use countersign_core::slot::{OPERATIONS, OperationId};
use countersign_core::time::Timestamp;

use crate::engine::Engine;
use crate::error::Result;
use crate::guests::{KnownGuest, opened};

/// The operations that a guest remembers, as they were read before the next one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Remembered {
    version: Option<Version>,
    /// Oldest first.
    known: Vec<Known>,
}

/// An operation, and when it was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) id: OperationId,
    at: Timestamp,
}

/// An operation that a write of a guest is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Once<'a> {
    /// Its name.
    pub(crate) id: OperationId,
    /// What the guest remembered when it was found to be new; nothing, of a guest who begins with it.
    pub(crate) remembered: &'a Remembered,
}

impl Remembered {
    /// Whether the operation has been applied.
    #[must_use]
    pub(crate) fn knows(&self, id: OperationId) -> bool {
        self.known.iter().any(|known| known.id == id)
    }
}

impl Once<'_> {
    /// What must be true of the slot, and what it becomes at `now`.
    pub(crate) fn kept(&self, now: Timestamp) -> (Expect, Vec<u8>) {
        let expect = self.remembered.version.map_or(Expect::Absent, Expect::At);
        let lasting = self.remembered.known.iter().filter(|known| now < known.at + OPERATION_MEMORY);
        let mut all: Vec<_> = lasting.copied().chain([Known { id: self.id, at: now }]).collect();
        let most = usize::try_from(OPERATIONS_COUNT).unwrap_or(usize::MAX);
        all.drain(..all.len().saturating_sub(most));
        (expect, all.iter().flat_map(spelled).collect())
    }
}

impl Engine {
    /// The operations that a guest remembers. Read them before the slot that the next one changes: then whoever was faster is
    /// seen there, or refuses the write.
    ///
    /// # Errors
    /// What keeps guests could not do.
    pub(crate) async fn remembered(&self, who: &KnownGuest) -> Result<Remembered> {
        let Some(found) = self.guests().guest_slot(who.guest.serial, OPERATIONS).await? else {
            return Ok(Remembered::default());
        };
        let (value, _) = opened(&self.guest_key(&who.guest)?, &who.guest.slots, OPERATIONS, &found.value)?;
        Ok(Remembered { version: Some(found.version), known: read(&value)? })
    }
}

/// The operations in a slot, oldest first.
pub(crate) fn read(value: &[u8]) -> Result<Vec<Known>, Fault> {
    let (all, []) = value.as_chunks::<BYTES>() else {
        return Err(Fault::Codec("a guest's operations are cut short".to_owned()));
    };
    let operation = |bytes: &[u8; BYTES]| {
        let (mut id, mut at) = ([0; 16], [0; 8]);
        id.iter_mut().chain(&mut at).zip(bytes).for_each(|(to, from)| *to = *from);
        Known { id: OperationId(id), at: Timestamp::from_millis(u64::from_be_bytes(at)) }
    };
    Ok(all.iter().map(operation).collect())
}

fn spelled(known: &Known) -> impl Iterator<Item = u8> + use<> {
    known.id.0.into_iter().chain(known.at.millis().to_be_bytes())
}

/// A name of 16 bytes and a time in milliseconds.
const BYTES: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> OperationId {
        OperationId(u128::from(number).to_be_bytes())
    }

    #[test]
    fn the_last_operations_are_remembered_for_a_day_and_read_as_they_were_written() {
        let start = Timestamp::from_seconds(1_000_000);
        let mut remembered = Remembered::default();
        for number in 0..=OPERATIONS_COUNT {
            let (expect, value) = Once { id: id(number), remembered: &remembered }.kept(start);
            assert_eq!(expect, remembered.version.map_or(Expect::Absent, Expect::At));
            remembered = Remembered { version: Some(Version::FIRST), known: read(&value).unwrap() };
            assert!(remembered.knows(id(number)));
        }
        assert_eq!(remembered.known.len(), 256);
        assert!(!remembered.knows(id(0)) && remembered.knows(id(1)));
        let (_, value) = Once { id: id(9999), remembered: &remembered }.kept(start + OPERATION_MEMORY);
        assert_eq!(read(&value).unwrap().len(), 1);
        assert!(read(&value[1..]).is_err());
    }
}
