//! Guests: each change is one of one guest, and none of them brings back what is over.
//!
//! A guest is in no log and hangs on nothing, so its own row is all that is locked; who is signed in waits for none of it.

use countersign_core::batch::Conflict;
use countersign_core::extent::Ending;
use countersign_core::id::{GuestSerial, Version};
use countersign_core::policy::GuestRoom;
use countersign_core::port::{GuestChange, GuestWrite};
use countersign_core::record::Guest;
use countersign_core::slot::OPERATIONS;
use countersign_core::time::Timestamp;

use super::convert::{Stop, number, record, version};
use super::link::Link;
use crate::codec::encode;
use crate::column::{int, met, time};

/// A transaction on one guest, which nobody else changes meanwhile.
pub(super) struct Changing<'a>(pub(super) &'a Link);

impl Changing<'_> {
    /// Makes `change`; answers the version of the guest's data after it.
    pub(super) async fn change(&self, change: &GuestChange) -> Result<Version, Stop> {
        match change {
            GuestChange::Begin { guest, room, writes } => self.begin_guest(guest, *room, writes).await,
            GuestChange::Touch { serial, seen } => self.touch_guest(*serial, *seen).await,
            GuestChange::Write { serial, at, room, writes } => {
                self.write_guest(*serial, *at, *room, writes).await
            }
            GuestChange::End { serial, expect, ending } => self.end_guest(*serial, *expect, ending).await,
        }
    }

    async fn begin_guest(
        &self,
        guest: &Guest,
        room: GuestRoom,
        writes: &[GuestWrite],
    ) -> Result<Version, Stop> {
        let serial = int(guest.serial.number());
        let sql = "INSERT INTO guest (serial, until, ended, data, record) VALUES ($1, $2, false, $3, $4)
                   ON CONFLICT (serial) DO NOTHING";
        let first = int(Version::FIRST.number());
        if self.0.run(sql, &[&serial, &time(guest.until()), &first, &encode(guest)?]).await? == 0 {
            return Err(Conflict::Taken.into());
        }
        self.write_slots(guest.serial, Version::FIRST, room, writes).await
    }

    async fn touch_guest(&self, serial: GuestSerial, seen: Timestamp) -> Result<Version, Stop> {
        let (mut guest, data) = self.living_guest(serial, seen).await?;
        if seen > guest.seen {
            guest.seen = seen;
            self.keep_guest(&guest, guest.until()).await?;
        }
        Ok(data)
    }

    async fn write_guest(
        &self,
        serial: GuestSerial,
        at: Timestamp,
        room: GuestRoom,
        writes: &[GuestWrite],
    ) -> Result<Version, Stop> {
        let (_, data) = self.living_guest(serial, at).await?;
        let next = data.next();
        let sql = "UPDATE guest SET data = $2 WHERE serial = $1";
        self.0.run(sql, &[&int(serial.number()), &int(next.number())]).await?;
        self.write_slots(serial, next, room, writes).await
    }

    async fn end_guest(
        &self,
        serial: GuestSerial,
        expect: Option<Version>,
        ending: &Ending,
    ) -> Result<Version, Stop> {
        let (mut guest, data) = self.found_guest(serial).await?;
        if guest.ended.is_some() {
            return Ok(data);
        }
        if expect.is_some_and(|expect| expect != data) {
            return Err(Conflict::Moved.into());
        }
        guest.ended = Some(ending.clone());
        guest.data_key.clear();
        self.keep_guest(&guest, guest.expires).await?;
        self.0.run("DELETE FROM guest_slot WHERE serial = $1", &[&int(serial.number())]).await?;
        Ok(data)
    }

    async fn write_slots(
        &self,
        serial: GuestSerial,
        next: Version,
        room: GuestRoom,
        writes: &[GuestWrite],
    ) -> Result<Version, Stop> {
        let guest = int(serial.number());
        for write in writes {
            let sql = "SELECT version FROM guest_slot WHERE serial = $1 AND name = $2";
            let rows = self.0.rows(sql, &[&guest, &write.name]).await?;
            met(write.expect, rows.first().map(|row| version(row, 0)).transpose()?)?;
            match &write.value {
                Some(value) => {
                    let sql = "INSERT INTO guest_slot (serial, name, version, value) VALUES ($1, $2, $3, $4)
                               ON CONFLICT (serial, name)
                               DO UPDATE SET version = excluded.version, value = excluded.value";
                    self.0.run(sql, &[&guest, &write.name, &int(next.number()), value]).await?
                }
                None => {
                    let sql = "DELETE FROM guest_slot WHERE serial = $1 AND name = $2";
                    self.0.run(sql, &[&guest, &write.name]).await?
                }
            };
        }
        let sql = "SELECT count(*) FILTER (WHERE name <> $2),
                       coalesce(sum(octet_length(name) + octet_length(value)), 0)::bigint
                   FROM guest_slot WHERE serial = $1";
        let rows = self.0.rows(sql, &[&guest, &OPERATIONS]).await?;
        for row in &rows {
            if number(row, 0)? > u64::from(room.slots) || number(row, 1)? > u64::from(room.bytes) {
                return Err(Conflict::Full.into());
            }
        }
        Ok(next)
    }

    /// The guest, which must be alive at `at`.
    async fn living_guest(&self, serial: GuestSerial, at: Timestamp) -> Result<(Guest, Version), Stop> {
        let (guest, data) = self.found_guest(serial).await?;
        if guest.ended.is_some() || at >= guest.until() {
            Err(Conflict::Over.into())
        } else {
            Ok((guest, data))
        }
    }

    async fn found_guest(&self, serial: GuestSerial) -> Result<(Guest, Version), Stop> {
        let sql = "SELECT record, data FROM guest WHERE serial = $1 FOR UPDATE";
        let rows = self.0.rows(sql, &[&int(serial.number())]).await?;
        let row = rows.first().ok_or(Conflict::Missing)?;
        Ok((record(row, 0)?, version(row, 1)?))
    }

    /// Writes a guest that is there already. INVARIANT: an update never inserts.
    async fn keep_guest(&self, guest: &Guest, until: Timestamp) -> Result<(), Stop> {
        let sql = "UPDATE guest SET until = $2, ended = $3, record = $4 WHERE serial = $1";
        let ended = guest.ended.is_some();
        self.0.run(sql, &[&int(guest.serial.number()), &time(until), &ended, &encode(guest)?]).await?;
        Ok(())
    }
}
