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
use crate::jwe::{ContentAlgorithm, Curve, KeyAlgorithm, KeyKind};
use crate::key::KeyId;
use crate::key::private::Sealed;

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
    public: Arc<Public>,
}

enum Public {
    Rsa(OaepPublic),
    Agreement(Curve, AgreementPublic),
}

impl EncryptingKey {
    pub(super) fn rsa(algorithm: KeyAlgorithm, public: OaepPublic) -> Self {
        Self { policy: Policy::new(algorithm), public: Arc::new(Public::Rsa(public)) }
    }

    pub(super) fn agreement(algorithm: KeyAlgorithm, curve: Curve, public: &[u8]) -> Result<Self, Error> {
        const FAULTY: Error = Error::Jwk { member: "x" };
        if algorithm.kind() != KeyKind::Agreement {
            return Err(Error::Jwk { member: "alg" });
        }
        let public = AgreementPublic::new(curve, public).ok_or(FAULTY)?;
        // A point of small order belongs to its curve and agrees with nobody: say so now.
        let trial = AgreementKey::generate(curve).map_err(|_| FAULTY)?;
        trial.agree(&public).ok_or(FAULTY)?;
        Ok(Self { policy: Policy::new(algorithm), public: Arc::new(Public::Agreement(curve, public)) })
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
                let epk = curve.write(&own.public()?).ok_or(FAILED)?;
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
