//! A credential or a presentation that waits for its signature: for keys that never leave an HSM, a
//! KMS or the secure element of a phone.
//!
//! RFC 7515 5.1 cut in two, as in [`jws::Unsigned`]; what stands before or behind the token is kept
//! meanwhile. The signature is checked before anything is let out.

use crate::algorithm::Algorithm;
use crate::error::Error;
use crate::jws;
use crate::key::VerifyingKey;

/// An SD-JWT without a signature, made by [`Claims::prepare`](super::Claims::prepare), or without that of
/// its holder, made by [`Presentation::prepare`](super::Presentation::prepare).
///
/// ```
/// use countersign_jose::sd_jwt::{self, Claims, Held, Type};
/// # use countersign_jose::{Algorithm, Signer, SigningKey};
/// # use serde_json::json;
/// # let (hsm, phone) = (SigningKey::generate(Algorithm::Es256)?, SigningKey::generate(Algorithm::Es256)?);
/// let (town, holder) = (hsm.verifying_key(), phone.verifying_key()); // all that the programs know
/// let mut claims = Claims::new(&json!({ "iss": "https://town.example", "name": "Ana" })).unwrap();
/// claims.conceal("/name").unwrap();
/// claims.bind_to(&holder).unwrap();
/// let unsigned = claims.prepare(&town, Type::CREDENTIAL)?;
/// let signature = hsm.sign(unsigned.input())?;
/// let credential = unsigned.signed(&signature).unwrap();
///
/// let shown = Held::parse(&credential).unwrap().present(|_| true);
/// let unsigned = shown.prepare(&holder, "https://bar.example", "n-7", 1_800_000_000)?;
/// let signature = phone.sign(unsigned.input())?;
/// let shown = unsigned.signed(&signature).unwrap();
///
/// let bar = sd_jwt::verifier(town).typ(Type::CREDENTIAL).issuer("https://town.example").bound_to("https://bar.example");
/// assert_eq!(bar.verify(&shown, "n-7", 1_800_000_001).unwrap().claims()["name"], "Ana");
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
#[must_use = "it is no credential before `signed`"]
#[derive(Clone)]
pub struct Unsigned {
    before: String,
    token: jws::Unsigned,
    after: String,
}

impl Unsigned {
    pub(super) const fn new(before: String, token: jws::Unsigned, after: String) -> Self {
        Self { before, token, after }
    }

    /// What must be signed.
    #[must_use]
    pub fn input(&self) -> &[u8] {
        self.token.input()
    }

    /// How it must be signed.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.token.algorithm()
    }

    /// The key whose private half must sign.
    #[must_use]
    pub const fn key(&self) -> &VerifyingKey {
        self.token.key()
    }

    /// The whole, if `signature` is good: of ECDSA `r` and `s` side by side.
    ///
    /// # Errors
    /// As [`jws::Unsigned::signed`].
    pub fn signed(self, signature: &[u8]) -> Result<String, Error> {
        let Self { before, token, after } = self;
        Ok(before + &token.signed(signature)? + &after)
    }

    /// The whole from an ECDSA signature in DER.
    ///
    /// # Errors
    /// As [`jws::Unsigned::signed_der`].
    pub fn signed_der(self, der: &[u8]) -> Result<String, Error> {
        let Self { before, token, after } = self;
        Ok(before + &token.signed_der(der)? + &after)
    }
}

impl core::fmt::Debug for Unsigned {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Unsigned({:?}, ..)", self.key())
    }
}
