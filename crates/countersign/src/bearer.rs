//! Access tokens that come back: checked, looked into, taken back (RFC 6750, RFC 7662, RFC 7009).
//!
//! A check reads memory only: signature and claims, then the serial behind `gid` against the view, at the position that the
//! issuer had read when it saw the grant alive.

use std::sync::Arc;

use countersign_core::error::OAuthError;
use countersign_core::extent::{Actor, Extent, Reason};
use countersign_core::id::{ClientId, Position, Serial};
use countersign_core::oauth::Params;
use countersign_core::oauth::client_auth::Credentials;
use countersign_core::oidc::claims::PersonClaims;
use countersign_core::record::{Client, Grant, Scope};
use countersign_core::secret::RefreshToken;
use countersign_core::token::refresh::present;
use countersign_core::{Fault, Refusal};
use countersign_jose::jwt::{self, AccessClaims};
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::error::Result;
use crate::revocable::GrantClaims;
use crate::token::no;

/// Proof that an access token was good just now. Only [`Engine::check_bearer`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bearer {
    /// What it says.
    pub claims: Arc<GrantClaims>,
    /// The number of the grant behind it.
    pub serial: Serial,
}

impl Engine {
    /// Checks an access token for the resource server `audience`, and that what it stands for has not ended.
    ///
    /// # Errors
    /// `invalid_token` (RFC 6750 section 3.1), [`Refusal::GrantEnded`].
    pub fn check_bearer(&self, token: &str, audience: &str) -> Result<Bearer> {
        let verified = self
            .verifier(audience)
            .verify(token, self.now().seconds())
            .map_err(|why| no(OAuthError::InvalidToken, &why.to_string()))?;
        let claims = verified.into_claims();
        let unknown = || no(OAuthError::InvalidToken, "the token names no grant of this issuer");
        let serial = self.serial_of(&claims.own.gid).ok_or_else(unknown)?;
        let client: ClientId = claims.client_id.parse().map_err(|_| unknown())?;
        self.store.in_touch()?;
        self.view.check(serial, Some(&client), Position::new(claims.own.rv))?;
        Ok(Bearer { claims: Arc::new(claims), serial })
    }

    /// What may be said about the person behind an access token (OpenID Connect Core section 5.3).
    ///
    /// # Errors
    /// `invalid_token`, `insufficient_scope` without `openid`, [`Refusal::GrantEnded`].
    pub async fn userinfo(&self, bearer: &str) -> Result<Value> {
        let Some(client) = self.client_of(bearer).await? else {
            return Err(no(OAuthError::InvalidToken, "the token names no application of this issuer"));
        };
        let good = self.check_bearer(bearer, &client.audience)?;
        let scope: Scope = scope_of(&good.claims);
        let subject = good.claims.sub.parse();
        let user = match &subject {
            Ok(subject) => self.directory.user(subject).await?,
            Err(_) => None,
        };
        let insufficient = || no(OAuthError::InsufficientScope, "the token does not reach a person");
        let person = user.and_then(|user| PersonClaims::select(&user, &scope)).ok_or_else(insufficient)?;
        // P1: the view last.
        self.view.check(good.serial, Some(&client.id), Position::new(good.claims.own.rv))?;
        serde_json::to_value(person).map_err(|why| Fault::Codec(why.to_string()).into())
    }

    /// Says whether a token is good, to the application that it belongs to or is meant for (RFC 7662).
    ///
    /// # Errors
    /// `invalid_client`; an application without a secret may not ask. A token that is not good is an answer, not an error.
    pub async fn introspect(&self, auth: Credentials, form: &Params) -> Result<Value> {
        let client = self.authenticate_app(auth).await?;
        if client.secret.is_none() {
            return Err(no(OAuthError::InvalidClient, "an application without a secret may not introspect"));
        }
        let token = form.required("token").map_err(Refusal::OAuth)?;
        let inactive = json!({ "active": false });
        if let Some(refresh) = RefreshToken::parse(token) {
            return Ok(self.introspect_refresh(&client, &refresh).await?.unwrap_or(inactive));
        }
        let Ok(good) = self.check_bearer(token, &client.audience) else { return Ok(inactive) };
        let claims = &good.claims;
        Ok(json!({
            "active": true,
            "token_type": "Bearer",
            "iss": claims.iss,
            "sub": claims.sub,
            "aud": claims.aud,
            "client_id": claims.client_id,
            "scope": claims.scope,
            "iat": claims.iat,
            "exp": claims.exp,
            "jti": claims.jti,
        }))
    }

    /// Takes back what a token stands for (RFC 7009). A token that is not known, or another application's, is answered as if
    /// it had been taken back.
    ///
    /// # Errors
    /// `invalid_client`; `unsupported_token_type` for the access token of an application that acts for itself.
    pub async fn revoke_token(&self, auth: Credentials, form: &Params) -> Result<()> {
        let client = self.authenticate_app(auth).await?;
        let token = form.required("token").map_err(Refusal::OAuth)?;
        let grant = match RefreshToken::parse(token) {
            Some(refresh) => self.family_of(&client, &refresh).await?,
            None => self.grant_behind(&client, token).await?,
        };
        let Some(grant) = grant else { return Ok(()) };
        if grant.login.is_none() {
            // RFC 7009 2.2.1: its grant stands for all of the application's tokens, and only an operator ends that.
            return Err(no(
                OAuthError::UnsupportedTokenType,
                "an application's own token cannot be taken back",
            ));
        }
        if grant.ended.is_none() {
            self.end(Extent::Grant(grant.serial), Reason::Revoked, Actor::Client(client.id)).await?;
        }
        Ok(())
    }

    async fn introspect_refresh(&self, client: &Client, token: &RefreshToken) -> Result<Option<Value>> {
        let Some(grant) = self.family_of(client, token).await? else { return Ok(None) };
        let decision = present(&grant, token, &self.roots.refresh, self.now());
        if !decision.is_good() || self.still(&grant).is_err() {
            return Ok(None);
        }
        Ok(Some(json!({
            "active": true,
            "iss": self.settings.issuer,
            "sub": grant.subject,
            "client_id": grant.client,
            "scope": grant.scope,
            "iat": grant.begun.seconds(),
            "exp": grant.expires.seconds(),
        })))
    }

    /// The grant of `client` whose family made `token`.
    async fn family_of(&self, client: &Client, token: &RefreshToken) -> Result<Option<Grant>> {
        let Some(serial) = self.open_handle(&token.handle()) else { return Ok(None) };
        let grant = self.store.grant(serial).await?;
        let ours = |grant: &Grant| {
            grant.client == client.id
                && grant.family.as_ref().is_some_and(|family| family.made(token, &self.roots.refresh))
        };
        Ok(grant.filter(ours))
    }

    /// The grant of `client` behind a good access token.
    async fn grant_behind(&self, client: &Client, token: &str) -> Result<Option<Grant>> {
        let Ok(good) = self.check_bearer(token, &client.audience) else { return Ok(None) };
        if good.claims.client_id != client.id.as_str() {
            return Ok(None);
        }
        Ok(self.store.grant(good.serial).await?)
    }

    /// The application that an access token says it was given to; nothing is believed before the signature was checked.
    async fn client_of(&self, token: &str) -> Result<Option<Client>, Fault> {
        let Ok(unverified) = jwt::inspect(token) else { return Ok(None) };
        let claims: Value = serde_json::from_str(unverified.claims()).unwrap_or_default();
        match claims.get("client_id").and_then(Value::as_str) {
            Some(id) => self.find_app(id).await,
            None => Ok(None),
        }
    }
}

fn scope_of(claims: &AccessClaims) -> Scope {
    claims.scope.as_deref().and_then(|scope| scope.parse().ok()).unwrap_or_default()
}
