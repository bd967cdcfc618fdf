//! Signing keys and the master key.

use std::time::Duration;

use countersign::testing::Rig;
use countersign::{Fault, MasterKey};
use countersign_core::extent::Actor;

use crate::common::Shop;

pub(crate) fn kids(rig: &Rig) -> Vec<String> {
    let jwks = rig.engine.jwks();
    jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_jwks_shows_rsa_first_and_no_private_number() {
    let rig = Rig::new().await.unwrap();
    let jwks = rig.engine.jwks();
    let algorithms: Vec<_> = jwks["keys"].as_array().unwrap().iter().map(|key| key["alg"].clone()).collect();
    assert_eq!(algorithms, ["RS256", "ES256"]);
    assert!(jwks["keys"].as_array().unwrap().iter().all(|key| key.get("d").is_none()));
    assert_eq!(rig.engine.metadata().unwrap()["jwks_uri"], "http://localhost:8321/jwks.json");
}

#[tokio::test]
async fn tokens_outlive_a_rotation_and_a_key_leaves_after_its_last_token() {
    let shop = Shop::open().await;
    let (before, old) = (shop.tokens().await, kids(&shop.rig));
    shop.rig.clock.advance(Duration::from_secs(1));
    shop.engine().rotate_keys(Actor::CommandLine).await.unwrap();
    assert_eq!(kids(&shop.rig).len(), 4);
    assert!(shop.engine().check_bearer(&before.access_token, "shop").is_ok());
    let after = shop.tokens().await;
    assert!(shop.engine().check_bearer(&after.access_token, "shop").is_ok());
    let header = |token: &str| token.split('.').next().unwrap().to_owned();
    assert_ne!(header(&before.access_token), header(&after.access_token));
    shop.rig.clock.advance(Duration::from_secs(26 * 3600));
    shop.engine().tick().await.unwrap();
    assert_eq!(kids(&shop.rig).len(), 2);
    assert!(kids(&shop.rig).iter().all(|kid| !old.contains(kid)));
}

#[tokio::test]
async fn keys_rotate_by_themselves_after_ninety_days() {
    let rig = Rig::new().await.unwrap();
    let old = kids(&rig);
    rig.clock.advance(Duration::from_secs(89 * 24 * 3600));
    rig.engine.tick().await.unwrap();
    assert_eq!(kids(&rig), old);
    rig.clock.advance(Duration::from_secs(24 * 3600));
    rig.engine.tick().await.unwrap();
    assert_eq!(kids(&rig).len(), 4);
}

#[tokio::test]
async fn in_production_a_new_key_is_shown_a_day_before_it_signs() {
    let rig = Rig::production().await.unwrap();
    let first: Vec<_> = rig.engine.keys().await.unwrap();
    // The first keys of a fresh store sign at once: nobody has cached anything yet.
    assert!(first.iter().all(|key| key.signs_from == key.published));
    rig.engine.rotate_keys(Actor::CommandLine).await.unwrap();
    let waiting: Vec<_> = rig
        .engine
        .keys()
        .await
        .unwrap()
        .into_iter()
        .filter(|key| key.signs_from > rig.engine.now())
        .collect();
    assert_eq!(waiting.len(), 2);
    assert!(waiting.iter().all(|key| key.signs_from == key.published + Duration::from_secs(24 * 3600)));
    assert!(rig.engine.rotate_keys(Actor::CommandLine).await.is_err());
}

#[tokio::test]
async fn another_master_key_does_not_open_the_store() {
    let rig = Rig::new().await.unwrap();
    let other = rig.restart_under(MasterKey::from_bytes([7; 32])).await.unwrap_err();
    assert!(matches!(&other, Fault::Unfit(why) if why.contains("master key")), "{other}");
}

#[tokio::test]
async fn keys_and_handles_survive_a_restart() {
    let shop = Shop::open().await;
    let (kids_before, tokens) = (kids(&shop.rig), shop.tokens().await);
    let handle = shop.ada.handle.to_string();
    let rig = shop.rig.restart().await.unwrap();
    assert_eq!(kids(&rig), kids_before);
    assert!(rig.engine.check_bearer(&tokens.access_token, "shop").is_ok());
    assert!(rig.engine.session_by_handle(&handle).await.unwrap().live);
}
