//! Sessions of one application in a place of its own: no server, no issuer, no accounts; the application checks credentials
//! itself and says who somebody is.
//!
//! Decides where things are kept and under which key; what a session may do is decided where it is for everybody.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use countersign_core::extent::{Actor, Extent, Reason};
use countersign_core::id::ClientId;
use countersign_core::policy::{FrontRoom, SessionLimits, SessionRules, Stay};
use countersign_core::record::Style;
use countersign_core::record::session::Audience;
use countersign_core::session::admit::Presence;
use countersign_core::{Attempt, Fault, Refusal};
use tokio::task::JoinHandle;

use crate::apps::NewApp;
use crate::check::{Entered, Terms};
use crate::endings::SessionView;
use crate::engine::{Engine, Parts, Settings};
use crate::error::{Error, Result};
use crate::hasher::HashingLimits;
use crate::logins::SignedIn;
use crate::outside::{SystemClock, SystemEntropy};
use crate::place::Place;
use crate::secret::MasterKey;
use crate::visitor::Visitor;

/// What the application is called in its own store.
const APP: &str = "app";

/// How often upkeep is done.
const TICK: Duration = Duration::from_secs(60);

/// Under which key a store is opened, and what browsers speak to the application.
#[derive(Debug)]
pub enum Keeping {
    /// Production: cookies go over https only.
    Production(MasterKey),
    /// Development, on this machine only: plain http, and a key that lies beside the data it seals; where the data is in
    /// PostgreSQL, in the folder `.countersign`.
    Development,
}

/// Sessions of one application in a place of its own.
pub struct Home {
    engine: Arc<Engine>,
    client: ClientId,
    audience: Audience,
    /// What a session may last now, whatever it might when it began.
    limits: SessionLimits,
    upkeep: Option<JoinHandle<()>>,
}

/// Someone who came with a live session of the application's own.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Known {
    /// The session.
    pub entered: Entered,
    /// What the application calls them.
    pub name: Arc<str>,
}

impl Home {
    /// Opens the store at `place`, with its guests in the Redis at `data` where one is named, and memory for so many sessions.
    ///
    /// # Errors
    /// [`Fault::InUse`], [`Fault::Unfit`] when it was sealed under another key, what the disk or the database could not do.
    pub async fn open(
        place: &Place,
        data: Option<&str>,
        keeping: Keeping,
        rules: SessionRules,
        front: FrontRoom,
    ) -> Result<Self, Fault> {
        // The key before the store, so that a crash between the two leaves no store without one.
        let (master, dev, place) = match keeping {
            Keeping::Production(master) => (master, false, place.clone()),
            Keeping::Development => {
                let folder = place.folder().unwrap_or_else(|| Path::new(".countersign"));
                (MasterKey::of_development(folder)?, true, place.clone().or_beside(folder))
            }
        };
        if place.folder().is_none() {
            tracing::warn!(
                "this node has no folder beside the database that remembers who was erased: after an older dump is \
                 restored, they are to be erased again by hand"
            );
        }
        let kept = place.open().await?;
        let kept = match data {
            Some(address) => kept.with_guests_in(address).await?,
            None => kept,
        };
        // Nobody is sent there: no token is signed, and no letter is written.
        let issuer = if dev { "http://localhost" } else { "https://own.invalid" }.to_owned();
        let parts = Parts {
            store: kept.store,
            directory: kept.directory,
            guests: kept.guests,
            clock: Arc::new(SystemClock::default()),
            entropy: Arc::new(SystemEntropy),
            post: None,
            master,
        };
        let settings = Settings { issuer, dev, hashing: HashingLimits::default(), sessions: rules, front };
        let mut home = Self::of(Engine::open(settings, parts).await?, rules).await?;
        home.upkeep = Some(home.keep_up());
        Ok(home)
    }

    /// The sessions of an application of its own in an engine that is open already, whose upkeep is its owner's.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn of(engine: Arc<Engine>, rules: SessionRules) -> Result<Self, Fault> {
        let client = match engine.app(APP).await {
            Ok(known) if known.sessions == rules => known,
            Ok(_) => plain(engine.change_app(described(&engine, rules), Actor::System).await)?,
            Err(Error::Refusal(Refusal::Missing { .. })) => {
                match engine.add_app(described(&engine, rules), Actor::System).await {
                    Ok((added, _)) => added,
                    // Another node of the application, which started at the same moment, was first.
                    Err(Error::Refusal(Refusal::Taken { .. })) => plain(engine.app(APP).await)?,
                    Err(other) => return plain(Err(other)),
                }
            }
            Err(other) => return plain(Err(other)),
        };
        let audience = Audience::Client(client.id.clone());
        let preset = rules.preset.unwrap_or_else(|| engine.preset());
        let limits = preset.limits(preset.allowed(Stay::Remembered));
        Ok(Self { engine, client: client.id, audience, limits, upkeep: None })
    }

    /// The engine.
    #[must_use]
    pub const fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// The application in its own store.
    #[must_use]
    pub const fn client(&self) -> &ClientId {
        &self.client
    }

    /// For whose cookies.
    #[must_use]
    pub const fn audience(&self) -> &Audience {
        &self.audience
    }

    /// As [`Home::check`], from memory alone: none when the store has to be asked or told.
    pub fn glance<'a, T: AsRef<[u8]> + ?Sized + 'a>(
        &self,
        cookies: impl IntoIterator<Item = &'a T>,
        presence: Presence,
    ) -> Option<Attempt<Known>> {
        let found = self.engine.glance_named(cookies, self.terms(presence))?;
        Some(found.map(|(entered, name)| Known { entered, name }))
    }

    /// Who comes with the cookies of a request, one header or pair each.
    ///
    /// # Errors
    /// Only what the store could not do.
    pub async fn check<'a, T: AsRef<[u8]> + ?Sized + 'a>(
        &self,
        cookies: impl IntoIterator<Item = &'a T>,
        presence: Presence,
    ) -> Result<Attempt<Known>, Fault> {
        let entered = match self.engine.enter_on(cookies, self.terms(presence)).await? {
            Attempt::Absent => return Ok(Attempt::Absent),
            Attempt::Refused(refusal) => return Ok(Attempt::Refused(refusal)),
            Attempt::Accepted(entered) => entered,
        };
        if let Some(name) = self.engine.remembered_name(&entered.session) {
            return Ok(Attempt::Accepted(Known { entered, name }));
        }
        match self.engine.own_name(&entered.session.subject()).await {
            // P1: an ending may have been answered while the name was read; the view last.
            Ok(Some(name)) if self.engine.still_allows(&entered.checked(&self.audience)).is_ok() => {
                let name: Arc<str> = name.into();
                self.engine.remember_name(&entered.session, &name);
                Ok(Attempt::Accepted(Known { entered, name }))
            }
            // Ended or erased in between.
            Ok(_) => Ok(Attempt::Refused(Refusal::SessionEnded)),
            Err(Error::Fault(fault)) => Err(fault),
            Err(Error::Refusal(refusal)) => Ok(Attempt::Refused(refusal)),
        }
    }

    /// Signs in `name`, whose credential the application has checked. See [`Engine::vouch`].
    ///
    /// # Errors
    /// As [`Engine::vouch`].
    pub async fn sign_in(
        &self,
        name: &str,
        visitor: &Visitor,
        before: Option<&Entered>,
    ) -> Result<(SignedIn, Known)> {
        let before = before.map(|entered| entered.checked(&self.audience));
        let signed = self.engine.vouch(&self.client, name, visitor, before.as_ref()).await?;
        let entered = Entered::begun(&signed.session, self.engine.handle(signed.session.serial))?;
        let name: Arc<str> = name.into();
        self.engine.remember_name(&entered.session, &name);
        Ok((signed, Known { entered, name }))
    }

    /// Ends every session of `name`, as the application wants it; none of them is accepted once this has answered.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn end_everything_of(&self, name: &str) -> Result<()> {
        let Some(subject) = self.engine.subject_of_own(name).await? else { return Ok(()) };
        let by = Actor::Client(self.client.clone());
        self.engine.end(Extent::Subject { subject, except: None }, Reason::Revoked, by).await?;
        Ok(())
    }

    /// Every session of `name`, live and ended, newest first.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn sessions_of(&self, name: &str) -> Result<Vec<SessionView>> {
        let Some(subject) = self.engine.subject_of_own(name).await? else { return Ok(Vec::new()) };
        self.engine.sessions_of(&subject).await
    }

    /// Erases what is known of `name`: sessions, data, and the name itself. Their account is the application's to erase.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn erase(&self, name: &str) -> Result<()> {
        let Some(subject) = self.engine.subject_of_own(name).await? else { return Ok(()) };
        self.engine.erase(&subject, Actor::System).await
    }

    const fn terms(&self, presence: Presence) -> Terms<'_> {
        Terms { audience: &self.audience, presence, limits: Some(self.limits) }
    }

    /// The task that does the upkeep of the engine until this is dropped.
    fn keep_up(&self) -> JoinHandle<()> {
        let engine = Arc::downgrade(&self.engine);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(TICK).await;
                let Some(engine) = engine.upgrade() else { return };
                if let Err(fault) = engine.tick().await {
                    tracing::warn!(
                        code = fault.code(),
                        "upkeep could not be done, the next minute tries again: {fault}"
                    );
                }
            }
        })
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Some(upkeep) = &self.upkeep {
            upkeep.abort();
        }
    }
}

impl fmt::Debug for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Home").field("engine", &self.engine).finish_non_exhaustive()
    }
}

fn described(engine: &Engine, rules: SessionRules) -> NewApp {
    NewApp {
        origin: Some(engine.settings().issuer.clone()),
        public: true,
        first_party: true,
        sessions: rules,
        ..NewApp::new(APP, Style::Session)
    }
}

/// A refusal where there is nobody to refuse is our own mistake.
fn plain<T>(result: Result<T>) -> Result<T, Fault> {
    result.map_err(|error| match error {
        Error::Fault(fault) => fault,
        Error::Refusal(refusal) => Fault::Unfit(refusal.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use countersign_core::policy::Preset;

    use super::*;
    use crate::testing::Rig;

    async fn home(rig: &Rig) -> Home {
        Home::of(Arc::clone(&rig.engine), SessionRules::default()).await.unwrap()
    }

    async fn signed_in(home: &Home, name: &str) -> (String, Known) {
        let visitor = Visitor::from_parts(None, [203, 0, 113, 9].into());
        let (signed, known) = home.sign_in(name, &visitor, None).await.unwrap();
        (format!("cs_dev={}", signed.cookie.reveal()), known)
    }

    fn name(glanced: Option<Attempt<Known>>) -> Option<Arc<str>> {
        match glanced? {
            Attempt::Accepted(known) => Some(known.name),
            Attempt::Absent | Attempt::Refused(_) => None,
        }
    }

    #[tokio::test]
    async fn memory_knows_the_name_from_the_sign_in_or_the_first_check_on() {
        let rig = Rig::new().await.unwrap();
        let before = home(&rig).await;
        let (ada, _) = signed_in(&before, "ada").await;
        assert_eq!(name(before.glance([&ada], Presence::Active)).as_deref(), Some("ada"));
        drop(before);
        let rig = rig.restart().await.unwrap();
        let home = home(&rig).await;
        assert_eq!(name(home.glance([&ada], Presence::Active)), None);
        let checked = home.check([&ada], Presence::Active).await.unwrap();
        assert_eq!(name(Some(checked)).as_deref(), Some("ada"));
        assert_eq!(name(home.glance([&ada], Presence::Active)).as_deref(), Some("ada"));
    }

    #[tokio::test]
    async fn a_stricter_preset_holds_for_those_who_are_signed_in_already() {
        let rig = Rig::new().await.unwrap();
        let (ada, _) = signed_in(&home(&rig).await, "ada").await;
        let strict = SessionRules { preset: Some(Preset::Pci), most: None };
        let limits = Preset::Pci.limits(Stay::Visit);
        let home = Home::of(Arc::clone(&rig.engine), strict).await.unwrap();
        let refused = async || match home.check([&ada], Presence::Active).await.unwrap() {
            Attempt::Refused(refusal) => Some(refusal),
            Attempt::Absent | Attempt::Accepted(_) => None,
        };
        for _ in 0..2 {
            rig.clock.advance(limits.idle / 2);
            assert_eq!(refused().await, None);
        }
        rig.clock.advance(limits.idle);
        assert_eq!(refused().await, Some(Refusal::SessionIdle));
        assert!(!matches!(home.glance([&ada], Presence::Active), Some(Attempt::Accepted(_))));
    }

    #[tokio::test]
    async fn an_erased_name_is_in_no_memory_whoever_erased_it_and_whoever_was_reading_it() {
        let rig = Rig::new().await.unwrap();
        let home = home(&rig).await;
        let (ada, known) = signed_in(&home, "ada").await;
        let session = known.entered.session;
        // Read from the store by a request that is slower than the erasing.
        let read: Arc<str> = "ada".into();
        rig.engine.erase(&session.subject(), Actor::System).await.unwrap();
        assert_eq!(rig.engine.remembered_name(&session), None);
        rig.engine.remember_name(&session, &read);
        assert_eq!(rig.engine.remembered_name(&session), None);
        let checked = home.check([&ada], Presence::Active).await.unwrap();
        assert!(matches!(checked, Attempt::Refused(Refusal::SessionEnded)));
    }
}
