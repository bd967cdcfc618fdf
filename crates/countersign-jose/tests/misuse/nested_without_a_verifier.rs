//! A key that decrypts does not know whose claims are good.

use countersign_jose::jwe::{DecryptingKey, Nested};
use countersign_jose::jwt::IdClaims;

fn misuse(key: DecryptingKey) {
    let _ = Nested::<IdClaims, _>::new(key);
}

fn main() {}
