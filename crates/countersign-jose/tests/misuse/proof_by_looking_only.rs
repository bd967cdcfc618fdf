//! To look into a token is not to believe it.

use countersign_jose::jwt::{self, AccessClaims, Verified};

fn open(_: Verified<AccessClaims>) {}

fn main() {
    if let Ok(seen) = jwt::inspect("token") {
        open(seen);
    }
}
