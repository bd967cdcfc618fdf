//! Session data: each slot has its own version, so writers of different slots never meet.

use countersign_core::batch::{Conflict, Expect};
use countersign_core::id::{Serial, SlotsId, Version};

use super::Applied;
use crate::column::{int, met};
use crate::postgres::convert::{Stop, version};

impl Applied<'_> {
    pub(super) async fn put_slot(
        &self,
        serial: Serial,
        (slots, name): (&SlotsId, &str),
        expect: Expect,
        value: &[u8],
    ) -> Result<(), Stop> {
        self.running_session_of(serial, slots).await?;
        let found = self.slot_version(slots, name).await?;
        met(expect, found)?;
        let version = int(found.map_or(Version::FIRST, Version::next).number());
        self.run(
            "INSERT INTO slot (slots, name, version, value) VALUES ($1, $2, $3, $4)
             ON CONFLICT (slots, name) DO UPDATE SET version = excluded.version, value = excluded.value",
            &[&slots.as_str(), &name, &version, &value],
        )
        .await?;
        Ok(())
    }

    pub(super) async fn drop_slot(
        &self,
        serial: Serial,
        (slots, name): (&SlotsId, &str),
        expect: Expect,
    ) -> Result<(), Stop> {
        self.running_session_of(serial, slots).await?;
        met(expect, self.slot_version(slots, name).await?)?;
        let sql = "DELETE FROM slot WHERE slots = $1 AND name = $2";
        self.run(sql, &[&slots.as_str(), &name]).await?;
        Ok(())
    }

    /// Erasing finds a person's data through their sessions, so data hangs nowhere else.
    async fn running_session_of(&self, serial: Serial, slots: &SlotsId) -> Result<(), Stop> {
        if self.running_session(serial).await?.slots == *slots {
            Ok(())
        } else {
            Err(Conflict::Missing.into())
        }
    }

    async fn slot_version(&self, slots: &SlotsId, name: &str) -> Result<Option<Version>, Stop> {
        let sql = "SELECT version FROM slot WHERE slots = $1 AND name = $2";
        let rows = self.link.rows(sql, &[&slots.as_str(), &name]).await?;
        Ok(rows.first().map(|row| version(row, 0)).transpose()?)
    }
}
