//! Signing in and up, from outside: what a stranger learns, and what an attacker can do to an owner.

use std::net::IpAddr;

use crate::common::{ADA, PASSWORD, checked};
use countersign::testing::Rig;
use countersign::{Attempt, Error, Password, Refusal, Result, SignedIn, Visitor};
use countersign_core::audit::Event;
use countersign_core::extent::Actor;
use countersign_core::port::AuditFilter;
use countersign_core::record::Role;
use countersign_core::record::session::Audience;

fn typed(text: &str) -> Password {
    Password::typed(text.to_owned())
}

async fn try_in(rig: &Rig, email: &str, password: &str, visitor: &Visitor) -> Result<SignedIn> {
    rig.engine.sign_in(email, typed(password), visitor, Audience::Issuer, None).await
}

async fn house() -> Rig {
    let rig = Rig::new().await.unwrap();
    rig.person(ADA, PASSWORD).await.unwrap();
    rig
}

#[tokio::test]
async fn an_unknown_address_and_a_wrong_password_are_answered_alike() {
    let rig = house().await;
    let visitor = Rig::visitor();
    for (email, password) in
        [(ADA, "wrong"), ("nobody@marsh.example", PASSWORD), ("no address", PASSWORD), (ADA, "")]
    {
        assert_eq!(try_in(&rig, email, password, &visitor).await.unwrap_err(), Refusal::SignIn.into());
    }
    let console = rig.engine.sign_in(ADA, typed(PASSWORD), &visitor, Audience::Console, None).await;
    assert_eq!(console.unwrap_err(), Refusal::SignIn.into());
    assert!(try_in(&rig, "ADA@Marsh.Example", PASSWORD, &visitor).await.is_ok());
}

#[tokio::test]
async fn sign_up_and_reset_answer_alike_and_send_one_letter_either_way() {
    let rig = house().await;
    for email in [ADA, "bo@marsh.example"] {
        rig.engine.sign_up(email, typed("slate harbour lantern"), &Rig::visitor()).await.unwrap();
    }
    for email in [ADA, "cy@marsh.example"] {
        rig.engine.ask_reset(email, &Rig::visitor()).await.unwrap();
    }
    let letters = rig.mail.letters();
    let to: Vec<_> = letters.iter().map(|letter| letter.to.as_str()).collect();
    assert_eq!(to, [ADA, "bo@marsh.example", ADA, "cy@marsh.example"]);
    let linked: Vec<_> = letters.iter().map(|letter| letter.text.contains("code=")).collect();
    assert_eq!(linked, [false, true, true, false]);
    // Somebody else's sign-up changed nothing for Ada.
    assert!(rig.sign_in(ADA, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_letter_opens_the_account_once_and_looking_does_not_use_it() {
    let rig = Rig::new().await.unwrap();
    rig.engine.sign_up(ADA, typed(PASSWORD), &Rig::visitor()).await.unwrap();
    let code = rig.mail.code().unwrap();
    for _ in 0..3 {
        assert_eq!(rig.engine.confirm_possible(&code).await.unwrap().as_str(), ADA);
    }
    assert!(rig.sign_in(ADA, PASSWORD).await.is_err());
    // Whoever reads the mailbox is not whoever signed up, unless they know the password.
    assert_eq!(
        rig.engine.confirm(&code, typed("some other words 5")).await.unwrap_err(),
        Refusal::CurrentPassword.into()
    );
    let subject = rig.engine.confirm(&code, typed(PASSWORD)).await.unwrap();
    assert_eq!(rig.engine.confirm(&code, typed(PASSWORD)).await.unwrap_err(), Refusal::LinkOver.into());
    assert_eq!(rig.sign_in(ADA, PASSWORD).await.unwrap().session.subject, subject);
}

#[tokio::test]
async fn an_old_letter_and_a_made_up_one_are_over() {
    let rig = Rig::new().await.unwrap();
    rig.engine.sign_up(ADA, typed(PASSWORD), &Rig::visitor()).await.unwrap();
    let code = rig.mail.code().unwrap();
    rig.clock.advance(std::time::Duration::from_secs(30 * 60));
    for code in [code.as_str(), "cs_ml_junk", ""] {
        assert_eq!(rig.engine.confirm(code, typed(PASSWORD)).await.unwrap_err(), Refusal::LinkOver.into());
        assert_eq!(rig.engine.reset_possible(code).await.unwrap_err(), Refusal::LinkOver.into());
    }
}

#[tokio::test]
async fn passwords_that_cannot_be_are_told_why() {
    let rig = Rig::new().await.unwrap();
    let refused = |password: &'static str| {
        let rig = &rig;
        async move { rig.engine.sign_up(ADA, typed(password), &Rig::visitor()).await.unwrap_err() }
    };
    assert_eq!(refused("short").await, Refusal::PasswordShort.into());
    assert_eq!(refused("password").await, Refusal::PasswordCommon.into());
    assert_eq!(refused("marsh.example").await, Refusal::PasswordWeak.into());
    let long = "x".repeat(1025);
    let long = rig.engine.sign_up(ADA, typed(&long), &Rig::visitor()).await;
    assert_eq!(long.unwrap_err(), Refusal::PasswordLong.into());
    assert!(rig.mail.letters().is_empty());
}

#[tokio::test]
async fn an_attacker_cannot_lock_the_owner_out() {
    let rig = house().await;
    let mark = rig.sign_in(ADA, PASSWORD).await.unwrap().mark;
    let owner = Visitor { mark: Some(mark), ..Rig::visitor() };
    // Strangers from many networks, the owner's among them, until every bucket of theirs is empty.
    let mut throttled = 0;
    for round in 0..300u32 {
        let [.., a, b] = round.to_be_bytes();
        let address: IpAddr = if round % 3 == 0 { [203, 0, 113, 9].into() } else { [198, a, b, 1].into() };
        let stranger = Visitor::from_parts(None, address);
        match try_in(&rig, ADA, "a guess", &stranger).await.unwrap_err() {
            Error::Refusal(Refusal::Throttled { .. }) => throttled += 1,
            other => assert_eq!(other, Refusal::SignIn.into()),
        }
    }
    assert!(throttled > 100, "{throttled}");
    // Without the mark even the right password waits; with it the owner comes in.
    let unmarked = try_in(&rig, ADA, PASSWORD, &Rig::visitor()).await.unwrap_err();
    assert!(matches!(unmarked, Error::Refusal(Refusal::Throttled { .. })), "{unmarked:?}");
    assert!(try_in(&rig, ADA, PASSWORD, &owner).await.is_ok());
    let lines = rig.engine.audit(AuditFilter::default(), 1000).await.unwrap();
    assert!(lines.iter().any(|(_, line)| line.event == Event::Throttled));
}

#[tokio::test]
async fn a_reset_sets_the_password_and_ends_every_session() {
    let rig = house().await;
    let before = rig.sign_in(ADA, PASSWORD).await.unwrap();
    rig.engine.ask_reset(ADA, &Rig::visitor()).await.unwrap();
    let code = rig.mail.code().unwrap();
    rig.engine.reset_possible(&code).await.unwrap();
    let weak = rig.engine.reset(&code, typed("short"), &Rig::visitor()).await;
    assert_eq!(weak.unwrap_err(), Refusal::PasswordShort.into());
    rig.engine.reset(&code, typed("slate harbour lantern"), &Rig::visitor()).await.unwrap();
    assert_eq!(checked(&rig.engine, before.cookie.reveal()).await, Attempt::Refused(Refusal::SessionEnded));
    assert!(rig.sign_in(ADA, PASSWORD).await.is_err());
    assert!(rig.sign_in(ADA, "slate harbour lantern").await.is_ok());
    let again = rig.engine.reset(&code, typed("harbour slate lantern"), &Rig::visitor()).await;
    assert_eq!(again.unwrap_err(), Refusal::LinkOver.into());
}

#[tokio::test]
async fn a_letter_asked_for_before_the_password_changed_is_over() {
    let rig = house().await;
    rig.engine.ask_reset(ADA, &Rig::visitor()).await.unwrap();
    let first = rig.mail.code().unwrap();
    rig.engine.ask_reset(ADA, &Rig::visitor()).await.unwrap();
    let second = rig.mail.code().unwrap();
    rig.engine.reset(&second, typed("slate harbour lantern"), &Rig::visitor()).await.unwrap();
    let late = rig.engine.reset(&first, typed("harbour slate lantern"), &Rig::visitor()).await;
    assert_eq!(late.unwrap_err(), Refusal::LinkOver.into());
}

#[tokio::test]
async fn a_change_wants_the_current_password_and_ends_the_others_when_asked() {
    let rig = house().await;
    let (here, there) =
        (rig.sign_in(ADA, PASSWORD).await.unwrap(), rig.sign_in(ADA, PASSWORD).await.unwrap());
    let Attempt::Accepted(who) = checked(&rig.engine, here.cookie.reveal()).await else {
        panic!("not signed in")
    };
    let change = |current: &'static str, new: &'static str, others| {
        let (rig, who) = (&rig, &who);
        async move { rig.engine.change_password(who, typed(current), typed(new), others, &Rig::visitor()).await }
    };
    assert_eq!(
        change("wrong", "slate harbour lantern", true).await.unwrap_err(),
        Refusal::CurrentPassword.into()
    );
    change(PASSWORD, "slate harbour lantern", false).await.unwrap();
    assert!(matches!(checked(&rig.engine, there.cookie.reveal()).await, Attempt::Accepted(_)));
    change("slate harbour lantern", "harbour slate lantern", true).await.unwrap();
    assert_eq!(checked(&rig.engine, there.cookie.reveal()).await, Attempt::Refused(Refusal::SessionEnded));
    assert!(matches!(checked(&rig.engine, here.cookie.reveal()).await, Attempt::Accepted(_)));
}

#[tokio::test]
async fn signing_in_again_ends_the_session_before_and_another_persons_whole_login() {
    let rig = house().await;
    rig.person("bo@marsh.example", PASSWORD).await.unwrap();
    let first = rig.sign_in(ADA, PASSWORD).await.unwrap();
    let again = |email: &'static str, old: &SignedIn| {
        let (rig, old) = (&rig, Some(old.session.serial));
        let visitor = Rig::visitor();
        async move { rig.engine.sign_in(email, typed(PASSWORD), &visitor, Audience::Issuer, old).await.unwrap() }
    };
    let second = again(ADA, &first).await;
    assert_eq!(checked(&rig.engine, first.cookie.reveal()).await, Attempt::Refused(Refusal::SessionEnded));
    let _ = again("bo@marsh.example", &second).await;
    assert_eq!(checked(&rig.engine, second.cookie.reveal()).await, Attempt::Refused(Refusal::SessionEnded));
}

#[tokio::test]
async fn the_first_operator_is_set_up_by_a_link_and_reaches_the_console() {
    let rig = house().await;
    let link = rig.engine.set_up_link().await.unwrap().unwrap();
    rig.engine.set_up_possible(link.reveal()).await.unwrap();
    let taken = rig.engine.set_up(link.reveal(), ADA, typed(PASSWORD)).await;
    assert_eq!(taken.unwrap_err(), Refusal::Taken { what: "e-mail" }.into());
    let user = rig.engine.set_up(link.reveal(), "op@marsh.example", typed(PASSWORD)).await.unwrap();
    assert_eq!(user.role, Role::Operator);
    assert!(rig.engine.set_up_link().await.unwrap().is_none());
    assert_eq!(rig.engine.set_up_possible(link.reveal()).await.unwrap_err(), Refusal::LinkOver.into());
    let console = rig
        .engine
        .sign_in("op@marsh.example", typed(PASSWORD), &Rig::visitor(), Audience::Console, None)
        .await;
    let header = format!("cs_dev_console={}", console.unwrap().cookie.reveal());
    let seen = rig.engine.check(Some(&header), &Audience::Console).await.unwrap();
    assert!(matches!(seen, Attempt::Accepted(_)));
    // The console's cookie is no cookie of the account pages.
    assert_eq!(rig.engine.check(Some(&header), &Audience::Issuer).await.unwrap(), Attempt::Absent);
}

#[tokio::test]
async fn an_operator_added_by_hand_makes_the_link_needless() {
    let rig = Rig::new().await.unwrap();
    let link = rig.engine.set_up_link().await.unwrap().unwrap();
    rig.engine.add_user(ADA, typed(PASSWORD), Role::Operator, Actor::CommandLine).await.unwrap();
    let late = rig.engine.set_up(link.reveal(), "op@marsh.example", typed(PASSWORD)).await;
    assert_eq!(late.unwrap_err(), Refusal::LinkOver.into());
}

#[tokio::test]
async fn two_cookies_of_one_name_and_junk_are_refused() {
    let rig = house().await;
    let cookie = rig.sign_in(ADA, PASSWORD).await.unwrap().cookie;
    let one = format!("cs_dev_id={}", cookie.reveal());
    let twice = rig.engine.check(Some(&format!("{one}; {one}")), &Audience::Issuer).await.unwrap();
    assert_eq!(twice, Attempt::Refused(Refusal::SessionTwice));
    let junk = rig.engine.check(Some("cs_dev_id=junk"), &Audience::Issuer).await.unwrap();
    assert_eq!(junk, Attempt::Refused(Refusal::SessionMalformed));
    assert_eq!(rig.engine.check(None, &Audience::Issuer).await.unwrap(), Attempt::Absent);
}
