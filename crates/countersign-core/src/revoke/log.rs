//! The revocation log as bytes: what is hashed, and whether a run of entries hangs together.
//!
//! Each entry carries SHA-256 over its predecessor's hash and itself, so that two logs that agree at a position agree in all
//! that lies before it.

use countersign_jose::primitive;

use crate::extent::{Chain, LogEntry, LogKind};
use crate::id::{Epoch, Position};
use crate::time::Timestamp;

/// The hash of an entry that follows `prev`.
#[must_use]
pub fn link(prev: &Chain, epoch: Epoch, position: Position, kind: &LogKind, expires: Timestamp) -> Chain {
    let mut bytes = Vec::with_capacity(128);
    bytes.extend_from_slice(b"countersign log 1\0");
    bytes.extend_from_slice(&prev.0);
    bytes.extend_from_slice(&epoch.number().to_be_bytes());
    bytes.extend_from_slice(&position.number().to_be_bytes());
    bytes.extend_from_slice(&expires.millis().to_be_bytes());
    // The kind comes last, so its length needs no mark.
    match kind {
        LogKind::Ended(serial) => {
            bytes.push(1);
            bytes.extend_from_slice(&serial.number().to_be_bytes());
        }
        LogKind::ClientMark(client) => {
            bytes.push(2);
            bytes.extend_from_slice(client.as_str().as_bytes());
        }
        LogKind::EverythingMark => bytes.push(3),
        LogKind::KeyRetired(kid) => {
            bytes.push(4);
            bytes.extend_from_slice(kid.as_bytes());
        }
        LogKind::EpochBegan => bytes.push(5),
    }
    Chain(primitive::sha256(&bytes))
}

/// Whether `entry` is the one after (`position`, `chain`).
#[must_use]
pub fn follows(entry: &LogEntry, position: Position, chain: &Chain) -> bool {
    entry.position == position.next()
        && entry.chain == link(chain, entry.epoch, entry.position, &entry.kind, entry.expires)
}

/// Whether `entry` may come after one of `epoch`: in the same one, or as the beginning of a later one.
#[must_use]
pub fn continues(epoch: Option<Epoch>, entry: &LogEntry) -> bool {
    epoch.is_none_or(|epoch| match entry.kind {
        LogKind::EpochBegan => entry.epoch > epoch,
        _ => entry.epoch == epoch,
    })
}

/// Where `entries` lead from (`position`, `chain`), or the position of the first that does not hang on the one before it.
///
/// # Errors
/// The position of the first entry that is out of place, altered, or of another epoch than the one before it without
/// beginning it.
pub fn verify(entries: &[LogEntry], position: Position, chain: Chain) -> Result<(Position, Chain), Position> {
    let mut at = (position, chain);
    let mut epoch = None;
    for entry in entries {
        if !continues(epoch, entry) || !follows(entry, at.0, &at.1) {
            return Err(entry.position);
        }
        epoch = Some(entry.epoch);
        at = (entry.position, entry.chain);
    }
    Ok(at)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::id::Serial;

    pub(crate) fn run(from: Position, chain: Chain, kinds: Vec<LogKind>) -> Vec<LogEntry> {
        let (epoch, expires) = (Epoch::new(7), Timestamp::from_seconds(9));
        let mut at = (from, chain);
        let mut entries = Vec::new();
        for kind in kinds {
            let position = at.0.next();
            let chain = link(&at.1, epoch, position, &kind, expires);
            entries.push(LogEntry { epoch, position, chain, kind, expires });
            at = (position, chain);
        }
        entries
    }

    fn some() -> Vec<LogEntry> {
        run(
            Position::START,
            Chain::default(),
            vec![
                LogKind::Ended(Serial::new(1).unwrap()),
                LogKind::ClientMark("shop".parse().unwrap()),
                LogKind::EverythingMark,
                LogKind::KeyRetired("k1".to_owned()),
            ],
        )
    }

    #[test]
    fn a_log_as_written_hangs_together() {
        let entries = some();
        let (position, chain) = verify(&entries, Position::START, Chain::default()).unwrap();
        assert_eq!(position, Position::new(4));
        assert_eq!(chain, entries[3].chain);
    }

    #[test]
    fn a_missing_moved_or_altered_entry_is_found() {
        let entries = some();
        let from = |entries: &[LogEntry]| verify(entries, Position::START, Chain::default());
        for gone in 0..3 {
            let mut bad = entries.clone();
            bad.remove(gone);
            assert!(from(&bad).is_err(), "without {gone}");
        }
        let mut bad = entries.clone();
        bad.swap(1, 2);
        assert!(from(&bad).is_err());
        let mut bad = entries.clone();
        bad[0].kind = LogKind::Ended(Serial::new(2).unwrap());
        assert_eq!(from(&bad), Err(Position::new(1)));
        let mut bad = entries.clone();
        bad[2].expires = Timestamp::from_seconds(10);
        assert_eq!(from(&bad), Err(Position::new(3)));
        let mut bad = entries;
        bad[1].epoch = Epoch::new(8);
        assert_eq!(from(&bad), Err(Position::new(2)));
    }

    #[test]
    fn an_epoch_begins_with_an_entry_that_says_so_and_only_above_the_one_before() {
        let mut entries = some();
        let (position, chain) = verify(&entries, Position::START, Chain::default()).unwrap();
        let next = |epoch: u32, kind: LogKind| {
            let (epoch, position, expires) = (Epoch::new(epoch), position.next(), Timestamp::from_seconds(9));
            LogEntry { epoch, position, chain: link(&chain, epoch, position, &kind, expires), kind, expires }
        };
        for (epoch, kind, holds) in [
            (8, LogKind::EpochBegan, true),
            (7, LogKind::EpochBegan, false),
            (6, LogKind::EpochBegan, false),
            (8, LogKind::EverythingMark, false),
            (7, LogKind::EverythingMark, true),
        ] {
            entries.push(next(epoch, kind.clone()));
            let found = verify(&entries, Position::START, Chain::default());
            assert_eq!(found.is_ok(), holds, "{epoch} {kind:?}");
            entries.pop();
        }
    }
}
