//! Tokens with claims: JWT profiles as types.
//!
//! RFC 7519, and RFC 8725 for how not to be deceived. The kinds, each a type with its own `typ`:
//!
//! | a token for | claims | standard |
//! |---|---|---|
//! | an API | [`AccessClaims`] | RFC 9068 |
//! | an application, about who has signed in | [`IdClaims`] | OpenID Connect Core 2 |
//! | an application, about who has signed out | [`LogoutClaims`] | OpenID Connect Back-Channel Logout 2.4 |
//! | whoever must hear of an event | [`EventClaims`] | RFC 8417 |
//! | a server that asked about a token | [`IntrospectionClaims`] | RFC 9701 |
//! | a server, about which client it is | [`AssertionClaims`] | RFC 7523, RFC 10070 |
//! | a server, about what a client wants | [`RequestClaims`] | RFC 9101 |
//! | whatever you think of | [`OwnClaims`] of a type that is [`Own`] | RFC 8725 3.11 |
//!
//! [`Extended`] puts members of one's own beside those of any of them. Proofs that somebody has a
//! key are in [`dpop`] (RFC 9449), credentials of which a part is shown in
//! [`sd_jwt`](crate::sd_jwt) (RFC 9901).
//!
//! A JWT is signed, not secret: whoever holds one can read it, and nobody can take it back
//! before `exp`. An ID token is never taken for an access token. A [`Verifier`] cannot be built
//! without an issuer and an audience, and [`Verified`] comes out of a verifier only. Build it once
//! and keep it: it is cheap to clone.
//!
//! ```
//! use countersign_jose::jwt::{self, AccessClaims};
//! use countersign_jose::{Algorithm, SigningKey};
//!
//! let key = SigningKey::generate(Algorithm::Es256)?;
//! let now = 1_800_000_000;
//! let claims = AccessClaims {
//!     iss: "https://id.shop.example".into(),
//!     sub: "ana".into(),
//!     aud: "shop-api".into(),
//!     client_id: "shop-web".into(),
//!     iat: now,
//!     exp: now + 300,
//!     jti: "7f2c".into(),
//!     ..AccessClaims::default()
//! };
//! let token = jwt::sign(&key, &claims)?;
//!
//! let verifier = jwt::verifier::<AccessClaims>(key.verifying_key())
//!     .issuer("https://id.shop.example")
//!     .audience("shop-api");
//! let access = verifier.verify(&token, now + 10).unwrap();
//! assert_eq!(access.sub, "ana");
//! assert!(verifier.verify(&token, now + 306).is_err());
//! # Ok::<(), countersign_jose::Fault>(())
//! ```
//!
//! It does not decide whether the subject is still signed in: that is what revocation is for.

mod audience;
pub(crate) mod confirmation;
pub mod dpop;
mod inspect;
mod leeway;
mod memory;
mod profile;
pub(crate) mod reader;
mod verified;
mod verifier;
mod view;

pub use audience::Audience;
pub use confirmation::Confirmation;
pub use inspect::{Unverified, inspect};
pub use leeway::Leeway;
pub use profile::{
    AccessClaims, AssertionClaims, EventClaims, Extended, IdClaims, Introspected, IntrospectionClaims,
    LogoutClaims, Own, OwnClaims, Profile, RequestClaims,
};
pub use verified::Verified;
pub use verifier::{Builder, Verifier, WantsAudience, WantsIssuer, verifier};
pub use view::{AccessView, AudienceView, Scratch};

use crate::algorithm::Algorithm;
use crate::backend;
use crate::base64;
use crate::error::Fault;
use crate::jws::{self, MaxLength, Unsigned};
use crate::key::{Signer, VerifyingKey};

/// Signs claims as a token of their profile, with the profile's `typ`.
///
/// # Errors
/// [`Fault::Crypto`] when the library fails, [`Fault::Claims`] when JSON cannot be written,
/// [`Fault::NotStrict`] for claims of one's own that no verifier would read, [`Fault::TooLong`] for
/// a token beyond [`MaxLength::DEFAULT`].
pub fn sign<C: Profile>(key: &(impl Signer + ?Sized), claims: &C) -> Result<String, Fault> {
    sign_up_to(key, claims, MaxLength::DEFAULT)
}

/// As [`sign`], for a token of up to this length; its verifiers trust as much with [`Trusted::up_to`](crate::jws::Trusted::up_to).
///
/// # Errors
/// As [`sign`].
///
/// ```
/// use countersign_jose::jws::{MaxLength, Trusted};
/// use countersign_jose::jwt::{self, IdClaims};
/// # use countersign_jose::{Algorithm, SigningKey};
/// # let key = SigningKey::generate(Algorithm::Es256)?;
/// # let (iss, aud) = ("https://id.example".to_owned(), "shop".into());
/// # let exp = 1_800_000_060;
/// let claims = IdClaims { iss, aud, sub: "ana".into(), iat: exp - 60, exp, nonce: Some("n".repeat(20_000)), ..IdClaims::default() };
/// assert!(jwt::sign(&key, &claims).is_err());
/// let long = MaxLength::bytes(32 * 1024).unwrap();
/// let token = jwt::sign_up_to(&key, &claims, long)?;
///
/// let trusted = Trusted::from(key.verifying_key());
/// let shop = |trusted: &Trusted| jwt::verifier::<IdClaims>(trusted.clone()).issuer("https://id.example").audience("shop");
/// assert!(shop(&trusted).verify(&token, exp - 50).is_err());
/// assert_eq!(shop(&trusted.up_to(long)).verify(&token, exp - 50).unwrap().sub, "ana");
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
pub fn sign_up_to<C: Profile>(
    key: &(impl Signer + ?Sized),
    claims: &C,
    limit: MaxLength,
) -> Result<String, Fault> {
    jws::sign_written(key, Some(C::TYP), limit, |json| claims.write(json))
}

/// Writes claims as a token of their profile up to the signature, which the private half of
/// `key` must make elsewhere: in an HSM or a KMS.
///
/// # Errors
/// [`Fault::Claims`] when JSON cannot be written, [`Fault::NotStrict`] for claims of one's own
/// that no verifier would read, [`Fault::TooLong`] as [`sign`].
///
/// ```
/// use countersign_jose::{Algorithm, Signer, SigningKey, jwt::{self, IdClaims}};
/// # let remote = SigningKey::generate(Algorithm::EdDsa)?;
/// # let ask_the_hsm = |input: &[u8]| remote.sign(input);
/// let public = remote.verifying_key();
/// let unsigned = jwt::prepare(&public, &IdClaims { sub: "ana".into(), ..IdClaims::default() })?;
/// let signature = ask_the_hsm(unsigned.input())?;
/// let token = unsigned.signed(&signature).unwrap();
/// # assert!(jwt::inspect(&token).is_ok());
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
pub fn prepare<C: Profile>(key: &VerifyingKey, claims: &C) -> Result<Unsigned, Fault> {
    let mut payload = Vec::new();
    claims.write(&mut payload)?;
    jws::prepare(key, Some(C::TYP), &payload).within(MaxLength::DEFAULT)
}

/// The left half of a hash in base64url: `at_hash` and `c_hash` of an ID token.
///
/// OpenID Connect Core 3.1.3.6: the hash is the one of the ID token's `algorithm`. `None` for
/// ML-DSA, for which nobody has said which hash that is; both claims are optional where an ID
/// token comes from the token endpoint.
#[must_use]
pub fn half_hash(algorithm: Algorithm, text: &str) -> Option<String> {
    let hash = backend::digest(algorithm.hash()?, text.as_bytes());
    hash.get(..hash.len() / 2).map(base64::encode)
}

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod bound;
#[cfg(test)]
mod forgeries;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod published;
#[cfg(test)]
mod remembering;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod tests;
