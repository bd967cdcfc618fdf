//! The authorization endpoint: who asks for what, whether the person must sign in or be asked, and the code.
//!
//! RFC 6749 section 4.1.1, OpenID Connect Core section 3.1.2, RFC 9207. The request comes back after a sign-in or a consent
//! with a sealed note of when it first arrived, so that `prompt=login` is asked once and not for ever.

use std::time::Duration;

use countersign_core::audit::Event;
use countersign_core::batch::{Batch, Change};
use countersign_core::error::OAuthError;
use countersign_core::extent::{Actor, Extent, Reason};
use countersign_core::id::Subject;
use countersign_core::oauth::authorize::client_id;
use countersign_core::oauth::code::issue;
use countersign_core::oauth::decide::{Browser, Next, next};
use countersign_core::oauth::{AuthorizeError, AuthorizeRequest, Params};
use countersign_core::port::ConsentRecord;
use countersign_core::record::{Client, Login, Scope};
use countersign_core::time::Timestamp;
use countersign_core::{Fault, Refusal};
use countersign_jose::primitive::{self, base64};

use crate::check::Checked;
use crate::engine::{Engine, joined};
use crate::error::Result;

/// How long a request may wait for its person.
const WAITS: Duration = Duration::from_secs(60 * 60);

/// What the note of a request's first arrival is called in its query.
const ASKED: &str = "&cs_asked=";

/// What an authorization request leads to.
#[derive(Debug)]
#[must_use]
pub enum Authorized {
    /// Show why not, on a page of ours: the application or its address is in doubt, so the browser is sent nowhere.
    Show(Refusal),
    /// Send the browser to this address: the answer to the application, a code or an error.
    Redirect(String),
    /// Show the sign-in page; then come back to `/authorize?{resume}`.
    SignIn {
        /// The application that asks.
        client: Client,
        /// Whom it expects.
        login_hint: Option<String>,
        /// Whether somebody is signed in and must do so again.
        reauthenticate: bool,
        /// The query to come back with.
        resume: String,
    },
    /// Ask the person; then post the answer with `resume`.
    Consent {
        /// The application that asks.
        client: Client,
        /// What it asks for.
        scope: Scope,
        /// The query to come back with.
        resume: String,
    },
}

/// An authorization request, read.
struct Asked {
    client: Client,
    request: AuthorizeRequest,
    at: Timestamp,
    resume: String,
}

/// A person's answer on the consent page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    NotAsked,
    Allowed,
    Denied,
}

impl Engine {
    /// Answers an authorization request of the browser that `who` is signed in at.
    ///
    /// # Errors
    /// Only what the store could not do.
    pub async fn authorize(&self, query: &str, who: Option<&Checked>) -> Result<Authorized, Fault> {
        match self.read_request(query).await? {
            Ok(asked) => self.answer(asked, who, Answer::NotAsked).await,
            Err(refused) => Ok(refused),
        }
    }

    /// Answers an authorization request after the person was asked. What they allowed is remembered.
    ///
    /// # Errors
    /// Only what the store could not do.
    pub async fn consent(&self, query: &str, who: &Checked, allow: bool) -> Result<Authorized, Fault> {
        let answer = if allow { Answer::Allowed } else { Answer::Denied };
        match self.read_request(query).await? {
            Ok(asked) => self.answer(asked, Some(who), answer).await,
            Err(refused) => Ok(refused),
        }
    }

    /// Takes back what the person allowed an application: its grants and sessions end, and it must ask again.
    ///
    /// # Errors
    /// [`Refusal::Missing`]: there is no such application.
    pub async fn withdraw(&self, who: &Checked, client: &str) -> Result<()> {
        let client = self.app(client).await?.id;
        let subject = who.session.subject.clone();
        let extent = Extent::Allowance { subject: subject.clone(), client: client.clone() };
        let ended = self.ending(extent, Some(&subject), Reason::Withdrawn, Actor::Subject(subject.clone()));
        self.put(joined([Batch::of(Change::DropConsent { subject, client }), ended])).await?;
        Ok(())
    }

    /// The applications that a person allowed, with what and when.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn allowed_apps(&self, subject: &Subject) -> Result<Vec<(Client, ConsentRecord)>> {
        let mut allowed = Vec::new();
        for consent in self.directory.consents(subject).await? {
            if let Some(client) = self.directory.client(&consent.client).await? {
                allowed.push((client, consent));
            }
        }
        Ok(allowed)
    }

    async fn read_request(&self, query: &str) -> Result<Result<Asked, Authorized>, Fault> {
        let (query, at) = self.arrival(query);
        let shown = |refusal| Ok(Err(Authorized::Show(Refusal::OAuth(refusal))));
        let params = match Params::parse(query) {
            Ok(params) => params,
            Err(refusal) => return shown(refusal),
        };
        let id = match client_id(&params) {
            Ok(id) => id,
            Err(refusal) => return shown(refusal),
        };
        let Some(client) = self.directory.client(&id).await? else {
            return Ok(Err(Authorized::Show(Refusal::ClientUnknown)));
        };
        let resume = format!("{query}{ASKED}{}.{}", at.millis(), self.note(query, at));
        match AuthorizeRequest::parse(&params, &client) {
            Ok(request) => Ok(Ok(Asked { client, request, at, resume })),
            Err(AuthorizeError::Show(refusal)) => shown(refusal),
            Err(AuthorizeError::Tell(tell)) => {
                Ok(Err(Authorized::Redirect(tell.location(&self.settings.issuer))))
            }
        }
    }

    async fn answer(&self, asked: Asked, who: Option<&Checked>, answer: Answer) -> Result<Authorized, Fault> {
        let issuer = &self.settings.issuer;
        if answer == Answer::Denied {
            let tell = asked.request.refuse(OAuthError::AccessDenied, "the person said no");
            return Ok(Authorized::Redirect(tell.location(issuer)));
        }
        let now = self.now();
        let login = self.login_of(who, &asked.client).await?;
        let known = match &login {
            Some(login) => self.directory.consent(&login.subject, &asked.client.id).await?,
            None => None,
        };
        let consent = match answer {
            Answer::Allowed => {
                let before = known.map(|consent| consent.scope).unwrap_or_default();
                let scope = before.joined(&asked.request.scope);
                Some(ConsentRecord { client: asked.client.id.clone(), scope, at: now })
            }
            Answer::NotAsked | Answer::Denied => known,
        };
        let browser = Browser { login: login.as_ref(), consent: consent.as_ref(), asked: asked.at };
        match next(&asked.request, &asked.client, browser, now) {
            Next::Tell(tell) => Ok(Authorized::Redirect(tell.location(issuer))),
            Next::Consent(scope) => {
                Ok(Authorized::Consent { client: asked.client, scope, resume: asked.resume })
            }
            Next::SignIn => Ok(sign_in(asked, who.is_some())),
            Next::Grant(scope) => {
                let remembered = consent.filter(|_| answer == Answer::Allowed);
                self.issue_code(asked, who.zip(login.as_ref()), remembered, scope).await
            }
        }
    }

    async fn issue_code(
        &self,
        asked: Asked,
        signed_in: Option<(&Checked, &Login)>,
        remembered: Option<ConsentRecord>,
        scope: Scope,
    ) -> Result<Authorized, Fault> {
        let Some((who, login)) = signed_in else { return Ok(sign_in(asked, false)) };
        let issued = issue(&asked.request, login, scope.clone(), self.chance()?, self.now());
        let mut batch = issued.batch;
        if let Some(consent) = remembered {
            let subject = login.subject.clone();
            let allowed = Event::Allowed { scope: scope.to_string() };
            let line =
                self.line(Actor::Subject(subject.clone()), allowed).about(&subject).with(&consent.client);
            batch = batch
                .with(Change::PutConsent {
                    subject,
                    client: consent.client,
                    scope: consent.scope,
                    at: consent.at,
                })
                .audited(line.into());
        }
        // The login, or the session that asks, may have ended since it was read.
        if self.commit(batch).await?.is_err() || self.still_allows(who).is_err() {
            return Ok(sign_in(asked, false));
        }
        Ok(Authorized::Redirect(asked.request.location(&issued.code, &self.settings.issuer)))
    }

    /// The login behind `who` that something new for `client` may hang on.
    pub(crate) async fn login_of(
        &self,
        who: Option<&Checked>,
        client: &Client,
    ) -> Result<Option<Login>, Fault> {
        let Some(who) = who else { return Ok(None) };
        let login = self.store.login(&who.session.login).await?;
        if self.still_allows(who).is_err() {
            return Ok(None);
        }
        // A login from before everything of the application was ended cannot carry anything new there: it would be dead
        // from the start. Signing in again helps.
        Ok(login.filter(|login| {
            login.is_alive(self.now()) && self.view.stands_above_marks(Some(&client.id), login.born)
        }))
    }

    /// The query without our note, and when the request first arrived.
    fn arrival<'q>(&self, query: &'q str) -> (&'q str, Timestamp) {
        let now = self.now();
        let Some((query, note)) = query.rsplit_once(ASKED) else { return (query, now) };
        let good = note.split_once('.').and_then(|(millis, mac)| {
            let at = Timestamp::from_millis(millis.parse().ok()?);
            let fresh = at <= now && now < at + WAITS;
            (fresh && primitive::same(mac.as_bytes(), self.note(query, at).as_bytes())).then_some(at)
        });
        (query, good.unwrap_or(now))
    }

    /// What proves that we noted `at` for this very query: nobody backdates a request to skip a sign-in.
    fn note(&self, query: &str, at: Timestamp) -> String {
        let parts: [&[u8]; 3] = [b"countersign asked\0", &at.millis().to_be_bytes(), query.as_bytes()];
        base64::encode(primitive::hmac_sha256(&self.roots.marks, &parts))
    }
}

fn sign_in(asked: Asked, reauthenticate: bool) -> Authorized {
    Authorized::SignIn {
        client: asked.client,
        login_hint: asked.request.login_hint,
        reauthenticate,
        resume: asked.resume,
    }
}
