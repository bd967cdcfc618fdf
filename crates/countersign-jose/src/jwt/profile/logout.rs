//! Logout tokens: what tells a client that somebody has signed out.
//!
//! OpenID Connect Back-Channel Logout 2.4. Times are unix seconds.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::{Profile, Registered, Sealed};
use crate::error::{ClaimFlaw, Error, Fault, defined};
use crate::jwt::Audience;
use crate::jwt::reader::Claims;

/// The claims of a logout token, `typ` `logout+jwt` (OpenID Connect Back-Channel Logout 2.4).
///
/// The event that makes it one is written and required; it is not a field.
///
/// ```
/// use countersign_jose::jwt::{self, LogoutClaims};
/// use countersign_jose::{Algorithm, SigningKey};
///
/// let key = SigningKey::generate(Algorithm::Es256)?;
/// let claims = LogoutClaims {
///     iss: "https://id.example".into(),
///     aud: "shop-web".into(),
///     iat: 1_800_000_000,
///     exp: 1_800_000_120,
///     jti: "l1".into(),
///     sub: Some("ana".into()),
///     sid: None,
/// };
/// let token = jwt::sign(&key, &claims)?;
/// assert!(jwt::sign(&key, &LogoutClaims { sub: None, ..claims }).is_err()); // it would end nobody's session
/// # let shop = jwt::verifier::<LogoutClaims>(key.verifying_key()).issuer("https://id.example").audience("shop-web");
/// # assert!(shop.verify(&token, 1_800_000_010).is_ok());
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogoutClaims {
    /// The issuer.
    pub iss: String,
    /// The client that it is for.
    pub aud: Audience,
    /// When it was issued.
    pub iat: u64,
    /// From when it is refused; two minutes after `iat` at most, says the standard.
    pub exp: u64,
    /// The token's own name.
    pub jti: String,
    /// The user whose sessions end; this, or `sid`, or both.
    pub sub: Option<String>,
    /// The sign-in that ends.
    pub sid: Option<String>,
}

const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

impl Serialize for LogoutClaims {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("iss", &self.iss)?;
        map.serialize_entry("aud", &self.aud)?;
        map.serialize_entry("iat", &self.iat)?;
        map.serialize_entry("exp", &self.exp)?;
        map.serialize_entry("jti", &self.jti)?;
        map.serialize_entry("events", &serde_json::json!({ LOGOUT_EVENT: {} }))?;
        if let Some(sub) = &self.sub {
            map.serialize_entry("sub", sub)?;
        }
        if let Some(sid) = &self.sid {
            map.serialize_entry("sid", sid)?;
        }
        map.end()
    }
}

impl LogoutClaims {
    /// Back-Channel Logout 2.4: without both everybody refuses it. An empty text is nobody's name either.
    fn names_nobody(&self) -> bool {
        [&self.sub, &self.sid].iter().all(|name| name.as_deref().unwrap_or_default().is_empty())
    }
}

impl Sealed for LogoutClaims {}

impl Profile for LogoutClaims {
    const TYP: &'static str = "logout+jwt";

    fn rule(claim: &str, flaw: ClaimFlaw) -> &'static str {
        match (claim, flaw) {
            (_, ClaimFlaw::Missing | ClaimFlaw::Forbidden) | ("events", _) => {
                "OpenID Connect Back-Channel Logout 2.4"
            }
            _ => defined(claim),
        }
    }

    fn read(claims: &Claims<'_>) -> Result<Self, Error> {
        let event = claims.object("events")?.member(LOGOUT_EVENT);
        event.and_then(|event| event.object()).ok_or_else(|| claims.refused("events", ClaimFlaw::Other))?;
        // A nonce would make it look like an ID token to a careless client.
        claims.without("nonce")?;
        let read = Self {
            iss: claims.text("iss")?,
            aud: claims.audience()?,
            iat: claims.time("iat")?,
            exp: claims.time("exp")?,
            jti: claims.text("jti")?,
            sub: claims.maybe_text("sub")?,
            sid: claims.maybe_text("sid")?,
        };
        if read.names_nobody() {
            return Err(claims.refused("sub", ClaimFlaw::Missing));
        }
        Ok(read)
    }

    fn write(&self, json: &mut Vec<u8>) -> Result<(), Fault> {
        if self.names_nobody() {
            return Err(Fault::Claims);
        }
        serde_json::to_writer(json, self).map_err(|_| Fault::Claims)
    }

    fn registered(&self) -> Registered<'_> {
        Registered { iss: &self.iss, aud: &self.aud, exp: Some(self.exp), iat: Some(self.iat) }
    }
}
