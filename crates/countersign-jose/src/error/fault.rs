//! What can go wrong on our own side, each with a stable code.
//!
//! [`Error`](crate::Error) is the sender's doing, [`Fault`] is ours. Nothing here decides which
//! HTTP status follows; the layers above do. Messages never carry key material.

use crate::algorithm::Algorithm;
use crate::json::Flaw;
use crate::jwe::KeyAlgorithm;

/// Why we could not do our own part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The operating system gave no random bytes.
    #[error("no random bytes could be drawn")]
    Random,
    /// The cryptographic library refused an operation that should not fail.
    #[error("the cryptographic operation `{operation}` failed")]
    Crypto {
        /// What was tried.
        operation: &'static str,
    },
    /// Sealed data does not open: another key, another context, or changed bytes.
    #[error("sealed data does not open with this key")]
    Sealed,
    /// An algorithm of shared secrets was asked for a key pair, or the other way round.
    #[error("`{algorithm}` does not work with this kind of key")]
    Unfit {
        /// The algorithm asked for.
        algorithm: Algorithm,
    },
    /// An algorithm of encryption was asked for a kind of key that it does not work with.
    #[error("`{algorithm}` does not work with this kind of key")]
    UnfitKey {
        /// The algorithm asked for.
        algorithm: KeyAlgorithm,
    },
    /// Several recipients cannot share one content key: one of them takes it directly, their
    /// keys ask for different `enc`, or there are none or too many (RFC 7516 7.2.1).
    #[error("these recipients cannot share one encrypted token")]
    Recipients,
    /// The payload cannot stand unencoded in the form that was asked for (RFC 7797 5).
    #[error("the payload cannot stand unencoded in this form; detach it or encode it")]
    Unencodable,
    /// The token or document would be longer than any reader looks at (RFC 7515 leaves the limit
    /// to us).
    #[error("the token would be longer than `{limit}` bytes, and nobody would read it")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// Claims could not be written as JSON.
    #[error("the claims could not be written as JSON")]
    Claims,
    /// The claims could be written, but no verifier would read them: something stands in them
    /// twice, or they nest too deeply (RFC 7519 4).
    #[error("the claims would not be read back: {flaw}")]
    NotStrict {
        /// What a verifier would stumble over.
        flaw: Flaw,
    },
}

impl Fault {
    /// The stable code, for logs and for `docs/errors/<code>.md`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Random => "CS-1091",
            Self::Crypto { .. } => "CS-1092",
            Self::Sealed => "CS-1093",
            Self::Unfit { .. } => "CS-1094",
            Self::Claims => "CS-1095",
            Self::NotStrict { .. } => "CS-1096",
            Self::Recipients => "CS-1060",
            Self::UnfitKey { .. } => "CS-1064",
            Self::TooLong { .. } => "CS-1097",
            Self::Unencodable => "CS-1098",
        }
    }
}
