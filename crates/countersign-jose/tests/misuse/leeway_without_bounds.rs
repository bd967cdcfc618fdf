//! A leeway of ten minutes is a token that lives ten minutes longer.

use countersign_jose::jwt::{IdClaims, Leeway, Verifier};

fn lax(shop: Verifier<IdClaims>) -> Verifier<IdClaims> {
    shop.leeway(Leeway(600))
}

fn main() {
    let _ = lax;
}
