//! Keys for encryption as JWKs: drawn new, and named for the one algorithm they serve.
//!
//! RFC 7517 4.4, RFC 7518 6. For whoever keeps keys in files; a key that lives and dies in
//! memory is made by [`DecryptingKey::generate`] and [`SymmetricKey::generate`].

use zeroize::Zeroizing;

use super::{DecryptingKey, SymmetricKey};
use crate::algorithm::Algorithm;
use crate::backend::sign::PrivateKey;
use crate::backend::{self, halves};
use crate::error::{Error, Fault};
use crate::jwe::{ContentAlgorithm, Curve, KeyAlgorithm, KeyKind};
use crate::jwk::{Material, OkpCurve, PrivateJwk, PrivateMaterial, Purpose, Secret};
use crate::key::KeyId;

impl PrivateJwk {
    /// Draws a new key for encryption as a document with `alg`: an RSA key of 3,072 bits, a key
    /// on P-256, or a secret. Key pairs are named by their thumbprint.
    ///
    /// # Errors
    /// [`Fault::UnfitKey`] for `dir`, which says nothing of the length (see
    /// [`PrivateJwk::generate_direct`]), and for `PBES2-*`, which works with passwords;
    /// [`Fault::Random`] and [`Fault::Crypto`] when the library fails.
    ///
    /// ```
    /// use countersign_jose::PrivateJwk;
    /// use countersign_jose::jwe::{DecryptingKey, KeyAlgorithm};
    /// let jwk = PrivateJwk::generate_encryption(KeyAlgorithm::EcdhEsA256Kw)?;
    /// assert!(DecryptingKey::from_jwk(&jwk).is_ok());
    /// # Ok::<(), countersign_jose::Fault>(())
    /// ```
    pub fn generate_encryption(algorithm: KeyAlgorithm) -> Result<Self, Fault> {
        match (algorithm.kind(), algorithm.wrapping_len()) {
            (KeyKind::Agreement, _) => Self::generate_agreement(Curve::P256, algorithm),
            (KeyKind::Rsa, _) => signing_pair(Algorithm::Rs256).map(|pair| named(pair, algorithm)),
            (KeyKind::Symmetric, Some(length)) => secret(length, Purpose::Encryption(Some(algorithm))),
            (KeyKind::Symmetric | KeyKind::Password, _) => Err(Fault::UnfitKey { algorithm }),
        }
    }

    /// Draws a new key for agreement on this curve as a document with `alg`.
    ///
    /// # Errors
    /// [`Fault::UnfitKey`] for an algorithm other than `ECDH-ES*`, [`Fault::Random`] and
    /// [`Fault::Crypto`] when the library fails.
    pub fn generate_agreement(curve: Curve, algorithm: KeyAlgorithm) -> Result<Self, Fault> {
        if algorithm.kind() != KeyKind::Agreement {
            return Err(Fault::UnfitKey { algorithm });
        }
        let pair = match curve {
            Curve::P256 => signing_pair(Algorithm::Es256)?,
            Curve::P384 => signing_pair(Algorithm::Es384)?,
            Curve::P521 => signing_pair(Algorithm::Es512)?,
            Curve::X25519 => x25519()?,
        };
        Ok(named(pair, algorithm))
    }

    /// Draws a new secret that is the content's key itself: `alg` names the `enc` (RFC 7520 5.6).
    ///
    /// # Errors
    /// [`Fault::Random`] when the system gives no random bytes.
    pub fn generate_direct(content: ContentAlgorithm) -> Result<Self, Fault> {
        secret(content.key_len(), Purpose::Content(content))
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

type Pair = (Material, Secret);

/// The same kinds of keys sign and agree; what one is for is said when it is named.
fn signing_pair(algorithm: Algorithm) -> Result<Pair, Fault> {
    let document = PrivateKey::generate(algorithm)?.to_pkcs8()?;
    crate::document::from_pkcs8(&document).map_err(|_| FAILED)
}

/// RFC 7748 5: any 32 bytes are a private key.
fn x25519() -> Result<Pair, Fault> {
    let mut d = Zeroizing::new(vec![0; OkpCurve::LEN]);
    backend::fill_random(&mut d)?;
    let x = halves::okp(OkpCurve::X25519, &d).ok_or(FAILED)?;
    Ok((Material::Okp { curve: OkpCurve::X25519, x }, Secret::Bytes(d)))
}

fn named((public, secret): Pair, algorithm: KeyAlgorithm) -> PrivateJwk {
    let purpose = Purpose::Encryption(Some(algorithm));
    let jwk = PrivateJwk { material: PrivateMaterial::Pair(public, secret), kid: None, purpose };
    match jwk.to_public().map(|public| KeyId::of_thumbprint(public.thumbprint())) {
        Some(id) => jwk.with_id(id),
        None => jwk,
    }
}

fn secret(length: usize, purpose: Purpose) -> Result<PrivateJwk, Fault> {
    let mut secret = Zeroizing::new(vec![0; length]);
    backend::fill_random(&mut secret)?;
    Ok(PrivateJwk { material: PrivateMaterial::Oct(secret), kid: None, purpose })
}

const FAILED: Fault = Fault::Crypto { operation: "key generation" };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwe::{self, Decrypter, Encrypter};

    fn opens(from: &dyn Encrypter, to: &dyn Decrypter) {
        assert_eq!(jwe::decrypt(&jwe::encrypt(from, b"hello").unwrap(), to).unwrap().plain(), b"hello");
    }

    fn again(jwk: &PrivateJwk) -> PrivateJwk {
        PrivateJwk::parse(jwk.to_json().as_bytes()).unwrap()
    }

    #[test]
    fn a_new_pair_comes_back_from_its_document_on_every_curve() {
        for curve in Curve::ALL {
            let jwk = again(&PrivateJwk::generate_agreement(curve, KeyAlgorithm::EcdhEs).unwrap());
            assert_eq!(jwk.key_id().unwrap().as_str(), jwk.to_public().unwrap().thumbprint());
            let key = DecryptingKey::from_jwk(&jwk).unwrap();
            opens(&key.encrypting_key(), &key);
        }
        let rsa = again(&PrivateJwk::generate_encryption(KeyAlgorithm::RsaOaep256).unwrap());
        let key = DecryptingKey::from_jwk(&rsa).unwrap();
        opens(&key.encrypting_key(), &key);
    }

    #[test]
    fn a_new_secret_has_the_length_of_its_algorithm() {
        let algorithms = KeyAlgorithm::ALL.into_iter().filter(|one| one.kind() == KeyKind::Symmetric);
        for algorithm in algorithms.filter(|one| !one.is_direct()) {
            let jwk = again(&PrivateJwk::generate_encryption(algorithm).unwrap());
            let key = SymmetricKey::from_jwk(&jwk).unwrap();
            opens(&key, &key);
        }
        for content in ContentAlgorithm::ALL {
            let jwk = again(&PrivateJwk::generate_direct(content).unwrap());
            let key = SymmetricKey::from_jwk(&jwk).unwrap();
            opens(&key, &key);
        }
        for algorithm in [KeyAlgorithm::Dir, KeyAlgorithm::Pbes2Hs256A128Kw] {
            assert!(matches!(PrivateJwk::generate_encryption(algorithm), Err(Fault::UnfitKey { .. })));
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
        let secret = PrivateJwk::generate_encryption(KeyAlgorithm::A128Kw).unwrap();
        assert!(secret.for_encryption(KeyAlgorithm::A256Kw).is_err());
    }
}
