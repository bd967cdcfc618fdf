//! A key says who signed, not for whom they may speak.

use countersign_jose::sd_jwt::{self, Type};
use countersign_jose::VerifyingKey;

fn misuse(key: VerifyingKey) {
    let _ = sd_jwt::verifier(key).typ(Type::CREDENTIAL).without_binding();
}

fn main() {}
