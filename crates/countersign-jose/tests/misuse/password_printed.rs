//! A password has no `Display`.

use countersign_jose::jwe::Password;

fn misuse(password: &Password) {
    println!("{password}");
}

fn main() {}
