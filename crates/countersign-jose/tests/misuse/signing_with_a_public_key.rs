//! A public key cannot sign.

use countersign_jose::jwt::{self, IdClaims};
use countersign_jose::{Algorithm, SigningKey};

fn main() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let _ = jwt::sign(&key.verifying_key(), &IdClaims::default());
}
