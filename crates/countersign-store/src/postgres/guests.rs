//! The authority keeping guests itself: where nothing else is set, they are in the same database as everybody.

use countersign_core::batch::Conflict;
use countersign_core::id::{GuestSerial, Version};
use countersign_core::port::{GuestChange, GuestData, GuestSlot, Guests, Pending};
use countersign_core::record::Guest;
use countersign_core::time::Timestamp;

use super::Postgres;
use super::convert::{column, version};
use super::guest::Changing;
use super::writer::gone;
use crate::column::{int, time};

impl Guests for Postgres {
    fn guest(&self, serial: GuestSerial) -> Pending<'_, Option<Guest>> {
        let sql = "SELECT record FROM guest WHERE serial = $1";
        Box::pin(async move { self.one(sql, &[&int(serial.number())]).await })
    }

    fn guest_slot<'a>(&'a self, serial: GuestSerial, name: &'a str) -> Pending<'a, Option<GuestSlot>> {
        Box::pin(async move {
            let sql = "SELECT version, value FROM guest_slot WHERE serial = $1 AND name = $2";
            let rows = self.links.rows(sql, &[&int(serial.number()), &name]).await?;
            let Some(row) = rows.first() else { return Ok(None) };
            Ok(Some(GuestSlot { version: version(row, 0)?, value: column(row, 1)? }))
        })
    }

    fn guest_data(&self, serial: GuestSerial) -> Pending<'_, Option<GuestData>> {
        Box::pin(async move {
            // One statement, so that all of it is of one moment.
            let sql = "SELECT guest.data, name, version, value FROM guest LEFT JOIN guest_slot USING (serial)
                       WHERE guest.serial = $1 AND NOT ended ORDER BY name";
            let rows = self.links.rows(sql, &[&int(serial.number())]).await?;
            let Some(first) = rows.first() else { return Ok(None) };
            let mut data = GuestData { version: version(first, 0)?, slots: Vec::new() };
            for row in &rows {
                let Some(name) = column::<Option<String>>(row, 1)? else { continue };
                data.slots.push((name, GuestSlot { version: version(row, 2)?, value: column(row, 3)? }));
            }
            Ok(Some(data))
        })
    }

    fn change_guest(&self, change: GuestChange) -> Pending<'_, Result<Version, Conflict>> {
        let links = self.links.clone();
        Box::pin(async move {
            // A task of its own: who asked may go away, and a transaction must not stay open on a connection that others use.
            let changing = tokio::spawn(async move {
                let link = links.begin().await?;
                let done = Changing(&link).change(&change).await;
                links.end(link, done).await
            });
            changing.await.map_err(|_| gone())?
        })
    }

    fn count_guests(&self, now: Timestamp, most: u32) -> Pending<'_, u32> {
        Box::pin(async move {
            let sql = "SELECT count(*) FROM (SELECT 1 FROM guest WHERE NOT ended AND until > $1 LIMIT $2) AS living";
            let count = self.count(sql, &[&time(now), &i64::from(most)]).await?;
            Ok(u32::try_from(count).unwrap_or(most))
        })
    }

    fn sweep_guests(&self, before: Timestamp, limit: u32) -> Pending<'_, u32> {
        Box::pin(async move {
            let link = self.links.link().await?;
            let gone = link.run(SWEEP, &[&time(before), &i64::from(limit)]).await?;
            Ok(u32::try_from(gone).unwrap_or(limit))
        })
    }
}

/// What somebody else changes at this moment goes the next time.
pub(super) const SWEEP: &str = "WITH gone AS (
        SELECT serial FROM guest WHERE until < $1 ORDER BY until, serial LIMIT $2 FOR UPDATE SKIP LOCKED),
    data AS (DELETE FROM guest_slot WHERE serial IN (SELECT serial FROM gone))
    DELETE FROM guest WHERE serial IN (SELECT serial FROM gone)";
