//! The life of a session: by which limits, how many at once, remembered or not, and anew when a person signs in again.

use std::sync::Arc;
use std::time::Duration;

use countersign::testing::Rig;
use countersign::{
    Attempt, Beyond, Error, Most, Password, Preset, Refusal, Result, SessionRules, SignedIn, Stay, Visitor,
};
use countersign_core::batch::Expect;
use countersign_core::extent::{Actor, Reason};
use countersign_core::record::Style;
use countersign_core::record::session::Audience;
use countersign_core::session::admit::Presence;

use crate::common::{ADA, PASSWORD, Shop, checked, new_app, parameter};

const HOUR: Duration = Duration::from_secs(60 * 60);

fn typed(text: &str) -> Password {
    Password::typed(text.to_owned())
}

fn rules(preset: Preset) -> SessionRules {
    SessionRules { preset: Some(preset), most: None }
}

fn most(count: u32, beyond: Beyond) -> SessionRules {
    SessionRules { preset: None, most: Some(Most { count, beyond }) }
}

async fn sign_in(rig: &Rig, visitor: &Visitor) -> Result<SignedIn> {
    rig.engine.sign_in(ADA, typed(PASSWORD), visitor, Audience::Issuer, None).await
}

async fn house(rules: SessionRules) -> Rig {
    let rig = Rig::in_memory(rules).await.unwrap();
    rig.person(ADA, PASSWORD).await.unwrap();
    rig
}

async fn alive(rig: &Rig, signed: &SignedIn) -> bool {
    matches!(checked(&rig.engine, signed.cookie.reveal()).await, Attempt::Accepted(_))
}

#[tokio::test]
async fn a_preset_sets_both_limits_and_remembers_nobody_when_strict() {
    let rig = house(rules(Preset::Psd2)).await;
    let signed = sign_in(&rig, &Rig::visitor()).await.unwrap();
    assert_eq!(signed.max_age, None);
    assert_eq!(signed.session.idle, Duration::from_secs(300));
    rig.clock.advance(Duration::from_secs(300));
    assert!(!alive(&rig, &signed).await);

    let signed = sign_in(&rig, &Rig::visitor()).await.unwrap();
    for _ in 0..(12 * 60 / 4 - 1) {
        rig.clock.advance(Duration::from_secs(240));
        assert!(alive(&rig, &signed).await);
    }
    rig.clock.advance(Duration::from_secs(240));
    assert!(!alive(&rig, &signed).await, "used or not, it is over after twelve hours");
}

#[tokio::test]
async fn to_be_remembered_is_a_choice() {
    let rig = house(SessionRules::default()).await;
    let kept = sign_in(&rig, &Rig::visitor()).await.unwrap();
    assert_eq!(kept.max_age, Some(24 * 30 * HOUR));
    let visit = Visitor { stay: Stay::Visit, ..Rig::visitor() };
    let visit = sign_in(&rig, &visit).await.unwrap();
    assert_eq!(visit.max_age, None);
    rig.clock.advance(8 * HOUR);
    assert!(!alive(&rig, &visit).await);
    assert!(alive(&rig, &kept).await);
}

#[tokio::test]
async fn an_application_of_a_strict_preset_wants_a_fresh_sign_in() {
    let shop = Shop::of(Style::Session).await;
    let bank = countersign::NewApp { sessions: rules(Preset::NistAal3), ..new_app("bank", Style::Session) };
    let (bank, _) = shop.engine().add_app(bank, Actor::CommandLine).await.unwrap();
    let nonce = shop.engine().start_nonce().unwrap();
    let start = shop.engine().start_address(&bank, &nonce, "/").unwrap();
    let hash = parameter(&start, "nonce").unwrap();
    let begun = shop.ada.session.auth_time;
    shop.rig.clock.advance(HOUR);
    let to = shop.engine().ticket(&shop.ada, "bank", hash, "/").await.unwrap();
    let ticket = parameter(&to, "ticket").unwrap();
    let landed =
        shop.engine().redeem_ticket(&bank, ticket, nonce.reveal(), &Rig::visitor(), None).await.unwrap();
    assert_eq!(landed.session.expires, begun + 12 * HOUR, "the limit counts from the sign-in");
    assert_eq!((landed.max_age, landed.session.idle), (None, HOUR / 4));
    shop.rig.clock.advance(11 * HOUR);
    let refused = shop.engine().ticket(&shop.ada, "bank", hash, "/").await.unwrap_err();
    assert_eq!(refused, Refusal::SessionEnded.into());
    // The shop asks for nothing of the kind.
    assert!(shop.engine().ticket(&shop.ada, "shop", hash, "/").await.is_ok());
}

#[tokio::test]
async fn one_session_more_ends_the_oldest_and_says_why() {
    let rig = house(most(2, Beyond::EndOldest)).await;
    let mut signed = Vec::new();
    for _ in 0..3 {
        signed.push(sign_in(&rig, &Rig::visitor()).await.unwrap());
        rig.clock.advance(Duration::from_secs(1));
    }
    let [first, second, third] = signed.as_slice() else { panic!("three") };
    assert!(!alive(&rig, first).await);
    assert!(alive(&rig, second).await && alive(&rig, third).await);
    let listed = rig.engine.sessions_of(&first.session.subject).await.unwrap();
    let over = listed.iter().find(|view| view.session.serial == first.session.serial).unwrap();
    assert_eq!(over.session.ended.as_ref().unwrap().reason, Reason::CrowdedOut);
    assert!(!over.live);
}

#[tokio::test]
async fn one_session_more_is_refused_where_the_rule_says_so() {
    let rig = house(most(1, Beyond::Deny)).await;
    let first = sign_in(&rig, &Rig::visitor()).await.unwrap();
    assert_eq!(sign_in(&rig, &Rig::visitor()).await.unwrap_err(), Refusal::SessionsFull.into());
    // The same browser has a place already.
    let replaces = Some(first.session.serial);
    let again =
        rig.engine.sign_in(ADA, typed(PASSWORD), &Rig::visitor(), Audience::Issuer, replaces).await.unwrap();
    assert!(!alive(&rig, &first).await && alive(&rig, &again).await);
}

#[tokio::test]
async fn sixty_four_sign_ins_at_once_leave_three() {
    for beyond in [Beyond::EndOldest, Beyond::Deny] {
        let shop = Arc::new(Shop::of(Style::Session).await);
        let bank = countersign::NewApp { sessions: most(3, beyond), ..new_app("bank", Style::Session) };
        let (bank, _) = shop.engine().add_app(bank, Actor::CommandLine).await.unwrap();
        let mut tries = tokio::task::JoinSet::new();
        for _ in 0..64 {
            let (shop, bank) = (Arc::clone(&shop), bank.id.clone());
            tries.spawn(async move { shop.engine().vouch(&bank, "ada", &Rig::visitor(), None).await });
        }
        let (mut signed, mut refused) = (Vec::new(), 0);
        while let Some(one) = tries.join_next().await {
            match one.unwrap() {
                Ok(one) => signed.push(one),
                Err(Error::Refusal(Refusal::SessionsFull)) => refused += 1,
                Err(other) => panic!("{other}"),
            }
        }
        let (mut live, audience) = (0, Audience::Client(bank.id));
        for one in &signed {
            let header = format!("cs_dev={}", one.cookie.reveal());
            let answer = shop.engine().check(Some(&header), &audience).await.unwrap();
            live += usize::from(matches!(answer, Attempt::Accepted(_)));
        }
        assert_eq!(live, 3, "{beyond:?}");
        assert_eq!(signed.len(), if beyond == Beyond::Deny { 3 } else { 64 });
        assert_eq!(signed.len() + refused, 64);
    }
}

/// Ada's session with the shop, and its cookie.
async fn at_the_shop(shop: &Shop, replaces: Option<countersign::Checked>) -> countersign::Redeemed {
    let nonce = shop.engine().start_nonce().unwrap();
    let start = shop.engine().start_address(&shop.client, &nonce, "/").unwrap();
    let to = shop.engine().ticket(&shop.ada, "shop", parameter(&start, "nonce").unwrap(), "/").await.unwrap();
    let ticket = parameter(&to, "ticket").unwrap();
    let replaces = replaces.map(|checked| checked.session.serial);
    shop.engine()
        .redeem_ticket(&shop.client, ticket, nonce.reveal(), &Rig::visitor(), replaces)
        .await
        .unwrap()
}

async fn shop_check(shop: &Shop, cookie: &str, presence: Presence) -> Attempt<countersign::Checked> {
    let audience = Audience::Client(shop.client.id.clone());
    shop.engine().check_as(Some(&format!("cs_dev={cookie}")), &audience, presence).await.unwrap()
}

#[tokio::test]
async fn signing_in_again_is_a_new_session_with_the_old_data() {
    let shop = Shop::of(Style::Session).await;
    let landed = at_the_shop(&shop, None).await;
    let Attempt::Accepted(before) = shop_check(&shop, landed.cookie.reveal(), Presence::Active).await else {
        panic!("ada is in the shop")
    };
    let handle = before.handle.to_string();
    shop.engine().put_slot(&shop.client, &handle, "cart", Expect::Absent, b"tea").await.unwrap();
    shop.rig.clock.advance(HOUR);
    let wrong = shop.engine().step_up(&before, typed("not hers"), &Rig::visitor()).await.unwrap_err();
    assert_eq!(wrong, Refusal::CurrentPassword.into());
    let after = shop.engine().step_up(&before, typed(PASSWORD), &Rig::visitor()).await.unwrap();
    assert_ne!(after.session.serial, before.session.serial);
    assert_eq!(after.session.login, before.session.login);
    assert_eq!(after.session.auth_time, before.session.auth_time + HOUR);
    let old = shop_check(&shop, landed.cookie.reveal(), Presence::Active).await;
    assert_eq!(old, Attempt::Refused(Refusal::SessionEnded));
    let Attempt::Accepted(now) = shop_check(&shop, after.cookie.reveal(), Presence::Active).await else {
        panic!("the new session is good")
    };
    let (_, cart) = shop.engine().slot(&shop.client, &now.handle.to_string(), "cart").await.unwrap().unwrap();
    assert_eq!(cart, b"tea");
    // The old one cannot be stepped up once more, and one sign-out at the issuer still ends all of it.
    let twice = shop.engine().step_up(&before, typed(PASSWORD), &Rig::visitor()).await.unwrap_err();
    assert_eq!(twice, Refusal::SessionEnded.into());
    shop.engine().sign_out(&shop.ada).await.unwrap();
    let over = shop_check(&shop, after.cookie.reveal(), Presence::Active).await;
    assert_eq!(over, Attempt::Refused(Refusal::SessionEnded));
}

#[tokio::test]
async fn a_second_ticket_replaces_the_session_of_the_browser() {
    let shop = Shop::of(Style::Session).await;
    let first = at_the_shop(&shop, None).await;
    let Attempt::Accepted(before) = shop_check(&shop, first.cookie.reveal(), Presence::Active).await else {
        panic!("ada is in the shop")
    };
    let second = at_the_shop(&shop, Some(before)).await;
    let old = shop_check(&shop, first.cookie.reveal(), Presence::Active).await;
    assert_eq!(old, Attempt::Refused(Refusal::SessionEnded));
    assert!(matches!(
        shop_check(&shop, second.cookie.reveal(), Presence::Active).await,
        Attempt::Accepted(_)
    ));
}

#[tokio::test]
async fn a_page_that_polls_keeps_nobody_signed_in() {
    let shop = Shop::of(Style::Session).await;
    let landed = at_the_shop(&shop, None).await;
    let cookie = landed.cookie.reveal();
    let day = 24 * HOUR;
    for _ in 0..13 {
        shop.rig.clock.advance(day);
        assert!(matches!(shop_check(&shop, cookie, Presence::Passive).await, Attempt::Accepted(_)));
    }
    shop.rig.clock.advance(day);
    assert_eq!(shop_check(&shop, cookie, Presence::Passive).await, Attempt::Refused(Refusal::SessionIdle));
}

#[tokio::test]
async fn an_application_vouches_for_people_it_knows_itself() {
    let shop = Shop::of(Style::Session).await;
    let engine = shop.engine();
    let visitor = Rig::visitor();
    let first = engine.vouch(&shop.client.id, "ada lovelace", &visitor, None).await.unwrap();
    let second = engine.vouch(&shop.client.id, "ada lovelace", &visitor, None).await.unwrap();
    assert_eq!(first.session.subject, second.session.subject, "one name is one person");
    assert_eq!(engine.own_name(&first.session.subject).await.unwrap().as_deref(), Some("ada lovelace"));
    assert_eq!(engine.subject_of_own("ada lovelace").await.unwrap(), Some(first.session.subject.clone()));
    let Attempt::Accepted(ada) = shop_check(&shop, first.cookie.reveal(), Presence::Active).await else {
        panic!("ada is in the shop")
    };
    // Somebody else with the same browser: nothing of ada's is left.
    let bob = engine.vouch(&shop.client.id, "bob", &visitor, Some(&ada)).await.unwrap();
    assert_ne!(bob.session.slots, ada.session.slots);
    let old = shop_check(&shop, first.cookie.reveal(), Presence::Active).await;
    assert_eq!(old, Attempt::Refused(Refusal::SessionEnded));
    for bad in ["", "a\nb", &"x".repeat(257)] {
        let refused = engine.vouch(&shop.client.id, bad, &visitor, None).await.unwrap_err();
        assert!(matches!(refused, Error::Refusal(Refusal::Invalid { .. })), "{bad}");
    }
    // Nobody signs in as such a person with a password.
    let email = engine.user(&bob.session.subject).await.unwrap().unwrap().email;
    let refused = engine.sign_in(email.as_str(), typed(PASSWORD), &visitor, Audience::Issuer, None).await;
    assert_eq!(refused.unwrap_err(), Refusal::SignIn.into());
    engine.erase(&bob.session.subject, Actor::CommandLine).await.unwrap();
    assert_eq!(engine.own_name(&bob.session.subject).await.unwrap(), None);
}
