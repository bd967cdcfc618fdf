//! A signing key at rest: sealed under the master key, with the times of its life.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyPurpose {
    /// Access tokens.
    Access,
    /// ID tokens and logout tokens.
    Id,
}

/// A signing key at rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KeyRecord {
    /// Its name in token headers and the JWKS.
    pub kid: String,
    /// Its one algorithm, as in JOSE headers.
    pub algorithm: String,
    /// What it signs.
    pub purpose: KeyPurpose,
    /// The PKCS#8 private key, sealed under the master key.
    pub sealed: Vec<u8>,
    /// Since when the JWKS shows it.
    pub published: Timestamp,
    /// From when it signs.
    pub signs_from: Timestamp,
    /// Until when it signs, once a successor is set.
    pub signs_until: Option<Timestamp>,
    /// When its last token has died and it leaves the JWKS.
    pub retires: Option<Timestamp>,
}
