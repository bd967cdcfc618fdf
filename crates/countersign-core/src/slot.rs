//! The pieces of a slot's value: where it is cut, which pieces a change concerns, and what one write of a session's data says.
//!
//! Pure: nothing here seals, hashes or stores. A value of at most [`SEGMENT_BYTES`] is one piece; a longer one is cut into
//! segments of exactly that many bytes, the last one shorter, and a change writes only those that it concerns.

use std::ops::Range;

use crate::batch::Expect;
use crate::id::{Serial, SlotsId, Version};
use crate::policy::{SEGMENT_BYTES, SlotRoom};
use crate::time::Timestamp;

/// What tells two plain segments apart without showing either: a keyed hash, cut to 16 bytes. A value has one for each of
/// its segments, and a last one of the whole.
pub type Mark = [u8; 16];

/// A sealed segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Which, from 0.
    pub number: u32,
    /// Its sealed bytes.
    pub sealed: Vec<u8>,
}

/// A slot as it is stored, with the segments that were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotValue {
    /// The version that the session's data had when it was last written.
    pub version: Version,
    /// The bytes of the plain value.
    pub length: u64,
    /// The mark of each segment and of the whole; none when whoever wrote it knew none.
    pub marks: Vec<Mark>,
    /// Segments in order. A value that is kept in one piece is segment 0, however long it is.
    pub segments: Vec<Segment>,
}

/// What a slot becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotPut {
    /// The bytes of the plain value.
    pub length: u64,
    /// The mark of each segment and of the whole, or none at all.
    pub marks: Vec<Mark>,
    /// The segments that change, in order. Leaving one out needs [`Expect::At`].
    pub segments: Vec<Segment>,
}

impl SlotPut {
    /// A value of one piece, without a mark.
    #[must_use]
    pub fn one(length: u64, sealed: Vec<u8>) -> Self {
        Self { length, marks: Vec::new(), segments: vec![Segment { number: 0, sealed }] }
    }

    /// How many segments the value has.
    #[must_use]
    pub fn count(&self) -> u32 {
        count(self.length)
    }

    /// Whether the numbers rise and lie inside the value, and the marks are all there or none.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let count = self.count();
        let rising = self.segments.is_sorted_by(|a, b| a.number < b.number);
        let inside = self.segments.last().is_none_or(|last| last.number < count);
        let marked = self.marks.is_empty() || u32::try_from(pieces(&self.marks).len()) == Ok(count);
        rising && inside && marked
    }

    /// Whether no segment is left out.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        u32::try_from(self.segments.len()) == Ok(self.count())
    }
}

/// What happens to one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotWrite {
    /// Its name.
    pub name: String,
    /// What must be true of it.
    pub expect: Expect,
    /// What it becomes; none removes it.
    pub put: Option<SlotPut>,
}

/// The slot in which a guest remembers its operations. It is no application's, whose names have no capital letters, and so it
/// is not counted among those that a guest may have.
pub const OPERATIONS: &str = "OPERATIONS";

/// Names one commutative operation, which counts once, however often it is tried: 16 unpredictable bytes, the same in every
/// try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OperationId(pub [u8; 16]);

/// One atomic write of a session's data: all of its slots, or none. The data's version moves by one, and every slot that
/// is written gets that version, so that no slot ever has a version twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotsWrite {
    /// Through which session.
    pub serial: Serial,
    /// Where the data hangs.
    pub slots: SlotsId,
    /// When.
    pub at: Timestamp,
    /// How much it may hold afterwards.
    pub room: SlotRoom,
    /// The operations that this is, each of which must be new: none, unless it must count once; several when they were applied
    /// elsewhere before, to data that moves here.
    pub operations: Vec<OperationId>,
    /// The slots.
    pub writes: Vec<SlotWrite>,
}

/// How many segments a value of `length` bytes has; an empty one has one.
#[must_use]
pub fn count(length: u64) -> u32 {
    u32::try_from(length.div_ceil(SEGMENT_BYTES).max(1)).unwrap_or(u32::MAX)
}

/// The segments of `value`, in order.
pub fn cut(value: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let size = usize::try_from(SEGMENT_BYTES).unwrap_or(usize::MAX);
    let empty = value.is_empty().then_some(value);
    (0..).zip(empty.into_iter().chain(value.chunks(size)))
}

/// The segments that hold `bytes` bytes from `offset` on, of a value of `length` bytes; what lies behind its end is left out.
#[must_use]
pub fn span(length: u64, offset: u64, bytes: u64) -> Range<u32> {
    let end = offset.saturating_add(bytes).min(length);
    if offset >= end {
        return 0..0;
    }
    let number = |at: u64| u32::try_from(at).unwrap_or(u32::MAX);
    number(offset / SEGMENT_BYTES)..number(end.div_ceil(SEGMENT_BYTES))
}

/// The byte at which segment `number` begins.
#[must_use]
pub fn begins(number: u32) -> u64 {
    u64::from(number).saturating_mul(SEGMENT_BYTES)
}

/// Which segments a write of a value with `marks` must carry over `old`: all when the one is in one piece and the other is
/// not, or the old one has no marks; else those whose marks differ, and new ones.
#[must_use]
pub fn changed(old: Option<&SlotValue>, marks: &[Mark]) -> Vec<u32> {
    let marks = pieces(marks);
    let known = match old {
        Some(old) if (pieces(&old.marks).len() == 1) == (marks.len() == 1) => pieces(&old.marks),
        _ => &[],
    };
    let differs = |(number, mark): (u32, &Mark)| {
        let before = usize::try_from(number).ok().and_then(|at| known.get(at));
        (before != Some(mark)).then_some(number)
    };
    (0..).zip(marks).filter_map(differs).collect()
}

/// The marks of the segments, without that of the whole.
fn pieces(marks: &[Mark]) -> &[Mark] {
    marks.split_last().map_or(&[], |(_, pieces)| pieces)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SEGMENT: usize = 64 * 1024;

    fn byte(number: usize) -> u8 {
        u8::try_from(number % 256).unwrap()
    }

    /// Enough to tell segments of these tests apart.
    fn marks(value: &[u8]) -> Vec<Mark> {
        let mark = |(number, plain): (u32, &[u8])| {
            let hash = countersign_jose::primitive::sha256(&[&number.to_be_bytes(), plain].concat());
            Mark::try_from(&hash[..16]).unwrap()
        };
        cut(value).map(mark).chain([[0; 16]]).collect()
    }

    fn stored(value: &[u8]) -> SlotValue {
        SlotValue { length: value.len() as u64, marks: marks(value), ..SlotValue::default() }
    }

    fn values() -> impl Strategy<Value = Vec<u8>> {
        let edge = SEGMENT;
        let lengths = prop_oneof![0..9_usize, edge - 2..edge + 3, 2 * edge - 2..2 * edge + 3, 0..4 * edge];
        (lengths, any::<u8>())
            .prop_map(|(length, salt)| (0..length).map(|at| byte(at / 251) ^ byte(at) ^ salt).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn what_is_cut_joins_to_what_it_was(value in values()) {
            let pieces: Vec<_> = cut(&value).collect();
            prop_assert_eq!(u32::try_from(pieces.len()).unwrap(), count(value.len() as u64));
            let mut joined = Vec::new();
            for (number, piece) in pieces {
                prop_assert_eq!(begins(number), joined.len() as u64);
                prop_assert!(piece.len() as u64 <= SEGMENT_BYTES);
                joined.extend_from_slice(piece);
            }
            prop_assert_eq!(joined, value);
        }

        #[test]
        fn the_old_pieces_with_the_changed_ones_are_the_new_value(old in values(), new in values(), same in 0..4_usize) {
            // The two share some whole segments.
            let mut new = new;
            let shared = (same * SEGMENT).min(old.len()).min(new.len());
            new[..shared].copy_from_slice(&old[..shared]);
            let before = stored(&old);
            let carried = changed(Some(&before), &marks(&new));
            let kept: Vec<_> = cut(&old).collect();
            let mut joined = Vec::new();
            for (number, piece) in cut(&new) {
                match carried.contains(&number) {
                    true => joined.extend_from_slice(piece),
                    false => joined.extend_from_slice(kept[number as usize].1),
                }
            }
            prop_assert_eq!(&joined, &new);
            if count(old.len() as u64) > 1 && count(new.len() as u64) > 1 {
                prop_assert!(carried.iter().all(|number| begins(*number + 1) > shared as u64));
            }
        }

        #[test]
        fn a_span_is_the_fewest_segments_that_hold_it(value in values(), offset in 0..300_000_u64, bytes in 0..200_000_u64) {
            let length = value.len() as u64;
            let span = span(length, offset, bytes);
            let end = (offset + bytes).min(length);
            if offset >= end {
                prop_assert!(span.is_empty());
            } else {
                prop_assert!(begins(span.start) <= offset && offset < begins(span.start + 1));
                prop_assert!(begins(span.end - 1) < end && end <= begins(span.end));
                prop_assert!(span.end <= count(length));
            }
        }
    }

    #[test]
    fn one_changed_byte_changes_one_segment() {
        let mut value = vec![7; 10 * 1024 * 1024];
        let before = stored(&value);
        value[100 * SEGMENT + 5] ^= 1;
        assert_eq!(changed(Some(&before), &marks(&value)), [100]);
        assert!(changed(Some(&before), &before.marks).is_empty());
        assert_eq!(changed(None, &before.marks).len(), 160);
    }

    #[test]
    fn a_put_is_sound_when_its_segments_rise_inside_it() {
        let put = |length, numbers: &[u32], marks: usize| SlotPut {
            length,
            marks: vec![[0; 16]; marks],
            segments: numbers.iter().map(|number| Segment { number: *number, sealed: vec![] }).collect(),
        };
        assert!(SlotPut::one(3, vec![1]).is_sound() && SlotPut::one(3, vec![1]).is_whole());
        assert!(put(SEGMENT_BYTES + 1, &[0, 1], 3).is_whole());
        assert!(put(SEGMENT_BYTES + 1, &[1], 3).is_sound());
        assert!(!put(SEGMENT_BYTES + 1, &[1], 3).is_whole());
        for unsound in [put(5, &[1], 0), put(5, &[0, 0], 0), put(70_000, &[1, 0], 0), put(70_000, &[0], 2)] {
            assert!(!unsound.is_sound(), "{unsound:?}");
        }
    }
}
