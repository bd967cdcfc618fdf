//! Sets of private keys, or of shared secrets: what an application keeps for itself.
//!
//! RFC 7517 5 and RFC 8725 3.1. One set holds key pairs or secrets, never both: where a lookup
//! by `kid` may give either, a token can choose which kind of algorithm checks it.

use core::fmt;

use super::{PrivateJwk, read, set};
use crate::error::Error;

/// Private keys with distinct names, or shared secrets with distinct names.
///
/// ```
/// use countersign_jose::jws::{self, Trusted};
/// use countersign_jose::{PrivateJwkSet, SharedKey};
/// // Wycheproof, json_web_key, test 2.
/// let json = br#"{"keys":[
///     {"kty":"oct","alg":"HS256","kid":"one","k":"-ebuDNsVZ2iJtoZ-akfXTSCt4UO2cruLCsbWlBinggE"},
///     {"kty":"oct","alg":"HS256","kid":"two","k":"-xbuDNsVZ2iJtoZ-akfXTSCt4UO2cruLCsbWlBinggE"}]}"#;
/// let set = PrivateJwkSet::parse(json).unwrap();
/// let keys = set.keys().iter().map(SharedKey::from_jwk).collect::<Result<Vec<_>, _>>().unwrap();
/// let token = jws::sign(&keys[0], None, b"hello")?;
/// let trusted = Trusted::shared(keys).unwrap();
/// assert_eq!(jws::verify(&token, &trusted).unwrap().payload(), b"hello");
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
pub struct PrivateJwkSet {
    keys: Vec<PrivateJwk>,
}

impl PrivateJwkSet {
    /// Reads a set from strict JSON. Keys of kinds and uses that are not known are left out,
    /// and so are keys that contradict themselves.
    ///
    /// # Errors
    /// [`Error::Json`] or [`Error::Jwk`] for a set that cannot be read, has more than 100 keys
    /// or a key that is public, [`Error::KeyTooLarge`] beyond 1 MiB, [`Error::MixedKeys`] when
    /// it has key pairs and secrets, [`Error::DuplicateKeyId`].
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        let documents = set::documents(json)?;
        let mut secrets = 0;
        let mut names = Vec::with_capacity(documents.len());
        for document in &documents {
            secrets += usize::from(read::needed(document, "kty")? == "oct");
            let name = read::key_id(document)?;
            if name.is_some() && names.contains(&name) {
                return Err(Error::DuplicateKeyId);
            }
            names.push(name);
        }
        if secrets != 0 && secrets != documents.len() {
            return Err(Error::MixedKeys);
        }
        let mut keys = Vec::with_capacity(documents.len());
        for document in &documents {
            match PrivateJwk::of(document) {
                Ok(key) => keys.push(key),
                Err(Error::Unsupported | Error::Rsa15 | Error::Contradiction) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self { keys })
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &[PrivateJwk] {
        &self.keys
    }
}

impl fmt::Debug for PrivateJwkSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateJwkSet(..)")
    }
}
