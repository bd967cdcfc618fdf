//! A private key is in one place; share it by reference or in an `Arc`.

use countersign_jose::{Algorithm, SigningKey};

fn main() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let _ = key.clone();
}
