//! Sign in once, be known by session, JWT or hybrid, and be signed out for good.
//!
//! The [`Engine`] joins the decisions of `countersign-core` with a store, a clock, chance and a mailer. It fetches records,
//! asks a pure step, and commits the one batch that the step returns. It decides nothing that a test without I/O could not.

mod console;
mod endings;
mod engine;
mod error;
mod export;
mod gate;
mod hasher;
mod keyring;
mod letters;
mod logins;
mod outside;
mod passwords;
mod people;
mod roots;
mod secret;
mod serials;
mod signup;
mod slots;
mod visitor;

pub use console::Overview;
pub use countersign_core::signin::password::Password;
pub use countersign_core::{Attempt, Fault, Refusal};
pub use endings::{Ended, GrantView, SessionView};
pub use engine::{Engine, Parts, Settings};
pub use error::{Error, Result};
pub use hasher::HashingLimits;
pub use logins::{Checked, SignedIn};
pub use outside::{SystemClock, SystemEntropy};
pub use secret::MasterKey;
pub use visitor::Visitor;
