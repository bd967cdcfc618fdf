//! A private key in a log is a private key of everybody who reads logs.

use countersign_jose::{Algorithm, SigningKey};

fn main() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    println!("{key}");
}
