//! A shared secret has no `==`, which would stop at the first byte that differs.

use countersign_jose::{Algorithm, SharedKey};

fn main() {
    let secret = SharedKey::generate(Algorithm::Hs256).unwrap();
    let other = SharedKey::generate(Algorithm::Hs256).unwrap();
    let _ = secret == other;
}
