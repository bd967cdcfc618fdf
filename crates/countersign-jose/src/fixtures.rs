//! Keys and tokens for the tests of this crate.

use std::sync::OnceLock;

use crate::algorithm::{Algorithm, Family};
use crate::base64;
use crate::error::{ClaimFlaw, Error};
use crate::jwe::{DecryptingKey, KeyAlgorithm};
use crate::jwk::PrivateJwk;
use crate::jws::TrustedKeys;
use crate::jwt::{self, AccessClaims, IdClaims, LogoutClaims, Verifier};
use crate::key::{SharedKey, Signer, SigningKey};

pub(crate) const ISSUER: &str = "https://id.shop.example";
pub(crate) const AUDIENCE: &str = "shop-api";
pub(crate) const NOW: u64 = 1_800_000_000;

/// One ES256 key for all tests of a process.
pub(crate) fn es256() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(|| SigningKey::generate(Algorithm::Es256).unwrap())
}

/// One RSA key for all tests of a process: making one takes a third of a second.
pub(crate) fn rs256() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(|| SigningKey::generate(Algorithm::Rs256).unwrap())
}

/// A key of each algorithm that has key pairs; the RSA ones share their numbers.
pub(crate) fn pairs() -> Vec<SigningKey> {
    let rsa = rs256().to_pkcs8().unwrap();
    Algorithm::ALL
        .into_iter()
        .filter(|algorithm| algorithm.family() != Family::Secret)
        .map(|algorithm| match algorithm.family() {
            Family::Rsa => SigningKey::from_pkcs8(algorithm, &rsa).unwrap(),
            _ => SigningKey::generate(algorithm).unwrap(),
        })
        .collect()
}

pub(crate) fn access() -> AccessClaims {
    AccessClaims {
        iss: ISSUER.into(),
        sub: "ana".into(),
        aud: AUDIENCE.into(),
        client_id: "shop-web".into(),
        iat: NOW,
        exp: NOW + 300,
        jti: "t1".into(),
        scope: Some("read write".into()),
        auth_time: Some(NOW - 60),
        acr: None,
        amr: vec!["pwd".into()],
        cnf: None,
    }
}

pub(crate) fn id() -> IdClaims {
    IdClaims {
        iss: ISSUER.into(),
        sub: "ana".into(),
        aud: AUDIENCE.into(),
        iat: NOW,
        exp: NOW + 300,
        email: Some("ana@shop.example".into()),
        email_verified: Some(true),
        ..IdClaims::default()
    }
}

pub(crate) fn logout() -> LogoutClaims {
    LogoutClaims {
        iss: ISSUER.into(),
        aud: AUDIENCE.into(),
        iat: NOW,
        exp: NOW + 120,
        jti: "l1".into(),
        sub: Some("ana".into()),
        sid: None,
    }
}

pub(crate) fn access_verifier(keys: impl TrustedKeys) -> Verifier<AccessClaims> {
    jwt::verifier::<AccessClaims>(keys).issuer(ISSUER).audience(AUDIENCE)
}

/// The header that `key` would write for an access token.
pub(crate) fn header(key: &(impl Signer + ?Sized)) -> String {
    crate::header::Header::write(key.algorithm(), Some("at+jwt"), key.key_id())
}

/// The claims of [`access`] with one member replaced, or removed when `json` is empty.
pub(crate) fn access_with(claim: &str, json: &str) -> String {
    let whole: serde_json::Value = serde_json::to_value(access()).unwrap();
    let mut members: Vec<String> = whole
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| *name != claim)
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    if !json.is_empty() {
        members.push(format!("\"{claim}\":{json}"));
    }
    format!("{{{}}}", members.join(","))
}

/// The refusal of a claim, whatever is wrong with it: [`brief`] makes one of them all.
pub(crate) const fn faulty(claim: &'static str) -> Error {
    Error::Claim { claim, flaw: ClaimFlaw::Malformed, rule: "" }
}

/// The same error, but of a claim only its name: for tests of what is refused. What is wrong with it
/// and which section says so is for `jwt/rules.rs`.
pub(crate) fn brief(error: Error) -> Error {
    match error {
        Error::Claim { claim, .. } => faulty(claim),
        other => other,
    }
}

/// A token with any header and payload, honestly signed by `key`.
pub(crate) fn forge(key: &(impl Signer + ?Sized), header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", base64::encode(header), base64::encode(payload));
    let signature = key.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", base64::encode(signature))
}

/// A secret of 64 bytes, long enough for every HMAC.
pub(crate) fn secret(algorithm: Algorithm) -> SharedKey {
    SharedKey::new(algorithm, &[0xa5; 64]).unwrap()
}

/// The `key_ops` of a key that can do this, and so many other things that nobody knows.
pub(crate) fn operations(known: &str, others: usize) -> String {
    let others: String = (0..others).map(|n| format!(r#","{n}""#)).collect();
    format!(r#"["{known}"{others}]"#)
}

/// The bytes that these hexadecimal digits spell.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digit = |byte: &u8| u8::try_from(char::from(*byte).to_digit(16).unwrap()).unwrap();
    text.as_bytes().chunks(2).map(|pair| digit(&pair[0]) << 4 | digit(&pair[1])).collect()
}

/// A private RSA key for encryption, from RFC 7516 A.1.
pub(crate) fn rsa_for_encryption(algorithm: KeyAlgorithm) -> DecryptingKey {
    let examples: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("jwe/vectors/rfc_7516_and_7520.json")).unwrap();
    let jwk = PrivateJwk::parse(examples[0]["key"].to_string().as_bytes()).unwrap();
    DecryptingKey::from_jwk_as(&jwk, algorithm).unwrap()
}
