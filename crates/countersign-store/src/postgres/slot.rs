//! Reading session data: one slot and the segments that were asked for, or the names of all.

use std::ops::Range;

use countersign_core::Fault;
use countersign_core::id::{SlotsId, Version};
use countersign_core::slot::{Segment, SlotValue, count};
use tokio_postgres::Row;

use super::convert::{column, number, version};
use super::link::Links;
use crate::column::int;

/// The slot at `place` (where the data hangs, the name) with those of `range` that it has. A long one is read a megabyte at a
/// time, as long as nobody writes to it meanwhile.
pub(super) async fn read(
    links: &Links,
    place: [&str; 2],
    range: Range<u32>,
) -> Result<Option<SlotValue>, Fault> {
    for _ in 0..TRIES {
        let first = range.start..range.end.min(range.start.saturating_add(PIECE));
        let Some(mut found) = at_once(links, place, first.clone()).await? else { return Ok(None) };
        let rest = first.end..range.end.min(count(found.length));
        if found.segments.len() < first.len()
            || rest.is_empty()
            || more(links, place, &mut found, rest).await?
        {
            return Ok(Some(found));
        }
    }
    at_once(links, place, range).await
}

/// Reads the segments of `range`, all of which the slot has; answers whether it is still in the version that was `found`.
async fn more(
    links: &Links,
    [slots, name]: [&str; 2],
    found: &mut SlotValue,
    range: Range<u32>,
) -> Result<bool, Fault> {
    let step = usize::try_from(PIECE).unwrap_or(usize::MAX);
    for from in range.clone().step_by(step) {
        let to = range.end.min(from.saturating_add(PIECE));
        let (version, bounds) = (int(found.version.number()), (i64::from(from), i64::from(to)));
        let rows = links.rows(MORE, &[&slots, &name, &version, &bounds.0, &bounds.1]).await?;
        if rows.is_empty() {
            return Ok(false);
        }
        for row in &rows {
            found.segments.push(segment(row, 0)?);
        }
    }
    Ok(true)
}

fn segment(row: &Row, at: usize) -> Result<Segment, Fault> {
    let number: i64 = column(row, at)?;
    let number = u32::try_from(number).map_err(|_| Fault::Codec(format!("a segment is `{number}`")))?;
    Ok(Segment { number, sealed: column(row, at + 1)? })
}

/// As [`read`], in one statement.
async fn at_once(
    links: &Links,
    [slots, name]: [&str; 2],
    range: Range<u32>,
) -> Result<Option<SlotValue>, Fault> {
    let (from, to) = (i64::from(range.start), i64::from(range.end));
    let rows = links.rows(READ, &[&slots, &name, &from, &to]).await?;
    let Some(head) = rows.first() else { return Ok(None) };
    let marks = column::<&[u8]>(head, 2)?.as_chunks::<16>().0.to_vec();
    let mut found =
        SlotValue { version: version(head, 0)?, length: number(head, 1)?, marks, segments: Vec::new() };
    if let Some(sealed) = column::<Option<Vec<u8>>>(head, 3)? {
        found.segments.push(Segment { number: 0, sealed });
        return Ok(Some(found));
    }
    for row in &rows {
        if column::<Option<i64>>(row, 4)?.is_some() {
            found.segments.push(segment(row, 4)?);
        }
    }
    Ok(Some(found))
}

/// The names, versions and plain sizes of all slots, sorted by name.
pub(super) async fn names(links: &Links, slots: &SlotsId) -> Result<Vec<(String, Version, u64)>, Fault> {
    let sql = "SELECT name, version, length FROM slot WHERE slots = $1 ORDER BY name";
    let rows = links.rows(sql, &[&slots.as_str()]).await?;
    rows.iter().map(|row| Ok((column(row, 0)?, version(row, 1)?, number(row, 2)?))).collect()
}

/// The next segments of a slot that is still in that version.
const MORE: &str = "SELECT segment.number, segment.value FROM slot JOIN segment USING (slots, name)
    WHERE slot.slots = $1 AND slot.name = $2 AND slot.version = $3 AND segment.number >= $4 AND segment.number < $5
    ORDER BY segment.number";
/// One statement, so that head and segments are of one moment. The marks come with the first row only.
const READ: &str = "SELECT slot.version, slot.length,
        CASE WHEN segment.number IS NULL OR segment.number = $3 THEN slot.marks ELSE '' END,
        CASE WHEN $3 < $4 THEN slot.value END, segment.number, segment.value
    FROM slot LEFT JOIN segment ON segment.slots = slot.slots AND segment.name = slot.name
        AND segment.number >= $3 AND segment.number < $4
    WHERE slot.slots = $1 AND slot.name = $2 ORDER BY segment.number";

/// How many segments are read at once: a megabyte, within the limit of an answer over a slow connection.
const PIECE: u32 = 16;
/// How often a long value is read anew because somebody wrote to it; then it is read in one statement.
const TRIES: usize = 4;
