//! The decisions of Countersign, without I/O: what a login is, whether a session may go on, what an ending covers.
//!
//! Nothing here reads a clock, opens a socket or a file, or draws randomness: `now` and entropy are arguments.
//! The driver (`countersign`) fetches records through the [`port`]s, asks a pure step, and commits the
//! [`Batch`](batch::Batch) that the step returns.

pub mod audit;
pub mod batch;
pub mod error;
pub mod extent;
pub mod id;
pub mod port;
pub mod record;
pub mod time;

pub use error::{Fault, Refusal};
