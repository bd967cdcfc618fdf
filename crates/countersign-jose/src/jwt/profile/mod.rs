//! What makes a set of claims a profile, and which profiles there are.
//!
//! RFC 8725 3.11 and 3.12: explicit types, and rules for each kind of token that exclude the
//! others. Ours are a closed list; [`Own`] is for kinds that somebody else thinks of.

mod access;
mod assertion;
mod event;
mod id;
mod introspection;
mod logout;
mod own;
mod request;
mod taken;

use serde::Serialize;

pub use access::AccessClaims;
pub use assertion::AssertionClaims;
pub use event::EventClaims;
pub use id::IdClaims;
pub use introspection::{Introspected, IntrospectionClaims};
pub use logout::LogoutClaims;
pub use own::{Extended, Own, OwnClaims};
pub use request::RequestClaims;

use private::Sealed;

use super::reader::Claims;
use crate::error::{ClaimFlaw, Error, Fault, defined};
use crate::header::media_type;
use crate::jwt::{Audience, Confirmation};

/// A kind of token: its `typ`, and how its claims are read. The kinds are a closed list; for
/// claims of one's own there are [`OwnClaims`] and [`Extended`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a kind of token",
    note = "use `AccessClaims`, `IdClaims` or another profile of `countersign_jose::jwt`",
    note = "claims of your own: `Extended<AccessClaims, {Self}>`, or `OwnClaims<{Self}>` for a kind of your own"
)]
pub trait Profile: Serialize + Sealed + Sized {
    /// The `typ` that is written, and that a token must have.
    const TYP: &'static str;

    /// Whether members that it does not know are claims of it, too.
    #[doc(hidden)]
    const IS_OPEN: bool = false;

    /// How long such a token may last, in seconds, unless its verifier says otherwise; without `exp`,
    /// how old it may be.
    #[doc(hidden)]
    const LONGEST: Option<u64> = None;

    /// Whether a header's `typ` is this profile's, with or without `application/`.
    #[must_use]
    fn is_typ(typ: &str) -> bool {
        media_type(typ) == Self::TYP
    }

    /// The section of the standard that a claim breaks in this kind of token.
    #[doc(hidden)]
    #[must_use]
    fn rule(claim: &str, flaw: ClaimFlaw) -> &'static str {
        let _ = flaw;
        defined(claim)
    }

    /// Reads the claims; every claim has its type or refuses.
    ///
    /// # Errors
    /// [`Error::Claim`] naming the first claim that is missing, malformed or out of place.
    #[doc(hidden)]
    fn read(claims: &Claims<'_>) -> Result<Self, Error>;

    /// Appends the claims as JSON.
    ///
    /// # Errors
    /// [`Fault::Claims`], [`Fault::NotStrict`].
    #[doc(hidden)]
    fn write(&self, json: &mut Vec<u8>) -> Result<(), Fault> {
        serde_json::to_writer(json, self).map_err(|_| Fault::Claims)
    }

    /// The key that a token with these claims is bound to.
    ///
    /// # Errors
    /// [`Error::Claim`] for a `cnf` that names none.
    #[doc(hidden)]
    fn bound(claims: &Claims<'_>) -> Result<Option<Confirmation>, Error> {
        Confirmation::read(claims)
    }

    /// What every verifier checks.
    #[doc(hidden)]
    fn registered(&self) -> Registered<'_>;

    /// From when it is refused: by what it says, or, where it does not say, by its age.
    #[doc(hidden)]
    fn ends(&self, longest: Option<u64>) -> Option<u64> {
        let Registered { exp, iat, .. } = self.registered();
        exp.or_else(|| Some(iat?.saturating_add(longest?)))
    }

    /// Which claim [`Profile::ends`] took this time from.
    #[doc(hidden)]
    fn ended_by(&self, at: u64, longest: Option<u64>) -> &'static str {
        let Registered { exp, iat, .. } = self.registered();
        let aged = iat.zip(longest).map(|(iat, longest)| iat.saturating_add(longest));
        if exp.is_none() && aged == Some(at) { "iat" } else { "exp" }
    }

    /// What only this profile asks for.
    ///
    /// # Errors
    /// [`Error::Claim`].
    #[doc(hidden)]
    fn check(&self, audience: &str) -> Result<(), Error> {
        let _ = audience;
        Ok(())
    }
}

/// Seals [`Profile`], and nothing else, so that the compiler lists profiles alone to whoever tries.
mod private {
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be a profile: that list is closed",
        label = "a kind of your own goes another way",
        note = "implement `countersign_jose::jwt::Own` for `{Self}`, which takes a `TYP` and nothing else; `OwnClaims<{Self}>` is then a profile",
        note = "members beside those of a profile need no kind of their own: `Extended<AccessClaims, {Self}>`"
    )]
    #[expect(unnameable_types, reason = "sealing a trait is what it is for")]
    pub trait Sealed {}
}

/// The registered claims that a verifier looks at (RFC 7519 4.1).
#[doc(hidden)]
#[derive(Debug)]
#[expect(unnameable_types, reason = "seals `Profile`: outsiders cannot call what takes it")]
pub struct Registered<'a> {
    pub iss: &'a str,
    pub aud: &'a Audience,
    /// `None` for kinds that tell what has happened, or how something was at `iat`.
    pub exp: Option<u64>,
    pub iat: Option<u64>,
}

/// The refusal of a claim, by a profile that has read it.
fn refused<C: Profile>(claim: &'static str, flaw: ClaimFlaw) -> Error {
    Error::Claim { claim, flaw, rule: C::rule(claim, flaw) }
}

#[cfg(test)]
pub(crate) mod tests;
