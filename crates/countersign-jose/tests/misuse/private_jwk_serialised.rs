//! A private document leaves by `to_json` only, which says that it is all there.

use countersign_jose::{Algorithm, PrivateJwk};

fn main() {
    let jwk = PrivateJwk::generate_secret(Algorithm::Hs256).unwrap();
    let _ = serde_json::to_string(&jwk);
}
