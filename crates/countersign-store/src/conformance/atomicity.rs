//! All of a batch, or none of it.

use countersign_core::batch::{Batch, Change, Conflict, Expect};
use countersign_core::extent::Extent;
use countersign_core::id::Version;

use super::Broken;
use super::fixtures::{
    ALL, Bench, at, code, ending, key, login_id, put_slot, serial, session, slots, subject, user, want,
};

pub(super) async fn a_failing_change_undoes_the_whole_batch(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    bench.done(Change::Issue(code(1)?)).await?;
    let batch = Batch::of(Change::Spend { key: key(1), at: at(5), gave: None })
        .with(Change::AddUser(user(2)?))
        .with(Change::StartSession(session(9, 1, 1)?))
        .with(put_slot(1, "cart", Expect::Absent, &[1])?)
        .with(Change::AddSetting { name: "one".to_owned(), value: vec![1] })
        .with(Change::RequireLogin { login: login_id(77)?, at: at(5) });
    bench.refused(Conflict::Missing, batch).await?;
    let spent = bench.store.one_time(&key(1)).await?.and_then(|found| found.spent);
    want(spent.is_none(), "the code was spent by a batch that conflicted")?;
    want(bench.directory.user(&subject(2)?).await?.is_none(), "a user was added by a batch that conflicted")?;
    want(bench.store.session(serial(9)?).await?.is_none(), "a session began in a batch that conflicted")?;
    want(
        bench.store.slot(&slots(1)?, "cart", ALL).await?.is_none(),
        "a slot was written by a batch that conflicted",
    )?;
    want(bench.directory.setting("one").await?.is_none(), "a setting was added by a batch that conflicted")
}

pub(super) async fn an_undone_ending_leaves_no_log_entry(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    let end = Change::End { extent: Extent::Login(login_id(1)?), ending: ending() };
    bench.refused(Conflict::Taken, Batch::of(end).with(Change::AddUser(user(1)?))).await?;
    want(bench.log().await?.is_empty(), "the log speaks of an ending that was undone")?;
    let session = bench.store.session(serial(1)?).await?;
    want(session.is_some_and(|session| session.ended.is_none()), "the session ended all the same")?;
    let position = bench.end(Extent::Session(serial(1)?)).await?;
    want(position.number() == 1, "an undone ending used up a position")
}

pub(super) async fn a_batch_sees_its_own_changes(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    let put = |expect| put_slot(1, "cart", expect, &[2]);
    bench.done(Batch::of(put(Expect::Absent)?).with(put(Expect::At(Version::FIRST))?)).await?;
    let end = Change::End { extent: Extent::Login(login_id(1)?), ending: ending() };
    bench.refused(Conflict::Over, Batch::of(end).with(Change::StartSession(session(9, 1, 1)?))).await
}
