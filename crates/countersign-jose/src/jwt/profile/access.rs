//! Access tokens: what an API takes.
//!
//! RFC 9068 2.2. Times are unix seconds. Claims that are not listed are ignored when a token is
//! read; [`Extended`](super::Extended) adds claims of one's own.

use serde::Serialize;

use super::{Profile, Registered, Sealed};
use crate::error::{ClaimFlaw, Error, defined};
use crate::jwt::reader::Claims;
use crate::jwt::{Audience, Confirmation};

/// The claims of an access token, `typ` `at+jwt` (RFC 9068 2.2).
///
/// A token with the type `JWT` is none, whoever issued it: nothing in it says that it is no ID token
/// (RFC 8725 3.12, RFC 9068 5). Most issuers can be told to write `at+jwt`.
///
/// ```
/// use countersign_jose::jwt::{self, AccessClaims};
/// use countersign_jose::{Algorithm, SigningKey};
///
/// let key = SigningKey::generate(Algorithm::Es256)?;
/// let claims = AccessClaims {
///     iss: "https://id.shop.example".into(),
///     sub: "ana".into(),
///     aud: "shop-api".into(),
///     client_id: "shop-web".into(),
///     iat: 1_800_000_000,
///     exp: 1_800_000_300,
///     jti: "7f2c".into(),
///     ..AccessClaims::default()
/// };
/// let token = jwt::sign(&key, &claims)?;
/// # let api = jwt::verifier::<AccessClaims>(key.verifying_key()).issuer("https://id.shop.example").audience("shop-api");
/// # assert_eq!(api.verify(&token, 1_800_000_010).unwrap().client_id, "shop-web");
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct AccessClaims {
    /// The issuer.
    pub iss: String,
    /// The subject: a user, or the client itself.
    pub sub: String,
    /// The resource servers that it is for.
    pub aud: Audience,
    /// The client that asked for it.
    pub client_id: String,
    /// When it was issued.
    pub iat: u64,
    /// From when it is refused.
    pub exp: u64,
    /// The token's own name.
    pub jti: String,
    /// What it allows, words joined by single spaces (RFC 8693 4.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// When the user signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<u64>,
    /// How strongly the user signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// By which methods the user signed in (RFC 8176).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// The key that must be shown with it; a token that has one is no bearer token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
}

impl Sealed for AccessClaims {}

impl Profile for AccessClaims {
    const TYP: &'static str = "at+jwt";

    fn rule(claim: &str, flaw: ClaimFlaw) -> &'static str {
        match flaw {
            ClaimFlaw::Missing => "RFC 9068 2.2",
            _ => defined(claim),
        }
    }

    fn read(claims: &Claims<'_>) -> Result<Self, Error> {
        Ok(Self {
            iss: claims.text("iss")?,
            sub: claims.text("sub")?,
            aud: claims.audience()?,
            client_id: claims.text("client_id")?,
            iat: claims.time("iat")?,
            exp: claims.time("exp")?,
            jti: claims.text("jti")?,
            scope: claims.maybe_text("scope")?,
            auth_time: claims.maybe_time("auth_time")?,
            acr: claims.maybe_text("acr")?,
            amr: claims.maybe_texts("amr")?.unwrap_or_default(),
            cnf: Confirmation::read(claims)?,
        })
    }

    fn registered(&self) -> Registered<'_> {
        Registered { iss: &self.iss, aud: &self.aud, exp: Some(self.exp), iat: Some(self.iat) }
    }
}
