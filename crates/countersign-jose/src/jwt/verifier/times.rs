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

/// When a token is looked at.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    pub(super) now: u64,
    /// By how many seconds clocks may differ.
    pub(super) leeway: u64,
    pub(super) expiry: Expiry,
}

impl Times {
    /// Whether the moment lies within.
    #[inline]
    pub(super) fn hold(self, at: Moment) -> bool {
        !self.over(at) && self.from <= at.now.saturating_add(at.leeway)
    }

    /// RFC 7519 4.1.4: "on or after" the time the token is refused.
    #[inline]
    fn over(self, at: Moment) -> bool {
        at.expiry == Expiry::Counts
            && self.until.is_some_and(|until| at.now >= until.saturating_add(at.leeway))
    }

    /// The refusal where they do not hold, of a token that was issued at `iat` and ends by the claim
    /// that `ended` names.
    #[cold]
    pub(super) fn refused(
        self,
        at: Moment,
        iat: Option<u64>,
        ended: impl FnOnce(u64) -> &'static str,
    ) -> Error {
        match (self.until.filter(|_| self.over(at)), self.from) {
            (Some(at), _) => Error::Expired { at, claim: ended(at) },
            (None, from) if iat == Some(from) => Error::Early { from, claim: "iat" },
            // What is later than `iat` is `nbf`.
            (None, from) => Error::Early { from, claim: "nbf" },
        }
    }
}
