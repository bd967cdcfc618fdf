//! Text is no key: it could be a PEM, a password or a JWK, and guessing which is how tokens were forged.

use countersign_jose::jwt::{self, IdClaims};

fn main() {
    let _ = jwt::verifier::<IdClaims>("-----BEGIN PUBLIC KEY-----");
}
