//! Wrapping a content key with AES: key wrap, and AES-GCM.
//!
//! RFC 7518 4.4 (RFC 3394) and 4.7. The library wraps with 128 and 256 bits; for 192 bits it
//! has the block cipher only, so RFC 3394's own loop stands here, held by the RFC's vectors.

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    AES_192, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext, UnboundCipherKey,
};
use aws_lc_rs::key_wrap::{self, AesKek, KeyWrap};
use zeroize::{Zeroize, Zeroizing};

use super::{fill_random, same};
use crate::error::Fault;

/// The length of a half block in bytes; key wrap moves these.
const HALF: usize = 8;
/// RFC 3394 2.2.3.1: what must come out in front of the key.
const INITIAL: [u8; HALF] = [0xa6; HALF];
/// RFC 3394 2.2.1: the number of rounds over all half blocks.
const ROUNDS: u64 = 6;
/// The lengths of the initialisation vector and the tag of AES-GCM in bytes (RFC 7518 4.7.1).
const IV: usize = 12;
const TAG: usize = 16;
const FAILED: Fault = Fault::Crypto { operation: "key wrap" };

/// Wraps `key` (a multiple of eight bytes, at least sixteen) under 16, 24 or 32 bytes of `kek`.
pub(crate) fn wrap(kek: &[u8], key: &[u8]) -> Result<Vec<u8>, Fault> {
    if kek.len() == 24 {
        return wrap_192(kek, key).ok_or(FAILED);
    }
    let mut out = vec![0; key.len().saturating_add(HALF)];
    let length = aes(kek).and_then(|kek| Some(kek.wrap(key, &mut out).ok()?.len())).ok_or(FAILED)?;
    out.truncate(length);
    Ok(out)
}

/// Unwraps; `None` when `wrapped` was not made under `kek`, for any reason at all.
pub(crate) fn unwrap(kek: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if kek.len() == 24 {
        return unwrap_192(kek, wrapped);
    }
    let mut out = Zeroizing::new(vec![0; wrapped.len().checked_sub(HALF)?]);
    let length = aes(kek)?.unwrap(wrapped, &mut out).ok()?.len();
    out.truncate(length);
    Some(out)
}

fn aes(kek: &[u8]) -> Option<AesKek> {
    let cipher = match kek.len() {
        16 => &key_wrap::AES_128,
        32 => &key_wrap::AES_256,
        _ => return None,
    };
    AesKek::new(cipher, kek).ok()
}

/// RFC 3394 2.2.1 with AES-192.
fn wrap_192(kek: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    let cipher = EncryptingKey::ecb(UnboundCipherKey::new(&AES_192, kek).ok()?).ok()?;
    let mut halves = halves(key, 2)?;
    let mut check = INITIAL;
    let mut step = 0_u64;
    for _ in 0..ROUNDS {
        for half in halves.iter_mut() {
            step = step.checked_add(1)?;
            let mut block = join(check, *half);
            cipher.less_safe_encrypt(&mut block, EncryptionContext::None).ok()?;
            (check, *half) = split(block);
            check = xor(check, step);
        }
    }
    Some(check.into_iter().chain(halves.iter().flatten().copied()).collect())
}

/// RFC 3394 2.2.2 with AES-192.
fn unwrap_192(kek: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = DecryptingKey::ecb(UnboundCipherKey::new(&AES_192, kek).ok()?).ok()?;
    let (check, key) = wrapped.split_first_chunk::<HALF>()?;
    let mut halves = halves(key, 2)?;
    let mut check = *check;
    let mut step = ROUNDS.checked_mul(u64::try_from(halves.len()).ok()?)?;
    for _ in 0..ROUNDS {
        for half in halves.iter_mut().rev() {
            let mut block = join(xor(check, step), *half);
            cipher.decrypt(&mut block, DecryptionContext::None).ok()?;
            (check, *half) = split(block);
            block.zeroize();
            step = step.checked_sub(1)?;
        }
    }
    same(&check, &INITIAL).then(|| Zeroizing::new(halves.iter().flatten().copied().collect()))
}

/// The half blocks of a key; `None` when it has a broken one or fewer than `least`.
fn halves(key: &[u8], least: usize) -> Option<Zeroizing<Vec<[u8; HALF]>>> {
    let (halves, rest) = key.as_chunks::<HALF>();
    (rest.is_empty() && halves.len() >= least).then(|| Zeroizing::new(halves.to_vec()))
}

fn join(left: [u8; HALF], right: [u8; HALF]) -> [u8; 2 * HALF] {
    (u128::from(u64::from_be_bytes(left)) << 64 | u128::from(u64::from_be_bytes(right))).to_be_bytes()
}

fn split(block: [u8; 2 * HALF]) -> ([u8; HALF], [u8; HALF]) {
    let (mut left, mut right) = ([0; HALF], [0; HALF]);
    for (to, from) in left.iter_mut().chain(right.iter_mut()).zip(block) {
        *to = from;
    }
    (left, right)
}

fn xor(half: [u8; HALF], step: u64) -> [u8; HALF] {
    (u64::from_be_bytes(half) ^ step).to_be_bytes()
}

/// A content key under AES-GCM: the encrypted key, and the header's `iv` and `tag`.
pub(crate) struct GcmWrapped {
    pub(crate) encrypted_key: Vec<u8>,
    pub(crate) iv: Vec<u8>,
    pub(crate) tag: Vec<u8>,
}

/// Encrypts `key` with AES-GCM under 16, 24 or 32 bytes of `kek` and a fresh vector.
pub(crate) fn gcm_wrap(kek: &[u8], key: &[u8]) -> Result<GcmWrapped, Fault> {
    let mut iv = [0; IV];
    fill_random(&mut iv)?;
    let mut encrypted_key = key.to_vec();
    let tag = gcm(kek)
        .and_then(|kek| {
            let nonce = Nonce::assume_unique_for_key(iv);
            kek.seal_in_place_separate_tag(nonce, Aad::empty(), &mut encrypted_key).ok()
        })
        .ok_or(FAILED)?;
    Ok(GcmWrapped { encrypted_key, iv: iv.to_vec(), tag: tag.as_ref().to_vec() })
}

/// Decrypts; `None` when it was not made under `kek`, for any reason at all.
pub(crate) fn gcm_unwrap(kek: &[u8], wrapped: &GcmWrapped) -> Option<Zeroizing<Vec<u8>>> {
    if wrapped.tag.len() != TAG {
        return None;
    }
    let nonce = Nonce::try_assume_unique_for_key(&wrapped.iv).ok()?;
    let mut key = Zeroizing::new(wrapped.encrypted_key.clone());
    gcm(kek)?.open_in_place_separate_tag(nonce, Aad::empty(), &wrapped.tag, &mut key).ok()?;
    Some(key)
}

fn gcm(kek: &[u8]) -> Option<LessSafeKey> {
    let algorithm = match kek.len() {
        16 => &aead::AES_128_GCM,
        24 => &aead::AES_192_GCM,
        32 => &aead::AES_256_GCM,
        _ => return None,
    };
    Some(LessSafeKey::new(UnboundKey::new(algorithm, kek).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::hex;

    #[test]
    fn rfc_3394_vectors_4_1_to_4_6() {
        let kek = |length: u8| (0..length).collect::<Vec<u8>>();
        let data = hex("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f");
        for (kek, length, wrapped) in [
            (kek(16), 16, "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"),
            (kek(24), 16, "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d"),
            (kek(32), 16, "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7"),
            (kek(24), 24, "031d33264e15d33268f24ec260743edce1c6c7ddee725a936ba814915c6762d2"),
            (kek(32), 24, "a8f9bc1612c68b3ff6e6f4fbe30e71e4769c8b80a32cb8958cd5d17d6b254da1"),
            (kek(32), 32, "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21"),
        ] {
            assert_eq!(wrap(&kek, &data[..length]).unwrap(), hex(wrapped));
            assert_eq!(unwrap(&kek, &hex(wrapped)).unwrap().as_slice(), &data[..length]);
        }
    }

    #[test]
    fn a_wrapped_key_bent_cut_or_under_another_key_does_not_unwrap() {
        for length in [16, 24, 32] {
            let kek = vec![3; length];
            for key in [vec![5; 16], vec![5; 64]] {
                let wrapped = wrap(&kek, &key).unwrap();
                assert_eq!(wrapped.len(), key.len() + 8);
                assert_eq!(unwrap(&kek, &wrapped).unwrap().as_slice(), key);
                assert!(unwrap(&vec![4; length], &wrapped).is_none());
                for at in 0..wrapped.len() {
                    let mut bent = wrapped.clone();
                    bent[at] ^= 0x40;
                    assert!(unwrap(&kek, &bent).is_none());
                    assert!(unwrap(&kek, &wrapped[..at]).is_none());
                }
            }
            for unfit in [0, 8, 15, 17] {
                assert!(wrap(&kek, &vec![5; unfit]).is_err(), "{unfit} bytes under {length}");
            }
        }
        assert!(wrap(&[3; 20], &[5; 16]).is_err());
    }

    #[test]
    fn a_key_under_gcm_bent_or_cut_does_not_unwrap() {
        for length in [16, 24, 32] {
            let kek = vec![3; length];
            let mut wrapped = gcm_wrap(&kek, &[5; 32]).unwrap();
            assert_eq!(gcm_unwrap(&kek, &wrapped).unwrap().as_slice(), [5; 32]);
            assert!(gcm_unwrap(&vec![4; length], &wrapped).is_none());
            wrapped.encrypted_key[0] ^= 1;
            assert!(gcm_unwrap(&kek, &wrapped).is_none());
            wrapped.encrypted_key[0] ^= 1;
            wrapped.tag.pop();
            assert!(gcm_unwrap(&kek, &wrapped).is_none());
            assert_ne!(gcm_wrap(&kek, &[5; 32]).unwrap().iv, wrapped.iv);
        }
        assert!(gcm_wrap(&[3; 20], &[5; 16]).is_err());
    }
}
