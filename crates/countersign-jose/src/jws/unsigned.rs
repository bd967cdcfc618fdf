//! A token that waits for its signature: for keys that never leave an HSM or a KMS.
//!
//! RFC 7515 5.1, cut in two. [`prepare`] writes everything but the signature; whoever holds the
//! key signs [`Unsigned::input`], however long that takes and over whatever wire;
//! [`Unsigned::signed`] lets the token out only if that signature is good under the public key
//! that was named in front. So a service that answers with another key, another algorithm or
//! garbage is found out here and not by everybody who gets the token.
//!
//! It does not talk to anything: the caller does.

use der::asn1::UintRef;
use der::{Decode, Reader, SliceReader};

use crate::algorithm::{Algorithm, Family};
use crate::base64;
use crate::error::{Error, Fault};
use crate::header::Header;
use crate::jws::MaxLength;
use crate::key::VerifyingKey;

/// The room that is kept for an RSA signature: that of 4096 bits. Longer ones make room themselves.
const RSA_USUAL: usize = 512;

/// A header and a payload without a signature. It is no token yet and cannot be printed as one.
///
/// ```
/// use countersign_jose::{Algorithm, Signer, SigningKey, jws};
/// # let remote = SigningKey::generate(Algorithm::Es256)?;
/// # let ask_the_hsm = |input: &[u8]| remote.sign(input);
/// let public = remote.verifying_key(); // all that this process knows of the key
/// let unsigned = jws::prepare(&public, None, b"hello");
/// let signature = ask_the_hsm(unsigned.input())?;
/// let token = unsigned.signed(&signature).unwrap();
/// assert_eq!(jws::verify(&token, &public.into()).unwrap().payload(), b"hello");
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
#[must_use = "it is no token before `signed`"]
#[derive(Clone)]
pub struct Unsigned {
    /// The token before its last dot.
    shown: String,
    /// What is signed when it differs from what is shown: the payload is detached.
    input: Option<Vec<u8>>,
    key: VerifyingKey,
    limit: MaxLength,
}

/// Writes a token up to its signature, which the private half of `key` must make elsewhere.
///
/// The header is the one that [`sign`](super::sign) writes: `{"alg","typ","kid"}`.
pub fn prepare(key: &VerifyingKey, typ: Option<&str>, payload: &[u8]) -> Unsigned {
    let header = Header::write(key.algorithm(), typ, Some(key.key_id()));
    prepare_under(key, header.as_bytes(), payload)
}

/// As [`prepare`], under a header of the caller's own.
pub(crate) fn prepare_under(key: &VerifyingKey, header: &[u8], payload: &[u8]) -> Unsigned {
    let shown = input(key.algorithm(), header, payload);
    Unsigned { shown, input: None, key: key.clone(), limit: MaxLength::DEFAULT }
}

impl Unsigned {
    pub(super) fn new(shown: String, input: Vec<u8>, key: &VerifyingKey) -> Self {
        let differs = input != shown.as_bytes();
        let input = differs.then_some(input);
        Self { shown, input, key: key.clone(), limit: MaxLength::DEFAULT }
    }

    /// The token, unless it would be too long: said before somebody is asked to sign it.
    pub(crate) fn within(self, limit: MaxLength) -> Result<Self, Fault> {
        limit.allow(self.shown.len() + 1 + base64::encoded_len(self.key.signature_len()))?;
        Ok(Self { limit, ..self })
    }

    /// What must be signed: header, dot, payload (RFC 7515 5.1, step 5).
    #[must_use]
    pub fn input(&self) -> &[u8] {
        self.input.as_deref().unwrap_or(self.shown.as_bytes())
    }

    /// How it must be signed.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }

    /// The key whose private half must sign.
    #[must_use]
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The whole token, if `signature` is good. ECDSA signatures are `r` and `s` side by side
    /// (RFC 7518 3.4); for DER there is [`Unsigned::signed_der`].
    ///
    /// # Errors
    /// [`Error::Signature`] when another key or algorithm made it, or over other bytes;
    /// [`Error::TooLarge`] when nobody would read the token.
    pub fn signed(self, signature: &[u8]) -> Result<String, Error> {
        if !self.key.verify(self.input(), signature) {
            return Err(Error::Signature);
        }
        let mut token = self.shown;
        append_signature(&mut token, signature);
        self.limit.admit(&token)?;
        Ok(token)
    }
}

impl Unsigned {
    /// The whole token from an ECDSA signature in DER, the form in which most key services
    /// answer (RFC 3279 2.2.3). Tokens never have it: it is rewritten as RFC 7518 3.4 asks.
    ///
    /// # Errors
    /// [`Error::Signature`] when the bytes are no such signature, when the key is not one of
    /// ECDSA, and as [`Unsigned::signed`].
    pub fn signed_der(self, der: &[u8]) -> Result<String, Error> {
        let fixed = self.algorithm().signature_len().filter(|_| self.algorithm().family() == Family::Ec);
        let signature = fixed.and_then(|length| side_by_side(der, length)).ok_or(Error::Signature)?;
        self.signed(&signature)
    }
}

/// `r` and `s`, each filled up with zeros to half the length.
fn side_by_side(der: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut reader = SliceReader::new(der).ok()?;
    let numbers = |reader: &mut SliceReader<'_>| -> der::Result<[Vec<u8>; 2]> {
        let mut number = || UintRef::decode(reader).map(|number| number.as_bytes().to_vec());
        Ok([number()?, number()?])
    };
    let numbers = reader.sequence(numbers).ok()?;
    reader.finish().ok()?;
    let mut signature = Vec::with_capacity(length);
    for number in numbers {
        let zeros = (length / 2).checked_sub(number.len())?;
        signature.resize(signature.len() + zeros, 0);
        signature.extend_from_slice(&number);
    }
    Some(signature)
}

impl core::fmt::Debug for Unsigned {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Unsigned({:?}, ..)", self.key)
    }
}

/// The signing input of the compact form, with room for the signature.
pub(super) fn input(algorithm: Algorithm, header: &[u8], payload: &[u8]) -> String {
    let lengths = [header.len(), payload.len(), algorithm.signature_len().unwrap_or(RSA_USUAL)];
    let room: usize = lengths.iter().map(|length| base64::encoded_len(*length) + 1).sum();
    let mut input = String::with_capacity(room);
    base64::encode_onto(&mut input, header);
    input.push('.');
    base64::encode_onto(&mut input, payload);
    input
}

/// Puts the signature behind its input.
pub(crate) fn append_signature(input: &mut String, signature: &[u8]) {
    input.push('.');
    base64::encode_onto(input, signature);
}
