//! Endings: what they reach, how they stand in the log, and that they are final.

use std::sync::{Arc, Mutex, PoisonError};

use countersign_core::batch::{Batch, Change, Conflict, Expect};
use countersign_core::extent::{Chain, Extent, LogEntry, LogKind};
use countersign_core::id::{Epoch, Position, Version};
use countersign_core::port::Follower;
use countersign_core::record::Audience;
use countersign_core::revoke::View;
use countersign_core::revoke::log::verify;

use super::Broken;
use super::fixtures::{
    Bench, at, code, drop_slot, ending, family, grant, key, login, login_id, made, put_slot, same, serial,
    session, shop, signing_key, subject, there, user, want,
};

async fn ended(bench: &Bench, number: u64) -> Result<bool, Broken> {
    if let Some(session) = bench.store.session(serial(number)?).await? {
        return Ok(session.ended.is_some());
    }
    Ok(there(bench.store.grant(serial(number)?).await?, "the grant")?.ended.is_some())
}

async fn expect_ended(bench: &Bench, over: &[u64], alive: &[u64]) -> Result<(), Broken> {
    let mut logged = Vec::new();
    for entry in bench.log().await? {
        if let LogKind::Ended(serial) = entry.kind {
            logged.push(serial.number());
        }
    }
    logged.sort_unstable();
    same(logged, over.to_vec(), "the serials in the log")?;
    for number in over {
        want(ended(bench, *number).await?, &format!("`{number}` has no tombstone"))?;
    }
    for number in alive {
        want(
            !ended(bench, *number).await?,
            &format!("`{number}` was ended, though the extent does not cover it"),
        )?;
    }
    Ok(())
}

/// A second login of person 1 with session 3 and grant 4, and person 2 with login 3 and session 5.
async fn neighbours(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    let batch = Batch::of(Change::BeginLogin(login(2, 1)?))
        .with(Change::StartSession(session(3, 2, 1)?))
        .with(Change::BeginGrant(grant(4, 2, 1)?))
        .with(Change::AddUser(user(2)?))
        .with(Change::BeginLogin(login(3, 2)?))
        .with(Change::StartSession(session(5, 3, 2)?));
    bench.done(batch).await.map(drop)
}

pub(super) async fn a_login_takes_its_sessions_and_grants_along(bench: &Bench) -> Result<(), Broken> {
    neighbours(bench).await?;
    bench.end(Extent::Login(login_id(1)?)).await?;
    expect_ended(bench, &[1, 2], &[3, 4, 5]).await?;
    let over = there(bench.store.login(&login_id(1)?).await?, "the login")?;
    same(over.ended, Some(ending()), "its tombstone")?;
    bench.end(Extent::Grant(serial(4)?)).await?;
    expect_ended(bench, &[1, 2, 4], &[3, 5]).await
}

pub(super) async fn a_subject_keeps_the_login_that_asks(bench: &Bench) -> Result<(), Broken> {
    neighbours(bench).await?;
    bench.end(Extent::Subject { subject: subject(1)?, except: Some(login_id(2)?) }).await?;
    expect_ended(bench, &[1, 2], &[3, 4, 5]).await?;
    let generation = there(bench.directory.user(&subject(1)?).await?, "the user")?.generation;
    same(generation, 1, "the generation")?;
    bench.refused(Conflict::Moved, Change::BeginLogin(login(7, 1)?)).await?;
    bench.done(Change::StartSession(session(8, 2, 1)?)).await?;
    bench.end(Extent::Subject { subject: subject(1)?, except: None }).await?;
    expect_ended(bench, &[1, 2, 3, 4, 8], &[5]).await?;
    bench.refused(Conflict::Over, Change::StartSession(session(9, 2, 1)?)).await
}

pub(super) async fn an_allowance_takes_sessions_grants_and_codes_under_way(
    bench: &Bench,
) -> Result<(), Broken> {
    neighbours(bench).await?;
    let (mut issuer, mut other) = (session(8, 1, 1)?, grant(9, 1, 1)?);
    issuer.audience = Audience::Issuer;
    other.client = made(serde_json::json!("wiki"))?;
    bench.done(Batch::of(Change::StartSession(issuer)).with(Change::BeginGrant(other))).await?;
    bench.done(Change::Issue(code(1)?)).await?;
    bench.end(Extent::Allowance { subject: subject(1)?, client: shop()? }).await?;
    expect_ended(bench, &[1, 2, 3, 4], &[5, 8, 9]).await?;
    let spend = bench.store.commit(Batch::of(Change::Spend { key: key(1), at: at(5), gave: None })).await?;
    want(
        !matches!(spend, countersign_core::batch::Outcome::Committed(..)),
        "a code under way brings back what was withdrawn",
    )
}

pub(super) async fn the_log_is_contiguous_and_chained(bench: &Bench) -> Result<(), Broken> {
    neighbours(bench).await?;
    bench.end(Extent::Login(login_id(1)?)).await?;
    bench.end(Extent::Client(shop()?)).await?;
    let position = bench.end(Extent::Everything).await?;
    let log = bench.log().await?;
    same(log.len(), 4, "the number of entries")?;
    want(verify(&log, Position::START, Chain::default()).is_ok(), "the chain is broken")?;
    let state = bench.store.log_state().await?;
    let last = there(log.last(), "the last entry")?;
    same((state.position, state.chain, state.epoch), (last.position, last.chain, last.epoch), "the head")?;
    same(state.position, position, "the position that was answered")?;
    same(there(log.first(), "the first entry")?.expires, at(1000), "when the entry may be dropped")?;
    let tail = bench.store.log_since(Position::new(2), 1).await?;
    same(tail.as_slice(), log.get(2..3).unwrap_or_default(), "the entry after the second")
}

pub(super) async fn ending_twice_says_it_once(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    let first = bench.end(Extent::Session(serial(1)?)).await?;
    for extent in [Extent::Session(serial(1)?), Extent::Session(serial(99)?), Extent::Grant(serial(1)?)] {
        same(bench.end(extent).await?, first, "the position")?;
    }
    let mut other = ending();
    other.at = at(70);
    bench.done(Change::End { extent: Extent::Login(login_id(1)?), ending: other }).await?;
    let session = there(bench.store.session(serial(1)?).await?, "the session")?;
    same(session.ended, Some(ending()), "the first tombstone")?;
    expect_ended(bench, &[1, 2], &[]).await
}

fn writes() -> Result<Vec<Change>, Broken> {
    Ok(vec![
        Change::TouchSession { serial: serial(1)?, seen: at(60) },
        put_slot(1, "cart", Expect::Whatever, &[1])?,
        drop_slot("cart", Expect::Whatever)?,
        Change::MoveFamily {
            grant: serial(2)?,
            expect: Version::FIRST,
            at: at(60),
            family: made(family(1))?,
        },
    ])
}

pub(super) async fn nothing_ended_is_written_to(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    bench.end(Extent::Login(login_id(1)?)).await?;
    for change in writes()? {
        bench.refused(Conflict::Over, change).await?;
    }
    let session = there(bench.store.session(serial(1)?).await?, "the session")?;
    same((session.ended, session.seen), (Some(ending()), at(2)), "the tombstone")
}

pub(super) async fn a_watermark_ends_for_writers_as_well(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    bench.end(Extent::Client(shop()?)).await?;
    for change in writes()? {
        bench.refused(Conflict::Over, change).await?;
    }
    Ok(())
}

/// Remembers what it is told.
#[derive(Debug, Default)]
pub(super) struct Listener(Mutex<Vec<LogEntry>>);

impl Listener {
    pub(super) fn heard(&self) -> Vec<LogEntry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Follower for Listener {
    fn applied(&self, entries: &[LogEntry]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(entries);
    }
}

pub(super) async fn a_follower_hears_everything_once_and_in_order(bench: &Bench) -> Result<(), Broken> {
    neighbours(bench).await?;
    bench.end(Extent::Session(serial(1)?)).await?;
    let listener = Arc::new(Listener::default());
    bench.store.follow(Arc::<Listener>::clone(&listener)).await?;
    same(listener.heard(), bench.log().await?, "what was heard of the past")?;
    bench.end(Extent::Login(login_id(1)?)).await?;
    let undone = Change::End { extent: Extent::Login(login_id(2)?), ending: ending() };
    bench.refused(Conflict::Taken, Batch::of(undone).with(Change::AddUser(user(1)?))).await?;
    bench.end(Extent::Everything).await?;
    same(listener.heard(), bench.log().await?, "what was heard")?;
    want(bench.store.follow(listener).await.is_err(), "a second follower was taken on")
}

pub(super) async fn a_dropped_key_stands_in_the_log(bench: &Bench) -> Result<(), Broken> {
    bench.done(Change::PutKey(signing_key("first")?)).await?;
    let drop_key = || Change::DropKey { kid: "first".to_owned(), at: at(9) };
    bench.done(drop_key()).await?;
    bench.done(drop_key()).await?;
    let kinds: Vec<_> = bench.log().await?.into_iter().map(|entry| entry.kind).collect();
    same(kinds, vec![LogKind::KeyRetired("first".to_owned())], "the log")
}

pub(super) async fn a_view_that_follows_stays_whole(bench: &Bench) -> Result<(), Broken> {
    neighbours(bench).await?;
    bench.end(Extent::Session(serial(1)?)).await?;
    let view = Arc::new(View::loading());
    bench.store.follow(Arc::<View>::clone(&view)).await?;
    view.ready(&bench.store.log_state().await?);
    let here = view.position();
    want(view.check(serial(1)?, None, here).is_err(), "the view lacks an ending from before it followed")?;
    want(view.check(serial(2)?, None, here).is_ok(), "the view ended too much")?;
    bench.end(Extent::Grant(serial(2)?)).await?;
    let position = bench.end(Extent::Client(shop()?)).await?;
    want(!view.is_broken(), "the view finds the log broken")?;
    same(view.position(), position, "where the view stands")?;
    want(view.check(serial(2)?, None, position).is_err(), "the view lacks an ending")?;
    want(view.check(serial(3)?, Some(&shop()?), here).is_err(), "the view lacks a watermark")
}

pub(super) async fn a_new_epoch_ends_everything_and_never_comes_twice(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    let view = Arc::new(View::loading());
    bench.store.follow(Arc::<View>::clone(&view)).await?;
    view.ready(&bench.store.log_state().await?);
    let before = bench.store.log_state().await?;
    let next = Epoch::new(before.epoch.number().saturating_add(7));
    for old in [before.epoch, Epoch::new(before.epoch.number().saturating_sub(1))] {
        bench.refused(Conflict::Moved, Change::BeginEpoch(old)).await?;
    }
    let position = bench.done(Change::BeginEpoch(next)).await?;
    bench.refused(Conflict::Moved, Change::BeginEpoch(next)).await?;
    let state = bench.store.log_state().await?;
    same((state.epoch, state.position), (next, position), "where the log stands")?;
    let log = bench.log().await?;
    same(log.last().map(|entry| entry.kind.clone()), Some(LogKind::EpochBegan), "the last entry")?;
    want(verify(&log, Position::START, Chain::default()).is_ok(), "the chain is broken by the new epoch")?;
    bench.refused(Conflict::Over, Change::StartSession(session(3, 1, 1)?)).await?;
    want(view.is_ready() && view.epoch() == Some(next), "a view that follows does not go on")?;
    want(!view.stands_above_marks(None, before.position), "what was born before is still accepted")?;
    want(view.stands_above_marks(None, position), "what is born after is refused")
}
