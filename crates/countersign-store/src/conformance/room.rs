//! How many sessions one person may have at once, and a login that is authenticated again.

use std::sync::Arc;

use countersign_core::audit::Event;
use countersign_core::batch::{Batch, Change, Conflict, Outcome};
use countersign_core::extent::{Actor, Ending, Extent, LogKind, Reason};
use countersign_core::policy::Stay;
use countersign_core::port::{AuditFilter, SessionFilter};
use countersign_core::record::login::Method;
use countersign_core::record::{Audience, Session};

use super::Broken;
use super::fixtures::{Bench, at, login, login_id, same, serial, session, shop, subject, there, user, want};
use super::races::together;

fn crowded() -> Ending {
    Ending { at: at(60), reason: Reason::CrowdedOut, by: Actor::System }
}

/// Room for one of at most `most` sessions of person 1 with the shop, at 60.
fn room(most: u32, ending: Option<Ending>) -> Result<Change, Broken> {
    let audience = Audience::Client(shop()?);
    Ok(Change::MakeRoom { subject: subject(1)?, audience, most, at: at(60), crowded: ending })
}

/// A session of person 1 that begins at `begun`.
fn begun_at(number: u64, begun: u64) -> Result<Session, Broken> {
    let mut session = session(number, 1, 1)?;
    (session.begun, session.seen) = (at(begun), at(begun));
    Ok(session)
}

/// Person 1 with login 1.
async fn person(bench: &Bench) -> Result<(), Broken> {
    bench.done(Batch::of(Change::AddUser(user(1)?)).with(Change::BeginLogin(login(1, 1)?))).await.map(drop)
}

/// The serials of person 1 with the shop that have not ended, newest first.
async fn alive(bench: &Bench) -> Result<Vec<u64>, Broken> {
    let filter = SessionFilter {
        subject: Some(subject(1)?),
        audience: Some(Audience::Client(shop()?)),
        live_at: Some(at(60)),
        before: None,
    };
    let found = bench.store.sessions(&filter, 1000).await?;
    Ok(found.into_iter().map(|session| session.serial.number()).collect())
}

pub(super) async fn the_oldest_make_room_for_a_new_session(bench: &Bench) -> Result<(), Broken> {
    person(bench).await?;
    // The oldest is not the one with the smallest serial: serials are leased in blocks.
    for (number, begun) in [(1, 20), (2, 10), (3, 30), (4, 10)] {
        bench.done(Change::StartSession(begun_at(number, begun)?)).await?;
    }
    let batch = Batch::of(room(3, Some(crowded()))?).with(Change::StartSession(begun_at(5, 60)?));
    bench.done(batch).await?;
    same(alive(bench).await?, vec![5, 3, 1], "who is left")?;
    let over = there(bench.store.session(serial(2)?).await?, "the oldest")?;
    same(over.ended, Some(crowded()), "its tombstone")?;
    let said: Vec<_> = bench.log().await?.into_iter().map(|entry| entry.kind).collect();
    same(said, vec![LogKind::Ended(serial(2)?), LogKind::Ended(serial(4)?)], "the log")?;
    let extents = vec![Extent::Session(serial(2)?), Extent::Session(serial(4)?)];
    same(audited(bench).await?, extents, "what the audit log says has ended")?;
    let lines = bench.directory.audit(&AuditFilter::default(), 9).await?;
    let (_, line) = there(lines.last(), "the line of the oldest")?;
    let told = (line.at, &line.by, &line.subject, &line.client);
    same(told, (at(60), &Actor::System, &Some(subject(1)?), &Some(shop()?)), "its line")
}

/// What has been crowded out according to the audit log, oldest first.
async fn audited(bench: &Bench) -> Result<Vec<Extent>, Broken> {
    let lines = bench.directory.audit(&AuditFilter::default(), 1000).await?;
    let crowded = lines.into_iter().rev().filter_map(|(_, line)| match line.event {
        Event::Ended { extent, reason: Reason::CrowdedOut } => Some(extent),
        _ => None,
    });
    Ok(crowded.collect())
}

pub(super) async fn without_room_a_session_is_refused_and_nothing_happens(
    bench: &Bench,
) -> Result<(), Broken> {
    person(bench).await?;
    for number in 1..=2 {
        let batch = Batch::of(room(2, None)?).with(Change::StartSession(begun_at(number, 20)?));
        bench.done(batch).await?;
    }
    let third = || -> Result<Batch, Broken> {
        Ok(Batch::of(room(2, None)?).with(Change::StartSession(begun_at(3, 60)?)))
    };
    bench.refused(Conflict::Full, third()?).await?;
    same(alive(bench).await?, vec![2, 1], "who is there")?;
    same(bench.log().await?.len(), 0, "the log")?;
    same(audited(bench).await?.len(), 0, "the audit log")?;
    bench.end(Extent::Session(serial(1)?)).await?;
    bench.done(third()?).await?;
    same(alive(bench).await?, vec![3, 2], "who is there after one has ended")
}

pub(super) async fn only_what_is_alive_takes_room(bench: &Bench) -> Result<(), Broken> {
    person(bench).await?;
    let (mut idle, mut over, mut elsewhere) = (begun_at(1, 10)?, begun_at(2, 20)?, begun_at(3, 20)?);
    idle.idle = std::time::Duration::from_secs(50);
    over.expires = at(60);
    elsewhere.audience = Audience::Issuer;
    for other in [idle, over, elsewhere, begun_at(4, 20)?] {
        bench.done(Change::StartSession(other)).await?;
    }
    bench.end(Extent::Session(serial(4)?)).await?;
    let other = Batch::of(Change::AddUser(user(2)?))
        .with(Change::BeginLogin(login(2, 2)?))
        .with(Change::StartSession(session(5, 2, 2)?));
    bench.done(other).await?;
    let batch = Batch::of(room(1, None)?).with(Change::StartSession(begun_at(6, 60)?));
    bench.done(batch).await?;
    // Nothing below a watermark is alive, though no row says so.
    let mark = bench.end(Extent::Client(shop()?)).await?;
    let (mut again, mut young) = (login(7, 1)?, begun_at(7, 60)?);
    (again.born, young.born, young.login) = (mark, mark, login_id(7)?);
    let batch = Batch::of(Change::BeginLogin(again)).with(room(1, None)?).with(Change::StartSession(young));
    bench.done(batch).await.map(drop)
}

/// Sixty-four sign-ins at once, each with room for at most three.
async fn crowd(bench: &Bench, ending: Option<Ending>) -> Result<usize, Broken> {
    person(bench).await?;
    let tries = together((1..=64_u64).map(|number| {
        let (store, ending) = (Arc::clone(&bench.store), ending.clone());
        async move {
            let batch = Batch::of(room(3, ending)?).with(Change::StartSession(begun_at(number, number)?));
            Ok(store.commit(batch).await?)
        }
    }))
    .await?;
    for outcome in &tries {
        let fine = matches!(outcome, Outcome::Committed(..) | Outcome::Conflict(Conflict::Full));
        want(fine, "a sign-in was refused for another reason")?;
    }
    same(alive(bench).await?.len(), 3, "the sessions that live")?;
    Ok(tries.iter().filter(|outcome| matches!(outcome, Outcome::Committed(..))).count())
}

pub(super) async fn of_sixty_four_sign_ins_no_more_than_three_live(bench: &Bench) -> Result<(), Broken> {
    same(crowd(bench, Some(crowded())).await?, 64, "the sign-ins that were let in")?;
    same(bench.log().await?.len(), 61, "the endings in the log")?;
    same(audited(bench).await?.len(), 61, "the endings in the audit log")
}

pub(super) async fn of_sixty_four_sign_ins_three_are_let_in(bench: &Bench) -> Result<(), Broken> {
    same(crowd(bench, None).await?, 3, "the sign-ins that were let in")?;
    same(bench.log().await?.len(), 0, "the endings in the log")
}

pub(super) async fn a_login_is_proven_again_and_keeps_what_hangs_on_it(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    let prove = |generation, seconds| -> Result<Change, Broken> {
        Ok(Change::ProveLogin {
            login: login_id(1)?,
            generation,
            at: at(seconds),
            methods: vec![Method::Password],
            stay: Stay::Visit,
            expires: at(seconds + 1000),
        })
    };
    bench.refused(Conflict::Moved, prove(1, 100)?).await?;
    bench.done(prove(0, 100)?).await?;
    // A slower one does not set the time back.
    bench.done(prove(0, 90)?).await?;
    let proven = there(bench.store.login(&login_id(1)?).await?, "the login")?;
    same((proven.at, proven.expires), (at(100), at(1100)), "when it was proven, and its limit")?;
    same(proven.stay, Stay::Visit, "what was chosen with it")?;
    let mut late = session(9, 1, 1)?;
    late.begun = at(1050);
    bench.done(Change::StartSession(late)).await?;
    bench.end(Extent::Login(login_id(1)?)).await?;
    for number in [1, 9] {
        let over = there(bench.store.session(serial(number)?).await?, "a session")?;
        want(over.ended.is_some(), "a session of the login outlived it")?;
    }
    bench.refused(Conflict::Over, prove(0, 200)?).await?;
    let missing = Change::ProveLogin {
        login: login_id(9)?,
        generation: 0,
        at: at(100),
        methods: Vec::new(),
        stay: Stay::Visit,
        expires: at(1100),
    };
    bench.refused(Conflict::Missing, missing).await
}
