//! Tokens that are signed honestly, whatever they say.
//!
//! RFC 7515 3.1. The key is fixed, so that a finding can be run again.

use std::sync::OnceLock;

use countersign_jose::jws::Trusted;
use countersign_jose::jwt::{self, Own, Profile, Verifier};
use countersign_jose::{Algorithm, SharedKey, Signer, SigningKey, base64};
use serde::{Deserialize, Serialize};

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
    signed_by(key(), header, payload)
}

/// A token of exactly these bytes, by a key whose verifiers remember: those of shared secrets do not.
pub fn signed_by_pair(header: &[u8], payload: &[u8]) -> String {
    signed_by(pair(), header, payload)
}

fn signed_by(key: &dyn Signer, header: &[u8], payload: &[u8]) -> String {
    let mut token = base64::encode(header);
    token.push('.');
    base64::encode_onto(&mut token, payload);
    let signature = key.sign(token.as_bytes()).expect("signing does not fail");
    token.push('.');
    base64::encode_onto(&mut token, &signature);
    token
}

fn pair() -> &'static SigningKey {
    static PAIR: OnceLock<SigningKey> = OnceLock::new();
    PAIR.get_or_init(|| SigningKey::generate(Algorithm::Es256).expect("a key"))
}

/// A verifier that has seen no token yet.
pub fn fresh<C: Profile>() -> Verifier<C> {
    jwt::verifier::<C>(trusted().clone()).issuer(ISSUER).audience(AUDIENCE)
}

/// A verifier of the pair's tokens that has seen none yet, and remembers those that it will.
pub fn remembering<C: Profile>() -> Verifier<C> {
    jwt::verifier::<C>(pair().verifying_key()).issuer(ISSUER).audience(AUDIENCE).remembering(1)
}

/// Claims of somebody's own, beside those of a profile or in a kind of their own.
#[derive(Debug, Serialize, Deserialize)]
pub struct Ticket {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<u64>,
}

impl Own for Ticket {
    const TYP: &'static str = "ticket+jwt";
}

/// The header of a token of this type.
pub fn header(typ: &str) -> String {
    format!(r#"{{"alg":"HS256","typ":"{typ}"}}"#)
}
