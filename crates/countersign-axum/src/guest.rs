//! The data behind a visit: that of whoever is signed in, or of a guest, who begins with the first write.
//!
//! A request that only reads begins nobody and sets no cookie. A guest that is not known any more has left nothing and begins
//! anew.

use std::sync::Arc;

use countersign::{Engine, GuestPut, KnownGuest, Left, Leftover, OperationId, Stranger};
use countersign_core::extent::Reason;
use countersign_core::record::Client;
use countersign_core::record::session::Audience;
use countersign_core::{Attempt, Refusal};
use tokio::sync::MutexGuard;

use crate::rejection::Rejection;
use crate::visit::{Baked, Guest, Visit};

impl Visit {
    /// The engine, and the application as it stands in the store.
    pub(crate) async fn app(&self) -> Result<(&Arc<Engine>, Client), Rejection> {
        let (engine, client) = self.own()?;
        Ok((engine, engine.app(client.as_str()).await?))
    }

    /// What the stranger has left, to be read.
    pub(crate) async fn left(&self) -> Result<Alone<'_>, Rejection> {
        Ok(Alone { left: self.own()?.0.left_by(self), _alone: self.arriving.lock().await })
    }

    /// The same to be written. Else another site could leave something with its visitors, and take what they had left away from
    /// them.
    pub(crate) async fn leaving(&self) -> Result<Alone<'_>, Rejection> {
        self.may_act()?;
        self.left().await
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
        // Who came with a session that a newer one replaced is no stranger: what they leave is not for a guest.
        let replaced = engine.leftover(self.cookies(), &audience).await == Leftover::Replaced;
        let found = match engine.guest(self.cookies(), &audience, self.orders.presence).await? {
            Attempt::Accepted(_) if !self.from_here => return Err(Rejection::CrossSite),
            _ if replaced => Guest::Ended,
            Attempt::Accepted(guest) => Guest::Known(Arc::new(guest)),
            Attempt::Absent => Guest::None,
            Attempt::Refused(refusal) => match engine.guest_leftover(self.cookies(), &audience).await {
                Leftover::Replaced => Guest::Ended,
                Leftover::Unclear if refusal == Refusal::SessionEnded => Guest::Ended,
                Leftover::Unclear | Leftover::Dead => Guest::None,
            },
        };
        self.arrived(found.clone(), None);
        Ok(match found {
            Guest::Known(guest) => Some(guest),
            Guest::Unasked | Guest::None | Guest::Ended => None,
        })
    }
}

/// What the stranger leaves, while nothing else of the same request reads or writes it.
pub(crate) struct Alone<'a> {
    left: Left<'a, Visit>,
    _alone: MutexGuard<'a, ()>,
}

impl<'a> std::ops::Deref for Alone<'a> {
    type Target = Left<'a, Visit>;

    fn deref(&self) -> &Self::Target {
        &self.left
    }
}

impl Stranger for Visit {
    type Error = Rejection;

    async fn guest(&self) -> Result<Option<Arc<KnownGuest>>, Rejection> {
        self.known_guest().await
    }

    async fn begin(&self, puts: &[GuestPut<'_>], once: Option<OperationId>) -> Result<(), Rejection> {
        if matches!(self.guest(), Guest::Ended) {
            return Err(Refusal::SessionEnded.into());
        }
        let (engine, client) = self.own()?;
        let audience = Audience::Client(client.clone());
        let begun = engine.begin_guest_once(audience, &self.visitor(), puts, once).await?;
        let cookie = engine.guest_cookie().set(&begun.cookie, Some(begun.max_age));
        self.arrived(Guest::Known(Arc::new(begun.who)), Some(Baked::of(cookie)));
        Ok(())
    }

    fn lost(&self) {
        self.arrived(Guest::None, None);
    }
}
