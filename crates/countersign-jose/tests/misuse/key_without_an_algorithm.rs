//! A key has one algorithm from the beginning; the token's header does not choose it.

use countersign_jose::SharedKey;

fn main() {
    let _ = SharedKey::new(&[7; 32]);
}
