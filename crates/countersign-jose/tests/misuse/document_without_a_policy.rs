//! "Some signature was good" is no answer: a stranger can always add a good one of their own.

use countersign_jose::{VerifyingKey, jws};

fn misuse(key: &VerifyingKey) {
    let _ = jws::verify_json("{}", key);
}

fn main() {}
