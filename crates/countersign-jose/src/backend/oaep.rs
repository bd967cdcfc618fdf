//! RSA-OAEP around a content key.
//!
//! RFC 7518 4.3 and RFC 8017 7.1. Only OAEP: the older padding of RSA has no code here.

use aws_lc_rs::rsa::{
    self, OaepAlgorithm, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
    PublicEncryptingKey, PublicKeyComponents,
};
use zeroize::Zeroizing;

use crate::error::Fault;
use crate::jwe::KeyAlgorithm;

/// A public RSA key that encrypts with one hash.
pub(crate) struct OaepPublic(OaepPublicEncryptingKey, &'static OaepAlgorithm);

impl OaepPublic {
    /// The key with these big-endian numbers; `None` when it is no key for the algorithm.
    pub(crate) fn new(algorithm: KeyAlgorithm, n: &[u8], e: &[u8]) -> Option<Self> {
        let key: PublicEncryptingKey = PublicKeyComponents { n, e }.try_into().ok()?;
        Some(Self(OaepPublicEncryptingKey::new(key).ok()?, hash(algorithm)?))
    }

    pub(crate) fn encrypt(&self, key: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut out = vec![0; self.0.ciphertext_size()];
        let length = self
            .0
            .encrypt(self.1, key, &mut out, None)
            .map_err(|_| Fault::Crypto { operation: "key encryption" })?
            .len();
        out.truncate(length);
        Ok(out)
    }
}

/// A private RSA key that decrypts with one hash.
pub(crate) struct OaepPrivate(OaepPrivateDecryptingKey, &'static OaepAlgorithm);

impl OaepPrivate {
    /// Reads PKCS#8; `None` when it is no key for the algorithm.
    pub(crate) fn from_pkcs8(algorithm: KeyAlgorithm, der: &[u8]) -> Option<Self> {
        let key = PrivateDecryptingKey::from_pkcs8(der).ok()?;
        Some(Self(OaepPrivateDecryptingKey::new(key).ok()?, hash(algorithm)?))
    }

    /// Decrypts; `None` for any reason at all, so that nobody can tell which.
    pub(crate) fn decrypt(&self, encrypted: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut out = Zeroizing::new(vec![0; self.0.min_output_size()]);
        let length = self.0.decrypt(self.1, encrypted, &mut out, None).ok()?.len();
        out.truncate(length);
        Some(out)
    }
}

const fn hash(algorithm: KeyAlgorithm) -> Option<&'static OaepAlgorithm> {
    Some(match algorithm {
        KeyAlgorithm::RsaOaep => &rsa::OAEP_SHA1_MGF1SHA1,
        KeyAlgorithm::RsaOaep256 => &rsa::OAEP_SHA256_MGF1SHA256,
        KeyAlgorithm::RsaOaep384 => &rsa::OAEP_SHA384_MGF1SHA384,
        KeyAlgorithm::RsaOaep512 => &rsa::OAEP_SHA512_MGF1SHA512,
        _ => return None,
    })
}
