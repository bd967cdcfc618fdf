//! JSON Web Keys: keys as JSON.
//!
//! RFC 7517 (the format), RFC 7518 6 (EC, RSA, oct), RFC 8037 2 (OKP), RFC 9964 3 (AKP). A
//! [`Jwk`] is a public key: a document that carries private members is refused, because
//! whoever published it has lost the key. A [`PrivateJwk`] is a private key or a shared secret.
//! What a key may do with a token is decided in [`crate::key`] and [`crate::jwe`].

mod documents;
mod material;
mod private;
mod private_set;
mod purpose;
mod read;
mod set;
mod thumbprint;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::algorithm::{Algorithm, Hash};
use crate::base64;
use crate::error::Error;
use crate::json::Object;
use crate::jwe::KeyAlgorithm;
use crate::key::KeyId;

pub(crate) use material::{Curve, Material, OkpCurve, ml_dsa_public_len};
pub use private::PrivateJwk;
pub(crate) use private::{PrivateMaterial, RsaSecret, SEED, Secret, SecretBytes};
pub use private_set::PrivateJwkSet;
pub(crate) use purpose::Purpose;
pub use set::JwkSet;

/// A public key as JSON, for verifying or for encrypting: `kty`, the key's numbers, `kid`,
/// `use`, `alg`.
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
    pub(crate) purpose: Purpose,
}

impl Jwk {
    /// Reads one JWK from strict JSON.
    ///
    /// # Errors
    /// [`Error::Json`] for anything but strict JSON, [`Error::Jwk`] naming the member that
    /// cannot be used, [`Error::Contradiction`] when `use`, `key_ops` and `alg` disagree,
    /// [`Error::Unsupported`] for kinds of keys, uses and algorithms that are not known,
    /// [`Error::MixedKeys`] for a shared secret, [`Error::KeyTooLarge`] beyond 64 KiB.
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        read::jwk(json)
    }

    /// Reads the JWK inside another document.
    pub(crate) fn of(object: &Object<'_>) -> Result<Self, Error> {
        read::from_object(object)
    }

    /// `kid`, if the document has one.
    #[must_use]
    pub const fn key_id(&self) -> Option<&KeyId> {
        self.kid.as_ref()
    }

    /// The signature algorithm: `alg`, or the one that the kind of key implies. `None` for a
    /// key that is for encryption.
    #[must_use]
    pub const fn algorithm(&self) -> Option<Algorithm> {
        match self.purpose {
            Purpose::Signature(Some(algorithm)) => Some(algorithm),
            Purpose::Any | Purpose::Signature(None) => self.material.implied(),
            Purpose::Encryption(_) | Purpose::Content(_) => None,
        }
    }

    /// The key management algorithm in `alg`, if the document names one.
    #[must_use]
    pub const fn key_algorithm(&self) -> Option<KeyAlgorithm> {
        if let Purpose::Encryption(algorithm) = self.purpose { algorithm } else { None }
    }

    /// The SHA-256 thumbprint in base64url (RFC 7638).
    #[must_use]
    pub fn thumbprint(&self) -> String {
        thumbprint::of(&self.material, Hash::Sha256)
    }

    /// The thumbprint by another hash, in base64url (RFC 7638 3.4).
    #[must_use]
    pub fn thumbprint_by(&self, hash: Hash) -> String {
        thumbprint::of(&self.material, hash)
    }

    /// The thumbprint as a URI (RFC 9278).
    ///
    /// ```
    /// use countersign_jose::{Hash, Jwk};
    /// // RFC 8037, appendix A.2 and A.3.
    /// let json = br#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    /// assert_eq!(
    ///     Jwk::parse(json).unwrap().thumbprint_uri(Hash::Sha256),
    ///     "urn:ietf:params:oauth:jwk-thumbprint:sha-256:kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    /// );
    /// ```
    #[must_use]
    pub fn thumbprint_uri(&self, hash: Hash) -> String {
        thumbprint::uri(&self.material, hash)
    }

    /// Names the key.
    #[must_use]
    pub fn with_id(self, id: KeyId) -> Self {
        Self { kid: Some(id), ..self }
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
            Material::Okp { curve, x } => {
                map.serialize_entry("kty", "OKP")?;
                map.serialize_entry("crv", curve.name())?;
                map.serialize_entry("x", &base64::encode(x))?;
            }
            Material::Akp { public, .. } => {
                map.serialize_entry("kty", "AKP")?;
                map.serialize_entry("pub", &base64::encode(public))?;
            }
        }
        if let Some(kid) = &self.kid {
            map.serialize_entry("kid", kid.as_str())?;
        }
        if let Some(word) = self.purpose.word() {
            map.serialize_entry("use", word)?;
        }
        if let Some(name) = self.purpose.algorithm_name() {
            map.serialize_entry("alg", name)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests;
