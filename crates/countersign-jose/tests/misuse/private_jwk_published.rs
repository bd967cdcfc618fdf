//! What is published are public documents: `to_public` gives the half that may be seen.

use countersign_jose::{Algorithm, JwkSet, PrivateJwk, SigningKey};

fn main() {
    let jwk: PrivateJwk = SigningKey::generate(Algorithm::Es256).unwrap().to_jwk().unwrap();
    let _ = JwkSet::new([jwk]);
}
