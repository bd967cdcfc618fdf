//! Claims without a type of token: they could be taken for any other.

use countersign_jose::{Algorithm, SigningKey, jwt};

#[derive(serde::Serialize)]
struct Mine {
    sub: String,
}

fn main() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let _ = jwt::sign(&key, &Mine { sub: "ana".into() });
}
