//! An unsecured JWT (`alg` `none`, RFC 7519 6) cannot be named, so it can be neither made nor accepted.

use countersign_jose::{Algorithm, SigningKey};

fn main() {
    let _ = SigningKey::generate(Algorithm::Unsecured);
}
