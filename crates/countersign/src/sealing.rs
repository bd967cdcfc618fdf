//! How the values of slots are sealed: each segment by itself, with a keyed mark that tells whether it has changed. Who may
//! read or write is decided elsewhere.
//!
//! A segment opens at its own place (session, slot, number) and under its own mark only; the last mark holds the length and
//! all the others together. So whoever can write the store but has no key can neither move a segment, nor cut a value short,
//! nor put a piece of an older value into a newer one. What they can do is put back an older value as a whole.

use std::ops::Range;

use countersign_core::Fault;
use countersign_core::id::SlotsId;
use countersign_core::slot::{self, Mark, Segment, SlotPut, SlotValue};
use countersign_jose::primitive::{SealingKey, derive, hmac_sha256, same};
use zeroize::Zeroizing;

use crate::engine::Engine;
use crate::error::crypto;

/// The keys to the data of one session.
pub(crate) struct SlotKeys {
    seal: SealingKey,
    mark: Zeroizing<[u8; 32]>,
    slots: SlotsId,
}

impl SlotKeys {
    /// The keys to `slots` under the data key of whose it is.
    pub(crate) fn new(key: &[u8; 32], slots: &SlotsId) -> Result<Self, Fault> {
        let mark = Zeroizing::new(derive(key, "slot marks"));
        Ok(Self { seal: SealingKey::new(key).map_err(crypto)?, mark, slots: slots.clone() })
    }

    /// The plain bytes of all the segments of `found`, one behind the other.
    ///
    /// # Errors
    /// [`Fault::Codec`] names the slot: a segment is missing, or is not what was sealed at its place.
    pub(crate) fn open(&self, name: &str, found: &SlotValue) -> Result<Zeroizing<Vec<u8>>, Fault> {
        self.open_span(name, found, 0..slot::count(found.length))
    }

    /// The plain bytes of the segments `span` of a value in segments, or of all of a value in one piece.
    ///
    /// # Errors
    /// As [`SlotKeys::open`].
    pub(crate) fn open_span(
        &self,
        name: &str,
        found: &SlotValue,
        span: Range<u32>,
    ) -> Result<Zeroizing<Vec<u8>>, Fault> {
        if is_one_piece(found) {
            let piece = found.segments.first().ok_or_else(|| damaged(name))?;
            let opened = self.seal.open(&place(&self.slots, name), &piece.sealed);
            let plain = opened.map_err(|_| damaged(name))?;
            return fits(plain, found.length).ok_or_else(|| damaged(name));
        }
        if !self.is_whole(name, found)
            || !found.segments.iter().map(|segment| segment.number).eq(span.clone())
        {
            return Err(damaged(name));
        }
        let mut plain = Zeroizing::new(Vec::new());
        for Segment { number, sealed } in &found.segments {
            let mark = mark_at(&found.marks, *number).ok_or_else(|| damaged(name))?;
            let opened = self.seal.open(&self.bound(name, *number, mark), sealed);
            plain.extend_from_slice(&opened.map_err(|_| damaged(name))?);
        }
        let bytes = slot::begins(span.end).min(found.length).saturating_sub(slot::begins(span.start));
        fits(plain, bytes).ok_or_else(|| damaged(name))
    }

    /// What makes the slot `value`, carrying only what `old` has not.
    pub(crate) fn put(
        &self,
        engine: &Engine,
        name: &str,
        old: Option<&SlotValue>,
        value: &[u8],
    ) -> Result<SlotPut, Fault> {
        let length = u64::try_from(value.len()).unwrap_or(u64::MAX);
        let mut marks: Vec<_> =
            slot::cut(value).map(|(number, plain)| self.mark(name, number, plain)).collect();
        marks.push(self.mark_of_all(name, length, &marks));
        let changed = slot::changed(old, &marks);
        let mut segments = Vec::with_capacity(changed.len());
        for (number, plain) in slot::cut(value).filter(|(number, _)| changed.binary_search(number).is_ok()) {
            let place = match slot::count(length) {
                1 => place(&self.slots, name),
                _ => self.bound(name, number, mark_at(&marks, number).ok_or_else(|| damaged(name))?),
            };
            segments.push(Segment { number, sealed: self.seal(engine, &place, plain)? });
        }
        Ok(SlotPut { length, marks, segments })
    }

    /// What writes `bytes` at `offset` over `found`, which holds the segments concerned. They lie inside the value.
    pub(crate) fn put_part(
        &self,
        engine: &Engine,
        name: &str,
        found: &SlotValue,
        (offset, bytes): (u64, &[u8]),
    ) -> Result<SlotPut, Fault> {
        let span = slot::span(found.length, offset, u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        let mut plain = self.open_span(name, found, span.clone())?;
        let one = is_one_piece(found);
        let begins = if one { 0 } else { slot::begins(span.start) };
        let skip = usize::try_from(offset.saturating_sub(begins)).unwrap_or(usize::MAX);
        plain.iter_mut().skip(skip).zip(bytes).for_each(|(to, from)| *to = *from);
        if one {
            return self.put(engine, name, Some(found), &plain);
        }
        let (mut marks, mut segments) = (found.marks.clone(), Vec::new());
        marks.pop();
        for ((_, piece), number) in slot::cut(&plain).zip(span) {
            let known = usize::try_from(number).ok().and_then(|at| marks.get_mut(at));
            let mark = self.mark(name, number, piece);
            *known.ok_or_else(|| damaged(name))? = mark;
            segments.push(Segment {
                number,
                sealed: self.seal(engine, &self.bound(name, number, &mark), piece)?,
            });
        }
        marks.push(self.mark_of_all(name, found.length, &marks));
        Ok(SlotPut { length: found.length, marks, segments })
    }

    fn seal(&self, engine: &Engine, place: &[u8], plain: &[u8]) -> Result<Vec<u8>, Fault> {
        self.seal.seal(engine.chance()?, place, plain).map_err(crypto)
    }

    /// The mark of a plain segment: another place or another key gives an unrelated one.
    fn mark(&self, name: &str, number: u32, plain: &[u8]) -> Mark {
        self.hash(&self.place_of(name, number), plain)
    }

    /// The mark of the length and of all segments' marks.
    fn mark_of_all(&self, name: &str, length: u64, marks: &[Mark]) -> Mark {
        let place = [place(&self.slots, name).as_slice(), b"=", &length.to_be_bytes()].concat();
        self.hash(&place, marks.as_flattened())
    }

    /// Whether length and marks are of one value that was written here.
    fn is_whole(&self, name: &str, found: &SlotValue) -> bool {
        let Some((all, marks)) = found.marks.split_last() else { return false };
        u32::try_from(marks.len()) == Ok(slot::count(found.length))
            && same(all, &self.mark_of_all(name, found.length, marks))
    }

    fn hash(&self, place: &[u8], bytes: &[u8]) -> Mark {
        let length = u64::try_from(place.len()).unwrap_or(u64::MAX).to_be_bytes();
        first_half(hmac_sha256(&self.mark, &[&length, place, bytes]))
    }

    /// What a segment is bound to.
    fn bound(&self, name: &str, number: u32, mark: &Mark) -> Vec<u8> {
        [self.place_of(name, number).as_slice(), mark].concat()
    }

    /// No slot's name has a `/` or a `=`, so no segment's place is that of a value in one piece.
    fn place_of(&self, name: &str, number: u32) -> Vec<u8> {
        [place(&self.slots, name).as_slice(), b"/", &number.to_be_bytes()].concat()
    }
}

/// What a value in one piece is bound to: it opens in no other session and under no other name.
pub(crate) fn place(slots: &SlotsId, name: &str) -> Vec<u8> {
    // An id has one length, so the two need no mark between them.
    [slots.as_str().as_bytes(), name.as_bytes()].concat()
}

/// Whether the value is kept in one piece: it is short, or was written before there were segments and has no marks.
pub(crate) fn is_one_piece(found: &SlotValue) -> bool {
    slot::count(found.length) == 1 || found.marks.is_empty()
}

/// `plain` if it has that many bytes.
fn fits(plain: Zeroizing<Vec<u8>>, bytes: u64) -> Option<Zeroizing<Vec<u8>>> {
    (u64::try_from(plain.len()) == Ok(bytes)).then_some(plain)
}

fn mark_at(marks: &[Mark], number: u32) -> Option<&Mark> {
    marks.get(usize::try_from(number).ok()?)
}

fn damaged(name: &str) -> Fault {
    Fault::Codec(format!("the slot `{name}` is not what was written"))
}

fn first_half(hash: [u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    half
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Rig;

    const SEGMENT: usize = 64 * 1024;

    fn slots(number: u32) -> SlotsId {
        serde_json::from_value(format!("data_{number:032x}").into()).unwrap()
    }

    /// `put` over `old`, as a store keeps it.
    fn kept(old: Option<&SlotValue>, put: SlotPut) -> SlotValue {
        let mut segments = old.map(|old| old.segments.clone()).unwrap_or_default();
        segments.retain(|kept| put.segments.iter().all(|new| new.number != kept.number));
        segments.extend(put.segments);
        segments.sort_by_key(|segment| segment.number);
        SlotValue { length: put.length, marks: put.marks, segments, ..SlotValue::default() }
    }

    #[tokio::test]
    async fn a_piece_opens_at_its_own_place_and_in_its_own_value_only() {
        let rig = Rig::new().await.unwrap();
        let keys = SlotKeys::new(&[1; 32], &slots(1)).unwrap();
        let value = vec![7; 3 * SEGMENT];
        let put = |keys: &SlotKeys, name: &str, value: &[u8]| {
            kept(None, keys.put(&rig.engine, name, None, value).unwrap())
        };
        let film = put(&keys, "film", &value);
        assert_eq!(*keys.open("film", &film).unwrap(), value);
        let mut newer = value.clone();
        newer[2 * SEGMENT] = 8;
        let later = kept(Some(&film), keys.put(&rig.engine, "film", Some(&film), &newer).unwrap());
        assert_eq!(*keys.open("film", &later).unwrap(), newer);

        let refused = |what: &str, change: &dyn Fn(&mut SlotValue)| {
            let mut found = later.clone();
            change(&mut found);
            assert_eq!(keys.open("film", &found).unwrap_err(), damaged("film"), "{what}");
        };
        refused("two pieces swapped", &|found| {
            let first = found.segments[0].sealed.clone();
            found.segments[0].sealed = std::mem::replace(&mut found.segments[1].sealed, first);
        });
        refused("a piece of the value before", &|found| found.segments[2] = film.segments[2].clone());
        refused("the marks of the value before", &|found| found.marks.clone_from(&film.marks));
        refused("one mark of the value before", &|found| found.marks[2] = film.marks[2]);
        refused("a piece and its mark of the value before", &|found| {
            found.segments[2] = film.segments[2].clone();
            found.marks[2] = film.marks[2];
        });
        refused("a piece missing", &|found| drop(found.segments.pop()));
        refused("cut short", &|found| {
            found.length = 2 * SEGMENT as u64;
            found.segments.pop();
            found.marks.remove(2);
        });
        refused("another length", &|found| found.length -= 1);
        refused("no marks", &|found| found.marks.clear());
        for (whose, key, data, name) in [
            ("of another slot", 1, 1, "cart"),
            ("of another session", 1, 2, "film"),
            ("of another person", 2, 1, "film"),
        ] {
            let other = put(&SlotKeys::new(&[key; 32], &slots(data)).unwrap(), name, &newer);
            refused(whose, &|found| *found = other.clone());
            refused(whose, &|found| found.segments[1] = other.segments[1].clone());
        }
    }

    #[tokio::test]
    async fn a_value_in_one_piece_is_neither_moved_nor_cut_short() {
        let rig = Rig::new().await.unwrap();
        let keys = SlotKeys::new(&[1; 32], &slots(1)).unwrap();
        let cart = kept(None, keys.put(&rig.engine, "cart", None, b"rope").unwrap());
        assert_eq!(keys.open("cart", &cart).unwrap().as_slice(), b"rope");
        assert_eq!(keys.open("note", &cart).unwrap_err(), damaged("note"));
        let elsewhere = SlotKeys::new(&[1; 32], &slots(2)).unwrap();
        assert_eq!(elsewhere.open("cart", &cart).unwrap_err(), damaged("cart"));
        for length in [3, 5, SEGMENT as u64 + 1] {
            let found = SlotValue { length, ..cart.clone() };
            assert_eq!(keys.open("cart", &found).unwrap_err(), damaged("cart"), "{length}");
        }
        let film = kept(None, keys.put(&rig.engine, "cart", None, &vec![7; SEGMENT + 1]).unwrap());
        let found = SlotValue { segments: film.segments, ..cart };
        assert_eq!(keys.open("cart", &found).unwrap_err(), damaged("cart"), "a segment is no whole value");
    }

    #[tokio::test]
    async fn only_what_differs_is_sealed_again() {
        let rig = Rig::new().await.unwrap();
        let keys = SlotKeys::new(&[1; 32], &slots(1)).unwrap();
        let mut value = vec![7; 3 * SEGMENT];
        let old = kept(None, keys.put(&rig.engine, "film", None, &value).unwrap());
        value[SEGMENT] = 8;
        let put = keys.put(&rig.engine, "film", Some(&old), &value).unwrap();
        assert_eq!(put.segments.iter().map(|segment| segment.number).collect::<Vec<_>>(), [1]);
        let part = keys
            .put_part(
                &rig.engine,
                "film",
                &SlotValue { segments: vec![old.segments[1].clone()], ..old.clone() },
                (SEGMENT as u64, &[8]),
            )
            .unwrap();
        assert_eq!(part.marks, put.marks);
        assert_eq!(*keys.open("film", &kept(Some(&old), part)).unwrap(), value);
    }
}
