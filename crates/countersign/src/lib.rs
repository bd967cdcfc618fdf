//! Sign in once, be known by session, JWT or hybrid, and be signed out for good.
//!
//! The [`Engine`] joins the decisions of `countersign-core` with a store, a clock, chance and a mailer. It fetches records,
//! asks a pure step, and commits the one batch that the step returns. It decides nothing that a test without I/O could not.

mod error;
mod hasher;
mod letters;
mod outside;
mod secret;
mod visitor;

pub use countersign_core::{Attempt, Fault, Refusal};
pub use error::{Error, Result};
pub use hasher::HashingLimits;
pub use outside::{SystemClock, SystemEntropy};
pub use secret::{MasterKey, Password};
pub use visitor::Visitor;
