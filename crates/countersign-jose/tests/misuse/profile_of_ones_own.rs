//! The kinds of tokens are a closed list.

use countersign_jose::jwt::Profile;

#[derive(serde::Serialize)]
struct Mine;

impl Profile for Mine {
    const TYP: &'static str = "at+jwt";
}

fn main() {}
