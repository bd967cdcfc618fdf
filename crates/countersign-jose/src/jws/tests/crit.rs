//! `crit` and `b64`: every way to get them wrong, in every form that reads them.

use crate::algorithm::Algorithm;
use crate::base64;
use crate::error::Error;
use crate::fixtures::{forge, secret};
use crate::jws::{self, AnyOf, CritFlaw, Trusted};
use crate::key::Signer;

/// A protected header with this `crit` and `b64`, signed honestly in every form.
struct Forms {
    compact: String,
    detached: String,
    document: String,
}

fn forms(extra: &str) -> Forms {
    let key = secret(Algorithm::Hs256);
    let header = format!(r#"{{"alg":"HS256"{extra}}}"#);
    let compact = forge(&key, &header, "payload");
    let parts: Vec<&str> = compact.split('.').collect();
    let document =
        format!(r#"{{"payload":"{}","protected":"{}","signature":"{}"}}"#, parts[1], parts[0], parts[2]);
    Forms { detached: format!("{}..{}", parts[0], parts[2]), document, compact }
}

#[test]
fn a_list_that_breaks_the_rules_is_refused_with_the_rule() {
    let trusted = Trusted::from(secret(Algorithm::Hs256));
    let list = |flaw| Error::CriticalList { flaw };
    for (extra, refusal) in [
        (r#","crit":[]"#, list(CritFlaw::Empty)),
        (r#","crit":null"#, list(CritFlaw::NotAList)),
        (r#","crit":"b64","b64":true"#, list(CritFlaw::NotAList)),
        (r#","crit":{"b64":true},"b64":true"#, list(CritFlaw::NotAList)),
        (r#","crit":["b64",1],"b64":true"#, list(CritFlaw::NotAList)),
        (r#","crit":[["b64"]],"b64":true"#, list(CritFlaw::NotAList)),
        (r#","crit":["b64","b64"],"b64":true"#, list(CritFlaw::Twice)),
        (r#","crit":["b64","\u00624"],"b64":true"#, list(CritFlaw::Absent)),
        (r#","crit":["b64","b\u00364"],"b64":true"#, list(CritFlaw::Twice)),
        (r#","crit":["alg"]"#, list(CritFlaw::Registered)),
        (r#","crit":["crit"]"#, list(CritFlaw::Registered)),
        (r#","crit":["b64","kid"],"b64":true,"kid":"a""#, list(CritFlaw::Registered)),
        (r#","crit":["x5t#S256"],"x5t#S256":"AA""#, list(CritFlaw::Registered)),
        (r#","crit":["b64"]"#, list(CritFlaw::Absent)),
        (r#","crit":["B64"],"b64":true"#, list(CritFlaw::Absent)),
        (r#","crit":["exp"]"#, list(CritFlaw::Absent)),
        (r#","b64":false"#, list(CritFlaw::Unlisted)),
        (r#","b64":true"#, list(CritFlaw::Unlisted)),
        (r#","crit":["exp"],"exp":1"#, Error::Critical),
        (r#","crit":["b64","exp"],"b64":true,"exp":1"#, Error::Critical),
        (r#","crit":["x"],"x":1,"b64":true"#, Error::Critical),
        (r#","crit":["b64"],"b64":"false""#, Error::Header { member: "b64" }),
        (r#","crit":["b64"],"b64":0"#, Error::Header { member: "b64" }),
        (r#","crit":["b64"],"b64":null"#, Error::Header { member: "b64" }),
    ] {
        let forms = forms(extra);
        let policy = AnyOf::new(trusted.clone());
        assert_eq!(jws::verify_json(&forms.document, &policy).unwrap_err(), refusal, "{extra}");
        assert_eq!(
            jws::verify_detached(&forms.detached, b"payload", &trusted).unwrap_err(),
            refusal,
            "{extra}"
        );
        assert_eq!(jws::verify_unencoded(&forms.compact, &trusted).unwrap_err(), refusal, "{extra}");
    }
}

#[test]
fn no_more_names_are_compared_than_the_header_has_members() {
    // Three members, so of the first four names one stands there twice or is no member. The one after them is not looked at.
    let long = forms(r#","crit":["b64","q","r","s","b64"],"b64":true"#);
    let told = jws::verify_unencoded(&long.compact, &Trusted::from(secret(Algorithm::Hs256))).unwrap_err();
    assert_eq!(told, Error::CriticalList { flaw: CritFlaw::Absent });
}

#[test]
fn where_nothing_may_be_demanded_every_crit_is_refused() {
    let trusted = Trusted::from(secret(Algorithm::Hs256));
    for extra in [
        r#","crit":[]"#,
        r#","crit":null"#,
        r#","crit":["b64"],"b64":true"#,
        r#","crit":["b64"],"b64":false"#,
        r#","crit":["exp"],"exp":1"#,
    ] {
        let refused = jws::verify(&forms(extra).compact, &trusted).unwrap_err();
        assert_eq!(refused, Error::Critical, "{extra}");
    }
    // Without `crit` a verifier that does not know of it would ignore it (RFC 7797 6).
    for extra in [r#","b64":false"#, r#","b64":true"#] {
        let refused = jws::verify(&forms(extra).compact, &trusted).unwrap_err();
        assert_eq!(refused, Error::CriticalList { flaw: CritFlaw::Unlisted }, "{extra}");
    }
}

#[test]
fn b64_true_is_what_it_would_be_without() {
    let forms = forms(r#","crit":["b64"],"b64":true"#);
    let trusted = Trusted::from(secret(Algorithm::Hs256));
    jws::verify_json(&forms.document, &AnyOf::new(trusted.clone())).unwrap();
    jws::verify_detached(&forms.detached, b"payload", &trusted).unwrap();
    let refused = jws::verify_unencoded(&forms.compact, &trusted).unwrap_err();
    assert_eq!(refused, Error::Header { member: "b64" });
}

#[test]
fn a_payload_cannot_be_moved_between_the_encodings() {
    let key = secret(Algorithm::Hs256);
    let trusted = Trusted::from(secret(Algorithm::Hs256));
    let text = base64::encode("payload");
    // Signed encoded; the attacker presents the encoded text as the payload of its own.
    let encoded = jws::Content::new(b"payload").detached().compact(&key).unwrap();
    assert!(jws::verify_detached(&encoded, b"payload", &trusted).is_ok());
    assert_eq!(jws::verify_detached(&encoded, text.as_bytes(), &trusted).unwrap_err(), Error::Signature);
    // Signed as it is; the attacker presents what it would decode to.
    let plain = jws::Content::new(text.as_bytes()).unencoded().compact(&key).unwrap();
    assert_eq!(jws::verify_unencoded(&plain, &trusted).unwrap().payload(), text.as_bytes());
    assert_eq!(jws::verify(&plain, &trusted).unwrap_err(), Error::Critical);
    let (header, rest) = plain.split_once('.').unwrap();
    let (_, signature) = rest.rsplit_once('.').unwrap();
    let detached = format!("{header}..{signature}");
    assert_eq!(jws::verify_detached(&detached, b"payload", &trusted).unwrap_err(), Error::Signature);
}

#[test]
fn one_document_has_one_b64() {
    let key = secret(Algorithm::Hs256);
    let one = |header: &str, payload: &str| {
        let header = base64::encode(header);
        let signature = key.sign(format!("{header}.{payload}").as_bytes()).unwrap();
        format!(r#"{{"protected":"{header}","signature":"{}"}}"#, base64::encode(signature))
    };
    // Both signatures are good, each over its own reading of the same member.
    let plain = one(r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#, "AAAA");
    let encoded = one(r#"{"alg":"HS256"}"#, "AAAA");
    let document =
        |signatures: &[&str]| format!(r#"{{"payload":"AAAA","signatures":[{}]}}"#, signatures.join(","));
    let policy = AnyOf::new(secret(Algorithm::Hs256));
    let verify = |document: &str| jws::verify_json(document, &policy).map(|signed| signed.payload().to_vec());
    assert_eq!(verify(&document(&[&plain])).unwrap(), b"AAAA");
    assert_eq!(verify(&document(&[&encoded])).unwrap(), [0, 0, 0]);
    for pair in [[&*plain, &encoded], [&encoded, &plain]] {
        assert_eq!(verify(&document(&pair)).unwrap_err(), Error::CriticalList { flaw: CritFlaw::Differs });
    }
}
