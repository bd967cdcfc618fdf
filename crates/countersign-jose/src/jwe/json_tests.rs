//! The JSON forms: round trips, and what is refused.

use serde_json::{Value, json};

use super::{
    ContentAlgorithm, DecryptingKey, Encrypter, KeyAlgorithm, Message, Password, Rounds, SymmetricKey,
};
use crate::base64;
use crate::error::{Error, Fault};
use crate::fixtures::rsa_for_encryption;
use crate::jwe;
use crate::key::KeyId;

fn key(byte: u8) -> SymmetricKey {
    SymmetricKey::new(KeyAlgorithm::A256Kw, &[byte; 32]).unwrap()
}

fn named(byte: u8, name: &str) -> SymmetricKey {
    key(byte).with_id(KeyId::new(name).unwrap())
}

fn flattened() -> Value {
    serde_json::from_str(&Message::new(b"hello").flattened(&key(7), b"").unwrap()).unwrap()
}

fn general(keys: &[&dyn Encrypter]) -> Value {
    serde_json::from_str(&Message::new(b"hello").general(keys, b"").unwrap()).unwrap()
}

/// The flattened token with one member replaced, or removed by `null`.
fn with(member: &str, value: Value) -> Value {
    let mut token = flattened();
    match value {
        Value::Null => token.as_object_mut().unwrap().remove(member),
        value => token.as_object_mut().unwrap().insert(member.into(), value),
    };
    token
}

fn refused(token: &Value) -> Error {
    jwe::decrypt_json(&token.to_string(), &key(7)).unwrap_err()
}

#[test]
fn every_recipient_decrypts_the_same_content() {
    let rsa = rsa_for_encryption(KeyAlgorithm::RsaOaep256);
    let ec = DecryptingKey::generate(KeyAlgorithm::EcdhEsA128Kw).unwrap();
    let (kw, gcm) = (key(7), SymmetricKey::generate(KeyAlgorithm::A192GcmKw).unwrap());
    let password = Password::new(KeyAlgorithm::Pbes2Hs512A256Kw, "correct horse").unwrap();
    let password = password.with_rounds(Rounds::MESSAGE);
    let keys: [&dyn Encrypter; 5] = [&rsa.encrypting_key(), &ec.encrypting_key(), &kw, &gcm, &password];
    let token = Message::new(b"hello").typ("JOSE+JSON").cty("text/plain").general(&keys, b"row 7").unwrap();
    let readers: [&dyn jwe::Decrypter; 5] = [&rsa, &ec, &kw, &gcm, &password];
    for reader in readers {
        let found = jwe::decrypt_json(&token, reader).unwrap();
        assert_eq!((found.plain(), found.aad()), (&b"hello"[..], &b"row 7"[..]));
        assert_eq!((found.typ(), found.cty()), (Some("JOSE+JSON"), Some("text/plain")));
    }
    assert_eq!(jwe::decrypt_json(&token, &key(8)).unwrap_err(), Error::Decryption);
}

#[test]
fn a_header_that_says_nothing_is_not_spelled_out() {
    for member in ["unprotected", "header"] {
        assert_eq!(refused(&with(member, json!({}))), Error::JweShape, "{member}");
    }
    let mut token = general(&[&key(7), &key(8)]);
    token["recipients"][1]["header"] = json!({});
    assert_eq!(refused(&token), Error::JweShape);
}

#[test]
fn a_direct_key_has_one_recipient() {
    let direct = SymmetricKey::direct(ContentAlgorithm::A256Gcm, &[7; 32]).unwrap();
    let agreed = DecryptingKey::generate(KeyAlgorithm::EcdhEs).unwrap();
    for token in [
        Message::new(b"hello").flattened(&direct, b"").unwrap(),
        Message::new(b"hello").general(&[&direct], b"").unwrap(),
    ] {
        assert!(!token.contains("encrypted_key"));
        assert_eq!(jwe::decrypt_json(&token, &direct).unwrap().plain(), b"hello");
    }
    let token = Message::new(b"hello").general(&[&agreed.encrypting_key()], b"").unwrap();
    assert_eq!(jwe::decrypt_json(&token, &agreed).unwrap().plain(), b"hello");
    for pair in [[&key(1) as &dyn Encrypter, &direct], [&agreed.encrypting_key(), &key(1)]] {
        assert_eq!(Message::new(b"hello").general(&pair, b"").unwrap_err(), Fault::Recipients);
    }
    // The same, sent by somebody who does not ask.
    let mut token: Value =
        serde_json::from_str(&Message::new(b"hello").general(&[&direct], b"").unwrap()).unwrap();
    let recipients = token["recipients"].as_array_mut().unwrap();
    recipients.push(json!({"header": {"alg": "A256KW"}, "encrypted_key": "AAAA"}));
    assert_eq!(jwe::decrypt_json(&token.to_string(), &direct).unwrap_err(), Error::Recipients);
}

#[test]
fn recipients_that_cannot_share_are_refused() {
    let message = Message::new(b"hello");
    let other = key(1).with_content(ContentAlgorithm::A128Gcm).unwrap();
    assert_eq!(message.general(&[], b"").unwrap_err(), Fault::Recipients);
    assert_eq!(message.general(&[&key(1), &other], b"").unwrap_err(), Fault::Recipients);
    let one = key(1);
    let many: Vec<&dyn Encrypter> = vec![&one; 17];
    assert_eq!(message.general(&many, b"").unwrap_err(), Fault::Recipients);
    assert!(message.general(&many[1..], b"").is_ok());
}

#[test]
fn recipients_whose_keys_are_swapped_do_not_decrypt() {
    let (ana, bob) = (named(1, "ana"), named(2, "bob"));
    let token = general(&[&ana, &bob]);
    assert!(jwe::decrypt_json(&token.to_string(), &bob).is_ok());
    let mut swapped = token.clone();
    swapped["recipients"][0]["encrypted_key"] = token["recipients"][1]["encrypted_key"].clone();
    swapped["recipients"][1]["encrypted_key"] = token["recipients"][0]["encrypted_key"].clone();
    for key in [&ana, &bob] {
        assert_eq!(jwe::decrypt_json(&swapped.to_string(), key).unwrap_err(), Error::Decryption);
    }
    let mut renamed = token;
    renamed["recipients"][0]["header"]["kid"] = "bob".into();
    renamed["recipients"][1]["header"]["kid"] = "ana".into();
    for key in [&ana, &bob] {
        assert_eq!(jwe::decrypt_json(&renamed.to_string(), key).unwrap_err(), Error::Decryption);
    }
    assert_eq!(jwe::decrypt_json(&renamed.to_string(), &named(1, "eve")).unwrap_err(), Error::Recipients);
}

#[test]
fn at_most_four_recipients_that_look_alike_are_tried() {
    let keys: Vec<SymmetricKey> = (1..=5).map(key).collect();
    let keys: Vec<&dyn Encrypter> = keys.iter().map(|key| key as &dyn Encrypter).collect();
    assert!(jwe::decrypt_json(&general(&keys[..4]).to_string(), &key(4)).is_ok());
    assert_eq!(jwe::decrypt_json(&general(&keys).to_string(), &key(1)).unwrap_err(), Error::Recipients);
    let mut crowd = general(&keys[..1]);
    let recipient = crowd["recipients"][0].clone();
    crowd["recipients"].as_array_mut().unwrap().resize(17, recipient);
    assert_eq!(jwe::decrypt_json(&crowd.to_string(), &key(1)).unwrap_err(), Error::Recipients);
}

#[test]
fn what_lies_in_the_open_may_name_the_key_but_not_the_encryption() {
    let open = |header: Value, place: &str| {
        let mut token = general(&[&key(7)]);
        token["recipients"][0].as_object_mut().unwrap().remove("header");
        token["recipients"][0]
            .as_object_mut()
            .unwrap()
            .extend((place == "header").then(|| ("header".to_owned(), header.clone())));
        token.as_object_mut().unwrap().extend((place != "header").then(|| (place.to_owned(), header)));
        token
    };
    for place in ["header", "unprotected"] {
        let good = open(json!({"alg": "A256KW", "kid": "a", "jku": "https://evil.example"}), place);
        assert_eq!(jwe::decrypt_json(&good.to_string(), &key(7)).unwrap().plain(), b"hello");
        let refused = |header: Value| refused(&open(header, place));
        assert_eq!(refused(json!({"alg": "A256KW", "enc": "A256GCM"})), Error::HeaderTwice);
        assert_eq!(refused(json!({"alg": "A256KW", "crit": ["x"]})), Error::Critical);
        assert_eq!(refused(json!({"alg": "A256KW", "zip": "DEF"})), Error::Compressed);
        assert_eq!(refused(json!({"alg": "RSA1_5"})), Error::Rsa15);
        assert_eq!(refused(json!({"kid": "a"})), Error::Header { member: "alg" });
        assert_eq!(refused(json!({})), Error::JweShape);
    }
    let mut token = open(json!({"alg": "A256KW", "enc": "A256GCM"}), "unprotected");
    token["protected"] = base64::encode("{}").into();
    assert_eq!(refused(&token), Error::Header { member: "enc" });
    token.as_object_mut().unwrap().remove("protected");
    assert_eq!(refused(&token), Error::Header { member: "enc" });
    // A `cty` in the open is nobody's word, so it is not handed on.
    let typed = open(json!({"alg": "A256KW", "cty": "JWT", "typ": "JWT"}), "unprotected");
    let found = jwe::decrypt_json(&typed.to_string(), &key(7)).unwrap();
    assert_eq!((found.cty(), found.typ()), (None, None));
}

#[test]
fn a_name_in_two_headers_is_refused() {
    let mut token = general(&[&key(7)]);
    token["unprotected"] = json!({"alg": "A256KW"});
    assert_eq!(refused(&token), Error::HeaderTwice);
    assert_eq!(refused(&with("header", json!({"alg": "A256KW"}))), Error::HeaderTwice);
    assert_eq!(refused(&with("unprotected", json!({"enc": "A256GCM"}))), Error::HeaderTwice);
}

#[test]
fn a_token_of_two_kinds_or_two_forms_is_refused() {
    for (member, value) in [
        ("payload", json!("aGVsbG8")),
        ("signature", json!("AA")),
        ("signatures", json!([])),
        ("recipients", json!([{"encrypted_key": "AA"}])),
        ("iv", json!(null)),
        ("tag", json!(null)),
        ("ciphertext", json!(null)),
        ("iv", json!("")),
        ("aad", json!("")),
        ("encrypted_key", json!("")),
        ("encrypted_key", json!(7)),
        ("protected", json!({"alg": "A256KW"})),
        ("header", json!("A256KW")),
        ("unprotected", json!([])),
    ] {
        assert_eq!(refused(&with(member, value.clone())), Error::JweShape, "{member} {value}");
    }
    let mut token = general(&[&key(7)]);
    for recipients in [json!([]), json!({}), json!("x"), json!([1])] {
        token["recipients"] = recipients;
        assert_eq!(refused(&token), Error::JweShape);
    }
    // A member that this library does not know changes nothing (RFC 7516 7.2.1).
    assert!(jwe::decrypt_json(&with("note", json!("x")).to_string(), &key(7)).is_ok());
}

#[test]
fn no_member_of_a_token_can_be_bent() {
    let token: Value =
        serde_json::from_str(&Message::new(b"hello").flattened(&key(7), b"row 7").unwrap()).unwrap();
    for member in ["protected", "encrypted_key", "iv", "ciphertext", "tag", "aad"] {
        let honest = base64::decode(token[member].as_str().unwrap()).unwrap();
        for at in 0..honest.len() {
            let mut bent = honest.clone();
            bent[at] ^= 4;
            let mut forged = token.clone();
            forged[member] = base64::encode(bent).into();
            assert!(jwe::decrypt_json(&forged.to_string(), &key(7)).is_err(), "{member} {at}");
        }
    }
    let mut without = token.clone();
    without.as_object_mut().unwrap().remove("aad");
    assert_eq!(refused(&without), Error::Decryption);
    // Bytes cannot move from the header to what stands beside it.
    let mut moved = token;
    let protected = moved["protected"].as_str().unwrap().to_owned();
    moved["protected"] = protected.split_at(8).0.into();
    assert!(jwe::decrypt_json(&moved.to_string(), &key(7)).is_err());
}
