//! The data of a session, slot by slot: a handler reads and writes only what it names.
//!
//! Each slot has its own version, so two requests that write different slots both survive, and the same slot is
//! compare-and-swap.

use std::sync::Arc;

use axum_core::extract::FromRequestParts;
use countersign::{Expect, Slot};
use countersign_core::id::Version;
use countersign_core::{Fault, Refusal};
use http::request::Parts;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::auth::asking;
use crate::look::{Asked, Found};
use crate::rejection::Rejection;
use crate::visit::Visit;

/// The session behind this request: its data, and under [`Guard::sessions`](crate::Guard::sessions) who is signed in.
/// Routes need that guard or one made by [`Guard::sessions_of`](crate::Guard::sessions_of).
///
/// Where the guard is [optional](crate::Guard::optional), a stranger has one, too: a guest, who begins with the first slot that
/// is written. A stranger who has left nothing reads nothing and gets no cookie.
///
/// ```
/// use axum::{Router, body::Body, extract::Path, routing::get};
/// use countersign_axum::{Rejection, Session, Slot, testing::Shop};
/// use http::{Request, header};
/// use tower::ServiceExt;
///
/// const CART: Slot<Vec<String>> = Slot::new("cart");
/// const VISITS: Slot<i64> = Slot::new("visits");
///
/// /// Opens two slots and no other; either is tried again when another request was faster.
/// async fn visit(session: Session, Path(request): Path<String>) -> Result<String, Rejection> {
///     let cart = session.update(CART, |cart| cart.push("rope".to_owned())).await?;
///     let visits = session.add(VISITS, 1, &request).await?;
///     Ok(format!("{} in the cart, {visits} visits", cart.len()))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let shop = Shop::open().await?;
/// let app = Router::new().route("/visit/{request}", get(visit)).layer(shop.guard());
/// let ada = shop.signed_in_as("ada").await?;
/// // The second request is the first one again.
/// for (request, said) in [("a", "1 in the cart, 1 visits"), ("a", "2 in the cart, 1 visits")] {
///     let ask = Request::get(format!("/visit/{request}")).header(header::COOKIE, &ada).body(Body::empty())?;
///     let answer = app.clone().oneshot(ask).await?;
///     assert_eq!(axum::body::to_bytes(answer.into_body(), 100).await?, said);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Session(pub(crate) Arc<Visit>);

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
        if let Some(auth) = self.0.known() {
            let (engine, client) = self.0.own()?;
            let app = engine.app(client.as_str()).await?;
            return Ok(engine.data(&app, auth.handle()).update(slot, change).await?);
        }
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

    /// Adds `by` to the number in `slot` of whoever is signed in, and answers the sum. Tried again with the same `once`, such
    /// as the id of a request, it counts once: the last 256 operations of a session are remembered, for a day at the most.
    ///
    /// # Errors
    /// As [`Session::update`]; the sum is too large; nobody is signed in.
    pub async fn add(&self, slot: Slot<i64>, by: i64, once: &str) -> Result<i64, Rejection> {
        let auth = self.0.known().ok_or(Refusal::SessionAbsent)?;
        let (engine, client) = self.0.own()?;
        let app = engine.app(client.as_str()).await?;
        Ok(engine.data(&app, auth.handle()).add(slot, by, once).await?)
    }

    async fn fetch<T: DeserializeOwned>(&self, slot: Slot<T>) -> Result<Option<(Version, T)>, Rejection> {
        let Some((version, bytes)) = self.0.slot(slot.name()).await? else { return Ok(None) };
        let value = serde_json::from_slice(&bytes)
            .map_err(|e| Fault::Codec(format!("slot `{}`: {e}", slot.name())))?;
        Ok(Some((version, value)))
    }

    async fn store<T: Serialize>(&self, slot: Slot<T>, expect: Expect, value: &T) -> Result<(), Rejection> {
        let bytes =
            serde_json::to_vec(value).map_err(|e| Fault::Codec(format!("slot `{}`: {e}", slot.name())))?;
        self.0.put(slot.name(), slot.crossing(), expect, &bytes).await
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        match asking(parts).await? {
            Found::Visitor(visit) => Ok(Self(visit)),
            Found::Somebody(auth) => {
                let absent = Rejection::Refusal(Refusal::SessionAbsent);
                let orders = Arc::clone(&auth.session().ok_or(absent)?.orders);
                let visit = Visit::begin(orders, Some(auth), None, true, &Asked::from(&*parts));
                Ok(Self(Arc::new(visit)))
            }
            Found::Nobody => Err(Rejection::Refusal(Refusal::SessionAbsent)),
        }
    }
}
