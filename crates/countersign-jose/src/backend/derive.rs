//! Keys made from other secrets: from an agreement, and from a password.
//!
//! RFC 7518 4.6.2 (Concat KDF of NIST SP 800-56A, which the library has under the name of
//! SP 800-56C) and 4.8 (PBKDF2, RFC 8018).

use core::num::NonZeroU32;

use aws_lc_rs::kdf::{SskdfDigestAlgorithmId, get_sskdf_digest_algorithm, sskdf_digest};
use aws_lc_rs::pbkdf2;
use zeroize::Zeroizing;

use crate::algorithm::Hash;

/// `length` bytes from an agreed secret, for the algorithm `name` and the two parties.
pub(crate) fn concat(
    secret: &[u8],
    name: &str,
    apu: &[u8],
    apv: &[u8],
    length: usize,
) -> Option<Zeroizing<Vec<u8>>> {
    let mut info = Vec::with_capacity(name.len() + apu.len() + apv.len() + 16);
    // RFC 7518 4.6.2: each with its length in front, so that no two triples look alike.
    for part in [name.as_bytes(), apu, apv] {
        info.extend_from_slice(&u32::try_from(part.len()).ok()?.to_be_bytes());
        info.extend_from_slice(part);
    }
    info.extend_from_slice(&u32::try_from(length.checked_mul(8)?).ok()?.to_be_bytes());
    let sha256 = get_sskdf_digest_algorithm(SskdfDigestAlgorithmId::Sha256)?;
    let mut out = Zeroizing::new(vec![0; length]);
    sskdf_digest(sha256, secret, &info, &mut out).ok()?;
    Some(out)
}

/// `length` bytes from a password, at the cost of `rounds`.
pub(crate) fn pbkdf2(
    hash: Hash,
    password: &[u8],
    salt: &[u8],
    rounds: NonZeroU32,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let algorithm = match hash {
        Hash::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
        Hash::Sha384 => pbkdf2::PBKDF2_HMAC_SHA384,
        Hash::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
    };
    let mut out = Zeroizing::new(vec![0; length]);
    pbkdf2::derive(algorithm, rounds, salt, password, &mut out);
    out
}
