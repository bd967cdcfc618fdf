//! What people can remember, others can guess: a password encrypts slowly, and signs nothing.

use countersign_jose::jwe::Password;
use countersign_jose::jwt::{self, IdClaims};

fn misuse(password: &Password, claims: &IdClaims) {
    let _ = jwt::sign(password, claims);
}

fn main() {}
