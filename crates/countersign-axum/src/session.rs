//! The data of a session, slot by slot: a handler reads and writes only what it names.
//!
//! Each slot has its own version, so two requests that write different slots both survive, and the same slot is
//! compare-and-swap.

use std::marker::PhantomData;
use std::sync::Arc;

use axum_core::extract::FromRequestParts;
use countersign::{Engine, Error};
use countersign_core::batch::Expect;
use countersign_core::id::{ClientId, Version};
use countersign_core::{Fault, Refusal};
use http::request::Parts;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::rejection::Rejection;
use crate::visit::Visit;

/// The typed name of one piece of session data, a `const` of the application.
///
/// ```
/// use countersign_axum::Slot;
/// const CART: Slot<Vec<String>> = Slot::new("cart");
/// assert_eq!(CART.name(), "cart");
/// ```
#[derive(Debug)]
pub struct Slot<T> {
    name: &'static str,
    holds: PhantomData<fn() -> T>,
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Slot<T> {}

impl<T> Slot<T> {
    /// The slot `name`: 1 to 64 of `a-z 0-9 _ . -`.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, holds: PhantomData }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }
}

/// The session behind this request: its data, and under [`Guard::sessions`](crate::Guard::sessions) who is signed in.
/// Routes need that guard or one made by [`Guard::sessions_of`](crate::Guard::sessions_of).
#[derive(Clone, Debug)]
pub struct Session(pub(crate) Access);

/// Which session, and the way to its data.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    engine: Arc<Engine>,
    client: ClientId,
    seat: Seat,
}

/// Whose the session is.
#[derive(Clone, Debug)]
enum Seat {
    /// It was there when the request came, under this handle.
    Taken(String),
    /// It may begin and end while the request is served.
    Visiting(Arc<Visit>),
}

impl Access {
    pub(crate) const fn new(engine: Arc<Engine>, client: ClientId, handle: String) -> Self {
        Self { engine, client, seat: Seat::Taken(handle) }
    }

    pub(crate) fn visiting(visit: Arc<Visit>) -> Self {
        let (engine, client) = (Arc::clone(visit.home().engine()), visit.home().client().clone());
        Self { engine, client, seat: Seat::Visiting(visit) }
    }

    /// The public name of the session as it is now.
    fn handle(&self) -> Result<String, Refusal> {
        match &self.seat {
            Seat::Taken(handle) => Ok(handle.clone()),
            Seat::Visiting(visit) => {
                visit.known().map(|known| known.checked.handle.to_string()).ok_or(Refusal::SessionAbsent)
            }
        }
    }

    pub(crate) fn visit(&self) -> Option<&Arc<Visit>> {
        match &self.seat {
            Seat::Taken(_) => None,
            Seat::Visiting(visit) => Some(visit),
        }
    }
}

/// How often an update is tried against others before it gives up.
const TRIES: usize = 32;

impl Session {
    /// The value of `slot`; none when it was never written.
    ///
    /// # Errors
    /// The session has ended, the value is not a `T`, or the store could not answer.
    pub async fn read<T: DeserializeOwned>(&self, slot: Slot<T>) -> Result<Option<T>, Rejection> {
        Ok(self.fetch(slot).await?.map(|(_, value)| value))
    }

    /// Writes `slot`, whatever it held.
    ///
    /// # Errors
    /// The session has ended, the value is too large, or the store could not answer.
    pub async fn write<T: Serialize>(&self, slot: Slot<T>, value: &T) -> Result<(), Rejection> {
        self.store(slot, Expect::Whatever, value).await
    }

    /// Changes `slot` in place, starting from `T::default()`; tried again when somebody else was faster, so `change` may run
    /// more than once.
    ///
    /// # Errors
    /// The session has ended, the value is too large, the store could not answer, or 32 tries met 32 others.
    pub async fn update<T: Default + Serialize + DeserializeOwned>(
        &self,
        slot: Slot<T>,
        mut change: impl FnMut(&mut T),
    ) -> Result<T, Rejection> {
        for _ in 0..TRIES {
            let (expect, mut value) = match self.fetch(slot).await? {
                Some((version, value)) => (Expect::At(version), value),
                None => (Expect::Absent, T::default()),
            };
            change(&mut value);
            match self.store(slot, expect, &value).await {
                Err(Rejection::Refusal(Refusal::Moved)) => {}
                Err(other) => return Err(other),
                Ok(()) => return Ok(value),
            }
        }
        Err(Fault::Contention.into())
    }

    async fn fetch<T: DeserializeOwned>(&self, slot: Slot<T>) -> Result<Option<(Version, T)>, Rejection> {
        let Access { engine, client, .. } = &self.0;
        let handle = self.0.handle()?;
        let app = engine.app(client.as_str()).await?;
        let Some((version, bytes)) = engine.slot(&app, &handle, slot.name).await? else { return Ok(None) };
        let value =
            serde_json::from_slice(&bytes).map_err(|e| Fault::Codec(format!("slot `{}`: {e}", slot.name)))?;
        Ok(Some((version, value)))
    }

    async fn store<T: Serialize>(&self, slot: Slot<T>, expect: Expect, value: &T) -> Result<(), Rejection> {
        let Access { engine, client, .. } = &self.0;
        let handle = self.0.handle()?;
        let bytes =
            serde_json::to_vec(value).map_err(|e| Fault::Codec(format!("slot `{}`: {e}", slot.name)))?;
        let app = engine.app(client.as_str()).await?;
        engine
            .put_slot(&app, &handle, slot.name, expect, &bytes)
            .await
            .map_err(|error: Error| error.into())
            .map(|_| ())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        parts.extensions.get::<Access>().cloned().map(Self).ok_or(Rejection::Refusal(Refusal::SessionAbsent))
    }
}
