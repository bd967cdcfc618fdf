//! The compact form: `header.encrypted_key.iv.ciphertext.tag`.
//!
//! RFC 7516 3.1 and 7.1. The length is checked before anything is decoded.

use memchr::memchr_iter;

use super::MaxLength;
use crate::base64;
use crate::error::Error;

/// A token cut into its parts, nothing decoded yet.
pub(super) struct Compact<'a> {
    pub(super) header: &'a str,
    encrypted_key: &'a str,
    iv: &'a str,
    ciphertext: &'a str,
    tag: &'a str,
}

impl<'a> Compact<'a> {
    pub(super) fn split(token: &'a str, limit: MaxLength) -> Result<Self, Error> {
        limit.admit(token)?;
        let dots = memchr_iter(b'.', token.as_bytes()).take(5).count();
        if dots == 2 {
            return Err(Error::Mistaken { expected: "encrypted", found: "signed" });
        }
        let mut parts = token.split('.');
        let mut next = || parts.next().ok_or(Error::JweShape);
        let found =
            Self { header: next()?, encrypted_key: next()?, iv: next()?, ciphertext: next()?, tag: next()? };
        if dots == 4 && !found.header.is_empty() { Ok(found) } else { Err(Error::JweShape) }
    }

    pub(super) fn header(&self) -> Result<Vec<u8>, Error> {
        decode("header", self.header)
    }

    pub(super) fn encrypted_key(&self) -> Result<Vec<u8>, Error> {
        decode("encrypted key", self.encrypted_key)
    }

    pub(super) fn sealed(&self) -> Result<crate::backend::content::Sealed, Error> {
        Ok(crate::backend::content::Sealed {
            iv: decode("initialisation vector", self.iv)?,
            ciphertext: decode("ciphertext", self.ciphertext)?,
            tag: decode("tag", self.tag)?,
        })
    }
}

pub(super) fn decode(part: &'static str, text: &str) -> Result<Vec<u8>, Error> {
    base64::decode(text).map_err(|_| Error::Base64 { part })
}
