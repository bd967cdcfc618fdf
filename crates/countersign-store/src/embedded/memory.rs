//! A database in memory that the writing and the reading connections share, and whose turn it is at it.
//!
//! SQLite's `memdb` holds it: connections of one process that name one name share one database, which goes with the last of
//! them (sqlite.org, "In-Memory Databases"). It has no write-ahead log, so that a reader and a commit would refuse each
//! other (`SQLITE_BUSY`) and one of them wait by sleeping: they take turns here instead.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// A name that no other database of this process has.
pub(super) fn name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    // Another copy of this crate in the process counts from zero as well.
    let chance = RandomState::new().build_hasher().finish();
    format!("file:/countersign-{number}-{chance:016x}?vfs=memdb")
}

/// Whose turn it is: readers together, or the one writer. A database in a file needs none, and nobody waits.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns(Option<Arc<RwLock<()>>>);

impl Turns {
    /// Turns that are taken.
    pub(super) fn taken() -> Self {
        Self(Some(Arc::default()))
    }

    /// Until this is dropped nothing is written.
    pub(super) fn reading(&self) -> Option<RwLockReadGuard<'_, ()>> {
        self.0.as_ref().map(|turns| turns.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Until this is dropped nothing is read.
    pub(super) fn writing(&self) -> Option<RwLockWriteGuard<'_, ()>> {
        self.0.as_ref().map(|turns| turns.write().unwrap_or_else(PoisonError::into_inner))
    }
}
