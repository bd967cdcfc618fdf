//! Dropping what has been over for long: bounded, so that no commit waits for a large one.

use countersign_core::policy::{SEGMENT_BYTES, SWEEP_BYTES};
use countersign_core::time::Timestamp;

use super::Applied;
use crate::column::{int, time};
use crate::postgres::ahead::SWEEP;
use crate::postgres::convert::{Stop, column};
use crate::postgres::guests::SWEEP as GUESTS;

impl Applied<'_> {
    pub(super) async fn sweep(&self, before: Timestamp, limit: u32) -> Result<(), Stop> {
        self.sweep_sessions(before, limit).await?;
        for sql in STEPS {
            self.run(sql, &[&time(before), &i64::from(limit)]).await?;
        }
        self.run(SWEEP, &[&i64::from(limit).min(int(SEGMENTS))]).await?;
        let last = crate::column::place(self.head.log.position);
        self.run(LOG, &[&time(before), &i64::from(limit), &last]).await?;
        Ok(())
    }

    /// Whole sessions, the oldest first, until their data is [`SWEEP_BYTES`] together: half of a session's data would be damage.
    async fn sweep_sessions(&self, before: Timestamp, limit: u32) -> Result<(), Stop> {
        let values: [i64; 3] = [time(before), i64::from(limit), int(SWEEP_BYTES)];
        let [before, limit, most] = &values;
        let rows = self.link.rows(OVER, &[before, limit, most]).await?;
        let (mut serials, mut slots) = (Vec::<i64>::new(), Vec::<&str>::new());
        for row in &rows {
            serials.push(column(row, 0)?);
            slots.extend(column::<Option<&str>>(row, 1)?);
        }
        for table in ["segment", "slot", "operation", "data"] {
            self.run(&format!("DELETE FROM {table} WHERE slots = ANY($1)"), &[&slots]).await?;
        }
        self.run("DELETE FROM session WHERE serial = ANY($1)", &[&serials]).await?;
        Ok(())
    }
}

/// Sessions that are over, each with its data if no other session needs that.
const OVER: &str = "SELECT serial, CASE WHEN NOT EXISTS (
        SELECT 1 FROM session WHERE session.slots = gone.slots AND session.expires >= $1) THEN slots END
    FROM (SELECT serial, slots, sum(bytes) OVER (ORDER BY expires, serial) - bytes AS ahead FROM (
        SELECT serial, slots, expires, coalesce(data.bytes, 0) AS bytes
        FROM (SELECT serial, slots, expires FROM session WHERE expires < $1 ORDER BY expires, serial LIMIT $2) AS over
        LEFT JOIN data USING (slots)) AS sized) AS gone
    WHERE ahead < $3::bigint";

const STEPS: [&str; 5] = [
    GUESTS,
    "DELETE FROM operation WHERE number IN (
         SELECT number FROM operation WHERE expires < $1 ORDER BY expires LIMIT $2)",
    "DELETE FROM permit WHERE serial IN (
         SELECT serial FROM permit WHERE expires < $1 ORDER BY expires LIMIT $2)",
    "DELETE FROM login WHERE id IN (SELECT id FROM login WHERE expires < $1 ORDER BY expires LIMIT $2)",
    "DELETE FROM one_time WHERE key IN (
         SELECT key FROM one_time WHERE expires < $1 ORDER BY expires LIMIT $2)",
];
/// What was sent ahead weighs as much as the data of a session.
const SEGMENTS: u64 = SWEEP_BYTES / SEGMENT_BYTES;
/// The last entry of the log stays: the next one is chained to it. Watermarks never expire.
const LOG: &str = "DELETE FROM log WHERE position IN (
     SELECT position FROM log WHERE expires < $1 AND position < $3 ORDER BY expires LIMIT $2)";
