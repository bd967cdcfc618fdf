//! What came of looking for one kind of credential. Only *absent* falls through to the next kind; a bad one never does.

use crate::error::Refusal;

/// What came of looking for a credential.
///
/// ```
/// use countersign_core::{Attempt, Refusal};
///
/// let bad: Attempt<()> = Attempt::Refused(Refusal::SessionTwice);
/// // A refused credential does not fall through to the next kind.
/// assert!(matches!(bad.or_else(|| Attempt::Accepted(())), Attempt::Refused(_)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Attempt<T> {
    /// There was none.
    Absent,
    /// It is good.
    Accepted(T),
    /// There was one, and it is not good.
    Refused(Refusal),
}

impl<T> Attempt<T> {
    /// Looks for the next kind of credential when there was none of this kind.
    pub fn or_else(self, next: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Absent => next(),
            decided => decided,
        }
    }

    /// The accepted value through `change`.
    #[inline]
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Attempt<U> {
        match self {
            Self::Absent => Attempt::Absent,
            Self::Accepted(value) => Attempt::Accepted(change(value)),
            Self::Refused(refusal) => Attempt::Refused(refusal),
        }
    }

    /// The accepted value, or why there is none; `absent` says what absence means here.
    ///
    /// # Errors
    /// `absent` when there was no credential, the refusal when it was not good.
    pub fn required(self, absent: Refusal) -> Result<T, Refusal> {
        match self {
            Self::Absent => Err(absent),
            Self::Accepted(value) => Ok(value),
            Self::Refused(refusal) => Err(refusal),
        }
    }
}
