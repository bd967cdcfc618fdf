//! What becomes of a refresh token that is presented (RFC 9700 section 4.14.2: rotation with reuse detection).
//!
//! The rules, with D, G and A from [`policy`](crate::policy):
//! 1. A replay of the predecessor within A of the last hand-out gets the identical successor; later, while the successor is
//!    unconfirmed, a new sibling. The first sibling presented wins; any other is theft.
//! 2. The predecessor is good until its successor is first presented; for G after that it gets an access token only.
//! 3. Nothing rotates within A of the last hand-out, and whoever does not rotate gets no refresh token.
//! 4. Two or more generations behind, a losing sibling, or a predecessor after G: theft.
//! 5. Replays are counted and limited.
//!
//! The same client and scope are the token endpoint's to check; whether the grant is alive is [`Grant::alive`]'s.

use crate::batch::Change;
use crate::extent::{Actor, Ending, Extent, Reason};
use crate::handle::Handle;
use crate::policy;
use crate::record::{Family, Grant};
use crate::secret::RefreshToken;
use crate::time::Timestamp;

/// What becomes of a refresh token.
#[derive(Debug)]
#[must_use = "commit `change`, then answer"]
pub enum Decision {
    /// The family moves to the next generation.
    Advance {
        /// Where the family stands then.
        family: Family,
        /// The first token of the new generation.
        token: RefreshToken,
    },
    /// The answer that carried the successor may have been lost: the identical one again.
    Repeat {
        /// Where the family stands then.
        family: Family,
        /// The same token as before.
        token: RefreshToken,
    },
    /// So long after the hand-out that the answer was lost: another successor. Whichever is presented first wins.
    Sibling {
        /// Where the family stands then.
        family: Family,
        /// The new sibling.
        token: RefreshToken,
    },
    /// An access token and no refresh token.
    AccessOnly {
        /// Where the family stands then, when it moves.
        family: Option<Family>,
    },
    /// Two have used it: the grant ends.
    Theft,
    /// It is not one of this family's; anybody may have made it up, so nothing ends.
    Forged,
    /// It is one of this family's, and the record has not got there: the store has been rolled back.
    Ahead,
    /// It was replayed too often.
    TooMany,
}

impl Decision {
    /// The change that makes this decision durable; commit it before answering.
    #[must_use]
    pub fn change(&self, grant: &Grant, now: Timestamp) -> Option<Change> {
        match self {
            Self::Advance { family, .. }
            | Self::Repeat { family, .. }
            | Self::Sibling { family, .. }
            | Self::AccessOnly { family: Some(family) } => Some(Change::MoveFamily {
                grant: grant.serial,
                expect: grant.version,
                at: now,
                family: family.clone(),
            }),
            Self::Theft => Some(Change::End {
                extent: Extent::Grant(grant.serial),
                ending: Ending { at: now, reason: Reason::Replay, by: Actor::Client(grant.client.clone()) },
            }),
            Self::AccessOnly { family: None } | Self::Forged | Self::Ahead | Self::TooMany => None,
        }
    }

    /// Whether the answer carries an access token.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        matches!(
            self,
            Self::Advance { .. } | Self::Repeat { .. } | Self::Sibling { .. } | Self::AccessOnly { .. }
        )
    }

    /// The refresh token that the answer carries.
    #[must_use]
    pub const fn token(&self) -> Option<&RefreshToken> {
        match self {
            Self::Advance { token, .. } | Self::Repeat { token, .. } | Self::Sibling { token, .. } => {
                Some(token)
            }
            Self::AccessOnly { .. } | Self::Theft | Self::Forged | Self::Ahead | Self::TooMany => None,
        }
    }
}

/// Decides what becomes of `presented` at `now`. A grant without a family made no refresh token.
pub fn present(grant: &Grant, presented: &RefreshToken, key: &[u8; 32], now: Timestamp) -> Decision {
    let Some(family) = &grant.family else { return Decision::Forged };
    if !family.made(presented, key) {
        return Decision::Forged;
    }
    let asked = Asked { family, handle: presented.handle(), key, now };
    let (generation, sibling) = (presented.generation(), presented.sibling());
    if generation > family.generation || (generation == family.generation && sibling > family.sibling) {
        Decision::Ahead
    } else if generation == family.generation {
        asked.current(sibling)
    } else if family.generation - generation == 1 {
        asked.predecessor(sibling)
    } else {
        Decision::Theft
    }
}

struct Asked<'a> {
    family: &'a Family,
    handle: Handle,
    key: &'a [u8; 32],
    now: Timestamp,
}

impl Asked<'_> {
    /// A token of the current generation.
    fn current(&self, sibling: u16) -> Decision {
        if self.family.confirmed_sibling.is_some_and(|winner| winner != sibling) {
            return Decision::Theft;
        }
        if self.holds() {
            let family = self.family.confirmed_at.is_none().then(|| Family {
                confirmed_at: Some(self.now),
                confirmed_sibling: Some(sibling),
                ..self.family.clone()
            });
            return Decision::AccessOnly { family };
        }
        let Some(generation) = self.family.generation.checked_add(1) else { return Decision::TooMany };
        let family =
            Family { generation, parent_sibling: Some(sibling), ..Family::begin(self.family.salt, self.now) };
        Decision::Advance { token: family.token(&self.handle, self.key), family }
    }

    /// A token of the generation before.
    fn predecessor(&self, sibling: u16) -> Decision {
        if self.family.parent_sibling != Some(sibling) {
            return Decision::Theft;
        }
        if self.family.confirmed_at.is_some_and(|at| self.now > at + policy::REFRESH_GRACE) {
            return Decision::Theft;
        }
        if self.family.replays >= policy::REFRESH_REPLAYS {
            return Decision::TooMany;
        }
        let mut family = Family { replays: self.family.replays.saturating_add(1), ..self.family.clone() };
        if family.confirmed_at.is_some() {
            return Decision::AccessOnly { family: Some(family) };
        }
        let repeats = self.holds();
        // A hand-out is a hand-out: its answer may be in flight for D from now.
        family.handed_at = self.now.max(family.handed_at);
        if repeats {
            return Decision::Repeat { token: family.token(&self.handle, self.key), family };
        }
        let Some(next) = family.sibling.checked_add(1) else { return Decision::TooMany };
        family.sibling = next;
        Decision::Sibling { token: family.token(&self.handle, self.key), family }
    }

    /// Whether the last hand-out is so young that nothing rotates.
    fn holds(&self) -> bool {
        self.now < self.family.handed_at + policy::REFRESH_HOLD
    }
}

#[cfg(test)]
mod tests;
