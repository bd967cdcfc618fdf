//! When a token is good, and which of its claims says that it is not.
//!
//! RFC 7519 4.1.4 to 4.1.6. Which claim it was is found out only when a token is refused.

use crate::error::Error;

/// Whether `exp` counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Expiry {
    Counts,
    Ignored,
}

/// From when a token is good, and from when not any more.
#[derive(Clone, Copy)]
pub(in crate::jwt) struct Times {
    pub(in crate::jwt) from: u64,
    pub(in crate::jwt) until: Option<u64>,
}

/// Now lies outside.
pub(super) enum Untimely {
    /// From this time on the token is not good any more.
    Over(u64),
    /// Before this time it is not good yet.
    Early(u64),
}

impl Times {
    /// Whether now lies within, when clocks may differ by so many seconds.
    #[inline]
    pub(super) fn hold(self, now: u64, leeway: u64, expiry: Expiry) -> Result<(), Untimely> {
        // RFC 7519 4.1.4: "on or after" the time the token is refused.
        if let Some(at) = self.until.filter(|until| now >= until.saturating_add(leeway))
            && expiry == Expiry::Counts
        {
            return Err(Untimely::Over(at));
        }
        if self.from > now.saturating_add(leeway) { Err(Untimely::Early(self.from)) } else { Ok(()) }
    }
}

impl Untimely {
    /// The refusal of a token that was issued at `iat` and whose end comes from the claim that
    /// `ended` names.
    #[cold]
    pub(super) fn told(self, iat: Option<u64>, ended: impl FnOnce(u64) -> &'static str) -> Error {
        match self {
            Self::Over(at) => Error::Expired { at, claim: ended(at) },
            // What is later than `iat` is `nbf`.
            Self::Early(from) if iat == Some(from) => Error::Early { from, claim: "iat" },
            Self::Early(from) => Error::Early { from, claim: "nbf" },
        }
    }
}
