//! Where Countersign keeps its records: embedded SQLite, and a conformance suite that any store must pass.
//!
//! Decides how records become bytes and how a batch becomes one durable transaction; what a record means is the core's.

mod codec;
pub mod conformance;
mod embedded;

pub use embedded::{Durability, Embedded};
