//! Thumbprints: a name that a public key gives itself.
//!
//! RFC 7638 3, RFC 8037 2 and RFC 9964 3: SHA-256 over the required members in the order of their names,
//! without white space.

use super::Material;
use crate::backend;
use crate::base64;

pub(super) fn of(material: &Material) -> String {
    // Base64url and the curves' names need no escaping in JSON.
    let json = match material {
        Material::Rsa { n, e } => {
            format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, base64::encode(e), base64::encode(n))
        }
        Material::Ec { curve, x, y } => format!(
            r#"{{"crv":"{}","kty":"EC","x":"{}","y":"{}"}}"#,
            curve.name(),
            base64::encode(x),
            base64::encode(y)
        ),
        Material::Okp { curve, x } => {
            format!(r#"{{"crv":"{}","kty":"OKP","x":"{}"}}"#, curve.name(), base64::encode(x))
        }
        Material::Akp { algorithm, public } => {
            format!(r#"{{"alg":"{algorithm}","kty":"AKP","pub":"{}"}}"#, base64::encode(public))
        }
    };
    base64::encode(backend::sha256(json.as_bytes()))
}
