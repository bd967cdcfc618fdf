//! A struct says what it has, not which kind of token it is: without `Own` one kind passes for another.

use countersign_jose::VerifyingKey;
use countersign_jose::jwt::{self, OwnClaims};

#[derive(serde::Serialize, serde::Deserialize)]
struct Ticket {
    seat: String,
}

fn misuse(key: VerifyingKey) {
    let _ = jwt::verifier::<OwnClaims<Ticket>>(key);
}

fn main() {}
