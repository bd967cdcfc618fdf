//! The data of a session, for its application: named slots, each with a version, sealed with a key of the subject's own.
//!
//! The application's credentials open them; the handle only says which session. A session of another application does not
//! exist for this one. Erasing a person deletes the one key, and with it what any copy of the rows says.

use countersign_core::batch::{Batch, Change, Conflict, Expect, Outcome};
use countersign_core::id::Version;
use countersign_core::policy;
use countersign_core::record::{Client, Session, User};
use countersign_core::slot::{self, SlotWrite, SlotsWrite};
use countersign_core::{Fault, Refusal};

use crate::endings::Named;
use crate::engine::Engine;
use crate::error::{Error, Result, unexpected};
use crate::sealing::{self, SlotKeys};

/// The longest name of a slot in bytes.
const NAME_BYTES: usize = 64;

impl Engine {
    /// The value of a slot, none when nothing was written.
    ///
    /// # Errors
    /// [`Refusal::Missing`]: the handle names no session of this application. Why the session is not accepted.
    /// [`Fault::Codec`](countersign_core::Fault::Codec): what is stored is not what was written.
    pub async fn slot(&self, app: &Client, handle: &str, name: &str) -> Result<Option<(Version, Vec<u8>)>> {
        named(name)?;
        let session = self.session_for(app, handle).await?;
        let Some(found) = self.store.slot(&session.slots, name, 0..u32::MAX).await? else { return Ok(None) };
        let plain = self.slot_keys(&session).await?.open(name, &found)?;
        // P1: the view last.
        self.view_allows(&session)?;
        Ok(Some((found.version, plain.to_vec())))
    }

    /// The bytes of a slot from `offset` on, at most `bytes`, fewer where it ends; none when nothing was written. Reads only
    /// the 64 KiB segments that hold them.
    ///
    /// # Errors
    /// As [`Engine::slot`].
    pub async fn slot_part(
        &self,
        app: &Client,
        handle: &str,
        name: &str,
        offset: u64,
        bytes: u64,
    ) -> Result<Option<(Version, Vec<u8>)>> {
        named(name)?;
        let session = self.session_for(app, handle).await?;
        // The segments that hold them if the value is long enough; the store leaves out those that it has not.
        let asked = slot::span(u64::MAX, offset, bytes.min(policy::SLOT_BYTES));
        let Some(found) = self.store.slot(&session.slots, name, asked).await? else { return Ok(None) };
        let span = slot::span(found.length, offset, bytes);
        let part = if span.is_empty() {
            Vec::new()
        } else {
            let plain = self.slot_keys(&session).await?.open_span(name, &found, span.clone())?;
            let begins = if sealing::is_one_piece(&found) { 0 } else { slot::begins(span.start) };
            let skip = usize::try_from(offset.saturating_sub(begins)).unwrap_or(usize::MAX);
            let take = usize::try_from(bytes).unwrap_or(usize::MAX);
            plain.iter().skip(skip).take(take).copied().collect()
        };
        self.view_allows(&session)?;
        Ok(Some((found.version, part)))
    }

    /// The slots of a session: name, version, size of the value in bytes.
    ///
    /// # Errors
    /// As [`Engine::slot`].
    pub async fn slot_names(&self, app: &Client, handle: &str) -> Result<Vec<(String, Version, u64)>> {
        let session = self.session_for(app, handle).await?;
        let names = self.store.slot_names(&session.slots).await?;
        self.view_allows(&session)?;
        Ok(names)
    }

    /// Writes a slot; `expect` says what must be true of it. Answers its new version; no version comes twice, also after the
    /// slot was removed. Of a long value only the 64 KiB segments that differ from what is there are written.
    ///
    /// # Errors
    /// [`Refusal::Moved`]: it has another version. [`Refusal::TooLarge`]: it, or the session's data with it, is larger than
    /// its limit. [`Refusal::Invalid`] for the name; as [`Engine::slot`].
    pub async fn put_slot(
        &self,
        app: &Client,
        handle: &str,
        name: &str,
        expect: Expect,
        value: &[u8],
    ) -> Result<Version> {
        named(name)?;
        if u64::try_from(value.len()).unwrap_or(u64::MAX) > policy::SLOT_BYTES {
            return Err(Refusal::TooLarge { what: "a slot", limit: policy::SLOT_BYTES }.into());
        }
        let session = self.session_for(app, handle).await?;
        let there = self.store.slot(&session.slots, name, 0..0).await?;
        // What was read decides what is written; a write in between is a conflict, not a guess.
        let exact = exact(expect, there.as_ref().map(|there| there.version))?;
        let put = self.slot_keys(&session).await?.put(self, name, there.as_ref(), value)?;
        let write = SlotWrite { name: name.to_owned(), expect: exact, put: Some(put) };
        self.write_slots(&session, vec![write]).await
    }

    /// Writes `bytes` over what a slot holds from `offset` on, all of it inside the value; `expect` is the version that was
    /// read. Reads and writes only the 64 KiB segments concerned.
    ///
    /// # Errors
    /// [`Refusal::Invalid`]: it would go beyond the end. As [`Engine::put_slot`].
    pub async fn put_slot_part(
        &self,
        app: &Client,
        handle: &str,
        name: &str,
        expect: Version,
        (offset, bytes): (u64, &[u8]),
    ) -> Result<Version> {
        named(name)?;
        let session = self.session_for(app, handle).await?;
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let asked = slot::span(u64::MAX, offset, count.min(policy::SLOT_BYTES));
        let found = self.store.slot(&session.slots, name, asked).await?.ok_or(Refusal::Moved)?;
        if found.version != expect {
            return Err(Refusal::Moved.into());
        }
        if bytes.is_empty() || offset.checked_add(count).is_none_or(|end| end > found.length) {
            let what = "a part of a slot lies inside its value and is not empty".to_owned();
            return Err(Refusal::Invalid { what }.into());
        }
        let put = self.slot_keys(&session).await?.put_part(self, name, &found, (offset, bytes))?;
        let write = SlotWrite { name: name.to_owned(), expect: Expect::At(expect), put: Some(put) };
        self.write_slots(&session, vec![write]).await
    }

    /// Removes a slot; `expect` says what must be true of it.
    ///
    /// # Errors
    /// As [`Engine::put_slot`].
    pub async fn drop_slot(&self, app: &Client, handle: &str, name: &str, expect: Expect) -> Result<()> {
        named(name)?;
        let session = self.session_for(app, handle).await?;
        let write = SlotWrite { name: name.to_owned(), expect, put: None };
        match self.write_slots(&session, vec![write]).await {
            Err(Error::Refusal(Refusal::Moved))
                if expect == Expect::Present
                    && self.store.slot(&session.slots, name, 0..0).await?.is_none() =>
            {
                Err(Refusal::Missing { what: "slot" }.into())
            }
            done => done.map(drop),
        }
    }

    /// Writes slots of a session, all or none.
    async fn write_slots(&self, session: &Session, writes: Vec<SlotWrite>) -> Result<Version> {
        let room = policy::SLOT_ROOM;
        let (serial, slots) = (session.serial, session.slots.clone());
        let write = SlotsWrite { serial, slots, room, operation: None, writes };
        let version = match self.store.commit(Batch::of(Change::WriteSlots(write))).await? {
            Outcome::Committed(_, version) => version
                .ok_or_else(|| Fault::Store("it committed session data and answers no version".to_owned()))?,
            Outcome::Conflict(Conflict::Over) => return Err(Refusal::SessionEnded.into()),
            Outcome::Conflict(Conflict::Moved | Conflict::Taken | Conflict::Missing) => {
                return Err(Refusal::Moved.into());
            }
            Outcome::Conflict(Conflict::Full) => {
                return Err(Refusal::TooLarge { what: "the data of a session", limit: room.bytes }.into());
            }
            Outcome::Conflict(conflict) => return Err(unexpected(conflict)),
        };
        // A watermark touches no row, so only the view knows of it.
        self.view_allows(session)?;
        Ok(version)
    }

    async fn slot_keys(&self, session: &Session) -> Result<SlotKeys> {
        let user = self.owner(session).await?;
        Ok(self.slot_keys_of(&user, &session.slots)?)
    }

    /// The live session of `app` that `handle` names.
    async fn session_for(&self, app: &Client, handle: &str) -> Result<Session> {
        let missing = Refusal::Missing { what: "session" };
        let Some(Named::Session(session)) = self.named(handle).await? else { return Err(missing.into()) };
        if session.audience.client() != Some(&app.id) {
            return Err(missing.into());
        }
        session.alive(&self.view, self.now())?;
        Ok(*session)
    }

    async fn owner(&self, session: &Session) -> Result<User> {
        Ok(self.directory.user(&session.subject).await?.ok_or(Refusal::SessionEnded)?)
    }
}

pub(crate) fn named(name: &str) -> Result<(), Refusal> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'.' | b'-');
    if (1..=NAME_BYTES).contains(&name.len()) && name.bytes().all(plain) {
        return Ok(());
    }
    Err(Refusal::Invalid { what: "a slot's name has 1 to 64 of `a-z`, `0-9`, `_`, `.`, `-`".to_owned() })
}

fn exact(expect: Expect, there: Option<Version>) -> Result<Expect, Refusal> {
    let now = there.map_or(Expect::Absent, Expect::At);
    match expect {
        Expect::Whatever => Ok(now),
        Expect::Present if there.is_some() => Ok(now),
        Expect::Present => Err(Refusal::Missing { what: "slot" }),
        Expect::Absent | Expect::At(_) if expect == now => Ok(now),
        Expect::Absent | Expect::At(_) => Err(Refusal::Moved),
    }
}
