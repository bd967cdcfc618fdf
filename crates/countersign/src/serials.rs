//! Numbers for new sessions, grants and guests, leased from the store in durable blocks so that most cost no write.
//!
//! A crash skips the rest of a block; a number is never given twice. Guests' numbers come from the authority, whoever keeps
//! the guests: what loses all guests must not give their numbers again.

use std::future::Future;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use countersign_core::Fault;
use countersign_core::id::{GuestSerial, Serial};
use countersign_core::port::Store;

/// How many numbers one lease takes: a write for 4,096 sign-ins.
const BLOCK: u32 = 4096;

/// The rest of the leased blocks.
#[derive(Debug, Default)]
pub(crate) struct Serials {
    revocable: Block,
    guests: Block,
}

impl Serials {
    /// A number that no session and no grant has.
    pub(crate) async fn next(&self, store: &dyn Store) -> Result<Serial, Fault> {
        Serial::new(self.revocable.next(|| store.lease_serials(BLOCK)).await?).ok_or_else(used_up)
    }

    /// A number that no guest has.
    pub(crate) async fn next_guest(&self, store: &dyn Store) -> Result<GuestSerial, Fault> {
        GuestSerial::new(self.guests.next(|| store.lease_guest_serials(BLOCK)).await?).ok_or_else(used_up)
    }
}

#[derive(Debug, Default)]
struct Block {
    rest: Mutex<Range<u64>>,
    lease: tokio::sync::Mutex<()>,
}

impl Block {
    async fn next<F>(&self, lease: impl Fn() -> F + Send) -> Result<u64, Fault>
    where
        F: Future<Output = Result<Range<u64>, Fault>> + Send,
    {
        loop {
            if let Some(number) = self.take() {
                return Ok(number);
            }
            let _one_at_a_time = self.lease.lock().await;
            if let Some(number) = self.take() {
                return Ok(number);
            }
            let block = lease().await?;
            if block.is_empty() {
                return Err(used_up());
            }
            *self.rest.lock().unwrap_or_else(PoisonError::into_inner) = block;
        }
    }

    fn take(&self) -> Option<u64> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner).next()
    }
}

fn used_up() -> Fault {
    Fault::Store("no serials are left".to_owned())
}
