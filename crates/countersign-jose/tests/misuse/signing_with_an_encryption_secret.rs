//! The secret of `dir` encrypts. Used for HMAC as well, each use would weaken the other.

use countersign_jose::jwe::{ContentAlgorithm, SymmetricKey};
use countersign_jose::jwt::{self, IdClaims};

fn main() {
    let secret = SymmetricKey::direct(ContentAlgorithm::A256Gcm, &[7; 32]).unwrap();
    let _ = jwt::sign(&secret, &IdClaims::default());
}
