//! Tokens that are signed honestly, whatever they say.
//!
//! RFC 7515 3.1. The key is fixed, so that a finding can be run again.

use std::sync::OnceLock;

use countersign_jose::jws::Trusted;
use countersign_jose::jwt::{self, Profile, Verifier};
use countersign_jose::{Algorithm, SharedKey, Signer, base64};

pub const ISSUER: &str = "https://id.example";
pub const AUDIENCE: &str = "shop";
/// When every token is checked, in unix seconds.
pub const NOW: u64 = 1_800_000_000;

/// The key that signs everything.
pub fn key() -> &'static SharedKey {
    static KEY: OnceLock<SharedKey> = OnceLock::new();
    KEY.get_or_init(fresh_key)
}

fn fresh_key() -> SharedKey {
    SharedKey::new(Algorithm::Hs256, &[0x5a; 32]).expect("32 bytes are a key")
}

/// What the key makes of these bytes.
pub fn signature(input: &[u8]) -> Vec<u8> {
    key().sign(input).expect("HMAC cannot fail")
}

/// The key that signs all tokens.
pub fn trusted() -> &'static Trusted {
    static TRUSTED: OnceLock<Trusted> = OnceLock::new();
    TRUSTED.get_or_init(|| fresh_key().into())
}

/// A token of exactly these bytes.
pub fn signed(header: &[u8], payload: &[u8]) -> String {
    let mut token = base64::encode(header);
    token.push('.');
    base64::encode_onto(&mut token, payload);
    let signature = signature(token.as_bytes());
    token.push('.');
    base64::encode_onto(&mut token, &signature);
    token
}

/// A verifier that has seen no token yet.
pub fn fresh<C: Profile>() -> Verifier<C> {
    jwt::verifier::<C>(trusted().clone()).issuer(ISSUER).audience(AUDIENCE)
}

/// The header of a token of this type.
pub fn header(typ: &str) -> String {
    format!(r#"{{"alg":"HS256","typ":"{typ}"}}"#)
}
