//! Encrypted content: JWE.
//!
//! RFC 7516, RFC 7518 4 and 5, RFC 8037 3.2. [`encrypt`] hides bytes from everybody but the
//! owner of a key, [`decrypt`] gives them back only when not one bit was changed.
//!
//! # When to encrypt, and what it does not prove
//!
//! Encrypt when a token passes through hands that must not read it. Between two servers TLS
//! does that already. **Encryption does not say who wrote the content**: everybody has the
//! public key, so everybody can encrypt anything. Claims must be signed first and encrypted
//! then.
//!
//! ```
//! use countersign_jose::jwe::{self, DecryptingKey, KeyAlgorithm};
//! let key = DecryptingKey::generate(KeyAlgorithm::EcdhEsA256Kw)?;
//! let token = jwe::encrypt(&key.encrypting_key(), b"hello")?;
//! assert_eq!(jwe::decrypt(&token, &key).unwrap().plain(), b"hello");
//! # Ok::<(), countersign_jose::Fault>(())
//! ```
//!
//! # What does not exist here, and why
//!
//! - `zip`: compressing before encrypting leaks what the content is through its length, and a
//!   small token can inflate without end. Such tokens are refused.
//! - `RSA1_5`: its padding answers questions that decrypt tokens. Such tokens are refused.
//! - Choosing an initialisation vector: each is drawn when it is needed, so none repeats.
//! - Telling *why* something does not decrypt: whoever may ask often would learn the content.

mod algorithm;
mod compact;
mod curve;
mod decrypted;
mod encrypted_jwk;
mod header;
mod json_form;
mod key;
mod message;
mod nested;

pub use algorithm::{ContentAlgorithm, KeyAlgorithm, KeyKind};
pub use curve::Curve;
pub use decrypted::{Decrypted, MaxLength};
pub use encrypted_jwk::{decrypt_jwk, encrypt_jwk};
pub use key::{Decrypter, DecryptingKey, Encrypter, EncryptingKey, Password, Rounds, SymmetricKey};
pub use message::Message;
pub use nested::{Nested, sign_and_encrypt};

use crate::error::{Error, Fault};

/// Encrypts bytes for the owner of a key, in compact form.
///
/// [`Message`] also writes `typ` and `cty`.
///
/// # Errors
/// [`Fault::Random`] when the system gives no random bytes, [`Fault::Crypto`] when the library
/// fails.
pub fn encrypt(key: &(impl Encrypter + ?Sized), plain: &[u8]) -> Result<String, Fault> {
    Message::new(plain).encrypt(key)
}

/// Decrypts a token in compact form, of at most [`MaxLength::DEFAULT`].
///
/// # Errors
/// [`Error::TooLarge`], [`Error::JweShape`], [`Error::Mistaken`], [`Error::Base64`],
/// [`Error::Json`], [`Error::Header`], [`Error::Critical`], [`Error::Compressed`],
/// [`Error::Rsa15`], [`Error::UnknownKey`], [`Error::KeyAlgorithm`],
/// [`Error::ContentAlgorithm`], [`Error::Rounds`] for what anybody can see in the token;
/// [`Error::Decryption`] for everything else, whatever it was.
pub fn decrypt(token: &str, key: &(impl Decrypter + ?Sized)) -> Result<Decrypted, Error> {
    decrypt_within(token, key, MaxLength::DEFAULT)
}

/// Decrypts a token in compact form that may be longer or must be shorter than by default.
///
/// # Errors
/// As [`decrypt`].
pub fn decrypt_within(
    token: &str,
    key: &(impl Decrypter + ?Sized),
    limit: MaxLength,
) -> Result<Decrypted, Error> {
    decrypted::compact(token, key, limit)
}

/// Decrypts a token in JSON form, flattened or general, of at most [`MaxLength::DEFAULT`].
///
/// `enc`, `typ` and `cty` count only where they are protected. `alg`, `kid` and the parameters
/// of `alg` may lie in the open, as RFC 7516 allows: the first two are compared with the key,
/// the others lead to another content key when they are changed. Of several recipients those
/// whose `kid` and `alg` are the key's are tried, at most four.
///
/// # Errors
/// As [`decrypt`], and [`Error::HeaderTwice`], [`Error::Recipients`].
pub fn decrypt_json(text: &str, key: &(impl Decrypter + ?Sized)) -> Result<Decrypted, Error> {
    decrypt_json_within(text, key, MaxLength::DEFAULT)
}

/// Decrypts a token in JSON form that may be longer or must be shorter than by default.
///
/// # Errors
/// As [`decrypt_json`].
pub fn decrypt_json_within(
    text: &str,
    key: &(impl Decrypter + ?Sized),
    limit: MaxLength,
) -> Result<Decrypted, Error> {
    decrypted::json(text, key, limit)
}

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod json_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
