//! Where Countersign keeps its records: embedded SQLite, memory in front of any store, and a
//! conformance suite that any store must pass.
//!
//! Decides how records become bytes and how a batch becomes one durable transaction; what a record means is the core's.

mod codec;
mod column;
pub mod conformance;
mod data;
mod embedded;
mod front;
mod ledger;
#[cfg(feature = "postgres")]
mod migrate;
#[cfg(feature = "postgres")]
mod postgres;
mod private;
#[cfg(feature = "redis")]
mod redis;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod tls;

pub use embedded::{
    BackedUp, Durability, Embedded, Findings, Over, Restore, Restored, back_up, check, restore,
};
pub use front::{Claim, Fill, Front};
#[cfg(feature = "postgres")]
pub use migrate::{Moved, Moving, MovingStep, migrate};
#[cfg(feature = "postgres")]
pub use postgres::{Postgres, PostgresAddress, Remembering};
#[cfg(feature = "redis")]
pub use redis::Redis;
