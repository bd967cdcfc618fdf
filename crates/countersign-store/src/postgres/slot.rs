//! Reading session data: one slot and the segments that were asked for, or the names of all.

use std::ops::Range;

use countersign_core::Fault;
use countersign_core::id::{SlotsId, Version};
use countersign_core::slot::{Segment, SlotValue};

use super::convert::{column, number, version};
use super::link::Links;

/// The slot at `place` (where the data hangs, the name) with those of `range` that it has.
pub(super) async fn read(
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
        let Some(number) = column::<Option<i64>>(row, 4)? else { continue };
        let number = u32::try_from(number).map_err(|_| Fault::Codec(format!("a segment is `{number}`")))?;
        found.segments.push(Segment { number, sealed: column(row, 5)? });
    }
    Ok(Some(found))
}

/// The names, versions and plain sizes of all slots, sorted by name.
pub(super) async fn names(links: &Links, slots: &SlotsId) -> Result<Vec<(String, Version, u64)>, Fault> {
    let sql = "SELECT name, version, length FROM slot WHERE slots = $1 ORDER BY name";
    let rows = links.rows(sql, &[&slots.as_str()]).await?;
    rows.iter().map(|row| Ok((column(row, 0)?, version(row, 1)?, number(row, 2)?))).collect()
}

/// One statement, so that head and segments are of one moment. The marks come with the first row only.
const READ: &str = "SELECT slot.version, slot.length,
        CASE WHEN segment.number IS NULL OR segment.number = $3 THEN slot.marks ELSE '' END,
        CASE WHEN $3 < $4 THEN slot.value END, segment.number, segment.value
    FROM slot LEFT JOIN segment ON segment.slots = slot.slots AND segment.name = slot.name
        AND segment.number >= $3 AND segment.number < $4
    WHERE slot.slots = $1 AND slot.name = $2 ORDER BY segment.number";
