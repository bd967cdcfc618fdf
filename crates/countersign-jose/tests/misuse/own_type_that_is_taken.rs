//! A ticket that calls itself an access token would be one for whoever checks those.

use countersign_jose::jwt::{Own, OwnClaims, Profile};

#[derive(serde::Serialize, serde::Deserialize)]
struct Ticket {
    seat: String,
}

impl Own for Ticket {
    const TYP: &'static str = "at+jwt";
}

const TYP: &str = <OwnClaims<Ticket> as Profile>::TYP;

fn main() {
    println!("{TYP}");
}
