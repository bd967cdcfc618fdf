//! The data of a session, slot by slot: a handler reads and writes only what it names.
//!
//! Each slot has its own version, so two requests that write different slots both survive, and the same slot is
//! compare-and-swap.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum_core::extract::FromRequestParts;
use countersign::{Expect, Slot, Version, Writes};
use countersign_core::Refusal;
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

impl Session {
    /// The value of `slot`; none when it was never written.
    ///
    /// # Errors
    /// The session has ended, the value is not a `T`, or the store could not answer.
    pub async fn read<T: DeserializeOwned>(&self, slot: Slot<T>) -> Result<Option<T>, Rejection> {
        Ok(self.read_version(slot).await?.map(|(_, value)| value))
    }

    /// The value of `slot` with its version, which a later write may insist on.
    ///
    /// # Errors
    /// As [`Session::read`].
    pub async fn read_version<T: DeserializeOwned>(
        &self,
        slot: Slot<T>,
    ) -> Result<Option<(Version, T)>, Rejection> {
        if let Some(auth) = self.0.known() {
            let (engine, app) = self.0.app().await?;
            return Ok(engine.data(&app, auth.handle()).read(slot).await?);
        }
        self.0.left().await?.read(slot).await
    }

    /// Writes `slot`, whatever it held.
    ///
    /// # Errors
    /// The session has ended, the value is too large, or the store could not answer.
    pub async fn write<T: Serialize>(&self, slot: Slot<T>, value: &T) -> Result<(), Rejection> {
        self.write_if(slot, Expect::Whatever, value).await.map(drop)
    }

    /// Writes `slot` if `expect` holds of it; answers its new version.
    ///
    /// # Errors
    /// [`Refusal::Moved`]: it has another version. As [`Session::write`].
    pub async fn write_if<T: Serialize>(
        &self,
        slot: Slot<T>,
        expect: Expect,
        value: &T,
    ) -> Result<Version, Rejection> {
        if let Some(auth) = self.0.known() {
            let (engine, app) = self.0.app().await?;
            return Ok(engine.data(&app, auth.handle()).write(slot, expect, value).await?);
        }
        self.0.leaving().await?.write(slot, expect, value).await
    }

    /// Removes `slot`, whatever it held.
    ///
    /// # Errors
    /// As [`Session::write`].
    pub async fn clear<T>(&self, slot: Slot<T>) -> Result<(), Rejection> {
        if let Some(auth) = self.0.known() {
            let (engine, app) = self.0.app().await?;
            return Ok(engine.data(&app, auth.handle()).clear(slot, Expect::Whatever).await?);
        }
        self.0.leaving().await?.clear(slot).await
    }

    /// Makes all of `writes`, or none of them; answers the version that every slot of them has now.
    ///
    /// # Errors
    /// [`Refusal::Moved`]: a slot is not as expected. [`Refusal::Invalid`]: a slot is named twice, or none is. As
    /// [`Session::write`].
    pub async fn commit(&self, writes: Writes) -> Result<Version, Rejection> {
        if let Some(auth) = self.0.known() {
            let (engine, app) = self.0.app().await?;
            return Ok(engine.data(&app, auth.handle()).commit(writes).await?);
        }
        self.0.leaving().await?.commit(writes).await
    }

    /// Changes `slot` in place, starting from `T::default()`; tried again when somebody else was faster, so `change` may run
    /// more than once.
    ///
    /// # Errors
    /// The session has ended, the value is too large, the store could not answer, or 32 tries met 32 others.
    pub async fn update<T: Default + Serialize + DeserializeOwned>(
        &self,
        slot: Slot<T>,
        change: impl FnMut(&mut T),
    ) -> Result<T, Rejection> {
        if let Some(auth) = self.0.known() {
            let (engine, app) = self.0.app().await?;
            return Ok(engine.data(&app, auth.handle()).update(slot, change).await?);
        }
        self.0.leaving().await?.update(slot, change).await
    }

    /// Adds `by` to the number in `slot`, and answers the sum. Tried again with the same `once`, such as the id of a request,
    /// it counts once: the last 256 operations of a session are remembered, for a day at the most. Those of a
    /// guest take none of its 16 slots, and the last 32 go along at a sign-in.
    ///
    /// # Errors
    /// As [`Session::update`]; the sum is too large.
    pub async fn add(&self, slot: Slot<i64>, by: i64, once: &str) -> Result<i64, Rejection> {
        if let Some(auth) = self.0.known() {
            let (engine, app) = self.0.app().await?;
            return Ok(engine.data(&app, auth.handle()).add(slot, by, once).await?);
        }
        self.0.leaving().await?.add(slot, by, once).await
    }

    /// Puts `item` into the set in `slot`; answers whether it is new there. `once` is as in [`Session::add`]; an operation that
    /// has been applied changes nothing and answers `false`.
    ///
    /// # Errors
    /// As [`Session::update`].
    pub async fn insert<T>(&self, slot: Slot<BTreeSet<T>>, item: T, once: &str) -> Result<bool, Rejection>
    where
        T: Clone + Ord + Serialize + DeserializeOwned,
    {
        if let Some(auth) = self.0.known() {
            let (engine, app) = self.0.app().await?;
            return Ok(engine.data(&app, auth.handle()).insert(slot, item, once).await?);
        }
        self.0.leaving().await?.insert(slot, item, once).await
    }

    /// Takes `item` out of the set in `slot`; answers whether it was there. `once` is as in [`Session::add`]; an operation that
    /// has been applied changes nothing and answers `false`.
    ///
    /// # Errors
    /// As [`Session::update`].
    pub async fn remove<T>(&self, slot: Slot<BTreeSet<T>>, item: &T, once: &str) -> Result<bool, Rejection>
    where
        T: Ord + Serialize + DeserializeOwned,
    {
        if let Some(auth) = self.0.known() {
            let (engine, app) = self.0.app().await?;
            return Ok(engine.data(&app, auth.handle()).remove(slot, item, once).await?);
        }
        self.0.leaving().await?.remove(slot, item, once).await
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
