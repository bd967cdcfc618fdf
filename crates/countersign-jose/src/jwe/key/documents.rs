//! Documents of keys for encryption, named for the one algorithm they serve.
//!
//! RFC 7517 4.4, RFC 7520 5.6. Pairs and wrapping secrets are drawn by
//! [`DecryptingKey::generate_jwk`] and [`SymmetricKey::generate_jwk`].

use zeroize::Zeroizing;

use super::{DecryptingKey, SymmetricKey};
use crate::backend;
use crate::error::{Error, Fault};
use crate::jwe::{ContentAlgorithm, KeyAlgorithm, KeyKind};
use crate::jwk::{PrivateJwk, PrivateMaterial, Purpose};

impl PrivateJwk {
    /// Draws a new secret that is the content's key itself: `alg` names the `enc` (RFC 7520 5.6).
    ///
    /// # Errors
    /// [`Fault::Random`] when the system gives no random bytes.
    pub fn generate_direct(content: ContentAlgorithm) -> Result<Self, Fault> {
        let mut secret = Zeroizing::new(vec![0; content.key_len()]);
        backend::fill_random(&mut secret)?;
        Ok(Self { material: PrivateMaterial::Oct(secret), kid: None, purpose: Purpose::Content(content) })
    }

    /// Names the algorithm that the key is for, when its document names none.
    ///
    /// # Errors
    /// Those of [`DecryptingKey::from_jwk_as`] and [`SymmetricKey::from_jwk`]: whatever is weak,
    /// does not fit or is meant for something else.
    pub fn for_encryption(mut self, algorithm: KeyAlgorithm) -> Result<Self, Error> {
        if algorithm.kind() == KeyKind::Symmetric {
            if self.purpose == Purpose::Any {
                self.purpose = Purpose::Encryption(Some(algorithm));
            }
            SymmetricKey::from_jwk(&self)?;
            if self.key_algorithm() != Some(algorithm) {
                return Err(Error::Jwk { member: "alg" });
            }
        } else {
            DecryptingKey::from_jwk_as(&self, algorithm)?;
            self.purpose = Purpose::Encryption(Some(algorithm));
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::Algorithm;
    use crate::jwe::{self, Decrypter, Encrypter};

    fn opens(from: &dyn Encrypter, to: &dyn Decrypter) {
        assert_eq!(jwe::decrypt(&jwe::encrypt(from, b"hello").unwrap(), to).unwrap().plain(), b"hello");
    }

    fn again(jwk: &PrivateJwk) -> PrivateJwk {
        PrivateJwk::parse(jwk.to_json().as_bytes()).unwrap()
    }

    #[test]
    fn a_new_direct_key_has_the_length_of_its_algorithm() {
        for content in ContentAlgorithm::ALL {
            let jwk = again(&PrivateJwk::generate_direct(content).unwrap());
            let key = SymmetricKey::from_jwk(&jwk).unwrap();
            opens(&key, &key);
        }
    }

    #[test]
    fn a_key_is_named_for_what_it_can_do_and_for_nothing_else() {
        let pair = crate::SigningKey::generate(Algorithm::Es256).unwrap();
        let bare = || PrivateJwk::from_pkcs8(&pair.to_pkcs8().unwrap()).unwrap();
        let named = bare().for_encryption(KeyAlgorithm::EcdhEsA128Kw).unwrap();
        assert_eq!(named.key_algorithm(), Some(KeyAlgorithm::EcdhEsA128Kw));
        assert!(named.for_encryption(KeyAlgorithm::EcdhEs).is_err());
        assert!(bare().for_encryption(KeyAlgorithm::RsaOaep256).is_err());
        assert!(bare().for_encryption(KeyAlgorithm::A128Kw).is_err());
        assert!(pair.to_jwk().unwrap().for_encryption(KeyAlgorithm::EcdhEs).is_err());
        let secret = SymmetricKey::generate_jwk(KeyAlgorithm::A128Kw).unwrap();
        assert!(secret.for_encryption(KeyAlgorithm::A256Kw).is_err());
    }
}
