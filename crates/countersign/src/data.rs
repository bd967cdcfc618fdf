//! The data of one session by type: a slot is a `const`, and whoever names one opens that one only.
//!
//! Each slot has its own version, so requests that write different slots both survive; the same slot is compared and
//! swapped. A change that was overtaken is tried again, and an operation has a name, so that a retry counts once.

use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use countersign_core::batch::{Conflict, Expect};
use countersign_core::id::Version;
use countersign_core::record::Client;
use countersign_core::slot::{OperationId, SlotWrite};
use countersign_core::{Fault, Refusal};
use countersign_jose::primitive::sha256;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::engine::Engine;
use crate::error::Result;
use crate::guests::{Crossing, GuestPut};
use crate::slots::{ALL, fits, named};

/// How often a change is tried against others before it gives up.
pub(crate) const TRIES: u32 = 32;

/// The longest that it waits after the first try and, doubled each time, after later ones.
const AWAY: Duration = Duration::from_millis(1);

/// How often that is doubled: to a quarter of a second.
const DOUBLED: u32 = 8;

/// The typed name of one piece of session data, a `const` of the application.
///
/// ```
/// use countersign::Slot;
/// const CART: Slot<Vec<String>> = Slot::new("cart");
/// assert_eq!(CART.name(), "cart");
/// ```
pub struct Slot<T> {
    name: &'static str,
    crossing: Crossing,
    holds: PhantomData<fn() -> T>,
}

/// What a slot holds that is kept as it is, not as JSON: a picture, a document. It is also read and written in part.
#[derive(Clone, Copy, Debug)]
pub enum Bytes {}

/// The data of one session, as its application sees it. Nothing is read before it is asked for.
///
/// ```
/// use countersign::{Data, Expect, Slot, Writes};
/// # use countersign::{Home, SessionRules, testing::Rig};
/// # use countersign_core::record::Audience;
///
/// const CART: Slot<Vec<String>> = Slot::new("cart");
/// const VISITS: Slot<i64> = Slot::new("visits");
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let rig = Rig::new().await?;
/// # let engine = &rig.engine;
/// # let home = Home::of(std::sync::Arc::clone(engine), SessionRules::default()).await?;
/// # let app = engine.app(home.client().as_str()).await?;
/// # rig.person("ada@marsh.example", "lantern rope harbour").await?;
/// # let password = countersign::Password::typed("lantern rope harbour".to_owned());
/// # let at = Audience::Client(app.id.clone());
/// # let ada = engine.sign_in("ada@marsh.example", password, &Rig::visitor(), at, None).await?;
/// # let handle = engine.handle(ada.session.serial).to_string();
/// let data: Data<'_> = engine.data(&app, &handle);
/// // Tried again when somebody else was faster.
/// data.update(CART, |cart| cart.push("rope".to_owned())).await?;
/// // Counts once, however often this request is tried.
/// assert_eq!(data.add(VISITS, 1, "request 7").await?, 1);
/// assert_eq!(data.add(VISITS, 1, "request 7").await?, 1);
/// // Both of them, or neither.
/// let writes = Writes::new().put(CART, Expect::Present, &vec![])?.clear(VISITS, Expect::Whatever);
/// let version = data.commit(writes).await?;
/// assert_eq!(data.read(CART).await?, Some((version, vec![])));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Data<'a> {
    engine: &'a Engine,
    app: &'a Client,
    handle: &'a str,
}

/// Writes of several slots that happen together or not at all.
#[derive(Clone, Debug, Default)]
pub struct Writes(Vec<Planned>);

#[derive(Clone, Debug)]
struct Planned {
    name: &'static str,
    crossing: Crossing,
    expect: Expect,
    value: Option<Vec<u8>>,
}

impl<T> Slot<T> {
    /// The slot `name`: 1 to 64 of `a-z 0-9 _ . -`.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, crossing: Crossing::Stays, holds: PhantomData }
    }

    /// The same slot, taken along when a guest signs in. Whoever was at the browser before may have put it there, so it must be
    /// nothing that is trusted: a cart, not a permission.
    #[must_use]
    pub const fn carried(self) -> Self {
        Self { crossing: Crossing::Crosses, ..self }
    }

    /// Whether it is taken along when a guest signs in.
    #[must_use]
    pub const fn crossing(self) -> Crossing {
        self.crossing
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Names an operation by what it does, to this slot, with what, and what its caller calls it: one request may do several
    /// things under one name.
    ///
    /// # Errors
    /// [`Fault::Codec`]: `with` has no JSON.
    pub(crate) fn operation<W: Serialize>(
        self,
        what: &str,
        with: &W,
        once: &str,
    ) -> Result<OperationId, Fault> {
        // Only the last part may have any length and a `/`.
        let with = sha256(&json(self, with)?);
        let parts = [what.as_bytes(), b"/", self.name.as_bytes(), b"/", &with, once.as_bytes()];
        let mut id = [0; 16];
        id.iter_mut().zip(sha256(&parts.concat())).for_each(|(to, from)| *to = from);
        Ok(OperationId(id))
    }

    /// What `bytes` say, as they are kept.
    ///
    /// # Errors
    /// [`Fault::Codec`]: they are no `T`.
    pub(crate) fn parsed(self, bytes: &[u8]) -> Result<T, Fault>
    where
        T: DeserializeOwned,
    {
        serde_json::from_slice(bytes).map_err(|error| unlike(self, &error))
    }

    /// `value` as it is kept.
    ///
    /// # Errors
    /// [`Fault::Codec`]: it has no JSON.
    pub(crate) fn spelled(self, value: &T) -> Result<Vec<u8>, Fault>
    where
        T: Serialize,
    {
        json(self, value)
    }
}

impl Slot<i64> {
    /// The number of the slot and `by`.
    ///
    /// # Errors
    /// [`Refusal::Invalid`]: it is larger than an `i64`.
    pub(crate) fn sum(self, number: i64, by: i64) -> Result<i64, Refusal> {
        number.checked_add(by).ok_or_else(|| Refusal::Invalid {
            what: format!("the number in the slot `{}` would be too large", self.name),
        })
    }
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Slot<T> {}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Slot({})", self.name)
    }
}

impl Engine {
    /// The data of the session that `handle` names, as `app` sees it.
    #[must_use]
    pub const fn data<'a>(&'a self, app: &'a Client, handle: &'a str) -> Data<'a> {
        Data { engine: self, app, handle }
    }
}

impl Data<'_> {
    /// The value of `slot` with its version; none when nothing was written.
    ///
    /// # Errors
    /// As [`Engine::slot`]; [`Fault::Codec`]: the value is no `T`.
    pub async fn read<T: DeserializeOwned>(&self, slot: Slot<T>) -> Result<Option<(Version, T)>> {
        let found = self.engine.slot(self.app, self.handle, slot.name).await?;
        Ok(found.map(|(version, bytes)| slot.parsed(&bytes).map(|value| (version, value))).transpose()?)
    }

    /// Writes `slot` if `expect` holds of it; answers its new version.
    ///
    /// # Errors
    /// [`Refusal::Moved`]: it has another version. As [`Engine::put_slot`].
    pub async fn write<T: Serialize>(&self, slot: Slot<T>, expect: Expect, value: &T) -> Result<Version> {
        let bytes = json(slot, value)?;
        self.engine.put_slot(self.app, self.handle, slot.name, expect, &bytes).await
    }

    /// Removes `slot` if `expect` holds of it.
    ///
    /// # Errors
    /// As [`Engine::drop_slot`].
    pub async fn clear<T>(&self, slot: Slot<T>, expect: Expect) -> Result<()> {
        self.engine.drop_slot(self.app, self.handle, slot.name, expect).await
    }

    /// Changes `slot` in place, starting from `T::default()`; answers what it has become. Tried again when somebody else was
    /// faster, so `change` may run more than once.
    ///
    /// # Errors
    /// [`Fault::Contention`]: 32 tries met 32 others. As [`Data::read`] and [`Data::write`].
    pub async fn update<T: Default + Serialize + DeserializeOwned>(
        &self,
        slot: Slot<T>,
        mut change: impl FnMut(&mut T),
    ) -> Result<T> {
        let changed = |value: &mut T| {
            change(value);
            Ok(())
        };
        match self.swap(slot, None, changed).await? {
            Some((value, ())) => Ok(value),
            None => Err(Fault::Store("it knows an operation that was not named".to_owned()).into()),
        }
    }

    /// Adds `by` to the number in `slot`, which starts from 0; answers the sum. With the name of an operation that has been
    /// applied it changes nothing and answers the number as it is. `once` is the same in every try, such as the id of a
    /// request, which may do other things under it as well.
    ///
    /// The last 256 operations of a session are remembered, each for a day at the most.
    ///
    /// # Errors
    /// [`Refusal::Invalid`]: the sum is larger than an `i64`. As [`Data::update`].
    pub async fn add(&self, slot: Slot<i64>, by: i64, once: &str) -> Result<i64> {
        let sum = |number: &mut i64| {
            *number = slot.sum(*number, by)?;
            Ok(())
        };
        match self.swap(slot, Some(slot.operation("add", &by, once)?), sum).await? {
            Some((sum, ())) => Ok(sum),
            None => Ok(self.read(slot).await?.map_or(0, |(_, number)| number)),
        }
    }

    /// Puts `item` into the set in `slot`; answers whether it is new there. `once` is as in [`Data::add`]; an operation that
    /// has been applied changes nothing and answers `false`.
    ///
    /// # Errors
    /// As [`Data::update`].
    pub async fn insert<T>(&self, slot: Slot<BTreeSet<T>>, item: T, once: &str) -> Result<bool>
    where
        T: Clone + Ord + Serialize + DeserializeOwned,
    {
        let put = |set: &mut BTreeSet<T>| Ok(set.insert(item.clone()));
        Ok(self
            .swap(slot, Some(slot.operation("insert", &item, once)?), put)
            .await?
            .is_some_and(|(_, new)| new))
    }

    /// Takes `item` out of the set in `slot`; answers whether it was there. `once` is as in [`Data::add`]; an operation that
    /// has been applied changes nothing and answers `false`.
    ///
    /// # Errors
    /// As [`Data::update`].
    pub async fn remove<T>(&self, slot: Slot<BTreeSet<T>>, item: &T, once: &str) -> Result<bool>
    where
        T: Ord + Serialize + DeserializeOwned,
    {
        let take = |set: &mut BTreeSet<T>| Ok(set.remove(item));
        Ok(self
            .swap(slot, Some(slot.operation("remove", item, once)?), take)
            .await?
            .is_some_and(|(_, was)| was))
    }

    /// Makes all of `writes`, or none of them; answers the version that every slot of them has now.
    ///
    /// # Errors
    /// [`Refusal::Moved`]: a slot is not as expected. [`Refusal::Invalid`]: a slot is named twice. As [`Engine::put_slot`].
    pub async fn commit(&self, writes: Writes) -> Result<Version> {
        writes.something()?;
        let Writes(planned) = writes;
        for (index, write) in planned.iter().enumerate() {
            named(write.name)?;
            fits(write.value.as_deref().unwrap_or_default())?;
            if planned.iter().take(index).any(|other| other.name == write.name) {
                return Err(Refusal::Invalid { what: "a slot is written once in one step".to_owned() }.into());
            }
        }
        let session = self.engine.session_for(self.app, self.handle).await?;
        let keys = self.engine.slot_keys(&session).await?;
        let mut sealed = Vec::with_capacity(planned.len());
        for Planned { name, expect, value, .. } in planned {
            // Of a long value only what differs from the version that was read.
            let old = match (expect, &value) {
                (Expect::At(version), Some(_)) => {
                    let old = self.engine.store.slot(&session.slots, name, 0..0).await?;
                    old.filter(|old| old.version == version)
                }
                _ => None,
            };
            let put = value.map(|value| keys.put(self.engine, name, old.as_ref(), &value)).transpose()?;
            sealed.push(SlotWrite { name: name.to_owned(), expect, put });
        }
        self.engine.write_slots(&session, sealed).await
    }

    /// The bytes of `slot` from `offset` on, at most `bytes`, fewer where it ends. Reads only the 64 KiB segments that hold
    /// them.
    ///
    /// # Errors
    /// As [`Engine::slot_part`].
    pub async fn read_part(
        &self,
        slot: Slot<Bytes>,
        offset: u64,
        bytes: u64,
    ) -> Result<Option<(Version, Vec<u8>)>> {
        self.engine.slot_part(self.app, self.handle, slot.name, offset, bytes).await
    }

    /// Writes `bytes` over what `slot` holds from `offset` on, all of it inside the value; `expect` is the version that was
    /// read. Reads and writes only the 64 KiB segments concerned.
    ///
    /// # Errors
    /// As [`Engine::put_slot_part`].
    pub async fn write_part(
        &self,
        slot: Slot<Bytes>,
        expect: Version,
        offset: u64,
        bytes: &[u8],
    ) -> Result<Version> {
        self.engine.put_slot_part(self.app, self.handle, slot.name, expect, (offset, bytes)).await
    }

    /// The whole of `slot`.
    ///
    /// # Errors
    /// As [`Engine::slot`].
    pub async fn read_bytes(&self, slot: Slot<Bytes>) -> Result<Option<(Version, Vec<u8>)>> {
        self.engine.slot(self.app, self.handle, slot.name).await
    }

    /// Writes the whole of `slot` if `expect` holds of it; of a long value only the 64 KiB segments that differ from what is
    /// there.
    ///
    /// # Errors
    /// As [`Engine::put_slot`].
    pub async fn write_bytes(&self, slot: Slot<Bytes>, expect: Expect, value: &[u8]) -> Result<Version> {
        self.engine.put_slot(self.app, self.handle, slot.name, expect, value).await
    }

    /// Reads, changes and swaps until nobody else was faster; none when the operation has been applied before.
    async fn swap<T: Default + Serialize + DeserializeOwned, A>(
        &self,
        slot: Slot<T>,
        once: Option<OperationId>,
        mut change: impl FnMut(&mut T) -> Result<A, Refusal>,
    ) -> Result<Option<(T, A)>> {
        named(slot.name)?;
        let engine = self.engine;
        let session = engine.session_for(self.app, self.handle).await?;
        let keys = engine.slot_keys(&session).await?;
        // Those of this process take turns, so that only other nodes can be faster.
        let _turn = engine.turn(session.serial).await;
        for tried in 0..TRIES {
            let found = engine.store.slot(&session.slots, slot.name, ALL).await?;
            let (expect, mut value) = match &found {
                Some(found) => (Expect::At(found.version), slot.parsed(&keys.open(slot.name, found)?)?),
                None => (Expect::Absent, T::default()),
            };
            let answer = change(&mut value)?;
            let bytes = json(slot, &value)?;
            fits(&bytes)?;
            let put = Some(keys.put(engine, slot.name, found.as_ref(), &bytes)?);
            let write = vec![SlotWrite { name: slot.name.to_owned(), expect, put }];
            match engine.try_slots(&session, write.clone(), once).await? {
                Ok(_) => {
                    engine.view_allows(&session)?;
                    return Ok(Some((value, answer)));
                }
                Err(Conflict::Applied) => return Ok(None),
                Err(Conflict::Moved | Conflict::Taken | Conflict::Missing) => engine.step_back(tried).await?,
                Err(conflict) => return Err(engine.not_written(&session, &write, conflict).await),
            }
        }
        Err(Fault::Contention.into())
    }
}

impl Engine {
    /// Lets another node, which was faster, go on for a while, and for any part of it: two that try again at once stay in step,
    /// and one of them, whose reading always meets a commit of the other, loses every time.
    pub(crate) async fn step_back(&self, tried: u32) -> Result<(), Fault> {
        let [chance] = self.chance()?;
        let longest = AWAY * 2_u32.pow(tried.min(DOUBLED));
        tokio::time::sleep(longest.mul_f64(f64::from(chance) / 255.0)).await;
        Ok(())
    }
}

impl Writes {
    /// The same writes, of a guest.
    ///
    /// # Errors
    /// [`Refusal::Invalid`]: there are none.
    pub(crate) fn of_guest(&self) -> Result<Vec<GuestPut<'_>>, Refusal> {
        self.something()?;
        let puts = self.0.iter().map(|Planned { name, crossing, expect, value }| GuestPut {
            name,
            expect: *expect,
            value: value.as_deref(),
            crossing: *crossing,
        });
        Ok(puts.collect())
    }

    fn something(&self) -> Result<(), Refusal> {
        if self.0.is_empty() {
            return Err(Refusal::Invalid { what: "nothing is written".to_owned() });
        }
        Ok(())
    }

    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Writes `value` to `slot` if `expect` holds of it.
    ///
    /// # Errors
    /// [`Fault::Codec`]: the value has no JSON.
    pub fn put<T: Serialize>(mut self, slot: Slot<T>, expect: Expect, value: &T) -> Result<Self> {
        let value = Some(json(slot, value)?);
        self.0.push(Planned { name: slot.name, crossing: slot.crossing, expect, value });
        Ok(self)
    }

    /// Removes `slot` if `expect` holds of it.
    #[must_use]
    pub fn clear<T>(mut self, slot: Slot<T>, expect: Expect) -> Self {
        self.0.push(Planned { name: slot.name, crossing: slot.crossing, expect, value: None });
        self
    }
}

fn json<T, W: Serialize>(slot: Slot<T>, value: &W) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(value).map_err(|error| unlike(slot, &error))
}

/// Says where, and nothing of what stands there.
fn unlike<T>(slot: Slot<T>, error: &serde_json::Error) -> Fault {
    let (line, column) = (error.line(), error.column());
    Fault::Codec(format!("the slot `{}` has another type, at line {line}, column {column}", slot.name))
}
