//! People whose accounts an application keeps itself: it checks their credential, and only their sessions are here.
//!
//! The application names a person as it likes. Here they are a record without a password under an opaque subject, so that
//! their sessions are listed, ended, exported and erased as everybody's, and the audit log never holds the name.

use countersign_core::audit::Event;
use countersign_core::batch::{Batch, Change, Conflict};
use countersign_core::extent::Actor;
use countersign_core::id::{ClientId, Subject};
use countersign_core::login::Candidate;
use countersign_core::record::login::Method;
use countersign_core::record::session::Audience;
use countersign_core::record::{Email, User};
use countersign_core::{Fault, Refusal};

use crate::check::Checked;
use crate::engine::Engine;
use crate::error::Result;
use crate::logins::{Arrival, SignedIn};
use crate::visitor::Visitor;

impl Engine {
    /// Signs in the person whom application `client` calls `name`, whose credential it has checked itself.
    ///
    /// `before` is the session that this browser came with. The same person goes on with a new session and the data of the
    /// old one; somebody else starts with nothing, and the other's login ends.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for the name; [`Refusal::SessionsFull`]; [`Refusal::SignIn`]: everything of the person was ended
    /// while they signed in.
    pub async fn vouch(
        &self,
        client: &ClientId,
        name: &str,
        visitor: &Visitor,
        before: Option<&Checked>,
    ) -> Result<SignedIn> {
        // P1: the position before the records.
        let born = self.view.position();
        let user = self.vouched(name).await?;
        if let Some(who) = before.filter(|who| who.session.subject == user.subject) {
            return self.renew(who, &user, Method::Vouched, visitor, Some(visitor.stay)).await;
        }
        let arrival = Arrival {
            method: Method::Vouched,
            audience: Audience::Client(client.clone()),
            stronger: None,
            replaces: before.map(|who| who.session.serial),
        };
        self.begin(Candidate::read(born, &user), &user, visitor, arrival).await
    }

    /// The subject of the person whom the application calls `name`; none when they have never signed in.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn subject_of_own(&self, name: &str) -> Result<Option<Subject>> {
        let Ok(email) = Email::of_own(name) else { return Ok(None) };
        Ok(self.directory.user_by_email(&email).await?.map(|user| user.subject))
    }

    /// What the application calls `subject`; none for somebody who has been erased, or has an account here.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn own_name(&self, subject: &Subject) -> Result<Option<String>> {
        Ok(self.directory.user(subject).await?.and_then(|user| user.name))
    }

    /// The record of `name`, made when there is none.
    async fn vouched(&self, name: &str) -> Result<User> {
        let email = Email::of_own(name)?;
        if let Some(user) = self.directory.user_by_email(&email).await? {
            return Ok(user);
        }
        let now = self.now();
        let subject = Subject::new(now, &self.chance()?);
        let data_key = self.new_data_key(&subject)?;
        let user = User::vouched(name, subject, self.hasher.nobody(), data_key, now)?;
        let line = self.line(Actor::System, Event::AccountOpened).about(&user.subject);
        match self.commit(Batch::of(Change::AddUser(user.clone())).audited(line.into())).await? {
            Ok(_) => Ok(user),
            // Another sign-in of the same person was faster.
            Err(Conflict::Taken) => Ok(self.directory.user_by_email(&email).await?.ok_or(Refusal::SignIn)?),
            Err(conflict) => Err(Fault::Store(format!("a person was not written down: {conflict:?}")).into()),
        }
    }
}
