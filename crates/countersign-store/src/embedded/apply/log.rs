//! The log of endings: contiguous positions, one hash over all of it.

use countersign_core::batch::Conflict;
use countersign_core::extent::{Chain, LogEntry, LogKind};
use countersign_core::id::{Epoch, Position};
use countersign_core::port::LogState;
use countersign_core::revoke::log::link;
use countersign_core::time::Timestamp;
use rusqlite::{Connection, params};

use super::Applied;
use crate::codec::encode;
use crate::embedded::convert::{Stop, int, number, place, time};

/// Where the log stands.
pub(in crate::embedded) fn state(connection: &Connection) -> rusqlite::Result<LogState> {
    connection.prepare_cached("SELECT epoch, position, chain FROM head")?.query_row([], |row| {
        let epoch: u32 = row.get(0)?;
        Ok(LogState {
            epoch: Epoch::new(epoch),
            position: Position::new(number(row, 1)?),
            chain: Chain(row.get(2)?),
        })
    })
}

impl Applied<'_> {
    /// Where the log stands inside the transaction.
    pub(super) fn position(&self) -> Result<Position, Stop> {
        let mut statement = self.connection.prepare_cached("SELECT position FROM head")?;
        Ok(Position::new(statement.query_row([], |row| number(row, 0))?))
    }

    /// Begins `epoch`: a watermark over everything, and the first entry that carries the new number.
    pub(super) fn begin_epoch(&mut self, epoch: Epoch) -> Result<(), Stop> {
        if epoch <= state(self.connection)?.epoch {
            return Err(Conflict::Moved.into());
        }
        self.run("UPDATE head SET epoch = ?1", [epoch.number()])?;
        self.mark("", LogKind::EpochBegan)
    }

    /// Writes the next entry and answers its place.
    pub(super) fn log(&mut self, kind: LogKind, expires: Timestamp) -> Result<Position, Stop> {
        let LogState { epoch, position, chain } = state(self.connection)?;
        let position = position.next();
        let chain = link(&chain, epoch, position, &kind, expires);
        let serial = match &kind {
            LogKind::Ended(serial) => Some(int(serial.number())),
            LogKind::ClientMark(_)
            | LogKind::EverythingMark
            | LogKind::KeyRetired(_)
            | LogKind::EpochBegan => None,
        };
        let entry = LogEntry { epoch, position, chain, kind, expires };
        self.run(
            "INSERT INTO log (position, serial, expires, record) VALUES (?1, ?2, ?3, ?4)",
            params![place(position), serial, time(expires), encode(&entry)?],
        )?;
        self.run("UPDATE head SET position = ?1, chain = ?2", params![place(position), chain.0])?;
        self.entries.push(entry);
        Ok(position)
    }
}

/// The expiry of an entry that is kept for good.
pub(super) const FOR_GOOD: Timestamp = Timestamp::from_millis(u64::MAX);
