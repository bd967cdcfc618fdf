//! What many do to one guest at once.

use std::sync::Arc;

use countersign_core::batch::{Conflict, Expect};
use countersign_core::id::Version;

use super::{Broken, Door, begin, end, put, serial, write};
use crate::conformance::fixtures::{same, there, want};
use crate::conformance::races::together;

pub(super) async fn of_sixty_four_beginnings_one_wins(door: &Door) -> Result<(), Broken> {
    let outcomes =
        together(
            (0..64_u8).map(|number| {
                let guests = Arc::clone(&door.guests);
                async move {
                    Ok(guests.change_guest(begin(1, vec![put("cart", Expect::Absent, &[number])])?).await?)
                }
            }),
        )
        .await?;
    let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let taken = outcomes.iter().filter(|outcome| **outcome == Err(Conflict::Taken)).count();
    same((won, taken), (1, 63), "winners and losers")
}

pub(super) async fn writers_of_different_slots_never_lose(door: &Door) -> Result<(), Broken> {
    door.done(begin(1, Vec::new())?).await?;
    let outcomes = together((0..SLOTS).map(|number| {
        let guests = Arc::clone(&door.guests);
        async move {
            let slot = put(&format!("slot-{number:04}"), Expect::Absent, &number.to_be_bytes());
            Ok(guests.change_guest(write(1, vec![slot])?).await?)
        }
    }))
    .await?;
    want(outcomes.iter().all(Result::is_ok), "a writer was refused")?;
    let data = door.data(1).await?;
    same(data.version.number(), u64::from(SLOTS) + 1, "the version of the data")?;
    same(data.slots.len(), usize::from(SLOTS), "the slots that are there")?;
    for (number, (name, slot)) in (0..SLOTS).zip(data.slots) {
        same(name, format!("slot-{number:04}"), "the name of a slot")?;
        same(slot.value, number.to_be_bytes().to_vec(), "its value")?;
    }
    Ok(())
}

pub(super) async fn writers_of_one_slot_take_turns(door: &Door) -> Result<(), Broken> {
    door.done(begin(1, vec![put("count", Expect::Absent, &[0])])?).await?;
    together((0..16).map(|_| {
        let guests = Arc::clone(&door.guests);
        async move {
            loop {
                let slot = there(guests.guest_slot(serial(1)?, "count").await?, "the slot")?;
                let count = slot.value.first().copied().unwrap_or_default();
                let next = put("count", Expect::At(slot.version), &[count.saturating_add(1)]);
                if guests.change_guest(write(1, vec![next])?).await?.is_ok() {
                    return Ok(());
                }
            }
        }
    }))
    .await?;
    let slot = there(door.guests.guest_slot(serial(1)?, "count").await?, "the slot")?;
    same((slot.value, slot.version), (vec![16], Version::new(17)), "the counter")
}

pub(super) async fn all_data_is_read_at_one_moment(door: &Door) -> Result<(), Broken> {
    door.done(begin(1, pair(0))?).await?;
    let writer = {
        let guests = Arc::clone(&door.guests);
        tokio::spawn(async move {
            for number in 1..=100_u8 {
                let done = guests.change_guest(write(1, pair(number))?).await?;
                done.map_err(|conflict| Broken(format!("{conflict:?}")))?;
            }
            Ok::<_, Broken>(())
        })
    };
    loop {
        let data = door.data(1).await?;
        let [(_, one), (_, other)] = data.slots.as_slice() else {
            return Err(Broken("a pair of slots is not there as a pair".to_owned()));
        };
        same(one, other, "the two slots of one write")?;
        same(one.version, data.version, "the version of the data")?;
        if data.version == Version::new(101) {
            break;
        }
    }
    writer.await.map_err(|error| Broken(error.to_string()))?
}

fn pair(number: u8) -> Vec<super::GuestWrite> {
    vec![put("one", Expect::Whatever, &[number]), put("other", Expect::Whatever, &[number])]
}

pub(super) async fn nothing_that_has_ended_is_written_by_a_slow_writer(door: &Door) -> Result<(), Broken> {
    let rounds = (1..=ROUNDS).map(|number| {
        let guests = Arc::clone(&door.guests);
        async move {
            let begun = guests.change_guest(begin(number, pair(0))?).await?;
            begun.map_err(|conflict| Broken(format!("{conflict:?}")))?;
            let slow = {
                let guests = Arc::clone(&guests);
                tokio::spawn(async move {
                    for value in 0..8_u8 {
                        if guests.change_guest(write(number, pair(value))?).await?.is_err() {
                            break;
                        }
                    }
                    Ok::<_, Broken>(())
                })
            };
            let ended = guests.change_guest(end(number, None)?).await?;
            ended.map_err(|conflict| Broken(format!("{conflict:?}")))?;
            let late = guests.change_guest(write(number, pair(9))?).await?;
            slow.await.map_err(|error| Broken(error.to_string()))??;
            let stone = there(guests.guest(serial(number)?).await?, "the tombstone")?;
            let data = guests.guest_data(serial(number)?).await?;
            Ok(late == Err(Conflict::Over) && stone.ended.is_some() && data.is_none())
        }
    });
    want(together(rounds).await?.iter().all(|dead| *dead), "a slow writer brought a guest back")
}

/// How a guest's data crosses a sign-in: read, copied elsewhere, and ended only if nothing was written meanwhile.
pub(super) async fn an_ending_that_insists_loses_no_write_that_was_answered(
    door: &Door,
) -> Result<(), Broken> {
    let rounds = (1..=ROUNDS).map(|number| {
        let guests = Arc::clone(&door.guests);
        async move {
            let begun = guests.change_guest(begin(number, pair(0))?).await?;
            begun.map_err(|conflict| Broken(format!("{conflict:?}")))?;
            let writer = {
                let guests = Arc::clone(&guests);
                tokio::spawn(async move {
                    let mut answered = 0;
                    for value in 1..=WRITES {
                        if guests.change_guest(write(number, pair(value))?).await?.is_err() {
                            break;
                        }
                        answered = value;
                    }
                    Ok::<_, Broken>(answered)
                })
            };
            let carried = loop {
                let data = there(guests.guest_data(serial(number)?).await?, "the data")?;
                if guests.change_guest(end(number, Some(data.version))?).await?.is_ok() {
                    break data;
                }
            };
            let answered = writer.await.map_err(|error| Broken(error.to_string()))??;
            Ok(carried.slots.iter().all(|(_, slot)| slot.value == [answered]))
        }
    });
    want(together(rounds).await?.iter().all(|kept| *kept), "a write that was answered did not cross")
}

const SLOTS: u16 = 1000;
const ROUNDS: u64 = 64;
/// How often somebody writes to a guest that is to end.
const WRITES: u8 = 32;
