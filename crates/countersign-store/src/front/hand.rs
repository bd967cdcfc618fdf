//! Which session is looked at next for being dropped: each in turn, in a circle. Decides the order, not who goes.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign_core::id::Serial;

/// The circle of sessions in memory.
///
/// INVARIANT: a session that is in the map stands here once. What has left the map is dropped when its turn comes.
#[derive(Debug, Default)]
pub(super) struct Hand(Mutex<VecDeque<Serial>>);

impl Hand {
    /// A session that has come in; its turn is last.
    pub(super) fn take_up(&self, serial: Serial) {
        self.lock().push_back(serial);
    }

    /// Shows the next `most` to `stays`, one after the other; false when there was none.
    pub(super) fn pass(&self, most: usize, mut stays: impl FnMut(Serial) -> bool) -> bool {
        let mut any = false;
        for _ in 0..most {
            // Taken anew each time: whoever brings a session in does not wait for the whole round.
            let Some(serial) = self.lock().pop_front() else { break };
            any = true;
            if stays(serial) {
                self.lock().push_back(serial);
            }
        }
        any
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Serial>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
