//! What people and operators see of sessions and grants, and how they end them.
//!
//! An ending is one batch with its audit line. When it is answered, the view has it: whatever it covers is refused from
//! then on.

use countersign_core::audit::Event;
use countersign_core::batch::{Batch, Change};
use countersign_core::extent::{Actor, Ending, Extent, Reason};
use countersign_core::handle::Handle;
use countersign_core::id::{Position, Serial, Subject};
use countersign_core::port::SessionFilter;
use countersign_core::record::{Grant, Session};
use countersign_core::{Fault, Refusal};

use crate::engine::Engine;
use crate::error::Result;

/// How many sessions are read at once, and of how many ended ones a person is told.
const LISTED: u32 = 1000;

/// The most live sessions that one person is shown: more are a robot's, and "end all others" ends those, too.
const LIVE: usize = 10_000;

/// How many pages are read for them at the most: those that have idled stand between them until they expire.
const PAGES: usize = 100;

/// The most grants of one person that are read, live and ended.
const GRANTS: u32 = 10_000;

/// A session as its owner or an operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// The session.
    pub session: Session,
    /// Its public name.
    pub handle: Handle,
    /// Whether it would be accepted now.
    pub live: bool,
}

/// A grant as its owner or an operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantView {
    /// The grant.
    pub grant: Grant,
    /// Its public name, the `gid` of its access tokens.
    pub handle: Handle,
    /// Whether its tokens would be accepted now.
    pub live: bool,
}

/// Something has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Where the log stands with it.
    pub position: Position,
}

impl Engine {
    /// The sessions of a person, newest first: every live one, and those that have ended among the last 1,000.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn sessions_of(&self, subject: &Subject) -> Result<Vec<SessionView>> {
        let filter = SessionFilter { subject: Some(subject.clone()), ..SessionFilter::default() };
        let mut views = self.viewed(self.store.sessions(&filter, LISTED).await?);
        if let (true, Some(oldest)) = (is_full(&views), views.last()) {
            let before = Some(oldest.session.serial);
            views.append(&mut self.live_before(subject, before).await?);
        }
        Ok(views)
    }

    /// The live sessions of a person, newest first: all of them, up to 10,000.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn live_sessions_of(&self, subject: &Subject) -> Result<Vec<SessionView>> {
        self.live_before(subject, None).await
    }

    async fn live_before(&self, subject: &Subject, before: Option<Serial>) -> Result<Vec<SessionView>> {
        let live_at = Some(self.now());
        let mut filter =
            SessionFilter { subject: Some(subject.clone()), live_at, before, ..SessionFilter::default() };
        let mut live = Vec::new();
        for _ in 0..PAGES {
            let page = self.viewed(self.store.sessions(&filter, LISTED).await?);
            let (more, last) = (is_full(&page), page.last().map(|view| view.session.serial));
            // The store tells expired from not, and not that one has idled.
            live.extend(page.into_iter().filter(|view| view.live));
            if !more || live.len() >= LIVE {
                break;
            }
            filter.before = last;
        }
        live.truncate(LIVE);
        Ok(live)
    }

    /// The grants of a person, live and ended, newest first.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn grants_of(&self, subject: &Subject) -> Result<Vec<GrantView>> {
        let grants = self.store.grants(Some(subject), None, GRANTS).await?;
        let now = self.now();
        let view = |grant: Grant| GrantView {
            handle: self.handle(grant.serial),
            live: grant.alive(&self.view, now).is_ok(),
            grant,
        };
        Ok(grants.into_iter().map(view).collect())
    }

    /// Ends what `extent` covers. From the answer on, nothing that it covers is accepted.
    ///
    /// # Errors
    /// What the store could not do; then read before you believe either way.
    pub async fn end(&self, extent: Extent, reason: Reason, by: Actor) -> Result<Ended> {
        let about = match &extent {
            Extent::Session(serial) => self.store.session(*serial).await?.map(|session| session.subject),
            Extent::Grant(serial) => self.store.grant(*serial).await?.and_then(|grant| grant.subject),
            Extent::Login(login) => self.store.login(login).await?.map(|login| login.subject),
            Extent::Subject { subject, .. } | Extent::Allowance { subject, .. } => Some(subject.clone()),
            Extent::Client(_) | Extent::Everything => None,
        };
        let position = self.put(self.ending(extent, about.as_ref(), reason, by)).await?;
        Ok(Ended { position })
    }

    /// Ends the session or the grant that `handle` names. With an `owner`, only if it is theirs.
    ///
    /// # Errors
    /// [`Refusal::Missing`]: there is no such thing, or it is not the owner's.
    pub async fn end_by_handle(
        &self,
        handle: &str,
        owner: Option<&Subject>,
        reason: Reason,
        by: Actor,
    ) -> Result<()> {
        let Some(found) = self.named(handle).await? else {
            return Err(Refusal::Missing { what: "session" }.into());
        };
        let (extent, subject) = match found {
            Named::Session(session) => (Extent::Session(session.serial), Some(session.subject)),
            Named::Grant(grant) => (Extent::Grant(grant.serial), grant.subject),
        };
        if owner.is_some_and(|owner| subject.as_ref() != Some(owner)) {
            return Err(Refusal::Missing { what: "session" }.into());
        }
        self.end(extent, reason, by).await?;
        Ok(())
    }

    /// What `handle` names.
    pub(crate) async fn named(&self, handle: &str) -> Result<Option<Named>, Fault> {
        let Some(serial) = self.serial_of(handle) else { return Ok(None) };
        if let Some(session) = self.store.session(serial).await? {
            return Ok(Some(Named::Session(Box::new(session))));
        }
        Ok(self.store.grant(serial).await?.map(|grant| Named::Grant(Box::new(grant))))
    }

    /// The batch that ends what `extent` covers, with its line in the audit log.
    pub(crate) fn ending(&self, extent: Extent, about: Option<&Subject>, reason: Reason, by: Actor) -> Batch {
        let ending = Ending { at: self.now(), reason, by: by.clone() };
        let mut line = self.line(by, Event::Ended { extent: extent.clone(), reason });
        if let Some(subject) = about {
            line = line.about(subject);
        }
        if let Extent::Allowance { client, .. } | Extent::Client(client) = &extent {
            line = line.with(client);
        }
        Batch::of(Change::End { extent, ending }).audited(line.into())
    }

    /// Sessions with what is known of them.
    pub(crate) fn viewed(&self, sessions: Vec<Session>) -> Vec<SessionView> {
        let now = self.now();
        let view = |session: Session| SessionView {
            handle: self.handle(session.serial),
            live: session.alive(&self.view, now).is_ok(),
            session,
        };
        sessions.into_iter().map(view).collect()
    }
}

/// Whether there may be another page.
fn is_full(page: &[SessionView]) -> bool {
    u32::try_from(page.len()).is_ok_and(|length| length >= LISTED)
}

/// What a handle names.
#[derive(Debug)]
pub(crate) enum Named {
    Session(Box<Session>),
    Grant(Box<Grant>),
}
