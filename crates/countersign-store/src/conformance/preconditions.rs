//! Going on: touches, refresh families, single-use things, slots.

use countersign_core::batch::{Change, Conflict, Expect};
use countersign_core::extent::Extent;
use countersign_core::id::Version;

use countersign_core::slot::{SlotPut, SlotWrite, SlotsWrite};

use super::Broken;
use super::fixtures::{
    ALL, Bench, at, code, drop_slot, family, key, made, piece, put_slot, same, serial, session, shop, slots,
    slots_write, there, want,
};

pub(super) async fn touching_moves_forward_only(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    for (touched, expected) in [(40, 40), (30, 40), (41, 41)] {
        bench.done(Change::TouchSession { serial: serial(1)?, seen: at(touched) }).await?;
        let session = there(bench.store.session(serial(1)?).await?, "the session")?;
        same(session.seen, at(expected), "`seen`")?;
    }
    bench.refused(Conflict::Missing, Change::TouchSession { serial: serial(9)?, seen: at(9) }).await?;
    want(bench.store.session(serial(9)?).await?.is_none(), "a touch made a session")
}

/// Session 1 idles for 100 s and is over at 1000, grant 2 as well, whoever looked at them before.
pub(super) async fn nothing_that_is_over_is_written_to(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    let touch = |seconds| -> Result<Change, Broken> {
        Ok(Change::TouchSession { serial: serial(1)?, seen: at(seconds) })
    };
    let write = |seconds| -> Result<Change, Broken> {
        let put = Some(SlotPut::one(1, vec![1]));
        let write = SlotWrite { name: "cart".to_owned(), expect: Expect::Whatever, put };
        Ok(Change::WriteSlots(SlotsWrite { at: at(seconds), ..slots_write(1, vec![write])? }))
    };
    let step = |seconds, expect| -> Result<Change, Broken> {
        let (grant, expect) = (serial(2)?, Version::new(expect));
        Ok(Change::MoveFamily { grant, expect, at: at(seconds), family: made(family(1))? })
    };
    bench.done(write(101)?).await?;
    for idle in [touch(102)?, write(102)?] {
        bench.refused(Conflict::Over, idle).await?;
    }
    let session = there(bench.store.session(serial(1)?).await?, "the session")?;
    same(session.seen, at(2), "`seen`")?;
    for seen in (1..=11).map(|time| time * 90) {
        bench.done(touch(seen)?).await?;
    }
    bench.done(write(999)?).await?;
    for over in [touch(1000)?, write(1000)?] {
        bench.refused(Conflict::Over, over).await?;
    }
    let slot = there(bench.store.slot(&slots(1)?, "cart", ALL).await?, "the slot")?;
    same(slot.version, Version::new(2), "the version of the slot")?;
    bench.done(step(999, 1)?).await?;
    bench.refused(Conflict::Over, step(1000, 2)?).await
}

pub(super) async fn a_family_moves_from_the_version_that_was_read(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    let step = |number, expect, generation| -> Result<Change, Broken> {
        let (grant, expect) = (serial(number)?, Version::new(expect));
        Ok(Change::MoveFamily { grant, expect, at: at(999), family: made(family(generation))? })
    };
    bench.done(step(2, 1, 1)?).await?;
    bench.refused(Conflict::Moved, step(2, 1, 2)?).await?;
    bench.refused(Conflict::Missing, step(9, 1, 1)?).await?;
    let grant = there(bench.store.grant(serial(2)?).await?, "the grant")?;
    same(grant.version, Version::new(2), "the version")?;
    same(grant.family, Some(made(family(1))?), "the family")?;
    bench.end(Extent::Client(shop()?)).await?;
    bench.refused(Conflict::Over, step(2, 2, 2)?).await
}

pub(super) async fn a_single_use_thing_is_used_once(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    let spend = |number, seconds| Change::Spend { key: key(number), at: at(seconds), gave: None };
    bench.refused(Conflict::Missing, spend(1, 5)).await?;
    bench.done(Change::Issue(code(1)?)).await?;
    bench.refused(Conflict::Taken, Change::Issue(code(1)?)).await?;
    bench.refused(Conflict::Over, spend(1, 60)).await?;
    bench.done(Change::Spend { key: key(1), at: at(59), gave: Some(serial(2)?) }).await?;
    bench.refused(Conflict::Spent, spend(1, 59)).await?;
    bench.refused(Conflict::Spent, spend(1, 61)).await?;
    let spent = there(bench.store.one_time(&key(1)).await?.and_then(|found| found.spent), "its use")?;
    same((spent.at, spent.gave), (at(59), Some(serial(2)?)), "its first use")
}

pub(super) async fn a_single_use_thing_lies_above_its_watermarks(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    bench.done(Change::Issue(code(1)?)).await?;
    let mark = bench.end(Extent::Client(shop()?)).await?;
    let spend = |number| Change::Spend { key: key(number), at: at(5), gave: None };
    bench.refused(Conflict::Over, spend(1)).await?;
    let mut young = code(2)?;
    young.born = mark;
    bench.done(Change::Issue(young)).await?;
    bench.done(spend(2)).await?;
    let mut set_up = code(3)?;
    set_up.purpose = made(serde_json::json!("set-up"))?;
    bench.done(Change::Issue(set_up)).await?;
    bench.end(Extent::Everything).await?;
    bench.refused(Conflict::Over, spend(3)).await
}

fn put(name: &str, expect: Expect, value: u8) -> Result<Change, Broken> {
    put_slot(1, name, expect, &[value])
}

pub(super) async fn slots_are_compared_and_swapped(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    let at_version = |number| Expect::At(Version::new(number));
    bench.refused(Conflict::Missing, put("cart", at_version(1), 1)?).await?;
    bench.refused(Conflict::Missing, put("cart", Expect::Present, 1)?).await?;
    bench.done(put("cart", Expect::Absent, 1)?).await?;
    bench.refused(Conflict::Taken, put("cart", Expect::Absent, 2)?).await?;
    bench.done(put("cart", at_version(1), 2)?).await?;
    bench.refused(Conflict::Moved, put("cart", at_version(1), 3)?).await?;
    bench.done(put("cart", Expect::Present, 3)?).await?;
    bench.done(put("cart", Expect::Whatever, 4)?).await?;
    let slot = there(bench.store.slot(&slots(1)?, "cart", ALL).await?, "the slot")?;
    same((slot.version, piece(slot)?), (Version::new(4), vec![4]), "the slot")?;
    bench.refused(Conflict::Moved, drop_slot("cart", at_version(3))?).await?;
    bench.refused(Conflict::Taken, drop_slot("cart", Expect::Absent)?).await?;
    bench.done(drop_slot("cart", at_version(4))?).await?;
    want(bench.store.slot(&slots(1)?, "cart", ALL).await?.is_none(), "a dropped slot is still there")?;
    bench.refused(Conflict::Missing, drop_slot("cart", Expect::Present)?).await?;
    bench.done(drop_slot("cart", Expect::Whatever)?).await.map(drop)
}

pub(super) async fn a_slot_is_written_through_its_own_session(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    bench.done(Change::StartSession(session(9, 1, 1)?)).await?;
    let through = |number, data| -> Result<Change, Broken> {
        let name = "cart".to_owned();
        let write = SlotWrite { name, expect: Expect::Whatever, put: Some(SlotPut::one(1, vec![1])) };
        let write = SlotsWrite { serial: serial(number)?, ..slots_write(data, vec![write])? };
        Ok(Change::WriteSlots(write))
    };
    bench.done(through(9, 9)?).await?;
    bench.refused(Conflict::Missing, through(9, 1)?).await?;
    bench.refused(Conflict::Missing, through(77, 77)?).await
}
