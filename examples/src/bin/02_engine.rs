//! The whole engine inside a program of one's own: a store in a folder, a person, a sign-in, an ending.

use std::sync::Arc;

use countersign::{Engine, MasterKey, Parts, Password, Settings, SystemClock, SystemEntropy, Visitor};
use countersign_core::extent::Actor;
use countersign_core::record::{Audience, Role};
use countersign_store::{Durability, Embedded};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join(format!("countersign-example-{}", std::process::id()));
    let store = Embedded::open(&folder, Durability::Full)?;
    let entropy = Arc::new(SystemEntropy);
    let master = MasterKey::generate(&*entropy)?;
    let parts = Parts {
        store: store.clone(),
        directory: store.clone(),
        guests: store,
        clock: Arc::new(SystemClock::default()),
        entropy,
        post: None,
        master,
    };
    let issuer = "http://localhost:8321".to_owned();
    let (hashing, sessions, front) = Default::default();
    let engine = Engine::open(Settings { issuer, dev: true, hashing, sessions, front }, parts).await?;

    let secret = || Password::typed("lantern rope harbour".into());
    engine.add_user("ada@marsh.example", secret(), Role::Person, Actor::CommandLine).await?;
    let visitor = Visitor::from_parts(None, [127, 0, 0, 1].into());
    let ada = engine.sign_in("ada@marsh.example", secret(), &visitor, Audience::Issuer, None).await?;
    let cookie = format!("cs_dev_id={}", ada.cookie.reveal());
    if let countersign::Attempt::Accepted(checked) = engine.check(Some(&cookie), &Audience::Issuer).await? {
        println!("signed in: {}", checked.session.subject == ada.session.subject);
        engine.sign_out(&checked).await?;
    }
    println!("after the end: {:?}", engine.check(Some(&cookie), &Audience::Issuer).await?);
    engine.close().await;
    Ok(std::fs::remove_dir_all(folder)?)
}
