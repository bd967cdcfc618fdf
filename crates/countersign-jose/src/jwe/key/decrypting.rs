//! Private keys that decrypt.
//!
//! RFC 7518 4.3 and 4.6, RFC 8037 3.2, RFC 7516 11.5 (no oracle).

use core::fmt;

use super::encrypting::{EncryptingKey, agreed, allowed, named};
use super::policy::Policy;
use super::{ContentKey, Decrypter, Encrypter};
use crate::algorithm::Algorithm;
use crate::backend::agree::{AgreementKey, AgreementPublic};
use crate::backend::oaep::OaepPrivate;
use crate::backend::sign::PrivateKey;
use crate::backend::wrap;
use crate::error::{Error, Fault};
use crate::jwe::header::Header;
use crate::jwe::{ContentAlgorithm, Curve, KeyAlgorithm, KeyKind};
use crate::jwk::{Material, PrivateJwk, PrivateMaterial, Purpose, Secret};
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

const FAILED: Fault = Fault::Crypto { operation: "key generation" };

enum Private {
    Rsa(OaepPrivate),
    Agreement(Curve, AgreementKey),
}

impl DecryptingKey {
    /// Makes a new key, named by its thumbprint: RSA of 3072 bits, which takes up to half a
    /// second, or P-256.
    ///
    /// It cannot be written down; for a key that is kept see [`DecryptingKey::generate_jwk`].
    ///
    /// # Errors
    /// As [`DecryptingKey::generate_jwk`].
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, Fault> {
        Self::from_jwk(&Self::generate_jwk(algorithm)?).map_err(|_| FAILED)
    }

    /// Makes a new key for agreement on this curve, named by its thumbprint.
    ///
    /// # Errors
    /// As [`DecryptingKey::generate_jwk_on`].
    pub fn generate_on(curve: Curve, algorithm: KeyAlgorithm) -> Result<Self, Fault> {
        Self::from_jwk(&Self::generate_jwk_on(curve, algorithm)?).map_err(|_| FAILED)
    }

    /// Makes a new key as a document that can be kept: RSA of 3072 bits, or P-256.
    ///
    /// # Errors
    /// [`Fault::UnfitKey`] for an algorithm of shared secrets, [`Fault::Crypto`] when the
    /// library fails.
    ///
    /// ```
    /// use countersign_jose::jwe::{self, DecryptingKey, KeyAlgorithm, Password};
    /// let jwk = DecryptingKey::generate_jwk(KeyAlgorithm::EcdhEsA256Kw)?;
    /// let password = Password::new(KeyAlgorithm::Pbes2Hs256A128Kw, "correct horse battery staple").unwrap();
    /// let file = jwe::encrypt_jwk(&password, &jwk)?;
    /// let key = DecryptingKey::from_jwk(&jwe::decrypt_jwk(&file, &password).unwrap()).unwrap();
    /// assert_eq!(key.algorithm(), KeyAlgorithm::EcdhEsA256Kw);
    /// # Ok::<(), countersign_jose::Fault>(())
    /// ```
    pub fn generate_jwk(algorithm: KeyAlgorithm) -> Result<PrivateJwk, Fault> {
        match algorithm.kind() {
            KeyKind::Agreement => Self::generate_jwk_on(Curve::P256, algorithm),
            KeyKind::Rsa => {
                let pair = PrivateKey::generate(Algorithm::Rs256)?;
                let jwk = PrivateJwk::from_pkcs8(&pair.to_pkcs8()?).map_err(|_| FAILED)?;
                Ok(labelled(jwk, algorithm))
            }
            KeyKind::Symmetric | KeyKind::Password => Err(Fault::UnfitKey { algorithm }),
        }
    }

    /// Makes a new key for agreement on this curve as a document that can be kept.
    ///
    /// # Errors
    /// [`Fault::UnfitKey`] for an algorithm other than `ECDH-ES*`, [`Fault::Crypto`] when the
    /// library fails.
    pub fn generate_jwk_on(curve: Curve, algorithm: KeyAlgorithm) -> Result<PrivateJwk, Fault> {
        if algorithm.kind() != KeyKind::Agreement {
            return Err(Fault::UnfitKey { algorithm });
        }
        let private = AgreementKey::generate(curve)?;
        let public = curve.material(&private.public()?).ok_or(FAILED)?;
        let material = PrivateMaterial::Pair(public, Secret::Bytes(private.private(curve)?));
        Ok(labelled(PrivateJwk { material, kid: None, purpose: Purpose::Any }, algorithm))
    }

    /// The key of a private JWK, with its `alg` and its `kid`.
    ///
    /// # Errors
    /// [`Error::Jwk`] when it names no `alg`, and those of [`DecryptingKey::from_jwk_as`].
    pub fn from_jwk(jwk: &PrivateJwk) -> Result<Self, Error> {
        Self::from_jwk_as(jwk, named(jwk.purpose)?)
    }

    /// The key of a private JWK, for `algorithm` and no other: for keys that name none.
    ///
    /// # Errors
    /// Those of [`EncryptingKey::from_jwk_as`], and [`Error::Halves`] when the private half does
    /// not belong to the public one.
    pub fn from_jwk_as(jwk: &PrivateJwk, algorithm: KeyAlgorithm) -> Result<Self, Error> {
        allowed(jwk.purpose, algorithm)?;
        let (PrivateMaterial::Pair(material, secret), Some(half)) = (&jwk.material, jwk.to_public()) else {
            return Err(Error::Jwk { member: "kty" });
        };
        // The public half first: it says best what is wrong with a weak key.
        let public = EncryptingKey::from_jwk_as(&half, algorithm)?;
        let private = private(algorithm, material, secret).ok_or(Error::Halves)?;
        let mut policy = Policy::new(algorithm);
        policy.id.clone_from(&jwk.kid);
        Ok(Self { policy, private, public })
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

/// The document with its `alg`, named by its thumbprint.
fn labelled(mut jwk: PrivateJwk, algorithm: KeyAlgorithm) -> PrivateJwk {
    jwk.purpose = Purpose::Encryption(Some(algorithm));
    jwk.kid = jwk.to_public().map(|public| KeyId::of_thumbprint(public.thumbprint()));
    jwk
}

/// The private half; `None` when it does not belong to the public one.
fn private(algorithm: KeyAlgorithm, material: &Material, secret: &Secret) -> Option<Private> {
    if let Secret::Rsa(_) = secret {
        // The backend's signer checks RSA's numbers against one another.
        let pair = PrivateKey::from_parts(Algorithm::Rs256, material, secret)?;
        return Some(Private::Rsa(OaepPrivate::from_pkcs8(algorithm, &pair.to_pkcs8().ok()?)?));
    }
    let (Some((curve, point)), Secret::Bytes(d)) = (Curve::of(material), secret) else { return None };
    let private = AgreementKey::new(curve, d)?;
    (private.public().ok()? == point).then_some(Private::Agreement(curve, private))
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
