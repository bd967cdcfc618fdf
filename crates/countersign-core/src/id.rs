//! The names of things: who, which login, which application, which place in the log.
//!
//! None of these is a secret. Each is its own type, so that two of them cannot change places in a call.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::fmt::Simple;
use uuid::{Builder, Uuid};

use crate::time::Timestamp;

/// A name could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct BadName {
    text: String,
    expected: &'static str,
}

impl BadName {
    pub(crate) fn expected(text: &str, expected: &'static str) -> Self {
        Self { text: text.chars().take(80).collect(), expected }
    }
}

/// Ten random bytes that make a new id unguessable from its time.
pub type Chance = [u8; 10];

macro_rules! sortable_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// A new id that sorts by `now` (UUID version 7, RFC 9562 section 5.7).
            #[must_use]
            pub fn new(now: Timestamp, chance: &Chance) -> Self {
                let uuid = Builder::from_unix_timestamp_millis(now.millis(), chance).into_uuid();
                Self(format!(concat!($prefix, "{}"), uuid.simple()))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The sixteen bytes that the id spells behind its prefix: all of it, in less than half the room.
            #[must_use]
            pub fn bytes(&self) -> [u8; 16] {
                // A made id always spells a number; were it not to, this names nobody.
                let digits = self.0.strip_prefix($prefix).unwrap_or_default();
                u128::from_str_radix(digits, 16).unwrap_or_default().to_be_bytes()
            }

            /// The id that these bytes are.
            ///
            #[doc = concat!("```\nuse countersign_core::id::", stringify!($name), ";\n")]
            #[doc = concat!("assert_eq!(", stringify!($name), "::from_bytes([1; 16]).bytes(), [1; 16]);\n```")]
            #[must_use]
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Self::spell(bytes).as_str().to_owned())
            }

            /// The text of the id that these bytes are, for who only reads it: nothing is allocated.
            #[must_use]
            pub fn spell(bytes: [u8; 16]) -> Spelled {
                Spelled::new($prefix, bytes)
            }
        }

        impl FromStr for $name {
            type Err = BadName;

            fn from_str(text: &str) -> Result<Self, BadName> {
                let rest = text.strip_prefix($prefix).ok_or_else(|| BadName::expected(text, $expected))?;
                let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
                if rest.len() == 32 && rest.bytes().all(lower_hex) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(BadName::expected(text, $expected))
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadName;

            fn try_from(text: String) -> Result<Self, BadName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

/// The text of an id, held in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spelled {
    text: [u8; 40],
    length: usize,
}

impl Spelled {
    fn new(prefix: &'static str, bytes: [u8; 16]) -> Self {
        let mut text = [0; 40];
        if let Some((head, rest)) = text.split_at_mut_checked(prefix.len())
            && let Some(digits) = rest.first_chunk_mut::<{ Simple::LENGTH }>()
        {
            head.copy_from_slice(prefix.as_bytes());
            Uuid::from_bytes(bytes).simple().encode_lower(digits);
        }
        Self { text, length: prefix.len() + Simple::LENGTH }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.text.get(..self.length).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default()
    }
}

sortable_id! {
    /// Who: opaque and stable, the `sub` of every token (RFC 7519 section 4.1.2).
    Subject, "usr_", "a subject (`usr_` and 32 hexadecimal digits)"
}
sortable_id! {
    /// One act of authentication.
    LoginId, "login_", "a login (`login_` and 32 hexadecimal digits)"
}
sortable_id! {
    /// Where the data of a session hangs; stays when the session's secret and serial change.
    SlotsId, "data_", "a data id (`data_` and 32 hexadecimal digits)"
}

/// An application, as OAuth's `client_id` (RFC 6749 section 2.2): 1 to 64 of `a-z 0-9 - _ .`, starting with a letter or digit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientId(String);

impl ClientId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClientId {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.');
        let starts_well = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if text.len() <= 64 && starts_well && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadName::expected(
                text,
                "an application id (1 to 64 of `a-z`, `0-9`, `-`, `_`, `.`, starting with a letter or digit)",
            ))
        }
    }
}

impl TryFrom<String> for ClientId {
    type Error = BadName;

    fn try_from(text: String) -> Result<Self, BadName> {
        text.parse()
    }
}

impl From<ClientId> for String {
    fn from(id: ClientId) -> Self {
        id.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The 48-bit dense number of one revocable thing, a session or a grant; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Serial(u64);

impl Serial {
    /// The largest serial.
    pub const MAX: Self = Self((1 << 48) - 1);

    /// The serial `number`, or none beyond 48 bits.
    #[must_use]
    pub const fn new(number: u64) -> Option<Self> {
        if number <= Self::MAX.0 { Some(Self(number)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl TryFrom<u64> for Serial {
    type Error = BadName;

    fn try_from(number: u64) -> Result<Self, BadName> {
        Self::new(number).ok_or_else(|| BadName::expected(&number.to_string(), "a serial (below 2^48)"))
    }
}

impl From<Serial> for u64 {
    fn from(serial: Serial) -> Self {
        serial.0
    }
}

/// The number of a guest's session, from a space of its own: it says nothing about a [`Serial`] of the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GuestSerial(Serial);

impl GuestSerial {
    /// The guest serial `number`, or none beyond 48 bits.
    #[must_use]
    pub const fn new(number: u64) -> Option<Self> {
        match Serial::new(number) {
            Some(serial) => Some(Self(serial)),
            None => None,
        }
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0.number()
    }
}

/// A place in the revocation log; 0 is before the first entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(u64);

impl Position {
    /// Before the first entry.
    pub const START: Self = Self(0);

    /// The place `number`.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number of this place.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The place after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// The incarnation of a log: Unix seconds at the bump, never reused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(u32);

impl Epoch {
    /// The epoch numbered `seconds`.
    #[must_use]
    pub const fn new(seconds: u32) -> Self {
        Self(seconds)
    }

    /// The number of this epoch.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// How often one record has been written; starts at 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(u64);

impl Version {
    /// The version of a record's first write.
    pub const FIRST: Self = Self(1);

    /// The version `number`.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The version after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}
