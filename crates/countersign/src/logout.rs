//! An application sends a browser here to sign the person out (OpenID Connect RP-Initiated Logout 1.0).

use countersign_core::Refusal;
use countersign_core::oauth::Params;
use countersign_core::oidc::logout::{Hint, LogoutRequest};
use countersign_core::record::Client;
use countersign_jose::jwt;

use crate::check::Checked;
use crate::engine::Engine;
use crate::error::Result;

/// How a sign-out goes on.
#[derive(Debug)]
#[must_use]
pub enum LogoutStep {
    /// Ask the person: nothing shows that they want this. A yes goes to [`Engine::logout_confirmed`] with the same query.
    Confirm {
        /// The application that asks, when it is known.
        client: Option<Box<Client>>,
    },
    /// Nobody is signed in at this browser any more; remove the cookie.
    Done {
        /// Where the application wants the browser.
        redirect: Option<String>,
    },
}

impl Engine {
    /// Signs the person out when an ID token of this very login shows that their application asks; else asks them.
    ///
    /// # Errors
    /// `invalid_request`, to be shown and never redirected.
    pub async fn logout(&self, query: &str, who: Option<&Checked>) -> Result<LogoutStep> {
        self.log_out(query, who, false).await
    }

    /// Signs the person out, who has said yes.
    ///
    /// # Errors
    /// As [`Engine::logout`].
    pub async fn logout_confirmed(&self, query: &str, who: Option<&Checked>) -> Result<LogoutStep> {
        self.log_out(query, who, true).await
    }

    async fn log_out(&self, query: &str, who: Option<&Checked>, confirmed: bool) -> Result<LogoutStep> {
        let params = Params::parse(query).map_err(Refusal::OAuth)?;
        let request = LogoutRequest::read(&params).map_err(Refusal::OAuth)?;
        let hint = request.id_token_hint.as_deref().and_then(|token| self.hint(token));
        let client = match request.asker(hint.as_ref()).map_err(Refusal::OAuth)? {
            Some(id) => self.directory.client(id).await?,
            None => None,
        };
        let login = match who {
            Some(who) => self.store.login(&who.session.login).await?,
            None => None,
        };
        let plan = request
            .plan(client.as_ref(), hint.as_ref(), login.as_ref(), &self.roots.sid)
            .map_err(Refusal::OAuth)?;
        if plan.ask && !confirmed {
            return Ok(LogoutStep::Confirm { client: client.map(Box::new) });
        }
        if let Some(who) = who {
            self.sign_out(who).await?;
        }
        Ok(LogoutStep::Done { redirect: plan.back })
    }

    /// What an ID token of ours says, expired or not; none when its signature is not ours.
    fn hint(&self, token: &str) -> Option<Hint> {
        let unverified = jwt::inspect(token).ok()?;
        let claims: serde_json::Value = serde_json::from_str(unverified.claims()).ok()?;
        // Only to choose the verifier; it checks that the audience is this one.
        let audience = claims.get("aud")?.as_str()?;
        let verified =
            self.id_verifier(audience).verify_hint(token, self.now().seconds()).ok()?.into_claims();
        Some(Hint { client: audience.parse().ok()?, subject: verified.sub.parse().ok()?, sid: verified.sid })
    }
}
