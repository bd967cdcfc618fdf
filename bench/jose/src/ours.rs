//! Our own library, used as its users use it.

use std::hint::black_box;

#[cfg(feature = "peers")]
use countersign_jose::jws;
use countersign_jose::jws::Trusted;
use countersign_jose::jwt::{self, AccessClaims, Scratch, Verifier};
use countersign_jose::{Algorithm, KeyId, SigningKey};

use crate::token::{AUDIENCE, EXPIRES, ISSUED, ISSUER, KEY_ID, Keys, NOW, claims};
use crate::{Case, OURS};

/// A verifier that has seen one token, as every one has after the first request.
pub fn verifier(keys: &Keys, algorithm: &str) -> Verifier<AccessClaims> {
    let trusted: Trusted = if algorithm == "HS256" {
        keys.shared().into()
    } else {
        let named = Algorithm::named(algorithm).expect("an algorithm");
        let key = SigningKey::from_pkcs8(named, &keys.pkcs8(algorithm)).expect("a key");
        key.with_id(KeyId::new(KEY_ID).expect("a name")).verifying_key().into()
    };
    let verifier = jwt::verifier::<AccessClaims>(trusted).issuer(ISSUER).audience(AUDIENCE);
    verifier.verify(&keys.token(algorithm), NOW).expect("a good token");
    verifier
}

/// The claims of [`claims`] as our type.
pub fn access() -> AccessClaims {
    let read: serde_json::Value = serde_json::from_str(&claims()).expect("claims");
    let text = |name: &str| read[name].as_str().unwrap_or_default().to_owned();
    let access = AccessClaims {
        iss: text("iss"),
        sub: text("sub"),
        aud: text("aud").into(),
        client_id: text("client_id"),
        iat: ISSUED,
        exp: EXPIRES,
        jti: text("jti"),
        scope: Some(text("scope")),
        auth_time: read["auth_time"].as_u64(),
        ..AccessClaims::default()
    };
    assert_eq!(claims().len(), 281);
    assert_eq!(serde_json::to_string(&access).expect("claims"), claims());
    access
}

pub fn verify(keys: &Keys, algorithm: &str) -> Vec<Case> {
    let (owning, token) = (verifier(keys, algorithm), keys.token(algorithm));
    let (borrowing, again, mut scratch) = (verifier(keys, algorithm), token.clone(), Scratch::new());
    let borrowed = Case::new(format!("verify {algorithm}"), OURS, move || {
        let good = borrowing.check(black_box(&again), black_box(NOW), &mut scratch).expect("a good token");
        black_box(&*good);
    });
    vec![
        borrowed,
        Case::new(format!("verify {algorithm}"), "countersign, owned", move || {
            black_box(owning.verify(black_box(&token), black_box(NOW)).expect("a good token"));
        }),
    ]
}

#[cfg(feature = "peers")]
pub fn sign(keys: &Keys, algorithm: &str) -> Case {
    let (signer, payload) = (keys.signer(algorithm), claims());
    Case::new(format!("sign {algorithm}"), OURS, move || {
        black_box(jws::sign(&*signer, Some("at+jwt"), black_box(payload.as_bytes())).expect("a token"));
    })
}

pub fn issue(keys: &Keys, algorithm: &str) -> Case {
    let (signer, access) = (keys.signer(algorithm), access());
    Case::new(format!("issue {algorithm}"), OURS, move || {
        black_box(jwt::sign(&*signer, black_box(&access)).expect("a token"));
    })
}
