//! Round trips with every key and algorithm.

use super::{
    ContentAlgorithm, Curve, Decrypter, DecryptingKey, Encrypter, EncryptingKey, KeyAlgorithm, KeyKind,
    Password, Rounds, SymmetricKey,
};
use crate::error::Error;
use crate::fixtures::{es256, rsa_for_encryption};
use crate::jwe;
use crate::jwk::{Jwk, PrivateJwk};

/// A key of each algorithm for each `enc`, both halves.
fn each(mut check: impl FnMut(&dyn Encrypter, &dyn Decrypter)) {
    for content in ContentAlgorithm::ALL {
        for algorithm in KeyAlgorithm::ALL {
            match algorithm.kind() {
                KeyKind::Rsa => {
                    let key = rsa_for_encryption(algorithm).with_content(content);
                    check(&key.encrypting_key(), &key);
                }
                KeyKind::Agreement => {
                    for curve in Curve::ALL {
                        let key = DecryptingKey::generate_on(curve, algorithm).unwrap().with_content(content);
                        check(&key.encrypting_key(), &key);
                    }
                }
                KeyKind::Symmetric => {
                    let key = if algorithm == KeyAlgorithm::Dir {
                        SymmetricKey::direct(content, &vec![0xa5; content.key_len()]).unwrap()
                    } else {
                        SymmetricKey::generate(algorithm).unwrap().with_content(content).unwrap()
                    };
                    check(&key, &key);
                }
                KeyKind::Password => {
                    let key = Password::new(algorithm, "correct horse").unwrap().with_content(content);
                    let key = key.with_rounds(Rounds::MESSAGE);
                    check(&key, &key);
                }
            }
        }
    }
}

#[test]
fn every_algorithm_decrypts_what_it_encrypted() {
    let mut seen = 0;
    each(|public, private| {
        let token = jwe::encrypt(public, b"attack at dawn").unwrap();
        assert_eq!(jwe::decrypt(&token, private).unwrap().plain(), b"attack at dawn");
        seen += 1;
    });
    assert_eq!(seen, 6 * (4 + 4 * 4 + 7 + 3));
}

#[test]
fn a_key_that_was_kept_as_a_document_decrypts_what_it_did_before() {
    let documents = KeyAlgorithm::ALL.into_iter().flat_map(|algorithm| match algorithm.kind() {
        // Making an RSA key takes a third of a second.
        KeyKind::Rsa if algorithm != KeyAlgorithm::RsaOaep256 => vec![],
        KeyKind::Rsa => vec![DecryptingKey::generate_jwk(algorithm).unwrap()],
        KeyKind::Agreement => {
            Curve::ALL.map(|curve| DecryptingKey::generate_jwk_on(curve, algorithm).unwrap()).into()
        }
        KeyKind::Symmetric if algorithm != KeyAlgorithm::Dir => {
            vec![SymmetricKey::generate_jwk(algorithm).unwrap()]
        }
        KeyKind::Symmetric | KeyKind::Password => vec![],
    });
    for document in documents {
        let again = PrivateJwk::parse(document.to_json().as_bytes()).unwrap();
        let Some(public) = document.to_public() else {
            let key = |jwk| SymmetricKey::from_jwk(jwk).unwrap();
            let token = jwe::encrypt(&key(&document), b"hello").unwrap();
            assert_eq!(jwe::decrypt(&token, &key(&again)).unwrap().plain(), b"hello");
            continue;
        };
        let public = EncryptingKey::from_jwk(&public).unwrap();
        assert_eq!(public.to_jwk(), document.to_public().unwrap());
        assert_eq!(public.key_id().unwrap().as_str(), public.to_jwk().thumbprint());
        let token = jwe::encrypt(&public, b"hello").unwrap();
        let key = DecryptingKey::from_jwk(&again).unwrap();
        assert_eq!(jwe::decrypt(&token, &key).unwrap().plain(), b"hello");
        // The same key from PKCS#8, which names neither `alg` nor `kid`.
        let pkcs8 = PrivateJwk::from_pkcs8(&document.to_pkcs8().unwrap()).unwrap();
        let key = DecryptingKey::from_jwk_as(&pkcs8, public.algorithm()).unwrap();
        assert_eq!(jwe::decrypt(&token, &key).unwrap().plain(), b"hello");
    }
}

#[test]
fn a_key_for_something_else_or_whose_halves_differ_is_refused() {
    let document = |more: &str| {
        let json = format!(
            r#"{{"kty":"OKP","crv":"X25519","x":"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08"{more}}}"#
        );
        Jwk::parse(json.as_bytes()).unwrap()
    };
    let unnamed = EncryptingKey::from_jwk(&document("")).unwrap_err();
    assert_eq!(unnamed, Error::Jwk { member: "alg" });
    assert!(EncryptingKey::from_jwk_as(&document(""), KeyAlgorithm::EcdhEs).is_ok());
    let other = EncryptingKey::from_jwk_as(&document(r#","alg":"ECDH-ES""#), KeyAlgorithm::EcdhEsA128Kw);
    assert_eq!(other.unwrap_err(), Error::Jwk { member: "alg" });
    let rsa = EncryptingKey::from_jwk_as(&document(""), KeyAlgorithm::RsaOaep256);
    assert_eq!(rsa.unwrap_err(), Error::Jwk { member: "alg" });
    let signing = EncryptingKey::from_jwk_as(&es256().verifying_key().to_jwk(), KeyAlgorithm::EcdhEs);
    assert_eq!(signing.unwrap_err(), Error::Purpose { operation: "encrypt" });

    let (ana, bob) = (
        DecryptingKey::generate_jwk_on(Curve::X25519, KeyAlgorithm::EcdhEs).unwrap(),
        DecryptingKey::generate_jwk_on(Curve::X25519, KeyAlgorithm::EcdhEs).unwrap(),
    );
    let member = |jwk: &PrivateJwk, name: &str| {
        let json: serde_json::Value = serde_json::from_str(&jwk.to_json()).unwrap();
        json[name].as_str().unwrap().to_owned()
    };
    let mixed = ana.to_json().replace(&member(&ana, "d"), &member(&bob, "d"));
    let mixed = PrivateJwk::parse(mixed.as_bytes()).unwrap();
    assert_eq!(DecryptingKey::from_jwk(&mixed).unwrap_err(), Error::Halves);
}
