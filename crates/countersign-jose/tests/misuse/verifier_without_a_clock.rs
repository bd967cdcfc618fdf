//! A token is good at a time; the caller must say at which.

use countersign_jose::jwt::{IdClaims, Verifier};

fn check(shop: &Verifier<IdClaims>, token: &str) -> bool {
    shop.verify(token).is_ok()
}

fn main() {
    let _ = check;
}
