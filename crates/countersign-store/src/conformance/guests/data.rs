//! The data of guests: versions, all or none, and no more than there is room for.

use countersign_core::batch::{Conflict, Expect};
use countersign_core::id::Version;
use countersign_core::policy::GuestRoom;
use countersign_core::port::{GuestChange, GuestWrite};
use countersign_core::slot::OPERATIONS;

use super::{Broken, Door, at_version, begin, put, remove, serial, write};
use crate::conformance::fixtures::{at, same, there, want};

pub(super) async fn slots_are_compared_and_swapped(door: &Door) -> Result<(), Broken> {
    door.begin(1).await?;
    let one = |write: GuestWrite| self::write(1, vec![write]);
    door.refused(Conflict::Missing, one(put("other", at_version(1), &[1]))?).await?;
    door.refused(Conflict::Missing, one(put("other", Expect::Present, &[1]))?).await?;
    door.refused(Conflict::Taken, one(put("cart", Expect::Absent, &[2]))?).await?;
    same(door.done(one(put("cart", at_version(1), &[2]))?).await?, Version::new(2), "the version")?;
    door.refused(Conflict::Moved, one(put("cart", at_version(1), &[3]))?).await?;
    door.done(one(put("cart", Expect::Present, &[3]))?).await?;
    door.done(one(put("cart", Expect::Whatever, &[4]))?).await?;
    let slot = there(door.guests.guest_slot(serial(1)?, "cart").await?, "the slot")?;
    same((slot.version, slot.value), (Version::new(4), vec![4]), "the slot")?;
    door.refused(Conflict::Moved, one(remove("cart", at_version(3)))?).await?;
    door.refused(Conflict::Taken, one(remove("cart", Expect::Absent))?).await?;
    door.done(one(remove("cart", at_version(4)))?).await?;
    want(door.guests.guest_slot(serial(1)?, "cart").await?.is_none(), "a dropped slot is still there")?;
    door.refused(Conflict::Missing, one(remove("cart", Expect::Present))?).await?;
    door.done(one(remove("cart", Expect::Whatever))?).await.map(drop)
}

pub(super) async fn a_slot_that_was_dropped_comes_back_in_a_later_version(door: &Door) -> Result<(), Broken> {
    door.begin(1).await?;
    door.done(write(1, vec![remove("cart", at_version(1))])?).await?;
    door.done(write(1, vec![put("cart", Expect::Absent, &[1])])?).await?;
    let slot = there(door.guests.guest_slot(serial(1)?, "cart").await?, "the slot")?;
    same(slot.version, Version::new(3), "the version of a slot that came back")?;
    door.refused(Conflict::Moved, write(1, vec![put("cart", at_version(1), &[2])])?).await
}

pub(super) async fn several_slots_are_written_or_none(door: &Door) -> Result<(), Broken> {
    door.begin(1).await?;
    let before = door.data(1).await?;
    let half = vec![
        put("cart", at_version(1), &[2]),
        remove("nothing", Expect::Whatever),
        put("language", Expect::Absent, b"en"),
        put("total", at_version(7), &[9]),
    ];
    door.refused(Conflict::Missing, write(1, half)?).await?;
    same(door.data(1).await?, before, "the data after a write that was refused")?;
    let whole = vec![put("cart", at_version(1), &[2]), put("language", Expect::Absent, b"en")];
    same(door.done(write(1, whole)?).await?, Version::new(2), "the version")?;
    let after = door.data(1).await?;
    want(after.slots.iter().all(|(_, slot)| slot.version == Version::new(2)), "one write has one version")?;
    same((after.version, after.slots.len()), (Version::new(2), 2), "the data")
}

pub(super) async fn a_guest_keeps_no_more_than_it_may(door: &Door) -> Result<(), Broken> {
    door.begin(1).await?;
    let within = |slots, bytes, writes| -> Result<GuestChange, Broken> {
        Ok(GuestChange::Write { serial: serial(1)?, at: at(5), room: GuestRoom { slots, bytes }, writes })
    };
    let before = door.data(1).await?;
    let more = || vec![put("more", Expect::Absent, &[0; 6])];
    door.refused(Conflict::Full, within(1, 100, more())?).await?;
    // Four letters and a byte, then four letters and six bytes.
    door.refused(Conflict::Full, within(2, 14, more())?).await?;
    same(door.data(1).await?, before, "the data after a write that was refused")?;
    door.done(within(2, 15, more())?).await?;
    door.refused(Conflict::Full, within(2, 15, vec![put("cart", Expect::Present, &[0; 2])])?).await?;
    door.done(within(
        2,
        15,
        vec![put("cart", Expect::Present, &[2]), put("more", Expect::Present, &[0; 6])],
    )?)
    .await?;
    // What is dropped makes room in the same write.
    let swap = vec![remove("more", Expect::Present), put("else", Expect::Absent, &[0; 6])];
    door.done(within(2, 15, swap)?).await?;
    // What remembers operations takes nobody's place, and its bytes count.
    let operations =
        |bytes| vec![put(OPERATIONS, Expect::Whatever, &[0; 6]), put("else", Expect::Present, bytes)];
    door.refused(Conflict::Full, within(2, 30, operations(&[0; 6]))?).await?;
    for _ in 0..2 {
        door.done(within(2, 31, operations(&[0; 6]))?).await?;
    }
    door.refused(Conflict::Full, within(2, 99, more())?).await?;
    door.done(within(3, 99, more())?).await?;
    door.done(within(3, 99, vec![remove(OPERATIONS, Expect::Present)])?).await?;
    door.refused(Conflict::Full, within(3, 99, vec![put("last", Expect::Absent, &[0])])?).await?;
    let room = GuestRoom { slots: 1, bytes: 4 };
    let guest = Box::new(super::guest(2)?);
    let writes = vec![put("cart", Expect::Absent, &[1])];
    door.refused(Conflict::Full, GuestChange::Begin { guest, room, writes }).await?;
    want(door.guests.guest(serial(2)?).await?.is_none(), "a guest began that keeps more than it may")
}

pub(super) async fn guests_do_not_see_each_other(door: &Door) -> Result<(), Broken> {
    door.begin(1).await?;
    door.done(begin(11, vec![put("cart", Expect::Absent, &[11])])?).await?;
    door.done(write(11, vec![put("own", Expect::Absent, &[5])])?).await?;
    want(door.guests.guest_slot(serial(1)?, "own").await?.is_none(), "a slot of another guest")?;
    same(door.data(1).await?.slots.len(), 1, "the slots of the first")?;
    door.done(super::end(1, None)?).await?;
    same(door.data(11).await?.slots.len(), 2, "the slots of the second")
}

pub(super) async fn any_bytes_are_kept_as_they_are(door: &Door) -> Result<(), Broken> {
    let every: Vec<u8> = (0..=u8::MAX).collect();
    let large = vec![0xA5; 64 * 1024];
    let writes = vec![
        put("every", Expect::Absent, &every),
        put("empty", Expect::Absent, &[]),
        put("large", Expect::Absent, &large),
        put("a.b_c-d", Expect::Absent, b"\r\n\0"),
    ];
    door.done(begin(1, writes)?).await?;
    for (name, value) in
        [("every", every), ("empty", Vec::new()), ("large", large), ("a.b_c-d", b"\r\n\0".to_vec())]
    {
        let slot = there(door.guests.guest_slot(serial(1)?, name).await?, name)?;
        want(slot.value == value, "a value came back as another")?;
    }
    same(door.data(1).await?.slots.len(), 4, "the slots")
}
