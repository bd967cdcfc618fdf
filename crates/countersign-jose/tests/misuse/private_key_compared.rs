//! Comparing private keys byte by byte tells a clock how far they agree; compare what is public.

use countersign_jose::{Algorithm, SigningKey};

fn main() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let other = SigningKey::generate(Algorithm::Es256).unwrap();
    let _ = key == other;
}
