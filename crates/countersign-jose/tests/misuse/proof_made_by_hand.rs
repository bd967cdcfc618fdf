//! Only a verifier says that a token was checked.

use countersign_jose::jwt::{IdClaims, Verified};

fn main() {
    let _ = Verified(IdClaims::default());
}
