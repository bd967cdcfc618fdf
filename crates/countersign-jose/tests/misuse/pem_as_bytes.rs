//! Each format has its own constructor, and PEM is text: bytes are not guessed at.

use countersign_jose::{Algorithm, SigningKey};

fn main() {
    let _ = SigningKey::from_pkcs8_pem(Algorithm::Es256, b"-----BEGIN PRIVATE KEY-----");
}
