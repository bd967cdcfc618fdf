//! A master key that is being changed: what the other one sealed is sealed anew, a bounded piece at each tick.
//!
//! One pass goes over the store for each start of the process. What other nodes still seal under the other key meanwhile is
//! for their own pass, after they were started under the new one.

use countersign_core::Fault;
use countersign_core::batch::{Batch, Change, Outcome, Sealed};
use countersign_core::id::Subject;
use tokio::sync::Mutex;

use crate::engine::Engine;
use crate::roots::{self, Roots};

/// How many people are looked at in one go.
const PAGE: u32 = 200;
/// How many such goes there are in one tick: a million people take less than two hours.
const PAGES: u32 = 50;

/// How far the pass has come.
#[derive(Debug)]
pub(crate) struct Resealing(Mutex<Pass>);

#[derive(Debug)]
struct Pass {
    next: Next,
    /// How many were sealed anew.
    sealed: u64,
    /// How many open under neither key.
    shut: u64,
}

#[derive(Debug)]
enum Next {
    /// The store's own keys and the signing keys.
    Store,
    /// The data keys of people, those before this one.
    People(Option<Subject>),
    Nothing,
}

/// One thing to look at: what it is, the name it is sealed for, and as it is now.
type Thing = (Sealed, String, Vec<u8>);

impl Resealing {
    /// Before the first tick.
    pub(crate) fn of(roots: &Roots) -> Self {
        let next = if roots.data_keys.is_changing() { Next::Store } else { Next::Nothing };
        Self(Mutex::new(Pass { next, sealed: 0, shut: 0 }))
    }
}

impl Engine {
    /// Seals some more anew; nothing when the master key is not being changed or all is done.
    pub(crate) async fn reseal(&self) -> Result<(), Fault> {
        let mut pass = self.resealing.0.lock().await;
        for _ in 0..PAGES {
            let next = match &pass.next {
                Next::Nothing => return Ok(()),
                Next::Store => {
                    self.reseal_store(&mut pass).await?;
                    Next::People(None)
                }
                Next::People(before) => {
                    let before = before.clone();
                    self.reseal_people(before.as_ref(), &mut pass).await?
                }
            };
            if matches!(next, Next::Nothing) {
                tell(&pass);
            }
            pass.next = next;
        }
        Ok(())
    }

    async fn reseal_store(&self, pass: &mut Pass) -> Result<(), Fault> {
        // No key is made meanwhile: its times would be written over.
        let _turn = self.rotating.lock().await;
        let mut things = Vec::new();
        for name in roots::NAMES {
            if let Some(was) = self.directory.setting(name).await? {
                things.push((Sealed::Setting(name.to_owned()), name.to_owned(), was));
            }
        }
        for key in self.directory.keys().await? {
            things.push((Sealed::SigningKey(key.kid.clone()), key.kid, key.sealed));
        }
        self.reseal_all(things, pass).await
    }

    async fn reseal_people(&self, before: Option<&Subject>, pass: &mut Pass) -> Result<Next, Fault> {
        let people = self.directory.users(None, before, PAGE).await?;
        let Some(last) = people.last().map(|user| user.subject.clone()) else { return Ok(Next::Nothing) };
        let thing = |user: countersign_core::record::User| {
            let name = user.subject.as_str().to_owned();
            (Sealed::DataKey(user.subject), name, user.data_key)
        };
        self.reseal_all(people.into_iter().map(thing).collect(), pass).await?;
        Ok(Next::People(Some(last)))
    }

    async fn reseal_all(&self, things: Vec<Thing>, pass: &mut Pass) -> Result<(), Fault> {
        let mut changes = Vec::new();
        for (what, name, was) in things {
            let sealing = match &what {
                Sealed::Setting(_) => &self.roots.store_keys,
                Sealed::SigningKey(_) => &self.roots.signing_keys,
                Sealed::DataKey(_) => &self.roots.data_keys,
            };
            match sealing.seal_anew(self.chance()?, name.as_bytes(), &was) {
                Ok(Some(sealed)) => changes.push(Change::Reseal { what, was, sealed }),
                Ok(None) => {}
                Err(_) => pass.shut = pass.shut.saturating_add(1),
            }
        }
        if changes.is_empty() {
            return Ok(());
        }
        let all = changes.iter().cloned().fold(Batch::new(), Batch::with);
        if let Outcome::Committed(..) = self.store.commit(all).await? {
            pass.sealed = pass.sealed.saturating_add(u64::try_from(changes.len()).unwrap_or(u64::MAX));
            return Ok(());
        }
        // One of them was erased meanwhile, or another node was quicker: the others go one by one.
        for change in changes {
            if let Outcome::Committed(..) = self.store.commit(Batch::of(change)).await? {
                pass.sealed = pass.sealed.saturating_add(1);
            }
        }
        Ok(())
    }
}

fn tell(pass: &Pass) {
    let Pass { sealed, shut, .. } = pass;
    if *shut == 0 {
        tracing::info!(
            sealed,
            "everything in the store is sealed under the master key; only guests who came before still need the other one"
        );
    } else {
        tracing::error!(
            sealed,
            shut,
            "some keys in the store open under neither master key; nothing was done to them"
        );
    }
}
