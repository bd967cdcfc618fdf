//! Session data: one row says how often it was written and what it holds; each slot has a row, and rows for its segments
//! when it is long. Writers of different slots never conflict.

use countersign_core::Fault;
use countersign_core::batch::Conflict;
use countersign_core::id::{SlotsId, Version};
use countersign_core::policy::{OPERATION_MEMORY, OPERATIONS_COUNT};
use countersign_core::slot::{OperationId, SlotPut, SlotWrite, SlotsWrite};
use countersign_core::time::Timestamp;

use super::Applied;
use crate::column::{int, met, time};
use crate::data::{Data, Held, pieces_fit};
use crate::postgres::convert::{Stop, number, version};

impl Applied<'_> {
    pub(super) async fn write_data(&mut self, write: &SlotsWrite) -> Result<(), Stop> {
        self.running_session_of(write).await?;
        for &operation in &write.operations {
            self.once(&write.slots, operation, write.at).await?;
        }
        let mut data = self.data_of(&write.slots).await?.next();
        for slot in &write.writes {
            self.write_slot(&write.slots, slot, &mut data).await?;
        }
        data.fits(write.room)?;
        self.run(
            "INSERT INTO data (slots, version, bytes, count) VALUES ($1, $2, $3, $4)
             ON CONFLICT (slots) DO UPDATE
             SET version = excluded.version, bytes = excluded.bytes, count = excluded.count",
            &[&write.slots.as_str(), &int(data.version.number()), &int(data.bytes), &int(data.count)],
        )
        .await?;
        self.data = Some(data.version);
        Ok(())
    }

    async fn write_slot(&self, slots: &SlotsId, write: &SlotWrite, data: &mut Data) -> Result<(), Stop> {
        let place = [slots.as_str(), &write.name];
        let held = self.held(place).await?;
        met(write.expect, held.map(|held| held.version))?;
        data.change(held, write.put.as_ref());
        let Some(put) = &write.put else {
            for sql in [UNCUT, "DELETE FROM slot WHERE slots = $1 AND name = $2"] {
                self.run(sql, &[&place[0], &place[1]]).await?;
            }
            return Ok(());
        };
        pieces_fit(put, write.expect)??;
        self.put_head(place, put, data.version).await?;
        if put.count() > 1 { self.put_segments(place, put).await } else { self.put_piece(place, put).await }
    }

    async fn put_head(&self, [slots, name]: [&str; 2], put: &SlotPut, version: Version) -> Result<(), Stop> {
        self.run(
            "INSERT INTO slot (slots, name, version, length, marks) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (slots, name) DO UPDATE
             SET version = excluded.version, length = excluded.length, marks = excluded.marks",
            &[&slots, &name, &int(version.number()), &int(put.length), &put.marks.as_flattened()],
        )
        .await?;
        Ok(())
    }

    /// A value in one piece: it is in the slot's own row, and nowhere else.
    async fn put_piece(&self, [slots, name]: [&str; 2], put: &SlotPut) -> Result<(), Stop> {
        self.run(UNCUT, &[&slots, &name]).await?;
        if let Some(piece) = put.segments.first() {
            let sql = "UPDATE slot SET value = $3 WHERE slots = $1 AND name = $2";
            self.run(sql, &[&slots, &name, &piece.sealed]).await?;
            return Ok(());
        }
        let there = "SELECT 1 FROM slot WHERE slots = $1 AND name = $2 AND value IS NOT NULL";
        if self.exists(there, &[&slots, &name]).await? { Ok(()) } else { Err(Conflict::Moved.into()) }
    }

    /// A value in segments: those that are left out must be there.
    async fn put_segments(&self, [slots, name]: [&str; 2], put: &SlotPut) -> Result<(), Stop> {
        let count = i64::from(put.count());
        let empty = "UPDATE slot SET value = NULL WHERE slots = $1 AND name = $2 AND value IS NOT NULL";
        self.run(empty, &[&slots, &name]).await?;
        let cut = "DELETE FROM segment WHERE slots = $1 AND name = $2 AND number >= $3";
        self.run(cut, &[&slots, &name, &count]).await?;
        match &self.sent {
            Some(sent) => {
                let moved = self.run(MOVE, &[&slots, &name, &sent.name()]).await?;
                if u64::try_from(put.segments.len()) != Ok(moved) {
                    return Err(Fault::Store("what was sent ahead to PostgreSQL is gone".to_owned()).into());
                }
            }
            None => {
                let numbers: Vec<_> = put.segments.iter().map(|segment| i64::from(segment.number)).collect();
                let sealed: Vec<_> = put.segments.iter().map(|segment| segment.sealed.as_slice()).collect();
                self.run(PUT, &[&slots, &name, &numbers, &sealed]).await?;
            }
        }
        let sql = "SELECT count(*) FROM segment WHERE slots = $1 AND name = $2";
        let rows = self.link.rows(sql, &[&slots, &name]).await?;
        let there = rows.first().map_or(Ok(0), |row| number(row, 0))?;
        if there == u64::from(put.count()) { Ok(()) } else { Err(Conflict::Moved.into()) }
    }

    /// Remembers an operation, which must be new; forgets the oldest.
    async fn once(&self, slots: &SlotsId, operation: OperationId, at: Timestamp) -> Result<(), Stop> {
        let (slots, id) = (slots.as_str(), operation.0.as_slice());
        let known = "SELECT 1 FROM operation WHERE slots = $1 AND id = $2";
        if self.exists(known, &[&slots, &id]).await? {
            return Err(Conflict::Applied.into());
        }
        let expires = time(at + OPERATION_MEMORY);
        let sql = "INSERT INTO operation (slots, id, expires) VALUES ($1, $2, $3)";
        self.run(sql, &[&slots, &id, &expires]).await?;
        self.run(
            "DELETE FROM operation WHERE slots = $1 AND number <= (
                 SELECT number FROM operation WHERE slots = $1 ORDER BY number DESC LIMIT 1 OFFSET $2)",
            &[&slots, &i64::from(OPERATIONS_COUNT)],
        )
        .await?;
        Ok(())
    }

    /// Erasing finds a person's data through their sessions, so data hangs nowhere else.
    async fn running_session_of(&self, write: &SlotsWrite) -> Result<(), Stop> {
        let session = self.running_session(write.serial, write.at).await?;
        if session.slots == write.slots { Ok(()) } else { Err(Conflict::Missing.into()) }
    }

    async fn data_of(&self, slots: &SlotsId) -> Result<Data, Stop> {
        let sql = "SELECT version, bytes, count FROM data WHERE slots = $1";
        let rows = self.link.rows(sql, &[&slots.as_str()]).await?;
        let Some(row) = rows.first() else { return Ok(Data::default()) };
        Ok(Data { version: version(row, 0)?, bytes: number(row, 1)?, count: number(row, 2)? })
    }

    async fn held(&self, [slots, name]: [&str; 2]) -> Result<Option<Held>, Stop> {
        let sql = "SELECT version, length FROM slot WHERE slots = $1 AND name = $2";
        let rows = self.link.rows(sql, &[&slots, &name]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(Held { version: version(row, 0)?, length: number(row, 1)? }))
    }
}

const PUT: &str = "INSERT INTO segment (slots, name, number, value)
    SELECT $1, $2, piece.number, piece.value FROM unnest($3::bigint[], $4::bytea[]) AS piece (number, value)
    ON CONFLICT (slots, name, number) DO UPDATE SET value = excluded.value";
const MOVE: &str = "INSERT INTO segment (slots, name, number, value)
    SELECT slots, name, number, value FROM ahead WHERE slots = $1 AND name = $2 AND sending = $3
    ON CONFLICT (slots, name, number) DO UPDATE SET value = excluded.value";
/// Drops the segments of a slot.
const UNCUT: &str = "DELETE FROM segment WHERE slots = $1 AND name = $2";
