//! Documents in JSON that are almost right.
//!
//! RFC 9901 8: whatever stands in two places, in the wrong place, or in a form that nobody asked for.

use serde_json::{Value, json};

use super::in_json::by_hand;
use super::tests::{NONCE, bound, claims, credential, holder, strictly_unbound, unbound};
use super::*;
use crate::algorithm::{Algorithm, Hash};
use crate::base64;
use crate::error::Error;
use crate::fixtures::{AUDIENCE, ISSUER, NOW, es256, forge};
use crate::json::Flaw;
use crate::jws::{CritFlaw, Trusted};
use crate::jwt::{self, IdClaims};
use crate::key::{KeySet, Signer, SigningKey};

/// Everything, to anybody.
fn shown() -> Value {
    by_hand(&credential()).unwrap()
}

/// Everything, to the verifier that asks for a binding.
fn shown_and_bound() -> Value {
    let held = Held::parse(&credential()).unwrap();
    by_hand(&held.present(|_| true).bound(holder(), AUDIENCE, NONCE, NOW).unwrap()).unwrap()
}

fn said(document: &Value) -> Result<(), Error> {
    said_of(&document.to_string())
}

fn said_of(document: &str) -> Result<(), Error> {
    let said = unbound().verify_json(document, NOW).map(|_| ());
    // What a verifier refuses for its form, a holder does not take either.
    if matches!(said, Err(Error::Document { .. } | Error::Json { .. } | Error::Critical)) {
        assert_eq!(Held::parse_json(document).map(|_| ()), said, "{document}");
    }
    said
}

fn said_when_bound(document: &Value) -> Result<(), Error> {
    bound().verify_json(&document.to_string(), NONCE, NOW).map(|_| ())
}

/// The general form, with more signatures behind the one that is there.
fn general(mut document: Value, others: &[Value]) -> Value {
    let members = document.as_object_mut().unwrap();
    let first =
        ["protected", "signature", "header"].map(|name| (name.to_owned(), members.remove(name).unwrap()));
    let first = Value::Object(first.into_iter().collect());
    members.insert("signatures".to_owned(), [&[first], others].concat().into());
    document
}

/// A signature over the payload of a document, under a header.
fn signature(key: &SigningKey, header: &str, document: &Value) -> Value {
    let payload = base64::decode(document["payload"].as_str().unwrap()).unwrap();
    let token = forge(key, header, core::str::from_utf8(&payload).unwrap());
    let parts: Vec<&str> = token.split('.').collect();
    json!({ "protected": parts[0], "signature": parts[2] })
}

fn header(key: &SigningKey, typ: &str) -> String {
    json!({ "alg": key.algorithm().name(), "typ": typ, "kid": key.key_id().as_str() }).to_string()
}

/// A document with these disclosures whose header says more than it should.
fn under(more: Value) -> Value {
    let mut header: Value = serde_json::from_str(&header(es256(), "dc+sd-jwt")).unwrap();
    header.as_object_mut().unwrap().append(&mut more.as_object().unwrap().clone());
    let mut document = shown();
    let signature = signature(es256(), &header.to_string(), &document);
    document["protected"] = signature["protected"].clone();
    document["signature"] = signature["signature"].clone();
    document
}

const fn misplaced(member: &'static str) -> Result<(), Error> {
    Err(Error::Document { member })
}

#[test]
fn a_form_that_nobody_asked_for_is_refused() {
    let (compact, document) = (credential(), shown().to_string());
    assert_eq!(said_of(&document), Ok(()));
    assert!(unbound().verify(&compact, NOW).is_ok());
    let no_compact = Error::Disclosure { flaw: "it has no `~`, so it is no SD-JWT" };
    assert_eq!(unbound().verify(&document, NOW).unwrap_err(), no_compact);
    assert_eq!(Held::parse(&document).unwrap_err(), no_compact);
    assert_eq!(bound().verify(&shown_and_bound().to_string(), NONCE, NOW).unwrap_err(), no_compact);
    // Also where a member that means nothing has tildes and dots.
    for tail in ["~", "~~", "a.b~", "~x.y.z"] {
        let mut document = shown();
        document["note"] = tail.into();
        assert_eq!(said(&document), Ok(()));
        assert!(unbound().verify(&document.to_string(), NOW).is_err());
        assert!(Held::parse(&document.to_string()).is_err());
    }
    let no_document = Error::Json { part: "signed document", flaw: Flaw::NotAnObject };
    assert_eq!(unbound().verify_json(&compact, NOW).unwrap_err(), no_document);
    assert_eq!(Held::parse_json(&compact).unwrap_err(), no_document);
    let jwt = jwt::verifier::<IdClaims>(es256().verifying_key()).issuer(ISSUER).audience(AUDIENCE);
    assert!(jwt.verify(&document, NOW).is_err());
}

#[test]
fn a_member_that_occurs_twice_is_refused() {
    let document = shown().to_string();
    let twice = Err(Error::Json { part: "signed document", flaw: Flaw::Duplicate });
    for (once, again) in [
        (r#""header":{"#, r#""header":{"kid":"x"},"header":{"#),
        (r#""disclosures":["#, r#""disclosures":[],"disclosures":["#),
        (r#""disclosures":["#, r#""\u0064isclosures":[],"disclosures":["#),
        (r#""payload":"#, r#""payload":"e30","payload":"#),
    ] {
        let bent = document.replacen(once, again, 1);
        assert_ne!(bent, document);
        assert_eq!(said_of(&bent), twice, "{again}");
    }
    let document = shown_and_bound().to_string();
    let bent = document.replacen(r#""kb_jwt":"#, r#""kb_jwt":"a.b.c","kb_jwt":"#, 1);
    assert_ne!(bent, document);
    assert_eq!(bound().verify_json(&bent, NONCE, NOW).map(|_| ()), twice);
}

#[test]
fn what_is_shown_stands_in_the_first_unprotected_header_and_nowhere_else() {
    let good = shown();
    let list = good["header"]["disclosures"].clone();
    let proof = shown_and_bound()["header"]["kb_jwt"].clone();
    for (member, value) in [("disclosures", &list), ("kb_jwt", &proof), ("disclosures", &json!([]))] {
        // Where drafts of the standard had it.
        let mut document = good.clone();
        document[member] = value.clone();
        assert_eq!(said(&document), misplaced(member));
        let mut document = general(good.clone(), &[]);
        document[member] = value.clone();
        assert_eq!(said(&document), misplaced(member));
        // In the header of a later signature, whoever made that.
        let stranger = SigningKey::generate(Algorithm::Ed25519).unwrap();
        for key in [es256(), &stranger] {
            let mut other = signature(key, &header(key, "dc+sd-jwt"), &good);
            assert_eq!(said(&general(good.clone(), &[other.clone()])), Ok(()));
            other["header"] = json!({ member: value });
            assert_eq!(said(&general(good.clone(), &[other])), misplaced(member));
        }
        // In the protected header: beside the other one, or instead of it, of any signature.
        let mut document = under(json!({ member: value }));
        if member == "disclosures" {
            assert_eq!(said(&document), Err(Error::Json { part: "header", flaw: Flaw::Duplicate }));
        }
        document["header"] = json!({ "kid2": "x" });
        assert_eq!(said(&document), misplaced(member));
        document.as_object_mut().unwrap().remove("header");
        assert_eq!(said(&document), misplaced(member));
        let protected = json!({ "alg": "EdDSA", member: value }).to_string();
        let other = signature(&stranger, &protected, &good);
        assert_eq!(said(&general(good.clone(), &[other])), misplaced(member));
    }
}

#[test]
fn what_is_no_list_of_disclosures_is_refused() {
    let with = |list: Value| {
        let mut document = shown();
        document["header"]["disclosures"] = list;
        said(&document)
    };
    let good = shown()["header"]["disclosures"].as_array().unwrap().clone();
    let one = good[0].as_str().unwrap().to_owned();
    for list in [json!(null), json!(one), json!({ "0": one }), json!([1]), json!([[one]]), json!([null])] {
        assert_eq!(with(list.clone()), misplaced("disclosures"), "{list}");
    }
    // Nothing is cut at a tilde, and nothing is decoded twice.
    for text in
        [format!("{one}~"), format!("~{one}"), format!("{one}~{one}"), format!("{one}="), format!("{one} ")]
    {
        assert_eq!(with(json!([text])), Err(Error::Base64 { part: "disclosure" }), "{text}");
    }
    assert_eq!(with(json!([""])), Err(Error::Json { part: "disclosure", flaw: Flaw::Unexpected }));
    let again = [&good[..], &good[..1]].concat();
    assert_eq!(with(again.into()), Err(Error::Disclosure { flaw: "a disclosure occurs twice" }));
    let added = [&good[..], &[Value::from(base64::encode(r#"["s","admin",true]"#))]].concat();
    let nothing = "a disclosure belongs to nothing that was signed";
    assert_eq!(with(added.into()), Err(Error::Disclosure { flaw: nothing }));
    let many = vec![one; MAX_DISCLOSURES + 1];
    assert_eq!(with(many.clone().into()), Err(Error::Disclosure { flaw: "it has too many disclosures" }));
    assert_eq!(with(many[1..].into()), Err(Error::Disclosure { flaw: "a disclosure occurs twice" }));
    // Without a list nothing is shown.
    let mut document = shown();
    document.as_object_mut().unwrap().remove("header");
    assert_eq!(said(&document), Ok(()));
    assert!(!unbound().verify_json(&document.to_string(), NOW).unwrap().claims().contains_key("name"));
}

#[test]
fn a_proof_in_a_document_is_for_one_verifier_one_nonce_and_one_set_of_disclosures() {
    let good = shown_and_bound();
    assert_eq!(said_when_bound(&good), Ok(()));
    let refused = |flaw| Err(Error::KeyBinding { flaw });
    let verify = |audience: &str, nonce| {
        let verifier =
            verifier(es256().verifying_key()).typ(Type::CREDENTIAL).issuer(ISSUER).bound_to(audience);
        verifier.verify_json(&good.to_string(), nonce, NOW).map(|_| ())
    };
    assert_eq!(verify(AUDIENCE, "n-2"), refused("it has another nonce"));
    assert_eq!(verify("https://cafe.example", NONCE), refused("it was made for another verifier"));
    // Shown where nobody asked for a proof, and the other way round.
    assert_eq!(said(&good), refused("nobody asked for it"));
    assert_eq!(
        strictly_unbound().verify_json(&good.to_string(), NOW).map(|_| ()),
        refused("nobody asked for it")
    );
    assert_eq!(said_when_bound(&shown()), refused("it is missing"));
    assert_eq!(
        Held::parse_json(&good.to_string()).map(|_| ()),
        refused("it was made for a verifier already")
    );
    let mut document = shown();
    document["header"]["kb_jwt"] = "".into();
    assert_eq!(said(&document), refused("nobody asked for it"));
    assert_eq!(said_when_bound(&document), Err(Error::Shape));
    for none in [json!(null), json!([good["header"]["kb_jwt"]]), json!({}), json!(true)] {
        document["header"]["kb_jwt"] = none;
        assert_eq!(said(&document), misplaced("kb_jwt"));
        assert_eq!(said_when_bound(&document), misplaced("kb_jwt"));
    }
    // Less, more, or the same in another order.
    let other = refused("it was made for another set of disclosures");
    let changed = |change: fn(&mut Vec<Value>)| {
        let mut document = good.clone();
        change(document["header"]["disclosures"].as_array_mut().unwrap());
        said_when_bound(&document)
    };
    assert_eq!(changed(|list| *list = list.split_off(list.len() - 1)), other);
    assert_eq!(changed(Vec::clear), other);
    assert_eq!(changed(|list| list.reverse()), other);
    // Over the JSON, as some libraries have it.
    let mut document = shown();
    let proof = binding::sign(holder(), &document.to_string(), AUDIENCE, NONCE, NOW, Hash::Sha256).unwrap();
    document["header"]["kb_jwt"] = proof.into();
    assert_eq!(said_when_bound(&document), other);
}

#[test]
fn a_document_may_demand_nothing() {
    for more in [
        json!({ "crit": ["b64"], "b64": false }),
        json!({ "crit": ["b64"], "b64": true }),
        json!({ "crit": ["x"], "x": 1 }),
        json!({ "crit": [] }),
    ] {
        assert_eq!(said(&under(more.clone())), Err(Error::Critical), "{more}");
        // Nor in a signature that is somebody else's.
        let mut protected = json!({ "alg": "EdDSA" });
        protected.as_object_mut().unwrap().append(&mut more.as_object().unwrap().clone());
        let stranger = SigningKey::generate(Algorithm::Ed25519).unwrap();
        let other = signature(&stranger, &protected.to_string(), &shown());
        assert_eq!(said(&general(shown(), &[other])), Err(Error::Critical), "{more}");
    }
    let unlisted = Err(Error::CriticalList { flaw: CritFlaw::Unlisted });
    assert_eq!(said(&under(json!({ "b64": false }))), unlisted);
    // The payload as it is, and signed so.
    let mut document = under(json!({ "crit": ["b64"], "b64": false }));
    let payload = base64::decode(document["payload"].as_str().unwrap()).unwrap();
    let payload = String::from_utf8(payload).unwrap();
    let input = format!("{}.{payload}", document["protected"].as_str().unwrap());
    document["signature"] = base64::encode(es256().sign(input.as_bytes()).unwrap()).into();
    document["payload"] = payload.into();
    assert_eq!(said(&document), Err(Error::Critical));
    for (member, value) in [("alg", json!("ES256")), ("crit", json!(["b64"])), ("b64", json!(false))] {
        let mut document = shown();
        document["header"][member] = value;
        assert_eq!(said(&document), Err(Error::Unprotected { member }));
    }
}

#[test]
fn of_several_signatures_a_trusted_one_must_be_good_and_none_may_lie() {
    let stranger = SigningKey::generate(Algorithm::Es256).unwrap();
    let good = shown();
    let by = |key: &SigningKey, name: &SigningKey| signature(key, &header(name, "dc+sd-jwt"), &good);
    let ours = json!({ "protected": good["protected"], "signature": good["signature"] });
    let theirs = by(&stranger, &stranger);
    let with = |signatures: [&Value; 2]| {
        let mut signatures = signatures.map(Clone::clone);
        signatures[0]["header"] = good["header"].clone();
        said(&json!({ "payload": good["payload"], "signatures": signatures }))
    };
    assert_eq!(with([&ours, &theirs]), Ok(()));
    assert_eq!(with([&theirs, &ours]), Ok(()));
    assert_eq!(with([&ours, &ours]), Ok(()));
    assert_eq!(with([&theirs, &theirs]), Err(Error::SignerMissing));
    // One that says it is ours and is not.
    let lie = by(&stranger, es256());
    for signatures in [[&ours, &lie], [&lie, &ours], [&theirs, &lie]] {
        assert_eq!(with(signatures), Err(Error::Signature));
    }
    // A good one of ours, but for something else than a credential.
    let other = signature(es256(), &header(es256(), "JWT"), &good);
    let typ = Err(Error::Type { expected: "dc+sd-jwt" });
    assert_eq!(with([&ours, &other]), typ);
    assert_eq!(with([&other, &theirs]), typ);
    // A stranger's type says nothing.
    let untyped = signature(&stranger, &header(&stranger, "JWT"), &good);
    assert_eq!(with([&untyped, &ours]), Ok(()));
    // Of two keys that are trusted one is enough, and the other may not lie either.
    let next = SigningKey::generate(Algorithm::Es256).unwrap();
    let set: Trusted = KeySet::new([es256().verifying_key(), next.verifying_key()]).unwrap().into();
    let verifier = verifier(set).typ(Type::CREDENTIAL).issuer(ISSUER).without_binding().accepting_unproven();
    let verify = |others: &[Value]| verifier.verify_json(&general(good.clone(), others).to_string(), NOW);
    assert!(verify(&[]).is_ok() && verify(&[by(&next, &next)]).is_ok());
    assert_eq!(verify(&[by(&stranger, &next)]).unwrap_err(), Error::Signature);
}

#[test]
fn a_document_of_another_shape_is_refused() {
    let change = |change: fn(&mut serde_json::Map<String, Value>)| {
        let mut document = shown();
        change(document.as_object_mut().unwrap());
        said(&document)
    };
    for member in ["payload", "protected", "signature"] {
        let mut document = shown();
        document.as_object_mut().unwrap().remove(member);
        assert_eq!(said(&document), misplaced(member));
    }
    assert_eq!(
        change(|members| drop(members.insert("signatures".into(), json!([])))),
        misplaced("protected")
    );
    assert_eq!(change(|members| drop(members.insert("header".into(), json!({})))), misplaced("header"));
    assert_eq!(
        change(|members| drop(members.insert("ciphertext".into(), json!("x")))),
        misplaced("ciphertext")
    );
    assert_eq!(said(&json!({ "payload": shown()["payload"], "signatures": [] })), misplaced("signatures"));
    let mut none = under(json!({}));
    assert_eq!(said(&none), Ok(()));
    none["protected"] = base64::encode(r#"{"alg":"none","typ":"dc+sd-jwt"}"#).into();
    none["signature"] = "".into();
    assert_eq!(said(&none), Err(Error::AlgorithmNone));
}

#[test]
fn a_header_that_leaves_no_room_for_a_proof_is_not_held() {
    let with = |members: usize| {
        let mut document = shown();
        let header = document["header"].as_object_mut().unwrap();
        (0..members).for_each(|at| drop(header.insert(at.to_string(), json!(at))));
        document.to_string()
    };
    assert_eq!(said_of(&with(254)), Ok(()));
    let held = Held::parse_json(&with(254)).unwrap();
    let text = held.present(|_| true).in_json().bound(holder(), AUDIENCE, NONCE, NOW).unwrap();
    assert!(bound().verify_json(&text, NONCE, NOW).is_ok());
    let refused = Held::parse_json(&with(255)).unwrap_err();
    assert_eq!(refused, Error::Json { part: "header", flaw: Flaw::TooMany });
}

#[test]
fn every_changed_character_of_a_document_is_found() {
    let held = Held::parse(&credential()).unwrap();
    let one = |each: &Disclosure| each.path() == "/name";
    let text = held.present(one).in_json().bound(holder(), AUDIENCE, NONCE, NOW).unwrap();
    assert!(bound().verify_json(&text, NONCE, NOW).is_ok());
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let bent = String::from_utf8(bytes).unwrap();
        assert!(bound().verify_json(&bent, NONCE, NOW).is_err(), "{at}");
    }
    for (cut, _) in text.char_indices() {
        assert!(bound().verify_json(text.split_at(cut).0, NONCE, NOW).is_err(), "{cut}");
    }
}

#[test]
fn a_credential_that_could_end_the_text_that_it_stands_in_is_not_held() {
    // Whoever shows it writes it into JSON as it came.
    let compact = claims().sign(es256(), Type::CREDENTIAL).unwrap();
    let (token, disclosures) = compact.split_once('~').unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    for (header, signature) in [(r#"","kb_jwt":"x"#, parts[2]), (parts[0], r#"","header":{},"x":""#)] {
        let bent = format!("{header}.{}.{signature}~{disclosures}", parts[1]);
        assert!(matches!(Held::parse(&bent).unwrap_err(), Error::Base64 { .. }), "{bent}");
    }
}
