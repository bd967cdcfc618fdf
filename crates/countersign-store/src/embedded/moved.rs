//! The mark of a store that has left its folder for another engine, and how its owner finds it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use countersign_core::Fault;
use rusqlite::Connection;

use super::convert::broken;

/// Whether the store is still here, as its owner has found it.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch(Arc<AtomicBool>);

impl Watch {
    /// Whether it was here when it was last looked at.
    pub(super) fn in_touch(&self) -> Result<(), Fault> {
        if self.0.load(Ordering::Relaxed) { Err(gone()) } else { Ok(()) }
    }

    /// Looks at the file.
    pub(super) fn look(&self, connection: &Connection) -> Result<(), Fault> {
        if is_moved(connection).map_err(|error| broken(&error))? {
            self.0.store(true, Ordering::Relaxed);
            return Err(gone());
        }
        Ok(())
    }
}

/// Whether the file has left for another engine.
pub(super) fn is_moved(connection: &Connection) -> rusqlite::Result<bool> {
    let version =
        connection.prepare_cached("PRAGMA user_version")?.query_row([], |row| row.get::<_, i64>(0))?;
    Ok(version == MOVED)
}

/// What is said of a store that has left.
pub(super) fn gone() -> Fault {
    Fault::Unfit(
        "the store has moved to PostgreSQL and is not served from its folder any more; name that database in the settings"
            .to_owned(),
    )
}

/// How often an owner that writes nothing looks for the mark.
pub(super) const LOOK: Duration = Duration::from_millis(500);
/// `MOVE`: a format that no version of this program knows.
pub(super) const MOVED: i64 = 0x4D4F_5645;
