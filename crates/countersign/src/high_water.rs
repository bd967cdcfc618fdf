//! The time of an engine does not go back behind that at which its store was last used, over a restart either: what has expired
//! would go on until it expires again.
//!
//! In one run the clock sees to it ([`SystemClock`](crate::SystemClock)); from one to the next, a mark in the store, moved at
//! each tick.

use std::sync::Arc;
use std::time::Duration;

use countersign_core::Fault;
use countersign_core::batch::{Batch, Change};
use countersign_core::id::Epoch;
use countersign_core::port::{Clock, Directory};
use countersign_core::time::{HighWater, Timestamp};

use crate::engine::Engine;

/// How far a clock may be behind the mark: the clocks of two nodes differ, and a time service corrects them in steps.
const BEHIND: Duration = Duration::from_secs(5 * 60);

/// The clock of an engine.
#[derive(Debug)]
pub(crate) struct Forward {
    clock: Arc<dyn Clock>,
    /// It is not earlier than this.
    floor: Timestamp,
}

impl Forward {
    /// `clock`, kept from going back behind the mark that the store has in `epoch`.
    ///
    /// # Errors
    /// [`Fault::Unfit`] when the clock is far behind it.
    pub(crate) async fn of(
        clock: Arc<dyn Clock>,
        directory: &dyn Directory,
        epoch: Epoch,
    ) -> Result<Self, Fault> {
        let mark = match directory.setting(HighWater::SETTING).await? {
            Some(bytes) => Some(read(&bytes)?),
            None => None,
        };
        let floor = mark.filter(|mark| mark.epoch == epoch).map(|mark| mark.at).unwrap_or_default();
        let behind = floor.since(clock.now());
        if behind > BEHIND {
            return Err(Fault::Unfit(format!(
                "the clock is {} s behind the time at which it was last used; set the clock right, or, where that time was \
                 wrong, begin a new epoch with `countersign restore` or `countersign store begin-epoch`",
                behind.as_secs()
            )));
        }
        Ok(Self { clock, floor })
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now().max(self.floor)
    }
}

impl Engine {
    /// Moves the mark to now.
    pub(crate) async fn move_high_water(&self) -> Result<(), Fault> {
        let next = HighWater { epoch: self.epoch(), at: self.now() };
        let (name, value) = (HighWater::SETTING.to_owned(), next.to_bytes().to_vec());
        let change = match self.directory.setting(HighWater::SETTING).await? {
            None => Change::AddSetting { name, value },
            Some(was) => {
                let mark = read(&was)?;
                // That of another epoch stands for nothing, however high it is.
                if mark.epoch == next.epoch && mark.at >= next.at {
                    return Ok(());
                }
                Change::PutSetting { name, was, value }
            }
        };
        // A conflict says that another node has moved it at the same moment.
        self.commit(Batch::of(change)).await.map(drop)
    }
}

fn read(bytes: &[u8]) -> Result<HighWater, Fault> {
    HighWater::from_bytes(bytes)
        .ok_or_else(|| Fault::Unfit("the time at which it was last used cannot be read".to_owned()))
}
