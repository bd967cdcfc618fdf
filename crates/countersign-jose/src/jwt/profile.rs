//! What makes a set of claims a profile.
//!
//! RFC 8725 3.11 and 3.12: explicit types, and rules for each kind of token that exclude the
//! others.

use serde::Serialize;

use super::reader::Claims;
use crate::error::Error;
use crate::jwt::Audience;
use crate::key::private::Sealed;

/// A kind of token: its `typ`, and how its claims are read. The kinds are a closed list.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a kind of token",
    note = "use `AccessClaims`, `IdClaims` or `LogoutClaims`"
)]
pub trait Profile: Serialize + Sealed + Sized {
    /// The `typ` that is written, and that a token must have.
    const TYP: &'static str;

    /// Whether a header's `typ` is this profile's, with or without `application/`.
    #[must_use]
    fn is_typ(typ: &str) -> bool {
        typ.strip_prefix("application/").unwrap_or(typ) == Self::TYP
    }

    /// Reads the claims; every claim has its type or refuses.
    ///
    /// # Errors
    /// [`Error::Claim`] naming the first claim that is missing or has the wrong type.
    #[doc(hidden)]
    fn read(claims: &Claims<'_>) -> Result<Self, Error>;

    /// What every verifier checks.
    #[doc(hidden)]
    fn registered(&self) -> Registered<'_>;

    /// What only this profile asks for.
    ///
    /// # Errors
    /// [`Error::Audience`] or [`Error::Claim`].
    #[doc(hidden)]
    fn check(&self, audience: &str) -> Result<(), Error> {
        let _ = audience;
        Ok(())
    }
}

/// The registered claims that every profile has (RFC 7519 4.1).
#[doc(hidden)]
#[derive(Debug)]
#[expect(unnameable_types, reason = "seals `Profile`: outsiders cannot call what takes it")]
pub struct Registered<'a> {
    pub iss: &'a str,
    pub aud: &'a Audience,
    pub exp: u64,
    pub iat: u64,
}
