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
pub(crate) use unsigned::append_signature;
pub use unsigned::{Unsigned, prepare};

use crate::error::{Error, Fault};
use crate::header::Header;
use crate::key::Signer;
use compact::Compact;

/// The room that is made for a header and its claims; longer ones make more themselves.
const USUAL: usize = 1024;

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
    let mut token = unsigned::input(key.algorithm(), header.as_bytes(), payload);
    key.finish(&mut token)?;
    Ok(token)
}

/// As [`sign`], with a payload that is written behind the header into the same buffer: with the
/// token itself that makes two allocations.
pub(crate) fn sign_written(
    key: &(impl Signer + ?Sized),
    typ: Option<&str>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), Fault>,
) -> Result<String, Fault> {
    let mut json = String::with_capacity(USUAL);
    Header::write_onto(&mut json, key.algorithm(), typ, key.key_id());
    let end = json.len();
    let mut json = json.into_bytes();
    write(&mut json)?;
    let (header, payload) = json.split_at_checked(end).ok_or(Fault::Claims)?;
    let mut token = unsigned::input(key.algorithm(), header, payload);
    key.finish(&mut token)?;
    Ok(token)
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
