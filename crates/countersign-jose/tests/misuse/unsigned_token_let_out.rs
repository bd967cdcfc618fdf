//! A token that a key service has not signed yet is no text and cannot be sent.

use countersign_jose::{VerifyingKey, jws};

fn misuse(key: &VerifyingKey) {
    let token: String = jws::prepare(key, None, b"hello");
    println!("{}", jws::prepare(key, None, b"hello"));
}

fn main() {}
