//! The examples of the RFCs: those that must decrypt, and those that must be refused.
//!
//! RFC 7516 A, RFC 7517 C, RFC 7518 C, RFC 7520 5. What is refused is what does not exist here
//! (`RSA1_5`, `zip`) and a token whose `enc` is not protected (RFC 7520 5.12).

mod primitives;

use serde::Deserialize;
use serde_json::Value;

use super::{Decrypter, DecryptingKey, KeyAlgorithm, KeyKind, Password, SymmetricKey};
use crate::backend::agree::{AgreementKey, AgreementPublic};
use crate::backend::derive;
use crate::base64;
use crate::jwe::{self, Curve};
use crate::jwk::PrivateJwk;

#[derive(Deserialize)]
struct Example {
    name: String,
    alg: String,
    key: Option<Value>,
    password: Option<String>,
    token: Value,
    plain: Option<String>,
    aad: Option<String>,
    refused: Option<String>,
}

fn key(example: &Example) -> Box<dyn Decrypter> {
    let algorithm = KeyAlgorithm::named(&example.alg).unwrap();
    if let Some(password) = &example.password {
        return Box::new(Password::new(algorithm, password).unwrap());
    }
    let json = example.key.as_ref().unwrap().to_string();
    let jwk = match PrivateJwk::parse(json.as_bytes()) {
        Ok(jwk) => jwk,
        // The keys of the examples for `RSA1_5` name it; what refuses is then the document.
        Err(_) => PrivateJwk::parse(json.replace("RSA1_5", "RSA-OAEP").as_bytes()).unwrap(),
    };
    match algorithm.kind() {
        KeyKind::Symmetric if jwk.key_algorithm().is_some() || algorithm == KeyAlgorithm::Dir => {
            Box::new(SymmetricKey::from_jwk(&jwk).unwrap())
        }
        KeyKind::Symmetric => {
            let secret = example.key.as_ref().unwrap()["k"].as_str().unwrap();
            Box::new(SymmetricKey::new(algorithm, &base64::decode(secret).unwrap()).unwrap())
        }
        _ => Box::new(DecryptingKey::from_jwk_as(&jwk, algorithm).unwrap()),
    }
}

#[test]
fn the_examples_of_rfc_7516_and_rfc_7520() {
    let examples: Vec<Example> = serde_json::from_str(include_str!("rfc_7516_and_7520.json")).unwrap();
    assert_eq!(examples.len(), 40);
    for example in &examples {
        let key = key(example);
        let found = match &example.token {
            Value::String(token) => jwe::decrypt(token, &*key),
            json => jwe::decrypt_json(&json.to_string(), &*key),
        };
        match (&example.refused, found) {
            (Some(code), Err(error)) => assert_eq!(error.code(), code, "{}", example.name),
            (None, Ok(found)) => {
                let plain = example.plain.as_deref().unwrap();
                assert_eq!(found.plain(), plain.as_bytes(), "{}", example.name);
                assert_eq!(found.aad(), example.aad.as_deref().unwrap_or_default().as_bytes());
            }
            (_, found) => panic!("{}: {found:?}", example.name),
        }
    }
}

#[test]
fn the_example_of_rfc_7517_c_opens_as_a_private_key() {
    let example: Example = serde_json::from_str(include_str!("rfc_7517_c.json")).unwrap();
    let password = Password::new(KeyAlgorithm::Pbes2Hs256A128Kw, example.password.as_deref().unwrap());
    let opened = jwe::decrypt_jwk(example.token.as_str().unwrap(), &password.unwrap()).unwrap();
    let written: Value = serde_json::from_str(&opened.to_json()).unwrap();
    assert_eq!(&written, example.key.as_ref().unwrap());
}

#[test]
fn the_example_of_rfc_7518_c_agrees_on_its_key() {
    let (curve, text) = (Curve::P256, |text| base64::decode(text).unwrap());
    let alice = AgreementKey::new(curve, &text("0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo")).unwrap();
    let bob = AgreementKey::new(curve, &text("VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw")).unwrap();
    let of = |key: &AgreementKey| AgreementPublic::new(curve, &key.public().unwrap()).unwrap();
    let secret = alice.agree(&of(&bob)).unwrap();
    assert_eq!(secret, bob.agree(&of(&alice)).unwrap());
    let key = derive::concat(&secret, "A128GCM", b"Alice", b"Bob", 16).unwrap();
    assert_eq!(base64::encode(key), "VqqN6vgjbSBcIijNcacQGg");
}
