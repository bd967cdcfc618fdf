//! What a holder is given, and what they make of it.
//!
//! RFC 9901 7.2: everything that cannot be placed in one way is refused before it is shown to anybody.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::tests::{NONCE, bound, claims, credential, holder, unbound};
use super::*;
use crate::algorithm::Hash;
use crate::backend;
use crate::base64;
use crate::error::{Error, Fault};
use crate::fixtures::{AUDIENCE, ISSUER, NOW, es256};
use crate::json::Flaw;
use crate::jws;

/// A credential with this payload, signed, and these disclosures beside it.
fn given(payload: &str, disclosures: &[&str]) -> String {
    let token = jws::sign(es256(), Some("dc+sd-jwt"), payload.as_bytes()).unwrap();
    [&[token.as_str()], disclosures, &[""]].concat().join("~")
}

/// A disclosure of any JSON and its digest by a hash.
fn disclosure(json: &str, hash: Hash) -> (String, String) {
    let text = base64::encode(json);
    let digest = base64::encode(backend::digest(hash, text.as_bytes()));
    (text, digest)
}

fn refused(credential: &str) -> Error {
    Held::parse(credential).unwrap_err()
}

fn flaw(credential: &str) -> &'static str {
    match refused(credential) {
        Error::Disclosure { flaw } => flaw,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_no_sd_jwt_is_told_apart_by_what_it_lacks() {
    let token = jws::sign(es256(), Some("dc+sd-jwt"), b"{}").unwrap();
    assert_eq!(flaw(""), "it has no `~`, so it is no SD-JWT");
    assert_eq!(flaw(&token), "it has no `~`, so it is no SD-JWT");
    assert_eq!(refused("~"), Error::Shape);
    assert_eq!(refused("a.b~"), Error::Shape);
    assert_eq!(refused(".b.c~"), Error::Shape);
    assert_eq!(refused("a.b.c.d.e~"), Error::Mistaken { expected: "signed", found: "encrypted" });
    assert_eq!(refused("a.b*.c~"), Error::Base64 { part: "payload" });
    assert_eq!(
        refused(&format!("{token}~x")),
        Error::KeyBinding { flaw: "it was made for a verifier already" }
    );
    assert!(Held::parse(&format!("{token}~")).is_ok());
}

#[test]
fn an_empty_disclosure_is_none() {
    let token = jws::sign(es256(), Some("dc+sd-jwt"), b"{}").unwrap();
    let refused = refused(&format!("{token}~~"));
    assert_eq!(refused, Error::Json { part: "disclosure", flaw: Flaw::Unexpected });
}

#[test]
fn claims_that_can_be_read_in_two_ways_are_nobodys() {
    for (payload, flaw) in [
        (r#"{"a":1,"a":2}"#, Flaw::Duplicate),
        (r#"{"_sd":["x"],"\u005fsd":["y"]}"#, Flaw::Duplicate),
        (r#"{"a":1}x"#, Flaw::Trailing),
        (r#"[{"a":1}]"#, Flaw::NotAnObject),
        ("7", Flaw::NotAnObject),
        ("", Flaw::Ends),
        (r#"{"a":[[[[[[[[1]]]]]]]]}"#, Flaw::TooDeep),
    ] {
        let json = Error::Json { part: "claims", flaw };
        assert_eq!(refused(&given(payload, &[])), json, "{payload}");
    }
}

#[test]
fn a_holder_believes_no_digest_that_occurs_twice_and_no_disclosure_of_nothing() {
    let (name, digest) = disclosure(r#"["s","name","Ana"]"#, Hash::Sha256);
    let with = |claims: Value, disclosures: &[&str]| given(&claims.to_string(), disclosures);
    let once = json!({ "_sd": [digest] });
    assert!(Held::parse(&with(once.clone(), &[&name])).is_ok());
    assert_eq!(flaw(&with(once.clone(), &[&name, &name])), "a disclosure occurs twice");
    let nothing = "a disclosure belongs to nothing that was signed";
    assert_eq!(flaw(&with(json!({}), &[&name])), nothing);
    // The digest of another hash than the one that is named.
    assert_eq!(flaw(&with(json!({ "_sd": [digest], "_sd_alg": "sha-512" }), &[&name])), nothing);
    assert_eq!(flaw(&with(json!({ "_sd": [digest, digest] }), &[&name])), "a digest occurs twice");
    assert_eq!(
        flaw(&with(json!({ "_sd": [digest], "name": "Eve" }), &[&name])),
        "a disclosed claim is there already"
    );
    assert_eq!(flaw(&with(json!({ "_sd_alg": "md5" }), &[])), "`_sd_alg` names no hash that is known");
    // An item where a member belongs, and a member where an item does.
    let (item, place) = disclosure(r#"["s","Ana"]"#, Hash::Sha256);
    assert_eq!(flaw(&with(json!({ "_sd": [place] }), &[&item])), "an item of an array stands in an object");
    let array = json!({ "a": [{ "...": digest }] });
    assert_eq!(flaw(&with(array, &[&name])), "a member of an object stands in an array");
    // Of 256 disclosures each may be something; of more none is looked at.
    assert_eq!(
        flaw(&with(json!({}), &vec![name.as_str(); MAX_DISCLOSURES + 1])),
        "it has too many disclosures"
    );
    assert_eq!(flaw(&with(json!({}), &vec![name.as_str(); MAX_DISCLOSURES])), "a disclosure occurs twice");
    let long = "A".repeat(MAX_PRESENTATION);
    assert_eq!(refused(&with(json!({}), &[&long])), Error::TooLarge { limit: MAX_PRESENTATION });
}

#[test]
fn digests_of_every_known_hash_are_found_and_bound_by_the_same() {
    for (alg, hash) in [("sha-256", Hash::Sha256), ("sha-384", Hash::Sha384), ("sha-512", Hash::Sha512)] {
        let (name, digest) = disclosure(r#"["s","name","Ana"]"#, hash);
        let cnf = json!({ "jwk": holder().verifying_key().to_bare_jwk() });
        let claims = json!({ "iss": ISSUER, "_sd": [digest], "_sd_alg": alg, "cnf": cnf });
        let held = Held::parse(&given(&claims.to_string(), &[&name])).unwrap();
        assert_eq!(held.claims()["name"], "Ana", "{alg}");
        assert!(!held.claims().contains_key("_sd_alg"));
        let shown = held.present(|_| true).bound(holder(), AUDIENCE, NONCE, NOW).unwrap();
        assert_eq!(bound().verify(&shown, NONCE, NOW).unwrap().claims()["name"], "Ana", "{alg}");
    }
}

#[test]
fn a_disclosure_of_an_object_that_conceals_more_is_shown_with_and_without_it() {
    let (inner, inside) = disclosure(r#"["s","street","Rua 1"]"#, Hash::Sha256);
    let outer = format!(r#"["s","address",{{"_sd":["{inside}"],"town":"Porto"}}]"#);
    let (outer, digest) = disclosure(&outer, Hash::Sha256);
    let claims = json!({ "iss": ISSUER, "_sd": [digest] }).to_string();
    // In whatever order they came.
    for disclosures in [[inner.as_str(), outer.as_str()], [outer.as_str(), inner.as_str()]] {
        let held = Held::parse(&given(&claims, &disclosures)).unwrap();
        assert_eq!(held.claims()["address"], json!({ "street": "Rua 1", "town": "Porto" }));
        let shown = |path: &str| {
            let text = held.present(|one| one.path() == path).unbound();
            unbound().verify(&text, NOW).unwrap().claims().get("address").cloned()
        };
        assert_eq!(shown("/address"), Some(json!({ "town": "Porto" })));
        assert_eq!(shown("/address/street"), Some(json!({ "street": "Rua 1", "town": "Porto" })));
        assert_eq!(shown("/street"), None);
    }
    // Without the outer one the inner one has no place.
    assert_eq!(flaw(&given(&claims, &[&inner])), "a disclosure belongs to nothing that was signed");
}

#[test]
fn what_nobody_could_read_is_not_signed() {
    // Seven deep is fine; but the list of digests is one deeper.
    let mut deep = json!({ "x": 1, "y": 2 });
    for _ in 0..7 {
        deep = json!({ "a": deep });
    }
    let mut claims = Claims::new(&deep).unwrap();
    assert!(claims.sign(es256(), Type::CREDENTIAL).is_ok());
    claims.conceal("/a/a/a/a/a/a/a/x").unwrap();
    let refused = claims.sign(es256(), Type::CREDENTIAL).unwrap_err();
    assert_eq!(refused, Fault::NotStrict { flaw: Flaw::TooDeep });
    let long = Claims::new(&json!({ "a": "x".repeat(MAX_PRESENTATION) })).unwrap();
    let limit = crate::jws::MAX_TOKEN;
    assert_eq!(long.sign(es256(), Type::CREDENTIAL).unwrap_err(), Fault::TooLong { limit });
    assert!(self::claims().sign(es256(), Type::CREDENTIAL).is_ok());
}

#[test]
fn a_holder_can_show_again_what_they_have_whole() {
    let credential = credential();
    let held = Held::parse(&credential).unwrap();
    assert_eq!(held.present(|_| true).unbound(), credential);
    assert_eq!(
        held.clone().present(|_| false).unbound(),
        format!("{}~", credential.split('~').next().unwrap())
    );
}

/// Claims with names that are awkward in a path, three deep.
pub(super) fn any_claims() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "\\PC{0,4}".prop_map(Value::from),
    ];
    let name = "[ab~/01]{0,3}";
    let inner = leaf.prop_recursive(2, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    prop::collection::btree_map(name, inner, 0..5).prop_map(|members| {
        let mut claims: serde_json::Map<String, Value> = members.into_iter().collect();
        claims.insert("iss".to_owned(), ISSUER.into());
        Value::Object(claims)
    })
}

/// The paths of everything inside.
pub(super) fn paths(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut inside = |name: &str, value: &Value| {
        let path = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
        paths(value, &path, found);
        found.push(path);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| inside(name, value)),
        Value::Array(items) => {
            (0..).zip(items).for_each(|(at, item): (u32, _)| inside(&at.to_string(), item))
        }
        _ => {}
    }
}

/// Whether everything in `less` stands in `more`, in its place or, in a list, in its order.
fn is_part(less: &Value, more: &Value) -> bool {
    match (less, more) {
        (Value::Object(less), Value::Object(more)) => {
            less.iter().all(|(name, value)| more.get(name).is_some_and(|found| is_part(value, found)))
        }
        (Value::Array(less), Value::Array(more)) => {
            let mut rest = more.iter();
            less.iter().all(|item| rest.any(|found| is_part(item, found)))
        }
        _ => less == more,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_is_issued_comes_back_whole_to_its_holder_and_in_parts_to_a_verifier(
        claims in any_claims(),
        chosen in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        shown in any::<prop::sample::Index>(),
    ) {
        let mut all = Vec::new();
        paths(&claims, "", &mut all);
        let mut concealed = Vec::new();
        let mut issued = Claims::new(&claims).unwrap();
        for at in chosen {
            let path = &all[at.index(all.len())];
            if issued.conceal(path).is_ok() {
                concealed.push(path.clone());
            }
        }
        issued.decoys("", 2).unwrap();
        let held = Held::parse(&issued.sign(es256(), Type::CREDENTIAL).unwrap()).unwrap();
        prop_assert_eq!(&Value::Object(held.claims().clone()), &claims);
        let mut known: Vec<&str> = held.disclosures().iter().map(Disclosure::path).collect();
        known.sort_unstable();
        concealed.sort_unstable();
        prop_assert_eq!(&known, &concealed);
        let nothing = unbound().verify(&held.present(|_| false).unbound(), NOW).unwrap();
        let nothing = Value::Object(nothing.claims().clone());
        prop_assert!(is_part(&nothing, &claims), "{} of {}", nothing, claims);
        if !known.is_empty() {
            let one = known[shown.index(known.len())];
            let seen = unbound().verify(&held.present(|each| each.path() == one).unbound(), NOW).unwrap();
            let seen = Value::Object(seen.claims().clone());
            prop_assert!(is_part(&seen, &claims) && is_part(&nothing, &seen), "{} of {}", seen, claims);
        }
    }
}
