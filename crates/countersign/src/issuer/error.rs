//! Why an issuer did not do what it was asked, each reason with a stable code.

use countersign_core::time::Timestamp;
use countersign_jose::{Fault, KeyId};

/// Why there is no issuer, no token or no rotation. What was there before is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IssuerError {
    /// It was asked for something that no verifier would accept, or that has no end.
    #[error("{what}")]
    Unfit {
        /// What must be so.
        what: &'static str,
    },
    /// A successor waits for its time already.
    #[error("the key `{kid}` is published and signs from {signs_from} on, rotate again after that")]
    Waiting {
        /// The successor.
        kid: KeyId,
        /// When it takes over, in unix seconds.
        signs_from: Timestamp,
    },
    /// As many keys are published as a set should have.
    #[error("{keys} keys are published, rotate again when the oldest has gone")]
    Crowded {
        /// How many.
        keys: usize,
    },
    /// We could not: no random bytes, the cryptographic library, or claims that cannot be written.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl IssuerError {
    /// The stable code, explained by `countersign explain`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unfit { .. } => "CS-1113",
            Self::Waiting { .. } => "CS-1114",
            Self::Crowded { .. } => "CS-1115",
            Self::Fault(fault) => fault.code(),
        }
    }
}
