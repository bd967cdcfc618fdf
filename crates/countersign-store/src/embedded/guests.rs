//! The authority keeping guests itself: where nothing else is set, they are in the same file as everybody.

use countersign_core::batch::Conflict;
use countersign_core::id::{GuestSerial, Version};
use countersign_core::port::{GuestChange, GuestData, GuestSlot, Guests, Pending};
use countersign_core::record::Guest;
use countersign_core::time::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::Embedded;
use super::convert::{int, number, time};
use super::writer::GuestWork;

impl Guests for Embedded {
    fn guest(&self, serial: GuestSerial) -> Pending<'_, Option<Guest>> {
        self.one("SELECT record FROM guest WHERE serial = ?1", [int(serial.number())])
    }

    fn guest_slot<'a>(&'a self, serial: GuestSerial, name: &'a str) -> Pending<'a, Option<GuestSlot>> {
        self.answer(move |connection| {
            connection
                .prepare_cached("SELECT version, value FROM guest_slot WHERE serial = ?1 AND name = ?2")?
                .query_row(params![int(serial.number()), name], |row| {
                    Ok(GuestSlot { version: Version::new(number(row, 0)?), value: row.get(1)? })
                })
                .optional()
        })
    }

    fn guest_data(&self, serial: GuestSerial) -> Pending<'_, Option<GuestData>> {
        self.answer(move |connection| {
            // One statement, so that all of it is of one moment.
            let mut statement = connection.prepare_cached(
                "SELECT guest.data, name, version, value FROM guest LEFT JOIN guest_slot USING (serial)
                 WHERE guest.serial = ?1 AND ended = 0 ORDER BY name",
            )?;
            let mut rows = statement.query([int(serial.number())])?;
            let mut data = None;
            while let Some(row) = rows.next()? {
                let version = Version::new(number(row, 0)?);
                let all = data.get_or_insert_with(|| GuestData { version, slots: Vec::new() });
                let Some(name) = row.get::<_, Option<String>>(1)? else { continue };
                let slot = GuestSlot { version: Version::new(number(row, 2)?), value: row.get(3)? };
                all.slots.push((name, slot));
            }
            Ok(data)
        })
    }

    fn change_guest(&self, change: GuestChange) -> Pending<'_, Result<Version, Conflict>> {
        Box::pin(async move {
            let done = self.writer.guest(GuestWork::Change(change)).await?;
            Ok(done.map(Version::new))
        })
    }

    fn count_guests(&self, now: Timestamp, most: u32) -> Pending<'_, u32> {
        self.answer(move |connection| {
            connection
                .prepare_cached(
                    "SELECT count(*) FROM (SELECT 1 FROM guest WHERE ended = 0 AND until > ?1 LIMIT ?2)",
                )?
                .query_row(params![time(now), most], |row| row.get(0))
        })
    }

    fn sweep_guests(&self, before: Timestamp, limit: u32) -> Pending<'_, u32> {
        Box::pin(async move {
            let gone = self.writer.guest(GuestWork::Sweep { before, limit }).await?;
            Ok(gone.map_or(0, |gone| u32::try_from(gone).unwrap_or(limit)))
        })
    }
}
