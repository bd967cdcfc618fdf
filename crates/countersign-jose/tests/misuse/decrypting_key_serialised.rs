//! A private key that slips into a document that is published. `to_jwk` says what it does.

use countersign_jose::jwe::DecryptingKey;

fn misuse(key: &DecryptingKey) {
    let _ = serde_json::to_string(key);
}

fn main() {}
