//! An unsecured JWT (`alg` `none`, RFC 7519 6) cannot be named, so it can be neither made nor accepted: not in any way
//! in which other libraries call it.

use countersign_jose::{Algorithm, SigningKey};

fn main() {
    let _ = SigningKey::generate(Algorithm::None);
    let _ = SigningKey::generate(Algorithm::none);
    let _ = SigningKey::generate(Algorithm::NONE);
    let _ = SigningKey::generate(Algorithm::Unsecured);
    let _ = SigningKey::generate(Algorithm::Unsigned);
    let _ = SigningKey::generate(Algorithm::Plain);
}
