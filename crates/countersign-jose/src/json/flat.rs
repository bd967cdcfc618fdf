//! The usual shape of claims, read in one pass that allocates nothing.
//!
//! One object without white space, of at most [`MOST`] members with distinct names, whose values
//! are strings without escapes, whole numbers, `true`, `false` or `null`. Whatever else a
//! document holds, or whatever is wrong with it, is not decided here: the answer is `None`, and
//! the strict scanner looks.
//!
//! INVARIANT: what is read here, [`Object::parse`](super::Object::parse) reads too, with the same
//! members. A reader that is quicker and says yes more often is how tokens are forged.

use super::{HIGH, ONES, Value, joined, no_digits};

/// The most members. An access token has a dozen.
pub(crate) const MOST: usize = 24;
/// The longest document in bytes: positions are kept in 16 bits.
const LONGEST: usize = u16::MAX as usize;
/// So many digits always fit 64 bits.
const DIGITS: usize = 19;
/// Of so many places each name has one, so that it is found, and a duplicate seen, without a search.
const PLACES: usize = 64;
/// A place that no name has. No member has this number.
const FREE: u8 = u8::MAX;

/// The members of a flat object.
#[derive(Debug, Clone)]
pub(crate) struct Flat<'a> {
    text: &'a str,
    members: [Member; MOST],
    count: usize,
    /// Which member the name of a place has. Where two names share a place, it is the later one.
    places: [u8; PLACES],
}

/// A member: its name as a number, and where it stands, in bytes. The name ends two bytes before its value.
#[derive(Debug, Clone, Copy)]
struct Member {
    key: Key,
    /// What it is, where it is a number.
    number: u64,
    name: u16,
    value: u16,
    end: u16,
    kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Number,
    Text,
}

impl Member {
    const NONE: Self = Self { key: Key([0; 2]), number: 0, name: 0, value: 0, end: 0, kind: Kind::Word };

    fn name<'a>(&self, text: &'a str) -> Option<&'a str> {
        text.get(usize::from(self.name)..usize::from(self.value).checked_sub(2)?)
    }

    fn value<'a>(&self, text: &'a str) -> Option<Value<'a>> {
        let raw = text.get(usize::from(self.value)..usize::from(self.end))?;
        Some(Value { raw, plain: self.kind == Kind::Text })
    }
}

impl<'a> Flat<'a> {
    /// Nothing was read yet.
    #[inline]
    pub(crate) const fn unread() -> Self {
        Self { text: "", members: [Member::NONE; MOST], count: 0, places: [FREE; PLACES] }
    }

    /// Reads a document of the usual shape, once; `None` says nothing about any other.
    #[inline]
    pub(crate) fn read(&mut self, text: &'a str) -> Option<()> {
        self.text = text;
        let bytes = text.as_bytes();
        if !bytes.starts_with(b"{\"") || bytes.len() > LONGEST || has_unusual(bytes) {
            return None;
        }
        let (mut start, mut known) = (2, FREE);
        for (before, member) in (0..).zip(&mut self.members) {
            let (key, name_end) = name(bytes, start)?;
            let [b'"', b':', first] = *bytes.get(name_end..)?.first_chunk::<3>()? else { return None };
            if key.is_dollar() {
                return None;
            }
            let value = name_end + 2;
            let (end, number, kind) = scalar(bytes, value, first)?;
            let short = |at: usize| u16::try_from(at).ok();
            *member =
                Member { key, number, name: short(start)?, value: short(value)?, end: short(end)?, kind };
            let place = self.places.get_mut(key.place())?;
            known &= *place;
            *place = before;
            let rest = bytes.get(end..)?;
            if let Some(b",\"") = rest.first_chunk() {
                start = end + 2;
                continue;
            }
            self.count = usize::from(before) + 1;
            // Two names may share a place: only then it takes a look at all of them.
            return (rest == b"}" && (known == FREE || self.are_distinct())).then_some(());
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

    /// A name that shares its place, or is too long to be a number.
    #[cold]
    fn search(&self, key: Key, name: &str) -> Option<&Member> {
        let known = self.members.get(..self.count)?;
        known.iter().find(|one| one.key == key && (key.is_whole() || one.name(self.text) == Some(name)))
    }

    /// Nearly all names are known where this is called, and then their numbers are, too.
    #[inline(always)]
    fn find(&self, name: &str) -> Option<&Member> {
        let key = Key::of(name.as_bytes());
        let here = self.members.get(usize::from(*self.places.get(key.place())?))?;
        if here.key == key && key.is_whole() { Some(here) } else { self.search(key, name) }
    }

    /// The member of this name.
    #[inline(always)]
    pub(crate) fn member(&self, name: &str) -> Option<Value<'a>> {
        self.find(name)?.value(self.text)
    }

    /// As [`Value::text`] of the member.
    #[inline(always)]
    pub(crate) fn plain(&self, name: &str) -> Option<Option<&'a str>> {
        let Member { value, end, kind, .. } = *self.find(name)?;
        if kind != Kind::Text {
            return Some(None);
        }
        Some(self.text.get(usize::from(value) + 1..usize::from(end).checked_sub(1)?))
    }

    /// As [`Value::integer`] of the member.
    #[inline(always)]
    pub(crate) fn integer(&self, name: &str) -> Option<Option<u64>> {
        let member = self.find(name)?;
        Some((member.kind == Kind::Number).then_some(member.number))
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

    /// The place of a name among [`PLACES`]. Different names may share one; the factor is such that the registered
    /// claims of access and ID tokens do not.
    #[inline(always)]
    fn place(self) -> usize {
        let Self([low, high]) = self;
        usize::try_from((low ^ high).wrapping_mul(0x501f_c6f4_3d06_1f79) >> 58).unwrap_or_default()
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

/// Where the value that begins at `at` with this byte ends, and what it is.
#[inline]
fn scalar(bytes: &[u8], at: usize, first: u8) -> Option<(usize, u64, Kind)> {
    match first {
        b'"' => Some((quote(bytes, at + 1)? + 1, 0, Kind::Text)),
        b'0'..=b'9' => {
            let (digits, number) = number(bytes.get(at..)?)?;
            (digits == 1 || first != b'0').then_some((at + digits, number, Kind::Number))
        }
        _ => {
            let rest = bytes.get(at..)?;
            let word = [&b"true"[..], b"false", b"null"].into_iter().find(|word| rest.starts_with(word))?;
            Some((at + word.len(), 0, Kind::Word))
        }
    }
}

/// Whether some byte is a backslash or a control character, which no document of the usual shape
/// has, in strings or between them. It looks at all of them, because that is quicker than to stop.
#[inline]
fn has_unusual(bytes: &[u8]) -> bool {
    /// So many at once.
    const WIDE: usize = 32;
    // Of each column the least byte so far, where a backslash counts as a control character.
    let least = |mut least: [u8; WIDE], row: &[u8; WIDE]| {
        for (least, byte) in least.iter_mut().zip(row) {
            *least = (*least).min(*byte).min((byte ^ b'\\').saturating_add(0x1f));
        }
        least
    };
    let (rows, rest) = bytes.as_chunks::<WIDE>();
    let all = rows.iter().fold([u8::MAX; WIDE], least);
    let all = match bytes.last_chunk::<WIDE>() {
        // It may have some in common with the row before.
        Some(last) => least(all, last),
        None => rest.iter().fold(all, |all, byte| least(all, &[*byte; WIDE])),
    };
    all.iter().fold(false, |found, byte| found | (*byte < 0x20))
}

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
#[inline(always)]
fn quote(bytes: &[u8], at: usize) -> Option<usize> {
    let mut rest = bytes.get(at..)?;
    while let Some((sixteen, behind)) = rest.split_first_chunk::<16>() {
        // All of them at once, which is one comparison for most processors.
        if sixteen.iter().fold(false, |found, byte| found | (*byte == b'"')) {
            let [low, high] = halves(sixteen).map(quotes);
            let place = if low == 0 { 8 + first_byte(high) } else { first_byte(low) };
            return Some(bytes.len() - rest.len() + place);
        }
        rest = behind;
    }
    Some(bytes.len() - rest.len() + rest.iter().position(|byte| *byte == b'"')?)
}

/// How many digits there are, one after another, and the number that they are; `None` for more than
/// [`DIGITS`].
#[inline]
fn number(bytes: &[u8]) -> Option<(usize, u64)> {
    let (mut rest, mut digits, mut number) = (bytes, 0, 0_u64);
    // Of too many digits the number is nonsense, and nobody sees it.
    let more = |number: u64, power: u64, more: u64| number.wrapping_mul(power).wrapping_add(more);
    let fits = |digits: usize, number: u64| (digits <= DIGITS).then_some((digits, number));
    while let Some((eight, behind)) = rest.split_first_chunk::<8>() {
        let above = u64::from_le_bytes(*eight) ^ (ONES * b'0' as u64);
        let other = no_digits(above);
        if other != 0 {
            // What stands before it, moved to the end, and zeros before that.
            let few = first_byte(other);
            let last = joined(above << (8 * (7 - few)) << 8);
            return fits(digits + few, more(number, *POWERS.get(few)?, last));
        }
        number = more(number, 100_000_000, joined(above));
        digits += 8;
        rest = behind;
    }
    for byte in rest.iter().take_while(|byte| byte.is_ascii_digit()) {
        number = more(number, 10, u64::from(byte - b'0'));
        digits += 1;
    }
    fits(digits, number)
}

/// Of ten: how many with so many digits there are.
const POWERS: [u64; 8] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];

/// The first byte of eight in which a bit is set.
#[inline]
fn first_byte(bits: u64) -> usize {
    usize::try_from(bits.trailing_zeros() / 8).unwrap_or_default()
}

#[cfg(test)]
mod tests;
