//! The usual shape of claims, read in one pass that allocates nothing.
//!
//! One object without white space, of at most [`MOST`] members with distinct names, whose values
//! are strings without escapes, whole numbers, `true`, `false` or `null`. Whatever else a
//! document holds, or whatever is wrong with it, is not decided here: the answer is `None`, and
//! the strict scanner looks.
//!
//! INVARIANT: what is read here, [`Object::parse`](super::Object::parse) reads too, with the same
//! members. A reader that is quicker and says yes more often is how tokens are forged.

use core::cell::Cell;

use super::Value;

/// The most members. An access token has a dozen.
pub(crate) const MOST: usize = 24;
/// The longest document in bytes: positions are kept in 16 bits.
const LONGEST: usize = u16::MAX as usize;
/// So many digits always fit 64 bits.
const DIGITS: usize = 19;

/// The members of a flat object.
#[derive(Debug, Clone)]
pub(crate) struct Flat<'a> {
    text: &'a str,
    members: [Member; MOST],
    count: usize,
    /// One bit for each name, so that most absent names and most duplicates need no search.
    names: u64,
    /// Where the next member is looked for first: who writes claims and who reads them agree
    /// on an order, mostly.
    next: Cell<usize>,
}

/// A member: its name as a number, and where it stands, in bytes. The name ends two bytes before its value.
#[derive(Debug, Clone, Copy)]
struct Member {
    key: Key,
    name: u16,
    value: u16,
    end: u16,
}

impl Member {
    const NONE: Self = Self { key: Key([0; 2]), name: 0, value: 0, end: 0 };

    #[inline]
    fn new(key: Key, name: usize, value: usize, end: usize) -> Option<Self> {
        let short = |at: usize| u16::try_from(at).ok();
        Some(Self { key, name: short(name)?, value: short(value)?, end: short(end)? })
    }

    fn name<'a>(&self, text: &'a str) -> Option<&'a str> {
        text.get(usize::from(self.name)..usize::from(self.value).checked_sub(2)?)
    }

    #[inline]
    fn value<'a>(&self, text: &'a str) -> Option<Value<'a>> {
        let raw = text.get(usize::from(self.value)..usize::from(self.end))?;
        Some(Value { raw, plain: raw.as_bytes().first() == Some(&b'"') })
    }
}

impl<'a> Flat<'a> {
    /// Nothing was read yet.
    #[inline]
    pub(crate) const fn unread() -> Self {
        Self { text: "", members: [Member::NONE; MOST], count: 0, names: 0, next: Cell::new(0) }
    }

    /// Reads a document of the usual shape, once; `None` says nothing about any other.
    #[inline]
    pub(crate) fn read(&mut self, text: &'a str) -> Option<()> {
        self.text = text;
        let bytes = text.as_bytes();
        if bytes.first() != Some(&b'{') || bytes.len() > LONGEST || has_unusual(bytes) {
            return None;
        }
        let (mut at, mut twice) = (1, 0);
        for (before, place) in self.members.iter_mut().enumerate() {
            if bytes.get(at) != Some(&b'"') {
                return None;
            }
            let start = at + 1;
            let (key, name_end) = name(bytes, start)?;
            if bytes.get(name_end + 1) != Some(&b':') || key.is_dollar() {
                return None;
            }
            let value = name_end + 2;
            let end = scalar(bytes, value)?;
            *place = Member::new(key, start, value, end)?;
            twice |= self.names & key.bit();
            self.names |= key.bit();
            match bytes.get(end)? {
                b',' => at = end + 1,
                b'}' if end + 1 == bytes.len() => {
                    self.count = before + 1;
                    // Two names may share a bit: only then it takes a look at all of them.
                    return (twice == 0 || self.are_distinct()).then_some(());
                }
                _ => return None,
            }
        }
        None
    }

    #[cold]
    fn are_distinct(&self) -> bool {
        let known = || self.members.iter().take(self.count);
        known().enumerate().all(|(at, one)| {
            let same = |other: &Member| {
                other.key == one.key && (one.key.is_whole() || other.name(self.text) == one.name(self.text))
            };
            !known().take(at).any(same)
        })
    }

    #[inline(never)]
    fn position(&self, key: Key, name: &str) -> Option<usize> {
        let known = self.members.get(..self.count)?;
        let same = |one: &Member| one.key == key && (key.is_whole() || one.name(self.text) == Some(name));
        known.iter().position(same)
    }

    /// The member of this name. Nearly all names are known where this is called, and then their numbers
    /// are, too.
    #[inline(always)]
    pub(crate) fn member(&self, name: &str) -> Option<Value<'a>> {
        let key = Key::of(name.as_bytes());
        if self.names & key.bit() == 0 {
            return None;
        }
        let next = self.next.get();
        if let Some(here) = self.members.get(next).filter(|here| here.key == key && key.is_whole()) {
            self.next.set(next + 1);
            return here.value(self.text);
        }
        let place = self.position(key, name)?;
        self.next.set(place + 1);
        self.members.get(place)?.value(self.text)
    }

    /// All members, in the order of the document.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        let members = self.members.iter().take(self.count);
        members.filter_map(|member| Some((member.name(self.text)?, member.value(self.text)?)))
    }
}

/// Names of so many bytes are equal when their keys are.
const WHOLE: usize = 15;

/// A name as two numbers: its first bytes, and above them how many there are and one more. No name has
/// the key of an empty place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key([u64; 2]);

impl Key {
    #[inline(always)]
    fn of(name: &[u8]) -> Self {
        match name.split_first_chunk::<8>() {
            Some((eight, rest)) => {
                let seven = rest.first_chunk::<7>().map_or(rest, |seven| seven.as_slice());
                Self::new(u64::from_le_bytes(*eight), few(seven), name.len())
            }
            None => Self::new(few(name), 0, name.len()),
        }
    }

    #[inline(always)]
    fn new(low: u64, high: u64, length: usize) -> Self {
        // Names that are longer than the number can say are compared whole anyway.
        Self([low, high | u64::from(u8::try_from(length + 1).unwrap_or(u8::MAX)) << 56])
    }

    #[inline(always)]
    const fn is_whole(self) -> bool {
        let Self([_, high]) = self;
        high >> 56 <= WHOLE as u64 + 1
    }

    /// Names that begin with `$` may be serde_json's own and are looked at by the strict reader.
    #[inline]
    const fn is_dollar(self) -> bool {
        let Self([low, _]) = self;
        low & 0xff == b'$' as u64
    }

    /// The bit of a name among 64. Different names may share one; the factor is such that the registered
    /// claims of access and ID tokens do not.
    #[inline(always)]
    const fn bit(self) -> u64 {
        let Self([low, high]) = self;
        1 << ((low ^ high).wrapping_mul(0x501f_c6f4_3d06_1f79) >> 58)
    }
}

/// The name that begins at `start`, and where the quote behind it stands.
#[inline]
fn name(bytes: &[u8], start: usize) -> Option<(Key, usize)> {
    let rest = bytes.get(start..)?;
    // Nearly all names end within sixteen bytes.
    if let Some(window) = rest.first_chunk::<16>() {
        let [low, high] = halves(window);
        let found = quotes(low);
        if found != 0 {
            let length = first_byte(found);
            return Some((Key::new(low & before_first(found), 0, length), start + length));
        }
        let found = quotes(high);
        if found != 0 {
            let length = 8 + first_byte(found);
            return Some((Key::new(low, high & before_first(found), length), start + length));
        }
    }
    let end = quote(bytes, start)?;
    Some((Key::of(bytes.get(start..end)?), end))
}

/// Seven bytes or less as a number.
#[inline(always)]
fn few(bytes: &[u8]) -> u64 {
    match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        // The first four and the last four, which may have some in common.
        (Some(first), Some(last)) => {
            u64::from(u32::from_le_bytes(*first))
                | u64::from(u32::from_le_bytes(*last)) << (8 * (bytes.len() - 4))
        }
        _ => bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)),
    }
}

#[inline]
fn halves(bytes: &[u8; 16]) -> [u64; 2] {
    let (mut halves, (eights, _)) = ([0; 2], bytes.as_chunks::<8>());
    halves.iter_mut().zip(eights).for_each(|(half, eight)| *half = u64::from_le_bytes(*eight));
    halves
}

/// Where the value that begins at `at` ends.
#[inline]
fn scalar(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    match rest.first()? {
        b'"' => Some(quote(bytes, at + 1)? + 1),
        first @ b'0'..=b'9' => {
            let digits = digits(rest);
            let sound = digits <= DIGITS && (digits == 1 || *first != b'0');
            sound.then_some(at + digits)
        }
        _ => {
            let word = [&b"true"[..], b"false", b"null"].into_iter().find(|word| rest.starts_with(word))?;
            Some(at + word.len())
        }
    }
}

/// Whether some byte is a backslash or a control character, which no document of the usual shape
/// has, in strings or between them. It looks at all of them, because that is quicker than to stop.
#[inline]
fn has_unusual(bytes: &[u8]) -> bool {
    bytes.iter().fold(false, |found, byte| found | (*byte < 0x20) | (*byte == b'\\'))
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Of eight bytes those that are quotes: the lowest bit that is set stands in the first of them. Bits above it
/// mean nothing.
#[inline]
const fn quotes(eight: u64) -> u64 {
    let other = eight ^ (ONES * b'"' as u64);
    other.wrapping_sub(ONES) & !other & HIGH
}

/// All bits of the bytes that stand before the first in which a bit is set, the highest of its byte.
#[inline]
const fn before_first(bits: u64) -> u64 {
    (bits ^ bits.wrapping_sub(1)) >> 8
}

/// The place of the first quote from `at` on.
#[inline(never)]
fn quote(bytes: &[u8], mut at: usize) -> Option<usize> {
    let (eights, rest) = bytes.get(at..)?.as_chunks::<8>();
    for eight in eights {
        let found = quotes(u64::from_le_bytes(*eight));
        if found != 0 {
            return Some(at + first_byte(found));
        }
        at += 8;
    }
    Some(at + rest.iter().position(|byte| *byte == b'"')?)
}

/// How many digits there are, one after another; more than [`DIGITS`] are not counted to their end.
#[inline]
fn digits(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        // A digit is 0 to 9 above `0`: with 118 added, nothing else stays below 128.
        let above = u64::from_le_bytes(*eight) ^ (ONES * b'0' as u64);
        let other = (((above & !HIGH) + ONES * 118) | above) & HIGH;
        if other != 0 {
            return at + first_byte(other);
        }
        at += 8;
        if at > DIGITS {
            return at;
        }
    }
    at + bytes.iter().skip(at).take_while(|byte| byte.is_ascii_digit()).count()
}

/// The first byte of eight in which a bit is set.
#[inline]
fn first_byte(bits: u64) -> usize {
    usize::try_from(bits.trailing_zeros() / 8).unwrap_or_default()
}

#[cfg(test)]
mod tests;
