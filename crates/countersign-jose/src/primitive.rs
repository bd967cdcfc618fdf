//! The few cryptographic tools that the rest of the house needs beside tokens.
//!
//! Hashing, HMAC, comparing, one AES block for opaque handles, AES-256-GCM for data at rest,
//! key derivation, and the random generator. With these nobody else names a cryptographic
//! library. Which data is sealed under which purpose is decided by the callers.
//!
//! FIPS 180-4 (SHA-256), RFC 2104 (HMAC), RFC 5869 (HKDF), FIPS 197 (AES), SP 800-38D (GCM).

use core::fmt;

use zeroize::Zeroizing;

pub use crate::base64;
pub use crate::error::Fault;

use crate::backend;
use crate::backend::secret::{Aead, Block};

/// The SHA-256 hash of `bytes`.
///
/// ```
/// let hash = countersign_jose::primitive::sha256(b"abc");
/// assert_eq!(hash[..4], [0xba, 0x78, 0x16, 0xbf]);
/// ```
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    backend::sha256(bytes)
}

/// HMAC-SHA-256 over the parts, one after the other.
///
/// The parts are joined without a mark between them: `["ab", "c"]` and `["a", "bc"]` give one
/// result. Give every part but one a fixed length, or put its length before it.
#[must_use]
pub fn hmac_sha256(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    backend::hmac_sha256(key, parts)
}

/// Whether two byte strings are equal, in time that depends on their lengths only.
#[must_use]
pub fn same(a: &[u8], b: &[u8]) -> bool {
    backend::same(a, b)
}

/// Fills `bytes` from the operating system's generator, the only one there is.
///
/// # Errors
/// [`Fault::Random`] when the system gives none; use nothing that was meant to be random then.
pub fn fill_random(bytes: &mut [u8]) -> Result<(), Fault> {
    backend::fill_random(bytes)
}

/// A key of 32 bytes derived from `master` for one purpose (HKDF-SHA-256, RFC 5869).
///
/// Two purposes give two unrelated keys. The salt is empty, the purpose is HKDF's `info`.
#[must_use]
pub fn derive(master: &[u8; 32], purpose: &str) -> [u8; 32] {
    // RFC 5869 2.2: without a salt, a string of zeros of the hash's length is the HMAC key.
    let prk = Zeroizing::new(backend::hmac_sha256(&[0; 32], &[master]));
    // RFC 5869 2.3: one block of output is enough for 32 bytes.
    backend::hmac_sha256(prk.as_slice(), &[purpose.as_bytes(), &[1]])
}

/// A key that turns one block of 16 bytes into another and back: AES-128, no mode.
///
/// Good for making a short unique value opaque; equal blocks give equal results, and nothing
/// is authenticated, so the block must carry bits that junk fails.
///
/// ```
/// use countersign_jose::primitive::BlockKey;
/// let key = BlockKey::new(&[7; 16])?;
/// let hidden = key.seal([1; 16]);
/// assert_ne!(hidden, [1; 16]);
/// assert_eq!(key.open(hidden), [1; 16]);
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
pub struct BlockKey(Block);

impl BlockKey {
    /// Prepares both key schedules once; the blocks then need no allocation.
    ///
    /// # Errors
    /// [`Fault::Crypto`] when the library has no memory for the schedules.
    pub fn new(key: &[u8; 16]) -> Result<Self, Fault> {
        Block::new(key).map(Self)
    }

    /// Encrypts one block.
    #[must_use]
    pub fn seal(&self, block: [u8; 16]) -> [u8; 16] {
        // A single aligned block cannot fail. Were it to, this constant reveals nothing and
        // opens to junk.
        self.0.seal(block).unwrap_or([0xff; 16])
    }

    /// Decrypts one block.
    #[must_use]
    pub fn open(&self, block: [u8; 16]) -> [u8; 16] {
        // As above: a block of ones has no zero bits where a handle wants them.
        self.0.open(block).unwrap_or([0xff; 16])
    }
}

impl fmt::Debug for BlockKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlockKey(..)")
    }
}

/// A key that seals data at rest: AES-256-GCM.
///
/// What is sealed opens only with the same key and the same `aad`, which names the place the
/// data belongs to, so that a row cannot be moved to another row. The library wipes the key
/// schedule when this is dropped.
///
/// ```
/// use countersign_jose::primitive::{SealingKey, fill_random};
/// let key = SealingKey::new(&[7; 32])?;
/// let mut nonce = [0; 12];
/// fill_random(&mut nonce)?;
/// let sealed = key.seal(nonce, b"user 1", b"hello")?;
/// assert_eq!(key.open(b"user 1", &sealed)?.as_slice(), b"hello");
/// assert!(key.open(b"user 2", &sealed).is_err());
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
pub struct SealingKey(Aead);

impl SealingKey {
    /// Bytes that sealing adds: the nonce before, the tag after.
    pub const OVERHEAD: usize = 12 + 16;

    /// Prepares the key.
    ///
    /// # Errors
    /// [`Fault::Crypto`] when the library refuses the key.
    pub fn new(key: &[u8; 32]) -> Result<Self, Fault> {
        Aead::new(key).map(Self)
    }

    /// Seals `plain`; the result is `nonce | ciphertext | tag`.
    ///
    /// The nonce must never repeat under one key: draw it at random and seal fewer than 2^32
    /// texts under the key (SP 800-38D 8.3).
    ///
    /// # Errors
    /// [`Fault::Crypto`] when the library fails.
    pub fn seal(&self, nonce: [u8; 12], aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, Fault> {
        self.0.seal(nonce, aad, plain)
    }

    /// Opens what [`SealingKey::seal`] made under the same `aad`.
    ///
    /// # Errors
    /// [`Fault::Sealed`] for another key, another `aad`, or changed bytes.
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
        self.0.open(aad, sealed)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::hex;

    #[test]
    fn fips_180_vector_of_sha256() {
        let want = hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(sha256(b"abc").to_vec(), want);
    }

    #[test]
    fn hmac_over_parts_is_hmac_over_their_join() {
        // RFC 4231 test case 1 has a key of 20 bytes; HMAC pads it with zeros to the block.
        let mut key = [0; 32];
        key[..20].fill(0x0b);
        let want = hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        assert_eq!(hmac_sha256(&key, &[b"Hi There"]).to_vec(), want);
        assert_eq!(hmac_sha256(&key, &[b"Hi ", b"", b"There"]).to_vec(), want);
    }

    #[test]
    fn hkdf_matches_rfc_5869_case_3() {
        // RFC 5869 A.3 (no salt, no info) has an input of 22 bytes, ours always has 32; so
        // the two halves are checked against the vector, then `derive` against the halves.
        let prk = backend::hmac_sha256(&[0; 32], &[&[0x0b; 22]]);
        assert_eq!(prk.to_vec(), hex("19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04"));
        let okm = backend::hmac_sha256(&prk, &[b"", &[1]]);
        assert_eq!(okm.to_vec(), hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"));
        let prk = backend::hmac_sha256(&[0; 32], &[&[5; 32]]);
        assert_eq!(derive(&[5; 32], "keys"), backend::hmac_sha256(&prk, &[b"keys\x01"]));
    }

    #[test]
    fn two_purposes_derive_two_keys() {
        assert_ne!(derive(&[1; 32], "handle"), derive(&[1; 32], "slots"));
        assert_ne!(derive(&[1; 32], "handle"), derive(&[2; 32], "handle"));
    }

    #[test]
    fn fips_197_vector_of_one_block() {
        let key =
            BlockKey::new(hex("000102030405060708090a0b0c0d0e0f").as_slice().try_into().unwrap()).unwrap();
        let plain: [u8; 16] = hex("00112233445566778899aabbccddeeff").try_into().unwrap();
        let sealed = key.seal(plain);
        assert_eq!(sealed.to_vec(), hex("69c4e0d86a7b0430d8cdb78070b4c55a"));
        assert_eq!(key.open(sealed), plain);
    }

    #[test]
    fn sealed_data_moved_bent_or_cut_does_not_open() {
        let key = SealingKey::new(&[3; 32]).unwrap();
        let sealed = key.seal([9; 12], b"row 1", b"private").unwrap();
        assert_eq!(sealed.len(), b"private".len() + SealingKey::OVERHEAD);
        assert_eq!(key.open(b"row 1", &sealed).unwrap().as_slice(), b"private");
        assert_eq!(key.open(b"row 2", &sealed).unwrap_err(), Fault::Sealed);
        for at in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[at] ^= 1;
            assert_eq!(key.open(b"row 1", &bent).unwrap_err(), Fault::Sealed, "byte {at}");
            assert_eq!(key.open(b"row 1", &sealed[..at]).unwrap_err(), Fault::Sealed, "cut at {at}");
        }
        assert!(SealingKey::new(&[4; 32]).unwrap().open(b"row 1", &sealed).is_err());
    }

    #[test]
    fn empty_data_is_sealed_and_opened() {
        let key = SealingKey::new(&[3; 32]).unwrap();
        let sealed = key.seal([0; 12], b"", b"").unwrap();
        assert!(key.open(b"", &sealed).unwrap().is_empty());
    }

    #[test]
    fn random_bytes_do_not_repeat() {
        let (mut a, mut b) = ([0; 32], [0; 32]);
        fill_random(&mut a).unwrap();
        fill_random(&mut b).unwrap();
        assert!(!same(&a, &b));
        assert!(same(&a, &a.clone()));
        assert!(!same(&a, &a[..31]));
    }

    #[test]
    fn keys_print_no_bytes() {
        assert_eq!(format!("{:?}", BlockKey::new(&[1; 16]).unwrap()), "BlockKey(..)");
        assert_eq!(format!("{:?}", SealingKey::new(&[1; 32]).unwrap()), "SealingKey(..)");
    }
}
