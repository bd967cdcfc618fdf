//! Payloads apart from their token, and payloads as they are.

use crate::algorithm::Algorithm;
use crate::error::{Error, Fault};
use crate::fixtures::{es256, forge, pairs, secret};
use crate::jws::{self, AnyOf, Content, Trusted};
use crate::key::Signer;

const ANY: &[&[u8]] = &[b"", b"text", b"with.dot", b"\xff\x00binary", "caf\u{e9}\n".as_bytes()];

#[test]
fn every_algorithm_signs_detached_and_unencoded_and_only_that_payload() {
    for key in &pairs() {
        let trusted = Trusted::from(key.verifying_key());
        let policy = AnyOf::new(key.verifying_key());
        for content in
            [Content::new(b"1.50 EUR").detached(), Content::new(b"1.50 EUR").detached().unencoded()]
        {
            let content = content.typ("JOSE").cty("text/plain");
            let token = content.compact(key).unwrap();
            let signed = jws::verify_detached(&token, b"1.50 EUR", &trusted).unwrap();
            assert_eq!((signed.typ(), signed.cty()), (Some("JOSE"), Some("text/plain")));
            assert_eq!(jws::verify_detached(&token, b"1.51 EUR", &trusted).unwrap_err(), Error::Signature);
            assert!(jws::verify(&token, &trusted).is_err());

            let document = content.flattened(key).unwrap();
            let signed = jws::verify_json_detached(&document, b"1.50 EUR", &policy).unwrap();
            assert_eq!(signed.signatures()[0].cty(), Some("text/plain"));
            assert_eq!(
                jws::verify_json_detached(&document, b"1.51 EUR", &policy).unwrap_err(),
                Error::Signature
            );
        }
    }
}

#[test]
fn any_bytes_can_be_detached() {
    let trusted = Trusted::from(es256().verifying_key());
    for payload in ANY {
        for content in [Content::new(payload).detached(), Content::new(payload).detached().unencoded()] {
            let token = content.compact(es256()).unwrap();
            assert_eq!(jws::verify_detached(&token, payload, &trusted).unwrap().payload(), *payload);
        }
    }
}

#[test]
fn a_token_that_brings_a_payload_is_not_detached() {
    let trusted = Trusted::from(es256().verifying_key());
    let payload = Error::Document { member: "payload" };
    let token = jws::sign(es256(), None, b"payload").unwrap();
    assert_eq!(jws::verify_detached(&token, b"payload", &trusted).unwrap_err(), payload);
    let document = Content::new(b"payload").flattened(es256()).unwrap();
    let policy = AnyOf::new(es256().verifying_key());
    assert_eq!(jws::verify_json_detached(&document, b"payload", &policy).unwrap_err(), payload);
    // And a detached one is not attached, not even with an empty payload.
    let document = Content::new(b"").detached().flattened(es256()).unwrap();
    assert_eq!(jws::verify_json(&document, &policy).unwrap_err(), payload);
}

#[test]
fn what_cannot_stand_between_dots_is_not_signed_there() {
    let key = secret(Algorithm::Hs256);
    for payload in ["a.b".as_bytes(), b".", b"a\nb", b"\x7f", b"\x1f", "\u{e9}".as_bytes(), b"\xff"] {
        let content = Content::new(payload).unencoded();
        assert_eq!(content.compact(&key).unwrap_err(), Fault::Unencodable, "{payload:?}");
        assert!(content.detached().compact(&key).is_ok());
    }
    assert_eq!(Content::new(b"\xff").unencoded().flattened(&key).unwrap_err(), Fault::Unencodable);
    assert_eq!(Content::new(b"\xff").unencoded().general(&key, &[]).unwrap_err(), Fault::Unencodable);
    let policy = AnyOf::new(secret(Algorithm::Hs256));
    for payload in ["", "$.02", "\u{e9}\n\"\\ \u{1f600}"] {
        let document = Content::new(payload.as_bytes()).unencoded().flattened(&key).unwrap();
        assert_eq!(jws::verify_json(&document, &policy).unwrap().payload(), payload.as_bytes());
    }
}

#[test]
fn what_cannot_stand_between_dots_is_not_read_there_either() {
    let key = secret(Algorithm::Hs256);
    let trusted = Trusted::from(secret(Algorithm::Hs256));
    let header = crate::base64::encode(r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#);
    let token = |payload: &str| {
        let signature = key.sign(format!("{header}.{payload}").as_bytes()).unwrap();
        format!("{header}.{payload}.{}", crate::base64::encode(signature))
    };
    assert_eq!(jws::verify_unencoded(&token("a b~"), &trusted).unwrap().payload(), b"a b~");
    for payload in ["a\nb", "\u{7f}", "\u{1f}", "\u{e9}"] {
        assert_eq!(
            jws::verify_unencoded(&token(payload), &trusted).unwrap_err(),
            Error::Document { member: "payload" },
            "{payload:?}"
        );
    }
    assert_eq!(jws::verify_unencoded(&token("a.b"), &trusted).unwrap_err(), Error::Shape);
}

#[test]
fn the_unencoded_reader_takes_nothing_else() {
    let trusted = Trusted::from(secret(Algorithm::Hs256));
    let token = forge(&secret(Algorithm::Hs256), r#"{"alg":"HS256"}"#, "payload");
    assert_eq!(jws::verify_unencoded(&token, &trusted).unwrap_err(), Error::Header { member: "b64" });
}

#[test]
fn a_key_held_elsewhere_signs_every_compact_form() {
    let public = es256().verifying_key();
    let trusted = Trusted::from(public.clone());
    for content in [
        Content::new(b"payload").cty("text/plain"),
        Content::new(b"payload").detached(),
        Content::new(b"payload").unencoded(),
        Content::new(b"payload").detached().unencoded(),
    ] {
        let unsigned = content.prepare(&public).unwrap();
        let signature = es256().sign(unsigned.input()).unwrap();
        let token = unsigned.signed(&signature).unwrap();
        let readings = [
            jws::verify(&token, &trusted).is_ok(),
            jws::verify_detached(&token, b"payload", &trusted).is_ok(),
            jws::verify_unencoded(&token, &trusted).is_ok(),
        ];
        assert_eq!(readings.iter().filter(|good| **good).count(), 1, "{token}");
    }
}
