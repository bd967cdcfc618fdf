//! Whoever checks tokens needs the public key, and must not have the private one.

use countersign_jose::jwt::{self, IdClaims};
use countersign_jose::{Algorithm, SigningKey};

fn main() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let _ = jwt::verifier::<IdClaims>(key);
}
