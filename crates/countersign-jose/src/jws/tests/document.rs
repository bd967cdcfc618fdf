//! The JSON forms: what a document may look like, and whose signatures count.

use crate::algorithm::{Algorithm, Family};
use crate::base64;
use crate::error::Error;
use crate::fixtures::{es256, pairs, rs256, secret};
use crate::json::Flaw;
use crate::jws::{self, AllOf, AnyOf, Content, MAX_SIGNATURES, MAX_TOKEN, Trusted};
use crate::jwt::{self, AccessClaims};
use crate::key::{KeyId, KeySet, SharedKey, Signer, SigningKey};

/// The members of one honest signature over `payload` by the ES256 key.
fn parts() -> [String; 3] {
    let token = jws::sign(es256(), None, b"payload").unwrap();
    let parts: Vec<String> = token.split('.').map(Into::into).collect();
    parts.try_into().unwrap()
}

fn refusal(document: &str) -> Error {
    jws::verify_json(document, &AnyOf::new(es256().verifying_key())).unwrap_err()
}

#[test]
fn every_algorithm_signs_both_forms_and_no_other_key_is_content() {
    let keys = pairs();
    for key in &keys {
        let content = Content::new(b"payload").typ("JOSE").cty("text/plain");
        for document in [content.flattened(key).unwrap(), content.general(key, &[]).unwrap()] {
            let signed = jws::verify_json(&document, &AnyOf::new(key.verifying_key())).unwrap();
            assert_eq!(signed.payload(), b"payload");
            let one = &signed.signatures()[0];
            assert_eq!((one.typ(), one.cty()), (Some("JOSE"), Some("text/plain")));
            assert_eq!((one.algorithm(), one.key_id()), (key.algorithm(), Some(key.key_id())));
            let bent = document.replace(&base64::encode("payload"), &base64::encode("payloaf"));
            assert_eq!(
                jws::verify_json(&bent, &AnyOf::new(key.verifying_key())).unwrap_err(),
                Error::Signature
            );
            for other in keys.iter().filter(|other| other.algorithm() != key.algorithm()) {
                assert!(jws::verify_json(&document, &AnyOf::new(other.verifying_key())).is_err());
            }
        }
    }
    for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| algorithm.family() == Family::Secret) {
        let document = Content::new(b"payload").flattened(&secret(algorithm)).unwrap();
        assert!(jws::verify_json(&document, &AnyOf::new(secret(algorithm))).is_ok());
        let other = SharedKey::new(algorithm, &[0x5a; 64]).unwrap();
        assert_eq!(jws::verify_json(&document, &AnyOf::new(other)).unwrap_err(), Error::Signature);
    }
}

#[test]
fn a_document_in_another_shape_is_refused_by_the_member_that_is_wrong() {
    let [protected, payload, signature] = parts();
    let flat = format!(r#""payload":"{payload}","protected":"{protected}","signature":"{signature}""#);
    let one = format!(r#"{{"protected":"{protected}","signature":"{signature}"}}"#);
    jws::verify_json(&format!("{{{flat}}}"), &AnyOf::new(es256().verifying_key())).unwrap();
    for (member, document) in [
        ("payload", format!(r#"{{"protected":"{protected}","signature":"{signature}"}}"#)),
        ("payload", format!(r#"{{"payload":null,"protected":"{protected}","signature":"{signature}"}}"#)),
        ("payload", format!(r#"{{"payload":["{payload}"],"signatures":[{one}]}}"#)),
        ("protected", format!(r#"{{"payload":"{payload}","signature":"{signature}"}}"#)),
        (
            "protected",
            format!(r#"{{"payload":"{payload}","protected":{{"alg":"ES256"}},"signature":"{signature}"}}"#),
        ),
        ("signature", format!(r#"{{"payload":"{payload}","protected":"{protected}"}}"#)),
        ("signature", format!(r#"{{"payload":"{payload}","protected":"{protected}","signature":null}}"#)),
        ("signatures", format!(r#"{{"payload":"{payload}","signatures":[]}}"#)),
        ("signatures", format!(r#"{{"payload":"{payload}","signatures":{{"0":{one}}}}}"#)),
        ("signatures", format!(r#"{{"payload":"{payload}","signatures":null}}"#)),
        ("signatures", format!(r#"{{"payload":"{payload}","signatures":["{signature}"]}}"#)),
        ("signatures", format!(r#"{{"payload":"{payload}","signatures":[[{one}]]}}"#)),
        // Both forms at once: two parsers could read two signers.
        ("protected", format!(r#"{{{flat},"signatures":[{one}]}}"#)),
        ("signature", format!(r#"{{"payload":"{payload}","signature":"{signature}","signatures":[{one}]}}"#)),
        ("header", format!(r#"{{"payload":"{payload}","header":{{"kid":"a"}},"signatures":[{one}]}}"#)),
        ("header", format!(r#"{{{flat},"header":"kid"}}"#)),
        ("header", format!(r#"{{{flat},"header":null}}"#)),
        ("header", format!(r#"{{{flat},"header":{{}}}}"#)),
        // A JWE as well.
        ("ciphertext", format!(r#"{{{flat},"ciphertext":"AA"}}"#)),
        ("recipients", format!(r#"{{{flat},"recipients":[]}}"#)),
        ("encrypted_key", format!(r#"{{{flat},"encrypted_key":"AA"}}"#)),
    ] {
        assert_eq!(refusal(&document), Error::Document { member }, "{document}");
    }
    // What is not known is ignored (RFC 7515 7.2.1).
    jws::verify_json(&format!(r#"{{{flat},"note":1}}"#), &AnyOf::new(es256().verifying_key())).unwrap();
}

#[test]
fn a_document_is_strict_json_and_strict_base64url_inside() {
    let [protected, payload, signature] = parts();
    let flat = format!(r#""payload":"{payload}","protected":"{protected}","signature":"{signature}""#);
    let json = |flaw| Error::Json { part: "signed document", flaw };
    assert_eq!(refusal(&format!("{{{flat}}}x")), json(Flaw::Trailing));
    assert_eq!(refusal(&format!("[{{{flat}}}]")), json(Flaw::NotAnObject));
    assert_eq!(refusal(&format!(r#"{{{flat},"payload":"{payload}"}}"#)), json(Flaw::Duplicate));
    assert_eq!(refusal(&format!(r#"{{{flat},"p\u0061yload":"e30"}}"#)), json(Flaw::Duplicate));
    assert_eq!(refusal(&format!("\u{feff}{{{flat}}}")), json(Flaw::ByteOrderMark));
    assert_eq!(refusal(&format!("{protected}.{payload}.{signature}")), json(Flaw::NotAnObject));
    for (part, bent) in [
        ("payload", flat.replace(&payload, &format!("{payload}="))),
        ("header", flat.replace(&protected, &format!("{protected}\\n"))),
        ("signature", flat.replace(&signature, &format!("{signature}!"))),
    ] {
        assert_eq!(refusal(&format!("{{{bent}}}")), Error::Base64 { part });
    }
    let long = format!(r#"{{{flat},"note":"{}"}}"#, "x".repeat(MAX_TOKEN));
    assert_eq!(refusal(&long), Error::TooLarge { limit: MAX_TOKEN });
}

/// GHSA-jc38-x7x8-2xc8: the algorithm was taken from the unprotected header.
#[test]
fn what_decides_stands_in_the_protected_header_alone() {
    let [_, payload, _] = parts();
    let sign = |header: &str| {
        let header = base64::encode(header);
        let signature = es256().sign(format!("{header}.{payload}").as_bytes()).unwrap();
        (header, base64::encode(signature))
    };
    let document = |protected: &str, unprotected: &str| {
        let (header, signature) = sign(protected);
        format!(
            r#"{{"payload":"{payload}","protected":"{header}","header":{unprotected},"signature":"{signature}"}}"#
        )
    };
    let kid = es256().key_id();
    for (protected, unprotected, member) in [
        ("{}", format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#), "alg"),
        (r#"{"typ":"a"}"#, r#"{"alg":"none"}"#.into(), "alg"),
        (r#"{"alg":"ES256"}"#, r#"{"alg":"ES256"}"#.into(), "alg"),
        (r#"{"alg":"ES256"}"#, r#"{"alg":"HS256"}"#.into(), "alg"),
        (r#"{"alg":"ES256"}"#, r#"{"crit":["b64"],"b64":false}"#.into(), "crit"),
        (r#"{"alg":"ES256"}"#, r#"{"b64":false}"#.into(), "b64"),
        (r#"{"alg":"ES256","crit":["b64"]}"#, r#"{"b64":false}"#.into(), "b64"),
    ] {
        assert_eq!(refusal(&document(protected, &unprotected)), Error::Unprotected { member });
    }
    // A name in both headers is a name that two parsers read differently (RFC 7515 7.2.1).
    let twice = Error::Json { part: "header", flaw: Flaw::Duplicate };
    for (protected, unprotected) in [
        (format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#), format!(r#"{{"kid":"{kid}"}}"#)),
        (r#"{"alg":"ES256","x":1}"#.into(), r#"{"\u0078":1}"#.into()),
    ] {
        assert_eq!(refusal(&document(&protected, &unprotected)), twice);
    }
    // `kid` and what nobody reads may be unprotected; `typ` and `cty` do not count there.
    let free = document(
        r#"{"alg":"ES256"}"#,
        &format!(r#"{{"kid":"{kid}","typ":"at+jwt","jku":"https://e.example"}}"#),
    );
    let signed = jws::verify_json(&free, &AnyOf::new(es256().verifying_key())).unwrap();
    assert_eq!(signed.signatures()[0].typ(), None);
    let odd = document(r#"{"alg":"ES256"}"#, r#"{"kid":7}"#);
    assert_eq!(refusal(&odd), Error::Header { member: "kid" });
}

#[test]
fn one_good_signature_of_a_stranger_is_worth_nothing() {
    let stranger = SigningKey::generate(Algorithm::Es256).unwrap();
    let forged = Content::new(b"payload").general(&stranger, &[&stranger]).unwrap();
    assert_eq!(refusal(&forged), Error::SignerMissing);
    // With one signature there is no doubt about the reason.
    assert_eq!(refusal(&Content::new(b"payload").flattened(&stranger).unwrap()), Error::UnknownKey);
    let named = stranger.with_id(es256().key_id().clone());
    assert_eq!(refusal(&Content::new(b"payload").flattened(&named).unwrap()), Error::Signature);
}

#[test]
fn a_false_signature_in_our_name_refuses_whatever_else_is_good() {
    let liar = SigningKey::generate(Algorithm::Es256).unwrap().with_id(es256().key_id().clone());
    for document in [
        Content::new(b"payload").general(es256(), &[&liar]).unwrap(),
        Content::new(b"payload").general(&liar, &[es256()]).unwrap(),
    ] {
        assert_eq!(refusal(&document), Error::Signature);
    }
    let other = SigningKey::generate(Algorithm::EdDsa).unwrap().with_id(es256().key_id().clone());
    let document = Content::new(b"payload").general(es256(), &[&other]).unwrap();
    assert_eq!(refusal(&document), Error::Algorithm { expected: Algorithm::Es256 });
}

#[test]
fn signatures_of_others_do_not_disturb_ours() {
    let (ed, es) =
        (SigningKey::generate(Algorithm::EdDsa).unwrap(), SigningKey::generate(Algorithm::Es256).unwrap());
    let document = Content::new(b"payload").general(&ed, &[&es, rs256(), es256(), &secret(Algorithm::Hs256)]);
    let document = document.unwrap();
    for (policy, count) in [
        (AnyOf::new(es256().verifying_key()), 1),
        (AnyOf::new(ed.verifying_key()), 1),
        (AnyOf::new(secret(Algorithm::Hs256)), 1),
        (AnyOf::new(KeySet::new([es.verifying_key(), rs256().verifying_key()]).unwrap()), 2),
    ] {
        assert_eq!(jws::verify_json(&document, &policy).unwrap().signatures().len(), count);
    }
    // A secret without a name cannot tell that a signature is meant to be its own.
    let unnamed = AnyOf::new(SharedKey::new(Algorithm::Hs256, &[0x5a; 64]).unwrap());
    assert_eq!(jws::verify_json(&document, &unnamed).unwrap_err(), Error::SignerMissing);
}

#[test]
fn all_of_means_all_of_them() {
    let (shop, bank) = (es256(), SigningKey::generate(Algorithm::EdDsa).unwrap());
    let old = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let keys = KeySet::new([bank.verifying_key(), old.verifying_key()]).unwrap();
    let both = AllOf::new(shop.verifying_key()).and(keys);
    let content = Content::new(b"payload");
    for document in [
        content.general(shop, &[&bank]).unwrap(),
        content.general(&old, &[shop]).unwrap(),
        content.general(&old, &[&bank, rs256(), shop]).unwrap(),
    ] {
        assert!(jws::verify_json(&document, &both).is_ok());
    }
    for document in [
        content.flattened(shop).unwrap(),
        content.flattened(&bank).unwrap(),
        content.general(shop, &[shop, shop]).unwrap(),
        content.general(&bank, &[&old]).unwrap(),
        content.general(&bank, &[rs256()]).unwrap(),
    ] {
        assert_eq!(jws::verify_json(&document, &both).unwrap_err(), Error::SignerMissing);
    }
}

#[test]
fn two_parties_may_have_a_key_of_one_name() {
    let name = || KeyId::new("1").unwrap();
    let (shop, bank) = (
        SigningKey::generate(Algorithm::Es256).unwrap().with_id(name()),
        SigningKey::generate(Algorithm::Es256).unwrap().with_id(name()),
    );
    let both = AllOf::new(shop.verifying_key()).and(bank.verifying_key());
    let document = Content::new(b"payload").general(&shop, &[&bank]).unwrap();
    assert_eq!(jws::verify_json(&document, &both).unwrap().signatures().len(), 2);
    let twice = Content::new(b"payload").general(&shop, &[&shop]).unwrap();
    assert_eq!(jws::verify_json(&twice, &both).unwrap_err(), Error::SignerMissing);
    let liar = SigningKey::generate(Algorithm::Es256).unwrap().with_id(name());
    let forged = Content::new(b"payload").general(&shop, &[&bank, &liar]).unwrap();
    assert_eq!(jws::verify_json(&forged, &both).unwrap_err(), Error::Signature);
}

#[test]
fn a_document_with_too_many_signatures_is_refused_before_any_is_checked() {
    let key = secret(Algorithm::Hs256);
    let sign = |count: usize| {
        let others: Vec<&dyn Signer> = (1..count).map(|_| &key as &dyn Signer).collect();
        Content::new(b"payload").general(&key, &others).unwrap()
    };
    let policy = AnyOf::new(secret(Algorithm::Hs256));
    assert_eq!(jws::verify_json(&sign(MAX_SIGNATURES), &policy).unwrap().signatures().len(), MAX_SIGNATURES);
    assert_eq!(
        jws::verify_json(&sign(MAX_SIGNATURES + 1), &policy).unwrap_err(),
        Error::Document { member: "signatures" }
    );
}

#[test]
fn a_document_is_no_token_and_a_token_is_no_document() {
    let claims = crate::fixtures::access();
    let token = jwt::sign(es256(), &claims).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let document =
        format!(r#"{{"payload":"{}","protected":"{}","signature":"{}"}}"#, parts[1], parts[0], parts[2]);
    let trusted = Trusted::from(es256().verifying_key());
    assert!(jws::verify_json(&document, &AnyOf::new(trusted.clone())).is_ok());
    assert!(jws::verify(&document, &trusted).is_err());
    let verifier = crate::fixtures::access_verifier(trusted);
    let refused: Error = verifier.verify(&document, crate::fixtures::NOW).unwrap_err();
    assert!(matches!(refused, Error::Shape | Error::Base64 { .. }), "{refused}");
    let _: &jwt::Verifier<AccessClaims> = &verifier;
    assert!(matches!(refusal(&token), Error::Json { part: "signed document", .. }));
}
