//! People whose accounts an application keeps itself, many of them.

use std::sync::Arc;

use countersign::testing::Rig;
use countersign::{Home, SessionRules, SessionView, Visitor};
use countersign_core::Attempt;
use countersign_core::session::admit::Presence;

#[tokio::test]
async fn no_live_session_hides_behind_a_thousand_others() {
    let rules = SessionRules::default();
    let rig = Rig::in_memory(rules).await.unwrap();
    let home = Home::of(Arc::clone(&rig.engine), rules).await.unwrap();
    let visitor = Visitor::from_parts(None, [203, 0, 113, 9].into());
    let mut living = Vec::new();
    for _ in 0..1001 {
        let (signed, _) = home.sign_in("ada", &visitor, None).await.unwrap();
        living.insert(0, signed.session.serial);
    }
    // One browser in which she signs in again and again.
    let mut before = None;
    for _ in 0..1001 {
        let (_, known) = home.sign_in("ada", &visitor, before.as_ref()).await.unwrap();
        before = Some(known.entered);
    }
    let this = before.unwrap().session;
    living.insert(0, this.serial);
    let serials = |views: &[SessionView]| views.iter().map(|view| view.session.serial).collect::<Vec<_>>();
    assert_eq!(serials(&rig.engine.live_sessions_of(&this.subject()).await.unwrap()), living);
    let mut listed = home.sessions_of("ada").await.unwrap();
    assert!(listed.is_sorted_by(|one, other| one.session.serial > other.session.serial));
    listed.retain(|view| view.live);
    assert_eq!(serials(&listed), living);
}

#[tokio::test]
#[ignore = "a hundred thousand sign-ins; `cargo xtask soak` runs it"]
async fn soak_memory_knows_everybody_by_name() {
    let rules = SessionRules::default();
    let rig = Rig::in_memory(rules).await.unwrap();
    let home = Home::of(Arc::clone(&rig.engine), rules).await.unwrap();
    let visitor = Visitor::from_parts(None, [203, 0, 113, 9].into());
    let mut cookies = Vec::new();
    for number in 0..100_001 {
        let (signed, _) = home.sign_in(&format!("person {number}"), &visitor, None).await.unwrap();
        cookies.push(format!("cs_dev={}", signed.cookie.reveal()));
    }
    for (number, cookie) in cookies.iter().enumerate() {
        let Some(Attempt::Accepted(known)) = home.glance([cookie], Presence::Active) else {
            panic!("person {number} is not in memory")
        };
        assert_eq!(*known.name, *format!("person {number}"));
    }
}
