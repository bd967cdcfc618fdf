//! Reading session data: one slot and the segments that were asked for, or the names of all.

use std::ops::Range;

use countersign_core::id::{SlotsId, Version};
use countersign_core::slot::{Segment, SlotValue};
use rusqlite::{Connection, OptionalExtension, params};

use super::convert::number;

/// The slot at `place` (where the data hangs, the name) with those of `range` that it has.
pub(super) fn read(
    connection: &Connection,
    place: [&str; 2],
    range: Range<u32>,
) -> rusqlite::Result<Option<SlotValue>> {
    // The head and its segments must be of one moment. Nothing is written, so dropping the transaction loses nothing.
    let moment = connection.unchecked_transaction()?;
    let piece = if range.is_empty() { "NULL" } else { "value" };
    let sql = format!("SELECT version, length, marks, {piece} FROM slot WHERE slots = ?1 AND name = ?2");
    let head = moment
        .prepare_cached(&sql)?
        .query_row(place, |row| {
            let marks = row.get_ref(2)?.as_blob()?.as_chunks::<16>().0.to_vec();
            let sealed: Option<Vec<u8>> = row.get(3)?;
            let segments = sealed.map(|sealed| vec![Segment { number: 0, sealed }]).unwrap_or_default();
            Ok(SlotValue { version: Version::new(number(row, 0)?), length: number(row, 1)?, marks, segments })
        })
        .optional()?;
    let Some(mut slot) = head else { return Ok(None) };
    if slot.segments.is_empty() && !range.is_empty() {
        let [slots, name] = place;
        slot.segments = moment
            .prepare_cached(
                "SELECT number, value FROM segment
                 WHERE slots = ?1 AND name = ?2 AND number >= ?3 AND number < ?4 ORDER BY number",
            )?
            .query_map(params![slots, name, range.start, range.end], |row| {
                Ok(Segment { number: row.get(0)?, sealed: row.get(1)? })
            })?
            .collect::<rusqlite::Result<_>>()?;
    }
    Ok(Some(slot))
}

/// The names, versions and plain sizes of all slots, sorted by name.
pub(super) fn names(
    connection: &Connection,
    slots: &SlotsId,
) -> rusqlite::Result<Vec<(String, Version, u64)>> {
    connection
        .prepare_cached("SELECT name, version, length FROM slot WHERE slots = ?1 ORDER BY name")?
        .query_map([slots.as_str()], |row| Ok((row.get(0)?, Version::new(number(row, 1)?), number(row, 2)?)))?
        .collect()
}
