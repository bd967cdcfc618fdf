//! What a check gives: claims that can be trusted.
//!
//! Nothing outside this crate makes one, so whoever has one knows that there was a check.

use core::fmt;
use core::ops::Deref;
use std::sync::Arc;

use super::memory::Kept;

/// Claims of a token that was checked. Only a [`Verifier`](super::Verifier) makes one.
pub struct Verified<C>(Held<C>);

/// Whose the claims are.
enum Held<C> {
    Own(C),
    Kept(Arc<Kept<C>>),
}

impl<C> Verified<C> {
    /// For the verifiers of this crate.
    pub(crate) const fn of(claims: C) -> Self {
        Self(Held::Own(claims))
    }

    /// For a verifier that remembers them.
    pub(super) const fn kept(kept: Arc<Kept<C>>) -> Self {
        Self(Held::Kept(kept))
    }
}

impl<C: Clone> Verified<C> {
    /// The claims, without the proof; a copy when the verifier remembers them.
    #[must_use]
    pub fn into_claims(self) -> C {
        match self.0 {
            Held::Own(claims) => claims,
            Held::Kept(kept) => kept.claims.clone(),
        }
    }
}

impl<C: fmt::Debug> fmt::Debug for Verified<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Verified").field(&**self).finish()
    }
}

impl<C> Deref for Verified<C> {
    type Target = C;

    fn deref(&self) -> &C {
        match &self.0 {
            Held::Own(claims) => claims,
            Held::Kept(kept) => &kept.claims,
        }
    }
}
