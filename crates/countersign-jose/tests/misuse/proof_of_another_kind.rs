//! An ID token tells a client who signed in; it opens no API.

use countersign_jose::jwt::{AccessClaims, IdClaims, Verified, Verifier};

fn open(_: Verified<AccessClaims>) {}

fn request(shop: &Verifier<IdClaims>, token: &str, now: u64) {
    if let Ok(who) = shop.verify(token, now) {
        open(who);
    }
}

fn main() {
    let _ = request;
}
