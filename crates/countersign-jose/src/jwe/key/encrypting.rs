//! Public keys that encrypt.
//!
//! RFC 7518 4.3 (RSA-OAEP) and 4.6 (ECDH-ES), RFC 8037 3.2 (X25519). That something was
//! encrypted with a public key says nothing about who did it: everybody has the key.

use core::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::policy::Policy;
use super::{ContentKey, Delivery, Encrypter};
use crate::backend::agree::{AgreementKey, AgreementPublic};
use crate::backend::oaep::OaepPublic;
use crate::backend::{derive, wrap};
use crate::error::{Error, Fault};
use crate::jwe::header::Written;
use crate::jwe::{ContentAlgorithm, Curve, KeyAlgorithm};
use crate::jwk::{Jwk, Material, Purpose};
use crate::key::private::Sealed;
use crate::key::{KeyId, strong};

const FAILED: Fault = Fault::Crypto { operation: "key agreement" };

/// A public key with its one algorithm; parsed once, cheap to clone.
///
/// ```
/// use countersign_jose::jwe::{self, DecryptingKey, EncryptingKey, KeyAlgorithm};
/// let private = DecryptingKey::generate(KeyAlgorithm::EcdhEsA256Kw)?;
/// let public: EncryptingKey = private.encrypting_key();
/// let token = jwe::encrypt(&public, b"hello")?;
/// assert_eq!(jwe::decrypt(&token, &private).unwrap().plain(), b"hello");
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
#[derive(Clone)]
pub struct EncryptingKey {
    policy: Policy,
    material: Arc<Material>,
    public: Arc<Public>,
}

enum Public {
    Rsa(OaepPublic),
    Agreement(Curve, AgreementPublic),
}

const NOT_FOR_ENCRYPTING: Error = Error::Purpose { operation: "encrypt" };

impl EncryptingKey {
    /// The key of a JWK, with its `alg` and its `kid`.
    ///
    /// # Errors
    /// [`Error::Jwk`] when it names no `alg`, and those of [`EncryptingKey::from_jwk_as`].
    ///
    /// ```
    /// use countersign_jose::{Jwk, jwe::EncryptingKey};
    /// let json = br#"{"kty":"OKP","crv":"X25519","use":"enc","alg":"ECDH-ES+A256KW","kid":"2026",
    ///     "x":"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08"}"#;
    /// let key = EncryptingKey::from_jwk(&Jwk::parse(json).unwrap()).unwrap();
    /// assert_eq!(format!("{key:?}"), "EncryptingKey(ECDH-ES+A256KW, ..)");
    /// ```
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, Error> {
        Self::from_jwk_as(jwk, named(jwk.purpose)?)
    }

    /// The key of a JWK, for `algorithm` and no other: for keys that name none.
    ///
    /// # Errors
    /// [`Error::Purpose`] for a key that is for signatures, [`Error::Jwk`] when it names another
    /// algorithm, is no key for this one, or is a point off its curve, [`Error::SmallOrder`],
    /// [`Error::KeyTooShort`], [`Error::WeakExponent`], [`Error::SmallFactor`], [`Error::Roca`],
    /// [`Error::CloseFactors`] and [`Error::Jwk`] for RSA keys that must not be used.
    pub fn from_jwk_as(jwk: &Jwk, algorithm: KeyAlgorithm) -> Result<Self, Error> {
        allowed(jwk.purpose, algorithm)?;
        if !jwk.material.fits_encryption(algorithm) {
            return Err(Error::Jwk { member: "alg" });
        }
        let public = public(algorithm, &jwk.material)?;
        let mut policy = Policy::new(algorithm);
        policy.id.clone_from(&jwk.kid);
        Ok(Self { policy, material: Arc::new(jwk.material.clone()), public: Arc::new(public) })
    }

    /// The key as a JWK with `use` and `alg`.
    #[must_use]
    pub fn to_jwk(&self) -> Jwk {
        Jwk {
            material: Material::clone(&self.material),
            kid: self.policy.id.clone(),
            purpose: Purpose::Encryption(Some(self.policy.algorithm)),
        }
    }

    /// Encrypts with this `enc`: what the recipient asked for.
    #[must_use]
    pub fn with_content(mut self, content: ContentAlgorithm) -> Self {
        self.policy = self.policy.only(content);
        self
    }

    /// Names the key, so that its tokens carry a `kid`.
    #[must_use]
    pub fn with_id(mut self, id: KeyId) -> Self {
        self.policy.id = Some(id);
        self
    }
}

impl Sealed for EncryptingKey {}

impl Encrypter for EncryptingKey {
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
        match &*self.public {
            Public::Rsa(public) => {
                let encrypted_key = public.encrypt(key.bytes())?;
                Ok(Delivery { key, encrypted_key, header: Written::default() })
            }
            Public::Agreement(curve, public) => {
                let own = AgreementKey::generate(*curve)?;
                let epk = Jwk {
                    material: curve.material(&own.public()?).ok_or(FAILED)?,
                    kid: None,
                    purpose: Purpose::Any,
                };
                let epk = serde_json::to_string(&epk).map_err(|_| FAILED)?;
                let header = Written::default().json("epk", epk);
                let secret = own.agree(public).ok_or(FAILED)?;
                let (algorithm, content) = (self.policy.algorithm, self.policy.content);
                let agreed = agreed(&secret, algorithm, content, &[], &[]).ok_or(FAILED)?;
                if algorithm.is_direct() {
                    return Ok(Delivery { key: ContentKey(agreed), encrypted_key: Vec::new(), header });
                }
                let encrypted_key = wrap::wrap(&agreed, key.bytes())?;
                Ok(Delivery { key, encrypted_key, header })
            }
        }
    }
}

/// The `alg` that a document names.
pub(super) fn named(purpose: Purpose) -> Result<KeyAlgorithm, Error> {
    match purpose {
        Purpose::Encryption(Some(algorithm)) => Ok(algorithm),
        Purpose::Encryption(None) | Purpose::Any => Err(Error::Jwk { member: "alg" }),
        Purpose::Signature(_) | Purpose::Content(_) => Err(NOT_FOR_ENCRYPTING),
    }
}

/// Whether a document allows a key to be used with the algorithm.
pub(super) fn allowed(purpose: Purpose, algorithm: KeyAlgorithm) -> Result<(), Error> {
    match purpose {
        Purpose::Any | Purpose::Encryption(None) => Ok(()),
        Purpose::Encryption(Some(named)) if named == algorithm => Ok(()),
        Purpose::Encryption(Some(_)) => Err(Error::Jwk { member: "alg" }),
        Purpose::Signature(_) | Purpose::Content(_) => Err(NOT_FOR_ENCRYPTING),
    }
}

fn public(algorithm: KeyAlgorithm, material: &Material) -> Result<Public, Error> {
    strong(material, algorithm.name())?;
    if let Material::Rsa { n, e } = material {
        return OaepPublic::new(algorithm, n, e).map(Public::Rsa).ok_or(Error::Jwk { member: "n" });
    }
    const FAULTY: Error = Error::Jwk { member: "x" };
    let (curve, point) = Curve::of(material).ok_or(FAULTY)?;
    let public = AgreementPublic::new(curve, &point).ok_or(FAULTY)?;
    Ok(Public::Agreement(curve, public))
}

/// The key that comes out of an agreement: the content's, or the one that wraps it.
///
/// RFC 7518 4.6.2: it is bound to the algorithm it is for.
pub(super) fn agreed(
    secret: &[u8],
    algorithm: KeyAlgorithm,
    content: ContentAlgorithm,
    apu: &[u8],
    apv: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    match algorithm.wrapping_len() {
        Some(length) => derive::concat(secret, algorithm.name(), apu, apv, length),
        None => derive::concat(secret, content.name(), apu, apv, content.key_len()),
    }
}

impl fmt::Debug for EncryptingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncryptingKey({}, ..)", self.policy.algorithm)
    }
}
