//! What a stranger leaves, by type, as the data of a session: of the guest that they are, or that begins with the first write.
//!
//! Whoever speaks to the browser says which guest came, begins one, and keeps the cookie. What is changed, how often it is
//! tried and what counts once is decided here.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use countersign_core::batch::Expect;
use countersign_core::id::Version;
use countersign_core::slot::OperationId;
use countersign_core::{Fault, Refusal};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::data::{Bytes, Slot, TRIES, Writes};
use crate::engine::Engine;
use crate::error::Error;
use crate::guests::{GuestPut, KnownGuest};
use crate::operations::{Once, Remembered};

/// The browser of a stranger, as whoever speaks to it knows it. Of two things that one request does, the second begins when
/// the first has ended: else each of them might begin a guest, and the browser keeps one cookie.
pub trait Stranger: Sync {
    /// Why nothing comes of it.
    type Error: From<Error> + Send;

    /// The guest that came, as [`Engine::guest`] finds it, or that has begun since; none of somebody who has left nothing.
    fn guest(&self) -> impl Future<Output = Result<Option<Arc<KnownGuest>>, Self::Error>> + Send;

    /// Begins a guest with its first data, as [`Engine::begin_guest_once`] does. It is theirs from now on, and the answer takes
    /// its cookie along.
    fn begin(
        &self,
        puts: &[GuestPut<'_>],
        once: Option<OperationId>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// What keeps guests has lost theirs: there is none until another begins.
    fn lost(&self);
}

/// What a stranger leaves. Nothing is read before it is asked for, and reading begins nobody.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use countersign::{Engine, Error, GuestPut, KnownGuest, OperationId, Slot, Stranger, Visitor};
/// # use countersign::{Home, SessionRules, testing::Rig};
/// use countersign_core::record::Audience;
///
/// const VISITS: Slot<i64> = Slot::new("visits");
///
/// /// One request without a cookie, and the cookie that goes back.
/// struct Browser<'a> {
///     engine: &'a Engine,
///     visitor: Visitor,
///     here: Mutex<(Option<Arc<KnownGuest>>, Option<String>)>,
/// }
///
/// impl Stranger for Browser<'_> {
///     type Error = Error;
///
///     async fn guest(&self) -> Result<Option<Arc<KnownGuest>>, Error> {
///         Ok(self.here.lock().unwrap().0.clone())
///     }
///
///     async fn begin(&self, puts: &[GuestPut<'_>], once: Option<OperationId>) -> Result<(), Error> {
///         let audience = Audience::Client("app".parse().unwrap());
///         let begun = self.engine.begin_guest_once(audience, &self.visitor, puts, once).await?;
///         let cookie = self.engine.guest_cookie().set(&begun.cookie, Some(begun.max_age));
///         *self.here.lock().unwrap() = (Some(Arc::new(begun.who)), Some(cookie));
///         Ok(())
///     }
///
///     fn lost(&self) {
///         self.here.lock().unwrap().0 = None;
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let rig = Rig::new().await?;
/// # let engine = &rig.engine;
/// # Home::of(Arc::clone(engine), SessionRules::default()).await?;
/// let browser = Browser { engine, visitor: Rig::visitor(), here: Mutex::default() };
/// let left = engine.left_by(&browser);
/// assert_eq!(left.read(VISITS).await?, None);
/// // Counts once, however often this request is tried.
/// assert_eq!(left.add(VISITS, 1, "request 7").await?, 1);
/// assert_eq!(left.add(VISITS, 1, "request 7").await?, 1);
/// assert!(browser.here.lock().unwrap().1.is_some());
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Left<'a, S> {
    engine: &'a Engine,
    stranger: &'a S,
}

/// Whether a change of a stranger who has left nothing begins a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begins {
    Guest,
    Nobody,
}

impl Engine {
    /// What `stranger` leaves.
    #[must_use]
    pub const fn left_by<'a, S: Stranger>(&'a self, stranger: &'a S) -> Left<'a, S> {
        Left { engine: self, stranger }
    }
}

impl<S: Stranger> Left<'_, S> {
    /// The value of `slot` with its version; none when nothing was written.
    ///
    /// # Errors
    /// As [`Engine::guest_slot`]; [`Fault::Codec`]: the value is no `T`.
    pub async fn read<T: DeserializeOwned>(&self, slot: Slot<T>) -> Result<Option<(Version, T)>, S::Error> {
        let Some((version, bytes)) = self.kept(slot).await? else { return Ok(None) };
        Ok(Some((version, slot.parsed(&bytes).map_err(Error::from)?)))
    }

    /// Writes `slot` if `expect` holds of it; answers its new version.
    ///
    /// # Errors
    /// [`Refusal::Moved`]: it has another version. As [`Engine::write_guest`] and [`Engine::begin_guest`].
    pub async fn write<T: Serialize>(
        &self,
        slot: Slot<T>,
        expect: Expect,
        value: &T,
    ) -> Result<Version, S::Error> {
        let bytes = slot.spelled(value).map_err(Error::from)?;
        self.put(&[put(slot, expect, Some(&bytes))]).await
    }

    /// The whole of `slot`.
    ///
    /// # Errors
    /// As [`Engine::guest_slot`].
    pub async fn read_bytes(&self, slot: Slot<Bytes>) -> Result<Option<(Version, Vec<u8>)>, S::Error> {
        self.kept(slot).await
    }

    /// Writes the whole of `slot` if `expect` holds of it.
    ///
    /// # Errors
    /// As [`Left::write`].
    pub async fn write_bytes(
        &self,
        slot: Slot<Bytes>,
        expect: Expect,
        value: &[u8],
    ) -> Result<Version, S::Error> {
        self.put(&[put(slot, expect, Some(value))]).await
    }

    /// Removes `slot`, whatever it held; begins nobody.
    ///
    /// # Errors
    /// As [`Left::write`].
    pub async fn clear<T>(&self, slot: Slot<T>) -> Result<(), S::Error> {
        if self.stranger.guest().await?.is_some() {
            self.put(&[put(slot, Expect::Whatever, None)]).await?;
        }
        Ok(())
    }

    /// Makes all of `writes`, or none of them; answers the version that every slot of them has now.
    ///
    /// # Errors
    /// [`Refusal::Invalid`]: a slot is named twice, or none is. As [`Left::write`].
    pub async fn commit(&self, writes: Writes) -> Result<Version, S::Error> {
        self.put(&writes.of_guest().map_err(Error::from)?).await
    }

    /// As [`Data::update`](crate::Data::update).
    ///
    /// # Errors
    /// [`Fault::Contention`]: 32 tries met 32 others. As [`Left::read`] and [`Left::write`].
    pub async fn update<T: Default + Serialize + DeserializeOwned>(
        &self,
        slot: Slot<T>,
        mut change: impl FnMut(&mut T),
    ) -> Result<T, S::Error> {
        let changed = |value: &mut T| {
            change(value);
            Ok(())
        };
        Ok(self.swap(slot, None, Begins::Guest, changed).await?.map(|(value, ())| value).unwrap_or_default())
    }

    /// As [`Data::add`](crate::Data::add). The operations that a guest remembers take none of its 16 slots; the last 32 go along
    /// at a sign-in.
    ///
    /// # Errors
    /// [`Refusal::Invalid`]: the sum is larger than an `i64`. As [`Left::update`].
    pub async fn add(&self, slot: Slot<i64>, by: i64, once: &str) -> Result<i64, S::Error> {
        let sum = |number: &mut i64| {
            *number = slot.sum(*number, by)?;
            Ok(())
        };
        let once = slot.operation("add", &by, once).map_err(Error::from)?;
        match self.swap(slot, Some(once), Begins::Guest, sum).await? {
            Some((sum, ())) => Ok(sum),
            None => Ok(self.read(slot).await?.map_or(0, |(_, number)| number)),
        }
    }

    /// As [`Data::insert`](crate::Data::insert).
    ///
    /// # Errors
    /// As [`Left::update`].
    pub async fn insert<T>(&self, slot: Slot<BTreeSet<T>>, item: T, once: &str) -> Result<bool, S::Error>
    where
        T: Clone + Ord + Serialize + DeserializeOwned,
    {
        let put = |set: &mut BTreeSet<T>| Ok(set.insert(item.clone()));
        let once = slot.operation("insert", &item, once).map_err(Error::from)?;
        Ok(self.swap(slot, Some(once), Begins::Guest, put).await?.is_some_and(|(_, new)| new))
    }

    /// As [`Data::remove`](crate::Data::remove); begins nobody.
    ///
    /// # Errors
    /// As [`Left::update`].
    pub async fn remove<T>(&self, slot: Slot<BTreeSet<T>>, item: &T, once: &str) -> Result<bool, S::Error>
    where
        T: Ord + Serialize + DeserializeOwned,
    {
        let take = |set: &mut BTreeSet<T>| Ok(set.remove(item));
        let once = slot.operation("remove", item, once).map_err(Error::from)?;
        Ok(self.swap(slot, Some(once), Begins::Nobody, take).await?.is_some_and(|(_, was)| was))
    }

    async fn kept<T>(&self, slot: Slot<T>) -> Result<Option<(Version, Vec<u8>)>, S::Error> {
        let Some(guest) = self.stranger.guest().await? else { return Ok(None) };
        Ok(self.engine.guest_slot(&guest, slot.name()).await?)
    }

    async fn put(&self, puts: &[GuestPut<'_>]) -> Result<Version, S::Error> {
        if let Some(guest) = self.stranger.guest().await? {
            match self.engine.write_guest(&guest, puts).await {
                // It begins anew below, if that is what the writer expects.
                Err(Error::Refusal(Refusal::SessionUnknown)) => self.stranger.lost(),
                written => return Ok(written?),
            }
        }
        self.stranger.begin(puts, None).await?;
        Ok(Version::FIRST)
    }

    /// Reads, changes and swaps until nobody else was faster; none when the operation has been applied before, or when there is
    /// nothing to change and this begins nobody.
    async fn swap<T: Default + Serialize + DeserializeOwned, A>(
        &self,
        slot: Slot<T>,
        once: Option<OperationId>,
        begins: Begins,
        mut change: impl FnMut(&mut T) -> Result<A, Refusal>,
    ) -> Result<Option<(T, A)>, S::Error> {
        for tried in 0..TRIES {
            let guest = self.stranger.guest().await?;
            if guest.is_none() && begins == Begins::Nobody {
                return Ok(None);
            }
            // Those of this process take turns, so that only other nodes can be faster.
            let _turn = match &guest {
                Some(guest) => Some(self.engine.guest_turn(guest).await),
                None => None,
            };
            let remembered = match (&guest, once) {
                (Some(guest), Some(_)) => self.engine.remembered(guest).await?,
                _ => Remembered::default(),
            };
            if once.is_some_and(|id| remembered.knows(id)) {
                return Ok(None);
            }
            let found = match &guest {
                Some(guest) => self.engine.guest_slot(guest, slot.name()).await?,
                None => None,
            };
            let (expect, mut value) = match found {
                Some((version, bytes)) => (Expect::At(version), slot.parsed(&bytes).map_err(Error::from)?),
                None => (Expect::Absent, T::default()),
            };
            let answer = change(&mut value).map_err(Error::from)?;
            let bytes = slot.spelled(&value).map_err(Error::from)?;
            let puts = [put(slot, expect, Some(&bytes))];
            let Some(guest) = guest else {
                self.stranger.begin(&puts, once).await?;
                return Ok(Some((value, answer)));
            };
            let once = once.map(|id| Once { id, remembered: &remembered });
            match self.engine.write_guest_once(&guest, &puts, once).await {
                Ok(_) => return Ok(Some((value, answer))),
                Err(Error::Refusal(Refusal::Moved)) => {
                    self.engine.step_back(tried).await.map_err(Error::from)?;
                }
                Err(Error::Refusal(Refusal::SessionUnknown)) => self.stranger.lost(),
                Err(other) => return Err(other.into()),
            }
        }
        Err(Error::from(Fault::Contention).into())
    }
}

fn put<'a, T>(slot: Slot<T>, expect: Expect, value: Option<&'a [u8]>) -> GuestPut<'a> {
    GuestPut { name: slot.name(), expect, value, crossing: slot.crossing() }
}
