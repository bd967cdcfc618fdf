//! Looking people up, and letting them go: one batch erases a person from the store.

use countersign_core::audit::Event;
use countersign_core::batch::{Batch, Change};
use countersign_core::extent::{Actor, Ending, Reason};
use countersign_core::id::{SlotsId, Subject};
use countersign_core::record::{Email, User};
use countersign_core::signin::password::Password;
use countersign_core::{Fault, Refusal};
use zeroize::Zeroizing;

use crate::check::Checked;
use crate::engine::Engine;
use crate::error::Result;
use crate::sealing::SlotKeys;
use crate::visitor::Visitor;

impl Engine {
    /// The person of that subject.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn user(&self, subject: &Subject) -> Result<Option<User>> {
        Ok(self.directory.user(subject).await?)
    }

    /// The person of that address; none for what is no address.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<User>> {
        let Ok(email) = email.parse::<Email>() else { return Ok(None) };
        Ok(self.directory.user_by_email(&email).await?)
    }

    /// People, newest first, those before `before`; `search` is a part of the address.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn users(
        &self,
        search: Option<&str>,
        before: Option<&Subject>,
        limit: u32,
    ) -> Result<Vec<User>> {
        Ok(self.directory.users(search, before, limit).await?)
    }

    /// Erases a person: account, logins, sessions with their data, grants, consents. The audit log keeps the opaque subject.
    ///
    /// # Errors
    /// [`Refusal::Missing`].
    pub async fn erase(&self, subject: &Subject, by: Actor) -> Result<()> {
        let user = self.directory.user(subject).await?.ok_or(Refusal::Missing { what: "person" })?;
        let ending = Ending { at: self.now(), reason: Reason::Erased, by: by.clone() };
        let line = self.line(by, Event::Erased).about(subject);
        let batch = Batch::of(Change::EraseUser { subject: subject.clone(), ending }).audited(line.into());
        self.put(batch).await?;
        self.gate.forget(&user.email);
        Ok(())
    }

    /// Erases whoever is signed in, once they have typed their password again.
    ///
    /// # Errors
    /// [`Refusal::CurrentPassword`], [`Refusal::Throttled`].
    pub async fn erase_self(&self, who: &Checked, password: Password, visitor: &Visitor) -> Result<()> {
        let user = self.proven_again(who, password, visitor).await?;
        self.still_allows(who)?;
        self.erase(&user.subject, Actor::Subject(user.subject.clone())).await
    }

    /// A new key for the data of `subject`, sealed.
    pub(crate) fn new_data_key(&self, subject: &Subject) -> Result<Vec<u8>, Fault> {
        let key = Zeroizing::new(self.chance::<32>()?);
        self.roots.data_keys.seal(self.chance()?, subject.as_str().as_bytes(), key.as_slice())
    }

    /// The keys to the session data of `user` that hangs on `slots`.
    pub(crate) fn slot_keys_of(&self, user: &User, slots: &SlotsId) -> Result<SlotKeys, Fault> {
        let key = self.roots.data_keys.open(user.subject.as_str().as_bytes(), &user.data_key)?;
        let key: Zeroizing<[u8; 32]> = key
            .as_slice()
            .try_into()
            .map(Zeroizing::new)
            .map_err(|_| Fault::Codec("a data key is cut short".to_owned()))?;
        SlotKeys::new(&key, slots)
    }
}
