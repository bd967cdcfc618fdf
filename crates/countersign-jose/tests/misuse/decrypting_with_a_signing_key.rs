//! A key pair that signs and one that decrypts are two: a key has one purpose.

use countersign_jose::{SigningKey, jwe};

fn misuse(token: &str, key: &SigningKey) {
    let _ = jwe::decrypt(token, key);
}

fn main() {}
