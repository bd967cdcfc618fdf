//! A verifier that does not say whom it trusts.

use countersign_jose::jwt::{self, IdClaims};
use countersign_jose::{Algorithm, SigningKey};

fn main() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let _ = jwt::verifier::<IdClaims>(key.verifying_key()).audience("shop");
}
