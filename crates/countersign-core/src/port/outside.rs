//! Time, chance and letters.

use std::fmt::Debug;

use super::Pending;
use crate::record::user::Email;
use crate::time::Timestamp;

/// What time it is. Going back would make things that are over alive again, so a clock never does.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// Unpredictable bytes. A source that repeats itself hands out other people's sessions.
pub trait Entropy: Debug + Send + Sync + 'static {
    /// Fills `bytes`, or says that it could not.
    ///
    /// # Errors
    /// The operating system's source failed; nothing may be issued.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), crate::error::Fault>;
}

/// A letter to a person.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// To whom.
    pub to: Email,
    /// The subject line.
    pub subject: String,
    /// The text; it may hold a link that works once, so it is never logged.
    pub text: String,
}

impl Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Letter(..)")
    }
}

/// Sends letters.
pub trait Post: Debug + Send + Sync + 'static {
    /// Takes the letter for delivery; the answer does not say whether the address exists.
    fn send(&self, letter: Letter) -> Pending<'_, ()>;
}
