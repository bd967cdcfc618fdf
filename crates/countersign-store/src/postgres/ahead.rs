//! Long values on their way to the database. A transaction that holds the head of the log keeps every node's writers waiting, so
//! a connection that is slow must not carry ten megabytes inside it: they are sent ahead, a statement for each [`PIECE`], into a
//! table that nobody else reads, and the commit only moves rows.
//!
//! What is left there by a node that died is swept; erasing a person takes what is under way for them along.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use countersign_core::Fault;
use countersign_core::batch::{Batch, Change};
use countersign_core::slot::{Segment, SlotPut, SlotsWrite};
use tokio::sync::Semaphore;

use super::convert::column;
use super::link::{Link, Links};

/// The way ahead: so many at once.
#[derive(Clone, Debug)]
pub(super) struct Ways(Arc<Semaphore>);

/// Names what was sent ahead for one batch.
#[derive(Debug)]
pub(super) struct Sending(String);

impl Sending {
    pub(super) fn name(&self) -> &str {
        &self.0
    }
}

impl Ways {
    /// All of them.
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(WAYS)))
    }

    /// Sends ahead the segments of `batch`, if they are many.
    ///
    /// # Errors
    /// [`Fault::Store`]: the database does not answer within a limit, or too many are under way. Nothing has been written.
    pub(super) async fn send(&self, links: &Links, batch: &Batch) -> Result<Option<Sending>, Fault> {
        let Some(write) = long(batch) else { return Ok(None) };
        let busy = |_| Fault::Store("too many long values are on their way to PostgreSQL".to_owned());
        let way = tokio::time::timeout(PATIENCE, self.0.acquire()).await.map_err(busy)?;
        let _way = way.map_err(|_| super::writer::gone())?;
        let link = links.link().await?;
        let rows = link.rows("SELECT gen_random_uuid()::text", &[]).await?;
        let name = rows.first().map_or(Ok(String::new()), |row| column(row, 0))?;
        for slot in &write.writes {
            for piece in slot.put.iter().filter(|put| put.count() > 1).flat_map(pieces) {
                put(&link, [&name, write.slots.as_str(), &slot.name], piece).await?;
            }
        }
        Ok(Some(Sending(name)))
    }
}

/// Drops what was sent ahead and is not wanted. What cannot be dropped now is swept.
pub(super) async fn drop_sent(links: &Links, sending: &Sending) {
    if let Err(fault) = links.rows(DROP, &[&sending.name()]).await {
        tracing::debug!(%fault, "what was sent ahead stays until it is swept");
    }
}

/// How many bytes of segments `batch` carries.
pub(super) fn bytes(batch: &Batch) -> usize {
    let writes = batch.changes().iter().filter_map(|change| match change {
        Change::WriteSlots(write) => Some(write),
        _ => None,
    });
    let segments = writes.flat_map(|write| &write.writes).filter_map(|slot| slot.put.as_ref());
    segments.flat_map(|put| &put.segments).map(|segment| segment.sealed.len()).sum()
}

/// The write of a batch whose segments are to be sent ahead. One that writes a slot twice is not: which value is the last one
/// would be lost.
fn long(batch: &Batch) -> Option<&SlotsWrite> {
    if bytes(batch) <= LONG {
        return None;
    }
    let mut writes = batch.changes().iter().filter_map(|change| match change {
        Change::WriteSlots(write) => Some(write),
        _ => None,
    });
    let (Some(write), None) = (writes.next(), writes.next()) else { return None };
    let mut names = HashSet::new();
    write.writes.iter().all(|slot| names.insert(&slot.name)).then_some(write)
}

/// The segments of `put`, as many together as make a [`PIECE`].
fn pieces(put: &SlotPut) -> impl Iterator<Item = &[Segment]> {
    let mut size = 0;
    put.segments.chunk_by(move |before, next| {
        size += before.sealed.len();
        let together = size + next.sealed.len() <= PIECE;
        if !together {
            size = 0;
        }
        together
    })
}

async fn put(link: &Link, [sending, slots, name]: [&str; 3], piece: &[Segment]) -> Result<(), Fault> {
    let numbers: Vec<_> = piece.iter().map(|segment| i64::from(segment.number)).collect();
    let sealed: Vec<_> = piece.iter().map(|segment| segment.sealed.as_slice()).collect();
    link.run(PUT, &[&sending, &slots, &name, &numbers, &sealed]).await?;
    Ok(())
}

const PUT: &str = "INSERT INTO ahead (sending, slots, name, number, value)
    SELECT $1, $2, $3, piece.number, piece.value
    FROM unnest($4::bigint[], $5::bytea[]) AS piece (number, value)";
/// Drops what was sent ahead for one batch.
pub(super) const DROP: &str = "DELETE FROM ahead WHERE sending = $1";
/// What nobody can be sending any more: the longest batch is some twenty pieces, each within the limit of an answer.
macro_rules! left {
    () => {
        "ahead WHERE since < now() - interval '10 minutes'"
    };
}
/// Drops some of it.
pub(super) const SWEEP: &str =
    concat!("DELETE FROM ahead WHERE ctid = ANY (ARRAY(SELECT ctid FROM ", left!(), " LIMIT $1))");
/// How much of it there is, counted so far.
pub(super) const LEFT_AHEAD: &str =
    concat!("SELECT count(*) FROM (SELECT FROM ", left!(), " LIMIT $1) AS waiting");

/// The most bytes of segments that go along with their commit.
const LONG: usize = 256 * 1024;
/// The most bytes in one statement: within the limit of an answer over a third of a megabyte in a second.
const PIECE: usize = 1024 * 1024;
/// The most batches that are sent ahead at once; each keeps a connection of its node busy.
const WAYS: usize = 3;
/// The longest wait for one of them.
const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use countersign_core::policy::SEGMENT_BYTES;

    use super::*;

    fn put_of(sizes: &[usize]) -> SlotPut {
        let segments =
            (0..).zip(sizes).map(|(number, size)| Segment { number, sealed: vec![0; *size] }).collect();
        SlotPut { length: SEGMENT_BYTES * 100, marks: Vec::new(), segments }
    }

    #[test]
    fn no_statement_carries_more_than_a_piece_and_no_segment_is_left_out() {
        let segment = 64 * 1024 + 28;
        let put = put_of(&[segment; 160]);
        let sizes: Vec<usize> = pieces(&put).map(<[Segment]>::len).collect();
        assert_eq!(sizes, [[15; 10].as_slice(), &[10]].concat());
        let numbers: Vec<u32> = pieces(&put).flatten().map(|segment| segment.number).collect();
        assert_eq!(numbers, (0..160).collect::<Vec<_>>());
        // What is larger than a piece goes alone.
        let put = put_of(&[PIECE + 1, 1, PIECE, PIECE - 1, 1, 1]);
        assert_eq!(pieces(&put).map(<[Segment]>::len).collect::<Vec<_>>(), [1, 1, 1, 2, 1]);
    }
}
