//! From the moment an ending is answered, every way in refuses; also after a restart, also for what began before.

use std::sync::Arc;
use std::time::Duration;

use crate::common::{ADA, PASSWORD, Shop, checked, parameter, params, query, redemption, refresh_of, word};
use crate::effort::{Workshop, hashing};
use countersign::testing::Rig;
use countersign::{Attempt, Authorized, Error, Password, Refusal, TokenAnswer};
use countersign_core::extent::{Actor, Extent, Reason};
use countersign_core::record::Style;
use countersign_core::record::session::Audience;

fn operator() -> Actor {
    Actor::CommandLine
}

/// Every way in that a token opens is closed.
async fn tokens_are_dead(shop: &Shop, tokens: &TokenAnswer) {
    let engine = shop.engine();
    assert_eq!(engine.check_bearer(&tokens.access_token, "shop").unwrap_err(), Refusal::GrantEnded.into());
    assert_eq!(engine.userinfo(&tokens.access_token).await.unwrap_err(), Refusal::GrantEnded.into());
    for token in [tokens.access_token.clone(), refresh_of(tokens)] {
        let answer = engine.introspect(shop.auth(), &params(&format!("token={token}"))).await.unwrap();
        assert_eq!(answer, serde_json::json!({ "active": false }));
    }
    assert_eq!(word(&shop.refresh(&refresh_of(tokens)).await.unwrap_err()), "invalid_grant");
    let header = format!("Bearer {}", tokens.access_token);
    let known = engine.recognize(&shop.client, None, Some(&header)).await.unwrap();
    assert_eq!(known, Attempt::Refused(Refusal::GrantEnded));
}

async fn tokens_live(shop: &Shop, tokens: &TokenAnswer) {
    assert!(shop.engine().check_bearer(&tokens.access_token, "shop").is_ok());
    assert_eq!(shop.engine().userinfo(&tokens.access_token).await.unwrap()["email"], ADA);
    let asked = params(&format!("token={}", tokens.access_token));
    assert_eq!(shop.engine().introspect(shop.auth(), &asked).await.unwrap()["active"], true);
}

#[tokio::test]
async fn every_extent_that_covers_a_grant_closes_every_way_in() {
    let shop = Shop::open().await;
    let subject = shop.ada.session.subject.clone();
    let client = shop.client.id.clone();
    type Make = Box<dyn Fn(&Shop) -> Extent>;
    let (theirs, allowance) = (subject.clone(), (subject.clone(), client.clone()));
    let extents: Vec<Make> = vec![
        Box::new(|shop| Extent::Login(shop.ada.session.login.clone())),
        Box::new(move |_| Extent::Subject { subject: theirs.clone(), except: None }),
        Box::new(move |_| Extent::Allowance { subject: allowance.0.clone(), client: allowance.1.clone() }),
        Box::new(move |_| Extent::Client(client.clone())),
        Box::new(|_| Extent::Everything),
    ];
    let mut shop = shop;
    for extent in extents {
        shop.ada = Shop::signed_in(&shop.rig).await;
        let tokens = shop.tokens().await;
        tokens_live(&shop, &tokens).await;
        shop.engine().end(extent(&shop), Reason::EndedByOperator, operator()).await.unwrap();
        tokens_are_dead(&shop, &tokens).await;
    }
}

#[tokio::test]
async fn one_grant_ends_and_its_neighbour_goes_on() {
    let shop = Shop::open().await;
    let (first, second) = (shop.tokens().await, shop.tokens().await);
    let bearer = shop.engine().check_bearer(&first.access_token, "shop").unwrap();
    let subject = shop.ada.session.subject.clone();
    let owner = Actor::Subject(subject.clone());
    let end =
        shop.engine().end_by_handle(&bearer.claims.own.gid, Some(&subject), Reason::EndedByPerson, owner);
    end.await.unwrap();
    tokens_are_dead(&shop, &first).await;
    tokens_live(&shop, &second).await;
}

#[tokio::test]
async fn nobody_ends_what_is_somebody_elses() {
    let shop = Shop::open().await;
    let bo = shop.rig.person("bo@marsh.example", PASSWORD).await.unwrap();
    let handle = shop.ada.handle.to_string();
    let by = Actor::Subject(bo.subject.clone());
    let end = shop.engine().end_by_handle(&handle, Some(&bo.subject), Reason::EndedByPerson, by);
    assert_eq!(end.await.unwrap_err(), Refusal::Missing { what: "session" }.into());
    assert!(shop.engine().session_by_handle(&handle).await.unwrap().live);
}

#[tokio::test]
async fn signing_out_ends_the_sessions_on_other_hosts_and_the_grants() {
    let shop = Shop::of(Style::Session).await;
    let nonce = shop.engine().start_nonce().unwrap();
    let start = shop.engine().start_address(&shop.client, &nonce, "/cart?a=1").unwrap();
    let hash = parameter(&start, "nonce").unwrap();
    let to = shop.engine().ticket(&shop.ada, "shop", hash, "/cart?a=1").await.unwrap();
    assert!(to.starts_with("https://shop.example/_cs/callback?ticket=cs_tk_"), "{to}");
    let ticket = parameter(&to, "ticket").unwrap();
    let landed = shop
        .engine()
        .redeem_ticket(&shop.client, ticket, nonce.reveal(), &Rig::visitor(), None)
        .await
        .unwrap();
    assert_eq!(landed.to, "/cart?a=1");
    let header = format!("cs_dev={}", landed.cookie.reveal());
    let here = Audience::Client(shop.client.id.clone());
    assert!(matches!(shop.engine().check(Some(&header), &here).await.unwrap(), Attempt::Accepted(_)));
    let elsewhere = Audience::Client("bank".parse().unwrap());
    let bank = shop.engine().check(Some(&header), &elsewhere).await.unwrap();
    assert_eq!(bank, Attempt::Refused(Refusal::SessionElsewhere));
    let tokens = shop.tokens().await;
    shop.engine().sign_out(&shop.ada).await.unwrap();
    let after = shop.engine().check(Some(&header), &here).await.unwrap();
    assert_eq!(after, Attempt::Refused(Refusal::SessionEnded));
    tokens_are_dead(&shop, &tokens).await;
}

#[tokio::test]
async fn a_code_and_a_ticket_issued_before_an_ending_open_nothing_after_it() {
    for extent in [Extent::Everything, Extent::Client("shop".parse().unwrap())] {
        let shop = Shop::of(Style::Session).await;
        let code = shop.code().await;
        let nonce = shop.engine().start_nonce().unwrap();
        let start = shop.engine().start_address(&shop.client, &nonce, "/").unwrap();
        let hash = parameter(&start, "nonce").unwrap();
        let to = shop.engine().ticket(&shop.ada, "shop", hash, "/").await.unwrap();
        shop.engine().end(extent, Reason::EndedByOperator, operator()).await.unwrap();
        assert_eq!(word(&shop.token(&redemption(&code)).await.unwrap_err()), "invalid_grant");
        let ticket = parameter(&to, "ticket").unwrap();
        let redeemed =
            shop.engine().redeem_ticket(&shop.client, ticket, nonce.reveal(), &Rig::visitor(), None).await;
        assert_eq!(redeemed.unwrap_err(), Refusal::LinkOver.into());
    }
}

#[tokio::test]
async fn an_ending_that_is_answered_while_a_check_writes_is_seen_by_that_check() {
    let Workshop { engine, tally, clock, .. } = Workshop::open(hashing()).await;
    let (password, visitor) = (Password::typed(PASSWORD.to_owned()), Rig::visitor());
    let signed = engine.sign_in(ADA, password, &visitor, Audience::Issuer, None).await.unwrap();
    // Long enough for the next check to write that the session is in use.
    clock.advance(Duration::from_secs(7 * 24 * 3600));
    let held = tally.touches.lock().await;
    let mut check = std::pin::pin!(checked(&engine, signed.cookie.reveal()));
    tokio::select! {
        biased;
        told = &mut check => panic!("it wrote nothing: {told:?}"),
        // Its write comes first, and is good.
        ended = engine.end(Extent::Everything, Reason::EndedByOperator, operator()) => drop(ended.unwrap()),
    }
    drop(held);
    assert_eq!(check.await, Attempt::Refused(Refusal::SessionEnded));
}

#[tokio::test]
async fn after_everything_of_an_application_ended_people_sign_in_anew() {
    let shop = Shop::open().await;
    shop.engine()
        .end(Extent::Client(shop.client.id.clone()), Reason::EndedByOperator, operator())
        .await
        .unwrap();
    let again = shop.engine().authorize(&query("shop", ""), Some(&shop.ada)).await.unwrap();
    assert!(matches!(again, Authorized::SignIn { reauthenticate: true, .. }), "{again:?}");
    let ada = Shop::signed_in(&shop.rig).await;
    let shop = Shop { ada, ..shop };
    tokens_live(&shop, &shop.tokens().await).await;
}

#[tokio::test]
async fn endings_outlive_a_restart_and_so_does_what_lives() {
    let shop = Shop::open().await;
    let (dead, alive) = (shop.tokens().await, shop.tokens().await);
    let serial = shop.engine().check_bearer(&dead.access_token, "shop").unwrap().serial;
    shop.engine().end(Extent::Grant(serial), Reason::EndedByOperator, operator()).await.unwrap();
    let Shop { rig, client, secret, ada } = shop;
    let shop = Shop { rig: rig.restart().await.unwrap(), client, secret, ada };
    tokens_are_dead(&shop, &dead).await;
    tokens_live(&shop, &alive).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_never_overtakes_a_revoke_all_or_a_password_change() {
    let rig = Arc::new(Rig::new().await.unwrap());
    let user = rig.person(ADA, PASSWORD).await.unwrap();
    // How many sign-ins came first, and how many too late, in either race.
    let mut met = [[0; 2]; 2];
    for round in 0..200_usize {
        rig.clock.advance(Duration::from_secs(60));
        let signing = {
            let rig = Arc::clone(&rig);
            tokio::spawn(async move { rig.sign_in(ADA, PASSWORD).await })
        };
        for _ in 0..round % 7 {
            tokio::task::yield_now().await;
        }
        if round % 2 == 0 {
            let extent = Extent::Subject { subject: user.subject.clone(), except: None };
            rig.engine.end(extent, Reason::EndedByOperator, operator()).await.unwrap();
        } else {
            let same = Password::typed(PASSWORD.to_owned());
            rig.engine.set_password(&user.subject, same, operator()).await.unwrap();
        }
        let now = rig.engine.user(&user.subject).await.unwrap().unwrap().generation;
        let signed = signing.await.unwrap();
        met[round % 2][usize::from(signed.is_ok())] += 1;
        match signed {
            Ok(signed) => {
                let alive =
                    matches!(checked(&rig.engine, signed.cookie.reveal()).await, Attempt::Accepted(_));
                assert_eq!(alive, signed.login.generation == now, "round {round}");
            }
            Err(error) => assert_eq!(error, Error::Refusal(Refusal::SignIn), "round {round}"),
        }
    }
    assert!(met.iter().flatten().all(|count| *count > 0), "one came first each time: {met:?}");
}

/// Whatever is under way when an ending is answered, nothing that comes of it is good.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_began_before_an_ending_is_good_after_it() {
    let mut shop = Arc::new(Shop::open().await);
    for round in 0..400 {
        let ada = Shop::signed_in(&shop.rig).await;
        let inner = Arc::get_mut(&mut shop).unwrap();
        inner.ada = ada;
        shop.rig.clock.advance(Duration::from_secs(60));
        let (tokens, code) = (shop.tokens().await, shop.code().await);
        let serial = shop.engine().check_bearer(&tokens.access_token, "shop").unwrap().serial;
        // In odd rounds the family is due to rotate, so the refresh is a write; in even ones it is none.
        shop.rig.clock.advance(Duration::from_secs(if round % 2 == 0 { 1 } else { 31 }));
        let refreshing = {
            let (shop, token) = (Arc::clone(&shop), refresh_of(&tokens));
            tokio::spawn(async move { shop.refresh(&token).await })
        };
        let redeeming = {
            let (shop, code) = (Arc::clone(&shop), code.clone());
            tokio::spawn(async move { shop.redeem(&code).await })
        };
        for _ in 0..round % 7 {
            tokio::task::yield_now().await;
        }
        let extent = match round % 4 {
            0 => Extent::Grant(serial),
            1 => Extent::Login(shop.ada.session.login.clone()),
            2 => Extent::Client(shop.client.id.clone()),
            _ => Extent::Everything,
        };
        let grant_only = matches!(extent, Extent::Grant(_));
        shop.engine().end(extent, Reason::EndedByOperator, operator()).await.unwrap();
        let (refreshed, redeemed) = (refreshing.await.unwrap(), redeeming.await.unwrap());
        for answer in [refreshed.ok(), redeemed.ok().filter(|_| !grant_only)].into_iter().flatten() {
            assert!(shop.engine().check_bearer(&answer.access_token, "shop").is_err(), "round {round}");
        }
        tokens_are_dead(&shop, &tokens).await;
    }
}

#[tokio::test]
async fn idle_and_absolute_limits_end_a_session() {
    let rig = Rig::new().await.unwrap();
    rig.person(ADA, PASSWORD).await.unwrap();
    let cookie = rig.sign_in(ADA, PASSWORD).await.unwrap().cookie;
    for _ in 0..2 {
        rig.clock.advance(Duration::from_secs(13 * 24 * 3600));
        assert!(matches!(checked(&rig.engine, cookie.reveal()).await, Attempt::Accepted(_)));
    }
    rig.clock.advance(Duration::from_secs(5 * 24 * 3600));
    assert_eq!(checked(&rig.engine, cookie.reveal()).await, Attempt::Refused(Refusal::SessionOver));
    let idle = rig.sign_in(ADA, PASSWORD).await.unwrap().cookie;
    rig.clock.advance(Duration::from_secs(14 * 24 * 3600));
    assert_eq!(checked(&rig.engine, idle.reveal()).await, Attempt::Refused(Refusal::SessionIdle));
}
