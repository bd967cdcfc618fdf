//! Everybody has the public half: it encrypts, and cannot read what was encrypted.

use countersign_jose::jwe::{self, EncryptingKey};

fn misuse(token: &str, key: &EncryptingKey) {
    let _ = jwe::decrypt(token, key);
}

fn main() {}
