//! The running hash of the log: what one link covers, and whether entries follow each other.

use countersign_core::extent::{Chain, LogEntry, LogKind};
use countersign_core::id::Position;
use countersign_core::time::Timestamp;
use countersign_jose::primitive::sha256;

/// The hash of an entry that follows one whose hash is `before`.
///
/// SHA-256 over: the hash before (32 bytes), the position (u64, big-endian), the kind (one byte: 1 ended, 2 client,
/// 3 everything, 4 key), what it names (serial as u64; id and `kid` as a u32 length and UTF-8), and the expiry in
/// milliseconds (u64).
#[must_use]
pub fn link(before: Chain, position: Position, kind: &LogKind, expires: Timestamp) -> Chain {
    let mut bytes = Vec::with_capacity(96);
    bytes.extend_from_slice(&before.0);
    bytes.extend_from_slice(&position.number().to_be_bytes());
    let mut name = |tag: u8, text: &str| {
        bytes.push(tag);
        bytes.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    };
    match kind {
        LogKind::Ended(serial) => {
            bytes.push(1);
            bytes.extend_from_slice(&serial.number().to_be_bytes());
        }
        LogKind::ClientMark(client) => name(2, client.as_str()),
        LogKind::EverythingMark => bytes.push(3),
        LogKind::KeyRetired(kid) => name(4, kid),
    }
    bytes.extend_from_slice(&expires.millis().to_be_bytes());
    Chain(sha256(&bytes))
}

/// Whether `entries` follow each other without a gap, the first of them on `before`.
#[must_use]
pub fn unbroken(before: (Position, Chain), entries: &[LogEntry]) -> bool {
    let mut head = before;
    entries.iter().all(|entry| {
        let (position, chain) = head;
        head = (entry.position, entry.chain);
        entry.position == position.next()
            && entry.chain == link(chain, entry.position, &entry.kind, entry.expires)
    })
}

#[cfg(test)]
mod tests {
    use countersign_core::id::Epoch;

    use super::*;

    fn entry(position: u64, before: Chain) -> LogEntry {
        let (position, kind, expires) =
            (Position::new(position), LogKind::EverythingMark, Timestamp::from_seconds(9));
        LogEntry {
            epoch: Epoch::new(1),
            position,
            chain: link(before, position, &kind, expires),
            kind,
            expires,
        }
    }

    #[test]
    fn a_changed_entry_breaks_the_chain() {
        let first = entry(1, Chain::default());
        let second = entry(2, first.chain);
        let start = (Position::START, Chain::default());
        assert!(unbroken(start, &[first.clone(), second.clone()]));
        assert!(!unbroken(start, &[second.clone(), first.clone()]));
        let later = LogEntry { expires: Timestamp::from_seconds(10), ..first.clone() };
        assert!(!unbroken(start, &[later, second]));
    }
}
