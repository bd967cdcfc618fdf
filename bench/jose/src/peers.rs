//! Other libraries, each with its keys made beforehand and asked to check what ours checks.

use std::collections::HashSet;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_lc_rs::signature::KeyPair;
use countersign_jose::base64;
use josekit::jws::{JwsHeader, JwsSigner, JwsVerifier};
use josekit::jwt::{JwtPayload, JwtPayloadValidator};
use jsonwebtoken::crypto::{CryptoProvider, KeyUtils, aws_lc, rust_crypto};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use jwt_simple::prelude::{
    ECDSAP256KeyPairLike, ECDSAP256PublicKeyLike, ES256KeyPair, Ed25519KeyPair, EdDSAKeyPairLike,
    EdDSAPublicKeyLike, HS256Key, JWTClaims, MACLike, RS256KeyPair, RSAKeyPairLike, RSAPublicKeyLike,
    VerificationOptions,
};
use serde::{Deserialize, Serialize};

use crate::Case;
use crate::token::{AUDIENCE, ISSUER, KEY_ID, Keys, claims};

/// The two libraries below jsonwebtoken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    AwsLc,
    RustCrypto,
}

static RUST_CRYPTO: AtomicBool = AtomicBool::new(false);

/// Both backends in one process: jsonwebtoken takes one provider for good, so this one asks a switch at each call.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| (provider().signer_factory)(algorithm, key),
    verifier_factory: |algorithm, key| (provider().verifier_factory)(algorithm, key),
    key_utils: KeyUtils::new_unimplemented(),
};

fn provider() -> &'static CryptoProvider {
    if RUST_CRYPTO.load(Ordering::Relaxed) {
        &rust_crypto::DEFAULT_PROVIDER
    } else {
        &aws_lc::DEFAULT_PROVIDER
    }
}

/// Lets jsonwebtoken use this backend from now on.
pub fn choose(backend: Backend) {
    let _ = PROVIDER.install_default();
    RUST_CRYPTO.store(backend == Backend::RustCrypto, Ordering::Relaxed);
}

/// The claims, as a user of serde declares them.
#[derive(Serialize, Deserialize)]
struct Access {
    iss: String,
    sub: String,
    aud: String,
    client_id: String,
    iat: u64,
    exp: u64,
    jti: String,
    scope: String,
    auth_time: u64,
}

/// What jwt-simple does not name itself.
#[derive(Clone, Serialize, Deserialize)]
struct Further {
    client_id: String,
    scope: String,
    auth_time: u64,
}

fn access() -> Access {
    serde_json::from_str(&claims()).expect("claims")
}

pub fn verify(keys: &Keys, algorithm: &str) -> Vec<Case> {
    vec![
        jsonwebtoken_verify(keys, algorithm, Backend::AwsLc),
        jsonwebtoken_verify(keys, algorithm, Backend::RustCrypto),
        jwt_simple_verify(keys, algorithm),
        josekit_verify(keys, algorithm),
    ]
}

pub fn issue(keys: &Keys, algorithm: &str) -> Vec<Case> {
    vec![
        jsonwebtoken_issue(keys, algorithm, Backend::AwsLc),
        jsonwebtoken_issue(keys, algorithm, Backend::RustCrypto),
        jwt_simple_issue(keys, algorithm),
        josekit_issue(keys, algorithm),
    ]
}

fn name(backend: Backend) -> &'static str {
    match backend {
        Backend::AwsLc => "jsonwebtoken, aws-lc",
        Backend::RustCrypto => "jsonwebtoken, rust",
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = base64::encode(der).replace('-', "+").replace('_', "/");
    let padding = "=".repeat((4 - text.len() % 4) % 4);
    let lines: Vec<String> =
        format!("{text}{padding}").as_bytes().chunks(64).map(|l| String::from_utf8_lossy(l).into()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn jsonwebtoken_verify(keys: &Keys, algorithm: &str, backend: Backend) -> Case {
    let public = pem("PUBLIC KEY", &keys.spki(if algorithm == "HS256" { "ES256" } else { algorithm }));
    let (named, key) = match algorithm {
        "HS256" => (Algorithm::HS256, DecodingKey::from_secret(&keys.secret)),
        "ES256" => (Algorithm::ES256, DecodingKey::from_ec_pem(public.as_bytes()).expect("a key")),
        "EdDSA" => {
            let x = base64::encode(keys.eddsa.public_key().as_ref());
            (Algorithm::EdDSA, DecodingKey::from_ed_components(&x).expect("a key"))
        }
        _ => (Algorithm::RS256, DecodingKey::from_rsa_pem(public.as_bytes()).expect("a key")),
    };
    let mut rules = Validation::new(named);
    rules.set_issuer(&[ISSUER]);
    rules.set_audience(&[AUDIENCE]);
    rules.set_required_spec_claims(&["exp", "iss", "aud"]);
    let token = keys.token(algorithm);
    Case::new(format!("verify {algorithm}"), name(backend), move || {
        choose(backend);
        black_box(jsonwebtoken::decode::<Access>(black_box(&token), &key, &rules).expect("a good token"));
    })
}

fn jsonwebtoken_issue(keys: &Keys, algorithm: &str, backend: Backend) -> Case {
    let private = || pem("PRIVATE KEY", &keys.pkcs8(algorithm));
    let (named, key) = match algorithm {
        "HS256" => (Algorithm::HS256, EncodingKey::from_secret(&keys.secret)),
        "ES256" => (Algorithm::ES256, EncodingKey::from_ec_pem(private().as_bytes()).expect("a key")),
        "EdDSA" => (Algorithm::EdDSA, EncodingKey::from_ed_pem(private().as_bytes()).expect("a key")),
        _ => (Algorithm::RS256, EncodingKey::from_rsa_pem(private().as_bytes()).expect("a key")),
    };
    let mut header = Header::new(named);
    header.typ = Some("at+jwt".to_owned());
    header.kid = Some(KEY_ID.to_owned());
    let access = access();
    Case::new(format!("issue {algorithm}"), name(backend), move || {
        choose(backend);
        black_box(jsonwebtoken::encode(&header, black_box(&access), &key).expect("a token"));
    })
}

const JWT_SIMPLE: &str = "jwt-simple, pure-rust";

fn rules() -> VerificationOptions {
    VerificationOptions {
        allowed_issuers: Some(HashSet::from([ISSUER.to_owned()])),
        allowed_audiences: Some(HashSet::from([AUDIENCE.to_owned()])),
        ..VerificationOptions::default()
    }
}

fn jwt_simple_verify(keys: &Keys, algorithm: &str) -> Case {
    let (token, rules, what) = (keys.token(algorithm), rules(), format!("verify {algorithm}"));
    match algorithm {
        "HS256" => {
            let key = HS256Key::from_bytes(&keys.secret);
            Case::new(what, JWT_SIMPLE, move || {
                let rules = Some(rules.clone());
                black_box(key.verify_token::<Further>(black_box(&token), rules).expect("a good token"));
            })
        }
        "ES256" => {
            let key = ES256KeyPair::from_der(&keys.pkcs8(algorithm)).expect("a key").public_key();
            Case::new(what, JWT_SIMPLE, move || {
                let rules = Some(rules.clone());
                black_box(key.verify_token::<Further>(black_box(&token), rules).expect("a good token"));
            })
        }
        "EdDSA" => {
            let key = ed25519(keys).public_key();
            Case::new(what, JWT_SIMPLE, move || {
                let rules = Some(rules.clone());
                black_box(key.verify_token::<Further>(black_box(&token), rules).expect("a good token"));
            })
        }
        _ => {
            let key = RS256KeyPair::from_der(&keys.pkcs8(algorithm)).expect("a key").public_key();
            Case::new(what, JWT_SIMPLE, move || {
                let rules = Some(rules.clone());
                black_box(key.verify_token::<Further>(black_box(&token), rules).expect("a good token"));
            })
        }
    }
}

/// It reads 64 bytes: the seed and the public key.
fn ed25519(keys: &Keys) -> Ed25519KeyPair {
    let seed = keys.pkcs8("EdDSA");
    // RFC 8410 7: the seed is the last 32 bytes of version 1.
    let seed = &seed[seed.len() - 32..];
    Ed25519KeyPair::from_bytes(&[seed, keys.eddsa.public_key().as_ref()].concat()).expect("a key")
}

fn jwt_simple_issue(keys: &Keys, algorithm: &str) -> Case {
    let claims: JWTClaims<Further> = serde_json::from_str(&claims()).expect("claims");
    let what = format!("issue {algorithm}");
    match algorithm {
        "HS256" => {
            let key = HS256Key::from_bytes(&keys.secret).with_key_id(KEY_ID);
            Case::new(what, JWT_SIMPLE, move || {
                black_box(key.authenticate(black_box(claims.clone())).expect("a token"));
            })
        }
        "ES256" => {
            let key = ES256KeyPair::from_der(&keys.pkcs8(algorithm)).expect("a key").with_key_id(KEY_ID);
            Case::new(what, JWT_SIMPLE, move || {
                black_box(key.sign(black_box(claims.clone())).expect("a token"));
            })
        }
        "EdDSA" => {
            let key = ed25519(keys).with_key_id(KEY_ID);
            Case::new(what, JWT_SIMPLE, move || {
                black_box(key.sign(black_box(claims.clone())).expect("a token"));
            })
        }
        _ => {
            let key = RS256KeyPair::from_der(&keys.pkcs8(algorithm)).expect("a key").with_key_id(KEY_ID);
            Case::new(what, JWT_SIMPLE, move || {
                black_box(key.sign(black_box(claims.clone())).expect("a token"));
            })
        }
    }
}

const JOSEKIT: &str = "josekit, openssl";

fn josekit_verify(keys: &Keys, algorithm: &str) -> Case {
    let verifier: Box<dyn JwsVerifier> = match algorithm {
        "HS256" => Box::new(josekit::jws::HS256.verifier_from_bytes(keys.secret).expect("a key")),
        "ES256" => Box::new(josekit::jws::ES256.verifier_from_der(keys.spki(algorithm)).expect("a key")),
        "EdDSA" => Box::new(josekit::jws::EdDSA.verifier_from_der(keys.spki(algorithm)).expect("a key")),
        _ => Box::new(josekit::jws::RS256.verifier_from_der(keys.spki(algorithm)).expect("a key")),
    };
    let token = keys.token(algorithm);
    let mut rules = JwtPayloadValidator::new();
    rules.set_issuer(ISSUER);
    rules.set_audience(AUDIENCE);
    Case::new(format!("verify {algorithm}"), JOSEKIT, move || {
        let read = josekit::jwt::decode_with_verifier(black_box(&token), &*verifier).expect("a good token");
        rules.set_base_time(std::time::SystemTime::now());
        rules.validate(&read.0).expect("good claims");
        black_box(read);
    })
}

fn josekit_issue(keys: &Keys, algorithm: &str) -> Case {
    let private = || keys.pkcs8(algorithm);
    let signer: Box<dyn JwsSigner> = match algorithm {
        "HS256" => Box::new(josekit::jws::HS256.signer_from_bytes(keys.secret).expect("a key")),
        "ES256" => Box::new(josekit::jws::ES256.signer_from_der(private()).expect("a key")),
        "EdDSA" => Box::new(josekit::jws::EdDSA.signer_from_der(private()).expect("a key")),
        _ => Box::new(josekit::jws::RS256.signer_from_der(private()).expect("a key")),
    };
    let mut header = JwsHeader::new();
    header.set_token_type("at+jwt");
    header.set_key_id(KEY_ID);
    let payload =
        JwtPayload::from_map(serde_json::from_str::<serde_json::Map<_, _>>(&claims()).expect("claims"))
            .expect("claims");
    Case::new(format!("issue {algorithm}"), JOSEKIT, move || {
        black_box(josekit::jwt::encode_with_signer(black_box(&payload), &header, &*signer).expect("a token"));
    })
}
