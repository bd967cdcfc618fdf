//! Guests: browsers that nobody has signed in with, and what an application keeps for them.
//!
//! A guest is never somebody: nothing here makes a [`Checked`](crate::Checked). What keeps guests may lose everything, so a
//! guest that is not known any more begins anew, and no answer to anybody else depends on one.

use std::time::Duration;

use countersign_core::batch::{Conflict, Expect};
use countersign_core::extent::{Actor, Ending, Reason};
use countersign_core::handle::Handle;
use countersign_core::id::{SlotsId, Version};
use countersign_core::policy;
use countersign_core::port::{GuestChange, GuestWrite};
use countersign_core::record::Guest;
use countersign_core::record::session::Audience;
use countersign_core::secret::SessionToken;
use countersign_core::session::admit::Presence;
use countersign_core::session::{Arrived, NewGuest};
use countersign_core::signin::throttle::Counter;
use countersign_core::slot::{OPERATIONS, OperationId};
use countersign_core::{Attempt, Fault, Refusal};
use countersign_jose::primitive::SealingKey;
use tokio::sync::MutexGuard;
use zeroize::Zeroizing;

use crate::engine::Engine;
use crate::error::{Result, crypto, unexpected};
use crate::operations::{Once, Remembered};
use crate::sealing::place;
use crate::slots::named;
use crate::visitor::Visitor;

/// How often a serial may turn out to be taken: only an authority that was restored from a backup gives one twice.
const TRIES: usize = 4;

/// Proof that a request came with the cookie of a guest that was alive just now. Only [`Engine::guest`] and
/// [`Engine::begin_guest`] make one. It says which guest, and of nobody who that is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownGuest {
    /// The guest.
    pub guest: Guest,
    /// Its public name.
    pub handle: Handle,
}

/// A guest that has just begun.
#[derive(Debug)]
#[must_use = "set the cookie, or the guest is never seen again"]
pub struct BegunGuest {
    /// The guest.
    pub who: KnownGuest,
    /// The value of the guest's cookie.
    pub cookie: SessionToken,
    /// How long the browser is to keep it.
    pub max_age: Duration,
}

/// The right to change the data of a guest, until it is dropped.
#[derive(Debug)]
#[must_use = "hold it while the data is read and written"]
pub(crate) struct Turn<'a> {
    _held: Option<MutexGuard<'a, ()>>,
}

/// Whether what a guest's slot holds goes along when somebody signs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Crossing {
    /// It ends with the guest.
    #[default]
    Stays,
    /// It becomes the person's. Whoever was at the browser before may have put it there, so it must be nothing that is trusted.
    Crosses,
}

/// A write to one slot of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuestPut<'a> {
    /// The slot's name.
    pub name: &'a str,
    /// What must be true of it.
    pub expect: Expect,
    /// The value; none removes the slot.
    pub value: Option<&'a [u8]>,
    /// Whether it goes along when somebody signs in.
    pub crossing: Crossing,
}

impl Engine {
    /// The guest that comes with the `Cookie` header of a request, for the pages of `audience`.
    ///
    /// *Absent* without a cookie; *refused* for one that is over, unknown or not ours: then a new guest begins with the next
    /// write.
    ///
    /// # Errors
    /// Only what keeps guests could not do.
    pub async fn guest(
        &self,
        cookie_header: Option<&str>,
        audience: &Audience,
        presence: Presence,
    ) -> Result<Attempt<KnownGuest>, Fault> {
        let token = match self.guest_cookie().token(cookie_header) {
            Attempt::Absent => return Ok(Attempt::Absent),
            Attempt::Refused(refusal) => return Ok(Attempt::Refused(refusal)),
            Attempt::Accepted(token) => token,
        };
        let handle = token.handle();
        let unknown = Attempt::Refused(Refusal::SessionUnknown);
        let Some(serial) = self.roots.handles.open_guest(&handle, self.epoch()) else { return Ok(unknown) };
        let Some(mut guest) = self.guests().guest(serial).await? else { return Ok(unknown) };
        let touch = match guest.admit(&token, audience, &self.view, presence, self.now()) {
            Ok(visiting) => visiting.touch,
            Err(refusal) => return Ok(Attempt::Refused(refusal)),
        };
        // Sealed under a master key that is no more: what it left opens for nobody, so it may as well begin anew.
        if self.guest_key(&guest).is_err() {
            return Ok(unknown);
        }
        if let Some(seen) = touch {
            if self.guests().change_guest(GuestChange::Touch { serial, seen }).await?.is_err() {
                return Ok(Attempt::Refused(Refusal::SessionEnded));
            }
            guest.seen = seen;
        }
        Ok(Attempt::Accepted(KnownGuest { guest, handle }))
    }

    /// Begins a guest with its first data: there is none before somebody leaves something.
    ///
    /// A browser whose first two writes are under way at once gets two cookies and keeps the later one.
    ///
    /// # Errors
    /// [`Refusal::Throttled`]: too many begin from one network. [`Refusal::TooLarge`], [`Refusal::Invalid`] for a name;
    /// [`Refusal::Moved`]: something was expected to be there.
    pub async fn begin_guest(
        &self,
        audience: Audience,
        visitor: &Visitor,
        puts: &[GuestPut<'_>],
    ) -> Result<BegunGuest> {
        self.begin_guest_once(audience, visitor, puts, None).await
    }

    /// As [`Engine::begin_guest`], with an operation that is to count once.
    ///
    /// # Errors
    /// As [`Engine::begin_guest`].
    pub async fn begin_guest_once(
        &self,
        audience: Audience,
        visitor: &Visitor,
        puts: &[GuestPut<'_>],
        once: Option<OperationId>,
    ) -> Result<BegunGuest> {
        fit(puts)?;
        let nothing = Remembered::default();
        let once = once.map(|id| Once { id, remembered: &nothing });
        let _ = self.knock(vec![Counter::Guest(visitor.network.clone())], visitor).await?;
        for _ in 0..TRIES {
            let (Arrived { guest, token }, handle) = self.arrive(&audience, visitor).await?;
            let writes = self.sealed(&guest, puts, once)?;
            let max_age = guest.expires.since(guest.begun);
            let begin =
                GuestChange::Begin { guest: Box::new(guest.clone()), room: policy::GUEST_ROOM, writes };
            match self.guests().change_guest(begin).await? {
                Ok(_) => return Ok(BegunGuest { who: KnownGuest { guest, handle }, cookie: token, max_age }),
                Err(Conflict::Taken) => {}
                Err(conflict) => return Err(refused(conflict).into()),
            }
        }
        Err(Fault::Contention.into())
    }

    /// The value of a guest's slot, none when nothing was written.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for the name; what keeps guests could not do.
    pub async fn guest_slot(&self, who: &KnownGuest, name: &str) -> Result<Option<(Version, Vec<u8>)>> {
        named(name)?;
        let Some(found) = self.guests().guest_slot(who.guest.serial, name).await? else { return Ok(None) };
        let (value, _) = opened(&self.guest_key(&who.guest)?, &who.guest.slots, name, &found.value)?;
        Ok(Some((found.version, value.to_vec())))
    }

    /// The slots of a guest: name, version, size of the value in bytes.
    ///
    /// # Errors
    /// What keeps guests could not do.
    pub async fn guest_slot_names(&self, who: &KnownGuest) -> Result<Vec<(String, Version, u64)>> {
        let data = self.guests().guest_data(who.guest.serial).await?.unwrap_or_default();
        let size = |sealed: usize| u64::try_from(sealed.saturating_sub(OVERHEAD)).unwrap_or(u64::MAX);
        let own = data.slots.into_iter().filter(|(name, _)| name != OPERATIONS);
        Ok(own.map(|(name, slot)| (name, slot.version, size(slot.value.len()))).collect())
    }

    /// Writes slots of a guest, all or none; answers the version of each that was written.
    ///
    /// # Errors
    /// [`Refusal::Moved`]: one is not as expected. [`Refusal::SessionEnded`], [`Refusal::SessionUnknown`]: the guest is gone,
    /// and a new one may begin. [`Refusal::TooLarge`], [`Refusal::Invalid`] for a name.
    pub async fn write_guest(&self, who: &KnownGuest, puts: &[GuestPut<'_>]) -> Result<Version> {
        self.write_guest_once(who, puts, None).await
    }

    /// As [`Engine::write_guest`], with an operation that is to count once: the guest remembers it in one of its slots.
    ///
    /// # Errors
    /// [`Refusal::Moved`], too: another operation was faster. As [`Engine::write_guest`].
    pub(crate) async fn write_guest_once(
        &self,
        who: &KnownGuest,
        puts: &[GuestPut<'_>],
        once: Option<Once<'_>>,
    ) -> Result<Version> {
        fit(puts)?;
        let (serial, room) = (who.guest.serial, policy::GUEST_ROOM);
        let writes = self.sealed(&who.guest, puts, once)?;
        let write = GuestChange::Write { serial, at: self.now(), room, writes };
        match self.guests().change_guest(write).await? {
            Ok(version) => Ok(version),
            // The slot, or the guest with it.
            Err(Conflict::Missing) if self.guests().guest(serial).await?.is_none() => {
                Err(Refusal::SessionUnknown.into())
            }
            Err(conflict) => Err(refused(conflict).into()),
        }
    }

    /// Waits until nobody else in this process changes the data of a guest, so that only other nodes can be faster.
    pub(crate) async fn guest_turn(&self, who: &KnownGuest) -> Turn<'_> {
        Turn { _held: self.turn_at(who.guest.serial.number()).await }
    }

    /// Ends a guest; what it left is gone.
    ///
    /// # Errors
    /// What keeps guests could not do.
    pub async fn end_guest(&self, who: &KnownGuest, reason: Reason) -> Result<()> {
        let end =
            GuestChange::End { serial: who.guest.serial, expect: None, ending: self.guest_ending(reason) };
        match self.guests().change_guest(end).await? {
            Ok(_) | Err(Conflict::Missing) => Ok(()),
            Err(conflict) => Err(unexpected(conflict)),
        }
    }

    /// How many guests have neither ended nor expired; counting stops at 10,000.
    ///
    /// # Errors
    /// What keeps guests could not do.
    pub async fn live_guests(&self) -> Result<u32> {
        Ok(self.guests().count_guests(self.now(), 10_000).await?)
    }

    /// How a guest ends. By the system: a guest's tombstone names nobody, so that nothing leads from it to a person.
    pub(crate) fn guest_ending(&self, reason: Reason) -> Ending {
        Ending { at: self.now(), reason, by: Actor::System }
    }

    /// The key for the data of `guest`.
    pub(crate) fn guest_key(&self, guest: &Guest) -> Result<SealingKey, Fault> {
        let key = self.roots.guest_keys.open(guest.slots.as_str().as_bytes(), &guest.data_key)?;
        let key: &[u8; 32] =
            key.as_slice().try_into().map_err(|_| Fault::Codec("a guest's key is cut short".to_owned()))?;
        SealingKey::new(key).map_err(crypto)
    }

    async fn arrive(&self, audience: &Audience, visitor: &Visitor) -> Result<(Arrived, Handle), Fault> {
        // P1: the position before what hangs on it.
        let (born, now) = (self.view.position(), self.now());
        let serial = self.guest_serial().await?;
        let handle = self.roots.handles.seal_guest(self.epoch(), serial);
        let slots = SlotsId::new(now, &self.chance()?);
        let key = Zeroizing::new(self.chance::<32>()?);
        let data_key =
            self.roots.guest_keys.seal(self.chance()?, slots.as_str().as_bytes(), key.as_slice())?;
        let new = NewGuest {
            serial,
            handle,
            secret: self.chance()?,
            slots,
            data_key,
            audience: audience.clone(),
            born,
            device: visitor.device.clone(),
            limits: policy::GUEST_SESSION,
        };
        Ok((Guest::begin(new, now), handle))
    }

    fn sealed(
        &self,
        guest: &Guest,
        puts: &[GuestPut<'_>],
        once: Option<Once<'_>>,
    ) -> Result<Vec<GuestWrite>, Fault> {
        let key = self.guest_key(guest)?;
        let write = |put: &GuestPut<'_>| {
            let value = match put.value {
                Some(value) => {
                    let mark = [u8::from(put.crossing == Crossing::Crosses)];
                    let plain = Zeroizing::new([mark.as_slice(), value].concat());
                    let sealed = key.seal(self.chance()?, &place(&guest.slots, put.name), &plain);
                    Some(sealed.map_err(crypto)?)
                }
                None => None,
            };
            Ok(GuestWrite { name: put.name.to_owned(), expect: put.expect, value })
        };
        let mut writes = puts.iter().map(&write).collect::<Result<Vec<_>, Fault>>()?;
        if let Some((expect, value)) = once.map(|once| once.kept(self.now())) {
            let (name, crossing) = (OPERATIONS, Crossing::Stays);
            writes.push(write(&GuestPut { name, expect, value: Some(&value), crossing })?);
        }
        Ok(writes)
    }
}

/// What a guest's slot holds, and whether it goes along. The mark is sealed with the value, so only whoever wrote it sets it.
pub(crate) fn opened(
    key: &SealingKey,
    slots: &SlotsId,
    name: &str,
    sealed: &[u8],
) -> Result<(Zeroizing<Vec<u8>>, Crossing), Fault> {
    let plain = key.open(&place(slots, name), sealed).map_err(|fault| Fault::Codec(fault.to_string()))?;
    match plain.split_first() {
        Some((0, value)) => Ok((Zeroizing::new(value.to_vec()), Crossing::Stays)),
        Some((1, value)) => Ok((Zeroizing::new(value.to_vec()), Crossing::Crosses)),
        _ => Err(Fault::Codec("a guest's slot has another shape".to_owned())),
    }
}

fn fit(puts: &[GuestPut<'_>]) -> Result<(), Refusal> {
    for (index, put) in puts.iter().enumerate() {
        named(put.name)?;
        if puts.iter().take(index).any(|other| other.name == put.name) {
            return Err(Refusal::Invalid { what: "a slot is written once in one step".to_owned() });
        }
        let size = put.value.map_or(0, <[u8]>::len);
        if u32::try_from(size).unwrap_or(u32::MAX) > policy::GUEST_ROOM.bytes {
            return Err(too_large());
        }
    }
    Ok(())
}

fn refused(conflict: Conflict) -> Refusal {
    match conflict {
        Conflict::Over | Conflict::Spent => Refusal::SessionEnded,
        Conflict::Full => too_large(),
        Conflict::Moved | Conflict::Taken | Conflict::Missing | Conflict::Applied => Refusal::Moved,
    }
}

fn too_large() -> Refusal {
    Refusal::TooLarge { what: "what is kept for a guest", limit: u64::from(policy::GUEST_ROOM.bytes) }
}

/// What sealing and the mark add to a value.
const OVERHEAD: usize = SealingKey::OVERHEAD + 1;
