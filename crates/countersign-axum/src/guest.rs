//! The data behind a visit: that of whoever is signed in, or of a guest, who begins with the first write.
//!
//! A request that only reads begins nobody and sets no cookie. A guest that is not known any more has left nothing and begins
//! anew.

use std::sync::Arc;

use countersign::{
    Crossing, Engine, Error, Expect, GuestPut, KnownGuest, Leftover, Once, OperationId, Remembered, Slot,
    Version,
};
use countersign_core::extent::Reason;
use countersign_core::record::Client;
use countersign_core::record::session::Audience;
use countersign_core::{Attempt, Fault, Refusal};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::rejection::Rejection;
use crate::visit::{Baked, Guest, Visit};

/// How often a change is tried against others before it gives up.
const TRIES: usize = 32;

/// Whether a change of a stranger who has left nothing begins a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begins {
    Guest,
    Nobody,
}

impl Visit {
    /// The engine, and the application as it stands in the store.
    pub(crate) async fn app(&self) -> Result<(&Arc<Engine>, Client), Rejection> {
        let (engine, client) = self.own()?;
        Ok((engine, engine.app(client.as_str()).await?))
    }

    /// The value of a slot, none when nothing was written.
    pub(crate) async fn slot(&self, name: &str) -> Result<Option<(Version, Vec<u8>)>, Rejection> {
        if let Some(auth) = self.known() {
            let (engine, app) = self.app().await?;
            return Ok(engine.slot(&app, auth.handle(), name).await?);
        }
        let _alone = self.arriving.lock().await;
        let Some(guest) = self.known_guest().await? else { return Ok(None) };
        Ok(self.own()?.0.guest_slot(&guest, name).await?)
    }

    /// Writes slots of a stranger, all or none. The first write begins a guest.
    pub(crate) async fn leave(&self, puts: &[GuestPut<'_>]) -> Result<Version, Rejection> {
        self.may_act()?;
        let _alone = self.arriving.lock().await;
        self.leave_alone(puts, None).await
    }

    /// Removes a slot of a stranger, whatever it held; begins nobody.
    pub(crate) async fn clear(&self, name: &str, crossing: Crossing) -> Result<(), Rejection> {
        self.may_act()?;
        let _alone = self.arriving.lock().await;
        if self.known_guest().await?.is_some() {
            let put = GuestPut { name, expect: Expect::Whatever, value: None, crossing };
            self.leave_alone(&[put], None).await?;
        }
        Ok(())
    }

    /// Reads, changes and swaps a slot of a stranger until nobody else was faster; none when the operation `once` has been
    /// applied before, or when there is nothing to change and `begins` says that this begins nobody.
    pub(crate) async fn swap<T: Default + Serialize + DeserializeOwned, A>(
        &self,
        slot: Slot<T>,
        once: Option<OperationId>,
        begins: Begins,
        mut change: impl FnMut(&mut T) -> Result<A, Refusal>,
    ) -> Result<Option<(T, A)>, Rejection> {
        self.may_act()?;
        let (engine, _) = self.own()?;
        let (name, crossing) = (slot.name(), slot.crossing());
        let _alone = self.arriving.lock().await;
        for _ in 0..TRIES {
            let guest = self.known_guest().await?;
            let _turn = match &guest {
                Some(guest) => Some(engine.guest_turn(guest).await),
                None => None,
            };
            let (remembered, found) = match (&guest, once) {
                (None, _) if begins == Begins::Nobody => return Ok(None),
                (None, _) => (Remembered::default(), None),
                (Some(guest), None) => (Remembered::default(), engine.guest_slot(guest, name).await?),
                (Some(guest), Some(_)) => {
                    (engine.remembered(guest).await?, engine.guest_slot(guest, name).await?)
                }
            };
            if once.is_some_and(|id| remembered.knows(id)) {
                return Ok(None);
            }
            let (expect, mut value) = match found {
                Some((version, bytes)) => (Expect::At(version), slot.parsed(&bytes)?),
                None => (Expect::Absent, T::default()),
            };
            let answer = change(&mut value)?;
            let bytes = slot.spelled(&value)?;
            let put = GuestPut { name, expect, value: Some(&bytes), crossing };
            let once = once.map(|id| Once { id, remembered: &remembered });
            match self.leave_alone(&[put], once).await {
                Ok(_) => return Ok(Some((value, answer))),
                Err(Rejection::Refusal(Refusal::Moved)) => {}
                Err(other) => return Err(other),
            }
        }
        Err(Fault::Contention.into())
    }

    /// As [`Visit::leave`], for whoever is alone.
    async fn leave_alone(&self, puts: &[GuestPut<'_>], once: Option<Once<'_>>) -> Result<Version, Rejection> {
        let (engine, client) = self.own()?;
        if let Some(guest) = self.known_guest().await? {
            match engine.write_guest_once(&guest, puts, once).await {
                // Lost by what keeps guests; it begins anew below, if that is what the writer expects.
                Err(Error::Refusal(Refusal::SessionUnknown)) => self.arrived(Guest::None, None),
                written => return Ok(written?),
            }
        }
        if matches!(self.guest(), Guest::Ended) {
            return Err(Refusal::SessionEnded.into());
        }
        let audience = Audience::Client(client.clone());
        let once = once.map(|once| once.id);
        let begun = engine.begin_guest_once(audience.clone(), &self.visitor(), puts, once).await?;
        let cookie = engine.cookie(&audience).set(&begun.cookie, Some(begun.max_age));
        self.arrived(Guest::Known(Arc::new(begun.who)), Some(Baked::of(cookie)));
        Ok(Version::FIRST)
    }

    /// What the stranger left is gone.
    pub(crate) async fn forget_guest(&self) -> Result<(), Rejection> {
        let _alone = self.arriving.lock().await;
        if let Some(guest) = self.known_guest().await? {
            self.own()?.0.end_guest(&guest, Reason::SignedOut).await?;
        }
        Ok(())
    }

    /// The guest that the stranger is, looked for once.
    async fn known_guest(&self) -> Result<Option<Arc<KnownGuest>>, Rejection> {
        match self.guest() {
            Guest::Known(guest) => return Ok(Some(guest)),
            Guest::None | Guest::Ended => return Ok(None),
            Guest::Unasked => {}
        }
        let (engine, client) = self.own()?;
        let audience = Audience::Client(client.clone());
        let found = match engine.guest(self.cookies(), &audience, self.orders.presence).await? {
            Attempt::Accepted(_) if !self.from_here => return Err(Rejection::CrossSite),
            Attempt::Accepted(guest) => Guest::Known(Arc::new(guest)),
            other => match (other, engine.leftover(self.cookies(), &audience).await) {
                (_, Leftover::Replaced) => Guest::Ended,
                (_, Leftover::Dead) => Guest::None,
                (Attempt::Refused(Refusal::SessionEnded), Leftover::Unclear) => Guest::Ended,
                (_, Leftover::Unclear) => Guest::None,
            },
        };
        self.arrived(found.clone(), None);
        Ok(match found {
            Guest::Known(guest) => Some(guest),
            Guest::Unasked | Guest::None | Guest::Ended => None,
        })
    }
}
