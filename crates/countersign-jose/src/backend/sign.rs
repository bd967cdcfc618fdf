//! Private keys: making, reading, writing and using them.
//!
//! RFC 5208 (PKCS#8). The library draws the random numbers that ECDSA and PSS need.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPairComponents, KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, PqdsaKeyPair, PqdsaSigningAlgorithm,
    RsaEncoding, RsaKeyPair,
};
use zeroize::Zeroizing;

use crate::algorithm::{Algorithm, Family};
use crate::backend::{public, same};
use crate::document;
use crate::error::Fault;
use crate::jwk::{Curve, Material, OkpCurve, Secret};
use crate::jws;

/// The longest RSA signature: that of a key with 8192 bits.
const RSA_MOST: usize = 1024;

const FAILED: Fault = Fault::Crypto { operation: "signing" };

/// A private key bound to one algorithm.
pub(crate) enum PrivateKey {
    Rsa(Box<RsaKeyPair>, &'static dyn RsaEncoding),
    Ec(EcdsaKeyPair, Curve),
    Ed(Ed25519KeyPair),
    Pq(PqdsaKeyPair, Algorithm),
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
        } else if let Some(signing) = ml_dsa(algorithm) {
            Ok(Self::Pq(PqdsaKeyPair::generate(signing).map_err(|_| FAILED)?, algorithm))
        } else if algorithm.family() == Family::Okp {
            Ok(Self::Ed(Ed25519KeyPair::generate().map_err(|_| FAILED)?))
        } else {
            Err(Fault::Unfit { algorithm })
        }
    }

    /// Takes the numbers of both halves; `None` when they do not belong together or are no key
    /// of this algorithm.
    pub(crate) fn from_parts(algorithm: Algorithm, material: &Material, secret: &Secret) -> Option<Self> {
        match (material, secret) {
            (Material::Rsa { n, e }, Secret::Rsa(numbers)) => {
                let pair = RsaKeyPair::from_components(&KeyPairComponents {
                    public_key: PublicKeyComponents { n, e },
                    d: &**numbers.d,
                    p: &**numbers.p,
                    q: &**numbers.q,
                    dP: &**numbers.dp,
                    dQ: &**numbers.dq,
                    qInv: &**numbers.qi,
                });
                Some(Self::Rsa(Box::new(pair.ok()?), rsa(algorithm)?))
            }
            (Material::Ec { curve, x, y }, Secret::Bytes(d)) => {
                let (signing, fitting) = ec(algorithm)?;
                let point = public::uncompressed(x, y);
                let pair = EcdsaKeyPair::from_private_key_and_public_key(signing, d, &point).ok()?;
                (fitting == *curve).then_some(Self::Ec(pair, fitting))
            }
            (Material::Okp { curve: OkpCurve::Ed25519, x }, Secret::Bytes(d)) => {
                Some(Self::Ed(Ed25519KeyPair::from_seed_and_public_key(d, x).ok()?))
            }
            (Material::Akp { public, .. }, Secret::Bytes(seed)) => {
                let pair = PqdsaKeyPair::from_seed(ml_dsa(algorithm)?, seed).ok()?;
                same(pair.public_key().as_ref(), public).then_some(Self::Pq(pair, algorithm))
            }
            _ => None,
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
            Self::Pq(pair, _) => pair.to_pkcs8v1(),
        };
        Ok(Zeroizing::new(document.map_err(|_| FAILED)?.as_ref().to_vec()))
    }

    /// The public half.
    pub(crate) fn material(&self) -> Result<Material, Fault> {
        let read = match self {
            Self::Rsa(pair, _) => document::from_rsa_public(pair.public_key().as_ref()).ok(),
            Self::Ec(pair, curve) => document::point(pair.public_key().as_ref(), *curve),
            Self::Ed(pair) => {
                Some(Material::Okp { curve: OkpCurve::Ed25519, x: pair.public_key().as_ref().to_vec() })
            }
            Self::Pq(pair, algorithm) => {
                let public = pair.public_key().as_ref().to_vec();
                Some(Material::Akp { algorithm: *algorithm, public })
            }
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
            // Kilobytes long: one buffer more is little beside the signature itself.
            Self::Pq(..) => {
                let signature = self.sign(message)?;
                jws::append_signature(token, &signature);
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
            Self::Pq(pair, _) => {
                let mut signature = vec![0; pair.algorithm().signature_len()];
                pair.sign(message, &mut signature).map_err(|_| FAILED)?;
                Ok(signature)
            }
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

pub(super) fn ec(algorithm: Algorithm) -> Option<(&'static EcdsaSigningAlgorithm, Curve)> {
    Some(match algorithm {
        Algorithm::Es256 => (&signature::ECDSA_P256_SHA256_FIXED_SIGNING, Curve::P256),
        Algorithm::Es384 => (&signature::ECDSA_P384_SHA384_FIXED_SIGNING, Curve::P384),
        Algorithm::Es512 => (&signature::ECDSA_P521_SHA512_FIXED_SIGNING, Curve::P521),
        Algorithm::Es256k => (&signature::ECDSA_P256K1_SHA256_FIXED_SIGNING, Curve::Secp256k1),
        _ => return None,
    })
}

pub(super) fn ml_dsa(algorithm: Algorithm) -> Option<&'static PqdsaSigningAlgorithm> {
    Some(match algorithm {
        Algorithm::MlDsa44 => &signature::ML_DSA_44_SIGNING,
        Algorithm::MlDsa65 => &signature::ML_DSA_65_SIGNING,
        Algorithm::MlDsa87 => &signature::ML_DSA_87_SIGNING,
        _ => return None,
    })
}
