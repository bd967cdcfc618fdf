//! Issues tokens with claims of one's own, rotates the key, and checks: without the engine, without a store.

use std::time::Duration;

use countersign::issuer::{Issuer, KeyRing};
use countersign_jose::Algorithm;

#[derive(serde::Serialize, serde::Deserialize)]
struct Shopper {
    tier: String,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let issuer = Issuer::new("https://id.shop.example", KeyRing::generate(Algorithm::EdDsa)?)
        .audience("shop-api")
        .lasting(Duration::from_secs(300))?;
    let shop = issuer.verifier::<Shopper>();

    let token = issuer.issue("ada", Shopper { tier: "gold".into() })?;
    println!("{token:?}"); // to send it: token.reveal()

    // The successor is published now and signs in ten minutes; the old key stays until its last token has died.
    issuer.rotate(Duration::from_secs(600))?;
    println!("published: {}", issuer.jwks().keys().len()); // serde makes JSON of it, for `/jwks`

    let ada = shop.verify(token.reveal())?;
    println!("{} has {}", ada.sub, ada.own.tier);
    Ok(())
}
