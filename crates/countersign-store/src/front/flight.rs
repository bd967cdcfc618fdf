//! A reading or a start that is under way: what ends meanwhile is noted on it, and those who want the same share it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_core::Fault;
use countersign_core::id::Serial;
use countersign_core::record::Session;
use tokio::sync::OnceCell;

use super::Fill;
use super::memory::Memory;

/// A reading or a start that is under way.
#[derive(Debug, Default)]
pub(super) struct Flight {
    /// Its session has ended since it began.
    ended: AtomicBool,
    told: OnceCell<Result<Option<Fill>, Fault>>,
}

impl Flight {
    /// What `read` says, or what it said to another. Should the reader go away, one of those who wait reads.
    pub(super) async fn told(
        &self,
        read: impl Future<Output = Result<Option<Fill>, Fault>>,
    ) -> Result<Option<Fill>, Fault> {
        self.told.get_or_init(|| read).await.clone()
    }
}

/// The flights under way: as many as requests are waiting for the store.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<HashMap<Serial, Arc<Flight>>>);

impl Flights {
    fn lock(&self) -> MutexGuard<'_, HashMap<Serial, Arc<Flight>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that these have ended, and lets `then` mark what is kept before anything lands.
    pub(super) fn note(&self, ended: impl Iterator<Item = Serial>, mut then: impl FnMut(Serial)) {
        let flights = self.lock();
        for serial in ended {
            if let Some(flight) = flights.get(&serial) {
                flight.ended.store(true, Ordering::Relaxed);
            }
            then(serial);
        }
    }
}

/// A place in a flight, until dropped.
#[derive(Debug)]
pub(super) struct Aboard {
    memory: Arc<Memory>,
    serial: Serial,
    flight: Arc<Flight>,
}

impl Memory {
    /// A place in the flight for `serial`; it is heard from now on when the session ends.
    pub(super) fn board(this: &Arc<Self>, serial: Serial) -> Aboard {
        let flight = {
            let mut flights = this.flights.lock();
            match flights.entry(serial) {
                // One that has landed tells the past; whoever comes now wants the present.
                Entry::Occupied(mut there) if there.get().told.initialized() => {
                    let anew = Arc::default();
                    drop(there.insert(Arc::clone(&anew)));
                    anew
                }
                Entry::Occupied(there) => Arc::clone(there.get()),
                Entry::Vacant(empty) => Arc::clone(empty.insert(Arc::default())),
            }
        };
        Aboard { memory: Arc::clone(this), serial, flight }
    }
}

impl Aboard {
    pub(super) fn flight(&self) -> &Flight {
        &self.flight
    }

    /// Puts what was read or started into memory; an ending that was heard meanwhile counts for it.
    pub(super) fn land(&self, session: Option<&Session>) -> Option<Fill> {
        // INVARIANT: an ending is noted on the flight or finds the session in memory, for both happen under this lock.
        let _flights = self.memory.flights.lock();
        let Some(session) = session else {
            self.memory.forget(self.serial);
            return None;
        };
        let over = session.ended.is_some() || self.flight.ended.load(Ordering::Relaxed);
        self.memory.keep(session, over)
    }
}

impl Drop for Aboard {
    fn drop(&mut self) {
        let mut flights = self.memory.flights.lock();
        if let Entry::Occupied(there) = flights.entry(self.serial)
            && Arc::ptr_eq(there.get(), &self.flight)
            // The list's own and this one.
            && Arc::strong_count(&self.flight) <= 2
        {
            there.remove();
        }
    }
}
