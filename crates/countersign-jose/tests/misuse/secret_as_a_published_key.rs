//! A shared secret has no public half, so it has nothing to publish.

use countersign_jose::{Algorithm, SharedKey};

fn main() {
    let secret = SharedKey::generate(Algorithm::Hs256).unwrap();
    let _ = secret.to_jwks();
}
