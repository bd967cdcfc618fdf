//! Signs a token and checks it. Nothing here is a server: this is all that a Rust program needs of `countersign-jose`.

use countersign_jose::jwt::{self, AccessClaims};
use countersign_jose::{Algorithm, KeySet, SigningKey};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let key = SigningKey::generate(Algorithm::Es256)?;
    let claims = AccessClaims {
        iss: "https://id.shop.example".into(),
        sub: "ada".into(),
        aud: "shop-api".into(),
        client_id: "shop".into(),
        iat: now,
        exp: now + 600,
        jti: "one".into(),
        ..AccessClaims::default()
    };
    let token = jwt::sign(&key, &claims)?;

    // A verifier cannot be built without an issuer and an audience.
    let keys = KeySet::new([key.verifying_key()])?;
    let shop =
        jwt::verifier::<AccessClaims>(keys.clone()).issuer("https://id.shop.example").audience("shop-api");
    println!("the shop knows {}", shop.verify(&token, now)?.sub);

    let bank = jwt::verifier::<AccessClaims>(keys).issuer("https://id.shop.example").audience("bank-api");
    println!(
        "the bank says: {}",
        bank.verify(&token, now).err().map_or_else(|| "welcome".into(), |e| e.to_string())
    );
    Ok(())
}
