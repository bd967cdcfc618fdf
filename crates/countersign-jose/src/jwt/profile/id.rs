//! ID tokens: what tells a client who signed in.
//!
//! OpenID Connect Core 2 and 3.1.3.7. Times are unix seconds. Claims that are not listed are
//! ignored when a token is read; [`Extended`](super::Extended) adds claims of one's own.

use serde::Serialize;

use super::{Profile, Registered, Sealed, refused};
use crate::error::{ClaimFlaw, Error, defined};
use crate::jwt::Audience;
use crate::jwt::reader::Claims;

/// The claims of an ID token, `typ` `JWT` (OpenID Connect Core 2).
///
/// It tells a client who signed in. It opens no API: an access token does. A client that sent a
/// `nonce` compares it with the one in here, or the token of another sign-in could be slipped in.
/// Some providers write no `typ`: see
/// [`Verifier::accepting_untyped`](crate::jwt::Verifier::accepting_untyped).
///
/// ```
/// use countersign_jose::jwt::{self, IdClaims};
/// use countersign_jose::{Algorithm, SigningKey};
///
/// let key = SigningKey::generate(Algorithm::Es256)?;
/// let claims = IdClaims {
///     iss: "https://id.example".into(),
///     sub: "ana".into(),
///     aud: "shop-web".into(),
///     iat: 1_800_000_000,
///     exp: 1_800_000_300,
///     nonce: Some("n-1".into()),
///     at_hash: jwt::half_hash(Algorithm::Es256, "the access token"),
///     ..IdClaims::default()
/// };
/// let token = jwt::sign(&key, &claims)?;
/// let shop = jwt::verifier::<IdClaims>(key.verifying_key()).issuer("https://id.example").audience("shop-web");
/// assert_eq!(shop.verify(&token, 1_800_000_010).unwrap().nonce.as_deref(), Some("n-1"));
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct IdClaims {
    /// The issuer.
    pub iss: String,
    /// The user.
    pub sub: String,
    /// The clients that it is for.
    pub aud: Audience,
    /// When it was issued.
    pub iat: u64,
    /// From when it is refused.
    pub exp: u64,
    /// When the user signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<u64>,
    /// The value that the client sent to bind the token to its own session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// How strongly the user signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// By which methods the user signed in (RFC 8176).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// The client that the token was issued to, when `aud` does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub azp: Option<String>,
    /// Half the hash of the access token beside it; see [`half_hash`](crate::jwt::half_hash).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_hash: Option<String>,
    /// Half the hash of the code beside it, where one comes with it (OpenID Connect Core 3.3.2.11).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub c_hash: Option<String>,
    /// The sign-in as this client knows it; the same in logout tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The user's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the user has shown that the address is theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
}

impl Sealed for IdClaims {}

impl Profile for IdClaims {
    const TYP: &'static str = "JWT";

    fn rule(claim: &str, flaw: ClaimFlaw) -> &'static str {
        match (claim, flaw) {
            ("azp", ClaimFlaw::Missing | ClaimFlaw::Other) => "OpenID Connect Core 3.1.3.7",
            (_, ClaimFlaw::Missing) => "OpenID Connect Core 2",
            (_, ClaimFlaw::Forbidden) => "RFC 8725 3.12",
            _ => defined(claim),
        }
    }

    fn read(claims: &Claims<'_>) -> Result<Self, Error> {
        // Providers from before `logout+jwt` give logout tokens the type `JWT`, and all else that is
        // required here (Back-Channel Logout 2.4): they tell of an event, and an ID token never does
        // (RFC 8725 3.12: kinds exclude one another).
        claims.without("events")?;
        Ok(Self {
            iss: claims.text("iss")?,
            sub: claims.text("sub")?,
            aud: claims.audience()?,
            iat: claims.time("iat")?,
            exp: claims.time("exp")?,
            auth_time: claims.maybe_time("auth_time")?,
            nonce: claims.maybe_text("nonce")?,
            acr: claims.maybe_text("acr")?,
            amr: claims.maybe_texts("amr")?.unwrap_or_default(),
            azp: claims.maybe_text("azp")?,
            at_hash: claims.maybe_text("at_hash")?,
            c_hash: claims.maybe_text("c_hash")?,
            sid: claims.maybe_text("sid")?,
            email: claims.maybe_text("email")?,
            email_verified: claims.maybe_flag("email_verified")?,
        })
    }

    fn registered(&self) -> Registered<'_> {
        Registered { iss: &self.iss, aud: &self.aud, exp: Some(self.exp), iat: Some(self.iat) }
    }

    fn check(&self, audience: &str) -> Result<(), Error> {
        // OpenID Connect Core 3.1.3.7, rules 4 and 5: with several audiences `azp` must say
        // which client the token was issued to, and it must be this one.
        match &self.azp {
            Some(azp) if azp != audience => Err(refused::<Self>("azp", ClaimFlaw::Other)),
            None if self.aud.only().is_none() => Err(refused::<Self>("azp", ClaimFlaw::Missing)),
            _ => Ok(()),
        }
    }
}
