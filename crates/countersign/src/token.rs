//! The token endpoint: a code, a refresh token, or an application's own credentials become tokens (RFC 6749, RFC 7636).
//!
//! The position is read before the grant, so `rv` never claims to have seen more than was seen; the view is looked at last,
//! after the commit and before the answer.

use countersign_core::audit::Event;
use countersign_core::batch::{Batch, Change, Conflict};
use countersign_core::error::{OAuthError, OAuthRefusal};
use countersign_core::extent::{Actor, Ending, Extent, Reason};
use countersign_core::id::{Position, Serial};
use countersign_core::oauth::Params;
use countersign_core::oauth::client_auth::Credentials;
use countersign_core::oauth::code::{NotRedeemed, Redemption};
use countersign_core::record::{Client, Grant, Scope};
use countersign_core::secret::RefreshToken;
use countersign_core::signin::throttle::Counter;
use countersign_core::token::refresh::{Decision, present};
use countersign_core::{Fault, Refusal};

use crate::engine::Engine;
use crate::error::Result;
use crate::mint::TokenAnswer;
use crate::visitor::Visitor;

/// How often a move that met another one is tried again.
const TRIES: usize = 8;

impl Engine {
    /// Answers a token request: `authorization_code`, `refresh_token` or `client_credentials`.
    ///
    /// # Errors
    /// An OAuth refusal (RFC 6749 section 5.2), [`Refusal::Throttled`] after many failed credentials,
    /// [`Fault::Contention`] when others moved the same family too often.
    pub async fn token(&self, auth: Credentials, form: &Params, visitor: &Visitor) -> Result<TokenAnswer> {
        let client = match self.authenticate_app(auth).await {
            Ok(client) => client,
            Err(error) => return self.not_authenticated(error, visitor).await,
        };
        match form.required("grant_type").map_err(Refusal::OAuth)? {
            "authorization_code" => self.redeem(&client, form).await,
            "refresh_token" => self.refresh(&client, form).await,
            "client_credentials" => self.alone(client, form).await,
            _ => Err(no(OAuthError::UnsupportedGrantType, "`grant_type` is not known")),
        }
    }

    /// Counts wrong credentials. Right ones are never kept waiting: else a neighbour could stop an application.
    async fn not_authenticated(&self, error: crate::Error, visitor: &Visitor) -> Result<TokenAnswer> {
        if matches!(error, crate::Error::Refusal(_)) {
            let _ = self.knock(vec![Counter::TokenEndpoint(visitor.network.clone())], visitor).await?;
        }
        Err(error)
    }

    async fn redeem(&self, client: &Client, form: &Params) -> Result<TokenAnswer> {
        let redemption = Redemption::read(form).map_err(Refusal::OAuth)?;
        let rv = self.view.position();
        let code = self.store.one_time(redemption.key()).await?;
        let redeemed = match redemption.found(code, client, self.now()) {
            Ok(redeemed) => redeemed,
            Err(not) => return self.not_redeemed(not, client).await,
        };
        let login = self.store.login(redeemed.login()).await?;
        let login =
            login.ok_or_else(|| no(OAuthError::InvalidGrant, "the sign-in behind the code has ended"))?;
        let serial = self.serial().await?;
        let handle = self.handle(serial);
        let granted = redeemed
            .grant(&login, client, (serial, &handle), self.chance()?, &self.roots.refresh, self.now())
            .map_err(Refusal::OAuth)?;
        match self.commit(granted.batch).await? {
            Ok(_) => {}
            Err(Conflict::Spent) => return self.spent_meanwhile(client, form).await,
            Err(_) => return Err(no(OAuthError::InvalidGrant, "the sign-in behind the code has ended")),
        }
        let mut answer = self.mint(client, &granted.grant, &granted.grant.scope, rv)?;
        if granted.grant.scope.has("openid") {
            let user = self.directory.user(&login.subject).await?.ok_or(Refusal::GrantEnded)?;
            answer = self.with_id_token(answer, client, &login, &user, &granted.grant, granted.nonce)?;
        }
        answer = answer.with_refresh(granted.refresh.as_ref());
        self.still(&granted.grant)?;
        Ok(answer)
    }

    /// Somebody else was quicker with the same code: what came of it ends.
    async fn spent_meanwhile(&self, client: &Client, form: &Params) -> Result<TokenAnswer> {
        let redemption = Redemption::read(form).map_err(Refusal::OAuth)?;
        let code = self.store.one_time(redemption.key()).await?;
        match redemption.found(code, client, self.now()) {
            Err(not) => self.not_redeemed(not, client).await,
            Ok(_) => Err(no(OAuthError::InvalidGrant, "the code has been used")),
        }
    }

    async fn not_redeemed(&self, not: NotRedeemed, client: &Client) -> Result<TokenAnswer> {
        match not {
            NotRedeemed::Refused(refusal) => Err(Refusal::OAuth(refusal).into()),
            NotRedeemed::Replayed { end, refusal } => {
                if let Some(Change::End { extent: Extent::Grant(serial), .. }) = end.as_deref() {
                    self.end_replayed(*serial, client, "code").await?;
                }
                Err(Refusal::OAuth(refusal).into())
            }
        }
    }

    /// Ends the grant that two have laid hands on, with the line that says so, in one batch.
    async fn end_replayed(&self, serial: Serial, client: &Client, what: &str) -> Result<()> {
        // What has ended need not end again; a flood of replays is not a flood of writes.
        if self.view.check(serial, None, Position::new(u64::MAX)).is_err() {
            return Ok(());
        }
        let by = Actor::Client(client.id.clone());
        let mut line = self.line(by.clone(), Event::Replayed { what: what.to_owned() }).with(&client.id);
        if let Some(subject) = self.store.grant(serial).await?.and_then(|grant| grant.subject) {
            line = line.about(&subject);
        }
        let ending = Ending { at: self.now(), reason: Reason::Replay, by };
        let end = Change::End { extent: Extent::Grant(serial), ending };
        self.put(Batch::of(end).audited(line.into())).await?;
        Ok(())
    }

    async fn refresh(&self, client: &Client, form: &Params) -> Result<TokenAnswer> {
        let presented = RefreshToken::parse(form.required("refresh_token").map_err(Refusal::OAuth)?);
        let presented = presented.ok_or_else(unknown)?;
        let serial = self.open_handle(&presented.handle()).ok_or_else(unknown)?;
        // Moves of one family take turns here; another process would meet the version instead.
        let _turn = self.turn(serial).await;
        for _ in 0..TRIES {
            let rv = self.view.position();
            let grant = self.store.grant(serial).await?.ok_or_else(unknown)?;
            if grant.client != client.id {
                return Err(unknown());
            }
            self.still(&grant)?;
            let scope = narrowed(form, &grant.scope)?;
            let now = self.now();
            let decision = present(&grant, &presented, &self.roots.refresh, now);
            if !decision.is_good() {
                return self.refused_refresh(&decision, &grant, client).await;
            }
            if let Some(change) = decision.change(&grant, now) {
                match self.commit(Batch::of(change)).await? {
                    Ok(_) => {}
                    Err(Conflict::Moved) => continue,
                    Err(_) => return Err(ended()),
                }
            }
            let answer = self.mint(client, &grant, &scope, rv)?.with_refresh(decision.token());
            self.still(&grant)?;
            return Ok(answer);
        }
        Err(Fault::Contention.into())
    }

    async fn refused_refresh(
        &self,
        decision: &Decision,
        grant: &Grant,
        client: &Client,
    ) -> Result<TokenAnswer> {
        match decision {
            Decision::Theft => {
                self.end_replayed(grant.serial, client, "refresh-token").await?;
                Err(no(
                    OAuthError::InvalidGrant,
                    "the refresh token was used by two, so everything it stood for has ended",
                ))
            }
            Decision::Ahead => {
                let line = self.line(Actor::Client(client.id.clone()), Event::RollbackSeen).with(&client.id);
                self.settle(Batch::new().audited(line.into())).await?;
                Err(unknown())
            }
            Decision::TooMany => {
                Err(no(OAuthError::InvalidGrant, "the refresh token was presented too often"))
            }
            _ => Err(unknown()),
        }
    }

    async fn alone(&self, mut client: Client, form: &Params) -> Result<TokenAnswer> {
        if !client.acts_alone || client.secret.is_none() {
            return Err(no(OAuthError::UnauthorizedClient, "the application may not act for itself"));
        }
        // Nothing about a person: there is none.
        let scope = narrowed(form, &client.scope.without(&Scope::standard()))?;
        for _ in 0..TRIES {
            let rv = self.view.position();
            if let Some(grant) = self.standing_of(&client).await? {
                let answer = self.mint(&client, &grant, &scope, rv)?;
                self.still(&grant)?;
                return Ok(answer);
            }
            // No standing grant, or an operator has ended it: the next one has a serial of its own.
            let grant = Grant::standing(&client, self.serial().await?, rv, self.now());
            let batch = Batch::of(grant.begin()).with(client.with_standing(grant.serial));
            match self.commit(batch).await? {
                Ok(_) => self.remember_standing(&grant),
                Err(Conflict::Moved | Conflict::Over) => {}
                Err(_) => return Err(Refusal::ClientUnknown.into()),
            }
            let id = client.id.clone();
            client = self.directory.client(&id).await?.ok_or(Refusal::ClientUnknown)?;
        }
        Err(Fault::Contention.into())
    }

    /// The standing grant of `client`, if it is alive. It is read once and then remembered: it never changes but by an
    /// ending, and of endings the view knows.
    async fn standing_of(&self, client: &Client) -> Result<Option<Grant>, Fault> {
        let Some(serial) = client.standing else { return Ok(None) };
        let grant = match self.remembered_standing(serial) {
            Some(grant) => grant,
            None => match self.store.grant(serial).await? {
                Some(grant) => {
                    self.remember_standing(&grant);
                    grant
                }
                None => return Ok(None),
            },
        };
        Ok(Some(grant).filter(|grant| grant.alive(&self.view, self.now()).is_ok()))
    }

    /// Whether `grant` is alive at this moment, as far as its record and the view go.
    pub(crate) fn still(&self, grant: &Grant) -> Result<()> {
        grant.alive(&self.view, self.now()).map_err(|_| ended())
    }
}

/// What is asked for, or all that was allowed when nothing is.
fn narrowed(form: &Params, allowed: &Scope) -> Result<Scope> {
    let Some(asked) = form.value("scope") else { return Ok(allowed.clone()) };
    let asked = asked.parse::<Scope>().ok().filter(|asked| asked.within(allowed) && !asked.is_empty());
    asked.ok_or_else(|| no(OAuthError::InvalidScope, "that scope was not allowed"))
}

pub(crate) fn no(error: OAuthError, description: &str) -> crate::Error {
    Refusal::OAuth(OAuthRefusal { error, description: description.to_owned() }).into()
}

fn unknown() -> crate::Error {
    no(OAuthError::InvalidGrant, "the refresh token is not known")
}

fn ended() -> crate::Error {
    no(OAuthError::InvalidGrant, "what the token stands for has ended")
}
