//! Guests: each change is one of one guest, and none of them brings back what is over.

use countersign_core::batch::Conflict;
use countersign_core::extent::Ending;
use countersign_core::id::{GuestSerial, Version};
use countersign_core::policy::GuestRoom;
use countersign_core::port::{GuestChange, GuestWrite};
use countersign_core::record::Guest;
use countersign_core::slot::OPERATIONS;
use countersign_core::time::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::Applied;
use crate::codec::encode;
use crate::column::met;
use crate::embedded::convert::{Stop, int, number, record, time};

impl Applied<'_> {
    /// Makes `change`; answers the version of the guest's data after it.
    pub(in crate::embedded) fn guest(&self, change: &GuestChange) -> Result<Version, Stop> {
        match change {
            GuestChange::Begin { guest, room, writes } => self.begin_guest(guest, *room, writes),
            GuestChange::Touch { serial, seen } => self.touch_guest(*serial, *seen),
            GuestChange::Write { serial, at, room, writes } => self.write_guest(*serial, *at, *room, writes),
            GuestChange::End { serial, expect, ending } => self.end_guest(*serial, *expect, ending),
        }
    }

    /// Drops at most `limit` guests that were over before `before`; answers how many.
    pub(in crate::embedded) fn sweep_guests(&self, before: Timestamp, limit: u32) -> Result<u32, Stop> {
        let over = "SELECT serial FROM guest WHERE until < ?1 ORDER BY until, serial LIMIT ?2";
        let bounds = params![time(before), limit];
        self.run(&format!("DELETE FROM guest_slot WHERE serial IN ({over})"), bounds)?;
        let gone = self.run(&format!("DELETE FROM guest WHERE serial IN ({over})"), bounds)?;
        Ok(u32::try_from(gone).unwrap_or(limit))
    }

    fn begin_guest(&self, guest: &Guest, room: GuestRoom, writes: &[GuestWrite]) -> Result<Version, Stop> {
        let serial = int(guest.serial.number());
        if self.exists("SELECT 1 FROM guest WHERE serial = ?1", [serial])? {
            return Err(Conflict::Taken.into());
        }
        self.run(
            "INSERT INTO guest (serial, until, ended, data, record) VALUES (?1, ?2, 0, ?3, ?4)",
            params![serial, time(guest.until()), int(Version::FIRST.number()), encode(guest)?],
        )?;
        self.write_slots(guest.serial, Version::FIRST, room, writes)
    }

    fn touch_guest(&self, serial: GuestSerial, seen: Timestamp) -> Result<Version, Stop> {
        let (mut guest, data) = self.living_guest(serial, seen)?;
        if seen > guest.seen {
            guest.seen = seen;
            self.keep_guest(&guest, guest.until())?;
        }
        Ok(data)
    }

    fn write_guest(
        &self,
        serial: GuestSerial,
        at: Timestamp,
        room: GuestRoom,
        writes: &[GuestWrite],
    ) -> Result<Version, Stop> {
        let (_, data) = self.living_guest(serial, at)?;
        let next = data.next();
        self.run("UPDATE guest SET data = ?2 WHERE serial = ?1", [int(serial.number()), int(next.number())])?;
        self.write_slots(serial, next, room, writes)
    }

    fn end_guest(
        &self,
        serial: GuestSerial,
        expect: Option<Version>,
        ending: &Ending,
    ) -> Result<Version, Stop> {
        let (mut guest, data) = self.found_guest(serial)?;
        if guest.ended.is_some() {
            return Ok(data);
        }
        if expect.is_some_and(|expect| expect != data) {
            return Err(Conflict::Moved.into());
        }
        guest.ended = Some(ending.clone());
        guest.data_key.clear();
        self.keep_guest(&guest, guest.expires)?;
        self.run("DELETE FROM guest_slot WHERE serial = ?1", [int(serial.number())])?;
        Ok(data)
    }

    fn write_slots(
        &self,
        serial: GuestSerial,
        version: Version,
        room: GuestRoom,
        writes: &[GuestWrite],
    ) -> Result<Version, Stop> {
        let guest = int(serial.number());
        for write in writes {
            let found = self
                .connection
                .prepare_cached("SELECT version FROM guest_slot WHERE serial = ?1 AND name = ?2")?
                .query_row(params![guest, write.name], |row| number(row, 0))
                .optional()?;
            met(write.expect, found.map(Version::new))?;
            match &write.value {
                Some(value) => self.run(
                    "INSERT INTO guest_slot (serial, name, version, value) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (serial, name) DO UPDATE SET version = ?3, value = ?4",
                    params![guest, write.name, int(version.number()), value],
                )?,
                None => self.run(
                    "DELETE FROM guest_slot WHERE serial = ?1 AND name = ?2",
                    params![guest, write.name],
                )?,
            };
        }
        let (slots, bytes) = self
            .connection
            .prepare_cached(
                "SELECT count(*) FILTER (WHERE name <> ?2), coalesce(sum(octet_length(name) + length(value)), 0)
                 FROM guest_slot WHERE serial = ?1",
            )?
            .query_row(params![guest, OPERATIONS], |row| Ok((number(row, 0)?, number(row, 1)?)))?;
        if slots > u64::from(room.slots) || bytes > u64::from(room.bytes) {
            return Err(Conflict::Full.into());
        }
        Ok(version)
    }

    /// The guest, which must be alive at `at`.
    fn living_guest(&self, serial: GuestSerial, at: Timestamp) -> Result<(Guest, Version), Stop> {
        let (guest, data) = self.found_guest(serial)?;
        if guest.ended.is_some() || at >= guest.until() {
            Err(Conflict::Over.into())
        } else {
            Ok((guest, data))
        }
    }

    fn found_guest(&self, serial: GuestSerial) -> Result<(Guest, Version), Stop> {
        let found = self
            .connection
            .prepare_cached("SELECT record, data FROM guest WHERE serial = ?1")?
            .query_row([int(serial.number())], |row| {
                Ok((record::<Guest>(row, 0)?, Version::new(number(row, 1)?)))
            })
            .optional()?;
        Ok(found.ok_or(Conflict::Missing)?)
    }

    /// Writes a guest that is there already. INVARIANT: an update never inserts.
    fn keep_guest(&self, guest: &Guest, until: Timestamp) -> Result<(), Stop> {
        self.run(
            "UPDATE guest SET until = ?2, ended = ?3, record = ?4 WHERE serial = ?1",
            params![int(guest.serial.number()), time(until), guest.ended.is_some(), encode(guest)?],
        )?;
        Ok(())
    }
}
