//! A private key does not slip into a JSON answer with the structure around it.

use countersign_jose::{Algorithm, SigningKey};

fn main() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let _ = serde_json::to_string(&key);
}
