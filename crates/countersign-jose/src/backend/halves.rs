//! The public half of a private one, for documents that leave it out.

use aws_lc_rs::agreement::{PrivateKey, X25519};
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair, PqdsaKeyPair};

use super::sign;
use crate::algorithm::Algorithm;
use crate::jwk::{Curve, OkpCurve};

/// The uncompressed point that belongs to an `ECPrivateKey` (RFC 5915).
pub(crate) fn ec(curve: Curve, sec1: &[u8]) -> Option<Vec<u8>> {
    let (signing, _) = sign::ec(curve.algorithm())?;
    let pair = EcdsaKeyPair::from_private_key_der(signing, sec1).ok()?;
    Some(pair.public_key().as_ref().to_vec())
}

pub(crate) fn okp(curve: OkpCurve, private: &[u8]) -> Option<Vec<u8>> {
    match curve {
        OkpCurve::Ed25519 => {
            let pair = Ed25519KeyPair::from_seed_unchecked(private).ok()?;
            Some(pair.public_key().as_ref().to_vec())
        }
        OkpCurve::X25519 => {
            let private = PrivateKey::from_private_key(&X25519, private).ok()?;
            Some(private.compute_public_key().ok()?.as_ref().to_vec())
        }
    }
}

pub(crate) fn ml_dsa(algorithm: Algorithm, seed: &[u8]) -> Option<Vec<u8>> {
    let pair = PqdsaKeyPair::from_seed(sign::ml_dsa(algorithm)?, seed).ok()?;
    Some(pair.public_key().as_ref().to_vec())
}

/// Whether all that a PKCS#8 document says of a key agrees: its seed, the expanded key, and this
/// public half.
pub(crate) fn ml_dsa_agrees(algorithm: Algorithm, pkcs8: &[u8], public: &[u8]) -> bool {
    let pair = sign::ml_dsa(algorithm).and_then(|signing| PqdsaKeyPair::from_pkcs8(signing, pkcs8).ok());
    pair.is_some_and(|pair| pair.public_key().as_ref() == public)
}
