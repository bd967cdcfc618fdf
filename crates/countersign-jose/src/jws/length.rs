//! How long a token may be: what is read, and so what is written.
//!
//! RFC 7515 leaves it to implementations. A reader must have a limit, or a stranger says how much it
//! works; and a writer that knew none would make tokens that nobody reads.

use crate::error::{Error, Fault};

/// The longest token that is read or written unless somebody says otherwise, in bytes. HTTP servers
/// cut headers at 8 to 16 KiB.
pub const MAX_TOKEN: usize = 16 * 1024;

/// The longest token that is read or written, in bytes of its text.
///
/// Several signatures of ML-DSA, or content of one's own, need more than the default. What is
/// written under a greater limit must be read under one, too:
///
/// ```
/// use countersign_jose::jws::{self, AllOf, Content, MaxLength, Trusted};
/// use countersign_jose::{Algorithm, Fault, SigningKey};
/// let keys = [Algorithm::MlDsa87; 3].map(|algorithm| SigningKey::generate(algorithm).unwrap());
/// let [shop, bank, state] = &keys;
///
/// let deed = Content::new(b"100 apples");
/// assert_eq!(deed.general(shop, &[bank, state]).unwrap_err(), Fault::TooLong { limit: 16 * 1024 });
/// let long = MaxLength::bytes(64 * 1024).unwrap();
/// let document = deed.up_to(long).general(shop, &[bank, state])?;
///
/// let trusted = |key: &SigningKey| Trusted::from(key.verifying_key()).up_to(long);
/// let all = AllOf::new(trusted(shop)).and(trusted(bank)).and(trusted(state));
/// assert_eq!(jws::verify_json(&document, &all).unwrap().payload(), b"100 apples");
/// # Ok::<(), Fault>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MaxLength(usize);

impl MaxLength {
    /// 16 KiB, [`MAX_TOKEN`].
    pub const DEFAULT: Self = Self(MAX_TOKEN);
    /// 16 MiB: reading holds the token twice in memory, and hashes all of it.
    const MOST: usize = 16 * 1024 * 1024;

    /// A limit of at most 16 MiB; `None` for more.
    #[must_use]
    pub const fn bytes(bytes: usize) -> Option<Self> {
        if bytes <= Self::MOST { Some(Self(bytes)) } else { None }
    }

    /// Whether a text may be looked at.
    pub(crate) const fn admit(self, text: &str) -> Result<(), Error> {
        if text.len() > self.0 { Err(Error::TooLarge { limit: self.0 }) } else { Ok(()) }
    }

    /// Whether a token of so many bytes may be written.
    pub(crate) const fn allow(self, length: usize) -> Result<(), Fault> {
        if length > self.0 { Err(Fault::TooLong { limit: self.0 }) } else { Ok(()) }
    }
}
