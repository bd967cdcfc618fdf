//! A shared secret is in one place.

use countersign_jose::{Algorithm, SharedKey};

fn main() {
    let secret = SharedKey::generate(Algorithm::Hs256).unwrap();
    let _ = secret.clone();
}
