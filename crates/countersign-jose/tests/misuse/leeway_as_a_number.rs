//! Seconds or milliseconds? And how many are too many?

use countersign_jose::jwt::{IdClaims, Verifier};

fn lax(shop: Verifier<IdClaims>) -> Verifier<IdClaims> {
    shop.leeway(30)
}

fn main() {
    let _ = lax;
}
