//! People whose accounts an application keeps itself, many of them.

use std::sync::Arc;

use countersign::testing::Rig;
use countersign::{Home, SessionRules, Visitor};
use countersign_core::Attempt;
use countersign_core::session::admit::Presence;

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
