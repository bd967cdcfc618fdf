//! Secrets that issuer and verifier share, for HMAC.
//!
//! RFC 7518 3.2 (at least as long as the hash), RFC 8725 2.1 and 3.1: the classical forgery
//! signs with a public key as if it were the secret, so a secret that is a key document in
//! disguise is refused when it is loaded.

use core::fmt;

use zeroize::Zeroizing;

use super::{KeyId, Signer, private};
use crate::algorithm::{Algorithm, Hash};
use crate::backend;
use crate::backend::secret::MacKey;
use crate::document::disguise;
use crate::error::{Error, Fault};
use crate::jwk::{PrivateJwk, PrivateMaterial, Purpose};

/// An HMAC key with its one algorithm; the secret itself cannot be read back.
///
/// Whoever can verify with it can also sign with it. Across trust boundaries use a
/// [`SigningKey`](super::SigningKey) and publish its public half.
///
/// ```
/// use countersign_jose::{Algorithm, SharedKey};
/// assert!(SharedKey::new(Algorithm::Hs256, b"secret").is_err());
/// let key = SharedKey::new(Algorithm::Hs256, &[7; 32]).unwrap();
/// assert_eq!(format!("{key:?}"), "SharedKey(..)");
/// ```
pub struct SharedKey {
    algorithm: Algorithm,
    mac: MacKey,
    id: Option<KeyId>,
}

impl SharedKey {
    /// Takes random bytes as a secret.
    ///
    /// # Errors
    /// [`Error::KeyTooShort`] when it is shorter than the hash, [`Error::NotASecret`] when it
    /// is a PEM, DER, SSH or JWK document, [`Error::Jwk`] when the algorithm is none of HMAC's.
    pub fn new(algorithm: Algorithm, secret: &[u8]) -> Result<Self, Error> {
        let hash = algorithm.mac_hash().ok_or(Error::Jwk { member: "alg" })?;
        if let Some(format) = disguise(secret) {
            return Err(Error::NotASecret { format });
        }
        let least = hash.size();
        if secret.len() < least {
            let (algorithm, bits) = (algorithm.name(), secret.len() * 8);
            return Err(Error::KeyTooShort { algorithm, bits, least: least * 8 });
        }
        Ok(Self::unchecked(algorithm, hash, secret))
    }

    /// The secret of a JWK of type `oct` that names its algorithm in `alg`.
    ///
    /// # Errors
    /// Those of [`SharedKey::new`], [`Error::Jwk`] when it names none of HMAC's algorithms,
    /// [`Error::Purpose`] for key pairs and for secrets that encrypt.
    pub fn from_jwk(jwk: &PrivateJwk) -> Result<Self, Error> {
        let (PrivateMaterial::Oct(secret), Purpose::Any | Purpose::Signature(_)) =
            (&jwk.material, jwk.purpose)
        else {
            return Err(Error::Purpose { operation: "make a MAC" });
        };
        let key = Self::new(jwk.algorithm().ok_or(Error::Jwk { member: "alg" })?, secret)?;
        Ok(Self { id: jwk.kid.clone(), ..key })
    }

    /// Draws a new secret as long as the hash, which only this value knows.
    ///
    /// # Errors
    /// [`Fault::Unfit`] when the algorithm is none of HMAC's, [`Fault::Random`] when the
    /// system gives no random bytes.
    pub fn generate(algorithm: Algorithm) -> Result<Self, Fault> {
        let hash = algorithm.mac_hash().ok_or(Fault::Unfit { algorithm })?;
        let mut secret = Zeroizing::new(vec![0; hash.size()]);
        backend::fill_random(&mut secret)?;
        Ok(Self::unchecked(algorithm, hash, &secret))
    }

    fn unchecked(algorithm: Algorithm, hash: Hash, secret: &[u8]) -> Self {
        Self { algorithm, mac: MacKey::new(hash, secret), id: None }
    }

    /// Names the key, so that its tokens carry a `kid`.
    #[must_use]
    pub fn with_id(mut self, id: KeyId) -> Self {
        self.id = Some(id);
        self
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.mac.verify(message, signature)
    }
}

impl private::Sealed for SharedKey {}

impl Signer for SharedKey {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn key_id(&self) -> Option<&KeyId> {
        self.id.as_ref()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Fault> {
        Ok(self.mac.sign(message))
    }

    fn finish(&self, token: &mut String) -> Result<(), Fault> {
        self.mac.finish(token);
        Ok(())
    }
}

impl fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedKey(..)")
    }
}
