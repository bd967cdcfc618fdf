//! The public keys of an issuer elsewhere: fetched, kept fresh, and never waited for.
//!
//! RFC 7517 5 (JWK Set), RFC 8414 3 and OpenID Connect Discovery 1.0 4 (where it is), RFC 9111 5
//! (how long it may be kept). [`trust`] is the short way to a verifier; [`JwksClient`] holds the
//! keys for several of them. This module needs the feature `jwks`.
//!
//! ```no_run
//! use countersign::jwks::trust;
//! use countersign_jose::jwt::AccessClaims;
//! # async fn example(token: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let shop = trust("https://id.shop.example").audience("shop-api").connect::<AccessClaims>().await?;
//! let claims = shop.verify(token)?; // reads memory only
//! println!("hello, {}", claims.sub);
//! # Ok(())
//! # }
//! ```
//!
//! - The first fetch happens in `connect`, and its failure is the caller's to see. After that a check never waits: it
//!   reads the keys of this moment, and keys are fetched in the background, ahead of their time.
//! - A token whose `kid` is not among the keys, or that the key of its `kid` has not signed, is refused at once and makes
//!   the keys be fetched, at most once in 30 seconds however many such tokens come.
//! - What a verifier in memory can be asked for, [`Trust`] can: [`Trust::remembering`] makes a repeated token cost a look into
//!   memory, [`Trust::lasting_at_most`] bounds what the issuer thinks of its tokens, [`Trust::up_to`] allows longer ones, and
//!   [`Remote::accepting_untyped`] takes the ID tokens of providers that write no `typ`. A rotation changes none of it: what
//!   is remembered stays known while its key stays, and is refused once its key is gone.
//! - When the issuer cannot be reached, the last keys count for a day beyond their time, then nothing is accepted.
//! - Only `https` is spoken, redirects are not followed, and addresses that are not of the public internet are refused,
//!   unless [`Reach`] says otherwise. The address that was checked is the one that is connected to.
//!
//! What decides when to fetch has no clock and no socket: `plan.rs`. What may be reached is decided in `address.rs`.

mod address;
mod client;
mod discover;
mod error;
mod fetch;
mod plan;
mod remote;
mod unknown;

pub use address::Reach;
pub use client::{Health, JwksClient};
pub use discover::fetch_keys;
pub use error::FetchError;
pub use fetch::Authorities;
pub use remote::{NotVerified, Ready, Remote, Trust, WantsAudience, trust};

#[cfg(test)]
mod options;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod secure;
#[cfg(test)]
mod tests;
