//! What a guest takes along when somebody signs in.
//!
//! The order, and what a crash leaves: the guest's data is read; the slots that cross are committed by the authority, sealed
//! under the person's key, in the same batch as the new session (before it: the guest is as it was); the guest is ended if its
//! data is still in the version that was read (before it: the guest is as it was, and a session that no browser knows); where
//! it has moved, what changed is committed, too, and the ending is tried again; then the cookie goes out. So a write that was
//! answered is carried or still with a living guest, and the cookie from before the sign-in is dead (OWASP ASVS 5.0 V7.2.4).

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use countersign_core::Attempt;
use countersign_core::Fault;
use countersign_core::batch::{Batch, Change, Conflict, Expect};
use countersign_core::extent::Reason;
use countersign_core::id::{GuestSerial, Version};
use countersign_core::policy;
use countersign_core::port::{GuestChange, GuestData};
use countersign_core::record::session::Audience;
use countersign_core::record::{Session, User};
use countersign_core::session::admit::Presence;
use countersign_core::slot::{OPERATIONS, OperationId, SlotWrite, SlotsWrite};

use crate::engine::Engine;
use crate::guests::{Crossing, KnownGuest, opened};
use crate::operations;

/// How often somebody may write between the reading and the ending before the guest ends whatever it holds.
const ROUNDS: usize = 16;

/// How many guests that could not be ended are remembered for the next tick; more only live until their idle limit.
const UNENDED: usize = 10_000;

/// A guest whose data is on its way to a session.
#[derive(Debug)]
pub(crate) struct Carried {
    who: KnownGuest,
    /// The version of the data that was read; none when nothing answered, so that nothing goes along.
    read: Option<Version>,
    /// The slots that were carried.
    slots: BTreeMap<String, Version>,
    /// The operations that were carried.
    operations: Vec<OperationId>,
}

/// Guests that a sign-in left behind alive, since nothing answered that could end them.
#[derive(Debug, Default)]
pub(crate) struct Unended(Mutex<VecDeque<GuestSerial>>);

impl Engine {
    /// The guest that comes with a request which may become a sign-in; none when what keeps guests does not answer: nobody is
    /// kept from signing in by that.
    pub async fn guest_to_carry(
        &self,
        cookie_header: Option<&str>,
        audience: &Audience,
    ) -> Option<KnownGuest> {
        match self.guest(cookie_header, audience, Presence::Passive).await {
            Ok(Attempt::Accepted(who)) => Some(who),
            Ok(Attempt::Absent | Attempt::Refused(_)) => None,
            Err(fault) => {
                tracing::warn!(code = fault.code(), "somebody signs in without what they had as a guest");
                None
            }
        }
    }

    /// What `guest` takes along to `session`, as changes that belong behind the one that starts it.
    pub(crate) async fn carry(
        &self,
        guest: Option<&KnownGuest>,
        session: &Session,
        user: &User,
    ) -> Result<Option<(Carried, Batch)>, Fault> {
        let Some(who) = guest.filter(|who| who.guest.audience == session.audience) else { return Ok(None) };
        let data = match self.guests().guest_data(who.guest.serial).await {
            Ok(Some(data)) => data,
            Ok(None) => return Ok(None),
            Err(fault) => {
                tracing::warn!(code = fault.code(), "somebody signs in without what they had as a guest");
                return Ok(Some((Carried::of(who), Batch::new())));
            }
        };
        let mut carried = Carried::of(who);
        let batch = self.moved(&mut carried, &data, session, user)?;
        Ok(Some((carried, batch)))
    }

    /// Ends the guest once what it takes along is committed. The answer to the sign-in waits for it.
    pub(crate) async fn leave(&self, mut carried: Carried, session: &Session, user: &User) {
        let serial = carried.who.guest.serial;
        if carried.read.is_none() {
            return self.unended.remember(serial);
        }
        if let Err(fault) = self.try_to_leave(&mut carried, session, user).await {
            tracing::warn!(
                code = fault.code(),
                "a guest could not be ended at a sign-in; the next tick tries again"
            );
            self.unended.remember(serial);
        }
    }

    async fn try_to_leave(&self, carried: &mut Carried, session: &Session, user: &User) -> Result<(), Fault> {
        let serial = carried.who.guest.serial;
        let ending = self.guest_ending(Reason::Replaced);
        for round in 0..=ROUNDS {
            let expect = carried.read.filter(|_| round < ROUNDS);
            let end = GuestChange::End { serial, expect, ending: ending.clone() };
            match self.guests().change_guest(end).await? {
                Err(Conflict::Moved) => {}
                Ok(_) | Err(_) => return Ok(()),
            }
            let Some(data) = self.guests().guest_data(serial).await? else { return Ok(()) };
            let batch = self.moved(carried, &data, session, user)?;
            if self.commit(batch).await?.is_err() {
                // The session has been ended by somebody else meanwhile, and its guest is not to outlive it.
                self.unended.remember(serial);
                return Ok(());
            }
        }
        Ok(())
    }

    /// The changes that make the slots of `session` what `data` says, as far as they cross.
    fn moved(
        &self,
        carried: &mut Carried,
        data: &GuestData,
        session: &Session,
        user: &User,
    ) -> Result<Batch, Fault> {
        let (theirs, own) = (self.guest_key(&carried.who.guest)?, self.slot_keys_of(user, &session.slots)?);
        let mut writes = Vec::new();
        let mut remembered: Vec<OperationId> = Vec::new();
        let mut before = std::mem::take(&mut carried.slots);
        for (name, slot) in &data.slots {
            let value = match opened(&theirs, &carried.who.guest.slots, name, &slot.value) {
                Ok((value, _)) if name == OPERATIONS => {
                    remembered = operations::read(&value)?.into_iter().map(|known| known.id).collect();
                    continue;
                }
                Ok((value, Crossing::Crosses)) => value,
                Ok((_, Crossing::Stays)) => continue,
                Err(fault) => {
                    tracing::warn!(
                        code = fault.code(),
                        "a slot of a guest cannot be opened and stays behind"
                    );
                    continue;
                }
            };
            carried.slots.insert(name.clone(), slot.version);
            if before.remove(name) == Some(slot.version) {
                continue;
            }
            let put = own.put(self, name, None, &value)?;
            writes.push(SlotWrite { name: name.clone(), expect: Expect::Whatever, put: Some(put) });
        }
        let gone = before.into_keys();
        writes.extend(gone.map(|name| SlotWrite { name, expect: Expect::Whatever, put: None }));
        carried.read = Some(data.version);
        if writes.is_empty() {
            return Ok(Batch::new());
        }
        let (serial, slots, at) = (session.serial, session.slots.clone(), self.now());
        // What they changed goes along, so a retry that comes after the sign-in counts no more than one before it.
        let last = remembered.len().saturating_sub(policy::OPERATIONS_CARRIED);
        let operations: Vec<_> =
            remembered.drain(last..).filter(|known| !carried.operations.contains(known)).collect();
        carried.operations.extend(&operations);
        let write = SlotsWrite { serial, slots, at, room: policy::SLOT_ROOM, operations, writes };
        Ok(Batch::of(Change::WriteSlots(write)))
    }

    /// Ends at most `limit` guests that a sign-in left behind alive.
    pub(crate) async fn end_left_behind(&self, limit: u32) {
        for _ in 0..limit {
            let Some(serial) = self.unended.next() else { return };
            let end = GuestChange::End { serial, expect: None, ending: self.guest_ending(Reason::Replaced) };
            if self.guests().change_guest(end).await.is_err() {
                // Nothing answers yet.
                self.unended.remember(serial);
                return;
            }
        }
    }
}

impl Carried {
    /// Nothing of `who` yet.
    fn of(who: &KnownGuest) -> Self {
        Self { who: who.clone(), read: None, slots: BTreeMap::new(), operations: Vec::new() }
    }
}

impl Unended {
    fn remember(&self, serial: GuestSerial) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < UNENDED {
            all.push_back(serial);
        }
    }

    fn next(&self) -> Option<GuestSerial> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}
