//! A set that mixes public keys with secrets is how `RS256` becomes `HS256`.

use countersign_jose::{Algorithm, KeySet, SharedKey};

fn main() {
    let secret = SharedKey::generate(Algorithm::Hs256).unwrap();
    let _ = KeySet::new([secret]);
}
