//! An access token's claims, borrowed instead of copied.
//!
//! For a server that looks at a token and lets it go: [`Verifier::check`](super::Verifier::check)
//! decodes into a [`Scratch`] that is used again, and allocates nothing for a token of the usual
//! shape. The rules are those of [`AccessClaims`](super::AccessClaims).

use core::fmt;
use std::borrow::Cow;

use super::reader::Claims;
use crate::base64::Room;
use crate::error::Error;

/// Room in which tokens are decoded, one after another. Keep one for each thread or connection.
///
/// It grows to the longest token, 16 KiB at most, and holds the claims of the last one until the
/// next comes.
pub struct Scratch(pub(super) Room<0>);

impl Scratch {
    /// Room that grows when it is first used.
    #[must_use]
    pub const fn new() -> Self {
        Self(Room::new())
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scratch(..)")
    }
}

/// The claims of an access token (RFC 9068 2.2), as [`AccessClaims`](super::AccessClaims) has
/// them. Texts are borrowed unless they have escapes.
///
/// ```
/// use countersign_jose::jwt::{self, AccessClaims, Scratch};
/// # use countersign_jose::{Algorithm, SigningKey};
/// # let key = SigningKey::generate(Algorithm::Es256)?;
/// # let now = 1_800_000_000;
/// # let text = String::from;
/// # let claims = AccessClaims {
/// #     iss: text("https://id.example"), sub: text("ana"), aud: "shop".into(), client_id: text("web"),
/// #     iat: now, exp: now + 60, jti: text("7f2c"), ..AccessClaims::default()
/// # };
/// # let token = jwt::sign(&key, &claims)?;
/// let verifier = jwt::verifier::<AccessClaims>(key.verifying_key()).issuer("https://id.example").audience("shop");
/// let mut scratch = Scratch::new();
/// for token in [&token, &token] {
///     let access = verifier.check(token, now, &mut scratch).unwrap();
///     assert_eq!(access.sub, "ana");
/// }
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessView<'a> {
    /// The issuer.
    pub iss: Cow<'a, str>,
    /// The subject: a user, or the client itself.
    pub sub: Cow<'a, str>,
    /// The resource servers that it is for.
    pub aud: AudienceView<'a>,
    /// The client that asked for it.
    pub client_id: Cow<'a, str>,
    /// When it was issued.
    pub iat: u64,
    /// From when it is refused.
    pub exp: u64,
    /// The token's own name.
    pub jti: Cow<'a, str>,
    /// What it allows, words joined by single spaces (RFC 8693 4.2).
    pub scope: Option<Cow<'a, str>>,
    /// When the user signed in.
    pub auth_time: Option<u64>,
    /// How strongly the user signed in.
    pub acr: Option<Cow<'a, str>>,
    /// By which methods the user signed in (RFC 8176).
    pub amr: Vec<Cow<'a, str>>,
}

impl<'a> AccessView<'a> {
    /// Reads the claims; `good` looks at some of them before they become a view.
    // A view is large. One that is made where it stays costs half of one that is moved there.
    #[inline]
    pub(super) fn read(
        claims: &Claims<'a>,
        good: impl FnOnce(Registered<'_, 'a>) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let iss = claims.borrowed("iss")?;
        let sub = claims.borrowed("sub")?;
        let aud = claims.audiences()?;
        let client_id = claims.borrowed("client_id")?;
        let iat = claims.time("iat")?;
        let exp = claims.time("exp")?;
        let jti = claims.borrowed("jti")?;
        let scope = claims.maybe_borrowed("scope")?;
        let auth_time = claims.maybe_time("auth_time")?;
        let acr = claims.maybe_borrowed("acr")?;
        let amr = claims.maybe_all_borrowed("amr")?.unwrap_or_default();
        good(Registered { iss: &iss, aud: &aud, exp, iat })?;
        Ok(Self { iss, sub, aud, client_id, iat, exp, jti, scope, auth_time, acr, amr })
    }
}

/// What a verifier looks at, whatever the kind of a token (RFC 7519 4.1).
pub(super) struct Registered<'v, 'a> {
    pub(super) iss: &'v str,
    pub(super) aud: &'v AudienceView<'a>,
    pub(super) exp: u64,
    pub(super) iat: u64,
}

/// The audiences of a token, borrowed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AudienceView<'a> {
    /// One, as nearly always.
    One(Cow<'a, str>),
    /// A list, of one or more.
    Several(Vec<Cow<'a, str>>),
}

impl AudienceView<'_> {
    /// Whether `name` is one of them: byte for byte, no prefixes, no case folding.
    #[must_use]
    pub fn names(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Several(names) => names.iter().any(|one| one == name),
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let (one, several) = match self {
            Self::One(one) => (Some(one), &[][..]),
            Self::Several(names) => (None, names.as_slice()),
        };
        one.into_iter().chain(several).map(AsRef::as_ref)
    }
}
