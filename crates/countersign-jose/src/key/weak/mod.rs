//! Public keys that must not be used, though they are well formed.
//!
//! RFC 7518 3.3 (length), NIST SP 800-56B 6.2 and SP 800-89 5.3.3 (exponent, small factors),
//! CVE-2017-15361 (ROCA), CVE-2022-26320 (primes close together), RFC 7748 6.1 and RFC 8032
//! 5.1.7 (points of small order). Looks at public numbers only, once, when a key is loaded: a
//! quarter of a millisecond for 2048 bits. It does not prove a key good: that its primes are
//! prime is for whoever made them.

mod number;

use crate::error::Error;
use crate::jwk::{Material, OkpCurve};
use number::Number;

/// The least length of an RSA modulus in bits (RFC 7518 3.3).
const RSA_LEAST: usize = 2048;
/// The greatest; beyond it a single check takes milliseconds.
const RSA_MOST: usize = 8192;
/// Small factors are sought among the primes below this, as FIPS 186-5 has it for candidates.
const SMALL: u32 = 1000;
/// The primes up to here tell keys of ROCA's kind; a good key passes for one once in 2^83.
const ROCA_MOST: u32 = 353;
/// How far apart the primes are sought. Faulty generators that took the next prime after the
/// first are found by the first step.
const FERMAT_STEPS: usize = 100;

/// Refuses keys that are short, or from which the private half or a forgery can be computed.
///
/// `algorithm` is the one that they are for, to be told to whoever has a short one.
pub(crate) fn strong(material: &Material, algorithm: &'static str) -> Result<(), Error> {
    match material {
        Material::Rsa { n, e } => rsa(n, e, algorithm),
        Material::Okp { curve, x } if small_order(*curve, x) => Err(Error::SmallOrder),
        Material::Ec { .. } | Material::Okp { .. } | Material::Akp { .. } => Ok(()),
    }
}

fn rsa(n: &[u8], e: &[u8], algorithm: &'static str) -> Result<(), Error> {
    let bits = bits(n);
    if bits < RSA_LEAST {
        return Err(Error::KeyTooShort { algorithm, bits, least: RSA_LEAST });
    }
    if bits > RSA_MOST {
        return Err(Error::Jwk { member: "n" });
    }
    let exponent = e.iter().fold(0_u64, |sum, byte| sum.saturating_mul(256).saturating_add(u64::from(*byte)));
    // SP 800-56B 6.2: odd; at least 3 because x^1 = x; 2^33 is the library's own limit.
    if exponent < 3 || exponent & 1 == 0 || exponent >= 1 << 33 {
        return Err(Error::WeakExponent);
    }
    let modulus = Number::from_bytes(n);
    let primes = || (2..SMALL).filter(|number| is_prime(*number));
    if let Some(factor) = primes().find(|prime| modulus.remainder(*prime) == 0) {
        return Err(Error::SmallFactor { factor });
    }
    // INVARIANT: the primes of such a key, and so their product, are powers of 65537 modulo
    // every one of these (Nemec and others, "The Return of Coppersmith's Attack", 2017).
    let mut marks = primes().take_while(|prime| *prime <= ROCA_MOST);
    if marks.all(|prime| is_power_of_65537(modulus.remainder(prime), prime)) {
        return Err(Error::Roca);
    }
    if modulus.has_close_factors(FERMAT_STEPS) { Err(Error::CloseFactors) } else { Ok(()) }
}

/// The length in bits of a big-endian number without leading zero bytes.
fn bits(number: &[u8]) -> usize {
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

fn is_prime(number: u32) -> bool {
    (2..number)
        .take_while(|divisor| divisor * divisor <= number)
        .all(|divisor| !number.is_multiple_of(divisor))
}

fn is_power_of_65537(residue: u32, prime: u32) -> bool {
    let generator = 65537 % prime;
    let mut power = 1 % prime;
    loop {
        if power == residue {
            return true;
        }
        power = power * generator % prime;
        if power <= 1 {
            return power == residue;
        }
    }
}

/// Whether the point has order 1, 2, 4 or 8, in any of its encodings. With such a key anybody
/// can sign, and every secret agreed on is known.
///
/// A point that is the sum of such a one and a good one is not told apart: that takes a
/// multiplication by the group's order, which the library does not offer and which is not for us to
/// write. Only the owner of the private half can make such a key, and all that it gains them is
/// signatures which some verifiers take and others do not (RFC 8032 5.1.7 and 8.8).
fn small_order(curve: OkpCurve, x: &[u8]) -> bool {
    const ED25519: [[u8; 32]; 2] = [
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
            0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
        ],
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
            0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
        ],
    ];
    const X25519: [[u8; 32]; 2] = [
        [
            0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
            0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
        ],
        [
            0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
            0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
        ],
    ];
    // Little-endian; the highest bit is a sign on one curve and ignored on the other.
    let Some((highest, rest)) = x.split_last() else { return true };
    let highest = highest & 0x7f;
    let is =
        |point: &[u8; 32]| point.split_last().is_some_and(|(last, begin)| *last == highest && begin == rest);
    // 0, 1, and p - 1, p, p + 1 where p = 2^255 - 19.
    let Some((lowest, middle)) = rest.split_first() else { return true };
    let all = |value: u8| middle.iter().all(|byte| *byte == value);
    let trivial = (highest == 0 && all(0) && *lowest <= 1)
        || (highest == 0x7f && all(0xff) && (0xec..=0xee).contains(lowest));
    trivial
        || match curve {
            OkpCurve::Ed25519 => ED25519.iter().any(is),
            OkpCurve::X25519 => X25519.iter().any(is),
        }
}

#[cfg(test)]
mod tests;
