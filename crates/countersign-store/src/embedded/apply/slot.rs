//! Session data: each slot has its own version, so writers of different slots never meet.

use countersign_core::batch::{Conflict, Expect};
use countersign_core::id::{Serial, SlotsId, Version};
use rusqlite::{OptionalExtension, params};

use super::Applied;
use crate::column::met;
use crate::embedded::convert::{Stop, int, number};

impl Applied<'_> {
    pub(super) fn put_slot(
        &self,
        serial: Serial,
        (slots, name): (&SlotsId, &str),
        expect: Expect,
        value: &[u8],
    ) -> Result<(), Stop> {
        self.running_session_of(serial, slots)?;
        let found = self.slot_version(slots, name)?;
        met(expect, found)?;
        let version = found.map_or(Version::FIRST, Version::next);
        self.run(
            "INSERT INTO slot (slots, name, version, value) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (slots, name) DO UPDATE SET version = ?3, value = ?4",
            params![slots.as_str(), name, int(version.number()), value],
        )?;
        Ok(())
    }

    pub(super) fn drop_slot(
        &self,
        serial: Serial,
        (slots, name): (&SlotsId, &str),
        expect: Expect,
    ) -> Result<(), Stop> {
        self.running_session_of(serial, slots)?;
        met(expect, self.slot_version(slots, name)?)?;
        self.run("DELETE FROM slot WHERE slots = ?1 AND name = ?2", [slots.as_str(), name])?;
        Ok(())
    }

    /// Erasing finds a person's data through their sessions, so data hangs nowhere else.
    fn running_session_of(&self, serial: Serial, slots: &SlotsId) -> Result<(), Stop> {
        if self.running_session(serial)?.slots == *slots { Ok(()) } else { Err(Conflict::Missing.into()) }
    }

    fn slot_version(&self, slots: &SlotsId, name: &str) -> Result<Option<Version>, Stop> {
        let found = self
            .connection
            .prepare_cached("SELECT version FROM slot WHERE slots = ?1 AND name = ?2")?
            .query_row([slots.as_str(), name], |row| number(row, 0))
            .optional()?;
        Ok(found.map(Version::new))
    }
}
