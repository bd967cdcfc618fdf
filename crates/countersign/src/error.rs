//! The two kinds of no in one type: a [`Refusal`] when they may not, a [`Fault`] when we could not.

use countersign_core::batch::Conflict;
use countersign_core::{Fault, Refusal};

/// Why something did not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// They may not. Nothing has changed.
    #[error(transparent)]
    Refusal(#[from] Refusal),
    /// We could not.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A result whose error is a refusal or a fault.
pub type Result<T, E = Error> = core::result::Result<T, E>;

impl Error {
    /// The stable code, explained by `countersign explain`.
    ///
    /// ```
    /// use countersign::{Error, Refusal};
    /// assert_eq!(Error::from(Refusal::SignIn).code(), "CS-2101");
    /// ```
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refusal(refusal) => refusal.code(),
            Self::Fault(fault) => fault.code(),
        }
    }
}

/// A conflict that the one who asked cannot be told more about.
pub(crate) fn unexpected(conflict: Conflict) -> Error {
    match conflict {
        Conflict::Moved => Refusal::Moved.into(),
        Conflict::Over | Conflict::Spent => Refusal::GrantEnded.into(),
        Conflict::Taken => Refusal::Taken { what: "name" }.into(),
        Conflict::Applied => Refusal::Moved.into(),
        Conflict::Full => Refusal::Invalid { what: "it would hold more than its limit".to_owned() }.into(),
        Conflict::Missing => Refusal::Missing { what: "thing" }.into(),
    }
}

/// The crypto layer's fault as ours.
pub(crate) fn crypto(fault: impl core::fmt::Display) -> Fault {
    Fault::Crypto(fault.to_string())
}
