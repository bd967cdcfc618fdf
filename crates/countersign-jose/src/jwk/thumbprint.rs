//! Thumbprints: a name that a public key gives itself.
//!
//! RFC 7638 3, RFC 8037 2 and RFC 9964 3: a hash over the required members in the order of
//! their names, without white space. RFC 9278: the same as a URI.

use super::Material;
use crate::algorithm::Hash;
use crate::backend;
use crate::base64;

pub(super) fn of(material: &Material, hash: Hash) -> String {
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
    base64::encode(backend::digest(hash, json.as_bytes()))
}

/// RFC 9278 3; the hashes have the names of the registry of RFC 6920 9.4.
pub(super) fn uri(material: &Material, hash: Hash) -> String {
    let name = match hash {
        Hash::Sha256 => "sha-256",
        Hash::Sha384 => "sha-384",
        Hash::Sha512 => "sha-512",
    };
    format!("urn:ietf:params:oauth:jwk-thumbprint:{name}:{}", of(material, hash))
}
