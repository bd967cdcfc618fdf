//! JOSE, done strictly: keys, signatures and tokens that cannot be mistaken for one another.
//!
//! # What a JWT is
//!
//! A JSON Web Token is three base64url parts with two dots between them: a header that names
//! the algorithm and the key, claims as JSON, and a signature over both. Any service that has
//! the issuer's public key can check it without asking anybody. Two things follow that surprise
//! people: **everyone who holds a token can read it**, and **nobody can take it back** before
//! its `exp`. So keep private data out of it, keep it short-lived, and where a sign-out must
//! count at once, check something besides the signature.
//!
//! When all requests reach one application, a server-side session is simpler and better. A JWT
//! is for the case where the checker should not have to ask the issuer.
//!
//! # In ten lines
//!
//! ```
//! use countersign_jose::jwt::{self, Own, OwnClaims};
//! use countersign_jose::{Algorithm, SigningKey};
//!
//! #[derive(serde::Serialize, serde::Deserialize)]
//! struct Ticket { seat: String }
//! impl Own for Ticket { const TYP: &'static str = "ticket+jwt"; }
//!
//! let key = SigningKey::generate(Algorithm::Es256)?;
//! let (iat, exp) = (1_800_000_000, 1_800_000_300);
//! let own = Ticket { seat: "B7".into() };
//! let claims = OwnClaims { iss: "https://opera.example".into(), sub: "ana".into(), aud: "door".into(), iat, exp, jti: None, own };
//! let token = jwt::sign(&key, &claims)?;
//!
//! let door = jwt::verifier::<OwnClaims<Ticket>>(key.verifying_key()).issuer("https://opera.example").audience("door");
//! let ticket = door.verify(&token, iat + 10).unwrap();
//! assert_eq!((ticket.sub.as_str(), ticket.own.seat.as_str()), ("ana", "B7"));
//! # Ok::<(), countersign_jose::Fault>(())
//! ```
//!
//! For the kinds of tokens that standards define there are types: [`jwt::AccessClaims`] (RFC 9068), [`jwt::IdClaims`],
//! [`jwt::LogoutClaims`], [`jwt::EventClaims`] (RFC 8417), [`jwt::IntrospectionClaims`] (RFC 9701),
//! [`jwt::AssertionClaims`] (RFC 7523 and 10070), [`jwt::RequestClaims`] (RFC 9101), proofs of possession in
//! [`jwt::dpop`] (RFC 9449), and credentials of which the holder shows a part in [`sd_jwt`] (RFC 9901). With
//! [`jwt::Extended`] each of them carries claims of one's own.
//!
//! # When not to use one
//!
//! - *To keep somebody signed in to one web application.* Use a session: it holds more, shows nothing and ends at once.
//! - *To hide something.* A signature hides nothing. [`jwe`] encrypts, and [`jwe::Nested`] signs first.
//! - *Where a sign-out must count at once,* and nothing but the signature is checked.
//!
//! # Keys
//!
//! A key has exactly one [`Algorithm`], given when it is made. [`SigningKey`] is private,
//! [`VerifyingKey`] is its public half, [`SharedKey`] is a secret for HMAC. Publish public keys
//! as a [`JwkSet`]; verify with a [`KeySet`], in which `kid` tells keys apart. To rotate,
//! publish the next key before it signs, and keep the last one published until all its tokens
//! have expired.
//!
//! Keys come as [`Jwk`] and [`PrivateJwk`], or as PKCS#8 and SPKI in PEM and DER
//! ([`SigningKey::from_pkcs8_pem`], [`VerifyingKey::from_spki_pem`]). Every format has its own
//! constructor: none takes "a string or bytes" and guesses. Whatever is weak (short, ROCA,
//! close primes, small order, halves of two keys) is refused once, when it is loaded.
//!
//! # The mistakes, and why they do not work here
//!
//! - *Trusting `alg`.* A token says `none`, or `HS256` with the public key as the secret. Here
//!   `none` has no name, `alg` is only compared with the key's own algorithm, and a
//!   [`SharedKey`] refuses anything that is a key document.
//! - *Trusting keys that the token brings.* `jku`, `x5u`, `jwk`, `x5c` are never read.
//! - *Taking one token for another.* `typ` belongs to the type, and every kind refuses every other.
//! - *Taking what was encrypted for what was signed.* Anybody can encrypt with a public key; claims
//!   come out of an encrypted token only through the signature inside.
//! - *Taking a stolen token.* One that is bound to a key (`cnf`) is refused when it is shown alone.
//! - *Forgetting `iss` or `aud`.* A [`jwt::Verifier`] without them does not compile.
//! - *Absent means fine.* A required claim that is missing or has the wrong type refuses.
//! - *Reading JSON twice in two ways.* [`json`] refuses whatever parsers disagree about.
//!
//! # Where things are
//!
//! [`jwt`] and [`sd_jwt`] on [`jws`], and [`jwe`] for what must be hidden as well; all on [`key`]
//! and [`jwk`], on [`json`] and [`base64`]. [`primitive`] is for the crates above that need a hash
//! or a cipher. This crate reads no clock, opens no socket and no file, and draws random numbers
//! in one folder. Keys of an issuer elsewhere are fetched by the crate `countersign`, module
//! `jwks`, which needs its feature `jwks`: `countersign = { version = "…", features = ["jwks"] }`.
//! Keys in an HSM sign through [`jws::prepare`], [`jwt::prepare`], [`jwt::dpop::Request::prepare`]
//! and [`sd_jwt::Claims::prepare`]; `countersign::RemoteSigner` asks for the signature.

pub mod base64;
pub mod json;
pub mod jwe;
pub mod jwk;
pub mod jws;
pub mod jwt;
pub mod key;
pub mod primitive;
pub mod sd_jwt;

mod algorithm;
mod backend;
mod document;
mod error;
#[cfg(test)]
mod fixtures;
mod header;

pub use algorithm::{Algorithm, Family, Hash};
pub use error::{ClaimFlaw, Error, Fault};
pub use jwk::{Jwk, JwkSet, PrivateJwk, PrivateJwkSet};
pub use key::{KeyId, KeySet, SharedKey, Signer, SigningKey, VerifyingKey};
