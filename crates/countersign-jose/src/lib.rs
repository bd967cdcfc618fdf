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
//! # Sign and check
//!
//! ```
//! use std::time::{SystemTime, UNIX_EPOCH};
//!
//! use countersign_jose::jwt::{self, Own, OwnClaims};
//! use countersign_jose::{Algorithm, SigningKey};
//!
//! /// What this kind of token says beside who, whose, for whom and until when.
//! #[derive(serde::Serialize, serde::Deserialize)]
//! struct Ticket { seat: String }
//! impl Own for Ticket { const TYP: &'static str = "ticket+jwt"; }
//!
//! let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
//! let key = SigningKey::generate(Algorithm::Es256)?;
//! let claims = OwnClaims {
//!     iss: "https://opera.example".into(),
//!     sub: "ana".into(),
//!     aud: "door".into(),
//!     iat: now,
//!     exp: now + 300,
//!     jti: None,
//!     own: Ticket { seat: "B7".into() },
//! };
//! let token = jwt::sign(&key, &claims)?;
//!
//! let door = jwt::verifier::<OwnClaims<Ticket>>(key.verifying_key())
//!     .issuer("https://opera.example")
//!     .audience("door");
//! let ticket = door.verify(&token, now)?;
//! assert_eq!((ticket.sub.as_str(), ticket.own.seat.as_str()), ("ana", "B7"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This crate reads no clock, so the time is an argument: unix seconds. A test passes a number.
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
//! [`VerifyingKey`] is its public half, [`SharedKey`] is a secret for HMAC. Keys come as [`Jwk`] and
//! [`PrivateJwk`], or as PKCS#8 and SPKI in PEM and DER. Every format has its own constructor: none
//! takes "a string or bytes" and guesses. Whatever is weak (short, ROCA, close primes, small order,
//! halves of two keys) is refused once, when it is loaded.
//!
//! ```
//! use countersign_jose::{Algorithm, SigningKey, VerifyingKey};
//!
//! # let (private, public) = { let key = SigningKey::generate(Algorithm::Es256)?; (key.to_pkcs8_pem()?, key.verifying_key().to_spki_pem()) };
//! // The texts of two files, from `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`
//! // and `openssl pkey -pubout`.
//! let signs = SigningKey::from_pkcs8_pem(Algorithm::Es256, &private)?;
//! let checks = VerifyingKey::from_spki_pem(Algorithm::Es256, &public)?;
//! // Without a name of their own, keys are named by their thumbprint (RFC 7638).
//! assert_eq!(signs.key_id(), checks.key_id());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The keys of an issuer
//!
//! An issuer publishes its public keys as a [`JwkSet`]. Who checks its tokens reads them as a
//! [`KeySet`], in which the `kid` of a token finds its key:
//!
//! ```
//! use countersign_jose::KeySet;
//! use countersign_jose::jwt::{self, AccessClaims};
//!
//! // What the issuer answers at its `jwks_uri`, fetched by your own HTTP client.
//! let jwks = br#"{"keys":[{"kty":"EC","crv":"P-256","use":"sig","alg":"ES256","kid":"2026-07",
//!     "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}"#;
//! let keys = KeySet::from_jwks(jwks)?;
//! assert_eq!(keys.keys().len(), 1);
//! let api = jwt::verifier::<AccessClaims>(keys).issuer("https://id.shop.example").audience("shop-api");
//! # let _ = api;
//! # Ok::<(), countersign_jose::Error>(())
//! ```
//!
//! The crate `countersign` fetches them for you and keeps them fresh, in its module `jwks`, with its
//! feature of that name: `countersign = { version = "…", features = ["jwks"] }`.
//!
//! # Rotation
//!
//! Publish the next key before it signs, and the last one until all its tokens have expired:
//!
//! ```
//! use countersign_jose::{Algorithm, KeySet, SigningKey};
//! # use countersign_jose::jwt::{self, AccessClaims};
//! # let now = 1_800_000_000;
//! # let (iss, aud) = ("https://id.example", "api");
//! # let claims = AccessClaims { iss: iss.into(), sub: "ana".into(), aud: aud.into(), client_id: "web".into(), iat: now, exp: now + 300, jti: "7f2c".into(), ..AccessClaims::default() };
//!
//! let (last, next) = (SigningKey::generate(Algorithm::Es256)?, SigningKey::generate(Algorithm::Es256)?);
//! // A day ahead both are published, and the last one signs: everybody has the next key when it begins.
//! let both = KeySet::new([last.verifying_key(), next.verifying_key()])?;
//! let published = serde_json::to_string(&both.to_jwks())?;
//! let api = jwt::verifier::<AccessClaims>(KeySet::from_jwks(published.as_bytes())?).issuer(iss).audience(aud);
//! let (old, new) = (jwt::sign(&last, &claims)?, jwt::sign(&next, &claims)?);
//! assert!(api.verify(&old, now).is_ok() && api.verify(&new, now).is_ok());
//!
//! // When the tokens of the last key have expired, it goes. `with_keys` keeps the rules and what is remembered.
//! let api = api.with_keys(KeySet::new([next.verifying_key()])?);
//! assert!(api.verify(&old, now).is_err() && api.verify(&new, now).is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # On every request
//!
//! Build a [`jwt::Verifier`] once, when the program starts, and share it: its keys are parsed, its clones are cheap, and it
//! learns the header that each key writes. Then there are three ways to ask it:
//!
//! - [`verify`](jwt::Verifier::verify) gives claims that can be kept.
//! - [`check`](jwt::Verifier::check) gives claims that borrow from a [`jwt::Scratch`], which is used again, and allocates
//!   nothing. It is for access tokens.
//! - After [`remembering`](jwt::Verifier::remembering), `verify` knows a token again by all its bytes, and then a signature
//!   costs nothing. For keys that are public; some 1.4 KB for each token.
//!
//! ```
//! use countersign_jose::jwt::{self, AccessClaims, Scratch};
//! # use countersign_jose::{Algorithm, SigningKey};
//! # let now = 1_800_000_000;
//! # let key = SigningKey::generate(Algorithm::Es256)?;
//! # let claims = AccessClaims { iss: "https://id.example".into(), sub: "ana".into(), aud: "api".into(), client_id: "web".into(), iat: now, exp: now + 300, jti: "7f2c".into(), ..AccessClaims::default() };
//! # let token = jwt::sign(&key, &claims)?;
//!
//! let api = jwt::verifier::<AccessClaims>(key.verifying_key()).issuer("https://id.example").audience("api");
//! let mut scratch = Scratch::new(); // one for each thread, or for each connection
//! assert_eq!(api.check(&token, now, &mut scratch)?.sub, "ana");
//!
//! let api = api.remembering(10_000);
//! assert_eq!(api.verify(&token, now)?.sub, "ana"); // checks the signature
//! assert_eq!(api.verify(&token, now)?.sub, "ana"); // knows it again
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A token of more than 16 KiB is refused before anything of it is decoded, and is not signed; for longer ones say
//! [`up_to`](jws::Trusted::up_to) and [`sign_up_to`](jwt::sign_up_to).
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
//! in one folder. Keys in an HSM sign through [`jws::prepare`], [`jwt::prepare`],
//! [`jwt::dpop::Request::prepare`] and [`sd_jwt::Claims::prepare`]; `countersign::RemoteSigner` asks
//! for the signature.

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
