//! Keys that encrypt and decrypt, each with its one `alg` and the `enc` it allows.
//!
//! RFC 7516 and RFC 8725 3.1 and 3.2: the algorithm comes from the key, never from the token,
//! and a key is for one purpose: none of these signs. [`EncryptingKey`] is public,
//! [`DecryptingKey`] its private half, [`SymmetricKey`] and [`Password`] do both.

mod decrypting;
mod documents;
mod encrypting;
mod password;
mod policy;
mod symmetric;

pub use decrypting::DecryptingKey;
pub use encrypting::EncryptingKey;
pub use password::{Password, Rounds};
pub use symmetric::SymmetricKey;

use zeroize::Zeroizing;

use super::header::{Header, Written};
use super::{ContentAlgorithm, KeyAlgorithm};
use crate::backend;
use crate::error::{Error, Fault};
use crate::key::KeyId;
use crate::key::private::Sealed;

/// A key that can encrypt: [`EncryptingKey`], [`SymmetricKey`] or [`Password`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot encrypt",
    label = "no key that encrypts",
    note = "an `EncryptingKey` encrypts, and a `SymmetricKey` or a `Password` does; of a `DecryptingKey`, take the public half: `key.encrypting_key()`",
    note = "keys that sign and check tokens are for that only"
)]
pub trait Encrypter: Sealed {
    /// How the content's key reaches the recipient: `alg`.
    fn algorithm(&self) -> KeyAlgorithm;

    /// How the content is encrypted: `enc`.
    fn content_algorithm(&self) -> ContentAlgorithm;

    /// The `kid` that tokens name, if the key has one.
    fn key_id(&self) -> Option<&KeyId>;

    /// Encrypts the content's key for the recipient, or replaces it where the mode is direct.
    ///
    /// # Errors
    /// [`Fault::Random`] and [`Fault::Crypto`].
    #[doc(hidden)]
    fn deliver(&self, key: ContentKey) -> Result<Delivery, Fault>;
}

/// A key that can decrypt: [`DecryptingKey`], [`SymmetricKey`] or [`Password`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot decrypt",
    label = "no key that decrypts",
    note = "a `DecryptingKey` decrypts, and a `SymmetricKey` or a `Password` does; an `EncryptingKey` is the public half and only encrypts",
    note = "keys that sign and check tokens are for that only"
)]
pub trait Decrypter: Sealed {
    /// Whether a token with this header is meant for this key and allowed by it.
    ///
    /// # Errors
    /// [`Error::UnknownKey`], [`Error::KeyAlgorithm`], [`Error::ContentAlgorithm`].
    #[doc(hidden)]
    fn admit(&self, header: &Header<'_>) -> Result<(), Error>;

    /// The content's key, or random bytes in its place.
    ///
    /// # Errors
    /// Only for what the token shows to everybody: [`Error::Header`], [`Error::Rounds`],
    /// [`Error::Decryption`] where an encrypted key stands in a direct mode.
    #[doc(hidden)]
    fn content_key(&self, header: &Header<'_>, encrypted_key: &[u8]) -> Result<ContentKey, Error>;
}

/// The key under which content is encrypted, wiped when dropped.
#[expect(unnameable_types, reason = "seals `Encrypter` and `Decrypter`")]
pub struct ContentKey(Zeroizing<Vec<u8>>);

impl ContentKey {
    pub(super) fn draw(content: ContentAlgorithm) -> Result<Self, Fault> {
        let mut bytes = Zeroizing::new(vec![0; content.key_len()]);
        backend::fill_random(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// What was unwrapped, or random bytes when that failed or has another length.
    ///
    /// RFC 7516 11.5: whoever sends bent keys must not learn, from the answer or from its time,
    /// whether the key or the content was at fault.
    fn unwrapped(content: ContentAlgorithm, found: Option<Zeroizing<Vec<u8>>>) -> Result<Self, Error> {
        let substitute = Self::draw(content).map_err(|_| Error::Decryption)?;
        Ok(match found {
            Some(bytes) if bytes.len() == content.key_len() => Self(bytes),
            _ => substitute,
        })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The content's key on its way to one recipient.
#[expect(unnameable_types, reason = "seals `Encrypter`")]
pub struct Delivery {
    pub(super) key: ContentKey,
    pub(super) encrypted_key: Vec<u8>,
    pub(super) header: Written,
}
