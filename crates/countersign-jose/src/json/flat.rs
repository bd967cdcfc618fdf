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
    /// The names, each as one number.
    keys: [u64; MOST],
    spans: [Span; MOST],
    count: usize,
    /// One bit for each name, so that most absent names and most duplicates need no search.
    names: u64,
    /// Where the next member is looked for first: who writes claims and who reads them agree
    /// on an order, mostly.
    next: Cell<usize>,
}

/// Where a member stands, in bytes; the name ends two bytes before its value.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    name: u16,
    value: u16,
    end: u16,
}

impl Span {
    fn new(name: usize, value: usize, end: usize) -> Option<Self> {
        let short = |at: usize| u16::try_from(at).ok();
        Some(Self { name: short(name)?, value: short(value)?, end: short(end)? })
    }

    fn name<'a>(&self, text: &'a str) -> Option<&'a str> {
        text.get(usize::from(self.name)..usize::from(self.value).checked_sub(2)?)
    }

    fn value<'a>(&self, text: &'a str) -> Option<Value<'a>> {
        let raw = text.get(usize::from(self.value)..usize::from(self.end))?;
        Some(Value { raw, plain: raw.as_bytes().first() == Some(&b'"') })
    }
}

impl<'a> Flat<'a> {
    /// Nothing was read yet.
    #[inline]
    pub(crate) const fn unread() -> Self {
        const NONE: Span = Span { name: 0, value: 0, end: 0 };
        Self { text: "", keys: [0; MOST], spans: [NONE; MOST], count: 0, names: 0, next: Cell::new(0) }
    }

    /// Reads a document of the usual shape, once; `None` says nothing about any other.
    #[inline]
    pub(crate) fn read(&mut self, text: &'a str) -> Option<()> {
        self.text = text;
        let bytes = text.as_bytes();
        if bytes.first() != Some(&b'{') || bytes.len() > LONGEST || has_unusual(bytes) {
            return None;
        }
        let mut at = 1;
        loop {
            if bytes.get(at) != Some(&b'"') {
                return None;
            }
            let name = at + 1;
            let name_end = quote(bytes, name)?;
            if bytes.get(name_end + 1) != Some(&b':') {
                return None;
            }
            let value = name_end + 2;
            let end = scalar(bytes, value)?;
            self.push(key_at(bytes, name, name_end)?, Span::new(name, value, end)?)?;
            match bytes.get(end)? {
                b',' => at = end + 1,
                b'}' if end + 1 == bytes.len() => return Some(()),
                _ => return None,
            }
        }
    }

    /// Keeps a member; `None` when its name was there before, or there is no room. Names that begin
    /// with `$` may be serde_json's own and are looked at by the strict reader.
    #[inline]
    fn push(&mut self, key: u64, span: Span) -> Option<()> {
        if key & 0xff == u64::from(b'$') {
            return None;
        }
        let bit = bit(key);
        if self.names & bit != 0 && self.position(key, span.name(self.text)?).is_some() {
            return None;
        }
        *self.keys.get_mut(self.count)? = key;
        *self.spans.get_mut(self.count)? = span;
        self.names |= bit;
        self.count += 1;
        Some(())
    }

    #[inline]
    fn position(&self, key: u64, name: &str) -> Option<usize> {
        let keys = self.keys.get(..self.count)?;
        if name.len() <= WHOLE {
            return keys.iter().position(|known| *known == key);
        }
        let same = |(known, span): (&u64, &Span)| *known == key && span.name(self.text) == Some(name);
        keys.iter().zip(&self.spans).position(same)
    }

    /// The member of this name.
    #[inline]
    pub(crate) fn member(&self, name: &str) -> Option<Value<'a>> {
        let key = key(name.as_bytes());
        if self.names & bit(key) == 0 { None } else { self.look_up(key, name) }
    }

    fn look_up(&self, key: u64, name: &str) -> Option<Value<'a>> {
        let next = self.next.get();
        let here = name.len() <= WHOLE && next < self.count && self.keys.get(next) == Some(&key);
        let place = if here { next } else { self.position(key, name)? };
        self.next.set(place + 1);
        self.spans.get(place)?.value(self.text)
    }

    /// All members, in the order of the document.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        let spans = self.spans.iter().take(self.count);
        spans.filter_map(|span| Some((span.name(self.text)?, span.value(self.text)?)))
    }
}

/// Names of so many bytes are equal when their keys are.
const WHOLE: usize = 7;

/// A name as one number: its first bytes, and its length above them.
#[inline]
fn key(name: &[u8]) -> u64 {
    let start = match (name, name.first_chunk::<8>(), name.first_chunk::<4>(), name.last_chunk::<4>()) {
        (_, Some(eight), ..) => u64::from_le_bytes(*eight) & u64::MAX >> 8,
        // Four to seven bytes: the first four and the last four, which may have some in common.
        (_, None, Some(first), Some(last)) => {
            u64::from(u32::from_le_bytes(*first))
                | u64::from(u32::from_le_bytes(*last)) << (8 * (name.len() - 4))
        }
        (few, ..) => few.iter().rev().fold(0, |key, byte| key << 8 | u64::from(*byte)),
    };
    start | length_of(name.len())
}

/// As [`key`], of a name within a document: all its bytes at once, if eight are left.
#[inline]
fn key_at(bytes: &[u8], name: usize, end: usize) -> Option<u64> {
    let Some(eight) = bytes.get(name..)?.first_chunk::<8>() else { return bytes.get(name..end).map(key) };
    let length = end.checked_sub(name)?;
    let mask = (1 << (8 * length.min(WHOLE))) - 1;
    Some(u64::from_le_bytes(*eight) & mask | length_of(length))
}

#[inline]
fn length_of(length: usize) -> u64 {
    // Names that are longer than the number can say are compared whole anyway.
    u64::from(u8::try_from(length).unwrap_or(u8::MAX)) << 56
}

/// The bit of a name among 64. Different names may share one.
#[inline]
const fn bit(key: u64) -> u64 {
    1 << (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58)
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

/// The place of the first quote from `at` on.
#[inline]
fn quote(bytes: &[u8], mut at: usize) -> Option<usize> {
    let (eights, rest) = bytes.get(at..)?.as_chunks::<8>();
    for eight in eights {
        // The lowest bit that is set stands in the first byte that is a quote. Bits above it mean nothing.
        let other = u64::from_le_bytes(*eight) ^ (ONES * b'"' as u64);
        let found = other.wrapping_sub(ONES) & !other & HIGH;
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
