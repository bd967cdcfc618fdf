//! What many do at once: one wins where one may, everyone where all may, and an ending is never overtaken.

use std::future::Future;
use std::sync::Arc;

use countersign_core::batch::{Batch, Change, Conflict, Expect, Outcome};
use countersign_core::extent::{Extent, LogKind};
use countersign_core::id::Version;

use super::Broken;
use super::endings::Listener;
use super::fixtures::{
    Bench, at, code, ending, key, login, login_id, same, serial, session, slots, subject, there, user, want,
};

/// Runs all of `tasks` at once.
pub(super) async fn together<T, F>(tasks: impl IntoIterator<Item = F>) -> Result<Vec<T>, Broken>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Broken>> + Send + 'static,
{
    let running: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
    let mut answers = Vec::with_capacity(running.len());
    for task in running {
        answers.push(task.await.map_err(|error| Broken(error.to_string()))??);
    }
    Ok(answers)
}

pub(super) async fn of_sixty_four_presentations_one_wins(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    bench.done(Change::Issue(code(1)?)).await?;
    let outcomes =
        together(
            (0..64).map(|_| {
                let store = Arc::clone(&bench.store);
                async move {
                    Ok(store.commit(Batch::of(Change::Spend { key: key(1), at: at(5), gave: None })).await?)
                }
            }),
        )
        .await?;
    let won = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Committed(_))).count();
    let spent = outcomes.iter().filter(|outcome| **outcome == Outcome::Conflict(Conflict::Spent)).count();
    same((won, spent), (1, 63), "winners and losers")
}

pub(super) async fn no_sign_in_overtakes_a_revoke_all(bench: &Bench) -> Result<(), Broken> {
    bench.done(Change::AddUser(user(1)?)).await?;
    let tries = together((1..=64_u64).map(|number| {
        let store = Arc::clone(&bench.store);
        async move {
            let batch = if number == 32 {
                let extent = Extent::Subject { subject: subject(1)?, except: None };
                Batch::of(Change::End { extent, ending: ending() })
            } else {
                Batch::of(Change::BeginLogin(login(number, 1)?))
                    .with(Change::StartSession(session(number, number, 1)?))
            };
            Ok((number, store.commit(batch).await?))
        }
    }))
    .await?;
    for (number, outcome) in tries.into_iter().filter(|(number, _)| *number != 32) {
        let found = bench.store.session(serial(number)?).await?;
        match outcome {
            Outcome::Committed(_) => {
                let session = there(found, "a session that was acknowledged")?;
                want(session.ended.is_some(), "a sign-in overtook the revocation of everything")?;
            }
            Outcome::Conflict(conflict) => {
                same(conflict, Conflict::Moved, "the conflict")?;
                want(found.is_none(), "a session began in a batch that conflicted")?;
            }
        }
    }
    Ok(())
}

pub(super) async fn writers_of_different_slots_never_lose(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    let outcomes = together((0..SLOTS).map(|number| {
        let store = Arc::clone(&bench.store);
        async move {
            let change = Change::PutSlot {
                serial: serial(1)?,
                slots: slots(1)?,
                name: format!("slot-{number:04}"),
                expect: Expect::Absent,
                value: number.to_be_bytes().to_vec(),
            };
            Ok(store.commit(Batch::of(change)).await?)
        }
    }))
    .await?;
    want(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Committed(_))), "a writer was refused")?;
    same(bench.store.slot_names(&slots(1)?).await?.len(), usize::from(SLOTS), "the slots that are there")?;
    for number in 0..SLOTS {
        let slot = there(bench.store.slot(&slots(1)?, &format!("slot-{number:04}")).await?, "a slot")?;
        same(slot.value, number.to_be_bytes().to_vec(), "its value")?;
    }
    Ok(())
}

pub(super) async fn writers_of_one_slot_take_turns(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    let put = |expect, value: u8| -> Result<Change, Broken> {
        let (serial, slots, name) = (serial(1)?, slots(1)?, "count".to_owned());
        Ok(Change::PutSlot { serial, slots, name, expect, value: vec![value] })
    };
    bench.done(put(Expect::Absent, 0)?).await?;
    together((0..16).map(|_| {
        let store = Arc::clone(&bench.store);
        async move {
            loop {
                let slot = there(store.slot(&slots(1)?, "count").await?, "the slot")?;
                let count = slot.value.first().copied().unwrap_or_default();
                let change = Change::PutSlot {
                    serial: serial(1)?,
                    slots: slots(1)?,
                    name: "count".to_owned(),
                    expect: Expect::At(slot.version),
                    value: vec![count + 1],
                };
                if let Outcome::Committed(_) = store.commit(Batch::of(change)).await? {
                    return Ok(());
                }
            }
        }
    }))
    .await?;
    let slot = there(bench.store.slot(&slots(1)?, "count").await?, "the slot")?;
    same((slot.value, slot.version), (vec![16], Version::new(17)), "the counter")
}

pub(super) async fn a_follower_hears_an_ending_before_its_answer(bench: &Bench) -> Result<(), Broken> {
    bench.done(Batch::of(Change::AddUser(user(1)?)).with(Change::BeginLogin(login(1, 1)?))).await?;
    for number in 1..=64 {
        bench.done(Change::StartSession(session(number, 1, 1)?)).await?;
    }
    let listener = Arc::new(Listener::default());
    bench.store.follow(Arc::<Listener>::clone(&listener)).await?;
    let late = together((1..=64).map(|number| {
        let (store, listener) = (Arc::clone(&bench.store), Arc::clone(&listener));
        async move {
            let this = serial(number)?;
            let extent = Extent::Session(this);
            let outcome = store.commit(Batch::of(Change::End { extent, ending: ending() })).await?;
            let heard = listener.heard().iter().any(|entry| entry.kind == LogKind::Ended(this));
            Ok(matches!(outcome, Outcome::Committed(_)) && !heard)
        }
    }))
    .await?;
    want(!late.contains(&true), "an ending was answered before its follower heard of it")?;
    same(listener.heard(), bench.log().await?, "what was heard")?;
    bench.refused(Conflict::Missing, Change::RequireLogin { login: login_id(9)?, at: at(5) }).await
}

const SLOTS: u16 = 1000;
