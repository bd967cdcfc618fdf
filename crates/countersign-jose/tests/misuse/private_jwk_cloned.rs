//! A private document is in one place, as the key is; make the key of it and drop it.

use countersign_jose::{Algorithm, PrivateJwk};

fn main() {
    let jwk = PrivateJwk::generate_secret(Algorithm::Hs256).unwrap();
    let _ = jwk.clone();
}
