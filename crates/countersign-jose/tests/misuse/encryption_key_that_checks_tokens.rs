//! The key that others encrypt to has signed nothing.

use countersign_jose::jwe::EncryptingKey;
use countersign_jose::jwt::{self, IdClaims};

fn misuse(key: EncryptingKey) {
    let _ = jwt::verifier::<IdClaims>(key);
}

fn main() {}
