//! The proof as it came: nobody has compared it with the request yet. `Request::check` does.

use countersign_jose::jwt::{AccessClaims, Verifier};

fn misuse(api: &Verifier<AccessClaims>, token: &str, header: &str) {
    let _ = api.verify_bound(token, header, 1_800_000_000);
}

fn main() {}
