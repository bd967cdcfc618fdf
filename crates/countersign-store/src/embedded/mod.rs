//! The embedded store: SQLite in one folder that one process owns, or in memory. One thread writes, in groups; readers of a
//! folder never wait for it.

mod apply;
mod backup;
mod check;
mod connection;
mod convert;
mod desk;
mod directory;
mod folder;
mod folding;
mod guests;
#[cfg(feature = "postgres")]
mod leaving;
mod memory;
mod moved;
mod read;
mod readers;
mod slot;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_core::Fault;

pub use backup::{BackedUp, Over, Restore, Restored, back_up, restore};
pub use check::{Findings, check};
#[cfg(feature = "postgres")]
pub(crate) use leaving::{Leaving, NOTICE};

use desk::Desk;
use folder::Folder;
use folding::Folding;
use memory::Turns;
use readers::Readers;
use writer::Writer;

use crate::ledger::Ledger;

/// When a commit counts as done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// When it is on disk: it outlives a crash of the machine.
    #[default]
    Full,
    /// When it is with the operating system: it outlives a crash of the process, not of the machine. For tests only.
    Relaxed,
}

/// A store in a folder, or in memory.
///
/// It is both [`Store`](countersign_core::port::Store) and [`Directory`](countersign_core::port::Directory), so that a
/// cause and its ending are one transaction.
#[derive(Debug)]
pub struct Embedded {
    writer: Writer,
    readers: Readers,
    folder: Mutex<Option<Folder>>,
}

impl Embedded {
    /// Opens the store in `folder`, which is made when it is not there (mode 0700; the files have 0600).
    ///
    /// # Errors
    /// [`Fault::InUse`] when another opener owns the folder, [`Fault::Unfit`] when what it holds is not a store of this
    /// version or an older one, [`Fault::Store`] when it cannot be read or written.
    pub fn open(folder: &Path, durability: Durability) -> Result<Arc<Self>, Fault> {
        let folder = Folder::own(folder)?;
        let database = folder.database();
        let connection = connection::writing(&database, durability)?;
        let folding = Folding::through(Some(connection::folding(&database, durability)?));
        let desk = Desk::new(connection, folding, Ledger::open(folder.path())?, Turns::default());
        let writer = Writer::start(desk)?;
        Ok(Arc::new(Self { writer, readers: Readers::of(database), folder: Mutex::new(Some(folder)) }))
    }

    /// Opens an empty store in memory, for tests and demonstrations: it does what one in a folder does, writes no file, and
    /// **everything in it is gone when it is closed**. It holds at most 1 GiB, behind which writes fail; a long transaction
    /// keeps readers waiting.
    ///
    /// ```
    /// use countersign_core::port::Store;
    /// use countersign_store::Embedded;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), countersign_core::Fault> {
    /// let store = Embedded::in_memory()?;
    /// assert_eq!(store.lease_serials(10).await?, 1..11);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Fault::Store`] when there is no memory for it.
    pub fn in_memory() -> Result<Arc<Self>, Fault> {
        let (name, turns) = (memory::name(), Turns::taken());
        let connection = connection::writing_memory(&name)?;
        let desk = Desk::new(connection, Folding::through(None), Ledger::none(), turns.clone());
        let writer = Writer::start(desk)?;
        Ok(Arc::new(Self { writer, readers: Readers::of_memory(name, turns), folder: Mutex::new(None) }))
    }

    /// Finishes the writes under way, folds the write-ahead log into the database, and lets the folder go; what is in memory
    /// is gone. Every later call answers a [`Fault`]. Dropping the store does the same.
    pub fn close(&self) {
        self.readers.close();
        self.writer.close();
        drop(self.folder.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.close();
    }
}
