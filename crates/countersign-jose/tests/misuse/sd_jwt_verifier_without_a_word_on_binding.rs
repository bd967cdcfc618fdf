//! Whether a copy of a credential is good enough must be said, not forgotten.

use countersign_jose::sd_jwt::{self, Type};
use countersign_jose::VerifyingKey;

fn misuse(key: VerifyingKey, shown: &str) {
    let bar = sd_jwt::verifier(key).typ(Type::CREDENTIAL).issuer("https://town.example");
    let _ = bar.verify(shown, 1_800_000_000);
}

fn main() {}
