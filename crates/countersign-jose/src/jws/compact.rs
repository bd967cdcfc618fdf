//! The compact form: `header.payload.signature`.
//!
//! RFC 7515 3.1 and 7.1. The length is checked before anything is decoded, so that a hostile
//! token costs no more than an honest one.

use crate::base64;
use crate::error::Error;
use crate::jws::trusted::Key;

/// The longest token that is looked at, in bytes. HTTP servers cut headers at 8 to 16 KiB.
pub const MAX_TOKEN: usize = 16 * 1024;

/// A token cut into its parts, nothing decoded yet.
pub(crate) struct Compact<'a> {
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
    signed: &'a str,
}

impl<'a> Compact<'a> {
    pub(crate) fn split(token: &'a str) -> Result<Self, Error> {
        if token.len() > MAX_TOKEN {
            return Err(Error::TooLarge { limit: MAX_TOKEN });
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Error::Shape)?;
        let (header, payload) = signed.split_once('.').ok_or(Error::Shape)?;
        if payload.contains('.') || header.is_empty() {
            return Err(Error::Shape);
        }
        Ok(Self { header, payload, signature, signed })
    }

    /// The header as it was sent, to be compared with one read before.
    pub(crate) const fn header_text(&self) -> &'a str {
        self.header
    }

    pub(crate) fn header(&self) -> Result<Vec<u8>, Error> {
        decode("header", self.header)
    }

    pub(crate) fn payload(&self) -> Result<Vec<u8>, Error> {
        decode("payload", self.payload)
    }

    pub(crate) fn signature(&self) -> Result<Vec<u8>, Error> {
        decode("signature", self.signature)
    }

    /// Checks the signature.
    pub(crate) fn check(&self, key: Key<'_>) -> Result<(), Error> {
        let signature = self.signature()?;
        if key.verify(self.signed.as_bytes(), &signature) { Ok(()) } else { Err(Error::Signature) }
    }
}

fn decode(part: &'static str, text: &str) -> Result<Vec<u8>, Error> {
    base64::decode(text).map_err(|_| Error::Base64 { part })
}
