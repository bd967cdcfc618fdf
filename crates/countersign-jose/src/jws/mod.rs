//! Signed content: JWS in all its forms.
//!
//! RFC 7515 and RFC 7797. [`sign`] puts a signature on bytes, [`verify`] gives the bytes back only
//! after the signature has been checked with a key that was trusted beforehand. What the bytes
//! mean is decided above, for JWTs in [`crate::jwt`]. Beyond these two:
//!
//! - [`prepare`] is for keys that are held elsewhere, in an HSM or a KMS.
//! - [`Content`] signs in JSON, by several keys, with the payload apart or unencoded.
//! - [`verify_json`] asks whose signatures must be good: [`AnyOf`] these keys, or [`AllOf`] these
//!   parties. [`verify_detached`] and [`verify_unencoded`] read the other compact forms.
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
mod content;
pub(crate) mod critical;
mod detached;
pub(crate) mod document;
pub(crate) mod form;
mod length;
mod policy;
pub(crate) mod trusted;
mod unsigned;

pub use content::Content;
pub use critical::CritFlaw;
pub use detached::{verify_detached, verify_unencoded};
pub use document::MAX_SIGNATURES;
pub use length::{MAX_TOKEN, MaxLength};
pub(crate) use policy::verify_document;
pub use policy::{AllOf, AnyOf, Policy, Signature, SignedDocument, verify_json, verify_json_detached};
pub(crate) use trusted::Key as TrustedKey;
pub use trusted::{Trusted, TrustedKeys};
pub use unsigned::{Unsigned, prepare};
pub(crate) use unsigned::{append_signature, prepare_under};

use std::borrow::Cow;

use crate::error::{Error, Fault};
use crate::header::Header;
use crate::key::Signer;
use compact::Compact;

/// The room that is made for a header and its claims; longer ones make more themselves.
const USUAL: usize = 1024;

/// Content whose signature was checked. Only [`verify`], [`verify_detached`] and
/// [`verify_unencoded`] make one.
#[derive(Debug)]
pub struct Signed {
    payload: Vec<u8>,
    typ: Option<String>,
    cty: Option<String>,
}

impl Signed {
    fn checked(payload: Vec<u8>, header: &Header<'_>) -> Self {
        let text = |text: &Option<Cow<'_, str>>| text.as_deref().map(Into::into);
        Self { payload, typ: text(&header.typ), cty: text(&header.cty) }
    }

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

    /// The header's `cty`, the media type of the payload.
    #[must_use]
    pub fn cty(&self) -> Option<&str> {
        self.cty.as_deref()
    }
}

/// Signs `payload`; the header is `{"alg","typ","kid"}`, without what is absent.
///
/// # Errors
/// [`Fault::Crypto`] when the library fails; [`Fault::TooLong`] for a token beyond
/// [`MaxLength::DEFAULT`]: for more there is [`Content::up_to`].
pub fn sign(key: &(impl Signer + ?Sized), typ: Option<&str>, payload: &[u8]) -> Result<String, Fault> {
    let mut header = String::with_capacity(USUAL);
    Header::write_onto(&mut header, key.algorithm(), typ, key.key_id());
    finish(key, unsigned::input(key.algorithm(), header.as_bytes(), payload), MaxLength::DEFAULT)
}

/// As [`sign`], under a header of the caller's own.
pub(crate) fn sign_under(
    key: &(impl Signer + ?Sized),
    header: &[u8],
    payload: &[u8],
) -> Result<String, Fault> {
    finish(key, unsigned::input(key.algorithm(), header, payload), MaxLength::DEFAULT)
}

/// As [`sign`], with a payload that is written behind the header into the same buffer: with the
/// token itself that makes two allocations.
pub(crate) fn sign_written(
    key: &(impl Signer + ?Sized),
    typ: Option<&str>,
    limit: MaxLength,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), Fault>,
) -> Result<String, Fault> {
    let mut json = String::with_capacity(USUAL);
    Header::write_onto(&mut json, key.algorithm(), typ, key.key_id());
    let end = json.len();
    let mut json = json.into_bytes();
    write(&mut json)?;
    let (header, payload) = json.split_at_checked(end).ok_or(Fault::Claims)?;
    finish(key, unsigned::input(key.algorithm(), header, payload), limit)
}

/// Signs what is written, unless nobody would read it.
fn finish(key: &(impl Signer + ?Sized), mut token: String, limit: MaxLength) -> Result<String, Fault> {
    limit.allow(token.len())?;
    key.finish(&mut token)?;
    limit.allow(token.len())?;
    Ok(token)
}

/// Checks the signature of a token with the trusted keys.
///
/// # Errors
/// [`Error::TooLarge`], [`Error::Shape`], [`Error::Mistaken`], [`Error::Base64`], [`Error::Json`],
/// [`Error::Critical`], [`Error::Header`], [`Error::AlgorithmNone`], [`Error::UnknownKey`],
/// [`Error::KeyUnnamed`], [`Error::Algorithm`], [`Error::Signature`]: the first that applies, in
/// this order.
pub fn verify(token: &str, trusted: &Trusted) -> Result<Signed, Error> {
    let compact = Compact::split_within(token, trusted.limit())?;
    let header = compact.header()?;
    let header = Header::parse(&header)?;
    let key = trusted.select(&header)?;
    compact.check(key)?;
    Ok(Signed::checked(compact.payload()?, &header))
}

#[cfg(test)]
mod tests;
