//! JOSE, done strictly.
pub mod base64;
pub mod json;
pub mod jwk;
pub mod key;
pub mod primitive;

mod algorithm;
mod backend;
mod error;

pub use algorithm::{Algorithm, Family, Hash};
pub use error::{Error, Fault};
pub use jwk::{Jwk, JwkSet};
pub use key::{KeyId, KeySet, SharedKey, Signer, SigningKey, VerifyingKey};
