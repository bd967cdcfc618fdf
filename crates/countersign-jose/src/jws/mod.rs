//! Signed content: JWS in compact serialisation.
//!
//! RFC 7515. [`sign`] puts a signature on bytes, [`verify`] gives the bytes back only after
//! the signature has been checked with a key that was trusted beforehand. What the bytes mean
//! is decided above, for JWTs in [`crate::jwt`]. [`prepare`] is for keys that are held elsewhere.
//!
//! ```
//! use countersign_jose::{Algorithm, SigningKey, jws, jws::Trusted};
//! let key = SigningKey::generate(Algorithm::Es256)?;
//! let token = jws::sign(&key, None, b"hello")?;
//! let trusted = Trusted::from(key.verifying_key());
//! assert_eq!(jws::verify(&token, &trusted).unwrap().payload(), b"hello");
//! # Ok::<(), countersign_jose::Fault>(())
//! ```

pub(crate) mod compact;
mod trusted;
mod unsigned;

pub use compact::MAX_TOKEN;
pub use trusted::Trusted;
pub use unsigned::{Unsigned, prepare};

use crate::error::{Error, Fault};
use crate::header::Header;
use crate::key::Signer;
use compact::Compact;

/// Content whose signature was checked. Only [`verify`] makes one.
#[derive(Debug)]
pub struct Signed {
    payload: Vec<u8>,
    typ: Option<String>,
}

impl Signed {
    /// The signed bytes.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The header's `typ`, which was signed too.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }
}

/// Signs `payload`; the header is `{"alg","typ","kid"}`, without what is absent.
///
/// # Errors
/// [`Fault::Crypto`] when the library fails.
pub fn sign(key: &(impl Signer + ?Sized), typ: Option<&str>, payload: &[u8]) -> Result<String, Fault> {
    let header = Header::write(key.algorithm(), typ, key.key_id());
    let input = unsigned::input(&header, payload);
    let signature = key.sign(input.as_bytes())?;
    Ok(unsigned::finish(input, &signature))
}

/// Checks the signature of a token with the trusted keys.
///
/// # Errors
/// [`Error::TooLarge`], [`Error::Shape`], [`Error::Base64`], [`Error::Json`],
/// [`Error::Header`], [`Error::Critical`], [`Error::UnknownKey`], [`Error::KeyUnnamed`],
/// [`Error::Algorithm`], [`Error::Signature`]: the first that applies, in this order.
pub fn verify(token: &str, trusted: &Trusted) -> Result<Signed, Error> {
    let compact = Compact::split(token)?;
    let header = compact.header()?;
    let header = Header::parse(&header)?;
    let key = trusted.select(&header)?;
    compact.check(key)?;
    Ok(Signed { payload: compact.payload()?, typ: header.typ.map(Into::into) })
}

#[cfg(test)]
mod tests;
