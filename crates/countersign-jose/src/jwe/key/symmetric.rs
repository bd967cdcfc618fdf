//! Secrets that both sides share, for encryption.
//!
//! RFC 7518 4.4 (`A*KW`), 4.5 (`dir`) and 4.7 (`A*GCMKW`). A secret has exactly the length of
//! its algorithm; text that is a key document in disguise is refused.

use core::fmt;

use zeroize::Zeroizing;

use super::encrypting::{allowed, named};
use super::policy::Policy;
use super::{ContentKey, Decrypter, Delivery, Encrypter};
use crate::backend;
use crate::backend::wrap::{self, GcmWrapped};
use crate::document::disguise;
use crate::error::{Error, Fault};
use crate::jwe::header::{Header, Written};
use crate::jwe::{ContentAlgorithm, KeyAlgorithm, KeyKind};
use crate::jwk::{PrivateJwk, PrivateMaterial, Purpose};
use crate::key::KeyId;
use crate::key::private::Sealed;

/// A secret that encrypts and decrypts; it cannot be read back.
///
/// Prefer wrapping (`A256KW`) to a direct key: each message then has a content key of its own.
/// A direct key should encrypt at most 2^32 messages with AES-GCM, because their vectors are
/// drawn at random (NIST SP 800-38D 8.3); the same holds for `A*GCMKW`.
///
/// ```
/// use countersign_jose::jwe::{self, ContentAlgorithm, KeyAlgorithm, SymmetricKey};
/// let key = SymmetricKey::generate(KeyAlgorithm::A256Kw)?;
/// let token = jwe::encrypt(&key, b"hello")?;
/// assert_eq!(jwe::decrypt(&token, &key).unwrap().plain(), b"hello");
///
/// let direct = SymmetricKey::direct(ContentAlgorithm::A128CbcHs256, &[7; 32]).unwrap();
/// assert!(jwe::decrypt(&token, &direct).is_err());
/// assert_eq!(format!("{direct:?}"), "SymmetricKey(dir, ..)");
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
pub struct SymmetricKey {
    policy: Policy,
    secret: Zeroizing<Vec<u8>>,
}

impl SymmetricKey {
    /// Takes random bytes that wrap content keys with `A*KW` or `A*GCMKW`.
    ///
    /// # Errors
    /// [`Error::SecretLength`] for another length than the algorithm's, [`Error::NotASecret`]
    /// for a PEM, DER, SSH or JWK document, [`Error::Jwk`] for an algorithm that does not wrap
    /// with a shared secret.
    pub fn new(algorithm: KeyAlgorithm, secret: &[u8]) -> Result<Self, Error> {
        let length = length(algorithm).ok_or(Error::Jwk { member: "alg" })?;
        Self::of(Policy::new(algorithm), algorithm.name(), length, secret)
    }

    /// Takes random bytes that are themselves the content key: `dir` with this `enc` only.
    ///
    /// # Errors
    /// [`Error::SecretLength`] for another length than the algorithm's, [`Error::NotASecret`]
    /// for a PEM, DER, SSH or JWK document.
    pub fn direct(content: ContentAlgorithm, secret: &[u8]) -> Result<Self, Error> {
        Self::of(Policy::new(KeyAlgorithm::Dir).only(content), content.name(), content.key_len(), secret)
    }

    fn of(policy: Policy, name: &'static str, length: usize, secret: &[u8]) -> Result<Self, Error> {
        if let Some(format) = disguise(secret) {
            return Err(Error::NotASecret { format });
        }
        if secret.len() != length {
            return Err(Error::SecretLength { algorithm: name, bits: secret.len() * 8, needed: length * 8 });
        }
        Ok(Self { policy, secret: Zeroizing::new(secret.to_vec()) })
    }

    /// The secret of a JWK, with its `alg` and its `kid`; an `enc` in the place of `alg`
    /// (RFC 7520 5.6) makes a direct key.
    ///
    /// # Errors
    /// [`Error::Purpose`] for a secret that is for signatures, [`Error::Jwk`] when it is no
    /// secret or names no `alg` from which its use is plain (`dir` names no `enc`: see
    /// [`SymmetricKey::direct_from_jwk`]), and those of [`SymmetricKey::new`].
    pub fn from_jwk(jwk: &PrivateJwk) -> Result<Self, Error> {
        let secret = secret(jwk)?;
        let key = match jwk.purpose {
            Purpose::Content(content) => Self::direct(content, secret)?,
            purpose => Self::new(named(purpose)?, secret)?,
        };
        Ok(key.named_as(jwk))
    }

    /// The secret of a JWK as the content key itself, with its `kid`.
    ///
    /// # Errors
    /// [`Error::Purpose`] for a secret that is for signatures, [`Error::Jwk`] when it is no
    /// secret or names another `alg` than `dir`, and those of [`SymmetricKey::direct`].
    pub fn direct_from_jwk(jwk: &PrivateJwk, content: ContentAlgorithm) -> Result<Self, Error> {
        match jwk.purpose {
            Purpose::Content(named) if named == content => {}
            Purpose::Content(_) => return Err(Error::Jwk { member: "alg" }),
            purpose => allowed(purpose, KeyAlgorithm::Dir)?,
        }
        Ok(Self::direct(content, secret(jwk)?)?.named_as(jwk))
    }

    fn named_as(mut self, jwk: &PrivateJwk) -> Self {
        self.policy.id.clone_from(&jwk.kid);
        self
    }

    /// Draws a new secret for `A*KW` or `A*GCMKW`, which only this value knows.
    ///
    /// # Errors
    /// [`Fault::UnfitKey`] for another algorithm, [`Fault::Random`] when the system gives no
    /// random bytes.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, Fault> {
        Ok(Self { policy: Policy::new(algorithm), secret: draw(algorithm)? })
    }

    /// Draws a new secret for `A*KW` or `A*GCMKW` as a document, to be given to the other side
    /// once.
    ///
    /// # Errors
    /// As [`SymmetricKey::generate`].
    pub fn generate_jwk(algorithm: KeyAlgorithm) -> Result<PrivateJwk, Fault> {
        let material = PrivateMaterial::Oct(draw(algorithm)?);
        Ok(PrivateJwk { material, kid: None, purpose: Purpose::Encryption(Some(algorithm)) })
    }

    /// Encrypts with this `enc`, and decrypts no other; a direct key has its own already.
    ///
    /// # Errors
    /// [`Error::SecretLength`] for a direct key and an `enc` that is not its own.
    pub fn with_content(mut self, content: ContentAlgorithm) -> Result<Self, Error> {
        if self.policy.algorithm == KeyAlgorithm::Dir && self.policy.content != content {
            let (bits, needed) = (self.secret.len() * 8, content.key_len() * 8);
            return Err(Error::SecretLength { algorithm: content.name(), bits, needed });
        }
        self.policy = self.policy.only(content);
        Ok(self)
    }

    /// Names the key, so that its tokens carry a `kid` and no other `kid` is decrypted.
    #[must_use]
    pub fn with_id(mut self, id: KeyId) -> Self {
        self.policy.id = Some(id);
        self
    }
}

impl Sealed for SymmetricKey {}

impl Encrypter for SymmetricKey {
    fn algorithm(&self) -> KeyAlgorithm {
        self.policy.algorithm
    }

    fn content_algorithm(&self) -> ContentAlgorithm {
        self.policy.content
    }

    fn key_id(&self) -> Option<&KeyId> {
        self.policy.id.as_ref()
    }

    fn deliver(&self, key: ContentKey) -> Result<Delivery, Fault> {
        let header = Written::default();
        if self.policy.algorithm == KeyAlgorithm::Dir {
            return Ok(Delivery { key: ContentKey(self.secret.clone()), encrypted_key: Vec::new(), header });
        }
        if is_gcm(self.policy.algorithm) {
            let GcmWrapped { encrypted_key, iv, tag } = wrap::gcm_wrap(&self.secret, key.bytes())?;
            return Ok(Delivery { key, encrypted_key, header: header.bytes("iv", &iv).bytes("tag", &tag) });
        }
        let encrypted_key = wrap::wrap(&self.secret, key.bytes())?;
        Ok(Delivery { key, encrypted_key, header })
    }
}

impl Decrypter for SymmetricKey {
    fn admit(&self, header: &Header<'_>) -> Result<(), Error> {
        self.policy.admit(header)
    }

    fn content_key(&self, header: &Header<'_>, encrypted_key: &[u8]) -> Result<ContentKey, Error> {
        if self.policy.algorithm == KeyAlgorithm::Dir {
            // RFC 7516 5.2, step 10.
            return if encrypted_key.is_empty() {
                Ok(ContentKey(self.secret.clone()))
            } else {
                Err(Error::Decryption)
            };
        }
        let found = if is_gcm(self.policy.algorithm) {
            let (iv, tag) = (header.bytes("iv")?, header.bytes("tag")?);
            wrap::gcm_unwrap(&self.secret, &GcmWrapped { encrypted_key: encrypted_key.to_vec(), iv, tag })
        } else {
            wrap::unwrap(&self.secret, encrypted_key)
        };
        ContentKey::unwrapped(header.enc, found)
    }
}

impl fmt::Debug for SymmetricKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SymmetricKey({}, ..)", self.policy.algorithm)
    }
}

fn draw(algorithm: KeyAlgorithm) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let length = length(algorithm).ok_or(Fault::UnfitKey { algorithm })?;
    let mut secret = Zeroizing::new(vec![0; length]);
    backend::fill_random(&mut secret)?;
    Ok(secret)
}

fn secret(jwk: &PrivateJwk) -> Result<&[u8], Error> {
    match &jwk.material {
        PrivateMaterial::Oct(secret) => Ok(secret),
        PrivateMaterial::Pair(..) => Err(Error::Jwk { member: "kty" }),
    }
}

/// The length of a wrapping secret in bytes; `None` for algorithms that have none.
fn length(algorithm: KeyAlgorithm) -> Option<usize> {
    algorithm.wrapping_len().filter(|_| algorithm.kind() == KeyKind::Symmetric)
}

const fn is_gcm(algorithm: KeyAlgorithm) -> bool {
    matches!(algorithm, KeyAlgorithm::A128GcmKw | KeyAlgorithm::A192GcmKw | KeyAlgorithm::A256GcmKw)
}
