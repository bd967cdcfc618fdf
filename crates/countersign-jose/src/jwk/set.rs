//! JWK Sets: what an issuer publishes.
//!
//! RFC 7517 5. Keys of kinds and uses that are not known are skipped, as the RFC asks, and so
//! are keys that contradict themselves, which nothing can use. Anything weak, doubled, private
//! or malformed refuses the whole set, because a set that is wrong in one place was not made
//! with care.

use serde::Serialize;

use super::{Jwk, read};
use crate::document::bounded;
use crate::error::Error;
use crate::json::Object;

/// The most keys that a set may have; looking for doubled names compares each with all.
const MAX_KEYS: usize = 100;
/// The longest set that is read, in bytes: a hundred keys with their certificates.
const MAX: usize = 1024 * 1024;

/// A set of public keys as JSON, RSA first, then EC, OKP and AKP.
///
/// Some clients take the first key they know, and all know RSA. Some refuse the whole set for
/// one AKP key, so such keys belong into a set of their own:
/// [`KeySet::to_akp_jwks`](crate::KeySet::to_akp_jwks).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JwkSet {
    keys: Vec<Jwk>,
}

impl JwkSet {
    /// The set in the order RSA, EC, OKP, AKP; keys of one kind stay in the given order.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = Jwk>) -> Self {
        let mut keys: Vec<Jwk> = keys.into_iter().collect();
        keys.sort_by_key(|key| key.material.family());
        Self { keys }
    }

    /// Reads a set from strict JSON.
    ///
    /// # Errors
    /// [`Error::Json`] or [`Error::Jwk`] for a set that cannot be read or has more than 100 keys,
    /// [`Error::MixedKeys`] when it contains a shared secret, [`Error::KeyTooLarge`] beyond 1 MiB.
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        let mut keys = Vec::new();
        for key in documents(json)? {
            match read::from_object(&key) {
                Ok(key) => keys.push(key),
                Err(Error::Unsupported | Error::Rsa15 | Error::Contradiction) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self { keys })
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &[Jwk] {
        &self.keys
    }
}

/// The documents of a set, each not yet read.
pub(super) fn documents(json: &[u8]) -> Result<Vec<Object<'_>>, Error> {
    const FAULTY: Error = Error::Jwk { member: "keys" };
    let object = Object::parse(bounded(json, MAX)?).map_err(|flaw| Error::Json { part: "key set", flaw })?;
    let items = object.member("keys").and_then(|keys| keys.items()).ok_or(FAULTY)?;
    if items.len() > MAX_KEYS {
        return Err(FAULTY);
    }
    items.into_iter().map(|item| item.object().ok_or(FAULTY)).collect()
}
