//! Session data: one row says how often it was written and what it holds; each slot has a row, and rows for its segments
//! when it is long. Writers of different slots never conflict.

use countersign_core::batch::Conflict;
use countersign_core::id::{SlotsId, Version};
use countersign_core::policy::{OPERATION_MEMORY, OPERATIONS_COUNT};
use countersign_core::slot::{OperationId, SlotPut, SlotWrite, SlotsWrite};
use countersign_core::time::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::Applied;
use crate::column::{int, met, time};
use crate::data::{Data, Held, pieces_fit};
use crate::embedded::convert::{Stop, number};

impl Applied<'_> {
    pub(super) fn write_data(&mut self, write: &SlotsWrite) -> Result<(), Stop> {
        self.running_session_of(write)?;
        for &operation in &write.operations {
            self.once(&write.slots, operation, write.at)?;
        }
        let mut data = self.data_of(&write.slots)?.next();
        for slot in &write.writes {
            self.write_slot(&write.slots, slot, &mut data)?;
        }
        data.fits(write.room)?;
        self.run(
            "INSERT INTO data (slots, version, bytes, count) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (slots) DO UPDATE SET version = ?2, bytes = ?3, count = ?4",
            params![write.slots.as_str(), int(data.version.number()), int(data.bytes), int(data.count)],
        )?;
        self.data = Some(data.version);
        Ok(())
    }

    fn write_slot(&self, slots: &SlotsId, write: &SlotWrite, data: &mut Data) -> Result<(), Stop> {
        let place = [slots.as_str(), &write.name];
        let held = self.held(place)?;
        met(write.expect, held.map(|held| held.version))?;
        data.change(held, write.put.as_ref());
        let Some(put) = &write.put else {
            self.run("DELETE FROM segment WHERE slots = ?1 AND name = ?2", place)?;
            self.run("DELETE FROM slot WHERE slots = ?1 AND name = ?2", place)?;
            return Ok(());
        };
        pieces_fit(put, write.expect)??;
        self.put_head(place, put, data.version)?;
        if put.count() > 1 { self.put_segments(place, put) } else { self.put_piece(place, put) }
    }

    fn put_head(&self, [slots, name]: [&str; 2], put: &SlotPut, version: Version) -> Result<(), Stop> {
        self.run(
            "INSERT INTO slot (slots, name, version, length, marks) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (slots, name) DO UPDATE SET version = ?3, length = ?4, marks = ?5",
            params![slots, name, int(version.number()), int(put.length), put.marks.concat()],
        )?;
        Ok(())
    }

    /// A value in one piece: it is in the slot's own row, and nowhere else.
    fn put_piece(&self, place: [&str; 2], put: &SlotPut) -> Result<(), Stop> {
        let [slots, name] = place;
        self.run("DELETE FROM segment WHERE slots = ?1 AND name = ?2", place)?;
        if let Some(piece) = put.segments.first() {
            self.run(
                "UPDATE slot SET value = ?3 WHERE slots = ?1 AND name = ?2",
                params![slots, name, piece.sealed],
            )?;
            return Ok(());
        }
        let there = "SELECT 1 FROM slot WHERE slots = ?1 AND name = ?2 AND value IS NOT NULL";
        if self.exists(there, place)? { Ok(()) } else { Err(Conflict::Moved.into()) }
    }

    /// A value in segments: those that are left out must be there.
    fn put_segments(&self, [slots, name]: [&str; 2], put: &SlotPut) -> Result<(), Stop> {
        self.run(
            "UPDATE slot SET value = NULL WHERE slots = ?1 AND name = ?2 AND value IS NOT NULL",
            [slots, name],
        )?;
        let count = put.count();
        self.run(
            "DELETE FROM segment WHERE slots = ?1 AND name = ?2 AND number >= ?3",
            params![slots, name, count],
        )?;
        for segment in &put.segments {
            self.run(
                "INSERT INTO segment (slots, name, number, value) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (slots, name, number) DO UPDATE SET value = ?4",
                params![slots, name, segment.number, segment.sealed],
            )?;
        }
        let there = self
            .connection
            .prepare_cached("SELECT count(*) FROM segment WHERE slots = ?1 AND name = ?2")?
            .query_row([slots, name], |row| number(row, 0))?;
        if there == u64::from(count) { Ok(()) } else { Err(Conflict::Moved.into()) }
    }

    /// Remembers an operation, which must be new; forgets the oldest.
    fn once(&self, slots: &SlotsId, operation: OperationId, at: Timestamp) -> Result<(), Stop> {
        let this = params![slots.as_str(), operation.0];
        if self.exists("SELECT 1 FROM operation WHERE slots = ?1 AND id = ?2", this)? {
            return Err(Conflict::Applied.into());
        }
        self.run(
            "INSERT INTO operation (slots, id, expires) VALUES (?1, ?2, ?3)",
            params![slots.as_str(), operation.0, time(at + OPERATION_MEMORY)],
        )?;
        self.run(
            "DELETE FROM operation WHERE slots = ?1 AND number <= (
                 SELECT number FROM operation WHERE slots = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
            params![slots.as_str(), OPERATIONS_COUNT],
        )?;
        Ok(())
    }

    /// Erasing finds a person's data through their sessions, so data hangs nowhere else.
    fn running_session_of(&self, write: &SlotsWrite) -> Result<(), Stop> {
        let session = self.running_session(write.serial, write.at)?;
        if session.slots == write.slots { Ok(()) } else { Err(Conflict::Missing.into()) }
    }

    fn data_of(&self, slots: &SlotsId) -> Result<Data, Stop> {
        let found = self
            .connection
            .prepare_cached("SELECT version, bytes, count FROM data WHERE slots = ?1")?
            .query_row([slots.as_str()], |row| {
                let version = Version::new(number(row, 0)?);
                Ok(Data { version, bytes: number(row, 1)?, count: number(row, 2)? })
            })
            .optional()?;
        Ok(found.unwrap_or_default())
    }

    fn held(&self, place: [&str; 2]) -> Result<Option<Held>, Stop> {
        let found = self
            .connection
            .prepare_cached("SELECT version, length FROM slot WHERE slots = ?1 AND name = ?2")?
            .query_row(place, |row| {
                Ok(Held { version: Version::new(number(row, 0)?), length: number(row, 1)? })
            })
            .optional()?;
        Ok(found)
    }
}
