//! Numbers for new sessions and grants, leased from the store in durable blocks so that most cost no write.
//!
//! A crash skips the rest of a block; a number is never given twice.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use countersign_core::Fault;
use countersign_core::id::Serial;
use countersign_core::port::Store;

/// How many numbers one lease takes: a write for 4,096 sign-ins.
const BLOCK: u32 = 4096;

/// The rest of the leased block.
#[derive(Debug, Default)]
pub(crate) struct Serials {
    rest: Mutex<Range<u64>>,
    lease: tokio::sync::Mutex<()>,
}

impl Serials {
    /// A number that nobody else has.
    pub(crate) async fn next(&self, store: &dyn Store) -> Result<Serial, Fault> {
        loop {
            if let Some(serial) = self.take()? {
                return Ok(serial);
            }
            let _one_at_a_time = self.lease.lock().await;
            if let Some(serial) = self.take()? {
                return Ok(serial);
            }
            let block = store.lease_serials(BLOCK).await?;
            if block.is_empty() {
                return Err(Fault::Store("no serials are left".to_owned()));
            }
            *self.rest.lock().unwrap_or_else(PoisonError::into_inner) = block;
        }
    }

    fn take(&self) -> Result<Option<Serial>, Fault> {
        let number = self.rest.lock().unwrap_or_else(PoisonError::into_inner).next();
        match number {
            None => Ok(None),
            Some(number) => match Serial::new(number) {
                Some(serial) => Ok(Some(serial)),
                None => Err(Fault::Store("no serials are left".to_owned())),
            },
        }
    }
}
