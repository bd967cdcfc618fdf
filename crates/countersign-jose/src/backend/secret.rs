//! Keys that both sides share: HMAC, one AES block, AES-GCM.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    AES_128, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext, UnboundCipherKey,
};
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::algorithm::Hash;
use crate::error::Fault;
use crate::jws;

/// The length of a GCM tag in bytes.
const TAG: usize = 16;
/// The length of a GCM nonce in bytes.
const NONCE: usize = 12;

/// An HMAC key with its first blocks already hashed.
pub(crate) struct MacKey(hmac::Key);

impl MacKey {
    pub(crate) fn new(hash: Hash, secret: &[u8]) -> Self {
        let algorithm = match hash {
            Hash::Sha256 => hmac::HMAC_SHA256,
            Hash::Sha384 => hmac::HMAC_SHA384,
            Hash::Sha512 => hmac::HMAC_SHA512,
        };
        Self(hmac::Key::new(algorithm, secret))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        hmac::sign(&self.0, message).as_ref().to_vec()
    }

    /// Appends a dot and the tag of all that stands before it.
    pub(crate) fn finish(&self, token: &mut String) {
        let tag = hmac::sign(&self.0, token.as_bytes());
        jws::append_signature(token, tag.as_ref());
    }

    /// Compares in constant time; a truncated tag does not match.
    pub(crate) fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&self.0, message, tag).is_ok()
    }
}

/// AES-128 over single blocks, both key schedules prepared.
pub(crate) struct Block {
    seal: EncryptingKey,
    open: DecryptingKey,
}

impl Block {
    pub(crate) fn new(key: &[u8; 16]) -> Result<Self, Fault> {
        let unbound = || UnboundCipherKey::new(&AES_128, key).map_err(|_| fault("aes key"));
        Ok(Self {
            seal: EncryptingKey::ecb(unbound()?).map_err(|_| fault("aes key"))?,
            open: DecryptingKey::ecb(unbound()?).map_err(|_| fault("aes key"))?,
        })
    }

    pub(crate) fn seal(&self, mut block: [u8; 16]) -> Option<[u8; 16]> {
        self.seal.less_safe_encrypt(&mut block, EncryptionContext::None).ok()?;
        Some(block)
    }

    pub(crate) fn open(&self, mut block: [u8; 16]) -> Option<[u8; 16]> {
        self.open.decrypt(&mut block, DecryptionContext::None).ok()?;
        Some(block)
    }
}

/// AES-256-GCM.
pub(crate) struct Aead(LessSafeKey);

impl Aead {
    pub(crate) fn new(key: &[u8; 32]) -> Result<Self, Fault> {
        let unbound = UnboundKey::new(&AES_256_GCM, key).map_err(|_| fault("aes-gcm key"))?;
        Ok(Self(LessSafeKey::new(unbound)))
    }

    /// `nonce | ciphertext | tag`.
    pub(crate) fn seal(&self, nonce: [u8; NONCE], aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut out = Vec::with_capacity(NONCE + plain.len() + TAG);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(plain);
        let (_, body) = out.split_at_mut(NONCE);
        let tag = self
            .0
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), body)
            .map_err(|_| fault("aes-gcm seal"))?;
        out.extend_from_slice(tag.as_ref());
        Ok(out)
    }

    pub(crate) fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE>().ok_or(Fault::Sealed)?;
        let mut buffer = Zeroizing::new(body.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let len = self.0.open_in_place(nonce, Aad::from(aad), &mut buffer).map_err(|_| Fault::Sealed)?.len();
        buffer.truncate(len);
        Ok(buffer)
    }
}

const fn fault(operation: &'static str) -> Fault {
    Fault::Crypto { operation }
}
