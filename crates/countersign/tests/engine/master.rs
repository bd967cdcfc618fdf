//! A master key that is changed: both open, one seals, and at the end one is enough.

use countersign::{Fault, MasterKey};
use countersign_core::batch::Expect;
use countersign_core::extent::Actor;

use crate::common::{ADA, PASSWORD};
use crate::data::shop;
use crate::keys::kids;

/// The rig's own.
fn old() -> MasterKey {
    MasterKey::from_bytes([42; 32])
}

fn new() -> MasterKey {
    MasterKey::from_bytes([7; 32])
}

#[tokio::test]
async fn a_new_master_key_takes_over_while_the_old_one_still_opens() {
    let (shop, handle) = shop().await;
    let (app, before) = (shop.client.clone(), kids(&shop.rig));
    shop.engine().put_slot(&app, &handle, "cart", Expect::Absent, b"2 lanterns").await.unwrap();
    // More people than are looked at in one go.
    let mut people = Vec::new();
    for number in 0..201 {
        people.push(shop.rig.person(&format!("p{number}@marsh.example"), PASSWORD).await.unwrap().subject);
    }
    let cart = |engine: std::sync::Arc<countersign::Engine>| {
        let (app, handle) = (app.clone(), handle.clone());
        async move { engine.slot(&app, &handle, "cart").await.unwrap().map(|(_, value)| value) }
    };
    let rig = shop.rig.restart_under(new().also_opening(old())).await.unwrap();
    assert_eq!(cart(rig.engine.clone()).await.unwrap(), b"2 lanterns");
    rig.engine.tick().await.unwrap();
    let rig = rig.restart_under(new()).await.unwrap();
    assert_eq!(cart(rig.engine.clone()).await.unwrap(), b"2 lanterns");
    assert_eq!(kids(&rig), before);
    assert!(rig.sign_in(ADA, PASSWORD).await.is_ok());
    for person in people {
        rig.engine.export(&person, Actor::CommandLine).await.unwrap();
    }
    let why = rig.restart_under(old()).await.unwrap_err();
    assert!(matches!(&why, Fault::Unfit(why) if why.contains("master key")), "{why}");
}

#[tokio::test]
async fn before_the_first_tick_the_new_master_key_alone_opens_nothing() {
    let (shop, _) = shop().await;
    let rig = shop.rig.restart_under(new().also_opening(old())).await.unwrap();
    let why = rig.restart_under(new()).await.unwrap_err();
    assert!(matches!(&why, Fault::Unfit(_)), "{why}");
}

#[tokio::test]
async fn a_node_that_still_seals_under_the_old_master_key_opens_what_the_new_one_sealed() {
    let (shop, _) = shop().await;
    let before = kids(&shop.rig);
    let rig = shop.rig.restart_under(new().also_opening(old())).await.unwrap();
    rig.engine.tick().await.unwrap();
    let rig = rig.restart_under(old().also_opening(new())).await.unwrap();
    assert_eq!(kids(&rig), before);
    assert!(rig.sign_in(ADA, PASSWORD).await.is_ok());
}
