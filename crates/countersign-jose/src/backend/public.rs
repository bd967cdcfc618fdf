//! Public keys, parsed once and then only used.

use aws_lc_rs::rsa::{PublicKeyComponents, RsaParameters};
use aws_lc_rs::signature::{self, ParsedPublicKey, VerificationAlgorithm};

use crate::algorithm::Algorithm;
use crate::jwk::Material;

/// A public key bound to one algorithm.
#[derive(Clone)]
pub(crate) struct PublicKey(ParsedPublicKey);

impl PublicKey {
    /// Parses the material; `None` when it is no valid key of this algorithm.
    pub(crate) fn new(algorithm: Algorithm, material: &Material) -> Option<Self> {
        let parsed = match material {
            Material::Rsa { n, e } => {
                PublicKeyComponents { n, e }.to_parsed_public_key(rsa(algorithm)?).ok()?
            }
            Material::Ec { x, y, .. } => ParsedPublicKey::new(curve(algorithm)?, uncompressed(x, y)).ok()?,
            Material::Okp { x: bytes, .. } | Material::Akp { public: bytes, .. } => {
                ParsedPublicKey::new(curve(algorithm)?, bytes).ok()?
            }
        };
        Some(Self(parsed))
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}

const fn rsa(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

/// The uncompressed form of a point (SEC 1 2.3.3).
pub(crate) fn uncompressed(x: &[u8], y: &[u8]) -> Vec<u8> {
    [&[0x04], x, y].concat()
}

fn curve(algorithm: Algorithm) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match algorithm {
        Algorithm::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
        Algorithm::Es384 => &signature::ECDSA_P384_SHA384_FIXED,
        Algorithm::Es512 => &signature::ECDSA_P521_SHA512_FIXED,
        Algorithm::Es256k => &signature::ECDSA_P256K1_SHA256_FIXED,
        Algorithm::EdDsa | Algorithm::Ed25519 => &signature::ED25519,
        Algorithm::MlDsa44 => &signature::ML_DSA_44,
        Algorithm::MlDsa65 => &signature::ML_DSA_65,
        Algorithm::MlDsa87 => &signature::ML_DSA_87,
        _ => return None,
    })
}
