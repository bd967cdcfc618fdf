//! Public keys that verify.
//!
//! RFC 7518 3.3 (RSA of at least 2048 bits), RFC 8725 3.1 (one key, one algorithm).

use core::fmt;
use std::sync::Arc;

use super::KeyId;
use super::weak::strong;
use crate::algorithm::Algorithm;
use crate::backend::public::PublicKey;
use crate::error::Error;
use crate::jwk::{Jwk, Material, Purpose};

/// A public key with its one algorithm and its `kid`; parsed once, cheap to clone.
#[derive(Clone)]
pub struct VerifyingKey(Arc<Parts>);

#[derive(Clone)]
struct Parts {
    id: KeyId,
    algorithm: Algorithm,
    material: Material,
    public: PublicKey,
    names: Names,
}

/// Which names of the key's algorithm tokens may use.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    /// `EdDSA` and `Ed25519` stand for one another.
    Synonyms,
    Own,
}

impl VerifyingKey {
    /// The key of a JWK, with its `alg`; without one, EC and OKP keys have the algorithm of
    /// their curve and RSA keys RS256. Without `kid` the key is named by its thumbprint.
    ///
    /// # Errors
    /// [`Error::Purpose`] for a key that is for encryption; [`Error::SmallFactor`],
    /// [`Error::Roca`], [`Error::CloseFactors`], [`Error::SmallOrder`], [`Error::KeyTooShort`], [`Error::WeakExponent`], or [`Error::Jwk`] for numbers that are
    /// no key (a point off its curve, an even modulus).
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, Error> {
        Self::from_jwk_as(jwk, jwk.algorithm().ok_or(NOT_FOR_VERIFYING)?)
    }

    /// The key of a JWK, for `algorithm` and no other: for RSA keys that name none.
    ///
    /// # Errors
    /// As [`VerifyingKey::from_jwk`]; [`Error::Jwk`] when the JWK names another algorithm or
    /// is no key for this one.
    pub fn from_jwk_as(jwk: &Jwk, algorithm: Algorithm) -> Result<Self, Error> {
        let named = match jwk.purpose {
            Purpose::Signature(named) => named,
            Purpose::Any => None,
            Purpose::Encryption(_) | Purpose::Content(_) => return Err(NOT_FOR_VERIFYING),
        };
        if named.is_some_and(|named| named != algorithm) || !jwk.material.fits(algorithm) {
            return Err(Error::Jwk { member: "alg" });
        }
        strong(&jwk.material, algorithm.name())?;
        let member = match jwk.material {
            Material::Rsa { .. } => "n",
            Material::Ec { .. } | Material::Okp { .. } => "x",
            Material::Akp { .. } => "pub",
        };
        let public = PublicKey::new(algorithm, &jwk.material).ok_or(Error::Jwk { member })?;
        let id = jwk.kid.clone().unwrap_or_else(|| KeyId::of_thumbprint(jwk.thumbprint()));
        let names = Names::Synonyms;
        Ok(Self(Arc::new(Parts { id, algorithm, material: jwk.material.clone(), public, names })))
    }

    /// Reads an SPKI public key in DER for `algorithm`; its `kid` is its thumbprint.
    ///
    /// # Errors
    /// Those of [`Jwk::from_spki`] and [`VerifyingKey::from_jwk_as`].
    pub fn from_spki(algorithm: Algorithm, der: &[u8]) -> Result<Self, Error> {
        Self::from_jwk_as(&Jwk::from_spki(der)?, algorithm)
    }

    /// Reads an SPKI public key in PEM for `algorithm`; its `kid` is its thumbprint.
    ///
    /// # Errors
    /// Those of [`Jwk::from_spki_pem`] and [`VerifyingKey::from_jwk_as`].
    pub fn from_spki_pem(algorithm: Algorithm, pem: &str) -> Result<Self, Error> {
        Self::from_jwk_as(&Jwk::from_spki_pem(pem)?, algorithm)
    }

    /// Writes the key as SPKI in DER, without `kid` and `alg`.
    #[must_use]
    pub fn to_spki(&self) -> Vec<u8> {
        // INVARIANT: a key that was loaded has numbers that DER can hold.
        self.to_jwk().to_spki().unwrap_or_default()
    }

    /// Writes the key as SPKI in PEM, without `kid` and `alg`.
    #[must_use]
    pub fn to_spki_pem(&self) -> String {
        self.to_jwk().to_spki_pem().unwrap_or_default()
    }

    /// The key as a JWK with `kid`, `use` and `alg`.
    #[must_use]
    pub fn to_jwk(&self) -> Jwk {
        Jwk {
            material: self.0.material.clone(),
            kid: Some(self.0.id.clone()),
            purpose: Purpose::Signature(Some(self.0.algorithm)),
        }
    }

    /// The key alone, where it stands for itself: without `kid`, and without `alg` where the
    /// numbers do without. AKP does not (RFC 9964 3), nor does RSA for anything but RS256.
    pub(crate) fn to_bare_jwk(&self) -> Jwk {
        let purpose = match self.0.material {
            Material::Akp { .. } => Purpose::Signature(Some(self.0.algorithm)),
            Material::Rsa { .. } if self.0.algorithm != Algorithm::Rs256 => {
                Purpose::Signature(Some(self.0.algorithm))
            }
            _ => Purpose::Any,
        };
        Jwk { material: self.0.material.clone(), kid: None, purpose }
    }

    /// Gives the key another `kid`.
    #[must_use]
    pub fn with_id(self, id: KeyId) -> Self {
        let mut parts = Arc::unwrap_or_clone(self.0);
        parts.id = id;
        Self(Arc::new(parts))
    }

    /// Takes only tokens whose `alg` is exactly this key's own name.
    ///
    /// RFC 9864 2.2 gives `EdDSA` the new name `Ed25519`, for the same signatures. Until all
    /// issuers have moved, a key takes both; after that, say so with this. For all other
    /// algorithms there is only one name, and this changes nothing.
    #[must_use]
    pub fn with_exact_alg(self) -> Self {
        let mut parts = Arc::unwrap_or_clone(self.0);
        parts.names = Names::Own;
        Self(Arc::new(parts))
    }

    /// The `kid`.
    #[must_use]
    pub fn key_id(&self) -> &KeyId {
        &self.0.id
    }

    /// The key's algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// The SHA-256 thumbprint in base64url (RFC 7638).
    #[must_use]
    pub fn thumbprint(&self) -> String {
        self.to_jwk().thumbprint()
    }

    /// Whether a header with this `alg` may belong to a token of this key.
    pub(crate) fn accepts(&self, alg: &str) -> bool {
        let own = self.0.algorithm;
        own.name() == alg
            || (self.0.names == Names::Synonyms
                && Algorithm::named(alg).is_some_and(|other| other.is_same_scheme(own)))
    }

    /// Whether both are the same key with the same name, for the same algorithm.
    pub(crate) fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || (self.0.id == other.0.id
                && self.0.algorithm == other.0.algorithm
                && self.0.names == other.0.names
                && self.0.material == other.0.material)
    }

    /// The length of its signatures in bytes.
    pub(crate) fn signature_len(&self) -> usize {
        match &self.0.material {
            // RFC 8017 8.1.1 and 8.2.1: as long as the modulus.
            Material::Rsa { n, .. } => n.len(),
            _ => self.0.algorithm.signature_len().unwrap_or_default(),
        }
    }

    /// Whether `signature` was made over `message` by the other half of this key.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        // ECDSA signatures have one length; DER, which other protocols use, is refused here.
        let fits = self.0.algorithm.signature_len().is_none_or(|length| length == signature.len());
        fits && self.0.public.verify(message, signature)
    }
}

const NOT_FOR_VERIFYING: Error = Error::Purpose { operation: "verify" };

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({}, {})", self.0.algorithm, self.0.id)
    }
}
