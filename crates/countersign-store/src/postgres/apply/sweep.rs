//! Dropping what has been over for long: bounded, so that no commit waits for a large one.

use countersign_core::time::Timestamp;

use super::Applied;
use crate::column::time;
use crate::postgres::convert::Stop;

impl Applied<'_> {
    pub(super) async fn sweep(&self, before: Timestamp, limit: u32) -> Result<(), Stop> {
        for table in ["segment", "slot", "operation", "data"] {
            let sql = format!("DELETE FROM {table} WHERE slots IN ({GONE})");
            self.run(&sql, &[&time(before), &i64::from(limit)]).await?;
        }
        for sql in STEPS {
            self.run(sql, &[&time(before), &i64::from(limit)]).await?;
        }
        let last = crate::column::place(self.head.log.position);
        self.run(LOG, &[&time(before), &i64::from(limit), &last]).await?;
        Ok(())
    }
}

/// Data goes with the last session that it hangs on, so it is looked at before the sessions themselves.
const GONE: &str = "SELECT slots FROM (
    SELECT slots FROM session WHERE expires < $1 ORDER BY expires, serial LIMIT $2) AS gone
    WHERE NOT EXISTS (SELECT 1 FROM session WHERE session.slots = gone.slots AND session.expires >= $1)";

const STEPS: [&str; 5] = [
    "DELETE FROM operation WHERE number IN (
         SELECT number FROM operation WHERE expires < $1 ORDER BY expires LIMIT $2)",
    "DELETE FROM session WHERE serial IN (
         SELECT serial FROM session WHERE expires < $1 ORDER BY expires, serial LIMIT $2)",
    "DELETE FROM permit WHERE serial IN (
         SELECT serial FROM permit WHERE expires < $1 ORDER BY expires LIMIT $2)",
    "DELETE FROM login WHERE id IN (SELECT id FROM login WHERE expires < $1 ORDER BY expires LIMIT $2)",
    "DELETE FROM one_time WHERE key IN (
         SELECT key FROM one_time WHERE expires < $1 ORDER BY expires LIMIT $2)",
];
/// The last entry of the log stays: the next one is chained to it. Watermarks never expire.
const LOG: &str = "DELETE FROM log WHERE position IN (
     SELECT position FROM log WHERE expires < $1 AND position < $3 ORDER BY expires LIMIT $2)";
