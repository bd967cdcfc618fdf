//! What the token endpoint hands out: an access token (RFC 9068), perhaps an ID token, perhaps a refresh token.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use countersign_core::Refusal;
use countersign_core::id::{Position, Serial};
use countersign_core::login::sid;
use countersign_core::oidc::claims::PersonClaims;
use countersign_core::record::{Client, Grant, KeyPurpose, Login, Scope, User};
use countersign_core::secret::RefreshToken;
use countersign_jose::jwt::{self, AccessClaims, IdClaims};
use countersign_jose::primitive::base64;
use serde::{Serialize, Serializer};

use crate::engine::Engine;
use crate::error::{Result, crypto};
use crate::revocable::{GrantClaims, Revocable};

/// How long an ID token may be shown; it says who signed in, and opens nothing.
const ID_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// How many standing grants are remembered.
const STANDING: usize = 4096;

/// The answer of the token endpoint (RFC 6749 section 5.1). `Debug` prints no token.
#[derive(Serialize)]
#[must_use]
pub struct TokenAnswer {
    /// The access token.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: &'static str,
    /// For how many seconds the access token is good.
    pub expires_in: u64,
    /// The refresh token; left out when the one that came stays good.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "reveal")]
    pub refresh_token: Option<RefreshToken>,
    /// Who signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// What the access token allows; left out when it names nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope: String,
}

impl TokenAnswer {
    /// The answer with the refresh token, when there is one.
    pub(crate) fn with_refresh(self, token: Option<&RefreshToken>) -> Self {
        Self { refresh_token: token.and_then(|token| RefreshToken::parse(token.reveal())), ..self }
    }
}

impl fmt::Debug for TokenAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenAnswer").field("scope", &self.scope).finish_non_exhaustive()
    }
}

fn reveal<S: Serializer>(token: &Option<RefreshToken>, serializer: S) -> Result<S::Ok, S::Error> {
    match token {
        Some(token) => serializer.serialize_str(token.reveal()),
        None => serializer.serialize_none(),
    }
}

/// The standing grants of applications that act for themselves, by serial.
#[derive(Debug, Default)]
pub(crate) struct Standing(Mutex<HashMap<Serial, Grant>>);

impl Engine {
    /// An access token of `grant` for `client`; `rv` is the position that was read before the grant was seen alive.
    pub(crate) fn mint(
        &self,
        client: &Client,
        grant: &Grant,
        scope: &Scope,
        rv: Position,
    ) -> Result<TokenAnswer> {
        let now = self.now();
        let expires = grant.expires.or_sooner(now + client.access_lifetime);
        let sub = grant.subject.as_ref().map_or_else(|| client.id.as_str(), |subject| subject.as_str());
        let claims = AccessClaims {
            iss: self.settings.issuer.clone(),
            sub: sub.to_owned(),
            aud: client.audience.clone().into(),
            client_id: client.id.as_str().to_owned(),
            iat: now.seconds(),
            exp: expires.seconds(),
            jti: base64::encode(self.chance::<16>()?),
            scope: (!scope.is_empty()).then(|| scope.to_string()),
            auth_time: grant.auth_time.map(|at| at.seconds()),
            ..AccessClaims::default()
        };
        let revocable = Revocable { gid: self.handle(grant.serial).to_string(), rv: rv.number() };
        let claims = GrantClaims::new(claims, revocable);
        let key = self.ring.load().signer(KeyPurpose::Access, now)?;
        Ok(TokenAnswer {
            access_token: jwt::sign(&*key, &claims).map_err(crypto)?,
            token_type: "Bearer",
            expires_in: claims.exp.saturating_sub(claims.iat),
            refresh_token: None,
            id_token: None,
            scope: scope.to_string(),
        })
    }

    /// The answer with an ID token (OpenID Connect Core section 2).
    pub(crate) fn with_id_token(
        &self,
        answer: TokenAnswer,
        client: &Client,
        login: &Login,
        user: &User,
        grant: &Grant,
        nonce: Option<String>,
    ) -> Result<TokenAnswer> {
        let now = self.now();
        let person = PersonClaims::select(user, &grant.scope).ok_or(Refusal::GrantEnded)?;
        let key = self.ring.load().signer(KeyPurpose::Id, now)?;
        let claims = IdClaims {
            iss: self.settings.issuer.clone(),
            sub: person.sub,
            aud: client.id.as_str().into(),
            iat: now.seconds(),
            exp: (now + ID_LIFETIME).seconds(),
            auth_time: Some(login.at.seconds()),
            nonce,
            amr: vec!["pwd".to_owned()],
            at_hash: jwt::half_hash(key.algorithm(), &answer.access_token),
            sid: Some(sid(&login.id, &client.id, &self.roots.sid)),
            email: person.email,
            email_verified: person.email_verified,
            ..IdClaims::default()
        };
        Ok(TokenAnswer { id_token: Some(jwt::sign(&*key, &claims).map_err(crypto)?), ..answer })
    }

    /// Remembers a standing grant.
    pub(crate) fn remember_standing(&self, grant: &Grant) {
        let mut standing = self.standing.0.lock().unwrap_or_else(PoisonError::into_inner);
        if standing.len() >= STANDING {
            standing.clear();
        }
        standing.insert(grant.serial, grant.clone());
    }

    /// The standing grant of that serial, if it is remembered.
    pub(crate) fn remembered_standing(&self, serial: Serial) -> Option<Grant> {
        self.standing.0.lock().unwrap_or_else(PoisonError::into_inner).get(&serial).cloned()
    }
}
