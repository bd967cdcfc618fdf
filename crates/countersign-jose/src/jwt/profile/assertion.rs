//! Client assertions: how an application shows an authorization server who it is.
//!
//! RFC 7523 3 with RFC 10070: the audience is the issuer of the authorization server and nobody
//! else, because an assertion for two servers lets one of them pose as the client at the other.

use serde::Serialize;

use super::{Profile, Registered, Sealed, refused};
use crate::error::{ClaimFlaw, Error, defined};
use crate::jwt::Audience;
use crate::jwt::reader::Claims;

/// The claims of a client assertion, `typ` `client-authentication+jwt` (RFC 10070 4).
///
/// Whoever verifies it remembers `jti` until `exp`, and refuses the second one. So that this does not
/// take for ever, and a stolen one is soon worth nothing, it lasts [`AssertionClaims::LONGEST`] at
/// most; [`Verifier::lasting_at_most`](crate::jwt::Verifier::lasting_at_most) sets another limit. Clients from
/// before RFC 10070 send `typ` `JWT` or none: see
/// [`Verifier::accepting_generic_type`](crate::jwt::Verifier::accepting_generic_type).
///
/// ```
/// use countersign_jose::jwt::{self, AssertionClaims};
/// use countersign_jose::{Algorithm, SigningKey};
///
/// let key = SigningKey::generate(Algorithm::Es256)?;
/// let claims = AssertionClaims::new("shop-web", "https://id.example", "a1", 1_800_000_000, 1_800_000_060);
/// let assertion = jwt::sign(&key, &claims)?;
///
/// // The issuer of an assertion is the client.
/// let server = jwt::verifier::<AssertionClaims>(key.verifying_key()).issuer("shop-web").audience("https://id.example");
/// assert_eq!(server.verify(&assertion, 1_800_000_010).unwrap().jti, "a1");
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AssertionClaims {
    /// The client.
    pub iss: String,
    /// The client again.
    pub sub: String,
    /// The issuer of the authorization server, alone.
    pub aud: Audience,
    /// From when it is refused.
    pub exp: u64,
    /// The assertion's own name.
    pub jti: String,
    /// When it was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<u64>,
}

impl AssertionClaims {
    /// How long an assertion may last, in seconds: an hour, the most that clients of the large
    /// providers are told to write. RFC 7523 3, item 4, leaves the number to the server.
    pub const LONGEST: u64 = 3600;

    /// What `client` says to the server that calls itself `issuer`, from `iat` to `exp`.
    #[must_use]
    pub fn new(client: &str, issuer: &str, jti: impl Into<String>, iat: u64, exp: u64) -> Self {
        Self {
            iss: client.into(),
            sub: client.into(),
            aud: issuer.into(),
            exp,
            jti: jti.into(),
            iat: Some(iat),
        }
    }
}

impl Sealed for AssertionClaims {}

impl Profile for AssertionClaims {
    const TYP: &'static str = "client-authentication+jwt";
    const LONGEST: Option<u64> = Some(Self::LONGEST);

    fn rule(claim: &str, flaw: ClaimFlaw) -> &'static str {
        match (claim, flaw) {
            // RFC 7523 3, item 7, leaves it open.
            ("jti", ClaimFlaw::Missing) => "OpenID Connect Core 9",
            ("aud", ClaimFlaw::Other) => "RFC 10070 4",
            (_, ClaimFlaw::Missing | ClaimFlaw::Other) => "RFC 7523 3",
            _ => defined(claim),
        }
    }

    fn read(claims: &Claims<'_>) -> Result<Self, Error> {
        let read = Self {
            iss: claims.text("iss")?,
            sub: claims.text("sub")?,
            aud: claims.audience()?,
            exp: claims.time("exp")?,
            jti: claims.text("jti")?,
            iat: claims.maybe_time("iat")?,
        };
        if read.iss == read.sub { Ok(read) } else { Err(claims.refused("sub", ClaimFlaw::Other)) }
    }

    fn registered(&self) -> Registered<'_> {
        Registered { iss: &self.iss, aud: &self.aud, exp: Some(self.exp), iat: self.iat }
    }

    fn check(&self, _: &str) -> Result<(), Error> {
        // RFC 10070 4: the issuer is the sole value.
        if self.aud.only().is_some() { Ok(()) } else { Err(refused::<Self>("aud", ClaimFlaw::Other)) }
    }
}
