//! Strict JSON: one reading of a document, or none.
//!
//! RFC 8259 lets parsers differ: on members that occur twice, on lone surrogates, on what may
//! follow the value, on numbers that do not fit. Where two parsers differ, a token can mean one
//! thing to the one that checks it and another to the one that acts on it. So this one refuses
//! all of that (RFC 7493, I-JSON), at every depth, in one pass without recursion, and hands out
//! spans of the text, decoded only on request.
//!
//! It decides what a document says. Which members must be there is decided by the callers.

mod flat;
mod scan;

use core::fmt;
use std::borrow::Cow;

pub(crate) use flat::Flat;
use scan::Scanner;

/// The deepest nesting that is read; the outermost object counts as one.
pub const MAX_DEPTH: usize = 8;
/// The most members that one object may have. Looking for duplicates compares each with all.
pub const MAX_MEMBERS: usize = 256;

/// How the names begin by which serde_json tells itself what is a number or raw text. With its features
/// `arbitrary_precision` and `raw_value`, which any crate of a program can switch on, it would take an
/// object with such a member for a number, or for whatever document stands in it as a string: claims
/// that nobody here has read.
const PRIVATE: &str = "$serde_json::private::";

/// Whether a member may not have this name.
pub(crate) fn is_private(name: &str) -> bool {
    name.starts_with(PRIVATE)
}

/// What makes a text something else than strict JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flaw {
    /// The bytes are not UTF-8.
    NotUtf8,
    /// The text begins with a byte order mark.
    ByteOrderMark,
    /// A character that cannot stand here.
    Unexpected,
    /// The text ends too early.
    Ends,
    /// Something follows the value.
    Trailing,
    /// One object has a member twice, perhaps spelled with escapes once.
    Duplicate,
    /// An escape names half of a surrogate pair.
    LoneSurrogate,
    /// An integer beyond 64 bits, or a number beyond a double.
    Number,
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// An object has more than [`MAX_MEMBERS`] members.
    TooMany,
    /// A member has a name by which serde_json means something that stands in no document.
    Private,
    /// The outermost value is not an object.
    NotAnObject,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotUtf8 => "it is not UTF-8",
            Self::ByteOrderMark => "it begins with a byte order mark",
            Self::Unexpected => "a character cannot stand where it does",
            Self::Ends => "it ends too early",
            Self::Trailing => "something follows the value",
            Self::Duplicate => "a member occurs twice",
            Self::LoneSurrogate => "an escape is half of a surrogate pair",
            Self::Number => "a number does not fit",
            Self::TooDeep => "it is nested too deeply",
            Self::TooMany => "an object has too many members",
            Self::Private => "a member has a name that serde_json keeps for itself",
            Self::NotAnObject => "it is not an object",
        })
    }
}

/// An object of strict JSON whose members are all known to be well formed and distinct.
///
/// ```
/// use countersign_jose::json::{Flaw, Object};
/// let claims = Object::parse(br#"{"sub":"ana","exp":1700000000}"#).unwrap();
/// assert_eq!(claims.member("sub").unwrap().text().unwrap(), "ana");
/// assert_eq!(claims.member("exp").unwrap().integer(), Some(1_700_000_000));
/// let twice = Object::parse(br#"{"sub":"ana","s\u0075b":"bob"}"#);
/// assert_eq!(twice.unwrap_err(), Flaw::Duplicate);
/// ```
#[derive(Debug, Clone)]
pub struct Object<'a> {
    members: Vec<(Cow<'a, str>, Value<'a>)>,
}

impl<'a> Object<'a> {
    /// Reads a whole document that must be one object.
    ///
    /// # Errors
    /// The first [`Flaw`] found.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Flaw> {
        Self::parse_text(core::str::from_utf8(bytes).map_err(|_| Flaw::NotUtf8)?)
    }

    pub(crate) fn parse_text(text: &'a str) -> Result<Self, Flaw> {
        if text.starts_with('\u{feff}') {
            return Err(Flaw::ByteOrderMark);
        }
        let mut scanner = Scanner::new(text);
        let members = scanner.object()?;
        scanner.end()?;
        Ok(Self { members })
    }

    /// The member of this name.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<Value<'a>> {
        self.members.iter().find(|(found, _)| found == name).map(|(_, value)| *value)
    }

    /// All members, in the order of the document.
    pub fn members(&self) -> impl Iterator<Item = (&str, Value<'a>)> {
        self.members.iter().map(|(name, value)| (name.as_ref(), *value))
    }
}

/// A value inside a document that has been read; its text is known to be well formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value<'a> {
    raw: &'a str,
    // INVARIANT: set for every string without escapes, and for nothing else.
    plain: bool,
}

impl<'a> Value<'a> {
    /// The value's own text, as it stands in the document.
    #[must_use]
    pub const fn raw(self) -> &'a str {
        self.raw
    }

    /// The string, if it is one; borrowed unless it has escapes.
    #[inline]
    #[must_use]
    pub fn text(self) -> Option<Cow<'a, str>> {
        if self.plain {
            return self.raw.get(1..self.raw.len().checked_sub(1)?).map(Cow::Borrowed);
        }
        self.unescaped()
    }

    #[cold]
    fn unescaped(self) -> Option<Cow<'a, str>> {
        Scanner::new(self.raw).string().ok()
    }

    /// The integer, if it is one and not negative. `1.0` and `1e3` are not integers.
    #[inline]
    #[must_use]
    pub fn integer(self) -> Option<u64> {
        whole(self.raw)
    }

    /// The truth value, if it is one.
    #[must_use]
    pub fn boolean(self) -> Option<bool> {
        match self.raw {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// The items, if it is an array.
    #[must_use]
    pub fn items(self) -> Option<Vec<Self>> {
        Scanner::new(self.raw).array().ok()
    }

    /// The strings, if it is an array of nothing else.
    #[must_use]
    pub fn texts(self) -> Option<Vec<Cow<'a, str>>> {
        self.items()?.into_iter().map(Self::text).collect()
    }

    /// The object, if it is one.
    #[must_use]
    pub fn object(self) -> Option<Object<'a>> {
        Scanner::new(self.raw).object().ok().map(|members| Object { members })
    }
}

/// Digits and nothing else as a number, if it fits. The text is that of a value, so that no digits follow a
/// zero.
fn whole(text: &str) -> Option<u64> {
    /// So many digits always fit.
    const DIGITS: usize = 19;
    let Some((eight, rest)) = text.as_bytes().split_first_chunk::<8>().filter(|_| text.len() <= DIGITS)
    else {
        // No number of JSON begins with a plus, the one other thing that `parse` would take.
        return text.parse().ok();
    };
    rest.iter().try_fold(eight_digits(*eight)?, |value, byte| {
        let digit = u64::from(byte.wrapping_sub(b'0'));
        (digit <= 9).then(|| value * 10 + digit)
    })
}

/// Eight digits at once, as a time in seconds has them.
fn eight_digits(eight: [u8; 8]) -> Option<u64> {
    let above = u64::from_le_bytes(eight) ^ (ONES * b'0' as u64);
    (no_digits(above) == 0).then(|| joined(above))
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Of eight bytes, from each of which a `0` was taken, the highest bits of those that are no digits.
#[inline]
const fn no_digits(above: u64) -> u64 {
    // With 118 added, nothing but 0 to 9 stays below 128.
    (((above & !HIGH) + ONES * 118) | above) & HIGH
}

/// Eight digits, the first in the lowest byte, as a number: pairs, then fours, then all.
#[inline]
const fn joined(digits: u64) -> u64 {
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    (fours * 10_000 + (fours >> 32)) & 0xffff_ffff
}

/// The items of a document that is an array, as strict as an [`Object`].
pub(crate) fn items(bytes: &[u8]) -> Result<Vec<Value<'_>>, Flaw> {
    let text = core::str::from_utf8(bytes).map_err(|_| Flaw::NotUtf8)?;
    if text.starts_with('\u{feff}') {
        return Err(Flaw::ByteOrderMark);
    }
    let mut scanner = Scanner::new(text);
    let items = scanner.array()?;
    scanner.end()?;
    Ok(items)
}

/// Reads one document on both ways, for tests and fuzzers. `None`: the quick reader left it to the
/// strict one. `Some(false)` must not happen: it has read what the strict one refuses, or something else.
#[doc(hidden)]
#[must_use]
pub fn quick_agrees(text: &str) -> Option<bool> {
    let mut quick = Flat::unread();
    quick.read(text)?;
    let found = |name: &str, value: Value<'_>| {
        let text = value.text();
        quick.member(name) == Some(value)
            && quick.plain(name) == Some(text.as_deref())
            && quick.integer(name) == Some(value.integer())
    };
    let same = |strict: Object<'_>| {
        quick.members().eq(strict.members()) && strict.members().all(|(name, value)| found(name, value))
    };
    Some(Object::parse_text(text).is_ok_and(same))
}

#[cfg(test)]
mod tests;
