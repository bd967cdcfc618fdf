//! What an application may do for a subject under a login; owns the refresh family.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::extent::Ending;
use crate::id::{BadName, ClientId, LoginId, Position, Serial, Subject, Version};
use crate::time::Timestamp;

/// OAuth scopes (RFC 6749 section 3.3): a set of names, kept sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope(BTreeSet<String>);

impl Scope {
    /// The most names that one request may carry.
    pub const MAX_NAMES: usize = 32;

    /// The names that OpenID Connect Core (sections 5.4 and 11) gives a meaning.
    #[must_use]
    pub fn standard() -> Self {
        Self(["address", "email", "offline_access", "openid", "phone", "profile"].map(str::to_owned).into())
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether `name` is among them.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// Whether every name of this scope is in `wider`.
    #[must_use]
    pub fn within(&self, wider: &Self) -> bool {
        self.0.is_subset(&wider.0)
    }

    /// Whether there is no name in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names that stand in both.
    #[must_use]
    pub fn common(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).cloned().collect())
    }

    /// The names that do not stand in `other`.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0).cloned().collect())
    }

    /// The names that stand in either.
    #[must_use]
    pub fn joined(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).cloned().collect())
    }
}

impl FromStr for Scope {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        // RFC 6749 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
        let plain = |b: u8| b == 0x21 || (0x23..=0x5B).contains(&b) || (0x5D..=0x7E).contains(&b);
        let bad =
            || BadName::expected(text, "a scope (names of printable characters, separated by one space)");
        let names: BTreeSet<String> = text.split(' ').filter(|n| !n.is_empty()).map(str::to_owned).collect();
        if names.len() > Self::MAX_NAMES || names.iter().any(|n| n.len() > 128 || !n.bytes().all(plain)) {
            return Err(bad());
        }
        Ok(Self(names))
    }
}

impl TryFrom<String> for Scope {
    type Error = BadName;

    fn try_from(text: String) -> Result<Self, BadName> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, name) in self.names().enumerate() {
            if place > 0 {
                f.write_str(" ")?;
            }
            f.write_str(name)?;
        }
        Ok(())
    }
}

/// Where a refresh family stands: one state for the whole family, no row per token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Family {
    /// The current generation.
    pub generation: u32,
    /// The newest sibling handed out of the current generation.
    pub sibling: u16,
    /// When a token of the current generation was last handed out.
    pub handed_at: Timestamp,
    /// When a token of the current generation was first presented.
    pub confirmed_at: Option<Timestamp>,
    /// Which sibling of the current generation was presented first; any other is theft.
    pub confirmed_sibling: Option<u16>,
    /// Which sibling of the generation before was the true one.
    pub parent_sibling: Option<u16>,
    /// How often the predecessor was replayed since the current generation was made.
    pub replays: u16,
    /// What makes this family's tokens unlike any other's.
    pub salt: [u8; 32],
}

/// What an application may do for a subject under a login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Grant {
    /// Its number.
    pub serial: Serial,
    /// The application.
    pub client: ClientId,
    /// For whom; none for the standing grant of an application that acts for itself.
    pub subject: Option<Subject>,
    /// The login that it hangs on; none for a standing grant.
    pub login: Option<LoginId>,
    /// What it allows.
    pub scope: Scope,
    /// The log position inherited from the login, or read at the start of a standing grant.
    pub born: Position,
    /// When the person authenticated (OIDC `auth_time`).
    pub auth_time: Option<Timestamp>,
    /// When it began.
    pub begun: Timestamp,
    /// When it is over.
    pub expires: Timestamp,
    /// Its refresh family, if it has one.
    pub family: Option<Family>,
    /// How often it has been written.
    pub version: Version,
    /// How it ended, once it has.
    pub ended: Option<Ending>,
}
