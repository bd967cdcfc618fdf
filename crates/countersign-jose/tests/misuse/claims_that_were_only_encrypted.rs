//! Everybody can encrypt with a public key. Claims come out of `Nested` only, which checks who signed them.

use countersign_jose::jwe::{self, DecryptingKey};
use countersign_jose::jwt::{IdClaims, Verified};

fn misuse(token: &str, key: &DecryptingKey) -> Verified<IdClaims> {
    jwe::decrypt(token, key).unwrap()
}

fn main() {}
