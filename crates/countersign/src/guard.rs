//! Who comes with a request, by any style: what gateways and guards ask.
//!
//! A bearer token is looked at before a cookie, and only its absence lets the cookie be tried: a bad credential never falls
//! through to another one.

use std::sync::Arc;

use countersign_core::error::OAuthError;
use countersign_core::id::ClientId;
use countersign_core::record::session::Audience;
use countersign_core::record::{Client, Scope, Style};
use countersign_core::session::admit::Presence;
use countersign_core::time::Timestamp;
use countersign_core::{Attempt, Fault, Refusal};

use crate::check::Checked;
use crate::engine::Engine;
use crate::error::Error;
use crate::revocable::GrantClaims;
use crate::token::no;

/// Someone who was recognised just now. Only this crate makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recognized {
    /// Who: a person's subject, or the application itself when it acts alone.
    pub subject: String,
    /// For or through which application.
    pub client: String,
    /// The public name of the session or the grant.
    pub handle: String,
    /// What is allowed; empty for a session, whose application decides.
    pub scope: Scope,
    /// When the person authenticated; none when there is no person.
    pub auth_time: Option<Timestamp>,
    /// By which style they were recognised: `session` for a cookie, else the application's.
    pub style: Style,
}

/// How one application recognises its users in this process.
#[derive(Clone, Debug)]
pub enum Recognizer {
    /// By the cookie of its own host.
    Sessions {
        /// Knows the sessions.
        engine: Arc<Engine>,
        /// Which application.
        client: ClientId,
    },
    /// By an access token, until it expires: an ending is not seen before that.
    Jwt {
        /// Knows the keys.
        engine: Arc<Engine>,
        /// The `aud` to insist on.
        audience: String,
    },
    /// By an access token of an issuer elsewhere, until it expires.
    #[cfg(feature = "jwks")]
    Remote(Arc<crate::jwks::Remote<NamedClaims>>),
    /// By an access token that has not ended.
    Hybrid {
        /// Knows the keys and the endings.
        engine: Arc<Engine>,
        /// The `aud` to insist on.
        audience: String,
    },
}

impl Recognizer {
    /// Who comes with these `Cookie` and `Authorization` headers.
    ///
    /// # Errors
    /// Only what the store could not do.
    pub async fn recognize(
        &self,
        cookie: Option<&str>,
        authorization: Option<&str>,
    ) -> Result<Attempt<Recognized>, Fault> {
        self.recognize_as(cookie, authorization, Presence::Active).await
    }

    /// As [`Recognizer::recognize`], where `presence` says whether the request renews a session.
    ///
    /// # Errors
    /// Only what the store could not do.
    pub async fn recognize_as(
        &self,
        cookie: Option<&str>,
        authorization: Option<&str>,
        presence: Presence,
    ) -> Result<Attempt<Recognized>, Fault> {
        match self {
            Self::Sessions { engine, client } => {
                let audience = Audience::Client(client.clone());
                Ok(engine.check_as(cookie, &audience, presence).await?.map(by_session))
            }
            Self::Jwt { engine, audience } => bearer(authorization, |token| {
                let claims = engine
                    .verifier(audience)
                    .verify(token, engine.now().seconds())
                    .map_err(|why| no(OAuthError::InvalidToken, &why.to_string()))?;
                Ok(by_token(&claims, Style::Jwt))
            }),
            #[cfg(feature = "jwks")]
            Self::Remote(remote) => bearer(authorization, |token| match remote.verify(token) {
                Ok(claims) => Ok(by_remote_token(&claims)),
                Err(crate::jwks::NotVerified::Refused(why)) => {
                    Err(no(OAuthError::InvalidToken, &why.to_string()))
                }
                Err(crate::jwks::NotVerified::Blind(why)) => Err(Fault::Blind(why).into()),
            }),
            Self::Hybrid { engine, audience } => bearer(authorization, |token| {
                Ok(by_token(&engine.check_bearer(token, audience)?.claims, Style::Hybrid))
            }),
        }
    }
}

impl Engine {
    /// Who comes to `app` with these `Cookie` and `Authorization` headers; endings are seen whatever the style.
    ///
    /// # Errors
    /// Only what the store could not do.
    pub async fn recognize(
        &self,
        app: &Client,
        cookie: Option<&str>,
        authorization: Option<&str>,
    ) -> Result<Attempt<Recognized>, Fault> {
        let by_bearer = bearer(authorization, |token| {
            Ok(by_token(&self.check_bearer(token, &app.audience)?.claims, app.style))
        })?;
        match by_bearer {
            Attempt::Absent => {
                Ok(self.check(cookie, &Audience::Client(app.id.clone())).await?.map(by_session))
            }
            decided => Ok(decided),
        }
    }
}

fn bearer(
    authorization: Option<&str>,
    check: impl FnOnce(&str) -> Result<Recognized, Error>,
) -> Result<Attempt<Recognized>, Fault> {
    let Some(header) = authorization else { return Ok(Attempt::Absent) };
    // A bearer that is spaced oddly is a bad one, not an absent one.
    let header = header.trim_matches([' ', '\t']);
    let (scheme, token) = header.split_once([' ', '\t']).unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Ok(Attempt::Absent);
    }
    match check(token.trim_matches([' ', '\t'])) {
        Ok(good) => Ok(Attempt::Accepted(good)),
        Err(Error::Refusal(refusal)) => Ok(Attempt::Refused(refusal)),
        Err(Error::Fault(fault)) => Err(fault),
    }
}

fn by_session(checked: Checked) -> Recognized {
    Recognized {
        subject: checked.session.subject.as_str().to_owned(),
        client: checked
            .session
            .audience
            .client()
            .map_or_else(String::new, |client| client.as_str().to_owned()),
        handle: checked.handle.to_string(),
        scope: Scope::default(),
        auth_time: Some(checked.session.auth_time),
        style: Style::Session,
    }
}

fn by_token(claims: &GrantClaims, style: Style) -> Recognized {
    Recognized {
        subject: claims.sub.clone(),
        client: claims.client_id.clone(),
        handle: claims.own.gid.clone(),
        scope: claims.scope.as_deref().and_then(|scope| scope.parse().ok()).unwrap_or_default(),
        auth_time: claims.auth_time.map(Timestamp::from_seconds),
        style,
    }
}

/// The claims of an access token from elsewhere; where Countersign issued it, the grant's handle is among them.
#[cfg(feature = "jwks")]
pub type NamedClaims = countersign_jose::jwt::Extended<countersign_jose::jwt::AccessClaims, Named>;

/// The name of the grant behind a token, if its issuer gives one.
#[cfg(feature = "jwks")]
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Named {
    /// The handle of the grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gid: Option<String>,
}

#[cfg(feature = "jwks")]
fn by_remote_token(claims: &NamedClaims) -> Recognized {
    Recognized {
        subject: claims.sub.clone(),
        client: claims.client_id.clone(),
        handle: claims.own.gid.clone().unwrap_or_else(|| claims.jti.clone()),
        scope: claims.scope.as_deref().and_then(|scope| scope.parse().ok()).unwrap_or_default(),
        auth_time: claims.auth_time.map(Timestamp::from_seconds),
        style: Style::Jwt,
    }
}

/// Whether a refusal means that signing in helps; else they are known and may not.
#[must_use]
pub const fn sign_in_helps(refusal: &Refusal) -> bool {
    !matches!(refusal, Refusal::SessionElsewhere | Refusal::NotOperator)
}
