//! Keys: what is read, written and refused.

use crate::algorithm::{Algorithm, Family};
use crate::base64;
use crate::error::{Error, Fault};
use crate::fixtures::{pairs, rs256};
use crate::jwk::{Jwk, JwkSet, PrivateJwk};
use crate::jws::{self, Trusted};
use crate::key::{KeyId, KeySet, SharedKey, SigningKey, VerifyingKey};

const RSA: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const ED: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fn key(json: &str) -> Result<VerifyingKey, Error> {
    VerifyingKey::from_jwk(&Jwk::parse(json.as_bytes())?)
}

fn rsa(n: &[u8], e: &str) -> Result<VerifyingKey, Error> {
    key(&format!(r#"{{"kty":"RSA","n":"{}","e":"{e}"}}"#, base64::encode(n)))
}

fn ec(extra: &str) -> String {
    format!(r#"{{"kty":"EC","crv":"P-256","x":"{X}","y":"{Y}"{extra}}}"#)
}

#[test]
fn rfc_7638_thumbprint() {
    let jwk = format!(r#"{{"kty":"RSA","n":"{RSA}","e":"AQAB","alg":"RS256","kid":"2011-04-29"}}"#);
    let key = key(&jwk).unwrap();
    assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    assert_eq!(key.key_id().as_str(), "2011-04-29");
}

#[test]
fn rfc_8037_a3_thumbprint_names_a_key_without_kid() {
    let key = key(&format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{ED}"}}"#)).unwrap();
    assert_eq!(key.key_id().as_str(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert_eq!(key.algorithm(), Algorithm::EdDsa);
}

#[test]
fn every_key_survives_its_storage_form_and_its_jwk() {
    for key in pairs() {
        let stored = key.to_pkcs8().unwrap();
        let again = SigningKey::from_pkcs8(key.algorithm(), &stored).unwrap();
        assert_eq!(again.key_id(), key.key_id());
        assert_eq!(again.verifying_key().to_jwk(), key.verifying_key().to_jwk());
        let json = serde_json::to_vec(&key.verifying_key().to_jwk()).unwrap();
        let jwk = Jwk::parse(&json).unwrap();
        assert_eq!(jwk, key.verifying_key().to_jwk());
        assert_eq!(jwk.algorithm(), Some(key.algorithm()));
    }
}

#[test]
fn a_stored_key_of_another_kind_is_refused() {
    let es = SigningKey::generate(Algorithm::Es256).unwrap().to_pkcs8().unwrap();
    for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| *algorithm != Algorithm::Es256) {
        let refused = SigningKey::from_pkcs8(algorithm, &es).unwrap_err();
        assert_eq!(refused, Error::PrivateKey { algorithm });
    }
    for bytes in [&b""[..], b"\x30\x00", b"-----BEGIN PRIVATE KEY-----", &es[..es.len() - 1]] {
        assert!(SigningKey::from_pkcs8(Algorithm::Es256, bytes).is_err());
    }
}

#[test]
fn algorithms_of_secrets_have_no_key_pairs_and_the_other_way_round() {
    for algorithm in Algorithm::ALL {
        if algorithm.family() == Family::Secret {
            assert_eq!(SigningKey::generate(algorithm).unwrap_err(), Fault::Unfit { algorithm });
        } else {
            assert_eq!(SharedKey::generate(algorithm).unwrap_err(), Fault::Unfit { algorithm });
            assert!(SharedKey::new(algorithm, &[9; 64]).is_err());
        }
    }
}

#[test]
fn rsa_keys_below_2048_bits_are_refused() {
    let mut n = vec![0xc5; 128];
    assert_eq!(
        rsa(&n, "AQAB").unwrap_err(),
        Error::KeyTooShort { algorithm: "RS256", bits: 1024, least: 2048 }
    );
    n.resize(256, 0xc5);
    assert!(rsa(&base64::decode(RSA).unwrap(), "AQAB").is_ok());
    n[0] = 0x7f;
    assert_eq!(
        rsa(&n, "AQAB").unwrap_err(),
        Error::KeyTooShort { algorithm: "RS256", bits: 2047, least: 2048 }
    );
    n[0] = 0;
    assert_eq!(rsa(&n, "AQAB").unwrap_err(), Error::Jwk { member: "n" });
    assert_eq!(rsa(&[0xc5; 1025], "AQAB").unwrap_err(), Error::Jwk { member: "n" });
}

#[test]
fn a_short_private_rsa_key_is_told_that_it_is_short() {
    let pkcs8 = |modulus: &[u8]| {
        let number = base64::encode([0x51; 64]);
        let rest = ["d", "p", "q", "dp", "dq", "qi"].map(|name| format!(r#","{name}":"{number}""#)).concat();
        let n = base64::encode(modulus);
        let json = format!(r#"{{"kty":"RSA","n":"{n}","e":"AQAB"{rest}}}"#);
        PrivateJwk::parse(json.as_bytes()).unwrap().to_pkcs8().unwrap()
    };
    let algorithm = Algorithm::Ps256;
    assert_eq!(
        SigningKey::from_pkcs8(algorithm, &pkcs8(&[0x9d; 128])).unwrap_err(),
        Error::KeyTooShort { algorithm: "PS256", bits: 1024, least: 2048 }
    );
    assert_eq!(
        SigningKey::from_pkcs8(algorithm, &pkcs8(&base64::decode(RSA).unwrap())).unwrap_err(),
        Error::Halves
    );
}

#[test]
fn rsa_exponents_that_let_anybody_sign_are_refused() {
    let n = base64::decode(RSA).unwrap();
    for e in ["AQ", "Ag", "AQAA", "__________8"] {
        assert_eq!(rsa(&n, e).unwrap_err(), Error::WeakExponent, "{e}");
    }
    assert_eq!(rsa(&n, "AAEAAQ").unwrap_err(), Error::Jwk { member: "e" });
    assert_eq!(rsa(&n, "").unwrap_err(), Error::Jwk { member: "e" });
    assert!(rsa(&n, "Aw").is_ok());
}

#[test]
fn points_that_are_not_on_their_curve_are_refused() {
    let off = format!(r#"{{"kty":"EC","crv":"P-256","x":"{Y}","y":"{X}"}}"#);
    assert_eq!(key(&off).unwrap_err(), Error::Jwk { member: "x" });
    let zero = "A".repeat(43);
    let origin = format!(r#"{{"kty":"EC","crv":"P-256","x":"{zero}","y":"{zero}"}}"#);
    assert_eq!(key(&origin).unwrap_err(), Error::Jwk { member: "x" });
    let other = format!(r#"{{"kty":"EC","crv":"P-384","x":"{X}","y":"{Y}"}}"#);
    assert_eq!(key(&other).unwrap_err(), Error::Jwk { member: "x" });
    let short = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"}}"#, base64::encode([1; 31]));
    assert_eq!(key(&short).unwrap_err(), Error::Jwk { member: "x" });
}

#[test]
fn a_jwk_is_for_verifying_with_its_own_algorithm_or_refused() {
    assert!(key(&ec(r#","use":"sig","key_ops":["verify"],"alg":"ES256","x5c":[]"#)).is_ok());
    for (extra, refusal) in [
        (r#","use":"enc""#, Error::Purpose { operation: "verify" }),
        (r#","use":"other""#, Error::Unsupported),
        (r#","use":"enc","alg":"ES256""#, Error::Contradiction),
        (r#","key_ops":["verify","deriveKey"]"#, Error::Contradiction),
        (r#","use":"sig","key_ops":["encrypt"]"#, Error::Contradiction),
        (r#","key_ops":["sign"]"#, Error::Unsupported),
        (r#","key_ops":[]"#, Error::Purpose { operation: "verify" }),
        (r#","alg":"ECDH-ES""#, Error::Purpose { operation: "verify" }),
        (r#","alg":"A256KW""#, Error::Jwk { member: "alg" }),
        (r#","alg":"RSA-OAEP""#, Error::Jwk { member: "alg" }),
        (r#","alg":"A256GCM""#, Error::Jwk { member: "alg" }),
        (r#","use":1"#, Error::Jwk { member: "use" }),
        (r#","key_ops":["encrypt"]"#, Error::Purpose { operation: "verify" }),
        (r#","key_ops":["verify","verify"]"#, Error::Jwk { member: "key_ops" }),
        (r#","key_ops":"verify""#, Error::Jwk { member: "key_ops" }),
        (r#","alg":"HS256""#, Error::Jwk { member: "alg" }),
        (r#","alg":"RS256""#, Error::Jwk { member: "alg" }),
        (r#","alg":"ES384""#, Error::Jwk { member: "alg" }),
        (r#","alg":"none""#, Error::Unsupported),
        (r#","alg":"RSA1_5""#, Error::Rsa15),
        (r#","use":"enc","alg":"RSA1_5""#, Error::Rsa15),
        (r#","alg":["ES256"]"#, Error::Jwk { member: "alg" }),
        (r#","kid":7"#, Error::Jwk { member: "kid" }),
        (r#","kid":"""#, Error::KeyId),
        (r#","d":"AQ""#, Error::Jwk { member: "d" }),
    ] {
        assert_eq!(key(&ec(extra)).unwrap_err(), refusal, "{extra}");
    }
    assert!(matches!(key(&ec(r#","crv":"P-384""#)).unwrap_err(), Error::Json { .. }));
    let unpinned = format!(r#"{{"kty":"RSA","n":"{RSA}","e":"AQAB"}}"#);
    let jwk = Jwk::parse(unpinned.as_bytes()).unwrap();
    assert_eq!(VerifyingKey::from_jwk(&jwk).unwrap().algorithm(), Algorithm::Rs256);
    let pss = VerifyingKey::from_jwk_as(&jwk, Algorithm::Ps512).unwrap();
    assert_eq!(pss.algorithm(), Algorithm::Ps512);
    assert!(VerifyingKey::from_jwk_as(&pss.to_jwk(), Algorithm::Rs256).is_err());
}

#[test]
fn secrets_shorter_than_the_hash_are_refused() {
    for (algorithm, least) in [(Algorithm::Hs256, 32), (Algorithm::Hs384, 48), (Algorithm::Hs512, 64)] {
        let refused = SharedKey::new(algorithm, &vec![7; least - 1]).unwrap_err();
        let algorithm = algorithm.name();
        assert_eq!(refused, Error::KeyTooShort { algorithm, bits: (least - 1) * 8, least: least * 8 });
        assert!(SharedKey::new(Algorithm::named(algorithm).unwrap(), &vec![7; least]).is_ok());
    }
}

#[test]
fn key_documents_are_not_secrets() {
    let jwk = serde_json::to_string(&rs256().verifying_key().to_jwk()).unwrap();
    let jwks = serde_json::to_string(&JwkSet::new([rs256().verifying_key().to_jwk()])).unwrap();
    let der = rs256().to_pkcs8().unwrap();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", "MIIB".repeat(20));
    let documents: [(&str, Vec<u8>); 9] = [
        ("PEM", pem.clone().into()),
        ("PEM", format!(" \n\t{pem}").into()),
        ("PEM", format!("\u{feff}{pem}").into()),
        ("PEM", format!("Bag Attributes: none\n{pem}").into()),
        ("JWK", jwk.clone().into()),
        ("JWK", format!("\n {jwk}").into()),
        ("JWK", jwks.into()),
        ("DER", der.to_vec()),
        ("SSH", format!("ssh-ed25519 {}", "AAAA".repeat(16)).into()),
    ];
    for (format, secret) in documents {
        assert_eq!(SharedKey::new(Algorithm::Hs256, &secret).unwrap_err(), Error::NotASecret { format });
    }
    // A short document is told for what it is, not for its length.
    assert_eq!(
        SharedKey::new(Algorithm::Hs512, br#"{"kty":"oct"}"#).unwrap_err(),
        Error::NotASecret { format: "JWK" }
    );
}

#[test]
fn a_key_set_refuses_doubles_secrets_and_private_keys() {
    let one = ec(r#","kid":"a""#);
    let ed = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{ED}","kid":"a"}}"#);
    let set = |keys: &[&str]| KeySet::from_jwks(format!(r#"{{"keys":[{}]}}"#, keys.join(",")).as_bytes());
    assert_eq!(set(&[&one, &ed]).unwrap_err(), Error::DuplicateKeyId);
    assert_eq!(set(&[&one, r#"{"kty":"oct","k":"c2VjcmV0"}"#]).unwrap_err(), Error::MixedKeys);
    let private = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{ED}","d":"{ED}"}}"#);
    assert_eq!(set(&[&one, &private]).unwrap_err(), Error::Jwk { member: "d" });
    assert_eq!(KeySet::from_jwks(b"{}").unwrap_err(), Error::Jwk { member: "keys" });
    assert_eq!(KeySet::from_jwks(br#"{"keys":[1]}"#).unwrap_err(), Error::Jwk { member: "keys" });
    assert!(matches!(KeySet::from_jwks(b"[]").unwrap_err(), Error::Json { .. }));
    let many = vec![r#"{"kty":"KPA"}"#; 101];
    assert_eq!(set(&many).unwrap_err(), Error::Jwk { member: "keys" });
    assert_eq!(set(&many[1..]).unwrap().keys().len(), 0);
    let passed_over = [
        r#"{"kty":"AKP","alg":"SLH-DSA-SHA2-128s","pub":"AA"}"#.to_owned(),
        format!(r#"{{"kty":"OKP","crv":"X25519","x":"{ED}"}}"#),
        format!(r#"{{"kty":"OKP","crv":"Ed448","x":"{ED}"}}"#),
        ec(r#","use":"enc","kid":"a""#),
        ec(r#","use":"enc","alg":"ES256","kid":"a""#),
        ec(r#","alg":"ECDH-ES+A128KW","kid":"a""#),
    ];
    let mut with_one: Vec<&str> = passed_over.iter().map(String::as_str).collect();
    with_one.push(&one);
    let known = set(&with_one).unwrap();
    assert_eq!(
        set(&[r#"{"kty":"AKP","alg":"ML-DSA-44","pub":"AA"}"#]).unwrap_err(),
        Error::Jwk { member: "pub" }
    );
    assert_eq!(known.keys().len(), 1);
    assert!(known.find(&KeyId::new("a").unwrap()).is_some());
    assert!(known.find(&KeyId::new("A").unwrap()).is_none());
}

#[test]
fn a_published_set_lists_rsa_then_ec_then_okp_and_never_ml_dsa() {
    let keys: Vec<SigningKey> = vec![
        SigningKey::generate(Algorithm::MlDsa44).unwrap(),
        SigningKey::generate(Algorithm::EdDsa).unwrap(),
        SigningKey::generate(Algorithm::Es256).unwrap(),
        SigningKey::from_pkcs8(Algorithm::Rs256, &rs256().to_pkcs8().unwrap()).unwrap(),
    ];
    let all = KeySet::new(keys.iter().map(SigningKey::verifying_key)).unwrap();
    let json: serde_json::Value = serde_json::to_value(all.to_jwks()).unwrap();
    let apart = all.to_akp_jwks();
    assert_eq!(apart.keys().len(), 1);
    assert_eq!(apart.keys()[0].algorithm(), Some(Algorithm::MlDsa44));
    let kinds: Vec<&str> =
        json["keys"].as_array().unwrap().iter().map(|key| key["kty"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["RSA", "EC", "OKP"]);
    for key in json["keys"].as_array().unwrap() {
        assert_eq!(key["use"], "sig");
        assert!(key["kid"].is_string() && key["alg"].is_string());
        assert!(key.get("d").is_none() && key.get("p").is_none());
    }
}

#[test]
fn key_ids_are_bounded() {
    assert!(KeyId::new("x".repeat(256)).is_ok());
    for bad in [String::new(), "x".repeat(257), "a\nb".into(), "a\0".into(), "\u{7f}".into()] {
        assert_eq!(KeyId::new(bad).unwrap_err(), Error::KeyId);
    }
}

#[test]
fn keys_print_no_secrets() {
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    assert_eq!(format!("{key:?}"), format!("SigningKey(EdDSA, {}, ..)", key.key_id()));
    assert_eq!(format!("{:?}", SharedKey::generate(Algorithm::Hs256).unwrap()), "SharedKey(..)");
}

#[test]
fn an_ed25519_key_emits_its_own_name_and_takes_both_unless_told_otherwise() {
    for (own, other) in [(Algorithm::EdDsa, Algorithm::Ed25519), (Algorithm::Ed25519, Algorithm::EdDsa)] {
        let key = SigningKey::generate(own).unwrap();
        let twin = SigningKey::from_pkcs8(other, &key.to_pkcs8().unwrap()).unwrap();
        assert_eq!(key.key_id(), twin.key_id());
        let (mine, theirs) = (jws::sign(&key, None, b"x").unwrap(), jws::sign(&twin, None, b"x").unwrap());
        assert!(mine.starts_with(&base64::encode(format!(r#"{{"alg":"{own}","#))));
        let both = Trusted::from(key.verifying_key());
        assert!(jws::verify(&mine, &both).is_ok() && jws::verify(&theirs, &both).is_ok());
        let exact = Trusted::from(key.verifying_key().with_exact_alg());
        assert!(jws::verify(&mine, &exact).is_ok());
        assert_eq!(jws::verify(&theirs, &exact).unwrap_err(), Error::Algorithm { expected: own });
    }
    let es = SigningKey::generate(Algorithm::Es256).unwrap().verifying_key();
    assert!(es.accepts("ES256") && !es.accepts("EdDSA") && !es.accepts("ES256K") && !es.accepts("none"));
}
