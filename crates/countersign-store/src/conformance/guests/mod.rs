//! What every engine that keeps guests must do, be it the authority or one beside it that may lose everything.

mod data;
mod life;
mod races;

use std::sync::Arc;

use countersign_core::batch::{Conflict, Expect};
use countersign_core::extent::Ending;
use countersign_core::id::{GuestSerial, Version};
use countersign_core::policy::GuestRoom;
use countersign_core::port::{GuestChange, GuestData, GuestWrite, Guests};
use countersign_core::record::Guest;
use serde_json::json;

use super::fixtures::{Bench, at, ending, made, same, slots, there};
use super::{Broken, Candidate, Checked};

/// One check; it wants an engine without any guest.
pub type GuestCheck = fn(Arc<dyn Guests>) -> Checked;

macro_rules! named {
    ($($topic:ident :: $name:ident,)*) => {
        vec![$((
            concat!(stringify!($topic), "::", stringify!($name)),
            (|guests| Box::pin(async move { $topic::$name(&Door { guests }).await })) as GuestCheck,
        )),*]
    };
}

/// The checks for every engine that keeps guests, by name.
#[must_use]
pub fn checks() -> Vec<(&'static str, GuestCheck)> {
    named![
        life::a_guest_begins_with_its_first_data,
        life::a_serial_belongs_to_one_guest_for_good,
        life::an_update_never_inserts,
        life::touching_moves_forward_only,
        life::nothing_is_written_past_the_idle_or_the_absolute_limit,
        life::ending_takes_the_data_and_leaves_a_tombstone,
        life::an_ending_may_insist_on_the_data_that_was_read,
        life::the_living_are_counted_up_to_a_limit,
        data::slots_are_compared_and_swapped,
        data::a_slot_that_was_dropped_comes_back_in_a_later_version,
        data::several_slots_are_written_or_none,
        data::a_guest_keeps_no_more_than_it_may,
        data::guests_do_not_see_each_other,
        data::any_bytes_are_kept_as_they_are,
        races::of_sixty_four_beginnings_one_wins,
        races::writers_of_different_slots_never_lose,
        races::writers_of_one_slot_take_turns,
        races::all_data_is_read_at_one_moment,
        races::nothing_that_has_ended_is_written_by_a_slow_writer,
        races::an_ending_that_insists_loses_no_write_that_was_answered,
    ]
}

/// The checks for an engine that keeps what is over until it is swept, in addition to [`checks`].
#[must_use]
pub fn checks_of_sweeping() -> Vec<(&'static str, GuestCheck)> {
    named![life::sweeping_drops_what_is_over_and_nothing_else,]
}

/// Checks that the authority, where it keeps guests itself, counts and sweeps them with everything else; it is empty.
///
/// # Errors
/// [`Broken`]: guests that are over wait for ever, or nobody hears of them.
pub async fn check_the_authority(candidate: Candidate, guests: Arc<dyn Guests>) -> Result<(), Broken> {
    life::the_authority_counts_and_sweeps_guests(&Bench::of(candidate), &Door { guests }).await
}

/// An engine under test and what a check does to it.
struct Door {
    guests: Arc<dyn Guests>,
}

impl Door {
    async fn done(&self, change: GuestChange) -> Result<Version, Broken> {
        let outcome = self.guests.change_guest(change).await?;
        outcome.map_err(|conflict| Broken(format!("expected a change, saw {conflict:?}")))
    }

    async fn refused(&self, why: Conflict, change: GuestChange) -> Result<(), Broken> {
        same(self.guests.change_guest(change).await?, Err(why), "the outcome")
    }

    /// Begins guest `number` with `cart` holding one byte.
    async fn begin(&self, number: u64) -> Result<(), Broken> {
        let first = self.done(begin(number, vec![put("cart", Expect::Absent, &[1])])?).await?;
        same(first, Version::FIRST, "the version of the first data")
    }

    async fn data(&self, number: u64) -> Result<GuestData, Broken> {
        there(self.guests.guest_data(serial(number)?).await?, "the data")
    }
}

fn serial(number: u64) -> Result<GuestSerial, Broken> {
    made(json!(number))
}

/// A guest of the shop that begins at 2, idles for 100 s and is over at 1000.
fn guest(number: u64) -> Result<Guest, Broken> {
    made(json!({
        "serial": number, "audience": {"client": "shop"}, "secret": SECRET, "slots": slots(number)?,
        "data_key": [0, 255, 10, 13], "born": 0, "begun": at(2), "seen": at(2), "idle": {"secs": 100, "nanos": 0},
        "expires": at(1000), "device": "Firefox, Linux", "ended": null,
    }))
}

fn begin(number: u64, writes: Vec<GuestWrite>) -> Result<GuestChange, Broken> {
    Ok(GuestChange::Begin { guest: Box::new(guest(number)?), room: ROOM, writes })
}

fn touch(number: u64, seconds: u64) -> Result<GuestChange, Broken> {
    Ok(GuestChange::Touch { serial: serial(number)?, seen: at(seconds) })
}

/// `writes` to guest `number` at 5.
fn write(number: u64, writes: Vec<GuestWrite>) -> Result<GuestChange, Broken> {
    write_at(number, 5, writes)
}

fn write_at(number: u64, seconds: u64, writes: Vec<GuestWrite>) -> Result<GuestChange, Broken> {
    Ok(GuestChange::Write { serial: serial(number)?, at: at(seconds), room: ROOM, writes })
}

fn end(number: u64, expect: Option<Version>) -> Result<GuestChange, Broken> {
    let ending: Ending = ending();
    Ok(GuestChange::End { serial: serial(number)?, expect, ending })
}

fn put(name: &str, expect: Expect, value: &[u8]) -> GuestWrite {
    GuestWrite { name: name.to_owned(), expect, value: Some(value.to_vec()) }
}

fn remove(name: &str, expect: Expect) -> GuestWrite {
    GuestWrite { name: name.to_owned(), expect, value: None }
}

fn at_version(number: u64) -> Expect {
    Expect::At(Version::new(number))
}

/// More than any check fills.
const ROOM: GuestRoom = GuestRoom { slots: 1024, bytes: 1024 * 1024 };
/// Stands where a hash must stand and nobody looks at it.
const SECRET: [u8; 32] = [7; 32];
