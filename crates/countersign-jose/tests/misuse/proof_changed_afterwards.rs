//! What was signed is what is read.

use countersign_jose::jwt::{IdClaims, Verified};

fn promote(who: &mut Verified<IdClaims>) {
    who.sub = "admin".into();
}

fn main() {
    let _ = promote;
}
