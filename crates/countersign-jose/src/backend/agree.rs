//! Diffie-Hellman on P-256, P-384, P-521 and X25519.
//!
//! RFC 7518 4.6 and RFC 8037 3.2. The library refuses points off their curve, the point at
//! infinity, and X25519 results that are all zero (RFC 7748 6.1).

use aws_lc_rs::agreement::{self, Algorithm, ParsedPublicKey, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::encoding::{AsBigEndian, Curve25519SeedBin, EcPrivateKeyBin};
use zeroize::Zeroizing;

use crate::error::Fault;
use crate::jwe::Curve;

/// A private key for agreement, long-lived or made for one message.
pub(crate) struct AgreementKey(PrivateKey);

impl AgreementKey {
    pub(crate) fn generate(curve: Curve) -> Result<Self, Fault> {
        let key = PrivateKey::generate(algorithm(curve));
        Ok(Self(key.map_err(|_| Fault::Crypto { operation: "key generation" })?))
    }

    /// The key with this number, as long as the curve's coordinates; `None` when it is none.
    pub(crate) fn new(curve: Curve, d: &[u8]) -> Option<Self> {
        PrivateKey::from_private_key(algorithm(curve), d).ok().map(Self)
    }

    /// The private number, as long as the curve's coordinates.
    pub(crate) fn private(&self, curve: Curve) -> Result<Zeroizing<Vec<u8>>, Fault> {
        const FAILED: Fault = Fault::Crypto { operation: "key export" };
        Ok(Zeroizing::new(if curve == Curve::X25519 {
            let seed: Curve25519SeedBin<'_> = self.0.as_be_bytes().map_err(|_| FAILED)?;
            seed.as_ref().to_vec()
        } else {
            let number: EcPrivateKeyBin<'_> = self.0.as_be_bytes().map_err(|_| FAILED)?;
            number.as_ref().to_vec()
        }))
    }

    /// The public half: an uncompressed point (SEC 1 2.3.3), or X25519's 32 bytes.
    pub(crate) fn public(&self) -> Result<Vec<u8>, Fault> {
        let public = self.0.compute_public_key().map_err(|_| Fault::Crypto { operation: "public key" })?;
        Ok(public.as_ref().to_vec())
    }

    /// The secret shared with the owner of `public`; `None` when they have none.
    pub(crate) fn agree(&self, public: &AgreementPublic) -> Option<Zeroizing<Vec<u8>>> {
        agreement::agree(&self.0, public.0.clone(), (), |secret| Ok(Zeroizing::new(secret.to_vec())))
            .ok()
            // RFC 7748 6.1, RFC 8037 3.2.1: checked once more, whatever the library does. On the
            // curves of NIST zero is the coordinate of a good point.
            .filter(|secret| self.0.algorithm() != &agreement::X25519 || secret.iter().any(|byte| *byte != 0))
    }
}

/// A public key for agreement, known to be on its curve.
pub(crate) struct AgreementPublic(ParsedPublicKey);

impl AgreementPublic {
    /// The key in its raw form ([`Curve::public_len`]); `None` when it is no key of the curve.
    pub(crate) fn new(curve: Curve, public: &[u8]) -> Option<Self> {
        // The library would take other encodings too, SubjectPublicKeyInfo among them.
        if public.len() != curve.public_len() {
            return None;
        }
        UnparsedPublicKey::new(algorithm(curve), public).try_into().ok().map(Self)
    }
}

const fn algorithm(curve: Curve) -> &'static Algorithm {
    match curve {
        Curve::P256 => &agreement::ECDH_P256,
        Curve::P384 => &agreement::ECDH_P384,
        Curve::P521 => &agreement::ECDH_P521,
        Curve::X25519 => &agreement::X25519,
    }
}
