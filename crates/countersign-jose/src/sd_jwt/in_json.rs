//! SD-JWTs in JSON: what is written, what is read, and that it means what the compact form means.
//!
//! RFC 9901 8, with the examples of 8.2 and 8.3.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::holding::{any_claims, paths};
use super::tests::{NONCE, bound, claims, credential, holder, unbound};
use super::*;
use crate::algorithm::Algorithm;
use crate::error::{Error, Fault};
use crate::fixtures::{AUDIENCE, ISSUER, NOW, es256, pairs};
use crate::jwk::Jwk;
use crate::jws::{MAX_SIGNATURES, MaxLength, Trusted, TrustedKeys};
use crate::key::{KeySet, Signer, SigningKey, VerifyingKey};

/// The flattened document of an SD-JWT, by the words of RFC 9901 8.1; `None` for what has no three parts.
pub(super) fn by_hand(compact: &str) -> Option<Value> {
    let (before, binding) = compact.rsplit_once('~')?;
    let mut parts = before.split('~');
    let token: Vec<&str> = parts.next()?.split('.').collect();
    let [protected, payload, signature] = token.as_slice() else { return None };
    let mut header = json!({ "disclosures": parts.collect::<Vec<_>>() });
    if !binding.is_empty() {
        header["kb_jwt"] = binding.into();
    }
    Some(json!({ "payload": payload, "protected": protected, "signature": signature, "header": header }))
}

fn read(document: &str) -> Value {
    serde_json::from_str(document).unwrap()
}

/// Checks what one of these keys has signed, shown to anybody.
fn trusting(keys: impl TrustedKeys) -> Verifier<Unbound> {
    verifier(keys).typ(Type::CREDENTIAL).issuer(ISSUER).without_binding().accepting_unproven()
}

#[test]
fn one_signature_makes_a_flattened_document() {
    let held = Held::parse(&credential()).unwrap();
    let some = |one: &Disclosure| one.path() == "/name" || one.path() == "/tongues/2";
    let compact = held.present(some).unbound();
    let parts: Vec<&str> = compact.split(['~', '.']).collect();
    let [protected, payload, signature, one, two, ""] = parts.as_slice() else { panic!("{compact}") };
    let document = held.present(some).in_json().unbound();
    assert_eq!(
        document,
        format!(
            r#"{{"payload":"{payload}","protected":"{protected}","signature":"{signature}","header":{{"disclosures":["{one}","{two}"]}}}}"#
        )
    );
    assert_eq!(unbound().verify_json(&document, NOW).unwrap().claims()["tongues"], json!(["pt", "fr"]));
    // Nothing shown is an empty list, not none: some readers miss it.
    let nothing = held.present(|_| false).in_json().unbound();
    assert_eq!(read(&nothing)["header"], json!({ "disclosures": [] }));
    assert!(unbound().verify_json(&nothing, NOW).is_ok());
}

#[test]
fn the_binding_of_a_document_is_that_of_the_compact_form() {
    let held = Held::parse(&credential()).unwrap();
    let shown = || held.present(|one| one.path() == "/name");
    // Ed25519 signs the same bytes in the same way.
    let compact = shown().bound(holder(), AUDIENCE, NONCE, NOW).unwrap();
    let document = shown().in_json().bound(holder(), AUDIENCE, NONCE, NOW).unwrap();
    assert_eq!(read(&document), by_hand(&compact).unwrap());
    assert_eq!(bound().verify_json(&document, NONCE, NOW).unwrap().claims()["name"], "Ana");
    let key = holder().verifying_key();
    let unsigned = shown().in_json().prepare(&key, AUDIENCE, NONCE, NOW).unwrap();
    let signature = holder().sign(unsigned.input()).unwrap();
    assert_eq!(unsigned.signed(&signature).unwrap(), document);
}

#[test]
fn keys_of_every_algorithm_sign_a_document_alone_and_together() {
    let keys = pairs();
    let mut all: Vec<&SigningKey> = keys.iter().collect();
    let mut claims = Claims::new(&json!({ "iss": ISSUER, "name": "Ana" })).unwrap();
    claims.conceal("/name").unwrap();
    for key in &keys {
        let document = claims.sign_json(key, &[], Type::CREDENTIAL).unwrap();
        assert!(read(&document).get("signatures").is_none());
        let seen = trusting(key.verifying_key()).verify_json(&document, NOW).unwrap();
        assert_eq!(seen.claims()["name"], "Ana", "{}", key.algorithm());
    }
    // Keys of RSA that share their numbers have one name.
    all.dedup_by_key(|key| key.key_id().clone());
    let (first, others) = all.split_first().unwrap();
    let document = claims.sign_json(first, others, Type::CREDENTIAL).unwrap();
    assert_eq!(read(&document)["signatures"].as_array().unwrap().len(), all.len());
    for key in all {
        let seen = trusting(key.verifying_key()).verify_json(&document, NOW).unwrap();
        assert_eq!(seen.claims()["name"], "Ana", "{}", key.algorithm());
    }
    let many = vec![es256(); MAX_SIGNATURES];
    assert_eq!(claims.sign_json(es256(), &many, Type::CREDENTIAL).unwrap_err(), Fault::Claims);
    assert!(claims.sign_json(es256(), &many[1..], Type::CREDENTIAL).is_ok());
}

#[test]
fn a_holder_shows_on_what_came_with_the_credential() {
    let bank = SigningKey::generate(Algorithm::Es384).unwrap();
    let mut document = read(&claims().sign_json(es256(), &[&bank], Type::CREDENTIAL).unwrap());
    document["signatures"][0]["header"]["etsiU"] = json!(["a \"seal\"", { "b~": 1.50 }]);
    document["signatures"][0]["header"]["\u{1}\""] = json!(null);
    document["signatures"][1]["header"] = json!({ "etsiU": [7] });
    let held = Held::parse_json(&document.to_string()).unwrap();
    let shown = held.present(|_| false).in_json().bound(holder(), AUDIENCE, NONCE, NOW).unwrap();
    let mut shown = read(&shown);
    let first = shown["signatures"][0]["header"].as_object_mut().unwrap();
    assert!(first.remove("kb_jwt").unwrap().is_string());
    assert_eq!(first.remove("disclosures").unwrap(), json!([]));
    document["signatures"][0]["header"].as_object_mut().unwrap().remove("disclosures");
    assert_eq!(shown, document);
    // In the compact form only the first signature has a place.
    let compact = held.present(|_| true).unbound();
    assert!(unbound().verify(&compact, NOW).is_ok());
    let refused = trusting(bank.verifying_key()).verify(&compact, NOW).unwrap_err();
    assert_eq!(refused, Error::UnknownKey);
}

#[test]
fn a_document_may_be_as_long_as_the_compact_form() {
    let long = |bytes: usize| {
        let mut claims = Claims::new(&json!({ "iss": ISSUER, "text": "x".repeat(bytes) })).unwrap();
        claims.conceal("/text").unwrap();
        claims
    };
    // A token of usual length with a long disclosure.
    let document = long(40_000).sign_json(es256(), &[], Type::CREDENTIAL).unwrap();
    assert!(unbound().verify_json(&document, NOW).is_ok());
    let refused = long(MAX_PRESENTATION).sign_json(es256(), &[], Type::CREDENTIAL).unwrap_err();
    assert_eq!(refused, Fault::TooLong { limit: MAX_PRESENTATION });
    let padded = document + &" ".repeat(MAX_PRESENTATION);
    let too_large = Error::TooLarge { limit: MAX_PRESENTATION };
    assert_eq!(unbound().verify_json(&padded, NOW).unwrap_err(), too_large);
    assert_eq!(Held::parse_json(&padded).unwrap_err(), too_large);
    // The token itself, as long as its keys allow.
    let plain = Claims::new(&json!({ "iss": ISSUER, "text": "x".repeat(100) })).unwrap();
    let document = plain.sign_json(es256(), &[], Type::CREDENTIAL).unwrap();
    let short = Trusted::from(es256().verifying_key()).up_to(MaxLength::bytes(200).unwrap());
    let refused = trusting(short).verify_json(&document, NOW).unwrap_err();
    assert_eq!(refused, Error::TooLarge { limit: 200 });
}

/// An example of RFC 9901, without its line breaks.
fn example(name: &str) -> String {
    let examples: Value = serde_json::from_str(include_str!("rfc_9901_8.json")).unwrap();
    examples[name].to_string()
}

/// The points of the issuer's keys in the examples: that of RFC 9901 A.5, and a second, which only the source of the
/// standard tells.
const ISSUERS: [[&str; 2]; 2] = [
    ["b28d4MwZMjw8-00CG4xfnn9SLMVMM19SlqZpVb_uNtQ", "Xv5zWwuoaTgdS6hV43yI6gBwTnjukmFQQnJ_kCxzqk8"],
    ["bN-hp3IN0GZB3OlaQnHDPhY4nZsZbQyo4wY-y1NWCvA", "vaSsH5jt9zt3aQvTvrSaFYLyjPG9Ug-2vntoNXlCbVU"],
];

fn named([x, y]: [&str; 2], kid: &str) -> VerifyingKey {
    let jwk = json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": kid });
    VerifyingKey::from_jwk(&Jwk::parse(jwk.to_string().as_bytes()).unwrap()).unwrap()
}

fn verifier_of_the_standard(keys: impl TrustedKeys) -> Builder<WantsBinding> {
    verifier(keys).typ(Type::new("example+sd-jwt").unwrap()).issuer("https://issuer.example.com")
}

const VERIFIER: &str = "https://verifier.example.org";
/// When the holder of the standard has bound what they show.
const SHOWN: u64 = 1_748_537_244;

#[test]
fn the_flattened_examples_of_the_standard_are_read() {
    let held = Held::parse_json(&example("issued")).unwrap();
    let concealed: Vec<&str> = held.disclosures().iter().map(Disclosure::path).collect();
    assert_eq!(concealed, ["/sub", "/given_name", "/family_name", "/birthdate"]);
    assert_eq!(held.claims()["birthdate"], "1940-01-01");
    let anybody = verifier_of_the_standard(named(ISSUERS[0], "town")).without_binding();
    assert_eq!(anybody.verify_json(&example("issued"), SHOWN).unwrap_err(), Error::Bound);
    let anybody = anybody.accepting_unproven();
    assert_eq!(anybody.verify_json(&example("issued"), SHOWN).unwrap().claims()["sub"], "john_doe_42");
    let refused = anybody.verify_json(&example("bound"), SHOWN).unwrap_err();
    assert_eq!(refused, Error::KeyBinding { flaw: "nobody asked for it" });

    let bar = verifier_of_the_standard(named(ISSUERS[0], "town")).bound_to(VERIFIER);
    let seen = bar.verify_json(&example("bound"), "1234567890", SHOWN).unwrap();
    assert_eq!(
        (&seen.claims()["given_name"], &seen.claims()["family_name"]),
        (&json!("John"), &json!("Doe"))
    );
    assert!(!seen.claims().contains_key("sub"));
    let refused = bar.verify_json(&example("issued"), "1234567890", SHOWN).unwrap_err();
    assert_eq!(refused, Error::KeyBinding { flaw: "it is missing" });
}

#[test]
fn the_general_example_of_the_standard_is_bound_with_its_first_signature() {
    let general = example("general");
    let verify = |document: &str, key, kid| {
        let bar = verifier_of_the_standard(named(key, kid)).bound_to(VERIFIER);
        bar.verify_json(document, "1234567890", SHOWN).map(|seen| seen.claims()["family_name"].clone())
    };
    // Whichever of the two is trusted, under its own name.
    let [one, two] = ISSUERS;
    assert_eq!(verify(&general, one, "issuer-key-1"), Ok(json!("Doe")));
    assert_eq!(verify(&general, two, "issuer-key-2"), Ok(json!("Doe")));
    assert_eq!(verify(&general, one, "issuer-key-2"), Err(Error::Signature));
    assert_eq!(verify(&general, one, "issuer-key-3"), Err(Error::SignerMissing));
    // With the other signature first, the same proof is for something else.
    let mut document = read(&general);
    let list = document["signatures"].as_array_mut().unwrap();
    for member in ["protected", "signature"] {
        let [first, second] = [0, 1].map(|at: usize| list[at][member].take());
        (list[0][member], list[1][member]) = (second, first);
    }
    (list[0]["header"]["kid"], list[1]["header"]["kid"]) = ("issuer-key-2".into(), "issuer-key-1".into());
    let other = Err(Error::KeyBinding { flaw: "it was made for another set of disclosures" });
    assert_eq!(verify(&document.to_string(), one, "issuer-key-1"), other);
    assert_eq!(verify(&document.to_string(), two, "issuer-key-2"), other);
}

#[test]
fn a_key_may_be_named_where_nothing_protects_its_name() {
    let july = SigningKey::generate(Algorithm::Es256).unwrap().verifying_key();
    let set = KeySet::new([july.clone(), named(ISSUERS[0], "june")]).unwrap();
    let verifier = verifier_of_the_standard(set).without_binding().accepting_unproven();
    let mut document = read(&example("issued"));
    assert_eq!(verifier.verify_json(&document.to_string(), SHOWN).unwrap_err(), Error::KeyUnnamed);
    document["header"]["kid"] = "june".into();
    assert!(verifier.verify_json(&document.to_string(), SHOWN).is_ok());
    document["header"]["kid"] = july.key_id().as_str().into();
    assert_eq!(verifier.verify_json(&document.to_string(), SHOWN).unwrap_err(), Error::Signature);
    document["header"]["kid"] = "may".into();
    assert_eq!(verifier.verify_json(&document.to_string(), SHOWN).unwrap_err(), Error::UnknownKey);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn both_forms_hold_the_same_and_are_judged_alike(
        claims in any_claims(),
        chosen in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        shown in any::<u8>(),
        place in any::<prop::sample::Index>(),
        letter in "[A-Za-z0-9_.~-]",
    ) {
        let mut all = Vec::new();
        paths(&claims, "", &mut all);
        let mut issued = Claims::new(&claims).unwrap();
        for at in chosen {
            // Some cannot be concealed.
            issued.conceal(&all[at.index(all.len())]).ok();
        }
        issued.bind_to(&holder().verifying_key()).unwrap();
        let held = Held::parse(&issued.sign(es256(), Type::CREDENTIAL).unwrap()).unwrap();
        let known: Vec<&str> = held.disclosures().iter().map(Disclosure::path).collect();
        let some = |one: &Disclosure| {
            known.iter().position(|path| *path == one.path()).is_some_and(|at| shown >> (at % 8) & 1 == 1)
        };

        let (compact, document) = (held.present(some).unbound(), held.present(some).in_json().unbound());
        prop_assert_eq!(read(&document), by_hand(&compact).unwrap());
        let again = Held::parse_json(&document).unwrap();
        prop_assert_eq!(again.present(|_| true).unbound(), compact.as_str());
        prop_assert_eq!(again.present(|_| true).in_json().unbound(), document.as_str());
        let seen = unbound().verify(&compact, NOW).unwrap();
        prop_assert_eq!(&*unbound().verify_json(&document, NOW).unwrap(), &*seen);
        prop_assert_eq!(again.claims(), seen.claims());

        let compact = held.present(some).bound(holder(), AUDIENCE, NONCE, NOW).unwrap();
        let document = held.present(some).in_json().bound(holder(), AUDIENCE, NONCE, NOW).unwrap();
        prop_assert_eq!(read(&document), by_hand(&compact).unwrap());
        let seen = bound().verify(&compact, NONCE, NOW).unwrap();
        prop_assert_eq!(&*bound().verify_json(&document, NONCE, NOW).unwrap(), &*seen);
        let (before, behind) = compact.split_at(place.index(compact.len()));
        let bent = format!("{before}{letter}{}", behind.split_at(1).1);
        let good = bound().verify(&bent, NONCE, NOW).is_ok();
        prop_assert_eq!(good, bent == compact);
        if let Some(document) = by_hand(&bent) {
            prop_assert_eq!(bound().verify_json(&document.to_string(), NONCE, NOW).is_ok(), good);
        }
    }
}
