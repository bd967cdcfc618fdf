//! A token that was only looked at has no `sub` to rely on.

use countersign_jose::jwt;

fn main() {
    if let Ok(seen) = jwt::inspect("token") {
        println!("{}", seen.sub);
    }
}
