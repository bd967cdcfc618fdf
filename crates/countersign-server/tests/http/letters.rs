//! Attacks on letters: links that outlive their reason, links that a machine opens, mailboxes that are filled to keep the
//! owner out.
//!
//! OWASP ASVS 5.0 V6.4 and V6.6.

use countersign_core::extent::{Actor, Extent, Reason};
use http::StatusCode;

use crate::house::{ADA, Browser, House, ISSUER, PASSWORD};

async fn reset_link(house: &House) -> String {
    house.browser().post(ISSUER, "/recover", &[("email", ADA)]).await;
    house.rig.mail.code().unwrap()
}

async fn use_link(browser: &mut Browser<'_>, code: &str, password: &str) -> StatusCode {
    browser.post(ISSUER, "/reset", &[("code", code), ("new_password", password)]).await.status
}

async fn works(house: &House, password: &str) -> bool {
    let reply = house.browser().post(ISSUER, "/signin", &[("email", ADA), ("password", password)]).await;
    reply.status == StatusCode::SEE_OTHER
}

#[tokio::test]
async fn a_reset_link_that_somebody_else_holds_is_over_once_the_owner_has_a_new_password() {
    let house = House::new().await;
    let mut browser = house.browser();
    let stolen = reset_link(&house).await;
    let own = reset_link(&house).await;
    assert_eq!(use_link(&mut browser, &own, "the owner chose this 1").await, StatusCode::SEE_OTHER);
    assert_eq!(browser.get(ISSUER, &format!("/reset?code={stolen}")).await.status, StatusCode::GONE);
    assert_eq!(use_link(&mut browser, &stolen, "the thief chose this 1").await, StatusCode::GONE);
    assert!(works(&house, "the owner chose this 1").await && !works(&house, "the thief chose this 1").await);
}

#[tokio::test]
async fn a_reset_link_is_over_after_a_change_of_password_and_after_all_was_ended() {
    let house = House::new().await;
    let mut ada = house.ada().await;
    let stolen = reset_link(&house).await;
    let fields = [("current_password", PASSWORD), ("new_password", "quite another harbour 3")];
    assert_eq!(ada.post(ISSUER, "/account/password", &fields).await.status, StatusCode::SEE_OTHER);
    assert_eq!(use_link(&mut house.browser(), &stolen, "the thief chose this 1").await, StatusCode::GONE);
    let stolen = reset_link(&house).await;
    let subject = house.rig.engine.user_by_email(ADA).await.unwrap().unwrap().subject;
    let extent = Extent::Subject { subject, except: None };
    house.rig.engine.end(extent, Reason::EndedByOperator, Actor::CommandLine).await.unwrap();
    assert_eq!(use_link(&mut house.browser(), &stolen, "the thief chose this 1").await, StatusCode::GONE);
    assert!(works(&house, "quite another harbour 3").await);
}

#[tokio::test]
async fn a_link_of_one_kind_opens_no_other_door() {
    let house = House::new().await;
    let mut browser = house.browser();
    let reset = reset_link(&house).await;
    let confirmed =
        browser.post(ISSUER, "/signup/confirm", &[("code", &reset), ("password", PASSWORD)]).await;
    assert_eq!(confirmed.status, StatusCode::GONE);
    let fields = [("email", "bo@marsh.example"), ("password", "harbour slate rope 9")];
    browser.post(ISSUER, "/signup", &fields).await;
    let confirm = house.rig.mail.code().unwrap();
    assert_eq!(use_link(&mut browser, &confirm, "the thief chose this 1").await, StatusCode::GONE);
    let set_up = house.rig.engine.set_up_link().await.unwrap().unwrap();
    assert_eq!(use_link(&mut browser, set_up.reveal(), "the thief chose this 1").await, StatusCode::GONE);
    // And all three still work where they belong.
    assert_eq!(use_link(&mut browser, &reset, "the owner chose this 1").await, StatusCode::SEE_OTHER);
    assert_eq!(
        browser
            .post(ISSUER, "/signup/confirm", &[("code", &confirm), ("password", "harbour slate rope 9")])
            .await
            .status,
        StatusCode::SEE_OTHER
    );
    assert!(house.rig.engine.set_up_possible(set_up.reveal()).await.is_ok());
}

#[tokio::test]
async fn a_mail_scanner_that_opens_every_link_uses_none_up() {
    let house = House::new().await;
    let mut browser = house.browser();
    let reset = reset_link(&house).await;
    let fields = [("email", "bo@marsh.example"), ("password", "harbour slate rope 9")];
    browser.post(ISSUER, "/signup", &fields).await;
    let confirm = house.rig.mail.code().unwrap();
    for method in ["GET", "HEAD", "OPTIONS", "PROPFIND"] {
        for path in [format!("/reset?code={reset}"), format!("/signup/confirm?code={confirm}")] {
            let reply = house.plain(method, ISSUER, &path, &[], "").await;
            assert!(reply.cookies().is_empty(), "{method} {path}");
        }
    }
    let page = browser.get(ISSUER, &format!("/reset?code={reset}")).await;
    let policy = page.header("referrer-policy");
    assert!(matches!(policy, "no-referrer" | "same-origin"), "the address holds a secret: {policy}");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(
        browser
            .post(ISSUER, "/signup/confirm", &[("code", &confirm), ("password", "harbour slate rope 9")])
            .await
            .status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(use_link(&mut browser, &reset, "the owner chose this 1").await, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn sign_ups_in_the_owners_name_do_not_keep_the_owner_from_a_reset() {
    let house = House::new().await;
    let mut attacker = house.browser();
    for _ in 0..10 {
        let fields = [("email", ADA), ("password", "harbour slate rope 9")];
        attacker.post(ISSUER, "/signup", &fields).await;
    }
    assert!(house.rig.mail.letters().len() <= 3, "nobody's mailbox is filled");
    let asked = house.browser().post(ISSUER, "/recover", &[("email", ADA)]).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.body);
    assert!(house.rig.mail.code().is_some());
}

#[tokio::test]
async fn an_unconfirmed_sign_up_opens_nothing_and_takes_no_address() {
    let house = House::new().await;
    let (email, theirs) = ("bo@marsh.example", "the thief chose this 1");
    house.browser().post(ISSUER, "/signup", &[("email", email), ("password", theirs)]).await;
    let signed = house.browser().post(ISSUER, "/signin", &[("email", email), ("password", theirs)]).await;
    assert_eq!(signed.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(house.rig.engine.user_by_email(email).await.unwrap().is_none());
    // Bo signs up as well: the letter that Bo asked for holds Bo's password, and the other one is over then.
    let stale = house.rig.mail.code().unwrap();
    house.browser().post(ISSUER, "/signup", &[("email", email), ("password", "bo chose this one 1")]).await;
    let own = house.rig.mail.code().unwrap();
    let mut bo = house.browser();
    assert_eq!(
        bo.post(ISSUER, "/signup/confirm", &[("code", &own), ("password", "bo chose this one 1")])
            .await
            .status,
        StatusCode::SEE_OTHER
    );
    assert_ne!(
        bo.post(ISSUER, "/signup/confirm", &[("code", &stale), ("password", theirs)]).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(bo.post(ISSUER, "/signin", &[("email", email), ("password", theirs)]).await.location(), "");
    let signed = bo.post(ISSUER, "/signin", &[("email", email), ("password", "bo chose this one 1")]).await;
    assert_eq!(signed.location(), "/account");
}
