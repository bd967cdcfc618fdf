//! A shared secret has no `Display`.

use countersign_jose::{Algorithm, SharedKey};

fn main() {
    let secret = SharedKey::generate(Algorithm::Hs256).unwrap();
    println!("{secret}");
}
