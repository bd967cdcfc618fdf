//! Tokens that are signed and then encrypted.
//!
//! RFC 7519 5.2 and 11.2, RFC 8725 3.10. Everybody can encrypt with a public key, so encryption
//! vouches for nothing: what is inside must be a signed token, and it is verified like any
//! other. There is no way from an encrypted token to claims that leaves the signature out.

use super::decrypted::MaxLength;
use super::{Decrypter, Encrypter, Message, decrypt_within};
use crate::error::{Error, Fault};
use crate::jws::{self, MAX_TOKEN};
use crate::jwt::confirmation::Holder;
use crate::jwt::dpop::Proven;
use crate::jwt::{self, Confirmation, Profile, Verified, Verifier};
use crate::key::Signer;

const CTY: &str = "JWT";

/// Signs claims as a token of their profile, then encrypts the token.
///
/// # Errors
/// Those of [`jwt::sign`], [`Fault::Random`] and [`Fault::Crypto`]; [`Fault::TooLong`] for what
/// [`Nested`] would not look at.
pub fn sign_and_encrypt<C: Profile>(
    signer: &(impl Signer + ?Sized),
    recipient: &(impl Encrypter + ?Sized),
    claims: &C,
) -> Result<String, Fault> {
    let token = Message::new(jwt::sign(signer, claims)?.as_bytes()).cty(CTY).encrypt(recipient)?;
    jws::MaxLength::DEFAULT.allow(token.len())?;
    Ok(token)
}

/// Decrypts tokens with `K`, then verifies the claims `C` in them.
///
/// ```
/// use countersign_jose::jwe::{self, DecryptingKey, KeyAlgorithm, Nested};
/// use countersign_jose::jwt::{self, IdClaims};
/// use countersign_jose::{Algorithm, SigningKey};
///
/// let issuer = SigningKey::generate(Algorithm::Es256)?;
/// let shop = DecryptingKey::generate(KeyAlgorithm::EcdhEsA256Kw)?;
/// let claims = IdClaims {
///     iss: "https://id.example".into(),
///     sub: "ana".into(),
///     aud: "shop".into(),
///     iat: 1_800_000_000,
///     exp: 1_800_000_300,
///     ..IdClaims::default()
/// };
/// let token = jwe::sign_and_encrypt(&issuer, &shop.encrypting_key(), &claims)?;
///
/// let verifier = jwt::verifier::<IdClaims>(issuer.verifying_key()).issuer("https://id.example").audience("shop");
/// let nested = Nested::new(shop, verifier);
/// assert_eq!(nested.verify(&token, 1_800_000_010).unwrap().sub, "ana");
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
#[derive(Debug)]
pub struct Nested<C, K> {
    key: K,
    verifier: Verifier<C>,
}

impl<C: Profile, K: Decrypter> Nested<C, K> {
    /// Takes the key that decrypts and the verifier of what is inside.
    pub const fn new(key: K, verifier: Verifier<C>) -> Self {
        Self { key, verifier }
    }

    /// Decrypts and verifies a token at `now`, in unix seconds.
    ///
    /// # Errors
    /// Those of [`decrypt`](super::decrypt), with the limit of signed tokens;
    /// [`Error::Mistaken`] for a token that is only signed, [`Error::NotSigned`] for one that
    /// is only encrypted; those of [`Verifier::verify`].
    pub fn verify(&self, token: &str, now: u64) -> Result<Verified<C>, Error> {
        self.opened(token, |inner| self.verifier.verify(inner, now))
    }

    /// As [`Nested::verify`], for a token that is bound to a key, sent with this proof of the key
    /// (RFC 9449 7.1). The proof names the token as it was sent: encrypted.
    ///
    /// # Errors
    /// Those of [`Nested::verify`] and [`Verifier::verify_bound`].
    pub fn verify_bound(&self, token: &str, proof: &Proven, now: u64) -> Result<Verified<C>, Error> {
        if !proof.is_for(token) {
            return Err(Error::Bound);
        }
        self.opened(token, |inner| self.verifier.shown_by(&Holder::Proof(proof), inner, now))
    }

    /// As [`Nested::verify`], for a token that is bound to a key which was proven in another way.
    ///
    /// # Errors
    /// Those of [`Nested::verify`] and [`Verifier::verify_bound_by`].
    pub fn verify_bound_by(
        &self,
        token: &str,
        now: u64,
        has: impl Fn(&Confirmation) -> bool,
    ) -> Result<Verified<C>, Error> {
        self.opened(token, |inner| self.verifier.verify_bound_by(inner, now, has))
    }

    fn opened(
        &self,
        token: &str,
        verify: impl FnOnce(&str) -> Result<Verified<C>, Error>,
    ) -> Result<Verified<C>, Error> {
        let limit = MaxLength::bytes(MAX_TOKEN).unwrap_or(MaxLength::DEFAULT);
        let found = decrypt_within(token, &self.key, limit)?;
        // RFC 7519 5.2: `cty` must be there; its case is only recommended.
        if !found.cty().is_some_and(|cty| cty.eq_ignore_ascii_case(CTY)) {
            return Err(Error::NotSigned);
        }
        let inner = core::str::from_utf8(found.plain()).map_err(|_| Error::NotSigned)?;
        verify(inner).map_err(|error| match error {
            // Neither claims nor another encrypted token are a signed one.
            Error::Shape | Error::Base64 { .. } | Error::Mistaken { .. } => Error::NotSigned,
            other => other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{NOW, access, access_verifier, es256, id};
    use crate::jwe::{self, DecryptingKey, KeyAlgorithm, SymmetricKey};
    use crate::jwt::AccessClaims;
    use crate::{Algorithm, SigningKey};

    fn shop() -> DecryptingKey {
        DecryptingKey::generate(KeyAlgorithm::EcdhEsA256Kw).unwrap()
    }

    fn nested<K: Decrypter>(key: K) -> Nested<AccessClaims, K> {
        Nested::new(key, access_verifier(es256().verifying_key()))
    }

    #[test]
    fn claims_that_were_signed_and_encrypted_are_verified() {
        let shop = shop();
        let token = sign_and_encrypt(es256(), &shop.encrypting_key(), &access()).unwrap();
        let nested = nested(shop);
        assert_eq!(nested.verify(&token, NOW).unwrap().sub, "ana");
        assert_eq!(
            nested.verify(&token, NOW + 1_000).unwrap_err(),
            Error::Expired { at: NOW + 300, claim: "exp" }
        );
        let other =
            jwt::verifier::<AccessClaims>(es256().verifying_key()).issuer("other").audience("shop-api");
        let key = SymmetricKey::generate(KeyAlgorithm::A256Kw).unwrap();
        let token = sign_and_encrypt(es256(), &key, &access()).unwrap();
        assert_eq!(Nested::new(key, other).verify(&token, NOW).unwrap_err(), Error::Issuer);
    }

    #[test]
    fn a_bound_token_is_refused_alone_and_its_proof_is_for_the_token_as_it_was_sent() {
        use crate::jwt::dpop::Request;
        let holder = SigningKey::generate(Algorithm::Es256).unwrap();
        let claims = AccessClaims { cnf: Some(Confirmation::of(&holder.verifying_key())), ..access() };
        let shop = shop();
        let inner = jwt::sign(es256(), &claims).unwrap();
        let token = Message::new(inner.as_bytes()).cty("JWT").encrypt(&shop.encrypting_key()).unwrap();
        let nested = nested(shop);
        let proven = |token: &str| {
            let request = Request::new("GET", "https://shop.example/").with_token(token);
            request.check(&request.prove(&holder, "p1", NOW).unwrap(), NOW).unwrap()
        };
        assert_eq!(nested.verify(&token, NOW).unwrap_err(), Error::Bound);
        assert_eq!(nested.verify_bound(&token, &proven(&token), NOW).unwrap().sub, "ana");
        assert_eq!(nested.verify_bound(&token, &proven(&inner), NOW).unwrap_err(), Error::Bound);
        let has = |key: &SigningKey| {
            let key = key.verifying_key();
            nested.verify_bound_by(&token, NOW, |cnf| cnf.is_key(&key)).map(|_| ())
        };
        assert_eq!((has(&holder), has(es256())), (Ok(()), Err(Error::Bound)));
    }

    #[test]
    fn claims_that_anybody_encrypted_are_nobodys_claims() {
        let shop = shop();
        let public = shop.encrypting_key();
        let claims = serde_json::to_vec(&access()).unwrap();
        let unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.e30.";
        let twice = jwe::encrypt(&public, &claims).unwrap();
        let forged = [
            Message::new(&claims).encrypt(&public).unwrap(),
            Message::new(&claims).cty("JWT").encrypt(&public).unwrap(),
            Message::new(&claims).typ("at+jwt").encrypt(&public).unwrap(),
            Message::new(twice.as_bytes()).cty("JWT").encrypt(&public).unwrap(),
            Message::new(b"\xff\xff").cty("JWT").encrypt(&public).unwrap(),
            Message::new(jwt::sign(es256(), &access()).unwrap().as_bytes()).encrypt(&public).unwrap(),
        ];
        let nested = nested(shop);
        for token in &forged {
            assert_eq!(nested.verify(token, NOW).unwrap_err(), Error::NotSigned);
        }
        let none = Message::new(unsigned.as_bytes()).cty("JWT").encrypt(&public).unwrap();
        assert_eq!(nested.verify(&none, NOW).unwrap_err(), Error::AlgorithmNone);
        let id = sign_and_encrypt(es256(), &public, &id()).unwrap();
        assert!(matches!(nested.verify(&id, NOW).unwrap_err(), Error::Type { .. }));
    }

    #[test]
    fn a_token_that_is_only_signed_or_only_encrypted_is_told_so() {
        let shop = shop();
        let signed = jwt::sign(es256(), &access()).unwrap();
        let encrypted = sign_and_encrypt(es256(), &shop.encrypting_key(), &access()).unwrap();
        let only_signed = Error::Mistaken { expected: "encrypted", found: "signed" };
        assert_eq!(nested(shop).verify(&signed, NOW).unwrap_err(), only_signed);
        let only_encrypted = Error::Mistaken { expected: "signed", found: "encrypted" };
        let verifier = access_verifier(es256().verifying_key());
        assert_eq!(verifier.verify(&encrypted, NOW).unwrap_err(), only_encrypted);
        assert_eq!(jwt::inspect(&encrypted).unwrap_err(), only_encrypted);
    }

    #[test]
    fn a_nested_token_has_the_limit_of_signed_ones() {
        let key = SymmetricKey::generate(KeyAlgorithm::A256Kw).unwrap();
        let token = Message::new(&[b'.'; 16 * 1024]).cty("JWT").encrypt(&key).unwrap();
        // And none is made that is longer, though what is inside would do.
        let claims =
            |text: usize| jwt::Extended::new(access(), serde_json::json!({ "text": "x".repeat(text) }));
        assert!(jwt::sign(es256(), &claims(10_000)).is_ok());
        let refused = sign_and_encrypt(es256(), &key, &claims(10_000)).unwrap_err();
        assert_eq!(refused, Fault::TooLong { limit: MAX_TOKEN });
        let short = sign_and_encrypt(es256(), &key, &claims(5_000)).unwrap();
        let nested = nested(key);
        assert_eq!(nested.verify(&token, NOW).unwrap_err(), Error::TooLarge { limit: MAX_TOKEN });
        assert!(nested.verify(&short, NOW).is_ok());
    }
}
