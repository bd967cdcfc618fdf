//! The data of a session, for its application: named slots, each with a version, sealed with a key of the subject's own.
//!
//! The application's credentials open them; the handle only says which session. A session of another application does not
//! exist for this one. Erasing a person deletes the one key, and with it what any copy of the rows says.

use std::ops::Range;

use countersign_core::batch::{Batch, Change, Conflict, Expect, Outcome};
use countersign_core::id::Version;
use countersign_core::policy;
use countersign_core::record::{Client, Session, User};
use countersign_core::slot::{self, OperationId, SlotWrite, SlotsWrite};
use countersign_core::{Fault, Refusal};

use crate::endings::Named;
use crate::engine::Engine;
use crate::error::{Error, Result, unexpected};
use crate::sealing::{self, SlotKeys};

/// Every segment.
pub(crate) const ALL: Range<u32> = 0..u32::MAX;

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
        let Some(found) = self.store.slot(&session.slots, name, ALL).await? else { return Ok(None) };
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
        fits(value)?;
        let session = self.session_for(app, handle).await?;
        let keys = self.slot_keys(&session).await?;
        if slot::count(u64::try_from(value.len()).unwrap_or(u64::MAX)) > 1
            && let Some(there) = self.store.slot(&session.slots, name, 0..0).await?
            && matches!(expect, Expect::Whatever | Expect::Present) | (expect == Expect::At(there.version))
        {
            let write = SlotWrite {
                name: name.to_owned(),
                expect: Expect::At(there.version),
                put: Some(keys.put(self, name, Some(&there), value)?),
            };
            match self.write_slots(&session, vec![write]).await {
                // Somebody else was faster, and this write replaces whatever is there.
                Err(Error::Refusal(Refusal::Moved)) if !matches!(expect, Expect::At(_)) => {}
                done => return done,
            }
        }
        let put = Some(keys.put(self, name, None, value)?);
        self.write_slots(&session, vec![SlotWrite { name: name.to_owned(), expect, put }]).await
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
        self.write_slots(&session, vec![write]).await.map(drop)
    }

    /// Writes slots of a session, all or none.
    pub(crate) async fn write_slots(&self, session: &Session, writes: Vec<SlotWrite>) -> Result<Version> {
        match self.try_slots(session, writes.clone(), None).await? {
            Ok(version) => {
                // A watermark touches no row, so only the view knows of it.
                self.view_allows(session)?;
                Ok(version)
            }
            Err(conflict) => Err(self.not_written(session, &writes, conflict).await),
        }
    }

    /// Writes slots of a session, all or none; whether the view still allows the session is for the caller to ask.
    pub(crate) async fn try_slots(
        &self,
        session: &Session,
        writes: Vec<SlotWrite>,
        operation: Option<OperationId>,
    ) -> Result<Result<Version, Conflict>, Fault> {
        let (serial, slots, at) = (session.serial, session.slots.clone(), self.now());
        let operations = operation.into_iter().collect();
        let write = SlotsWrite { serial, slots, at, room: policy::SLOT_ROOM, operations, writes };
        match self.store.commit(Batch::of(Change::WriteSlots(write))).await? {
            Outcome::Committed(_, Some(version)) => Ok(Ok(version)),
            Outcome::Committed(_, None) => {
                Err(Fault::Store("it committed session data and answers no version".to_owned()))
            }
            Outcome::Conflict(conflict) => Ok(Err(conflict)),
        }
    }

    /// Why `writes` met a conflict.
    pub(crate) async fn not_written(
        &self,
        session: &Session,
        writes: &[SlotWrite],
        conflict: Conflict,
    ) -> Error {
        match conflict {
            Conflict::Over => Refusal::SessionEnded.into(),
            Conflict::Missing if writes.iter().any(|write| write.expect == Expect::Present) => {
                Refusal::Missing { what: "slot" }.into()
            }
            Conflict::Moved | Conflict::Taken | Conflict::Missing => Refusal::Moved.into(),
            Conflict::Full => match self.crowded(session, writes).await {
                Ok(refusal) => refusal.into(),
                Err(fault) => fault.into(),
            },
            conflict => unexpected(conflict),
        }
    }

    /// Which limit `writes` would pass.
    async fn crowded(&self, session: &Session, writes: &[SlotWrite]) -> Result<Refusal, Fault> {
        let room = policy::SLOT_ROOM;
        let there = self.store.slot_names(&session.slots).await?;
        let is_new =
            |write: &&SlotWrite| write.put.is_some() && !there.iter().any(|(known, ..)| *known == write.name);
        let new = writes.iter().filter(is_new).count();
        let count = u64::try_from(there.len().saturating_add(new)).unwrap_or(u64::MAX);
        Ok(if count > room.slots {
            Refusal::TooMany { what: "slots of a session", limit: room.slots }
        } else {
            Refusal::TooLarge { what: "the data of a session", limit: room.bytes }
        })
    }

    pub(crate) async fn slot_keys(&self, session: &Session) -> Result<SlotKeys> {
        let user = self.owner(session).await?;
        Ok(self.slot_keys_of(&user, &session.slots)?)
    }

    /// The live session of `app` that `handle` names.
    pub(crate) async fn session_for(&self, app: &Client, handle: &str) -> Result<Session> {
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

/// Whether a slot may hold `value`.
pub(crate) fn fits(value: &[u8]) -> Result<(), Refusal> {
    if u64::try_from(value.len()).unwrap_or(u64::MAX) > policy::SLOT_BYTES {
        return Err(Refusal::TooLarge { what: "a slot", limit: policy::SLOT_BYTES });
    }
    Ok(())
}

pub(crate) fn named(name: &str) -> Result<(), Refusal> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'.' | b'-');
    if (1..=NAME_BYTES).contains(&name.len()) && name.bytes().all(plain) {
        return Ok(());
    }
    Err(Refusal::Invalid { what: "a slot's name has 1 to 64 of `a-z`, `0-9`, `_`, `.`, `-`".to_owned() })
}
