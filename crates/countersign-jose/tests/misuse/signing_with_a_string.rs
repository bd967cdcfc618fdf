//! Text as the secret, as in most other libraries.

use countersign_jose::jwt::{self, IdClaims};

fn main() {
    let _ = jwt::sign("secret", &IdClaims::default());
}
