//! Who comes with the cookie of a request, as every check finds out: handle, memory, secret, limits, endings.
//!
//! Most are answered from memory, without waiting. The store is asked for a session that memory does not hold, before one
//! is declared idle (another node may have seen it since), and when its use is to be written down.

use std::sync::Arc;

use countersign_core::batch::Batch;
use countersign_core::handle::Handle;
use countersign_core::id::{LoginId, Position, Serial, SlotsId, Subject};
use countersign_core::policy::{self, SessionLimits, Stay};
use countersign_core::record::Session;
use countersign_core::record::session::Audience;
use countersign_core::session::admit::Presence;
use countersign_core::session::{Admitted, Brief, Presented, Standing, Touch};
use countersign_core::time::Timestamp;
use countersign_core::{Attempt, Fault, Refusal};

use crate::engine::Engine;

/// Proof that a request came with a session that was alive just now, in the form that costs nothing. Only
/// [`Engine::glance`] and [`Engine::enter`] make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entered {
    /// The session; its audience is the one that was asked for.
    pub session: Admitted,
    /// Its public name.
    pub handle: Handle,
}

/// Proof that a request came with a session that was alive just now. Only [`Engine::check`] and signing in make one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checked {
    /// The session.
    pub session: CheckedSession,
    /// Its public name.
    pub handle: Handle,
}

/// What a request that was let in knows of its session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckedSession {
    /// Its number.
    pub serial: Serial,
    /// The login that it hangs on.
    pub login: LoginId,
    /// Whose it is.
    pub subject: Subject,
    /// Which application it is for.
    pub audience: Audience,
    /// Where its data hangs.
    pub slots: SlotsId,
    /// The log position inherited from its login.
    pub born: Position,
    /// When the person authenticated (OIDC `auth_time`).
    pub auth_time: Timestamp,
    /// When it began.
    pub begun: Timestamp,
    /// When it is over, used or not.
    pub expires: Timestamp,
}

impl Entered {
    /// Proof that `session` has just begun.
    pub(crate) fn begun(session: &Session, handle: Handle) -> Result<Self, Fault> {
        let brief = Brief::of(session, Arc::new(session.audience.clone()))
            .ok_or_else(|| Fault::Codec("a session for another audience than its own".to_owned()))?;
        Ok(Self { session: brief.admitted(session.serial), handle })
    }

    /// The same proof with everything spelled out, for the `audience` that was asked for.
    #[must_use]
    pub fn checked(self, audience: &Audience) -> Checked {
        let Self { session, handle } = self;
        let session = CheckedSession {
            serial: session.serial,
            login: session.login(),
            subject: session.subject(),
            audience: audience.clone(),
            slots: session.slots(),
            born: session.born,
            auth_time: session.auth_time,
            begun: session.begun,
            expires: session.expires,
        };
        Checked { session, handle }
    }
}

impl Engine {
    /// Who comes with the `Cookie` header of a request, for the pages of `audience`. Renews the session.
    ///
    /// # Errors
    /// Only what the store could not do; whether they may is in the answer.
    pub async fn check(
        &self,
        cookie_header: Option<&str>,
        audience: &Audience,
    ) -> Result<Attempt<Checked>, Fault> {
        self.check_as(cookie_header, audience, Presence::Active).await
    }

    /// As [`Engine::check`], where `presence` says whether the request renews the session.
    ///
    /// # Errors
    /// Only what the store could not do; whether they may is in the answer.
    pub async fn check_as(
        &self,
        cookie_header: Option<&str>,
        audience: &Audience,
        presence: Presence,
    ) -> Result<Attempt<Checked>, Fault> {
        let entered = self.enter(cookie_header, audience, presence).await?;
        Ok(entered.map(|entered| entered.checked(audience)))
    }

    /// As [`Engine::enter`], from memory alone: none when the store has to be asked or told.
    ///
    /// Waits for nothing and allocates nothing.
    pub fn glance<'a, T: AsRef<[u8]> + ?Sized + 'a>(
        &self,
        cookies: impl IntoIterator<Item = &'a T>,
        audience: &Audience,
        presence: Presence,
    ) -> Option<Attempt<Entered>> {
        self.glance_with(cookies, self.terms(audience, presence), |entered, _| Some(entered))
    }

    /// As [`Engine::glance`], with what the application calls them; none, too, when memory does not know that.
    pub(crate) fn glance_named<'a, T: AsRef<[u8]> + ?Sized + 'a>(
        &self,
        cookies: impl IntoIterator<Item = &'a T>,
        terms: Terms<'_>,
    ) -> Option<Attempt<(Entered, Arc<str>)>> {
        self.glance_with(cookies, terms, |entered, name| Some((entered, Arc::clone(name?))))
    }

    fn glance_with<'a, T: AsRef<[u8]> + ?Sized + 'a, R>(
        &self,
        cookies: impl IntoIterator<Item = &'a T>,
        terms: Terms<'_>,
        shown: impl FnOnce(Entered, Option<&Arc<str>>) -> Option<R>,
    ) -> Option<Attempt<R>> {
        let asked = match self.asked(cookies, terms) {
            Attempt::Absent => return Some(Attempt::Absent),
            Attempt::Refused(refusal) => return Some(Attempt::Refused(refusal)),
            Attempt::Accepted(asked) => asked,
        };
        self.store.in_touch().ok()?;
        self.front.peek_named(asked.serial, |brief, standing, name| {
            match asked.judge(self, brief, standing) {
                Ok(Judged { session, touch: None, .. }) => {
                    shown(Entered { session, handle: asked.handle }, name).map(Attempt::Accepted)
                }
                // To be written, or to be read again.
                Ok(_) | Err(Refusal::SessionIdle) => None,
                Err(refusal) => Some(Attempt::Refused(refusal)),
            }
        })?
    }

    /// The terms for `audience`. How long the sessions of an application may last now stands in the store, which is not asked.
    fn terms<'t>(&self, audience: &'t Audience, presence: Presence) -> Terms<'t> {
        let longest = || self.preset().limits(self.preset().allowed(Stay::Remembered));
        let limits = match audience {
            Audience::Issuer => Some(longest()),
            Audience::Console => Some(policy::OPERATOR_SESSION.stricter(longest())),
            Audience::Client(_) => None,
        };
        Terms { audience, presence, limits }
    }

    /// What the application calls whoever has `session`, from memory alone.
    pub(crate) fn remembered_name(&self, session: &Admitted) -> Option<Arc<str>> {
        self.front.peek_named(session.serial, |_, _, name| name.map(Arc::clone))?
    }

    /// Keeps what the application calls whoever has `session` in memory, beside the session and as long as that.
    pub(crate) fn remember_name(&self, session: &Admitted, name: &Arc<str>) {
        self.front.keep_name(session.serial, name);
    }

    /// Who comes with the cookies of a request, one header or pair each, for the pages of `audience`;
    /// `presence` says whether that renews the session.
    ///
    /// # Errors
    /// Only what the store could not do; whether they may is in the answer.
    pub async fn enter<'a, T: AsRef<[u8]> + ?Sized + 'a>(
        &self,
        cookies: impl IntoIterator<Item = &'a T>,
        audience: &Audience,
        presence: Presence,
    ) -> Result<Attempt<Entered>, Fault> {
        self.enter_on(cookies, self.terms(audience, presence)).await
    }

    /// As [`Engine::enter`], on these terms.
    pub(crate) async fn enter_on<'a, T: AsRef<[u8]> + ?Sized + 'a>(
        &self,
        cookies: impl IntoIterator<Item = &'a T>,
        terms: Terms<'_>,
    ) -> Result<Attempt<Entered>, Fault> {
        let asked = match self.asked(cookies, terms) {
            Attempt::Absent => return Ok(Attempt::Absent),
            Attempt::Refused(refusal) => return Ok(Attempt::Refused(refusal)),
            Attempt::Accepted(asked) => asked,
        };
        self.store.in_touch()?;
        let remembered = self.front.peek(asked.serial, |brief, standing| asked.judge(self, brief, standing));
        let judged = match remembered {
            Some(judged) if judged != Err(Refusal::SessionIdle) => judged,
            _ => {
                let Some(read) = self.front.fetch(asked.serial).await? else {
                    return Ok(Attempt::Refused(Refusal::SessionUnknown));
                };
                asked.judge(self, &read.brief, read.brief.standing(asked.serial, read.seen, read.over))
            }
        };
        let Judged { session, seen, touch } = match judged {
            Ok(judged) => judged,
            Err(refusal) => return Ok(Attempt::Refused(refusal)),
        };
        if let Some(touch) = touch
            && let Err(refusal) = self.touch(&asked, seen, touch).await?
        {
            return Ok(Attempt::Refused(refusal));
        }
        // P1: an ending may have been answered while the store was asked; the view last.
        if self.view.check(asked.serial, terms.audience.client(), session.born).is_err() {
            return Ok(Attempt::Refused(Refusal::SessionEnded));
        }
        Ok(Attempt::Accepted(Entered { session, handle: asked.handle }))
    }

    /// Whether the view still knows of no ending of the session behind `who`; for whoever was checked a while ago and is about
    /// to end the sessions of others.
    ///
    /// # Errors
    /// [`Refusal::SessionEnded`].
    pub fn still_allows(&self, who: &Checked) -> Result<(), Refusal> {
        let session = &who.session;
        self.view
            .check(session.serial, session.audience.client(), session.born)
            .map_err(|_| Refusal::SessionEnded)
    }

    /// Writes that the session is in use; of those who see it due at once, one does.
    async fn touch(
        &self,
        asked: &Asked<'_>,
        seen: Timestamp,
        touch: Touch,
    ) -> Result<Result<(), Refusal>, Fault> {
        let Some(claim) = self.front.claim(asked.serial, seen, asked.now) else { return Ok(Ok(())) };
        Ok(match self.commit(Batch::of(touch.into())).await? {
            Ok(_) => {
                claim.written();
                Ok(())
            }
            Err(_) => Err(Refusal::SessionEnded),
        })
    }

    /// What the cookies ask for. Junk is refused before any lookup.
    fn asked<'a, 't, T: AsRef<[u8]> + ?Sized + 'a>(
        &self,
        cookies: impl IntoIterator<Item = &'a T>,
        terms: Terms<'t>,
    ) -> Attempt<Asked<'t>> {
        match self.cookie(terms.audience).presented(cookies) {
            Attempt::Absent => Attempt::Absent,
            Attempt::Refused(refusal) => Attempt::Refused(refusal),
            Attempt::Accepted(presented) => {
                let handle = presented.handle();
                match self.open_handle(&handle) {
                    Some(serial) => {
                        Attempt::Accepted(Asked { presented, handle, serial, now: self.now(), terms })
                    }
                    None => Attempt::Refused(Refusal::SessionUnknown),
                }
            }
        }
    }
}

/// On which terms somebody may come in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'a> {
    /// For whose pages.
    pub(crate) audience: &'a Audience,
    /// Whether that renews the session.
    pub(crate) presence: Presence,
    /// The limits that hold now, where they are known; those that held when the session began hold in any case.
    pub(crate) limits: Option<SessionLimits>,
}

/// What a request asks for.
struct Asked<'a> {
    presented: Presented,
    handle: Handle,
    serial: Serial,
    now: Timestamp,
    terms: Terms<'a>,
}

/// A session that may go on, as far as the record and the view of this moment say.
#[derive(Debug, PartialEq, Eq)]
struct Judged {
    session: Admitted,
    seen: Timestamp,
    touch: Option<Touch>,
}

impl Asked<'_> {
    fn judge(&self, engine: &Engine, brief: &Brief, standing: Standing<'_>) -> Result<Judged, Refusal> {
        let Terms { audience, presence, limits } = self.terms;
        let standing = match limits {
            Some(limits) => standing.within(limits, brief.auth_time()),
            None => standing,
        };
        let hash = self.presented.hash();
        let touch = standing.admit(&hash, audience, &engine.view, presence, self.now)?;
        Ok(Judged { session: brief.admitted(self.serial), seen: standing.seen, touch })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use countersign_core::batch::{Change, Outcome};
    use countersign_core::extent::{Actor, Extent, Reason};
    use countersign_core::port::Store;

    use super::*;
    use crate::testing::Rig;

    const ADA: &str = "ada@marsh.example";
    const PASSWORD: &str = "lantern rope harbour";

    struct SignedIn {
        rig: Rig,
        cookie: String,
        serial: Serial,
    }

    impl SignedIn {
        async fn new() -> Self {
            let rig = Rig::new().await.unwrap();
            rig.person(ADA, PASSWORD).await.unwrap();
            let signed = rig.sign_in(ADA, PASSWORD).await.unwrap();
            Self {
                rig,
                cookie: format!("cs_dev_id={}", signed.cookie.reveal()),
                serial: signed.session.serial,
            }
        }

        fn glance(&self) -> Option<Attempt<Entered>> {
            self.rig.engine.glance(Some(self.cookie.as_str()), &Audience::Issuer, Presence::Active)
        }

        async fn check(&self) -> Attempt<Checked> {
            self.rig.engine.check(Some(&self.cookie), &Audience::Issuer).await.unwrap()
        }

        async fn seen(&self) -> Timestamp {
            self.rig.store.session(self.serial).await.unwrap().unwrap().seen
        }
    }

    #[tokio::test]
    async fn a_session_that_began_here_is_answered_from_memory() {
        let ada = SignedIn::new().await;
        let Some(Attempt::Accepted(entered)) = ada.glance() else { panic!("memory knows her") };
        let Attempt::Accepted(checked) = ada.check().await else { panic!("she is signed in") };
        let stored = ada.rig.store.session(ada.serial).await.unwrap().unwrap();
        assert_eq!(checked, entered.checked(&Audience::Issuer));
        assert_eq!((&checked.session.subject, &checked.session.login), (&stored.subject, &stored.login));
        assert_eq!((&checked.session.slots, checked.session.born), (&stored.slots, stored.born));
    }

    #[tokio::test]
    async fn one_look_at_memory_allocates_nothing() {
        let ada = SignedIn::new().await;
        // A thread's first look makes room for what it holds on to.
        let mut accepted = ada.glance().is_none();
        let counted = allocation_counter::measure(|| {
            accepted = matches!(ada.glance(), Some(Attempt::Accepted(_)));
        });
        assert!(accepted);
        assert_eq!(counted.count_total, 0);
    }

    #[tokio::test]
    async fn after_a_restart_the_first_check_reads_and_the_next_remembers() {
        let SignedIn { rig, cookie, serial } = SignedIn::new().await;
        let ada = SignedIn { rig: rig.restart().await.unwrap(), cookie, serial };
        assert_eq!(ada.glance(), None);
        assert!(matches!(ada.check().await, Attempt::Accepted(_)));
        assert!(matches!(ada.glance(), Some(Attempt::Accepted(_))));
    }

    #[tokio::test]
    async fn memory_alone_declares_nobody_idle() {
        let ada = SignedIn::new().await;
        let idle = ada.rig.store.session(ada.serial).await.unwrap().unwrap().idle;
        ada.rig.clock.advance(idle - Duration::from_secs(1));
        // She was seen at another node.
        let elsewhere = Change::TouchSession { serial: ada.serial, seen: ada.rig.engine.now() };
        assert!(matches!(ada.rig.store.commit(Batch::of(elsewhere)).await.unwrap(), Outcome::Committed(..)));
        ada.rig.clock.advance(Duration::from_secs(2));
        assert_eq!(ada.glance(), None);
        assert!(matches!(ada.check().await, Attempt::Accepted(_)));
        ada.rig.clock.advance(idle);
        assert_eq!(ada.check().await, Attempt::Refused(Refusal::SessionIdle));
    }

    #[tokio::test]
    async fn use_is_written_when_it_has_moved_by_a_sixteenth_and_then_remembered() {
        let ada = SignedIn::new().await;
        let (begun, idle) = (ada.rig.engine.now(), Duration::from_secs(14 * 86_400));
        ada.rig.clock.advance(idle / 16 - Duration::from_secs(1));
        assert!(matches!(ada.check().await, Attempt::Accepted(_)));
        assert_eq!(ada.seen().await, begun);
        ada.rig.clock.advance(Duration::from_secs(1));
        assert_eq!(ada.glance(), None);
        assert!(matches!(ada.check().await, Attempt::Accepted(_)));
        assert_eq!(ada.seen().await, ada.rig.engine.now());
        assert!(matches!(ada.glance(), Some(Attempt::Accepted(_))));
    }

    #[tokio::test]
    async fn what_has_ended_is_refused_from_memory_and_after_reading() {
        let ada = SignedIn::new().await;
        let by = Actor::CommandLine;
        ada.rig.engine.end(Extent::Session(ada.serial), Reason::EndedByOperator, by).await.unwrap();
        assert_eq!(ada.glance(), Some(Attempt::Refused(Refusal::SessionEnded)));
        let SignedIn { rig, cookie, serial } = ada;
        let ada = SignedIn { rig: rig.restart().await.unwrap(), cookie, serial };
        assert_eq!(ada.check().await, Attempt::Refused(Refusal::SessionEnded));
        let other = SignedIn::new().await;
        other.rig.engine.end(Extent::Everything, Reason::EndedByOperator, Actor::CommandLine).await.unwrap();
        assert_eq!(other.glance(), Some(Attempt::Refused(Refusal::SessionEnded)));
    }
}
