//! The data of a session: several slots in one step, segments, versions, room, and operations that count once.

use std::sync::Arc;
use std::time::Duration;

use countersign_core::batch::{Batch, Change, Conflict, Expect, Outcome};
use countersign_core::id::Version;
use countersign_core::policy::{OPERATION_MEMORY, OPERATIONS_COUNT, SEGMENT_BYTES, SlotRoom};
use countersign_core::slot::{OperationId, Segment, SlotPut, SlotWrite};

use super::Broken;
use super::fixtures::{ALL, Bench, at, drop_slot, put_slot, same, slots, slots_write, there, want};
use super::races::together;

pub(super) async fn several_slots_are_written_together_or_not_at_all(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    let both = |second| -> Result<Change, Broken> {
        let one = |name: &str, expect, value| {
            let put = Some(SlotPut::one(1, vec![value]));
            SlotWrite { name: name.to_owned(), expect, put }
        };
        let writes = vec![one("cart", Expect::Whatever, 1), one("note", second, 2)];
        Ok(Change::WriteSlots(slots_write(1, writes)?))
    };
    bench.refused(Conflict::Missing, both(Expect::Present)?).await?;
    want(bench.store.slot_names(&slots(1)?).await?.is_empty(), "half of a write was kept")?;
    bench.done(both(Expect::Absent)?).await?;
    let expected = ["cart", "note"].map(|name| (name.to_owned(), Version::FIRST, 1)).to_vec();
    same(bench.store.slot_names(&slots(1)?).await?, expected, "the slots")
}

pub(super) async fn a_version_never_comes_twice(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    let mut last = Version::default();
    for round in 0..4_u8 {
        let change = put_slot(1, "cart", Expect::Absent, &[round])?;
        let outcome = bench.store.commit(Batch::of(change)).await?;
        let slot = there(bench.store.slot(&slots(1)?, "cart", 0..0).await?, "the slot")?;
        want(slot.version > last, "a slot that was removed came back with a version that it had")?;
        let Outcome::Committed(_, said) = outcome else { return Err(Broken("it was refused".to_owned())) };
        same(said, Some(slot.version), "the version that was answered")?;
        last = slot.version;
        bench.done(drop_slot("cart", Expect::At(last))?).await?;
    }
    Ok(())
}

fn part(expect: Expect, length: u64, segments: &[(u32, u8)]) -> Result<Change, Broken> {
    let sealed = |(number, byte): &(u32, u8)| Segment { number: *number, sealed: vec![*byte; 3] };
    let put = SlotPut { length, marks: Vec::new(), segments: segments.iter().map(sealed).collect() };
    let write = SlotWrite { name: "film".to_owned(), expect, put: Some(put) };
    Ok(Change::WriteSlots(slots_write(1, vec![write])?))
}

pub(super) async fn a_long_value_is_written_and_read_by_segment(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    let read = |range| async move {
        let slot = there(bench.store.slot(&slots(1)?, "film", range).await?, "the slot")?;
        Ok::<_, Broken>(
            slot.segments.iter().map(|s| (s.number, s.sealed.first().copied())).collect::<Vec<_>>(),
        )
    };
    let at_version = |number| Expect::At(Version::new(number));
    let three = 3 * SEGMENT_BYTES;
    bench.refused(Conflict::Moved, part(Expect::Absent, three, &[(0, 1), (2, 1)])?).await?;
    bench.done(part(Expect::Absent, three, &[(0, 1), (1, 1), (2, 1)])?).await?;
    bench.refused(Conflict::Moved, part(Expect::Present, three, &[(1, 2)])?).await?;
    bench.done(part(at_version(1), three, &[(1, 2)])?).await?;
    same(read(0..0).await?, vec![], "no segment")?;
    same(read(1..2).await?, vec![(1, Some(2))], "one segment")?;
    same(read(ALL).await?, vec![(0, Some(1)), (1, Some(2)), (2, Some(1))], "all segments")?;
    bench.refused(Conflict::Moved, part(at_version(2), three + 1, &[(0, 3)])?).await?;
    bench.done(part(at_version(2), three + 1, &[(3, 3)])?).await?;
    bench.done(part(at_version(3), SEGMENT_BYTES + 1, &[])?).await?;
    same(read(ALL).await?, vec![(0, Some(1)), (1, Some(2))], "what was cut off")?;
    bench.done(part(at_version(4), 1, &[(0, 9)])?).await?;
    same(read(ALL).await?, vec![(0, Some(9))], "the one piece")?;
    bench.refused(Conflict::Moved, part(at_version(5), SEGMENT_BYTES + 1, &[(0, 1)])?).await
}

pub(super) async fn the_data_of_a_session_stays_in_its_room(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    let put = |name: &str, bytes| -> Result<Change, Broken> {
        let put = Some(SlotPut::one(bytes, vec![1]));
        let write = SlotWrite { name: name.to_owned(), expect: Expect::Whatever, put };
        let mut write = slots_write(1, vec![write])?;
        write.room = SlotRoom { slots: 2, bytes: 100 };
        Ok(Change::WriteSlots(write))
    };
    bench.done(put("cart", 60)?).await?;
    bench.refused(Conflict::Full, put("note", 41)?).await?;
    bench.done(put("note", 40)?).await?;
    bench.refused(Conflict::Full, put("more", 0)?).await?;
    bench.done(put("cart", 10)?).await?;
    bench.done(put("note", 90)?).await?;
    bench.done(drop_slot("note", Expect::Present)?).await?;
    bench.done(put("more", 90)?).await.map(drop)
}

pub(super) async fn an_operation_counts_once(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    let once = |ids: &[u32]| -> Result<Change, Broken> {
        let put = Some(SlotPut::one(1, vec![1]));
        let write = SlotWrite { name: "count".to_owned(), expect: Expect::Whatever, put };
        let mut write = slots_write(1, vec![write])?;
        write.operations = ids.iter().map(|&id| OperationId(u128::from(id).to_be_bytes())).collect();
        Ok(Change::WriteSlots(write))
    };
    let outcomes = together((0..64).map(|_| {
        let (store, change) = (Arc::clone(&bench.store), once(&[1]));
        async move { Ok(store.commit(Batch::of(change?)).await?) }
    }))
    .await?;
    let won = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Committed(..))).count();
    let again = outcomes.iter().filter(|outcome| **outcome == Outcome::Conflict(Conflict::Applied)).count();
    same((won, again), (1, 63), "applied and applied before")?;
    let slot = there(bench.store.slot(&slots(1)?, "count", 0..0).await?, "the slot")?;
    same(slot.version, Version::FIRST, "how often it counted")?;
    for id in 2..=OPERATIONS_COUNT {
        bench.done(once(&[id])?).await?;
    }
    bench.refused(Conflict::Applied, once(&[1])?).await?;
    // No more are remembered.
    bench.done(once(&[OPERATIONS_COUNT + 1])?).await?;
    bench.done(once(&[1])?).await?;
    bench.refused(Conflict::Applied, once(&[OPERATIONS_COUNT])?).await?;
    // Of several at once each must be new, or none is remembered.
    let new = OPERATIONS_COUNT + 2;
    bench.refused(Conflict::Applied, once(&[new, new + 1, 1])?).await?;
    bench.done(once(&[new, new + 1])?).await?;
    bench.refused(Conflict::Applied, once(&[new + 1])?).await?;
    let over = at(5 + OPERATION_MEMORY.as_secs());
    let waiting = async |before| Ok::<_, Broken>(bench.directory.overdue(before, 1000).await?.operations);
    same(waiting(over).await?, 0, "operations that wait to be swept, in time")?;
    same(waiting(over + Duration::from_millis(1)).await?, u64::from(OPERATIONS_COUNT), "and after it")
}
