//! Only `jws::verify` says that bytes were signed.

use countersign_jose::jws::Signed;

fn main() {
    let _ = Signed { payload: Vec::new(), typ: None, cty: None };
}
