//! A shared secret does not slip into a JSON answer.

use countersign_jose::{Algorithm, SharedKey};

fn main() {
    let secret = SharedKey::generate(Algorithm::Hs256).unwrap();
    let _ = serde_json::to_string(&secret);
}
