//! How a guest begins, goes on and ends.

use countersign_core::batch::{Change, Conflict, Expect};
use countersign_core::extent::Reason;
use countersign_core::id::Version;
use countersign_core::port::{GuestChange, GuestSlot, Overdue};

use super::{Broken, Door, begin, end, guest, put, serial, touch, write, write_at};
use crate::conformance::fixtures::{Bench, at, ending, same, there, want};

pub(super) async fn a_guest_begins_with_its_first_data(door: &Door) -> Result<(), Broken> {
    want(door.guests.guest(serial(1)?).await?.is_none(), "a guest is there before it began")?;
    let writes = vec![put("cart", Expect::Absent, &[1]), put("language", Expect::Whatever, b"en")];
    same(door.done(begin(1, writes)?).await?, Version::FIRST, "the version of the data")?;
    same(there(door.guests.guest(serial(1)?).await?, "the guest")?, guest(1)?, "the guest")?;
    let cart = there(door.guests.guest_slot(serial(1)?, "cart").await?, "the cart")?;
    same(cart, GuestSlot { version: Version::FIRST, value: vec![1] }, "the cart")?;
    let names: Vec<String> = door.data(1).await?.slots.into_iter().map(|(name, _)| name).collect();
    same(names, vec!["cart".to_owned(), "language".to_owned()], "the slots")?;
    door.refused(Conflict::Missing, begin(2, vec![put("cart", Expect::Present, &[1])])?).await?;
    want(door.guests.guest(serial(2)?).await?.is_none(), "a guest began whose first data was refused")
}

pub(super) async fn a_serial_belongs_to_one_guest_for_good(door: &Door) -> Result<(), Broken> {
    door.begin(1).await?;
    door.refused(Conflict::Taken, begin(1, vec![put("cart", Expect::Absent, &[2])])?).await?;
    same(door.data(1).await?.slots.len(), 1, "the slots")?;
    door.done(end(1, None)?).await?;
    door.refused(Conflict::Taken, begin(1, vec![put("cart", Expect::Absent, &[2])])?).await
}

pub(super) async fn an_update_never_inserts(door: &Door) -> Result<(), Broken> {
    door.refused(Conflict::Missing, touch(1, 5)?).await?;
    door.refused(Conflict::Missing, write(1, vec![put("cart", Expect::Whatever, &[1])])?).await?;
    door.refused(Conflict::Missing, end(1, None)?).await?;
    let nothing = door.guests.guest(serial(1)?).await?.is_none()
        && door.guests.guest_data(serial(1)?).await?.is_none()
        && door.guests.guest_slot(serial(1)?, "cart").await?.is_none();
    want(nothing, "a write made a guest")
}

pub(super) async fn touching_moves_forward_only(door: &Door) -> Result<(), Broken> {
    door.begin(1).await?;
    for (touched, expected) in [(40, 40), (30, 40), (41, 41)] {
        same(door.done(touch(1, touched)?).await?, Version::FIRST, "the version of the data")?;
        let guest = there(door.guests.guest(serial(1)?).await?, "the guest")?;
        same(guest.seen, at(expected), "`seen`")?;
    }
    Ok(())
}

pub(super) async fn nothing_is_written_past_the_idle_or_the_absolute_limit(
    door: &Door,
) -> Result<(), Broken> {
    door.begin(1).await?;
    let late = |seconds| write_at(1, seconds, vec![put("cart", Expect::Whatever, &[2])]);
    door.refused(Conflict::Over, late(102)?).await?;
    door.refused(Conflict::Over, touch(1, 102)?).await?;
    door.done(late(101)?).await?;
    // A write is not a use; only a touch is.
    door.refused(Conflict::Over, late(102)?).await?;
    for seen in (101..1000).step_by(90) {
        door.done(touch(1, seen)?).await?;
    }
    door.done(late(999)?).await?;
    door.refused(Conflict::Over, late(1000)?).await?;
    door.refused(Conflict::Over, touch(1, 1000)?).await
}

pub(super) async fn ending_takes_the_data_and_leaves_a_tombstone(door: &Door) -> Result<(), Broken> {
    door.begin(1).await?;
    door.done(touch(1, 30)?).await?;
    door.done(end(1, None)?).await?;
    let stone = there(door.guests.guest(serial(1)?).await?, "the tombstone")?;
    let mut expected = guest(1)?;
    (expected.seen, expected.ended) = (stone.seen, Some(ending()));
    expected.data_key.clear();
    same(stone, expected, "the tombstone")?;
    want(door.guests.guest_data(serial(1)?).await?.is_none(), "data outlives its guest")?;
    want(door.guests.guest_slot(serial(1)?, "cart").await?.is_none(), "a slot outlives its guest")?;
    door.refused(Conflict::Over, touch(1, 31)?).await?;
    door.refused(Conflict::Over, write(1, vec![put("cart", Expect::Whatever, &[1])])?).await?;
    let mut other = ending();
    other.reason = Reason::Erased;
    door.done(GuestChange::End { serial: serial(1)?, expect: Some(Version::new(9)), ending: other }).await?;
    let stone = there(door.guests.guest(serial(1)?).await?, "the tombstone")?;
    same(stone.ended, Some(ending()), "the first ending")
}

pub(super) async fn an_ending_may_insist_on_the_data_that_was_read(door: &Door) -> Result<(), Broken> {
    door.begin(1).await?;
    let read = door.data(1).await?.version;
    door.done(write(1, vec![put("cart", Expect::Present, &[2])])?).await?;
    door.refused(Conflict::Moved, end(1, Some(read))?).await?;
    let again = door.data(1).await?;
    same(again.version, read.next(), "the version of the data")?;
    // A touch changes no data.
    door.done(touch(1, 50)?).await?;
    door.done(end(1, Some(again.version))?).await.map(drop)
}

pub(super) async fn the_living_are_counted_up_to_a_limit(door: &Door) -> Result<(), Broken> {
    same(door.guests.count_guests(at(5), 100).await?, 0, "guests at first")?;
    for number in 1..=5 {
        door.begin(number).await?;
    }
    door.done(end(2, None)?).await?;
    same(door.guests.count_guests(at(5), 100).await?, 4, "living guests")?;
    same(door.guests.count_guests(at(5), 3).await?, 3, "guests counted up to 3")
}

pub(super) async fn the_authority_counts_and_sweeps_guests(bench: &Bench, door: &Door) -> Result<(), Broken> {
    for number in 1..=5 {
        door.begin(number).await?;
    }
    door.done(touch(5, 90)?).await?;
    let waiting = async |most| Ok::<_, Broken>(bench.directory.overdue(at(103), most).await?.guests);
    same((waiting(9).await?, waiting(3).await?), (4, 3), "guests that wait to be swept")?;
    let sweep = || Change::Sweep { before: at(103), limit: 3 };
    bench.done(sweep()).await?;
    same(waiting(9).await?, 1, "guests that wait after one sweep")?;
    bench.done(sweep()).await?;
    same(bench.directory.overdue(at(103), 9).await?, Overdue::default(), "what waits at the end")?;
    want(door.guests.guest_slot(serial(1)?, "cart").await?.is_none(), "a slot outlives its guest")?;
    same(door.data(5).await?.slots.len(), 1, "the slots of a living guest")
}

pub(super) async fn sweeping_drops_what_is_over_and_nothing_else(door: &Door) -> Result<(), Broken> {
    for number in 1..=5 {
        door.begin(number).await?;
    }
    door.done(touch(4, 90)?).await?;
    door.done(end(5, None)?).await?;
    same(door.guests.count_guests(at(102), 100).await?, 1, "guests at 102")?;
    same(door.guests.sweep_guests(at(102), 100).await?, 0, "guests dropped when they were just over")?;
    same(door.guests.sweep_guests(at(103), 2).await?, 2, "guests dropped at once")?;
    same(door.guests.sweep_guests(at(103), 100).await?, 1, "guests dropped then")?;
    want(door.guests.guest(serial(4)?).await?.is_some(), "a living guest was dropped")?;
    same(door.data(4).await?.slots.len(), 1, "the slots of a living guest")?;
    want(door.guests.guest(serial(5)?).await?.is_some(), "a tombstone was dropped before its time")?;
    want(door.guests.guest_slot(serial(1)?, "cart").await?.is_none(), "a slot outlives its guest")?;
    same(door.guests.sweep_guests(at(1001), 100).await?, 2, "guests and tombstones dropped at the end")
}
