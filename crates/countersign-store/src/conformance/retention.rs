//! What is dropped when it is over, and what is erased when a person asks.

use countersign_core::audit::AuditEntry;
use countersign_core::batch::{Batch, Change, Conflict, Expect};
use countersign_core::extent::{Extent, LogKind};
use countersign_core::policy::SWEEP_BYTES;
use countersign_core::port::{AuditFilter, Overdue};
use countersign_core::slot::{Segment, SlotPut, SlotWrite, count};
use serde_json::json;

use super::Broken;
use super::fixtures::{
    ALL, Bench, at, code, ending, grant, key, login, login_id, made, put_slot, same, serial, session, shop,
    slots, slots_write, subject, there, user, want,
};

fn cart(number: u64) -> Result<Change, Broken> {
    put_slot(number, "cart", Expect::Absent, &[1])
}

pub(super) async fn sweeping_drops_what_is_over_and_nothing_else(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    let (mut late_login, mut late_session, mut late_code) = (login(2, 1)?, session(3, 2, 1)?, code(2)?);
    (late_login.expires, late_session.expires, late_code.expires) = (at(3000), at(3000), at(3000));
    let batch = Batch::of(Change::BeginLogin(late_login))
        .with(Change::StartSession(late_session))
        .with(Change::Issue(code(1)?))
        .with(Change::Issue(late_code))
        .with(cart(1)?)
        .with(cart(3)?);
    bench.done(batch).await?;
    let sweep = |seconds| Change::Sweep { before: at(seconds), limit: 100 };
    bench.done(sweep(60)).await?;
    want(bench.store.one_time(&key(1)).await?.is_some(), "a code was dropped when it was just over")?;
    bench.done(sweep(1000)).await?;
    want(bench.store.one_time(&key(1)).await?.is_none(), "a code that was over is still there")?;
    want(bench.store.session(serial(1)?).await?.is_some(), "a session was dropped when it was just over")?;
    bench.done(sweep(1001)).await?;
    let gone = bench.store.session(serial(1)?).await?.is_none()
        && bench.store.grant(serial(2)?).await?.is_none()
        && bench.store.login(&login_id(1)?).await?.is_none()
        && bench.store.slot(&slots(1)?, "cart", ALL).await?.is_none();
    want(gone, "something that was over is still there")?;
    let kept = bench.store.session(serial(3)?).await?.is_some()
        && bench.store.login(&login_id(2)?).await?.is_some()
        && bench.store.one_time(&key(2)).await?.is_some()
        && bench.store.slot(&slots(3)?, "cart", ALL).await?.is_some();
    want(kept, "something that was not over was dropped")
}

pub(super) async fn sweeping_is_bounded_and_keeps_the_chain(bench: &Bench) -> Result<(), Broken> {
    bench.done(Batch::of(Change::AddUser(user(1)?)).with(Change::BeginLogin(login(1, 1)?))).await?;
    bench.end(Extent::Client(made(json!("wiki"))?)).await?;
    for number in 1..=5 {
        bench.done(Change::StartSession(session(number, 1, 1)?)).await?;
    }
    bench.end(Extent::Login(login_id(1)?)).await?;
    let before = bench.store.log_state().await?;
    let overdue = async |most| bench.directory.overdue(at(2000), most).await;
    let waiting = Overdue { sessions: 5, logins: 1, log: 4, ..Overdue::default() };
    same(overdue(9).await?, waiting, "what waits to be swept")?;
    same(overdue(3).await?, Overdue { sessions: 3, log: 3, ..waiting }, "what is counted of it")?;
    same(bench.directory.overdue(at(1000), 9).await?, Overdue::default(), "what waits before it is over")?;
    let sweep = || Change::Sweep { before: at(2000), limit: 2 };
    bench.done(sweep()).await?;
    same(overdue(9).await?, Overdue { sessions: 3, logins: 0, log: 2, ..waiting }, "what still waits")?;
    same(bench.store.sessions(&<_>::default(), 9).await?.len(), 3, "sessions after one sweep")?;
    same(bench.log().await?.len(), 4, "entries after one sweep")?;
    bench.done(sweep()).await?;
    bench.done(sweep()).await?;
    let kinds: Vec<_> = bench.log().await?.into_iter().map(|entry| entry.kind).collect();
    let last = LogKind::Ended(serial(5)?);
    same(kinds, vec![LogKind::ClientMark(made(json!("wiki"))?), last], "the entries that stay")?;
    same(bench.store.log_state().await?, before, "the head")?;
    let mut mine = login(2, 1)?;
    mine.expires = at(9000);
    bench.done(Change::BeginLogin(mine)).await?;
    let mut at_wiki = grant(9, 2, 1)?;
    at_wiki.client = made(json!("wiki"))?;
    bench.refused(Conflict::Over, Change::BeginGrant(at_wiki)).await
}

pub(super) async fn sweeping_drops_whole_sessions_until_their_data_is_much(
    bench: &Bench,
) -> Result<(), Broken> {
    bench.done(Batch::of(Change::AddUser(user(1)?)).with(Change::BeginLogin(login(1, 1)?))).await?;
    for number in 1..=5 {
        bench.done(Change::StartSession(session(number, 1, 1)?)).await?;
        // What it says of its length counts, not what is kept.
        let length = SWEEP_BYTES / 2;
        let put = SlotPut { length, marks: Vec::new(), segments: whole(length) };
        let write = SlotWrite { name: "film".to_owned(), expect: Expect::Absent, put: Some(put) };
        bench.done(Change::WriteSlots(slots_write(number, vec![write])?)).await?;
    }
    let mut again = session(6, 1, 1)?;
    (again.slots, again.expires) = (slots(1)?, at(3000));
    bench.done(Change::StartSession(again)).await?;
    let sweep = || Change::Sweep { before: at(2000), limit: 100 };
    let left = || async {
        let sessions = bench.store.sessions(&<_>::default(), 9).await?;
        Ok::<_, Broken>(sessions.iter().map(|session| session.serial.number()).collect::<Vec<_>>())
    };
    bench.done(sweep()).await?;
    same(left().await?, vec![6, 5, 4, 3], "the sessions after one sweep")?;
    want(bench.store.slot(&slots(1)?, "film", 0..0).await?.is_some(), "data went that a session still has")?;
    want(bench.store.slot(&slots(2)?, "film", 0..0).await?.is_none(), "data stayed that no session has")?;
    let kept = there(bench.store.slot(&slots(3)?, "film", ALL).await?, "the next one's data")?;
    same(kept.segments, whole(SWEEP_BYTES / 2), "its segments")?;
    bench.done(sweep()).await?;
    bench.done(sweep()).await?;
    same(left().await?, vec![6], "the sessions that stay")
}

/// Segments of a value of that length, one byte each.
fn whole(length: u64) -> Vec<Segment> {
    (0..count(length)).map(|number| Segment { number, sealed: vec![1] }).collect()
}

pub(super) async fn erasing_leaves_the_opaque_subject_only(bench: &Bench) -> Result<(), Broken> {
    bench.house().await?;
    let (who, other) = (subject(1)?, subject(2)?);
    let mut confirm = code(2)?;
    confirm.purpose = made(json!({"confirm": {"email": user(1)?.email, "password": "hash"}}))?;
    let line: AuditEntry = made(json!({
        "at": at(1), "by": {"subject": &who}, "event": "signed-in", "subject": &who, "client": null,
        "network": "203.0.113.0/24",
    }))?;
    let scope = made(json!("openid"))?;
    let batch = Batch::of(Change::AddUser(user(2)?))
        .with(Change::BeginLogin(login(2, 2)?))
        .with(Change::StartSession(session(3, 2, 2)?))
        .with(Change::Issue(code(1)?))
        .with(Change::Issue(confirm))
        .with(Change::PutConsent { subject: who.clone(), client: shop()?, scope, at: at(1) })
        .with(cart(1)?)
        .with(cart(3)?)
        .audited(line);
    bench.done(batch).await?;
    bench.done(Change::EraseUser { subject: who.clone(), ending: ending() }).await?;
    let gone = bench.directory.user(&who).await?.is_none()
        && bench.directory.user_by_email(&user(1)?.email).await?.is_none()
        && bench.directory.consents(&who).await?.is_empty()
        && bench.store.login(&login_id(1)?).await?.is_none()
        && bench.store.session(serial(1)?).await?.is_none()
        && bench.store.grant(serial(2)?).await?.is_none()
        && bench.store.slot(&slots(1)?, "cart", ALL).await?.is_none()
        && bench.store.one_time(&key(1)).await?.is_none()
        && bench.store.one_time(&key(2)).await?.is_none();
    want(gone, "something of the erased person is still there")?;
    let kinds: Vec<_> = bench.log().await?.into_iter().map(|entry| entry.kind).collect();
    same(kinds, vec![LogKind::Ended(serial(1)?), LogKind::Ended(serial(2)?)], "the log")?;
    let lines = bench.directory.audit(&AuditFilter::default(), 9).await?;
    let (_, line) = there(lines.first(), "the line of the audit log")?;
    same((&line.subject, &line.network), (&Some(who.clone()), &None), "what the audit log keeps")?;
    let spared = bench.directory.user(&other).await?.is_some()
        && bench.store.session(serial(3)?).await?.is_some_and(|session| session.ended.is_none())
        && bench.store.slot(&slots(3)?, "cart", ALL).await?.is_some();
    want(spared, "somebody else was erased too")?;
    bench.refused(Conflict::Missing, Change::EraseUser { subject: who, ending: ending() }).await?;
    bench.done(Change::BeginLogin(login(4, 2)?)).await?;
    bench.refused(Conflict::Taken, Change::StartSession(session(1, 4, 2)?)).await
}
