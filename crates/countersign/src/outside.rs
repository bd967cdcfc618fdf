//! The real clock and the real source of chance.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use countersign_core::Fault;
use countersign_core::port::{Clock, Entropy};
use countersign_core::time::Timestamp;
use countersign_jose::primitive;

use crate::error::crypto;

/// The system's clock, kept from going back: what is over must not come alive again because somebody set the time.
///
/// ```
/// use countersign::SystemClock;
/// use countersign_core::port::Clock;
/// let clock = SystemClock::default();
/// assert!(clock.now() <= clock.now());
/// ```
#[derive(Debug, Default)]
pub struct SystemClock {
    latest: AtomicU64,
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let latest = self.latest.load(Ordering::Relaxed);
        // Written once in a millisecond, so that those who look share the line.
        if latest >= millis {
            return Timestamp::from_millis(latest);
        }
        Timestamp::from_millis(self.latest.fetch_max(millis, Ordering::Relaxed).max(millis))
    }
}

/// The operating system's source of chance.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Fault> {
        primitive::fill_random(bytes).map_err(crypto)
    }
}
