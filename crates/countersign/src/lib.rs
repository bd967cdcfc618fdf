//! Sign in once, be known by session, JWT or hybrid, and be signed out for good.
//!
//! The [`Engine`] joins the decisions of `countersign-core` with a store, a clock, chance and a mailer. It fetches records,
//! asks a pure step, and commits the one batch that the step returns. It decides nothing that a test without I/O could not.
//!
//! ```
//! use countersign::testing::Rig;
//! use countersign::{Attempt, Refusal};
//! use countersign_core::record::session::Audience;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let rig = Rig::new().await?; // an engine on a temporary store
//! rig.person("ada@marsh.example", "lantern rope harbour").await?;
//! let signed_in = rig.sign_in("ada@marsh.example", "lantern rope harbour").await?;
//! let header = format!("cs_dev_id={}", signed_in.cookie.reveal());
//!
//! let Attempt::Accepted(who) = rig.engine.check(Some(&header), &Audience::Issuer).await? else { panic!() };
//! assert_eq!(who.session.subject, signed_in.login.subject);
//!
//! rig.engine.sign_out(&who).await?;
//! let after = rig.engine.check(Some(&header), &Audience::Issuer).await?;
//! assert_eq!(after, Attempt::Refused(Refusal::SessionEnded));
//! # Ok(())
//! # }
//! ```
//!
//! # Without the engine
//!
//! Three parts need no store and nobody who is signed in:
//!
//! - [`jwks`], with the feature `jwks`: checks the tokens of an issuer elsewhere, by public keys that are fetched ahead of time.
//!   `trust("https://id.shop.example").audience("shop-api")` is the way to it.
//! - [`issuer`]: issues access tokens in a program of one's own, with keys that rotate.
//! - [`RemoteSigner`] and [`sign_remotely`]: tokens of any kind whose key stays in an HSM or a KMS.
//!
//! Keys, tokens and their claims are those of [`countersign_jose`].
//!
//! # Features
//!
//! None is on by default; each adds and changes nothing else.
//!
//! - `jwks`: the module [`jwks`], with an HTTP client and TLS.
//! - `postgres`: PostgreSQL as the store of several nodes.
//! - `redis`: guests in Redis beside the store.
//!
#![cfg_attr(not(feature = "jwks"), doc = "[`jwks`]: https://docs.rs/countersign/latest/countersign/jwks/")]

mod apps;
mod authorize;
mod bearer;
mod census;
mod check;
mod console;
mod crossing;
mod data;
mod development;
mod discovery;
mod endings;
mod engine;
mod error;
mod export;
mod gate;
mod guard;
mod guests;
mod hasher;
mod high_water;
mod home;
pub mod issuer;
#[cfg(feature = "jwks")]
pub mod jwks;
mod keyring;
mod lasting;
mod left;
mod leftover;
mod letters;
mod logins;
mod logout;
mod mint;
mod operations;
mod outside;
mod own;
mod passwords;
mod people;
mod place;
mod remote_signer;
mod reseal;
mod revocable;
mod roots;
mod sealing;
mod secret;
mod serials;
mod signup;
mod slots;
mod sso;
mod stepup;
pub mod testing;
mod token;
mod visitor;

pub use apps::NewApp;
pub use authorize::Authorized;
pub use bearer::Bearer;
pub use check::{Checked, CheckedSession, Entered};
pub use console::Overview;
pub use countersign_core::batch::Expect;
pub use countersign_core::id::Version;
pub use countersign_core::oauth::client_auth::Credentials as ClientAuth;
pub use countersign_core::policy::{Beyond, FrontRoom, Most, Preset, SessionRules, Stay};
pub use countersign_core::secret::TicketNonce as StartNonce;
pub use countersign_core::signin::password::Password;
pub use countersign_core::slot::OperationId;
pub use countersign_core::{Attempt, Fault, Refusal};
pub use data::{Bytes, Data, Slot, Writes};
pub use development::DEV_KEY;
pub use endings::{Ended, GrantView, SessionView};
pub use engine::{Engine, Parts, Settings};
pub use error::{Error, Result};
pub use export::Export;
#[cfg(feature = "jwks")]
pub use guard::{Named, NamedClaims};
pub use guard::{Recognized, Recognizer, sign_in_helps};
pub use guests::{BegunGuest, Crossing, GuestPut, KnownGuest};
pub use hasher::HashingLimits;
pub use home::{Home, Keeping, Known};
#[cfg(feature = "jwks")]
pub use jwks::{Authorities, FetchError, Reach, trust};
pub use left::{Left, Stranger};
pub use leftover::Leftover;
pub use logins::SignedIn;
pub use logout::LogoutStep;
pub use mint::TokenAnswer;
pub use outside::{SystemClock, SystemEntropy};
pub use place::{Kept, Place};
pub use remote_signer::{
    NotSigned, PATIENCE, RemoteSigner, ServiceError, SignatureForm, Signing, sign_remotely,
};
pub use revocable::{GrantClaims, Revocable};
pub use secret::MasterKey;
pub use sso::Redeemed;
pub use visitor::Visitor;
