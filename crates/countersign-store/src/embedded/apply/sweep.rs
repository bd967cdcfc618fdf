//! Dropping what has been over for long: bounded, so that no commit waits for a large one.

use countersign_core::Fault;
use countersign_core::policy::SWEEP_BYTES;
use countersign_core::time::Timestamp;
use rusqlite::params;
use serde_json::Value;

use super::Applied;
use crate::embedded::convert::{Stop, int, time};

impl Applied<'_> {
    pub(super) fn sweep(&self, before: Timestamp, limit: u32) -> Result<(), Stop> {
        self.sweep_sessions(before, limit)?;
        for sql in STEPS {
            self.run(sql, params![time(before), limit])?;
        }
        self.sweep_guests(before, limit).map(drop)
    }

    /// Whole sessions, the oldest first, until their data is [`SWEEP_BYTES`] together: half of a session's data would be damage.
    fn sweep_sessions(&self, before: Timestamp, limit: u32) -> Result<(), Stop> {
        let mut statement = self.connection.prepare_cached(OVER)?;
        let rows = statement
            .query_map(params![time(before), limit, int(SWEEP_BYTES)], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?))
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let list = |values: Value| {
            serde_json::to_string(&values).map_err(|error| Fault::Codec(format!("a list: {error}")))
        };
        let slots = list(rows.iter().filter_map(|(_, slots)| slots.as_deref()).collect())?;
        for table in ["segment", "slot", "operation", "data"] {
            let sql = format!("DELETE FROM {table} WHERE slots IN (SELECT value FROM json_each(?1))");
            self.run(&sql, [&slots])?;
        }
        let serials = list(rows.iter().map(|(serial, _)| *serial).collect())?;
        self.run("DELETE FROM session WHERE serial IN (SELECT value FROM json_each(?1))", [&serials])?;
        Ok(())
    }
}

/// Sessions that are over, each with its data if no other session needs that.
const OVER: &str = "SELECT serial, iif(EXISTS (
        SELECT 1 FROM session WHERE session.slots = gone.slots AND session.expires >= ?1), NULL, slots)
    FROM (SELECT serial, slots, sum(bytes) OVER (ORDER BY expires, serial) - bytes AS ahead FROM (
        SELECT serial, slots, expires, coalesce(data.bytes, 0) AS bytes
        FROM (SELECT serial, slots, expires FROM session WHERE expires < ?1 ORDER BY expires, serial LIMIT ?2)
        LEFT JOIN data USING (slots))) AS gone
    WHERE ahead < ?3";

/// The last entry of the log stays: the next one is chained to it. Watermarks never expire.
const STEPS: [&str; 5] = [
    "DELETE FROM operation WHERE number IN (
         SELECT number FROM operation WHERE expires < ?1 ORDER BY expires LIMIT ?2)",
    "DELETE FROM permit WHERE serial IN (
         SELECT serial FROM permit WHERE expires < ?1 ORDER BY expires LIMIT ?2)",
    "DELETE FROM login WHERE id IN (SELECT id FROM login WHERE expires < ?1 ORDER BY expires LIMIT ?2)",
    "DELETE FROM one_time WHERE key IN (
         SELECT key FROM one_time WHERE expires < ?1 ORDER BY expires LIMIT ?2)",
    "DELETE FROM log WHERE position IN (
         SELECT position FROM log WHERE expires < ?1 AND position < (SELECT position FROM head)
         ORDER BY expires LIMIT ?2)",
];
