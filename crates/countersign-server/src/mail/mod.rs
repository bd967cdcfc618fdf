//! Where letters go: to a mail server, or in development into a mailbox in memory that a page shows.
//!
//! Decides how a letter leaves this process. What it says is decided by the engine, whether it is sent at all likewise.

mod mailbox;
mod smtp;

pub use mailbox::{Delivered, DevMailbox};
pub use smtp::Smtp;
