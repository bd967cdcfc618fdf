//! A published set holds public keys.

use countersign_jose::{Algorithm, KeySet, SigningKey};

fn main() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let _ = KeySet::new([key]);
}
