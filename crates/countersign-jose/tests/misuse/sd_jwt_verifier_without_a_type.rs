//! A library card is no driving licence, even from the same town.

use countersign_jose::{VerifyingKey, sd_jwt};

fn misuse(key: VerifyingKey) {
    let _ = sd_jwt::verifier(key).issuer("https://town.example");
}

fn main() {}
