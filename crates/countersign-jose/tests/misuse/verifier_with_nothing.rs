//! A verifier that only has a key: the signature is not all that counts.

use countersign_jose::jwt::{self, IdClaims};
use countersign_jose::{Algorithm, SigningKey};

fn main() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let _ = jwt::verifier::<IdClaims>(key.verifying_key()).verify("token", 1_800_000_000);
}
