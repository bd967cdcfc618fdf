//! A verifier that does not say who it is accepts tokens that were meant for others.

use countersign_jose::jwt::{self, IdClaims};
use countersign_jose::{Algorithm, SigningKey};

fn main() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let shop = jwt::verifier::<IdClaims>(key.verifying_key()).issuer("https://id.example");
    let _ = shop.verify("token", 1_800_000_000);
}
