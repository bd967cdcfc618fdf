//! A proof of the holder's key that is made for no nonce can be shown again by whoever saw it.

use countersign_jose::sd_jwt::{Bound, Verifier};

fn misuse(bar: &Verifier<Bound>, shown: &str) {
    let _ = bar.verify(shown, 1_800_000_000);
}

fn main() {}
