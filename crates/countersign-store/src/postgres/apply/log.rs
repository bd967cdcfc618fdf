//! The log of endings: contiguous positions, one hash over all of it. The head itself is written when the transaction ends.

use countersign_core::audit::{AuditEntry, Event};
use countersign_core::batch::Conflict;
use countersign_core::extent::{Actor, LogEntry, LogKind};
use countersign_core::id::{Epoch, Position};
use countersign_core::revoke::epoch::bump;
use countersign_core::revoke::log::link;
use countersign_core::time::Timestamp;

use super::Applied;
use crate::codec::encode;
use crate::column::{int, place, time};
use crate::postgres::address::Failover;
use crate::postgres::convert::Stop;
use crate::postgres::head::{Server, Space};

/// How many serials are passed over when the last leases may be lost: what hundreds of nodes hold at once.
const LOST: u32 = 1 << 20;

impl Applied<'_> {
    /// Begins `epoch`: a watermark over everything, and the first entry that carries the new number.
    pub(super) async fn begin_epoch(&mut self, epoch: Epoch) -> Result<(), Stop> {
        if epoch <= self.head.log.epoch {
            return Err(Conflict::Moved.into());
        }
        self.head.log.epoch = epoch;
        self.mark_over("", LogKind::EpochBegan).await
    }

    /// The database is another server than before: after it nobody is signed in, unless `failover` says that nothing is lost.
    pub(in crate::postgres) async fn move_in(&mut self, failover: Failover) -> Result<(), Stop> {
        let before = std::mem::replace(&mut self.head.server, self.head.here);
        if before == Server::default() || failover == Failover::Keeps {
            return Ok(());
        }
        // Leases are no entries of the log: the last ones may be lost with nothing else, and their holders go on.
        self.head.lease(Space::Revocable, LOST)?;
        self.head.lease(Space::Guests, LOST)?;
        let at = self.head.clock;
        let epoch = bump(&[self.head.log.epoch], at)?;
        tracing::warn!(
            epoch = epoch.number(),
            "PostgreSQL is another server than before: a new epoch begins, and everybody signs in again"
        );
        self.begin_epoch(epoch).await?;
        let (by, event) = (Actor::System, Event::EpochBegan);
        self.audit(&AuditEntry { at, by, event, subject: None, client: None, network: None }).await
    }

    /// Writes the next entry and answers its place.
    pub(super) async fn log(&mut self, kind: LogKind, expires: Timestamp) -> Result<Position, Stop> {
        self.log_all(vec![(kind, expires)]).await
    }

    /// Writes entries in their order; answers the place of the last.
    pub(super) async fn log_all(&mut self, kinds: Vec<(LogKind, Timestamp)>) -> Result<Position, Stop> {
        let (mut places, mut serials, mut ends, mut records) = (vec![], vec![], vec![], vec![]);
        for (kind, expires) in kinds {
            let epoch = self.head.log.epoch;
            let position = self.head.log.position.next();
            let chain = link(&self.head.log.chain, epoch, position, &kind, expires);
            serials.push(match &kind {
                LogKind::Ended(serial) => Some(int(serial.number())),
                LogKind::ClientMark(_)
                | LogKind::EverythingMark
                | LogKind::KeyRetired(_)
                | LogKind::EpochBegan => None,
            });
            let entry = LogEntry { epoch, position, chain, kind, expires };
            places.push(place(position));
            ends.push(time(expires));
            records.push(encode(&entry)?);
            (self.head.log.position, self.head.log.chain) = (position, chain);
            self.entries.push(entry);
        }
        self.run(
            "INSERT INTO log (position, serial, expires, record)
             SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[])",
            &[&places, &serials, &ends, &records],
        )
        .await?;
        Ok(self.head.log.position)
    }
}

/// The expiry of an entry that is kept for good.
pub(super) const FOR_GOOD: Timestamp = Timestamp::from_millis(u64::MAX);
