//! People signing in and signing out.
//!
//! The position and the user's generation are read before the password is checked; the commit refuses a login that an
//! ending or a password change has overtaken.

use std::time::Duration;

use countersign_core::audit::Event;
use countersign_core::batch::{Batch, Change, Conflict};
use countersign_core::extent::{Actor, Ending, Extent, Reason};
use countersign_core::id::{LoginId, Serial, SlotsId, Subject};
use countersign_core::login::{Candidate, Hold, Origin};
use countersign_core::policy::SessionLimits;
use countersign_core::record::login::Method;
use countersign_core::record::session::Audience;
use countersign_core::record::user::PasswordHash;
use countersign_core::record::{Email, Login, Role, Session, User};
use countersign_core::secret::SessionToken;
use countersign_core::session::{Cookie, NewSession, Started, Surface, Transport};
use countersign_core::signin::password::Password;
use countersign_core::{Fault, Refusal};

use crate::check::Checked;
use crate::engine::{Engine, joined};
use crate::error::Result;
use crate::visitor::Visitor;

/// Someone who has just signed in.
#[derive(Debug)]
#[must_use = "set the cookie, or nobody knows that they are signed in"]
pub struct SignedIn {
    /// The act of signing in.
    pub login: Login,
    /// The value of the session cookie.
    pub cookie: SessionToken,
    /// The session.
    pub session: Session,
    /// How long the browser keeps the cookie; none until it closes.
    pub max_age: Option<Duration>,
    /// The value of the device-mark cookie, to be kept for a year.
    pub mark: String,
}

/// How somebody whose credential was good arrives.
#[derive(Debug)]
pub(crate) struct Arrival {
    /// How they proved who they are.
    pub(crate) method: Method,
    /// Where.
    pub(crate) audience: Audience,
    /// A stronger hash of the same password.
    pub(crate) stronger: Option<PasswordHash>,
    /// The session of this browser so far.
    pub(crate) replaces: Option<Serial>,
}

impl Engine {
    /// Signs someone in with a session for `audience`. `replaces` is the session of this browser so far, which ends.
    ///
    /// An unknown address, a wrong password and, for the console, someone who is no operator get the same refusal after the
    /// same work.
    ///
    /// # Errors
    /// [`Refusal::SignIn`], [`Refusal::Throttled`], [`Fault::Busy`].
    pub async fn sign_in(
        &self,
        email: &str,
        password: Password,
        visitor: &Visitor,
        audience: Audience,
        replaces: Option<Serial>,
    ) -> Result<SignedIn> {
        let Ok(email) = email.parse::<Email>() else { return Err(Refusal::SignIn.into()) };
        if !password.is_tryable() {
            return Err(Refusal::SignIn.into());
        }
        // P1: the position before the records.
        let born = self.view.position();
        let user = self.directory.user_by_email(&email).await?;
        let knock = self.knock(self.sign_in_counters(&email, user.as_ref(), visitor), visitor).await?;
        let compared =
            self.hasher.compare(password, user.as_ref().map(|user| &user.password), self.chance()?).await?;
        let subject = user.as_ref().map(|user| user.subject.clone());
        let allowed = user
            .filter(|user| compared.same && (audience != Audience::Console || user.role == Role::Operator));
        let Some(user) = allowed else { return self.sign_in_refused(subject, visitor).await };
        let arrival = Arrival { method: Method::Password, audience, stronger: compared.stronger, replaces };
        let signed = self.begin(Candidate::read(born, &user), &user, visitor, arrival).await?;
        self.gate.refund(knock);
        Ok(signed)
    }

    /// The cookie that carries the sessions of `audience`.
    #[must_use]
    pub const fn cookie(&self, audience: &Audience) -> Cookie {
        let surface = match audience {
            Audience::Issuer => Surface::Issuer,
            Audience::Console => Surface::Console,
            Audience::Client(_) => Surface::Application,
        };
        Cookie::new(surface, self.transport())
    }

    /// The cookie that carries the guests of an application.
    #[must_use]
    pub const fn guest_cookie(&self) -> Cookie {
        Cookie::new(Surface::Guest, self.transport())
    }

    /// What browsers speak to this issuer.
    #[must_use]
    pub const fn transport(&self) -> Transport {
        if self.settings.dev { Transport::DevHttp } else { Transport::Https }
    }

    /// Signs out: the whole login ends, with its sessions on other hosts and its grants.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn sign_out(&self, checked: &Checked) -> Result<()> {
        let by = Actor::Subject(checked.session.subject.clone());
        self.end(Extent::Login(checked.session.login.clone()), Reason::SignedOut, by).await?;
        Ok(())
    }

    /// Whether the view knows of no ending of `session`.
    pub(crate) fn view_allows(&self, session: &Session) -> Result<(), Refusal> {
        self.view
            .check(session.serial, session.audience.client(), session.born)
            .map_err(|_| Refusal::SessionEnded)
    }

    /// A session on `login` that is not yet durable.
    pub(crate) async fn start(
        &self,
        login: &Login,
        audience: Audience,
        visitor: &Visitor,
        limits: SessionLimits,
    ) -> Result<Started> {
        let slots = SlotsId::new(self.now(), &self.chance()?);
        self.start_with(login, slots, audience, visitor, limits).await
    }

    /// A session on `login` that goes on with the data of `slots`, not yet durable.
    pub(crate) async fn start_with(
        &self,
        login: &Login,
        slots: SlotsId,
        audience: Audience,
        visitor: &Visitor,
        limits: SessionLimits,
    ) -> Result<Started> {
        let now = self.now();
        let serial = self.serial().await?;
        let new = NewSession {
            serial,
            handle: self.handle(serial),
            secret: self.chance()?,
            slots,
            audience,
            origin: origin(visitor),
            limits,
        };
        Ok(login.start_session(new, now)?)
    }

    /// Begins the login of a candidate whose credential was good, and a session on it.
    pub(crate) async fn begin(
        &self,
        candidate: Candidate,
        user: &User,
        visitor: &Visitor,
        arrival: Arrival,
    ) -> Result<SignedIn> {
        let Arrival { method, audience, stronger, replaces } = arrival;
        let now = self.now();
        let id = LoginId::new(now, &self.chance()?);
        let generation = candidate.generation();
        let hold = Hold::under(self.preset(), visitor.stay);
        let begun = candidate.proven(method, id, origin(visitor), hold, now);
        let lasting = self.lasting_for(&audience, hold.stay).await?;
        let started = self.start(&begun.login, audience, visitor, lasting.limits).await?;
        let by = Actor::Subject(user.subject.clone());
        let (carried, along) = self.carry(visitor.guest.as_ref(), &started.session, user).await?.unzip();
        let mut batch = begun.batch;
        // What the new session replaces takes no room beside it.
        if let Some(extent) = self.replaced(replaces, &user.subject).await? {
            let ending = Ending { at: now, reason: Reason::Replaced, by: by.clone() };
            batch = batch.with(Change::End { extent, ending });
        }
        batch = joined([batch, started.batch_within(lasting.rules)].into_iter().chain(along));
        if let Some(password) = stronger {
            batch =
                batch.with(Change::Rehash { subject: user.subject.clone(), expect: generation, password });
        }
        let line = self.line(by, Event::SignedIn).about(&user.subject).from(&visitor.network);
        // Overtaken by an ending or a password change: what was checked no longer holds.
        self.commit(batch.audited(line.into())).await?.map_err(|conflict| match conflict {
            Conflict::Full => Refusal::SessionsFull,
            _ => Refusal::SignIn,
        })?;
        if let Some(carried) = carried {
            self.leave(carried, &started.session, user).await;
        }
        let mark = self.mark_for(user, visitor)?;
        let max_age = self.cookie_age(&started.session, lasting.stay);
        Ok(SignedIn { login: begun.login, cookie: started.token, session: started.session, max_age, mark })
    }

    /// What ends when this browser signs in anew: its session, and all that hung on it when somebody else had it.
    pub(crate) async fn replaced(
        &self,
        replaces: Option<Serial>,
        subject: &Subject,
    ) -> Result<Option<Extent>, Fault> {
        let Some(serial) = replaces else { return Ok(None) };
        Ok(self.store.session(serial).await?.map(|old| {
            if old.subject == *subject { Extent::Session(serial) } else { Extent::Login(old.login) }
        }))
    }

    async fn sign_in_refused(&self, subject: Option<Subject>, visitor: &Visitor) -> Result<SignedIn> {
        let mut line = self.line(Actor::Stranger, Event::SignInRefused).from(&visitor.network);
        if let Some(subject) = &subject {
            line = line.about(subject);
        }
        self.settle(Batch::new().audited(line.into())).await?;
        Err(Refusal::SignIn.into())
    }
}

/// Where a visitor comes from, as a login remembers it.
pub(crate) fn origin(visitor: &Visitor) -> Origin {
    Origin { device: visitor.device.clone(), network: visitor.network.clone() }
}
