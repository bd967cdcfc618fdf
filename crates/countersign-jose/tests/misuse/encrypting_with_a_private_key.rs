//! Whoever writes to somebody needs their public key, and must not have the private one.

use countersign_jose::jwe::{self, DecryptingKey};

fn misuse(key: &DecryptingKey) {
    let _ = jwe::encrypt(key, b"hello");
}

fn main() {}
