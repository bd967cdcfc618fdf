//! Private keys that sign.
//!
//! RFC 5208 for their storage form. Whether a key may be used now is decided by a key ring.

use core::fmt;

use zeroize::Zeroizing;

use super::{KeyId, Signer, VerifyingKey, private};
use crate::algorithm::Algorithm;
use crate::backend::sign::PrivateKey;
use crate::document::Label;
use crate::error::{Error, Fault};
use crate::jwk::{Jwk, Material, PrivateJwk, PrivateMaterial, Purpose};

/// A private key with its one algorithm and its `kid`.
///
/// ```
/// use countersign_jose::{Algorithm, SigningKey};
/// let key = SigningKey::generate(Algorithm::Es256)?;
/// let stored = key.to_pkcs8()?; // seal this before it touches a disk
/// let again = SigningKey::from_pkcs8(Algorithm::Es256, &stored).unwrap();
/// assert_eq!(again.key_id(), key.key_id());
/// assert_eq!(format!("{key:?}"), format!("SigningKey(ES256, {}, ..)", key.key_id()));
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
pub struct SigningKey {
    private: PrivateKey,
    public: VerifyingKey,
}

impl SigningKey {
    /// Makes a new key; its `kid` is its thumbprint. RSA keys have 3072 bits and take up to
    /// half a second, the others less than a millisecond.
    ///
    /// # Errors
    /// [`Fault::Unfit`] for an algorithm of shared secrets, [`Fault::Crypto`] when the library
    /// fails.
    pub fn generate(algorithm: Algorithm) -> Result<Self, Fault> {
        let private = PrivateKey::generate(algorithm)?;
        let public = public(private.material()?, algorithm)
            .map_err(|_| Fault::Crypto { operation: "key generation" })?;
        Ok(Self { private, public })
    }

    /// Reads an unencrypted PKCS#8 key in DER; its `kid` is its thumbprint.
    ///
    /// Keys as PKCS#1 and SEC1 come through [`PrivateJwk::from_pkcs1_pem`] and
    /// [`PrivateJwk::from_sec1_pem`].
    ///
    /// # Errors
    /// Those of [`PrivateJwk::from_pkcs8`] and [`SigningKey::from_jwk_as`];
    /// [`Error::PrivateKey`] when it is no key for this algorithm.
    pub fn from_pkcs8(algorithm: Algorithm, der: &[u8]) -> Result<Self, Error> {
        let jwk = PrivateJwk::from_pkcs8(der)?;
        match &jwk.material {
            PrivateMaterial::Pair(public, _) if public.fits(algorithm) => Self::from_jwk_as(&jwk, algorithm),
            _ => Err(Error::PrivateKey { algorithm }),
        }
    }

    /// Reads an unencrypted PKCS#8 key in PEM; its `kid` is its thumbprint.
    ///
    /// # Errors
    /// As [`SigningKey::from_pkcs8`]; [`Error::Pem`].
    pub fn from_pkcs8_pem(algorithm: Algorithm, pem: &str) -> Result<Self, Error> {
        Self::from_pkcs8(algorithm, &Label::Pkcs8.read(pem)?)
    }

    /// The key of a private JWK, with its `alg`; without one, as
    /// [`VerifyingKey::from_jwk`] has it. Without `kid` the key is named by its thumbprint.
    ///
    /// # Errors
    /// As [`SigningKey::from_jwk_as`].
    pub fn from_jwk(jwk: &PrivateJwk) -> Result<Self, Error> {
        Self::from_jwk_as(jwk, jwk.algorithm().ok_or(NOT_FOR_SIGNING)?)
    }

    /// The key of a private JWK, for `algorithm` and no other: for RSA keys that name none.
    ///
    /// # Errors
    /// Those of [`VerifyingKey::from_jwk_as`], [`Error::Purpose`] for shared secrets and keys
    /// for encryption, [`Error::Halves`] when the private half does not belong to the public
    /// one.
    pub fn from_jwk_as(jwk: &PrivateJwk, algorithm: Algorithm) -> Result<Self, Error> {
        let (PrivateMaterial::Pair(material, secret), Some(half)) = (&jwk.material, jwk.to_public()) else {
            return Err(NOT_FOR_SIGNING);
        };
        if matches!(jwk.purpose, Purpose::Encryption(_) | Purpose::Content(_)) {
            return Err(NOT_FOR_SIGNING);
        }
        // The public half first: it says best what is wrong with a weak key.
        let public = VerifyingKey::from_jwk_as(&half, algorithm)?;
        let private = PrivateKey::from_parts(algorithm, material, secret).ok_or(Error::Halves)?;
        Ok(Self { private, public })
    }

    /// Writes the key as unencrypted PKCS#8, wiped when dropped.
    ///
    /// # Errors
    /// [`Fault::Crypto`] when the library fails.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Fault> {
        self.private.to_pkcs8()
    }

    /// Writes the key as unencrypted PKCS#8 in PEM, wiped when dropped.
    ///
    /// # Errors
    /// [`Fault::Crypto`] when the library fails.
    pub fn to_pkcs8_pem(&self) -> Result<Zeroizing<String>, Fault> {
        Ok(Label::Pkcs8.write(&self.to_pkcs8()?))
    }

    /// Writes the key as a private JWK with `kid`, `use` and `alg`.
    ///
    /// # Errors
    /// [`Fault::Crypto`] when the library fails.
    pub fn to_jwk(&self) -> Result<PrivateJwk, Fault> {
        let read = PrivateJwk::from_pkcs8(&self.to_pkcs8()?);
        let jwk = read.map_err(|_| Fault::Crypto { operation: "key export" })?;
        let kid = Some(self.key_id().clone());
        Ok(PrivateJwk { kid, purpose: Purpose::Signature(Some(self.algorithm())), ..jwk })
    }

    /// Gives the key another `kid`.
    #[must_use]
    pub fn with_id(mut self, id: KeyId) -> Self {
        self.public = self.public.with_id(id);
        self
    }

    /// The `kid` that its tokens name.
    #[must_use]
    pub fn key_id(&self) -> &KeyId {
        self.public.key_id()
    }

    /// The key's algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.public.algorithm()
    }

    /// The public half, under the same `kid`.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        self.public.clone()
    }
}

const NOT_FOR_SIGNING: Error = Error::Purpose { operation: "sign" };

impl private::Sealed for SigningKey {}

impl Signer for SigningKey {
    fn algorithm(&self) -> Algorithm {
        self.public.algorithm()
    }

    fn key_id(&self) -> Option<&KeyId> {
        Some(self.public.key_id())
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        self.private.sign(message)
    }

    fn finish(&self, token: &mut String) -> Result<(), Fault> {
        self.private.finish(token)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, {}, ..)", self.algorithm(), self.key_id())
    }
}

fn public(material: Material, algorithm: Algorithm) -> Result<VerifyingKey, Error> {
    VerifyingKey::from_jwk(&Jwk { material, kid: None, purpose: Purpose::Signature(Some(algorithm)) })
}
