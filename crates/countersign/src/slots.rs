//! The data of a session, for its application: named slots, each with a version, sealed with a key of the subject's own.
//!
//! The application's credentials open them; the handle only says which session. A session of another application does not
//! exist for this one. Erasing a person deletes the one key, and with it what any copy of the rows says.

use countersign_core::batch::{Batch, Change, Conflict, Expect};
use countersign_core::id::{SlotsId, Version};
use countersign_core::policy;
use countersign_core::record::{Client, Session, User};
use countersign_core::{Fault, Refusal};

use crate::endings::Named;
use crate::engine::Engine;
use crate::error::{Result, crypto, unexpected};

/// The longest name of a slot in bytes.
const NAME_BYTES: usize = 64;

impl Engine {
    /// The value of a slot, none when nothing was written.
    ///
    /// # Errors
    /// [`Refusal::Missing`]: the handle names no session of this application. Why the session is not accepted.
    pub async fn slot(&self, app: &Client, handle: &str, name: &str) -> Result<Option<(Version, Vec<u8>)>> {
        named(name)?;
        let session = self.session_for(app, handle).await?;
        let Some(found) = self.store.slot(&session.slots, name).await? else { return Ok(None) };
        let user = self.owner(&session).await?;
        let plain = self
            .data_key(&user)?
            .open(&place(&session.slots, name), &found.value)
            .map_err(|fault| Fault::Codec(fault.to_string()))?;
        // P1: the view last.
        self.view_allows(&session)?;
        Ok(Some((found.version, plain.to_vec())))
    }

    /// The slots of a session: name, version, size of the value in bytes.
    ///
    /// # Errors
    /// As [`Engine::slot`].
    pub async fn slot_names(&self, app: &Client, handle: &str) -> Result<Vec<(String, Version, u64)>> {
        let session = self.session_for(app, handle).await?;
        let names = self.store.slot_names(&session.slots).await?;
        self.view_allows(&session)?;
        let overhead = u64::try_from(countersign_jose::primitive::SealingKey::OVERHEAD).unwrap_or_default();
        Ok(names
            .into_iter()
            .map(|(name, version, size)| (name, version, size.saturating_sub(overhead)))
            .collect())
    }

    /// Writes a slot; `expect` says what must be true of it.
    ///
    /// # Errors
    /// [`Refusal::Moved`]: it has another version. [`Refusal::TooLarge`], [`Refusal::Invalid`] for the name or too many slots;
    /// as [`Engine::slot`].
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
        let names = self.store.slot_names(&session.slots).await?;
        let there = names.iter().find(|(known, ..)| known == name).map(|(_, version, _)| *version);
        if there.is_none() && names.len() >= policy::SLOTS_COUNT {
            let what = format!("a session has at most {} slots", policy::SLOTS_COUNT);
            return Err(Refusal::Invalid { what }.into());
        }
        // What was read decides what the version becomes; a write in between is a conflict, not a guess.
        let exact = exact(expect, there)?;
        let user = self.owner(&session).await?;
        let sealed = self
            .data_key(&user)?
            .seal(self.chance()?, &place(&session.slots, name), value)
            .map_err(crypto)?;
        let put = Change::PutSlot {
            serial: session.serial,
            slots: session.slots.clone(),
            name: name.to_owned(),
            expect: exact,
            value: sealed,
        };
        match self.commit(Batch::of(put)).await? {
            Ok(_) => {}
            Err(Conflict::Over) => return Err(Refusal::SessionEnded.into()),
            Err(Conflict::Moved | Conflict::Taken | Conflict::Missing) => return Err(Refusal::Moved.into()),
            Err(conflict) => return Err(unexpected(conflict)),
        }
        // A watermark touches no row, so only the view knows of it.
        self.view_allows(&session)?;
        Ok(there.map_or(Version::FIRST, Version::next))
    }

    /// Removes a slot; `expect` says what must be true of it.
    ///
    /// # Errors
    /// As [`Engine::put_slot`].
    pub async fn drop_slot(&self, app: &Client, handle: &str, name: &str, expect: Expect) -> Result<()> {
        named(name)?;
        let session = self.session_for(app, handle).await?;
        let drop = Change::DropSlot {
            serial: session.serial,
            slots: session.slots.clone(),
            name: name.to_owned(),
            expect,
        };
        match self.commit(Batch::of(drop)).await? {
            Ok(_) => Ok(()),
            Err(Conflict::Over) => Err(Refusal::SessionEnded.into()),
            Err(Conflict::Missing) if expect == Expect::Present => {
                Err(Refusal::Missing { what: "slot" }.into())
            }
            Err(_) => Err(Refusal::Moved.into()),
        }
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

/// What the sealed bytes are bound to: they open in no other session and under no other name.
pub(crate) fn place(slots: &SlotsId, name: &str) -> Vec<u8> {
    // An id has one length, so the two need no mark between them.
    [slots.as_str().as_bytes(), name.as_bytes()].concat()
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
