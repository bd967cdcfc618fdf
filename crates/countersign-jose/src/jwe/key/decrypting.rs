//! Private keys that decrypt.
//!
//! RFC 7518 4.3 and 4.6, RFC 8037 3.2, RFC 7516 11.5 (no oracle).

use core::fmt;

use super::encrypting::{EncryptingKey, agreed};
use super::policy::Policy;
use super::{ContentKey, Decrypter, Encrypter};
use crate::backend::agree::{AgreementKey, AgreementPublic};
use crate::backend::oaep::OaepPrivate;
use crate::backend::wrap;
use crate::error::{Error, Fault};
use crate::jwe::header::Header;
use crate::jwe::{ContentAlgorithm, Curve, KeyAlgorithm, KeyKind};
use crate::key::KeyId;
use crate::key::private::Sealed;

/// A private key with its one algorithm.
///
/// ```
/// use countersign_jose::jwe::{self, Curve, DecryptingKey, KeyAlgorithm};
/// let key = DecryptingKey::generate_on(Curve::X25519, KeyAlgorithm::EcdhEs)?;
/// let token = jwe::encrypt(&key.encrypting_key(), b"hello")?;
/// assert_eq!(jwe::decrypt(&token, &key).unwrap().plain(), b"hello");
/// assert_eq!(format!("{key:?}"), "DecryptingKey(ECDH-ES, ..)");
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
pub struct DecryptingKey {
    policy: Policy,
    private: Private,
    public: EncryptingKey,
}

enum Private {
    Rsa(OaepPrivate),
    Agreement(Curve, AgreementKey),
}

impl DecryptingKey {
    /// Makes a new key: RSA of 3072 bits, which takes up to half a second, or P-256.
    ///
    /// # Errors
    /// [`Fault::UnfitKey`] for an algorithm of shared secrets, [`Fault::Crypto`] when the
    /// library fails.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, Fault> {
        match algorithm.kind() {
            KeyKind::Agreement => Self::generate_on(Curve::P256, algorithm),
            KeyKind::Rsa => {
                let private = OaepPrivate::generate(algorithm)?;
                Self::rsa(algorithm, private).map_err(|_| Fault::Crypto { operation: "key generation" })
            }
            KeyKind::Symmetric | KeyKind::Password => Err(Fault::UnfitKey { algorithm }),
        }
    }

    /// Makes a new key for agreement on this curve.
    ///
    /// # Errors
    /// [`Fault::UnfitKey`] for an algorithm other than `ECDH-ES*`, [`Fault::Crypto`] when the
    /// library fails.
    pub fn generate_on(curve: Curve, algorithm: KeyAlgorithm) -> Result<Self, Fault> {
        if algorithm.kind() != KeyKind::Agreement {
            return Err(Fault::UnfitKey { algorithm });
        }
        let private = AgreementKey::generate(curve)?;
        Self::agreement(algorithm, private).map_err(|_| Fault::Crypto { operation: "key generation" })
    }

    /// Reads an unencrypted PKCS#8 key for RSA-OAEP.
    ///
    /// # Errors
    /// [`Error::Jwk`] when it is no RSA key of 2048 to 8192 bits, or the algorithm is another.
    pub fn from_pkcs8(algorithm: KeyAlgorithm, der: &[u8]) -> Result<Self, Error> {
        let private = OaepPrivate::from_pkcs8(algorithm, der).ok_or(Error::Jwk { member: "d" })?;
        Self::rsa(algorithm, private)
    }

    fn rsa(algorithm: KeyAlgorithm, private: OaepPrivate) -> Result<Self, Error> {
        let public = EncryptingKey::rsa(algorithm, private.public().ok_or(Error::Jwk { member: "n" })?);
        Ok(Self { policy: Policy::new(algorithm), private: Private::Rsa(private), public })
    }

    fn agreement(algorithm: KeyAlgorithm, private: AgreementKey) -> Result<Self, Error> {
        let (curve, point) = (private.curve(), private.public().map_err(|_| Error::Jwk { member: "d" })?);
        let public = EncryptingKey::agreement(algorithm, curve, &point)?;
        Ok(Self { policy: Policy::new(algorithm), private: Private::Agreement(curve, private), public })
    }

    /// Decrypts this `enc` only, and asks senders for it.
    #[must_use]
    pub fn with_content(mut self, content: ContentAlgorithm) -> Self {
        self.policy = self.policy.only(content);
        self.public = self.public.with_content(content);
        self
    }

    /// Names the key: no other `kid` is decrypted.
    #[must_use]
    pub fn with_id(mut self, id: KeyId) -> Self {
        self.public = self.public.with_id(id.clone());
        self.policy.id = Some(id);
        self
    }

    /// The public half, under the same `kid`.
    #[must_use]
    pub fn encrypting_key(&self) -> EncryptingKey {
        self.public.clone()
    }

    /// The key's algorithm.
    #[must_use]
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.public.algorithm()
    }
}

impl Sealed for DecryptingKey {}

impl Decrypter for DecryptingKey {
    fn admit(&self, header: &Header<'_>) -> Result<(), Error> {
        self.policy.admit(header)
    }

    fn content_key(&self, header: &Header<'_>, encrypted_key: &[u8]) -> Result<ContentKey, Error> {
        let found = match &self.private {
            Private::Rsa(private) => private.decrypt(encrypted_key),
            Private::Agreement(curve, private) => {
                // Whether `epk` is a point that agrees with keys at all is no secret.
                const FAULTY: Error = Error::Header { member: "epk" };
                let public = curve.read(&header.object("epk")?)?;
                let secret =
                    private.agree(&AgreementPublic::new(*curve, &public).ok_or(FAULTY)?).ok_or(FAULTY)?;
                let apu = header.maybe_bytes("apu")?.unwrap_or_default();
                let apv = header.maybe_bytes("apv")?.unwrap_or_default();
                let agreed = agreed(&secret, self.policy.algorithm, header.enc, &apu, &apv);
                if self.policy.algorithm.is_direct() {
                    // RFC 7516 5.2, step 10.
                    if !encrypted_key.is_empty() {
                        return Err(Error::Decryption);
                    }
                    agreed
                } else {
                    agreed.and_then(|agreed| wrap::unwrap(&agreed, encrypted_key))
                }
            }
        };
        ContentKey::unwrapped(header.enc, found)
    }
}

impl fmt::Debug for DecryptingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecryptingKey({}, ..)", self.policy.algorithm)
    }
}
