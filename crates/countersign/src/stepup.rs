//! Signing in again while signed in: before something grave, or because the last time is long ago.
//!
//! Raising privilege is a new session: new number, new secret, the old one ended, so that a cookie that was stolen before
//! gains nothing (OWASP ASVS 5.0 V7.2.4). The data goes along, and the login stays, so that one sign-out ends all of it.

use countersign_core::Refusal;
use countersign_core::audit::Event;
use countersign_core::batch::{Change, Conflict};
use countersign_core::extent::{Actor, Ending, Extent, Reason};
use countersign_core::login::Hold;
use countersign_core::policy::Stay;
use countersign_core::record::User;
use countersign_core::record::login::Method;
use countersign_core::signin::password::Password;

use crate::check::Checked;
use crate::engine::{Engine, joined};
use crate::error::Result;
use crate::logins::SignedIn;
use crate::visitor::Visitor;

impl Engine {
    /// Gives whoever is signed in a new session in place of the one they came with, once they have typed their password again.
    /// The time of authentication becomes now, and the limits count anew.
    ///
    /// # Errors
    /// [`Refusal::CurrentPassword`], [`Refusal::Throttled`]; [`Refusal::SessionEnded`] when it has ended meanwhile.
    pub async fn step_up(&self, who: &Checked, password: Password, visitor: &Visitor) -> Result<SignedIn> {
        let user = self.proven_again(who, password, visitor).await?;
        self.renew(who, &user, Method::Password, visitor, None).await
    }

    /// The new session of `who`, whose credential was good; `user` is as it was before the credential was checked. Without a
    /// new choice to `stay`, that of the sign-in before holds.
    pub(crate) async fn renew(
        &self,
        who: &Checked,
        user: &User,
        method: Method,
        visitor: &Visitor,
        stay: Option<Stay>,
    ) -> Result<SignedIn> {
        let now = self.now();
        let old = &who.session;
        let login = self.store.login(&old.login).await?.ok_or(Refusal::SessionEnded)?;
        let hold = Hold::under(self.preset(), stay.unwrap_or(login.stay));
        let proven = login.proven_again(method, user.generation, hold, now);
        let lasting = self.lasting_for(&old.audience, hold.stay).await?;
        let started = self
            .start_with(&proven.login, old.slots.clone(), old.audience.clone(), visitor, lasting.limits)
            .await?;
        let by = Actor::Subject(user.subject.clone());
        let ending = Ending { at: now, reason: Reason::Replaced, by: by.clone() };
        let line = self.line(by, Event::SignedInAgain).about(&user.subject).from(&visitor.network);
        // The touch finds the old session alive, or nothing happens: of two at once, one goes on.
        let batch = joined([proven.batch])
            .with(Change::TouchSession { serial: old.serial, seen: now })
            .with(Change::End { extent: Extent::Session(old.serial), ending });
        let batch = joined([batch, started.batch.clone()]).audited(line.into());
        self.commit(batch).await?.map_err(|conflict| match conflict {
            Conflict::Moved => Refusal::CurrentPassword,
            _ => Refusal::SessionEnded,
        })?;
        // P1: the view last.
        self.view_allows(&started.session)?;
        let max_age = self.cookie_age(&started.session, lasting.stay);
        let mark = self.mark_for(user, visitor)?;
        Ok(SignedIn { login: proven.login, cookie: started.token, session: started.session, max_age, mark })
    }
}
