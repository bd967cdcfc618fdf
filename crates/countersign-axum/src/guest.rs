//! The data behind a visit: that of whoever is signed in, or of a guest, who begins with the first write.
//!
//! A request that only reads begins nobody and sets no cookie. A guest that is not known any more has left nothing and begins
//! anew.

use std::sync::Arc;

use countersign::{Crossing, Error, GuestPut, KnownGuest, Leftover};
use countersign_core::batch::Expect;
use countersign_core::extent::Reason;
use countersign_core::id::Version;
use countersign_core::record::session::Audience;
use countersign_core::{Attempt, Refusal};

use crate::rejection::Rejection;
use crate::visit::{Baked, Guest, Visit};

impl Visit {
    /// The value of a slot, none when nothing was written.
    pub(crate) async fn slot(&self, name: &str) -> Result<Option<(Version, Vec<u8>)>, Rejection> {
        let (engine, client) = self.own()?;
        if let Some(auth) = self.known() {
            let app = engine.app(client.as_str()).await?;
            return Ok(engine.slot(&app, auth.handle(), name).await?);
        }
        let _alone = self.arriving.lock().await;
        let Some(guest) = self.known_guest().await? else { return Ok(None) };
        Ok(engine.guest_slot(&guest, name).await?)
    }

    /// Writes a slot. The first write of a stranger begins a guest.
    pub(crate) async fn put(
        &self,
        name: &str,
        crossing: Crossing,
        expect: Expect,
        value: &[u8],
    ) -> Result<(), Rejection> {
        let (engine, client) = self.own()?;
        if let Some(auth) = self.known() {
            let app = engine.app(client.as_str()).await?;
            engine.put_slot(&app, auth.handle(), name, expect, value).await?;
            return Ok(());
        }
        // Else another site could leave something with its visitors, and take what they had left away from them.
        if !self.from_here {
            return Err(Rejection::CrossSite);
        }
        let _alone = self.arriving.lock().await;
        let puts = [GuestPut { name, expect, value: Some(value), crossing }];
        if let Some(guest) = self.known_guest().await? {
            match engine.write_guest(&guest, &puts).await {
                // Lost by what keeps guests; it begins anew below, if that is what the writer expects.
                Err(Error::Refusal(Refusal::SessionUnknown)) => self.arrived(Guest::None, None),
                written => return Ok(written.map(drop)?),
            }
        }
        if matches!(self.guest(), Guest::Ended) {
            return Err(Refusal::SessionEnded.into());
        }
        let audience = Audience::Client(client.clone());
        let begun = engine.begin_guest(audience.clone(), &self.visitor(), &puts).await?;
        let cookie = engine.cookie(&audience).set(&begun.cookie, Some(begun.max_age));
        self.arrived(Guest::Known(Arc::new(begun.who)), Some(Baked::of(cookie)));
        Ok(())
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
