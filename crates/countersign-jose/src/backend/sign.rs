//! Private keys: making, reading, writing and using them.
//!
//! RFC 5208 (PKCS#8). The library draws the random numbers that ECDSA and PSS need.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaEncoding, RsaKeyPair,
};
use zeroize::Zeroizing;

use crate::algorithm::Algorithm;
use crate::backend::der;
use crate::error::Fault;
use crate::jwk::{Curve, Material};
use crate::jws;

/// The longest RSA signature: that of a key with 8192 bits.
const RSA_MOST: usize = 1024;

const FAILED: Fault = Fault::Crypto { operation: "signing" };

/// A private key bound to one algorithm.
pub(crate) enum PrivateKey {
    Rsa(Box<RsaKeyPair>, &'static dyn RsaEncoding),
    Ec(EcdsaKeyPair, Curve),
    Ed(Ed25519KeyPair),
}

impl PrivateKey {
    /// Makes a new key; RSA keys have 3072 bits.
    pub(crate) fn generate(algorithm: Algorithm) -> Result<Self, Fault> {
        const FAILED: Fault = Fault::Crypto { operation: "key generation" };
        if let Some(encoding) = rsa(algorithm) {
            let pair = RsaKeyPair::generate(KeySize::Rsa3072).map_err(|_| FAILED)?;
            Ok(Self::Rsa(Box::new(pair), encoding))
        } else if let Some((signing, curve)) = ec(algorithm) {
            Ok(Self::Ec(EcdsaKeyPair::generate(signing).map_err(|_| FAILED)?, curve))
        } else if algorithm == Algorithm::EdDsa {
            Ok(Self::Ed(Ed25519KeyPair::generate().map_err(|_| FAILED)?))
        } else {
            Err(Fault::Unfit { algorithm })
        }
    }

    /// Reads PKCS#8; `None` when it is no key of this algorithm.
    pub(crate) fn from_pkcs8(algorithm: Algorithm, der: &[u8]) -> Option<Self> {
        if let Some(encoding) = rsa(algorithm) {
            Some(Self::Rsa(Box::new(RsaKeyPair::from_pkcs8(der).ok()?), encoding))
        } else if let Some((signing, curve)) = ec(algorithm) {
            Some(Self::Ec(EcdsaKeyPair::from_pkcs8(signing, der).ok()?, curve))
        } else if algorithm == Algorithm::EdDsa {
            Some(Self::Ed(Ed25519KeyPair::from_pkcs8(der).ok()?))
        } else {
            None
        }
    }

    /// Writes PKCS#8 version 1, unencrypted.
    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Fault> {
        const FAILED: Fault = Fault::Crypto { operation: "key export" };
        let document = match self {
            Self::Rsa(pair, _) => {
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| FAILED)?;
                return Ok(Zeroizing::new(der.as_ref().to_vec()));
            }
            Self::Ec(pair, _) => pair.to_pkcs8v1(),
            Self::Ed(pair) => pair.to_pkcs8v1(),
        };
        Ok(Zeroizing::new(document.map_err(|_| FAILED)?.as_ref().to_vec()))
    }

    /// The public half.
    pub(crate) fn material(&self) -> Result<Material, Fault> {
        let read = match self {
            Self::Rsa(pair, _) => {
                der::rsa_public(pair.public_key().as_ref()).map(|(n, e)| Material::Rsa { n, e })
            }
            Self::Ec(pair, curve) => point(pair.public_key().as_ref(), *curve),
            Self::Ed(pair) => Some(Material::Okp { x: pair.public_key().as_ref().to_vec() }),
        };
        read.ok_or(Fault::Crypto { operation: "public key" })
    }

    /// Signs all of `token` and appends a dot and the signature, without a buffer on the heap.
    pub(crate) fn finish(&self, token: &mut String) -> Result<(), Fault> {
        let random = SystemRandom::new();
        let message = token.as_bytes();
        match self {
            Self::Rsa(pair, encoding) => {
                let mut room = [0; RSA_MOST];
                let signature = room.get_mut(..pair.public_modulus_len()).ok_or(FAILED)?;
                pair.sign(*encoding, &random, message, signature).map_err(|_| FAILED)?;
                jws::append_signature(token, signature);
            }
            Self::Ec(pair, _) => {
                let signature = pair.sign(&random, message).map_err(|_| FAILED)?;
                jws::append_signature(token, signature.as_ref());
            }
            Self::Ed(pair) => {
                let signature = pair.try_sign(message).map_err(|_| FAILED)?;
                jws::append_signature(token, signature.as_ref());
            }
        }
        Ok(())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).map_err(|_| FAILED)?;
                Ok(signature)
            }
            Self::Ec(pair, _) => Ok(pair.sign(&random, message).map_err(|_| FAILED)?.as_ref().to_vec()),
            Self::Ed(pair) => Ok(pair.try_sign(message).map_err(|_| FAILED)?.as_ref().to_vec()),
        }
    }
}

fn rsa(algorithm: Algorithm) -> Option<&'static dyn RsaEncoding> {
    Some(match algorithm {
        Algorithm::Rs256 => &signature::RSA_PKCS1_SHA256,
        Algorithm::Rs384 => &signature::RSA_PKCS1_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_SHA512,
        Algorithm::Ps256 => &signature::RSA_PSS_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_SHA384,
        Algorithm::Ps512 => &signature::RSA_PSS_SHA512,
        _ => return None,
    })
}

fn ec(algorithm: Algorithm) -> Option<(&'static EcdsaSigningAlgorithm, Curve)> {
    Some(match algorithm {
        Algorithm::Es256 => (&signature::ECDSA_P256_SHA256_FIXED_SIGNING, Curve::P256),
        Algorithm::Es384 => (&signature::ECDSA_P384_SHA384_FIXED_SIGNING, Curve::P384),
        Algorithm::Es512 => (&signature::ECDSA_P521_SHA512_FIXED_SIGNING, Curve::P521),
        _ => return None,
    })
}

/// Splits an uncompressed point (SEC 1 2.3.3).
fn point(sec1: &[u8], curve: Curve) -> Option<Material> {
    let (x, y) = sec1.strip_prefix(&[0x04])?.split_at_checked(curve.coordinate_len())?;
    (y.len() == x.len()).then(|| Material::Ec { curve, x: x.to_vec(), y: y.to_vec() })
}
