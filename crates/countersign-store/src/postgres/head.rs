//! The one row that orders everything: where the log stands, and which serials are next.

use std::ops::Range;

use countersign_core::Fault;
use countersign_core::extent::{Chain, LogEntry};
use countersign_core::id::{Epoch, Position, Serial};
use countersign_core::port::LogState;
use countersign_core::time::Timestamp;
use tokio_postgres::Row;

use super::convert::{Stop, column, number, record};
use super::link::{Link, Values};
use crate::column::{int, place};

/// What the row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) log: LogState,
    next_serial: u64,
    next_guest: u64,
    /// How many have been erased that the ledgers beside the database are to know.
    pub(super) erased: u64,
    /// Where it was last written.
    pub(super) server: Server,
    /// Where it is now.
    pub(super) here: Server,
    /// The server's clock, the one that all nodes share.
    pub(super) clock: Timestamp,
}

/// A server in one of its lives: a standby that takes over begins a timeline, a database that was restored elsewhere has
/// another system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Server {
    system: i64,
    timeline: i64,
}

/// Whose serials: the two never meet.
#[derive(Clone, Copy, Debug)]
pub(super) enum Space {
    /// Sessions and grants.
    Revocable,
    /// Guests.
    Guests,
}

impl Head {
    /// Locks the row until the transaction ends, and reads it. What others have committed before is visible from here on.
    pub(super) async fn lock(link: &Link) -> Result<Self, Stop> {
        Ok(Self::of(&link.rows(LOCK, &[]).await?)?)
    }

    /// Reads the row as it is.
    pub(super) async fn look(link: &Link) -> Result<Self, Stop> {
        Ok(Self::of(&link.rows(LOOK, &[]).await?)?)
    }

    /// The head that `rows` hold.
    pub(super) fn of(rows: &[Row]) -> Result<Self, Fault> {
        let [row] = rows else {
            return Err(Fault::Unfit("the database has lost the head of its log".to_owned()));
        };
        let epoch =
            u32::try_from(number(row, 0)?).map_err(|_| Fault::Codec("the epoch is too large".to_owned()))?;
        let chain: [u8; 32] = column::<&[u8]>(row, 2)?
            .try_into()
            .map_err(|_| Fault::Codec("the head's hash has another length".to_owned()))?;
        let position = Position::new(number(row, 1)?);
        let log = LogState { epoch: Epoch::new(epoch), position, chain: Chain(chain) };
        let server = |at: usize| -> Result<Server, Fault> {
            Ok(Server { system: column(row, at)?, timeline: column(row, at + 1)? })
        };
        Ok(Self {
            log,
            next_serial: number(row, 3)?,
            next_guest: number(row, 4)?,
            server: server(5)?,
            here: server(7)?,
            clock: Timestamp::from_millis(number(row, 9)?),
            erased: number(row, 10)?,
        })
    }

    /// Whether the server is another than the one that it was last written on.
    pub(super) fn has_moved(&self) -> bool {
        self.server != self.here
    }

    /// Writes the row; the last statement of its transaction, so that the row is locked no longer than it must be changed.
    pub(super) async fn keep(&self, link: &Link) -> Result<(), Stop> {
        let (position, chain) = (place(self.log.position), self.log.chain.0.as_slice());
        let (serial, guest) = (int(self.next_serial), int(self.next_guest));
        let epoch = i64::from(self.log.epoch.number());
        let Server { system, timeline } = self.server;
        let values: Values<'_> =
            &[&position, &chain, &serial, &guest, &epoch, &system, &timeline, &int(self.erased)];
        match link.run(KEEP, values).await? {
            1 => Ok(()),
            _ => Err(Stop::Fault(Fault::Unfit("the database has lost the head of its log".to_owned()))),
        }
    }

    /// Takes `count` serials of `space`.
    pub(super) fn lease(&mut self, space: Space, count: u32) -> Result<Range<u64>, Fault> {
        let next = match space {
            Space::Revocable => &mut self.next_serial,
            Space::Guests => &mut self.next_guest,
        };
        let end = next.saturating_add(u64::from(count));
        if end > Serial::MAX.number() {
            return Err(Fault::Store("all serials have been given out".to_owned()));
        }
        Ok(std::mem::replace(next, end)..end)
    }
}

/// At most `limit` log entries after `position` and up to `until`, oldest first.
pub(super) async fn page(
    link: &Link,
    position: Position,
    until: Position,
    limit: u32,
) -> Result<Vec<LogEntry>, Stop> {
    let rows = link.rows(PAGE, &[&place(position), &place(until), &i64::from(limit)]).await?;
    Ok(rows.iter().map(|row| record(row, 0)).collect::<Result<_, _>>()?)
}

/// What is asked of the row: what it says, and of the server which one it is and what time it has.
macro_rules! row {
    () => {
        "SELECT epoch, position, chain, next_serial, next_guest, system, timeline,
            (SELECT system_identifier FROM pg_control_system()),
            ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint,
            (extract(epoch FROM clock_timestamp()) * 1000)::bigint, erased
         FROM head"
    };
}

/// The row without a lock.
pub(super) const LOOK: &str = row!();
const LOCK: &str = concat!(row!(), " FOR UPDATE");
const KEEP: &str = "UPDATE head SET position = $1, chain = $2, next_serial = $3, next_guest = $4, epoch = $5,
    system = $6, timeline = $7, erased = $8";
/// Log entries in a span.
pub(super) const PAGE: &str =
    "SELECT record FROM log WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3";
