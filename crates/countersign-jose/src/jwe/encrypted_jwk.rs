//! Private keys as encrypted files.
//!
//! RFC 7517 7 and appendix C: a JWK is the content of a JWE whose `cty` is `jwk+json`.

use super::{Decrypter, Encrypter, Message, decrypt};
use crate::error::{Error, Fault};
use crate::header::media_type;
use crate::jwk::PrivateJwk;

const CTY: &str = "jwk+json";

/// Encrypts a private key, mostly under a [`Password`](super::Password).
///
/// # Errors
/// [`Fault::Random`] when the system gives no random bytes, [`Fault::Crypto`] when the library
/// fails.
///
/// ```
/// use countersign_jose::{PrivateJwk, SigningKey};
/// use countersign_jose::jwe::{self, KeyAlgorithm, Password};
/// # let json = br#"{"kty":"OKP","crv":"Ed25519",
/// #     "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
/// #     "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
/// let jwk = PrivateJwk::parse(json).unwrap();
/// let password = Password::new(KeyAlgorithm::Pbes2Hs512A256Kw, "correct horse battery staple").unwrap();
/// let file = jwe::encrypt_jwk(&password, &jwk)?;
/// let again = jwe::decrypt_jwk(&file, &password).unwrap();
/// assert_eq!(SigningKey::from_jwk(&again).unwrap().key_id(), SigningKey::from_jwk(&jwk).unwrap().key_id());
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
pub fn encrypt_jwk(key: &(impl Encrypter + ?Sized), jwk: &PrivateJwk) -> Result<String, Fault> {
    Message::new(jwk.to_json().as_bytes()).cty(CTY).encrypt(key)
}

/// Decrypts a private key.
///
/// # Errors
/// Those of [`decrypt`](super::decrypt), [`Error::Header`] when `cty` is another than
/// `jwk+json`, and those of [`PrivateJwk::parse`].
pub fn decrypt_jwk(token: &str, key: &(impl Decrypter + ?Sized)) -> Result<PrivateJwk, Error> {
    let found = decrypt(token, key)?;
    // RFC 7515 4.1.10: names are compared without regard to case, `application/` may be missing.
    let cty = found.cty().unwrap_or_default().to_ascii_lowercase();
    if media_type(&cty) != CTY {
        return Err(Error::Header { member: "cty" });
    }
    PrivateJwk::parse(found.plain())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwe::{KeyAlgorithm, Password, Rounds, SymmetricKey};

    const JWK: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}"#;

    #[test]
    fn a_key_under_a_password_opens_with_that_password_only() {
        let new = |text| Password::new(KeyAlgorithm::Pbes2Hs384A192Kw, text).unwrap();
        let password = |text| new(text).with_rounds(Rounds::MESSAGE);
        let jwk = PrivateJwk::parse(JWK.as_bytes()).unwrap();
        let file = encrypt_jwk(&password("correct horse"), &jwk).unwrap();
        let opened = decrypt_jwk(&file, &password("correct horse")).unwrap();
        assert_eq!(*opened.to_json(), *jwk.to_json());
        assert_eq!(decrypt_jwk(&file, &password("battery staple")).unwrap_err(), Error::Decryption);
    }

    #[test]
    fn content_that_does_not_say_it_is_a_key_is_none() {
        let key = SymmetricKey::generate(KeyAlgorithm::A128Kw).unwrap();
        let file = |cty: &'static str| Message::new(JWK.as_bytes()).cty(cty).encrypt(&key).unwrap();
        for cty in ["jwk+json", "application/jwk+json", "JWK+JSON"] {
            assert!(decrypt_jwk(&file(cty), &key).is_ok(), "{cty}");
        }
        for cty in ["JWT", "", "text/jwk+json", "jwk-set+json"] {
            assert_eq!(decrypt_jwk(&file(cty), &key).unwrap_err(), Error::Header { member: "cty" });
        }
        let bare = Message::new(JWK.as_bytes()).encrypt(&key).unwrap();
        assert_eq!(decrypt_jwk(&bare, &key).unwrap_err(), Error::Header { member: "cty" });
    }
}
