//! One sign-in for applications on their own hosts: a one-time ticket carries it there, bound to the browser that asked.
//!
//! The application's host sets a nonce cookie and sends the browser to the issuer with the nonce's hash; the ticket that
//! comes back works once, for a minute, with that nonce only. The session that it opens hangs on the same login, so one
//! ending reaches all.

use std::time::Duration;

use countersign_core::audit::Event;
use countersign_core::batch::{Batch, Change, Conflict};
use countersign_core::error::OAuthError;
use countersign_core::extent::{Actor, Ending, Reason};
use countersign_core::id::Serial;
use countersign_core::oauth::params::with_query;
use countersign_core::record::onetime::Purpose;
use countersign_core::record::session::Audience;
use countersign_core::record::{Client, Session, Style};
use countersign_core::secret::{SessionToken, Ticket, TicketNonce};
use countersign_core::signin::link;
use countersign_core::{Fault, Refusal};
use countersign_jose::primitive::base64;

use crate::check::Checked;
use crate::engine::{Engine, joined};
use crate::error::Result;
use crate::token::no;
use crate::visitor::Visitor;

/// A sign-in that has arrived at an application's own host.
#[derive(Debug)]
#[must_use = "set the cookie, or nobody knows that they are signed in"]
pub struct Redeemed {
    /// The value of the session cookie.
    pub cookie: SessionToken,
    /// The session.
    pub session: Session,
    /// How long the browser keeps the cookie; none until it closes.
    pub max_age: Option<Duration>,
    /// Where to go on the application's host.
    pub to: String,
}

impl Engine {
    /// A nonce for the start cookie on an application's host.
    ///
    /// # Errors
    /// The source of chance failed.
    pub fn start_nonce(&self) -> Result<TicketNonce, Fault> {
        Ok(TicketNonce::new(self.chance()?))
    }

    /// Where `/_cs/start` sends the browser: the issuer, with the hash of the nonce and the way back.
    ///
    /// # Errors
    /// [`Refusal::Invalid`]: `return_to` is not a path on the application's host.
    pub fn start_address(&self, app: &Client, nonce: &TicketNonce, return_to: &str) -> Result<String> {
        let nonce = base64::encode(nonce.hash());
        let pairs = [
            ("app", Some(app.id.as_str())),
            ("nonce", Some(nonce.as_str())),
            ("return_to", Some(link::path(return_to)?)),
        ];
        Ok(with_query(&format!("{}/sso", self.settings.issuer), &pairs))
    }

    /// Carries the login of `who` to an application's own host: the address to send the browser to.
    ///
    /// # Errors
    /// [`Refusal::Missing`]: no such application of style `session`. [`Refusal::Invalid`] for the nonce or the way back.
    /// [`Refusal::SessionEnded`]: signing in again is needed. `consent_required`: the application is not ours and the person
    /// has not allowed it, see [`Engine::allow_session`].
    pub async fn ticket(
        &self,
        who: &Checked,
        client_id: &str,
        nonce_hash: &str,
        return_to: &str,
    ) -> Result<String> {
        let client = self.app(client_id).await?;
        let Some(origin) = client.origin.as_deref().filter(|_| client.style == Style::Session) else {
            return Err(Refusal::Missing { what: "application of style `session`" }.into());
        };
        let nonce = base64::decode_exact::<32>(nonce_hash).map_err(|_| Refusal::Invalid {
            what: "the nonce is not the base64url of a SHA-256 hash".to_owned(),
        })?;
        let login = self.login_of(Some(who), &client).await?.ok_or(Refusal::SessionEnded)?;
        if !client.first_party && self.directory.consent(&login.subject, &client.id).await?.is_none() {
            return Err(no(OAuthError::ConsentRequired, "the person has not allowed this application"));
        }
        let now = self.now();
        // Older than a session there may become: the ticket would open nothing.
        if now >= login.at + self.lasting_of(&client, login.stay).limits.absolute {
            return Err(Refusal::SessionEnded.into());
        }
        let ticket = Ticket::new(self.chance()?);
        let issue = link::ticket(&ticket, &login, client.id.clone(), nonce, return_to, now)?;
        let alive = Change::RequireLogin { login: login.id, at: now };
        self.commit(Batch::of(alive).with(issue)).await?.map_err(|_| Refusal::SessionEnded)?;
        self.still_allows(who)?;
        Ok(with_query(&format!("{origin}/_cs/callback"), &[("ticket", Some(ticket.reveal()))]))
    }

    /// Remembers that the person allows an application of style `session` to know them.
    ///
    /// # Errors
    /// [`Refusal::Missing`]: there is no such application. [`Refusal::SessionEnded`]: signing in again is needed.
    pub async fn allow_session(&self, who: &Checked, client_id: &str) -> Result<()> {
        let client = self.app(client_id).await?;
        let login = self.login_of(Some(who), &client).await?.ok_or(Refusal::SessionEnded)?;
        let now = self.now();
        let scope = client.scope.clone();
        let line =
            self.line(Actor::Subject(login.subject.clone()), Event::Allowed { scope: scope.to_string() });
        let line = line.about(&login.subject).with(&client.id);
        let remember = Change::PutConsent { subject: login.subject, client: client.id, scope, at: now };
        let alive = Change::RequireLogin { login: login.id, at: now };
        let batch = Batch::of(alive).with(remember).audited(line.into());
        self.commit(batch).await?.map_err(|_| Refusal::SessionEnded)?;
        Ok(())
    }

    /// Uses a ticket on the application's host. `replaces` is the session of this browser there so far, which ends.
    ///
    /// # Errors
    /// [`Refusal::LinkOver`]: it is not for this application or browser, too old, used, or its login has ended. A second use
    /// ends nothing: only the browser that holds the nonce gets this far, and it was impatient, not robbed.
    /// [`Refusal::SessionsFull`]: the person has as many sessions there as they may; the ticket is still good.
    pub async fn redeem_ticket(
        &self,
        client: &Client,
        ticket: &str,
        nonce: &str,
        visitor: &Visitor,
        replaces: Option<Serial>,
    ) -> Result<Redeemed> {
        let ticket = Ticket::parse(ticket).ok_or(Refusal::LinkOver)?;
        let nonce = TicketNonce::parse(nonce).ok_or(Refusal::LinkOver)?;
        let found = self.store.one_time(&ticket.key()).await?.ok_or(Refusal::LinkOver)?;
        if !found.is_ticket_for(&client.id, &nonce) {
            return Err(Refusal::LinkOver.into());
        }
        found.usable(&self.view, self.now())?;
        let Purpose::Ticket { login, return_to, .. } = &found.purpose else {
            return Err(Refusal::LinkOver.into());
        };
        let login = self.store.login(login).await?.ok_or(Refusal::LinkOver)?;
        let audience = Audience::Client(client.id.clone());
        let lasting = self.lasting_of(client, login.stay);
        let started = self.start(&login, audience, visitor, lasting.limits).await?;
        let mut batch = Batch::of(found.spend(Some(started.session.serial), self.now()));
        if let Some(extent) = self.replaced(replaces, &login.subject).await? {
            let by = Actor::Subject(login.subject.clone());
            batch = batch.with(Change::End {
                extent,
                ending: Ending { at: self.now(), reason: Reason::Replaced, by },
            });
        }
        let owner = match &visitor.guest {
            Some(_) => self.directory.user(&login.subject).await?,
            None => None,
        };
        let carried = match &owner {
            Some(owner) => self.carry(visitor.guest.as_ref(), &started.session, owner).await?,
            None => None,
        };
        let (carried, along) = carried.unzip();
        let batch = joined([batch, started.batch_within(lasting.rules)].into_iter().chain(along));
        self.commit(batch).await?.map_err(|conflict| match conflict {
            Conflict::Full => Refusal::SessionsFull,
            _ => Refusal::LinkOver,
        })?;
        self.view_allows(&started.session)?;
        if let (Some(carried), Some(owner)) = (carried, &owner) {
            self.leave(carried, &started.session, owner).await;
        }
        let max_age = self.cookie_age(&started.session, lasting.stay);
        Ok(Redeemed { cookie: started.token, session: started.session, max_age, to: return_to.clone() })
    }
}
