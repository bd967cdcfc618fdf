//! Whom a token is for.
//!
//! RFC 7519 4.1.3: one string, or a list of strings; a verifier must find itself in it.

use serde::{Serialize, Serializer};

/// The audiences of a token: written as a string when there is one, else as a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Audience(Vec<String>);

impl Audience {
    /// Several audiences.
    #[must_use]
    pub fn of(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }

    /// Whether `name` is one of them: byte for byte, no prefixes, no case folding.
    #[must_use]
    pub fn names(&self, name: &str) -> bool {
        self.0.iter().any(|one| one == name)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The audience, if there is exactly one.
    #[must_use]
    pub fn only(&self) -> Option<&str> {
        match self.0.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }
}

impl From<&str> for Audience {
    fn from(name: &str) -> Self {
        Self(vec![name.to_owned()])
    }
}

impl From<String> for Audience {
    fn from(name: String) -> Self {
        Self(vec![name])
    }
}

impl Serialize for Audience {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.only() {
            Some(one) => serializer.serialize_str(one),
            None => serializer.collect_seq(&self.0),
        }
    }
}
