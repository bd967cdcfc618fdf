//! Credentials from issuer to holder to verifier.

use serde_json::json;

use super::*;
use crate::Algorithm;
use crate::error::Error;
use crate::fixtures::{AUDIENCE, ISSUER, NOW, es256};
use crate::key::SigningKey;

pub(super) const NONCE: &str = "n-1";

pub(super) fn holder() -> &'static SigningKey {
    static KEY: std::sync::OnceLock<SigningKey> = std::sync::OnceLock::new();
    KEY.get_or_init(|| SigningKey::generate(Algorithm::Ed25519).unwrap())
}

pub(super) fn claims() -> Claims {
    let mut claims = Claims::new(&json!({
        "iss": ISSUER,
        "iat": NOW,
        "exp": NOW + 1000,
        "name": "Ana",
        "a/b~c": 7,
        "address": { "street": "Rua 1", "town": "Porto" },
        "tongues": ["pt", { "code": "en", "level": 2 }, "fr"],
    }))
    .unwrap();
    for path in
        ["/name", "/a~1b~0c", "/address", "/address/street", "/tongues/1", "/tongues/1/level", "/tongues/2"]
    {
        claims.conceal(path).unwrap();
    }
    claims.bind_to(&holder().verifying_key()).unwrap();
    claims
}

pub(super) fn credential() -> String {
    claims().sign(es256(), Type::CREDENTIAL).unwrap()
}

pub(super) fn unbound() -> Verifier<Unbound> {
    strictly_unbound().accepting_unproven()
}

/// Takes no credential that is bound to a key.
pub(super) fn strictly_unbound() -> Verifier<Unbound> {
    verifier(es256().verifying_key()).typ(Type::CREDENTIAL).issuer(ISSUER).without_binding()
}

pub(super) fn bound() -> Verifier<Bound> {
    verifier(es256().verifying_key()).typ(Type::CREDENTIAL).issuer(ISSUER).bound_to(AUDIENCE)
}

fn shown(paths: &[&str]) -> serde_json::Value {
    let held = Held::parse(&credential()).unwrap();
    let text = held.present(|disclosure| paths.contains(&disclosure.path())).unbound();
    let mut claims = unbound().verify(&text, NOW).unwrap().claims().clone();
    for always in ["iss", "iat", "exp", "cnf"] {
        assert!(claims.remove(always).is_some());
    }
    claims.into()
}

#[test]
fn a_holder_shows_what_they_choose_and_nothing_else() {
    assert_eq!(shown(&[]), json!({ "tongues": ["pt"] }));
    assert_eq!(shown(&["/name"]), json!({ "name": "Ana", "tongues": ["pt"] }));
    assert_eq!(shown(&["/a~1b~0c", "/tongues/2"]), json!({ "a/b~c": 7, "tongues": ["pt", "fr"] }));
    assert_eq!(shown(&["/address"]), json!({ "address": { "town": "Porto" }, "tongues": ["pt"] }));
    assert_eq!(shown(&["/tongues/1"]), json!({ "tongues": ["pt", { "code": "en" }] }));
}

#[test]
fn what_is_shown_brings_what_it_stands_in() {
    let whole = json!({ "address": { "street": "Rua 1", "town": "Porto" }, "tongues": ["pt"] });
    assert_eq!(shown(&["/address/street"]), whole);
    assert_eq!(shown(&["/tongues/1/level"]), json!({ "tongues": ["pt", { "code": "en", "level": 2 }] }));
}

#[test]
fn a_holder_has_everything() {
    let held = Held::parse(&credential()).unwrap();
    assert_eq!(held.claims()["address"]["street"], "Rua 1");
    assert_eq!(held.claims()["tongues"], json!(["pt", { "code": "en", "level": 2 }, "fr"]));
    assert_eq!(held.disclosures().len(), 7);
    let name = held.disclosures().iter().find(|disclosure| disclosure.path() == "/name").unwrap();
    assert_eq!((name.name(), name.value()), (Some("name"), &json!("Ana")));
    let item = held.disclosures().iter().find(|disclosure| disclosure.path() == "/tongues/2").unwrap();
    assert_eq!((item.name(), item.value()), (None, &json!("fr")));
}

#[test]
fn nothing_that_is_concealed_stands_in_the_token() {
    let credential = credential();
    let token = credential.split('~').next().unwrap();
    let payload = crate::base64::decode(token.split('.').nth(1).unwrap()).unwrap();
    let payload = String::from_utf8(payload).unwrap();
    for concealed in ["Ana", "name", "address", "Rua 1", "Porto", "en", "level", "fr"] {
        // With its quotes: a digest is random letters, and spells `fr` now and then.
        assert!(!payload.contains(&format!("\"{concealed}\"")), "{concealed}");
    }
    let parsed: serde_json::Value = serde_json::from_str(&payload).unwrap();
    let digests: Vec<&str> =
        parsed["_sd"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert!(digests.is_sorted() && digests.len() == 3);
    assert_eq!(parsed["_sd_alg"], "sha-256");
    // Two credentials with the same claims have no digest in common.
    assert!(!digests.iter().any(|digest| self::credential().contains(digest)));
}

#[test]
fn decoys_cannot_be_told_from_digests_and_change_nothing() {
    let mut claims = claims();
    claims.decoys("", 3).unwrap();
    claims.decoys("/tongues", 2).unwrap();
    claims.decoys("/address", 1).unwrap();
    let text = claims.sign(es256(), Type::CREDENTIAL).unwrap();
    let held = Held::parse(&text).unwrap();
    assert_eq!(held.claims()["tongues"].as_array().unwrap().len(), 3);
    assert_eq!(held.disclosures().len(), 7);
    assert!(unbound().verify(&text, NOW).is_ok());
    assert!(claims.decoys("/name", 1).is_err() && claims.decoys("", 65).is_err());
}

#[test]
fn what_decides_and_what_is_not_there_cannot_be_concealed() {
    let mut claims = claims();
    for path in
        ["/iss", "/exp", "/cnf", "/cnf/jwk", "/nothing", "", "name", "/tongues/9", "/tongues/-", "/name"]
    {
        assert!(matches!(claims.conceal(path).unwrap_err(), Error::Disclosure { .. }), "{path}");
    }
    assert_eq!(claims.bind_to(&holder().verifying_key()).unwrap_err(), Error::OwnClaims);
    for taken in [json!({ "_sd": [] }), json!({ "a": [{ "...": "x" }] }), json!({ "a": { "_sd_alg": 1 } })] {
        assert!(matches!(Claims::new(&taken).unwrap_err(), Error::Disclosure { .. }));
    }
    assert_eq!(Claims::new(&7).unwrap_err(), Error::OwnClaims);
}

/// SD-JWT VC 2.2.2.2, and what a verifier looks at beside it.
#[test]
fn each_claim_that_decides_stands_in_the_token() {
    let always = ["iss", "aud", "nbf", "exp", "cnf", "vct", "vct#integrity", "status"];
    let all: serde_json::Map<String, serde_json::Value> =
        always.iter().chain(&["sub", "iat"]).map(|name| (String::from(*name), json!({ "a": [1] }))).collect();
    let mut claims = Claims::new(&all).unwrap();
    for name in always {
        for path in ["", "/a", "/a/0"] {
            let refused = claims.conceal(&format!("/{name}{path}")).unwrap_err();
            let flaw = "this claim decides whether the credential is good";
            assert_eq!(refused, Error::Disclosure { flaw }, "{name}{path}");
        }
    }
    assert!(claims.conceal("/sub").is_ok() && claims.conceal("/iat/a/0").is_ok());
}

#[test]
fn a_bound_presentation_is_good_for_one_verifier_and_nonce() {
    let held = Held::parse(&credential()).unwrap();
    let text = held.present(|_| true).bound(holder(), AUDIENCE, NONCE, NOW).unwrap();
    let seen = bound().verify(&text, NONCE, NOW + 1).unwrap();
    assert_eq!(seen.claims()["name"], "Ana");
    #[derive(serde::Deserialize)]
    struct Named {
        name: String,
    }
    assert_eq!(seen.read::<Named>().unwrap().name, "Ana");
    assert!(seen.read::<Vec<u8>>().is_err());
}

#[test]
fn keys_of_every_algorithm_issue_and_hold() {
    for key in crate::fixtures::pairs() {
        let mut claims = Claims::new(&json!({ "iss": ISSUER, "name": "Ana" })).unwrap();
        claims.conceal("/name").unwrap();
        claims.bind_to(&key.verifying_key()).unwrap();
        let text = claims.sign(&key, Type::CREDENTIAL).unwrap();
        let shown = Held::parse(&text).unwrap().present(|_| true).bound(&key, AUDIENCE, NONCE, NOW);
        let verifier = verifier(key.verifying_key()).typ(Type::CREDENTIAL).issuer(ISSUER).bound_to(AUDIENCE);
        assert!(verifier.verify(&shown.unwrap(), NONCE, NOW).is_ok(), "{}", key.algorithm());
    }
}

#[test]
fn the_digests_of_the_standard_are_ours() {
    use super::disclosure::Disclosure;
    use crate::algorithm::Hash;
    // RFC 9901 4.2.1 and 4.2.2.
    for (text, digest, name) in [
        (
            "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0",
            "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0",
            Some("family_name"),
        ),
        ("WyJsa2x4RjVqTVlsR1RQVW92TU5JdkNBIiwgIkZSIl0", "w0I8EKcdCtUPkGCNUrfwVp2xEgNjtoIDlOxc9-PlOhs", None),
    ] {
        let read = Disclosure::parse(text).unwrap();
        assert_eq!(read.digest(Hash::Sha256), digest);
        assert_eq!(read.name(), name);
    }
}
