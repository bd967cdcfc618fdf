//! JSON Web Keys: public keys as JSON.
//!
//! RFC 7517 (the format), RFC 7518 6.2 and 6.3 (EC, RSA), RFC 8037 2 (OKP). Reads and writes
//! public keys only: a document that carries private members is refused, because whoever
//! published it has lost the key. What a key may verify is decided in [`crate::key`].

mod read;
mod set;
mod thumbprint;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::algorithm::{Algorithm, Family};
use crate::base64;
use crate::error::Error;
use crate::key::KeyId;

pub use set::JwkSet;

/// An elliptic curve of NIST that JOSE names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::P256, Self::P384, Self::P521].into_iter().find(|curve| curve.name() == name)
    }

    /// The length of a coordinate in bytes (RFC 7518 6.2.1.2).
    pub(crate) const fn coordinate_len(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The one algorithm that JWS defines for the curve (RFC 7518 3.4).
    pub(crate) const fn algorithm(self) -> Algorithm {
        match self {
            Self::P256 => Algorithm::Es256,
            Self::P384 => Algorithm::Es384,
            Self::P521 => Algorithm::Es512,
        }
    }
}

/// The numbers of a public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Material {
    /// Big-endian, without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// Coordinates of the curve's full length.
    Ec { curve: Curve, x: Vec<u8>, y: Vec<u8> },
    /// An Ed25519 public key of 32 bytes.
    Okp { x: Vec<u8> },
}

impl Material {
    /// The algorithm that the material alone implies.
    ///
    /// RSA keys work with six; the one that every OpenID provider must have stands in for a
    /// key that names none (OpenID Connect Core 15.1: RS256).
    pub(crate) const fn implied(&self) -> Algorithm {
        match self {
            Self::Rsa { .. } => Algorithm::Rs256,
            Self::Ec { curve, .. } => curve.algorithm(),
            Self::Okp { .. } => Algorithm::EdDsa,
        }
    }

    pub(crate) fn fits(&self, algorithm: Algorithm) -> bool {
        match self {
            Self::Rsa { .. } => algorithm.family() == Family::Rsa,
            Self::Ec { .. } | Self::Okp { .. } => algorithm == self.implied(),
        }
    }
}

/// A public key as JSON: `kty`, the key's numbers, `kid`, `use`, `alg`.
///
/// ```
/// use countersign_jose::{Algorithm, SigningKey};
/// let key = SigningKey::generate(Algorithm::EdDsa)?;
/// let jwk = key.verifying_key().to_jwk();
/// let json = serde_json::to_string(&jwk).unwrap();
/// assert!(json.starts_with(r#"{"kty":"OKP","crv":"Ed25519","x":""#));
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jwk {
    pub(crate) material: Material,
    pub(crate) kid: Option<KeyId>,
    pub(crate) algorithm: Option<Algorithm>,
}

impl Jwk {
    /// Reads one JWK from strict JSON.
    ///
    /// # Errors
    /// [`Error::Json`] for anything but strict JSON, [`Error::Jwk`] naming the member that
    /// cannot be used, [`Error::Unsupported`] for kinds of keys or uses that are not known,
    /// [`Error::MixedKeys`] for a shared secret.
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        read::jwk(json)
    }

    /// `kid`, if the document has one.
    #[must_use]
    pub const fn key_id(&self) -> Option<&KeyId> {
        self.kid.as_ref()
    }

    /// `alg`, or the one algorithm that the kind of key implies.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm.unwrap_or_else(|| self.material.implied())
    }

    /// The SHA-256 thumbprint in base64url (RFC 7638).
    #[must_use]
    pub fn thumbprint(&self) -> String {
        thumbprint::of(&self.material)
    }
}

impl Serialize for Jwk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match &self.material {
            Material::Rsa { n, e } => {
                map.serialize_entry("kty", "RSA")?;
                map.serialize_entry("n", &base64::encode(n))?;
                map.serialize_entry("e", &base64::encode(e))?;
            }
            Material::Ec { curve, x, y } => {
                map.serialize_entry("kty", "EC")?;
                map.serialize_entry("crv", curve.name())?;
                map.serialize_entry("x", &base64::encode(x))?;
                map.serialize_entry("y", &base64::encode(y))?;
            }
            Material::Okp { x } => {
                map.serialize_entry("kty", "OKP")?;
                map.serialize_entry("crv", "Ed25519")?;
                map.serialize_entry("x", &base64::encode(x))?;
            }
        }
        if let Some(kid) = &self.kid {
            map.serialize_entry("kid", kid.as_str())?;
        }
        map.serialize_entry("use", "sig")?;
        map.serialize_entry("alg", self.algorithm().name())?;
        map.end()
    }
}
