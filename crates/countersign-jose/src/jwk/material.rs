//! The numbers of public keys, and which algorithms they may serve.
//!
//! RFC 7518 6.2 and 6.3 (EC, RSA), RFC 8037 2 (OKP), RFC 8812 3.1 (secp256k1), RFC 9964 3
//! (AKP). Whether the numbers are a good key is decided when one is made of them.

use crate::algorithm::{Algorithm, Family};
use crate::jwe::{KeyAlgorithm, KeyKind};

/// An elliptic curve whose points have two coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
    Secp256k1,
}

impl Curve {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::Secp256k1 => "secp256k1",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::P256, Self::P384, Self::P521, Self::Secp256k1].into_iter().find(|curve| curve.name() == name)
    }

    /// The length of a coordinate, and of the private number, in bytes (RFC 7518 6.2.1.2).
    pub(crate) const fn coordinate_len(self) -> usize {
        match self {
            Self::P256 | Self::Secp256k1 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The one algorithm that JWS defines for the curve (RFC 7518 3.4, RFC 8812 3.2).
    pub(crate) const fn algorithm(self) -> Algorithm {
        match self {
            Self::P256 => Algorithm::Es256,
            Self::P384 => Algorithm::Es384,
            Self::P521 => Algorithm::Es512,
            Self::Secp256k1 => Algorithm::Es256k,
        }
    }
}

/// A curve whose keys are strings of bytes; all have 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OkpCurve {
    /// For signatures.
    Ed25519,
    /// For Diffie-Hellman.
    X25519,
}

impl OkpCurve {
    /// The length of a key, public or private, in bytes.
    pub(crate) const LEN: usize = 32;

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "Ed25519",
            Self::X25519 => "X25519",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Ed25519, Self::X25519].into_iter().find(|curve| curve.name() == name)
    }
}

/// The numbers of a public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Material {
    /// Big-endian, without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// Coordinates of the curve's full length.
    Ec { curve: Curve, x: Vec<u8>, y: Vec<u8> },
    /// A public key of 32 bytes.
    Okp { curve: OkpCurve, x: Vec<u8> },
    /// A public key of ML-DSA, as long as the algorithm has it.
    Akp { algorithm: Algorithm, public: Vec<u8> },
}

impl Material {
    /// The signature algorithm that the material alone implies; `None` when it cannot sign.
    ///
    /// RSA keys work with six; the one that every OpenID provider must have stands in for a
    /// key that names none (OpenID Connect Core 15.1: RS256).
    pub(crate) const fn implied(&self) -> Option<Algorithm> {
        match self {
            Self::Rsa { .. } => Some(Algorithm::Rs256),
            Self::Ec { curve, .. } => Some(curve.algorithm()),
            Self::Okp { curve: OkpCurve::Ed25519, .. } => Some(Algorithm::EdDsa),
            Self::Okp { curve: OkpCurve::X25519, .. } => None,
            Self::Akp { algorithm, .. } => Some(*algorithm),
        }
    }

    /// Whether keys of this kind can sign with the algorithm.
    pub(crate) fn fits(&self, algorithm: Algorithm) -> bool {
        match self {
            Self::Rsa { .. } => algorithm.family() == Family::Rsa,
            _ => self.implied().is_some_and(|implied| implied.is_same_scheme(algorithm)),
        }
    }

    /// Whether keys of this kind can encrypt with the algorithm.
    pub(crate) fn fits_encryption(&self, algorithm: KeyAlgorithm) -> bool {
        match self {
            Self::Rsa { .. } => algorithm.kind() == KeyKind::Rsa,
            // RFC 7518 4.6 and RFC 8037 3.2 name these curves for ECDH-ES, and no others.
            Self::Ec { curve: Curve::P256 | Curve::P384 | Curve::P521, .. }
            | Self::Okp { curve: OkpCurve::X25519, .. } => algorithm.kind() == KeyKind::Agreement,
            Self::Ec { curve: Curve::Secp256k1, .. }
            | Self::Okp { curve: OkpCurve::Ed25519, .. }
            | Self::Akp { .. } => false,
        }
    }

    /// The place of the kind in a published set.
    pub(crate) const fn family(&self) -> Family {
        match self {
            Self::Rsa { .. } => Family::Rsa,
            Self::Ec { .. } => Family::Ec,
            Self::Okp { .. } => Family::Okp,
            Self::Akp { .. } => Family::Akp,
        }
    }
}

/// The length of a public key of ML-DSA in bytes (FIPS 204, table 2).
pub(crate) const fn ml_dsa_public_len(algorithm: Algorithm) -> Option<usize> {
    match algorithm {
        Algorithm::MlDsa44 => Some(1312),
        Algorithm::MlDsa65 => Some(1952),
        Algorithm::MlDsa87 => Some(2592),
        _ => None,
    }
}
