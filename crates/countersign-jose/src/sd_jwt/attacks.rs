//! Presentations that are almost right.
//!
//! RFC 9901 7.1, 7.3 and 9: each step that says "reject" has its case.

use serde_json::{Value, json};

use super::tests::{NONCE, bound, credential, holder, strictly_unbound, unbound};
use super::*;
use crate::algorithm::{Algorithm, Hash};
use crate::base64;
use crate::error::Error;
use crate::fixtures::{AUDIENCE, ISSUER, NOW, brief, es256, faulty, id};
use crate::json::Flaw;
use crate::jws;
use crate::jwt::{self, IdClaims};
use crate::key::SigningKey;

/// A disclosure of any JSON, and its digest.
fn disclosure(json: &str) -> (String, String) {
    let text = base64::encode(json);
    let digest = base64::encode(crate::backend::digest(Hash::Sha256, text.as_bytes()));
    (text, digest)
}

/// A credential with these claims, honestly signed, and these disclosures beside it.
fn told(mut claims: Value, disclosures: &[&str]) -> Result<(), Error> {
    claims["iss"] = ISSUER.into();
    told_raw(&claims.to_string(), disclosures)
}

fn told_raw(claims: &str, disclosures: &[&str]) -> Result<(), Error> {
    let token = jws::sign(es256(), Some("dc+sd-jwt"), claims.as_bytes()).unwrap();
    let text = [&[token.as_str()], disclosures, &[""]].concat().join("~");
    unbound().verify(&text, NOW).map(drop).map_err(brief)
}

fn flaw(answer: Result<(), Error>) -> &'static str {
    match answer {
        Err(Error::Disclosure { flaw }) => flaw,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_disclosure_that_was_not_signed_is_refused() {
    let (text, digest) = disclosure(r#"["s","admin",true]"#);
    assert_eq!(told(json!({ "_sd": [digest] }), &[&text]), Ok(()));
    assert_eq!(flaw(told(json!({}), &[&text])), "a disclosure belongs to nothing that was signed");
    let (other, _) = disclosure(r#"["t","admin",true]"#);
    assert_eq!(
        flaw(told(json!({ "_sd": [digest] }), &[&other])),
        "a disclosure belongs to nothing that was signed"
    );
    // The digest as a claim's value is no digest.
    assert!(told(json!({ "note": digest }), &[&text]).is_err());
}

#[test]
fn a_digest_or_a_disclosure_that_occurs_twice_is_refused() {
    let (text, digest) = disclosure(r#"["s","name","Ana"]"#);
    let twice = "a digest occurs twice";
    assert_eq!(flaw(told(json!({ "_sd": [digest, digest] }), &[&text])), twice);
    assert_eq!(flaw(told(json!({ "_sd": [digest], "a": { "_sd": [digest] } }), &[&text])), twice);
    let (item, place) = disclosure(r#"["s","Ana"]"#);
    assert_eq!(flaw(told(json!({ "a": [{ "...": place }, { "...": place }] }), &[&item])), twice);
    // Also where nothing is disclosed for it.
    assert_eq!(flaw(told(json!({ "_sd": ["x", "x"] }), &[])), twice);
    assert_eq!(flaw(told(json!({ "_sd": [digest] }), &[&text, &text])), "a disclosure occurs twice");
    // And inside another disclosure.
    let (outer, outer_digest) = disclosure(&format!(r#"["s","a",{{"_sd":["{digest}"]}}]"#));
    assert_eq!(flaw(told(json!({ "_sd": [digest, outer_digest] }), &[&text, &outer])), twice);
}

#[test]
fn a_disclosure_replaces_no_claim() {
    let (text, digest) = disclosure(r#"["s","name","Eve"]"#);
    let there = "a disclosed claim is there already";
    assert_eq!(flaw(told(json!({ "name": "Ana", "_sd": [digest] }), &[&text])), there);
    let (again, other) = disclosure(r#"["t","name","Eve"]"#);
    assert_eq!(flaw(told(json!({ "_sd": [digest, other] }), &[&text, &again])), there);
    let (iss, digest) = disclosure(r#"["s","iss","https://evil.example"]"#);
    assert_eq!(flaw(told(json!({ "_sd": [digest] }), &[&iss])), there);
}

#[test]
fn an_issuer_that_is_disclosed_is_no_issuer() {
    let (text, digest) = disclosure(&format!(r#"["s","iss","{ISSUER}"]"#));
    let claims = json!({ "_sd": [digest] }).to_string();
    assert_eq!(told_raw(&claims, &[&text]), Err(faulty("iss")));
}

#[test]
fn a_disclosure_of_another_shape_is_refused() {
    for json in [
        "[]",
        r#"["s"]"#,
        r#"["s","a","b","c"]"#,
        r#"[1,"a","b"]"#,
        r#"["s",1,"b"]"#,
        r#"["s","_sd",["x"]]"#,
        r#"["s","...","x"]"#,
        r#"["s","_sd_alg","x"]"#,
        r#"["s","$serde_json::private::RawValue","{}"]"#,
        r#"["s","\u0024serde_json::private::Number","1"]"#,
        r#"[null,"a"]"#,
    ] {
        let (text, digest) = disclosure(json);
        assert!(
            matches!(told(json!({ "_sd": [digest] }), &[&text]), Err(Error::Disclosure { .. })),
            "{json}"
        );
    }
    for (json, flaw) in [
        (r#"{"s":1}"#, Flaw::Unexpected),
        (r#"["s","a",{"b":1,"\u0062":2}]"#, Flaw::Duplicate),
        (r#"["s","a",1]x"#, Flaw::Trailing),
        (r#"["s","a","\ud800"]"#, Flaw::LoneSurrogate),
        (r#"["s","a",{"$serde_json::private::Number":"1"}]"#, Flaw::Private),
        ("", Flaw::Unexpected),
    ] {
        let (text, digest) = disclosure(json);
        if text.is_empty() {
            continue;
        }
        let refused = told(json!({ "_sd": [digest] }), &[&text]);
        assert_eq!(refused, Err(Error::Json { part: "disclosure", flaw }), "{json}");
    }
    for text in ["", "a b", "WyJzIl0=", "***"] {
        assert!(told(json!({}), &[text]).is_err(), "{text}");
    }
    // A member where an item belongs, and the other way round.
    let (item, digest) = disclosure(r#"["s","x"]"#);
    assert!(flaw(told(json!({ "_sd": [digest] }), &[&item])).contains("array"));
    let (member, digest) = disclosure(r#"["s","a","x"]"#);
    assert!(flaw(told(json!({ "a": [{ "...": digest }] }), &[&member])).contains("object"));
}

#[test]
fn what_resembles_a_list_of_digests_is_refused() {
    for claims in [
        json!({ "_sd": "x" }),
        json!({ "_sd": [1] }),
        json!({ "_sd": { "a": 1 } }),
        json!({ "...": "x" }),
        json!({ "a": [{ "...": 1 }] }),
        json!({ "a": [{ "...": "x", "b": 1 }] }),
        json!({ "a": { "_sd_alg": "sha-256" } }),
    ] {
        assert_eq!(flaw(told(claims, &[])), "`_sd` or `...` is not made of digests");
    }
    for alg in [json!("md5"), json!("sha-1"), json!(7), json!(null), json!("SHA-256")] {
        assert_eq!(flaw(told(json!({ "_sd_alg": alg }), &[])), "`_sd_alg` names no hash that is known");
    }
    assert_eq!(told(json!({ "_sd_alg": "sha-512", "_sd": ["x"] }), &[]), Ok(()));
}

#[test]
fn disclosures_in_disclosures_end_somewhere() {
    let (mut texts, mut digest) = (Vec::new(), String::from("end"));
    for at in 0..40 {
        let (text, next) = disclosure(&format!(r#"["{at}","a",{{"_sd":["{digest}"]}}]"#));
        texts.push(text);
        digest = next;
    }
    let all: Vec<&str> = texts.iter().map(String::as_str).collect();
    assert_eq!(flaw(told(json!({ "_sd": [digest] }), &all)), "the claims nest too deeply");
    let many = vec!["WyJzIl0"; 257];
    assert_eq!(flaw(told(json!({}), &many)), "it has too many disclosures");
    let huge = "A".repeat(MAX_PRESENTATION);
    assert_eq!(told(json!({}), &[&huge]), Err(Error::TooLarge { limit: MAX_PRESENTATION }));
}

#[test]
fn a_credential_of_another_type_issuer_or_time_is_refused() {
    let text = credential();
    let typ = Type::new("library-card+sd-jwt").unwrap();
    let other = verifier(es256().verifying_key()).typ(typ).issuer(ISSUER).without_binding();
    assert_eq!(other.verify(&text, NOW).unwrap_err(), Error::Type { expected: typ.name() });
    let other = verifier(es256().verifying_key()).typ(Type::CREDENTIAL).issuer("https://x").without_binding();
    assert_eq!(other.verify(&text, NOW).unwrap_err(), Error::Issuer);
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let other = verifier(key.verifying_key()).typ(Type::CREDENTIAL).issuer(ISSUER).without_binding();
    assert_eq!(other.verify(&text, NOW).unwrap_err(), Error::UnknownKey);
    assert_eq!(
        unbound().verify(&text, NOW + 1005).unwrap_err(),
        Error::Expired { at: NOW + 1000, claim: "exp" }
    );
    assert_eq!(unbound().verify(&text, NOW - 6).unwrap_err(), Error::Early { from: NOW, claim: "iat" });
    assert_eq!(told(json!({ "exp": "soon" }), &[]), Err(faulty("exp")));
    assert_eq!(told(json!({ "nbf": NOW + 6 }), &[]), Err(Error::Early { from: NOW + 6, claim: "nbf" }));
}

#[test]
fn a_credential_for_somebody_else_is_refused() {
    let show = |aud: Value| {
        let mut claims = Claims::new(&json!({ "iss": ISSUER, "aud": aud })).unwrap();
        claims.bind_to(&holder().verifying_key()).unwrap();
        let held = Held::parse(&claims.sign(es256(), Type::CREDENTIAL).unwrap()).unwrap();
        let text = held.present(|_| true).bound(holder(), AUDIENCE, NONCE, NOW).unwrap();
        bound().verify(&text, NONCE, NOW).map(drop).map_err(brief)
    };
    assert_eq!(show(json!(AUDIENCE)), Ok(()));
    assert_eq!(show(json!(["x", AUDIENCE])), Ok(()));
    for other in [json!("x"), json!(["x"]), json!([])] {
        assert_eq!(show(other), Err(Error::Audience));
    }
    for malformed in [json!(null), json!(7), json!([AUDIENCE, 7]), json!({ "x": AUDIENCE })] {
        assert_eq!(show(malformed), Err(faulty("aud")));
    }
    // Whoever asks for no binding has no name that could be meant.
    assert_eq!(told(json!({ "aud": AUDIENCE }), &[]), Err(Error::Audience));
}

#[test]
fn a_bound_credential_that_anybody_shows_is_refused_unless_that_was_decided() {
    let copied = Held::parse(&credential()).unwrap().present(|_| true).unbound();
    assert_eq!(strictly_unbound().verify(&copied, NOW).unwrap_err(), Error::Bound);
    assert!(strictly_unbound().accepting_unproven().verify(&copied, NOW).is_ok());
    // In whatever way it is bound, and where the holder could have kept it back.
    let (hidden, digest) = disclosure(r#"["s","cnf",{"jkt":"x"}]"#);
    for (claims, disclosures) in [
        (json!({ "iss": ISSUER, "cnf": { "kid": "k" } }), String::new()),
        (json!({ "iss": ISSUER, "cnf": null }), String::new()),
        (json!({ "iss": ISSUER, "_sd": [digest] }), format!("{hidden}~")),
    ] {
        let token = jws::sign(es256(), Some("dc+sd-jwt"), claims.to_string().as_bytes()).unwrap();
        let text = format!("{token}~{disclosures}");
        assert_eq!(strictly_unbound().verify(&text, NOW).unwrap_err(), Error::Bound, "{claims}");
    }
    let free = jws::sign(es256(), Some("dc+sd-jwt"), json!({ "iss": ISSUER }).to_string().as_bytes());
    assert!(strictly_unbound().verify(&format!("{}~", free.unwrap()), NOW).is_ok());
}

#[test]
fn a_credential_whose_end_is_kept_back_is_refused_where_it_must_end() {
    let (exp, digest) = disclosure(&format!(r#"["s","exp",{}]"#, NOW + 5));
    let claims = json!({ "iss": ISSUER, "_sd": [digest] }).to_string();
    let token = jws::sign(es256(), Some("dc+sd-jwt"), claims.as_bytes()).unwrap();
    let ending = unbound().expiring();
    let refused = ending.verify(&format!("{token}~"), NOW).map_err(brief).unwrap_err();
    assert_eq!(refused, faulty("exp"));
    assert!(ending.verify(&format!("{token}~{exp}~"), NOW).is_ok());
    assert_eq!(
        ending.verify(&format!("{token}~{exp}~"), NOW + 10).unwrap_err(),
        Error::Expired { at: NOW + 5, claim: "exp" }
    );
}

#[test]
fn a_binding_before_its_time_is_refused() {
    let held = Held::parse(&credential()).unwrap();
    let shown = held.present(|_| true).unbound();
    let digest = base64::encode(crate::backend::sha256(shown.as_bytes()));
    let by = |times: &str| {
        let claims =
            format!(r#"{{"iat":{NOW},"aud":"{AUDIENCE}","nonce":"{NONCE}","sd_hash":"{digest}"{times}}}"#);
        let proof = jws::sign(holder(), Some("kb+jwt"), claims.as_bytes()).unwrap();
        bound().verify(&format!("{shown}{proof}"), NONCE, NOW).map(drop).map_err(brief)
    };
    assert_eq!(by(""), Ok(()));
    assert_eq!(by(&format!(r#","nbf":{NOW},"exp":{}"#, NOW + 1)), Ok(()));
    assert_eq!(by(&format!(r#","exp":{NOW}"#)), Err(Error::Expired { at: NOW, claim: "exp" }));
    assert_eq!(by(&format!(r#","nbf":{}"#, NOW + 60)), Err(Error::Early { from: NOW + 60, claim: "nbf" }));
    assert_eq!(by(r#","nbf":"later""#), Err(faulty("nbf")));
}

#[test]
fn what_a_holder_has_is_not_printed() {
    let held = Held::parse(&credential()).unwrap();
    let printed = format!("{held:?} {:?} {:?}", held.present(|_| true), held.disclosures());
    for part in credential().split(['~', '.']).filter(|part| !part.is_empty()) {
        assert!(!printed.contains(part), "{part}");
    }
    assert!(!printed.contains("Ana"));
}

#[test]
fn every_changed_character_is_found() {
    let held = Held::parse(&credential()).unwrap();
    let text = held.present(|_| true).bound(holder(), AUDIENCE, NONCE, NOW).unwrap();
    assert!(bound().verify(&text, NONCE, NOW).is_ok());
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let bent = String::from_utf8(bytes).unwrap();
        assert!(bound().verify(&bent, NONCE, NOW).is_err(), "{at}");
    }
    for (cut, _) in text.char_indices() {
        assert!(bound().verify(text.split_at(cut).0, NONCE, NOW).is_err(), "{cut}");
    }
}

#[test]
fn a_binding_is_for_one_verifier_one_nonce_and_one_set_of_disclosures() {
    let held = Held::parse(&credential()).unwrap();
    let text = held.present(|_| true).bound(holder(), AUDIENCE, NONCE, NOW).unwrap();
    let flaw = |text: &str, nonce, now| match bound().verify(text, nonce, now).unwrap_err() {
        Error::KeyBinding { flaw } => flaw,
        other => panic!("{other:?}"),
    };
    assert_eq!(flaw(&text, "n-2", NOW), "it has another nonce");
    assert_eq!(flaw(&text, NONCE, NOW + 301), "it was made too long ago, or in the future");
    assert!(bound().verify(&text, NONCE, NOW + 300).is_ok());
    // Before the credential itself is good, the time of the binding is looked at first.
    assert_eq!(flaw(&text, NONCE, NOW - 6), "it was made too long ago, or in the future");
}

#[test]
fn a_binding_that_was_made_elsewhere_is_refused() {
    let held = Held::parse(&credential()).unwrap();
    let show = |key: &SigningKey, audience| held.present(|_| true).bound(key, audience, NONCE, NOW).unwrap();
    let refused = |text: &str| bound().verify(text, NONCE, NOW).unwrap_err();
    assert_eq!(
        refused(&show(holder(), "https://other.example")),
        Error::KeyBinding { flaw: "it was made for another verifier" }
    );
    // By a thief's key, of the same kind and of another.
    let thief = SigningKey::generate(Algorithm::Ed25519).unwrap();
    assert_eq!(refused(&show(&thief, AUDIENCE)), Error::Signature);
    assert_eq!(refused(&show(es256(), AUDIENCE)), Error::Algorithm { expected: Algorithm::EdDsa });
    // Taken from one presentation and put behind another, with less or with more.
    let full = show(holder(), AUDIENCE);
    let (_, proof) = full.rsplit_once('~').unwrap();
    let less = held.present(|disclosure| disclosure.path() == "/name").unbound() + proof;
    assert_eq!(refused(&less), Error::KeyBinding { flaw: "it was made for another set of disclosures" });
    // Left out, or there where nobody asked.
    let bare = held.present(|_| true).unbound();
    assert_eq!(refused(&bare), Error::KeyBinding { flaw: "it is missing" });
    assert_eq!(unbound().verify(&full, NOW).unwrap_err(), Error::KeyBinding { flaw: "nobody asked for it" });
    assert_eq!(
        Held::parse(&full).unwrap_err(),
        Error::KeyBinding { flaw: "it was made for a verifier already" }
    );
}

#[test]
fn a_credential_without_a_key_of_its_holder_cannot_be_bound() {
    let none = Error::KeyBinding { flaw: "the credential names no key of its holder" };
    let jwk = serde_json::to_value(holder().verifying_key().to_bare_jwk()).unwrap();
    let (hidden, digest) = disclosure(&format!(r#"["s","cnf",{{"jwk":{jwk}}}]"#));
    let signed =
        |claims: Value| jws::sign(es256(), Some("dc+sd-jwt"), claims.to_string().as_bytes()).unwrap();
    for (claims, disclosures) in [
        (json!({ "iss": ISSUER }), String::new()),
        (json!({ "iss": ISSUER, "cnf": { "jkt": "x" } }), String::new()),
        (json!({ "iss": ISSUER, "cnf": jwk }), String::new()),
        // A key that the holder may keep back is a key that they may choose.
        (json!({ "iss": ISSUER, "_sd": [digest] }), format!("{hidden}~")),
    ] {
        let shown = format!("{}~{disclosures}", signed(claims));
        let proof = binding::sign(holder(), &shown, AUDIENCE, NONCE, NOW, Hash::Sha256).unwrap();
        assert_eq!(bound().verify(&(shown + &proof), NONCE, NOW).unwrap_err(), none);
    }
    let secret = json!({ "iss": ISSUER, "cnf": { "jwk": { "kty": "oct", "k": "AAAA" } } });
    let shown = format!("{}~", signed(secret));
    let proof = binding::sign(holder(), &shown, AUDIENCE, NONCE, NOW, Hash::Sha256).unwrap();
    assert_eq!(bound().verify(&(shown + &proof), NONCE, NOW).unwrap_err(), Error::MixedKeys);
}

#[test]
fn sd_jwts_bindings_and_other_tokens_are_not_taken_for_one_another() {
    let credential = credential();
    let (token, _) = credential.split_once('~').unwrap();
    let held = Held::parse(&credential).unwrap();
    let shown = held.present(|_| false).unbound();
    let proof = binding::sign(holder(), &shown, AUDIENCE, NONCE, NOW, Hash::Sha256).unwrap();
    let by =
        |key: &SigningKey| jwt::verifier::<IdClaims>(key.verifying_key()).issuer(ISSUER).audience(AUDIENCE);
    // As a JWT: the whole of it has no form, its parts are of another type.
    assert!(by(es256()).verify(&credential, NOW).is_err());
    assert_eq!(by(es256()).verify(token, NOW).unwrap_err(), Error::Type { expected: "JWT" });
    assert_eq!(by(holder()).verify(&proof, NOW).unwrap_err(), Error::Type { expected: "JWT" });
    // A JWT as a credential, and as a binding.
    let id = jwt::sign(es256(), &id()).unwrap();
    let refused = unbound().verify(&format!("{id}~"), NOW).unwrap_err();
    assert_eq!(refused, Error::Type { expected: "dc+sd-jwt" });
    let refused = unbound().verify(&id, NOW).unwrap_err();
    assert!(matches!(refused, Error::Disclosure { .. }));
    let by_holder = jwt::sign(holder(), &super::super::fixtures::id()).unwrap();
    let refused = bound().verify(&format!("{shown}{by_holder}"), NONCE, NOW).unwrap_err();
    assert_eq!(refused, Error::Type { expected: "kb+jwt" });
    // A binding as a credential, and a credential as a binding.
    let trusting_holder =
        verifier(holder().verifying_key()).typ(Type::CREDENTIAL).issuer(ISSUER).without_binding();
    let refused = trusting_holder.verify(&format!("{proof}~"), NOW).unwrap_err();
    assert_eq!(refused, Error::Type { expected: "dc+sd-jwt" });
    let refused = bound().verify(&format!("{shown}{token}"), NONCE, NOW).unwrap_err();
    assert_eq!(refused, Error::Type { expected: "kb+jwt" });
}
