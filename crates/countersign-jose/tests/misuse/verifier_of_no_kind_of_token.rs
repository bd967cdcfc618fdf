//! Any structure at all as claims: nothing would tell one kind of token from another.

use countersign_jose::{Algorithm, SigningKey, jwt};

struct Mine;

fn main() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let _ = jwt::verifier::<Mine>(key.verifying_key());
}
