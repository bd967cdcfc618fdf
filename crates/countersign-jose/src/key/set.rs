//! Several verifying keys, told apart by `kid`.
//!
//! RFC 7517 5 and RFC 7515 4.1.4.

use super::{KeyId, VerifyingKey};
use crate::algorithm::Family;
use crate::error::Error;
use crate::jwk::JwkSet;

/// Verifying keys with distinct names, all public. Cheap to clone.
///
/// There is no way to put a [`SharedKey`](super::SharedKey) into it: a set that mixes public
/// keys with secrets is how `RS256` becomes `HS256`.
///
/// ```
/// use countersign_jose::{Algorithm, KeySet, SigningKey};
/// let key = SigningKey::generate(Algorithm::EdDsa)?;
/// let set = KeySet::new([key.verifying_key()]).unwrap();
/// let json = serde_json::to_vec(&set.to_jwks()).unwrap();
/// assert!(KeySet::from_jwks(&json).unwrap().find(key.key_id()).is_some());
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct KeySet {
    keys: Vec<VerifyingKey>,
}

impl KeySet {
    /// A set of these keys.
    ///
    /// # Errors
    /// [`Error::DuplicateKeyId`] when two have the same `kid`.
    pub fn new(keys: impl IntoIterator<Item = VerifyingKey>) -> Result<Self, Error> {
        let mut set = Self::default();
        for key in keys {
            if set.find(key.key_id()).is_some() {
                return Err(Error::DuplicateKeyId);
            }
            set.keys.push(key);
        }
        Ok(set)
    }

    /// A set of one.
    pub(crate) fn of(key: VerifyingKey) -> Self {
        Self { keys: vec![key] }
    }

    /// The keys of a published JWK Set that may verify. Keys for encryption and keys of
    /// unknown kinds are left out.
    ///
    /// # Errors
    /// As [`JwkSet::parse`] and [`VerifyingKey::from_jwk`]; [`Error::DuplicateKeyId`].
    pub fn from_jwks(json: &[u8]) -> Result<Self, Error> {
        let read = JwkSet::parse(json)?;
        let keys = read.keys().iter().map(VerifyingKey::from_jwk);
        let may_verify = |key: &Result<_, Error>| !matches!(key, Err(Error::Purpose { .. }));
        let keys: Vec<_> = keys.filter(may_verify).collect::<Result<_, _>>()?;
        Self::new(keys)
    }

    /// The set as it is published: RSA, EC, OKP. Keys of ML-DSA are left out: one of them
    /// makes some clients refuse the whole set, for every algorithm.
    #[must_use]
    pub fn to_jwks(&self) -> JwkSet {
        self.published(|family| family != Family::Akp)
    }

    /// The keys of ML-DSA, to be published at an address of their own.
    #[must_use]
    pub fn to_akp_jwks(&self) -> JwkSet {
        self.published(|family| family == Family::Akp)
    }

    fn published(&self, wanted: impl Fn(Family) -> bool) -> JwkSet {
        let keys = self.keys.iter().filter(|key| wanted(key.algorithm().family()));
        JwkSet::new(keys.map(VerifyingKey::to_jwk))
    }

    /// The key of this name.
    #[must_use]
    pub fn find(&self, id: &KeyId) -> Option<&VerifyingKey> {
        self.keys.iter().find(|key| key.key_id() == id)
    }

    /// The keys, in the order given.
    #[must_use]
    pub fn keys(&self) -> &[VerifyingKey] {
        &self.keys
    }
}
