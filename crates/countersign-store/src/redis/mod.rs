//! Redis beside an authority: it holds guests, their sessions and their slots, and nothing else.
//!
//! It is never asked whether somebody is signed in, and an ending never depends on it. A Redis that loses everything costs
//! guests what they had and nothing else; one that does not answer costs them an answer within a second. See
//! `docs/adr/0010-redis-holds-guests-and-nothing-else.md`.

mod guests;
mod link;
mod private;
mod script;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use countersign_core::Fault;
use countersign_core::id::{Epoch, GuestSerial};

use link::Link;

/// Guests in Redis, one server or a cluster.
pub struct Redis {
    link: Link,
    /// The newest that was told; it goes on while the process runs, when somebody begins another.
    epoch: AtomicU32,
    /// What this process's operations begin with, and how many there were.
    mark: [u8; 8],
    operations: AtomicU64,
}

impl Redis {
    /// The guests at `address`: `redis://[user:password@]host:port[/database]`, the same with `rediss://` for TLS, or
    /// `redis-cluster://[user:password@]host:port,host:port`. With TLS the server's certificate is of a known root, or of one
    /// in the PEM file that `?sslrootcert=…` names, and names the host. Nothing is connected before the first guest comes, so that no
    /// outage here keeps anybody from signing in.
    ///
    /// `epoch` is the authority's: handles of another epoch open nothing, so neither do its guests, and a serial that a
    /// restored authority gives again meets no old data. `mark` is 8 unpredictable bytes that tell this process's operations
    /// from others'.
    ///
    /// # Errors
    /// [`Fault::Unfit`]: it is no such address.
    pub fn open(address: &str, epoch: Epoch, mark: [u8; 8]) -> Result<Arc<Self>, Fault> {
        let (link, epoch) = (Link::to(address)?, AtomicU32::new(epoch.number()));
        Ok(Arc::new(Self { link, epoch, mark, operations: AtomicU64::new(0) }))
    }

    /// Where a guest is kept, and where its tombstone. The braces put both on one server of a cluster.
    fn keys(&self, serial: GuestSerial) -> (String, String) {
        let live = format!("cs:{}:{{{}}}", self.epoch(), serial.number());
        let stone = format!("{live}:x");
        (live, stone)
    }

    fn epoch(&self) -> u32 {
        self.epoch.load(Ordering::Acquire)
    }

    /// A number that no other operation has.
    fn operation(&self) -> String {
        let count = self.operations.fetch_add(1, Ordering::Relaxed);
        format!("{:016x}{count:x}", u64::from_be_bytes(self.mark))
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}
