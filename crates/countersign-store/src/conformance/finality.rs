//! Finality: a request that began before an ending and writes late brings nothing back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use countersign_core::batch::{Batch, Change, Conflict, Expect, Outcome};
use countersign_core::extent::Extent;
use countersign_core::port::{SessionFilter, Store};

use super::Broken;
use super::fixtures::{
    Bench, at, ending, login, put_slot, same, serial, session, subject, there, user, want,
};
use super::races::together;

pub(super) async fn of_a_thousand_endings_no_slow_writer_undoes_one(bench: &Bench) -> Result<(), Broken> {
    race(bench, 1000).await
}

/// Ends `endings` sessions, in waves of 500, while slow writers write to them.
pub(super) async fn race(bench: &Bench, endings: u64) -> Result<(), Broken> {
    bench.done(Batch::of(Change::AddUser(user(1)?)).with(Change::BeginLogin(login(1, 1)?))).await?;
    for wave in 0..endings.div_ceil(WAVE) {
        let numbers = wave * WAVE + 1..(wave + 1) * WAVE + 1;
        let mut begin = Batch::new();
        for number in numbers.clone() {
            begin = begin.with(Change::StartSession(session(number, 1, 1)?));
        }
        bench.done(begin).await?;
        let both = numbers.flat_map(|number| {
            let ended = Arc::new(AtomicBool::new(false));
            // Whoever is asked first has no right to be first.
            let ender_first = number % 2 == 0;
            [ender_first, !ender_first].map(|ends| (number, ends, Arc::clone(&ended)))
        });
        let late = together(both.map(|(number, ends, ended)| {
            let store = Arc::clone(&bench.store);
            async move {
                if ends { end(&*store, number, &ended).await } else { write(&*store, number, &ended).await }
            }
        }))
        .await?;
        want(!late.contains(&true), "a write was made after the ending had been answered")?;
        let all = SessionFilter { subject: Some(subject(1)?), ..SessionFilter::default() };
        let limit = u32::try_from(WAVE).unwrap_or(u32::MAX);
        let found = bench.store.sessions(&all, limit).await?;
        same(found.len(), usize::try_from(WAVE).unwrap_or_default(), "the sessions of this wave")?;
        want(found.iter().all(|session| session.ended.is_some()), "a session that was ended is back")?;
        let alive = SessionFilter { live_at: Some(at(3)), ..all };
        want(
            bench.store.sessions(&alive, 1).await?.is_empty(),
            "a session that was ended is listed as alive",
        )?;
    }
    Ok(())
}

/// Ends a session; then nothing is written to it any more, which every eighth tries.
async fn end(store: &dyn Store, number: u64, ended: &AtomicBool) -> Result<bool, Broken> {
    let extent = Extent::Session(serial(number)?);
    let done = store.commit(Batch::of(Change::End { extent, ending: ending() })).await?;
    want(matches!(done, Outcome::Committed(..)), "an ending was refused")?;
    ended.store(true, Ordering::SeqCst);
    Ok(number.is_multiple_of(8) && written(store, number).await?)
}

/// A request that has read its session, is slow, and writes. True when its write was made too late.
async fn write(store: &dyn Store, number: u64, ended: &AtomicBool) -> Result<bool, Broken> {
    there(store.session(serial(number)?).await?, "the session")?;
    let too_late = ended.load(Ordering::SeqCst);
    Ok(written(store, number).await? && too_late)
}

/// Writes to a session, to its record or to its data; false when it has ended.
async fn written(store: &dyn Store, number: u64) -> Result<bool, Broken> {
    let change = if number.is_multiple_of(3) {
        put_slot(number, "cart", Expect::Whatever, b"rope")?
    } else {
        Change::TouchSession { serial: serial(number)?, seen: at(3) }
    };
    match store.commit(Batch::of(change)).await? {
        Outcome::Committed(..) => Ok(true),
        Outcome::Conflict(conflict) => same(conflict, Conflict::Over, "the conflict").map(|()| false),
    }
}

/// How many sessions end and are written to at once.
const WAVE: u64 = 500;
