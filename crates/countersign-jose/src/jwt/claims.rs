//! The claims of each kind of token.
//!
//! RFC 9068 2.2, OpenID Connect Core 2, OpenID Connect Back-Channel Logout 2.4. Times are unix
//! seconds. Claims that are not listed are ignored when a token is read.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::profile::{Profile, Registered};
use super::reader::Claims;
use crate::error::Error;
use crate::jwt::Audience;
use crate::key::private::Sealed;

/// The claims of an access token, `typ` `at+jwt` (RFC 9068 2.2).
///
/// `gid` and `rv` are ours and required here: they let a verifier that follows the revocation
/// log refuse the token before `exp`. Other people's verifiers ignore them.
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
    /// The handle of the grant behind the token.
    pub gid: String,
    /// The position in the revocation log that the issuer had read.
    pub rv: u64,
}

impl Sealed for AccessClaims {}

impl Profile for AccessClaims {
    const TYP: &'static str = "at+jwt";

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
            gid: claims.text("gid")?,
            rv: claims.number("rv")?,
        })
    }

    fn registered(&self) -> Registered<'_> {
        Registered { iss: &self.iss, aud: &self.aud, exp: self.exp, iat: self.iat }
    }
}

/// The claims of an ID token, `typ` `JWT` (OpenID Connect Core 2).
///
/// It tells a client who signed in. It opens no API: an access token does.
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
    /// Half the hash of the access token beside it; see [`half_hash`](super::half_hash).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_hash: Option<String>,
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

    fn read(claims: &Claims<'_>) -> Result<Self, Error> {
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
            sid: claims.maybe_text("sid")?,
            email: claims.maybe_text("email")?,
            email_verified: claims.maybe_flag("email_verified")?,
        })
    }

    fn registered(&self) -> Registered<'_> {
        Registered { iss: &self.iss, aud: &self.aud, exp: self.exp, iat: self.iat }
    }

    fn check(&self, audience: &str) -> Result<(), Error> {
        // OpenID Connect Core 3.1.3.7, rules 4 and 5: with several audiences `azp` must say
        // which client the token was issued to, and it must be this one.
        match &self.azp {
            Some(azp) if azp != audience => Err(Error::Claim { claim: "azp" }),
            None if self.aud.only().is_none() => Err(Error::Claim { claim: "azp" }),
            _ => Ok(()),
        }
    }
}

/// The claims of a logout token, `typ` `logout+jwt` (OpenID Connect Back-Channel Logout 2.4).
///
/// The event that makes it one is written and required; it is not a field.
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

impl Sealed for LogoutClaims {}

impl Profile for LogoutClaims {
    const TYP: &'static str = "logout+jwt";

    fn read(claims: &Claims<'_>) -> Result<Self, Error> {
        let event = claims.object("events")?.member(LOGOUT_EVENT);
        event.and_then(|event| event.object()).ok_or(Error::Claim { claim: "events" })?;
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
        if read.sub.is_none() && read.sid.is_none() {
            return Err(Error::Claim { claim: "sub" });
        }
        Ok(read)
    }

    fn registered(&self) -> Registered<'_> {
        Registered { iss: &self.iss, aud: &self.aud, exp: self.exp, iat: self.iat }
    }
}
