//! The one folder that names the cryptographic library.
//!
//! Nothing here decides anything: it translates between our types and aws-lc-rs. The rest of
//! the house reaches it through [`crate::primitive`] and the key types. The system's random
//! numbers are drawn here and nowhere else.

pub(crate) mod agree;
pub(crate) mod content;
pub(crate) mod derive;
pub(crate) mod halves;
pub(crate) mod oaep;
pub(crate) mod public;
pub(crate) mod secret;
pub(crate) mod sign;
pub(crate) mod wrap;

use aws_lc_rs::{constant_time, digest, hmac, rand};

use crate::algorithm::Hash;
use crate::error::Fault;

/// Fills `bytes` from the operating system's generator.
pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<(), Fault> {
    rand::fill(bytes).map_err(|_| Fault::Random)
}

/// Compares in time that depends on the lengths only.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

/// The hash of `bytes`, as long as [`Hash::size`] says.
pub(crate) fn digest(hash: Hash, bytes: &[u8]) -> Vec<u8> {
    let algorithm = match hash {
        Hash::Sha256 => &digest::SHA256,
        Hash::Sha384 => &digest::SHA384,
        Hash::Sha512 => &digest::SHA512,
    };
    digest::digest(algorithm, bytes).as_ref().to_vec()
}

/// HMAC-SHA-256 over the parts, one after the other.
pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.sign().as_ref());
    out
}
