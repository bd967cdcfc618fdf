//! The name of a key.
//!
//! RFC 7515 4.1.4 and RFC 7517 4.5. A `kid` comes from strangers, so it is bounded and only
//! ever compared: it is no path, no query and no address.

use core::fmt;

use crate::error::Error;

/// A key's name, `kid`: 1 to 256 bytes without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(Box<str>);

impl KeyId {
    /// The longest name in bytes.
    pub const MAX: usize = 256;

    /// Takes a name.
    ///
    /// # Errors
    /// [`Error::KeyId`] when it is empty, too long, or has control characters.
    pub fn new(name: impl Into<String>) -> Result<Self, Error> {
        let name = name.into();
        let fits = (1..=Self::MAX).contains(&name.len()) && !name.chars().any(char::is_control);
        if fits { Ok(Self(name.into_boxed_str())) } else { Err(Error::KeyId) }
    }

    /// A thumbprint always fits.
    pub(crate) fn of_thumbprint(thumbprint: String) -> Self {
        Self(thumbprint.into_boxed_str())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
