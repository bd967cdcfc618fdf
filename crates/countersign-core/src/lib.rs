//! The decisions of Countersign, without I/O: what a login is, whether a session may go on, what an ending covers.
//!
//! Nothing here reads a clock, opens a socket or a file, or draws randomness: `now` and entropy are arguments.
//! The driver (`countersign`) fetches records through the [`port`]s, asks a pure step, and commits the
//! [`Batch`](batch::Batch) that the step returns.

pub mod attempt;
pub mod audit;
pub mod batch;
pub mod error;
pub mod extent;
pub mod handle;
pub mod id;
pub mod login;
pub mod near;
pub mod oauth;
pub mod oidc;
pub mod policy;
pub mod port;
pub mod record;
pub mod revoke;
pub mod secret;
pub mod session;
pub mod signin;
pub mod slot;
pub mod time;
pub mod token;
mod wire;

pub use attempt::Attempt;
pub use error::{Fault, Refusal};
