//! What a handler does with the person behind a session of the application's own: signs them in and out, lists their
//! sessions, leaves them a message for the next page.

use std::sync::Arc;

use countersign::{Entered, Slot, Stay};
use countersign_core::Refusal;
use countersign_core::extent::{Actor, Extent, Reason};
use countersign_core::time::Timestamp;

use crate::auth::Auth;
use crate::rejection::Rejection;
use crate::session::Session;

/// Messages for the next page.
const FLASH: Slot<Vec<String>> = Slot::new("_flash");

/// How many messages wait at most; the oldest go.
const FLASHES: usize = 16;

/// A session as its owner sees it. Device and network are coarse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionFact {
    /// Its public name, to end it by.
    pub handle: String,
    /// The browser family and the system, such as `Firefox, Linux`.
    pub device: String,
    /// The network prefix, such as `203.0.113.0/24`, or `unknown`.
    pub network: String,
    /// When it began.
    pub begun: Timestamp,
    /// When it was last used, give or take a sixteenth of its idle limit.
    pub seen: Timestamp,
    /// Whether it is the one that asks.
    pub this: bool,
}

impl Session {
    /// Who is signed in, by the application's own name for them, or by the issuer's behind a guard that keeps no sessions of its
    /// own; none for a stranger.
    #[must_use]
    pub fn subject(&self) -> Option<Arc<str>> {
        self.0.known().as_ref().and_then(Auth::session).map(|session| session.shared_subject())
    }

    /// Signs in `name`, whose credential the application has checked, until the browser closes. The session is a new one; the
    /// same person keeps the data of the old one, so this is also how somebody proves themself again. What a guest left in a slot
    /// that is [carried](Slot::carried) goes along, and the guest ends.
    ///
    /// # Errors
    /// Another site sent the request; the name cannot be one; the person has as many sessions as they may; the store could not
    /// answer.
    pub async fn sign_in(&self, name: &str) -> Result<(), Rejection> {
        self.0.sign_in(name, Stay::Visit).await
    }

    /// As [`Session::sign_in`], for somebody who asked to be remembered when the browser closes. A strict preset remembers
    /// nobody.
    ///
    /// # Errors
    /// As [`Session::sign_in`].
    pub async fn sign_in_and_stay(&self, name: &str) -> Result<(), Rejection> {
        self.0.sign_in(name, Stay::Remembered).await
    }

    /// Signs out. The session has ended once this has answered, whatever else is under way. What a stranger left is gone.
    ///
    /// # Errors
    /// Another site sent the request, or the store could not answer; then nobody is signed out.
    pub async fn sign_out(&self) -> Result<(), Rejection> {
        self.0.sign_out().await
    }

    /// Signs out of every browser.
    ///
    /// # Errors
    /// As [`Session::sign_out`].
    pub async fn sign_out_everywhere(&self) -> Result<(), Rejection> {
        self.0.sign_out_everywhere().await
    }

    /// Ends every other sign-in of whoever is signed in: for "sign out my other devices", and after a new password, which must
    /// not leave a thief signed in (OWASP ASVS 5.0 V7.4.3). This browser goes on; for a new cookie here as well, call
    /// [`Session::sign_in`] first.
    ///
    /// # Errors
    /// Nobody is signed in, or the store could not answer; then read [`Session::list`] before you believe either way.
    pub async fn end_others(&self) -> Result<(), Rejection> {
        self.0.still_here()?;
        let (engine, session) = (self.0.home()?.engine(), self.entered()?.session);
        let (subject, login) = (session.subject(), session.login());
        let by = Actor::Subject(subject.clone());
        let extent = Extent::Subject { subject, except: Some(login) };
        engine.end(extent, Reason::EndedByPerson, by).await?;
        Ok(())
    }

    /// The living sessions of whoever is signed in, newest first; 10,000 at the most.
    ///
    /// # Errors
    /// Nobody is signed in, or the store could not answer.
    pub async fn list(&self) -> Result<Vec<SessionFact>, Rejection> {
        self.0.still_here()?;
        let (engine, this) = (self.0.home()?.engine(), self.entered()?.session);
        let live = engine.live_sessions_of(&this.subject()).await?;
        Ok(live
            .into_iter()
            .map(|view| SessionFact {
                handle: view.handle.to_string(),
                device: view.session.device.as_str().to_owned(),
                network: view.session.network.as_str().to_owned(),
                begun: view.session.begun,
                seen: view.session.seen,
                this: view.session.serial == this.serial,
            })
            .collect())
    }

    /// Ends one of the sessions of whoever is signed in.
    ///
    /// # Errors
    /// Nobody is signed in; they have no such session; the store could not answer.
    pub async fn end(&self, handle: &str) -> Result<(), Rejection> {
        self.0.still_here()?;
        let (engine, subject) = (self.0.home()?.engine(), self.entered()?.session.subject());
        let by = Actor::Subject(subject.clone());
        Ok(engine.end_by_handle(handle, Some(&subject), Reason::EndedByPerson, by).await?)
    }

    /// Leaves a message for the next page that asks.
    ///
    /// # Errors
    /// The store could not answer.
    pub async fn flash(&self, message: impl Into<String>) -> Result<(), Rejection> {
        let message = message.into();
        self.update(FLASH, |waiting| {
            waiting.push(message.clone());
            let over = waiting.len().saturating_sub(FLASHES);
            waiting.drain(..over);
        })
        .await?;
        Ok(())
    }

    /// The messages that wait, oldest first; each is taken once, whoever else asks at the same time.
    ///
    /// # Errors
    /// As [`Session::flash`].
    pub async fn flashed(&self) -> Result<Vec<String>, Rejection> {
        // Most pages find none, and write nothing.
        if self.read(FLASH).await?.is_none_or(|waiting| waiting.is_empty()) {
            return Ok(Vec::new());
        }
        let mut taken = Vec::new();
        self.update(FLASH, |waiting| taken = std::mem::take(waiting)).await?;
        Ok(taken)
    }

    /// The session of whoever is signed in.
    fn entered(&self) -> Result<Entered, Refusal> {
        let known = self.0.known();
        Ok(known.as_ref().and_then(Auth::session).ok_or(Refusal::SessionAbsent)?.entered)
    }
}
