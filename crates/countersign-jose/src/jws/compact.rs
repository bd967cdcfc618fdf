//! The compact form: `header.payload.signature`.
//!
//! RFC 7515 3.1 and 7.1. The length is checked before anything is decoded, so that a hostile
//! token costs no more than an honest one.

use core::ops::Range;

use crate::base64::{self, Room};
use crate::error::Error;
use crate::jws::MaxLength;
use crate::jws::trusted::Key;

/// The room for a signature: RSA with 8192 bits has 1024 bytes.
const SIGNATURE: usize = 1024 + 3;

/// A token cut into its parts, nothing decoded yet.
pub(crate) struct Compact<'a> {
    pub(super) header: &'a str,
    pub(super) payload: &'a str,
    pub(super) signature: &'a str,
    pub(super) signed: &'a str,
}

impl<'a> Compact<'a> {
    /// A token of the usual length.
    pub(crate) fn split(token: &'a str) -> Result<Self, Error> {
        Self::split_within(token, MaxLength::DEFAULT)
    }

    pub(crate) fn split_within(token: &'a str, limit: MaxLength) -> Result<Self, Error> {
        limit.admit(token)?;
        let bytes = token.as_bytes();
        let first = memchr::memchr(b'.', bytes).ok_or(Error::Shape)?;
        let last = memchr::memrchr(b'.', bytes).ok_or(Error::Shape)?;
        let part = |range: Range<usize>| token.get(range).ok_or(Error::Shape);
        let (header, signed) = (part(0..first)?, part(0..last)?);
        // With a single dot, the payload would end before it begins.
        let (payload, signature) = (part(first + 1..last)?, part(last + 1..token.len())?);
        let more = memchr::memchr_iter(b'.', payload.as_bytes()).take(3).count();
        match (header.is_empty(), more) {
            (false, 0) => Ok(Self { header, payload, signature, signed }),
            (false, 2) => Err(Error::Mistaken { expected: "signed", found: "encrypted" }),
            _ => Err(Error::Shape),
        }
    }

    /// The header as it was sent.
    pub(crate) const fn header_text(&self) -> &'a str {
        self.header
    }

    /// The payload as it was sent.
    pub(crate) const fn payload_text(&self) -> &'a str {
        self.payload
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

    /// The payload, decoded where there is room for it.
    #[inline]
    pub(crate) fn payload_in<'r, const N: usize>(&self, room: &'r mut Room<N>) -> Result<&'r [u8], Error> {
        room.decode(self.payload).map_err(|_| Error::Base64 { part: "payload" })
    }

    /// Checks the signature.
    pub(crate) fn check(&self, key: Key<'_>) -> Result<(), Error> {
        let mut room = Room::<SIGNATURE>::new();
        let signature = room.decode(self.signature).map_err(|_| Error::Base64 { part: "signature" })?;
        if key.verify(self.signed.as_bytes(), signature) { Ok(()) } else { Err(Error::Signature) }
    }
}

fn decode(part: &'static str, text: &str) -> Result<Vec<u8>, Error> {
    base64::decode(text).map_err(|_| Error::Base64 { part })
}
