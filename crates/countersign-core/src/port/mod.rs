//! The ways out of the core: what a store, a clock, a source of randomness and a mailer must do.

use std::future::Future;
use std::pin::Pin;

mod directory;
mod guests;
mod outside;
mod store;

pub use directory::{AuditFilter, ConsentRecord, Counts, Directory, Overdue};
pub use guests::{GuestChange, GuestData, GuestSlot, GuestWrite, Guests};
pub use outside::{Clock, Entropy, Letter, Post};
pub use store::{Follower, LogState, SessionFilter, Store};

use crate::error::Fault;

/// An answer that takes a while.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'a>>;
