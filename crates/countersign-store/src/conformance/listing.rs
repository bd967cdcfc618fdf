//! Lists: filtered, newest first, in pages.

use countersign_core::batch::{Batch, Change, Expect};
use countersign_core::extent::Extent;
use countersign_core::id::{Serial, Version};
use countersign_core::port::SessionFilter;
use countersign_core::record::{Audience, Session};

use super::Broken;
use super::fixtures::{
    Bench, at, grant, login, login_id, made, put_slot, same, serial, session, shop, slots, subject, user,
};

fn numbers(sessions: &[Session]) -> Vec<u64> {
    sessions.iter().map(|session| session.serial.number()).collect()
}

/// Persons 1 and 2, their logins 1 and 2, sessions 1 to 6: odd of person 1, even of person 2, the last two at the issuer.
async fn crowd(bench: &Bench) -> Result<(), Broken> {
    let mut batch = Batch::new();
    for person in 1..=2 {
        batch = batch.with(Change::AddUser(user(person)?)).with(Change::BeginLogin(login(person, person)?));
    }
    for number in 1..=6 {
        let person = if number % 2 == 1 { 1 } else { 2 };
        let mut session = session(number, person, person)?;
        if number > 4 {
            session.audience = Audience::Issuer;
        }
        batch = batch.with(Change::StartSession(session));
    }
    bench.done(batch).await.map(drop)
}

pub(super) async fn sessions_are_listed_by_filter_newest_first(bench: &Bench) -> Result<(), Broken> {
    crowd(bench).await?;
    bench.end(Extent::Session(serial(3)?)).await?;
    bench.done(Change::TouchSession { serial: serial(1)?, seen: at(50) }).await?;
    let list = async |filter: SessionFilter| -> Result<Vec<u64>, Broken> {
        Ok(numbers(&bench.store.sessions(&filter, 100).await?))
    };
    let all = SessionFilter::default;
    same(list(all()).await?, vec![6, 5, 4, 3, 2, 1], "all")?;
    let of_one = SessionFilter { subject: Some(subject(1)?), ..all() };
    same(list(of_one.clone()).await?, vec![5, 3, 1], "those of a person")?;
    let at_shop = SessionFilter { audience: Some(Audience::Client(shop()?)), ..all() };
    same(list(at_shop.clone()).await?, vec![4, 3, 2, 1], "those at the shop")?;
    let live = |seconds| SessionFilter { live_at: Some(at(seconds)), ..all() };
    same(list(live(101)).await?, vec![6, 5, 4, 2, 1], "those alive")?;
    same(list(live(102)).await?, vec![1], "those not idle for too long")?;
    same(list(live(150)).await?, vec![], "none alive")?;
    let both = SessionFilter { audience: at_shop.audience, live_at: Some(at(9)), ..of_one };
    same(list(both).await?, vec![1], "those of a person, at the shop, alive")?;
    bench.end(Extent::Client(shop()?)).await?;
    same(list(live(9)).await?, vec![6, 5], "those above the watermark")
}

pub(super) async fn pages_neither_skip_nor_repeat(bench: &Bench) -> Result<(), Broken> {
    crowd(bench).await?;
    let (mut seen, mut before): (Vec<u64>, Option<Serial>) = (Vec::new(), None);
    loop {
        let filter = SessionFilter { before, ..SessionFilter::default() };
        let page = bench.store.sessions(&filter, 4).await?;
        let Some(last) = page.last() else { break };
        before = Some(last.serial);
        seen.extend(numbers(&page));
    }
    same(seen, vec![6, 5, 4, 3, 2, 1], "all pages")
}

pub(super) async fn grants_and_logins_are_listed(bench: &Bench) -> Result<(), Broken> {
    crowd(bench).await?;
    let mut wiki = grant(12, 1, 1)?;
    wiki.client = made(serde_json::json!("wiki"))?;
    let batch = Batch::of(Change::BeginGrant(grant(11, 1, 1)?))
        .with(Change::BeginGrant(wiki))
        .with(Change::BeginGrant(grant(13, 2, 2)?))
        .with(Change::BeginLogin(login(5, 1)?));
    bench.done(batch).await?;
    let (one, shop) = (subject(1)?, shop()?);
    for (of, at, limit, expected) in [
        (Some(&one), None, 9, vec![12, 11]),
        (None, Some(&shop), 9, vec![13, 11]),
        (Some(&one), Some(&shop), 9, vec![11]),
        (None, None, 2, vec![13, 12]),
    ] {
        let found = bench.store.grants(of, at, limit).await?;
        let found: Vec<_> = found.iter().map(|grant| grant.serial.number()).collect();
        same(found, expected, "the grants")?;
    }
    let logins = bench.store.logins(&one, 9).await?;
    let ids: Vec<_> = logins.into_iter().map(|login| login.id).collect();
    same(ids, vec![login_id(5)?, login_id(1)?], "the logins")?;
    same(bench.store.logins(&one, 1).await?.len(), 1, "the limit")
}

pub(super) async fn slots_are_named_with_version_and_size(bench: &Bench) -> Result<(), Broken> {
    crowd(bench).await?;
    for (name, size) in [("note", 3), ("cart", 5), ("cart", 7)] {
        bench.done(put_slot(1, name, Expect::Whatever, &vec![0; size])?).await?;
    }
    let expected = vec![("cart".to_owned(), Version::new(3), 7), ("note".to_owned(), Version::FIRST, 3)];
    same(bench.store.slot_names(&slots(1)?).await?, expected, "the names")?;
    same(bench.store.slot_names(&slots(2)?).await?, vec![], "those of another session")
}
