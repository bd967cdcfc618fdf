//! Session data of applications, the export of a person, and their erasure.

use countersign::testing::Rig;
use countersign::{Refusal, Result};
use countersign_core::batch::Expect;
use countersign_core::extent::Actor;
use countersign_core::id::Version;
use countersign_core::record::Style;
use countersign_core::signin::password::Password;

use crate::common::{ADA, PASSWORD, Shop, new_app, parameter};

/// A shop whose Ada has a session there, and that session's handle.
pub(crate) async fn shop() -> (Shop, String) {
    let shop = Shop::of(Style::Session).await;
    let nonce = shop.engine().start_nonce().unwrap();
    let start = shop.engine().start_address(&shop.client, &nonce, "/").unwrap();
    let to = shop.engine().ticket(&shop.ada, "shop", parameter(&start, "nonce").unwrap(), "/").await.unwrap();
    let ticket = parameter(&to, "ticket").unwrap();
    let redeemed =
        shop.engine().redeem_ticket(&shop.client, ticket, nonce.reveal(), &Rig::visitor(), None).await;
    let handle = shop.engine().handle(redeemed.unwrap().session.serial).to_string();
    (shop, handle)
}

async fn put(shop: &Shop, handle: &str, expect: Expect, value: &str) -> Result<Version> {
    shop.engine().put_slot(&shop.client, handle, "cart", expect, value.as_bytes()).await
}

#[tokio::test]
async fn a_slot_is_written_read_and_compared() {
    let (shop, handle) = shop().await;
    let engine = shop.engine();
    assert_eq!(engine.slot(&shop.client, &handle, "cart").await.unwrap(), None);
    let first = put(&shop, &handle, Expect::Absent, "[1]").await.unwrap();
    assert_eq!(first, Version::FIRST);
    assert_eq!(put(&shop, &handle, Expect::Absent, "[2]").await.unwrap_err(), Refusal::Moved.into());
    let second = put(&shop, &handle, Expect::At(first), "[1,2]").await.unwrap();
    assert_eq!(put(&shop, &handle, Expect::At(first), "[3]").await.unwrap_err(), Refusal::Moved.into());
    let read = engine.slot(&shop.client, &handle, "cart").await.unwrap();
    assert_eq!(read, Some((second, b"[1,2]".to_vec())));
    assert_eq!(engine.slot_names(&shop.client, &handle).await.unwrap(), [("cart".to_owned(), second, 5)]);
    engine.drop_slot(&shop.client, &handle, "cart", Expect::At(second)).await.unwrap();
    assert_eq!(engine.slot(&shop.client, &handle, "cart").await.unwrap(), None);
}

#[tokio::test]
async fn no_version_comes_twice_and_a_write_from_before_is_refused() {
    let (shop, handle) = shop().await;
    let first = put(&shop, &handle, Expect::Absent, "[1]").await.unwrap();
    shop.engine().drop_slot(&shop.client, &handle, "cart", Expect::At(first)).await.unwrap();
    let again = put(&shop, &handle, Expect::Absent, "[2]").await.unwrap();
    assert!(again > first);
    assert_eq!(put(&shop, &handle, Expect::At(first), "[3]").await.unwrap_err(), Refusal::Moved.into());
}

#[tokio::test]
async fn a_long_value_is_read_and_written_in_part() {
    const SEGMENT: usize = 64 * 1024;
    let (shop, handle) = shop().await;
    let (engine, app) = (shop.engine(), &shop.client);
    let mut value: Vec<u8> = (0..SEGMENT * 3 + 100).map(|at| u8::try_from(at % 253).unwrap()).collect();
    let mut version = engine.put_slot(app, &handle, "film", Expect::Absent, &value).await.unwrap();
    for (offset, bytes) in [(0, 5), (SEGMENT - 3, 6), (SEGMENT, SEGMENT), (SEGMENT * 3 + 90, 10)] {
        let new = vec![255; bytes];
        value[offset..offset + bytes].copy_from_slice(&new);
        let part = (offset as u64, new.as_slice());
        version = engine.put_slot_part(app, &handle, "film", version, part).await.unwrap();
        assert_eq!(engine.slot(app, &handle, "film").await.unwrap(), Some((version, value.clone())));
        let (from, many) = (offset.saturating_sub(2), bytes + 9);
        let read = engine.slot_part(app, &handle, "film", from as u64, many as u64).await.unwrap();
        let end = (from + many).min(value.len());
        assert_eq!(read, Some((version, value[from..end].to_vec())));
    }
    let stale = engine.put_slot_part(app, &handle, "film", Version::FIRST, (0, b"x")).await;
    assert_eq!(stale.unwrap_err(), Refusal::Moved.into());
    let beyond = engine.put_slot_part(app, &handle, "film", version, (value.len() as u64 - 1, b"xy")).await;
    assert!(matches!(beyond.unwrap_err(), countersign::Error::Refusal(Refusal::Invalid { .. })));
    let behind = engine.slot_part(app, &handle, "film", value.len() as u64, 5).await.unwrap();
    assert_eq!(behind, Some((version, vec![])));
    // Grown, shrunk to one piece, and cut again.
    for length in [SEGMENT * 5, 10, SEGMENT + 1] {
        value.resize(length, 9);
        version = engine.put_slot(app, &handle, "film", Expect::At(version), &value).await.unwrap();
        assert_eq!(engine.slot(app, &handle, "film").await.unwrap(), Some((version, value.clone())));
    }
}

#[tokio::test]
async fn slots_have_limits() {
    let (shop, handle) = shop().await;
    let put = |name: &'static str, size: usize| {
        let (shop, handle) = (&shop, &handle);
        async move { shop.engine().put_slot(&shop.client, handle, name, Expect::Whatever, &vec![7; size]).await }
    };
    let whole = 10 * 1024 * 1024;
    assert!(put("cart", whole).await.is_ok());
    let too_large = |what, limit| countersign::Error::from(Refusal::TooLarge { what, limit });
    assert_eq!(put("cart", whole + 1).await.unwrap_err(), too_large("a slot", 10 << 20));
    assert!(put("more", 6 * 1024 * 1024).await.is_ok());
    assert_eq!(put("last", 1).await.unwrap_err(), too_large("the data of a session", 16 << 20));
    put("more", 1).await.unwrap();
    for number in 2..1024 {
        let name = format!("slot-{number}");
        shop.engine().put_slot(&shop.client, &handle, &name, Expect::Whatever, b"x").await.unwrap();
    }
    let too_many = Refusal::TooMany { what: "slots of a session", limit: 1024 };
    assert_eq!(put("last", 1).await.unwrap_err(), too_many.into());
    assert!(put("more", 2).await.is_ok());
    for name in ["", "Cart", "a/b", "ä"] {
        assert!(put(name, 1).await.is_err(), "{name}");
    }
}

#[tokio::test]
async fn an_application_reaches_its_own_sessions_only_and_none_after_the_end() {
    let (shop, handle) = shop().await;
    put(&shop, &handle, Expect::Whatever, "x").await.unwrap();
    let (bank, _) =
        shop.rig.engine.add_app(new_app("bank", Style::Session), Actor::CommandLine).await.unwrap();
    let missing = Refusal::Missing { what: "session" };
    assert_eq!(shop.engine().slot(&bank, &handle, "cart").await.unwrap_err(), missing.clone().into());
    let issuer = shop.ada.handle.to_string();
    assert_eq!(shop.engine().slot(&shop.client, &issuer, "cart").await.unwrap_err(), missing.into());
    shop.engine().sign_out(&shop.ada).await.unwrap();
    assert_eq!(
        shop.engine().slot(&shop.client, &handle, "cart").await.unwrap_err(),
        Refusal::SessionEnded.into()
    );
    let late = put(&shop, &handle, Expect::Whatever, "y").await;
    assert_eq!(late.unwrap_err(), Refusal::SessionEnded.into());
}

#[tokio::test]
async fn an_export_holds_all_that_is_held_and_no_secret() {
    let (shop, handle) = shop().await;
    put(&shop, &handle, Expect::Whatever, r#"{"items":["rope"]}"#).await.unwrap();
    let document = shop.engine().export(&shop.ada.session.subject, Actor::CommandLine).await.unwrap();
    assert_eq!(document["account"]["email"], ADA);
    let sessions = document["sessions"].as_array().unwrap();
    let here = sessions.iter().find(|session| session["session"] == handle.as_str()).unwrap();
    assert_eq!(here["data"]["cart"]["items"][0], "rope");
    assert_eq!(here["network"], "203.0.113.0/24");
    assert_eq!(document["logins"].as_array().unwrap().len(), 1);
    assert!(document["log"].as_array().unwrap().iter().any(|line| line["event"] == "signed-in"));
    let text = document.to_string();
    for secret in ["argon2", "cs_st_", "secret", "data_key"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn an_export_comes_in_parts_however_much_is_held() {
    let (shop, handle) = shop().await;
    let film = serde_json::to_string(&vec!["frame"; 100_000]).unwrap();
    // Whoever reads the document would refuse all of it.
    let deep = "[".repeat(100) + &"]".repeat(100);
    for (name, value) in [("one", &film), ("other", &film), ("third", &film), ("deep", &deep)] {
        let put = shop.engine().put_slot(&shop.client, &handle, name, Expect::Absent, value.as_bytes());
        put.await.unwrap();
    }
    let mut export =
        shop.rig.engine.export_in_parts(&shop.ada.session.subject, Actor::CommandLine).await.unwrap();
    let mut parts = Vec::new();
    while let Some(part) = export.next().await.unwrap() {
        parts.push(part);
    }
    assert_eq!(export.next().await, Ok(None));
    let longest = parts.iter().map(String::len).max().unwrap();
    assert!(longest < film.len() + 128 * 1024, "{longest}");
    let document: serde_json::Value = serde_json::from_str(&parts.concat()).unwrap();
    let sessions = document["sessions"].as_array().unwrap();
    let here = sessions.iter().find(|session| session["session"] == handle.as_str()).unwrap();
    assert_eq!(here["data"]["third"].as_array().unwrap().len(), 100_000);
    assert_eq!(here["data"]["deep"], deep.as_str());
    let missing = serde_json::from_value(serde_json::json!(format!("usr_{:032x}", 9))).unwrap();
    let refused = shop.rig.engine.export_in_parts(&missing, Actor::CommandLine).await.unwrap_err();
    assert_eq!(refused, Refusal::Missing { what: "person" }.into());
}

#[tokio::test]
async fn an_erased_person_is_gone_and_nothing_of_theirs_is_accepted() {
    let (shop, handle) = shop().await;
    put(&shop, &handle, Expect::Whatever, "x").await.unwrap();
    let subject = shop.ada.session.subject.clone();
    let wrong = Password::typed("wrong".to_owned());
    let refused = shop.engine().erase_self(&shop.ada, wrong, &Rig::visitor()).await;
    assert_eq!(refused.unwrap_err(), Refusal::CurrentPassword.into());
    let right = Password::typed(PASSWORD.to_owned());
    shop.engine().erase_self(&shop.ada, right, &Rig::visitor()).await.unwrap();
    assert!(shop.engine().user(&subject).await.unwrap().is_none());
    assert!(shop.engine().user_by_email(ADA).await.unwrap().is_none());
    assert!(shop.engine().sessions_of(&subject).await.unwrap().is_empty());
    assert!(shop.engine().slot(&shop.client, &handle, "cart").await.is_err());
    assert!(shop.rig.sign_in(ADA, PASSWORD).await.is_err());
    assert_eq!(
        shop.engine().export(&subject, Actor::CommandLine).await.unwrap_err(),
        Refusal::Missing { what: "person" }.into()
    );
    // The address is free again.
    shop.rig.person(ADA, PASSWORD).await.unwrap();
}
