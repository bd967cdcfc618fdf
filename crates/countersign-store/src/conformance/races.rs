//! What many do at once: one wins where one may, everyone where all may, and an ending is never overtaken.

use std::future::Future;
use std::sync::Arc;

use countersign_core::batch::{Batch, Change, Conflict, Expect, Outcome};
use countersign_core::extent::{Extent, LogKind};
use countersign_core::id::Version;
use countersign_core::record::user::PasswordHash;
use countersign_core::slot::SlotValue;
use serde_json::json;

use super::Broken;
use super::endings::Listener;
use super::fixtures::{
    ALL, Bench, at, code, ending, key, login, login_id, made, piece, put_slot, same, serial, session, slots,
    subject, there, user, want,
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
    let won = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Committed(..))).count();
    let spent = outcomes.iter().filter(|outcome| **outcome == Outcome::Conflict(Conflict::Spent)).count();
    same((won, spent), (1, 63), "winners and losers")
}

/// A revoke-all, a password change and sign-ins with what was read before both: of each of the last two some must come first
/// and some too late, or nothing was raced.
pub(super) async fn neither_a_sign_in_nor_a_password_change_overtakes_a_revoke_all(
    bench: &Bench,
) -> Result<(), Broken> {
    let (mut begun, mut changed) = (0, 0);
    for person in 1..=PEOPLE {
        bench.done(Change::AddUser(user(person)?)).await?;
        // The revocation is asked for at another place in each round.
        let revoking = person % REQUESTS + 1;
        let tries = together((1..=REQUESTS).map(|place| {
            let store = Arc::clone(&bench.store);
            async move { Ok((place, store.commit(request(person, place, revoking)?).await?)) }
        }))
        .await?;
        let mut changes = 0;
        for (place, outcome) in tries {
            let committed = matches!(outcome, Outcome::Committed(..));
            want(
                committed || outcome == Outcome::Conflict(Conflict::Moved),
                "a request met another conflict",
            )?;
            if place == revoking {
                want(committed, "a revocation was refused")?;
            } else if place.is_multiple_of(CHANGES) {
                changes += u64::from(committed);
            } else {
                begun += u64::from(committed);
                signed_in(bench, number(person, place), committed).await?;
            }
        }
        want(changes < 2, "two password changes came of one generation")?;
        changed += changes;
        let user = there(bench.directory.user(&subject(person)?).await?, "the person")?;
        same(user.generation, 1 + changes, "the generation")?;
        let new = user.password == password()?;
        same(new, changes == 1, "whether the password is the new one")?;
    }
    want((1..PEOPLE).contains(&changed), "no password change met the revocation, or each did")?;
    want((1..PEOPLE * REQUESTS / 2).contains(&begun), "no sign-in met the revocation, or each did")
}

/// What is asked for at `place` of the round of `person`; all of it read generation 0 before.
fn request(person: u64, place: u64, revoking: u64) -> Result<Batch, Broken> {
    Ok(if place == revoking {
        let extent = Extent::Subject { subject: subject(person)?, except: None };
        Batch::of(Change::End { extent, ending: ending() })
    } else if place.is_multiple_of(CHANGES) {
        Batch::of(Change::SetPassword { subject: subject(person)?, expect: 0, password: password()? })
    } else {
        let number = number(person, place);
        Batch::of(Change::BeginLogin(login(number, person)?))
            .with(Change::StartSession(session(number, number, person)?))
    })
}

/// A sign-in that was answered has ended, and one that was refused left nothing.
async fn signed_in(bench: &Bench, number: u64, committed: bool) -> Result<(), Broken> {
    let found = bench.store.session(serial(number)?).await?;
    if !committed {
        return want(found.is_none(), "a session began in a batch that conflicted");
    }
    let session = there(found, "a session that was acknowledged")?;
    want(session.ended.is_some(), "a sign-in overtook the revocation of everything")
}

fn number(person: u64, place: u64) -> u64 {
    person * 100 + place
}

fn password() -> Result<PasswordHash, Broken> {
    made(json!("$argon2id$second"))
}

/// How many people revoke everything while others ask, and how many requests there are for each.
const PEOPLE: u64 = 16;
const REQUESTS: u64 = 32;
/// One request in so many changes the password.
const CHANGES: u64 = 8;

pub(super) async fn writers_of_different_slots_never_lose(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    let outcomes = together((0..SLOTS).map(|number| {
        let store = Arc::clone(&bench.store);
        async move {
            let name = format!("slot-{number:04}");
            let change = put_slot(1, &name, Expect::Absent, &number.to_be_bytes())?;
            Ok(store.commit(Batch::of(change)).await?)
        }
    }))
    .await?;
    want(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Committed(..))), "a writer was refused")?;
    same(bench.store.slot_names(&slots(1)?).await?.len(), usize::from(SLOTS), "the slots that are there")?;
    for number in 0..SLOTS {
        let slot = there(bench.store.slot(&slots(1)?, &format!("slot-{number:04}"), ALL).await?, "a slot")?;
        same(piece(slot)?, number.to_be_bytes().to_vec(), "its value")?;
    }
    Ok(())
}

pub(super) async fn writers_of_one_slot_take_turns(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    bench.done(put_slot(1, "count", Expect::Absent, &0_u16.to_be_bytes())?).await?;
    together((0..WRITERS).map(|_| {
        let store = Arc::clone(&bench.store);
        async move {
            loop {
                let slot = there(store.slot(&slots(1)?, "count", ALL).await?, "the slot")?;
                let expect = Expect::At(slot.version);
                let count = counted(slot)? + 1;
                let change = put_slot(1, "count", expect, &count.to_be_bytes())?;
                if let Outcome::Committed(..) = store.commit(Batch::of(change)).await? {
                    return Ok(());
                }
            }
        }
    }))
    .await?;
    let slot = there(bench.store.slot(&slots(1)?, "count", ALL).await?, "the slot")?;
    let version = slot.version;
    same((counted(slot)?, version), (WRITERS, Version::new(u64::from(WRITERS) + 1)), "the counter")
}

fn counted(slot: SlotValue) -> Result<u16, Broken> {
    let bytes = piece(slot)?.try_into().map_err(|_| Broken("the counter has another length".to_owned()))?;
    Ok(u16::from_be_bytes(bytes))
}

/// How many count in one slot, each reading and swapping until it is in.
const WRITERS: u16 = 64;

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
            Ok(matches!(outcome, Outcome::Committed(..)) && !heard)
        }
    }))
    .await?;
    want(!late.contains(&true), "an ending was answered before its follower heard of it")?;
    same(listener.heard(), bench.log().await?, "what was heard")?;
    bench.refused(Conflict::Missing, Change::RequireLogin { login: login_id(9)?, at: at(5) }).await
}

const SLOTS: u16 = 1000;
