//! Which key checks a token.
//!
//! RFC 7515 4.1.1 and 4.1.4, RFC 8725 3.1. `kid` selects among keys that were trusted before
//! the token came; `alg` selects nothing, it is only compared with the key's own algorithm.

use std::sync::Arc;

use crate::algorithm::Algorithm;
use crate::error::Error;
use crate::header::Header;
use crate::jws::MaxLength;
use crate::key::{KeyId, KeySet, SharedKey, Signer, VerifyingKey};

/// The keys that a verifier trusts: public keys, or shared secrets, never both.
///
/// ```
/// use countersign_jose::{Algorithm, KeyId, SharedKey, jws::{self, Trusted}};
/// let named = |name: &str| -> Result<_, Box<dyn std::error::Error>> {
///     Ok(SharedKey::generate(Algorithm::Hs256)?.with_id(KeyId::new(name)?))
/// };
/// let (next, last) = (named("july")?, named("june")?);
/// let token = jws::sign(&last, None, b"hello")?;
/// // While secrets rotate, the verifier trusts both.
/// let trusted = Trusted::shared([next, last])?;
/// assert_eq!(jws::verify(&token, &trusted)?.payload(), b"hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Trusted {
    keys: Keys,
    limit: MaxLength,
}

#[derive(Debug, Clone)]
enum Keys {
    Public(KeySet),
    Shared(Arc<[SharedKey]>),
}

/// One of the trusted keys.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Key<'a> {
    Public(&'a VerifyingKey),
    Shared(&'a SharedKey),
}

/// How a token has chosen its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// By `kid`.
    ByName,
    /// Without one, as the only key of its algorithm.
    ByAlgorithm,
}

impl Key<'_> {
    pub(crate) fn algorithm(&self) -> Algorithm {
        match self {
            Self::Public(key) => key.algorithm(),
            Self::Shared(key) => key.algorithm(),
        }
    }

    fn accepts(&self, alg: &str) -> bool {
        match self {
            Self::Public(key) => key.accepts(alg),
            Self::Shared(key) => key.algorithm().name() == alg,
        }
    }

    pub(crate) fn key_id(&self) -> Option<&KeyId> {
        match self {
            Self::Public(key) => Some(key.key_id()),
            Self::Shared(key) => key.key_id(),
        }
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Public(key) => key.verify(message, signature),
            Self::Shared(key) => key.verify(message, signature),
        }
    }
}

impl Trusted {
    /// Several shared secrets, told apart by their names.
    ///
    /// # Errors
    /// [`Error::Jwk`] when one has no name, [`Error::DuplicateKeyId`] when two have the same.
    pub fn shared(keys: impl IntoIterator<Item = SharedKey>) -> Result<Self, Error> {
        let keys: Arc<[SharedKey]> = keys.into_iter().collect();
        for (at, key) in keys.iter().enumerate() {
            let id = key.key_id().ok_or(Error::Jwk { member: "kid" })?;
            if keys.iter().skip(at + 1).any(|other| other.key_id() == Some(id)) {
                return Err(Error::DuplicateKeyId);
            }
        }
        Ok(Self::of(Keys::Shared(keys)))
    }

    /// Looks at tokens and documents of up to this length that these keys have signed, instead of
    /// [`MaxLength::DEFAULT`]: in this module, in [`jwt`](crate::jwt) and in
    /// [`sd_jwt`](crate::sd_jwt).
    #[must_use]
    pub fn up_to(self, limit: MaxLength) -> Self {
        Self { limit, ..self }
    }

    /// The longest text that is looked at.
    pub(crate) const fn limit(&self) -> MaxLength {
        self.limit
    }

    const fn of(keys: Keys) -> Self {
        Self { keys, limit: MaxLength::DEFAULT }
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        match &self.keys {
            Keys::Public(set) => set.keys().len(),
            Keys::Shared(keys) => keys.len(),
        }
    }

    /// Whether the keys are public, not shared secrets.
    pub(crate) const fn is_public(&self) -> bool {
        matches!(self.keys, Keys::Public(_))
    }

    /// Whether a token that has once chosen this public key would choose it among these again.
    // INVARIANT: never where `place` would not. The names of a set differ, so a name has one key; and a
    // key that could take the place of an unnamed one has an algorithm of the same scheme.
    pub(crate) fn still_choose(&self, key: &VerifyingKey, choice: Choice) -> bool {
        let Keys::Public(set) = &self.keys else { return false };
        let alike = |other: &&VerifyingKey| other.algorithm().is_same_scheme(key.algorithm());
        set.keys().iter().any(|known| known.same(key))
            && (choice == Choice::ByName || set.keys().iter().filter(alike).nth(1).is_none())
    }

    /// Whether one of the keys has this name.
    pub(crate) fn knows(&self, kid: Option<&KeyId>) -> bool {
        let named = |place| self.key(place).is_some_and(|key| key.key_id() == kid);
        kid.is_some() && (0..self.len()).any(named)
    }

    /// The key at a place; the places do not change.
    pub(crate) fn key(&self, place: usize) -> Option<Key<'_>> {
        match &self.keys {
            Keys::Public(set) => set.keys().get(place).map(Key::Public),
            Keys::Shared(keys) => keys.get(place).map(Key::Shared),
        }
    }

    pub(crate) fn select(&self, header: &Header<'_>) -> Result<Key<'_>, Error> {
        self.place(header).and_then(|place| self.key(place).ok_or(Error::UnknownKey))
    }

    /// The place of the key that must have signed a token with this header.
    pub(crate) fn place(&self, header: &Header<'_>) -> Result<usize, Error> {
        let keys = || (0..self.len()).filter_map(|place| Some((place, self.key(place)?)));
        let fits = |key: &Key<'_>| key.accepts(&header.alg);
        let Some(kid) = &header.kid else {
            // Without a name there must be no choice: one key of the algorithm.
            let mut fitting = keys().filter(|(_, key)| fits(key));
            return match (fitting.next(), fitting.next(), self.key(0), self.len()) {
                (Some((place, _)), None, ..) => Ok(place),
                (None, _, Some(only), 1) => Err(Error::Algorithm { expected: only.algorithm() }),
                _ => Err(Error::KeyUnnamed),
            };
        };
        // A shared secret without a name is the only key there is, so a `kid` cannot choose.
        let named = |key: &Key<'_>| match key.key_id() {
            Some(id) => id == kid,
            None => true,
        };
        let (place, key) = keys().find(|(_, key)| named(key)).ok_or(Error::UnknownKey)?;
        if fits(&key) { Ok(place) } else { Err(Error::Algorithm { expected: key.algorithm() }) }
    }
}

/// What can become [`Trusted`]: a [`VerifyingKey`], a [`KeySet`], a [`SharedKey`], or keys that are trusted already.
#[diagnostic::on_unimplemented(
    message = "no token can be checked with `{Self}`",
    label = "no key that checks tokens",
    note = "a `VerifyingKey` checks tokens, and a `KeySet` or a `SharedKey` does",
    note = "of a `SigningKey`, take the public half: `key.verifying_key()`",
    note = "text and bytes are no keys: read them with the constructor of their format, such as `KeySet::from_jwks`, `VerifyingKey::from_spki_pem` or `SharedKey::new`"
)]
pub trait TrustedKeys: Into<Trusted> {}

impl TrustedKeys for Trusted {}
impl TrustedKeys for VerifyingKey {}
impl TrustedKeys for KeySet {}
impl TrustedKeys for SharedKey {}

impl From<KeySet> for Trusted {
    fn from(set: KeySet) -> Self {
        Self::of(Keys::Public(set))
    }
}

impl From<VerifyingKey> for Trusted {
    fn from(key: VerifyingKey) -> Self {
        Self::of(Keys::Public(KeySet::of(key)))
    }
}

impl From<SharedKey> for Trusted {
    fn from(key: SharedKey) -> Self {
        Self::of(Keys::Shared(Arc::new([key])))
    }
}
