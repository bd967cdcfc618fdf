//! Round trips with every algorithm, and what the compact form refuses.

mod crit;
mod detached;
mod document;
mod length;
mod vectors;

use crate::algorithm::{Algorithm, Family};
use crate::base64;
use crate::error::Error;
use crate::fixtures::{es256, forge, pairs, secret};
use crate::jws::{self, MAX_TOKEN, Trusted};
use crate::key::{KeyId, KeySet, SharedKey, Signer, SigningKey};

#[test]
fn every_algorithm_verifies_what_it_signed_and_nothing_else() {
    let keys = pairs();
    assert_eq!(keys.len(), 15);
    for key in &keys {
        let token = jws::sign(key, Some("JOSE"), b"payload").unwrap();
        let trusted = Trusted::from(key.verifying_key());
        let signed = jws::verify(&token, &trusted).unwrap();
        assert_eq!((signed.payload(), signed.typ()), (b"payload".as_slice(), Some("JOSE")));
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let bent = format!("{}x.{signature}", signed.strip_suffix('k').unwrap_or(signed));
        assert!(jws::verify(&bent, &trusted).is_err());
        for other in keys.iter().filter(|other| other.algorithm() != key.algorithm()) {
            let trusted = Trusted::from(other.verifying_key());
            let refused = jws::verify(&token, &trusted).unwrap_err();
            assert!(matches!(refused, Error::UnknownKey | Error::Algorithm { .. }), "{refused}");
        }
    }
}

#[test]
fn every_hmac_verifies_what_it_signed_and_nothing_else() {
    let hmacs = Algorithm::ALL.into_iter().filter(|algorithm| algorithm.family() == Family::Secret);
    for algorithm in hmacs {
        let key = secret(algorithm);
        let token = jws::sign(&key, None, b"payload").unwrap();
        let trusted = Trusted::from(key);
        assert_eq!(jws::verify(&token, &trusted).unwrap().payload(), b"payload");
        let other = SharedKey::new(algorithm, &[0x5a; 64]).unwrap();
        assert_eq!(jws::verify(&token, &Trusted::from(other)).unwrap_err(), Error::Signature);
        let (signed, tag) = token.rsplit_once('.').unwrap();
        let tag = base64::decode(tag).unwrap();
        for length in [0, 1, tag.len() / 2, tag.len() - 1] {
            let cut = format!("{signed}.{}", base64::encode(&tag[..length]));
            assert_eq!(jws::verify(&cut, &trusted).unwrap_err(), Error::Signature);
        }
    }
}

#[test]
fn the_header_is_written_in_one_order() {
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap().with_id(KeyId::new("k \"1\"").unwrap());
    let token = jws::sign(&key, Some("at+jwt"), b"{}").unwrap();
    let header = base64::decode(token.split('.').next().unwrap()).unwrap();
    assert_eq!(header, br#"{"alg":"EdDSA","typ":"at+jwt","kid":"k \"1\""}"#);
    assert!(jws::verify(&token, &key.verifying_key().into()).is_ok());
}

#[test]
fn a_token_of_the_limit_is_read_and_one_byte_more_is_not() {
    let key = secret(Algorithm::Hs256);
    // `{"alg":"HS256"}` is 20 characters, the tag 43, the dots 2.
    let longest = (MAX_TOKEN - 20 - 43 - 2) / 4 * 3;
    let token = jws::sign(&key, None, &vec![b' '; longest]).unwrap();
    assert!(token.len() <= MAX_TOKEN && token.len() > MAX_TOKEN - 4);
    let trusted = Trusted::from(key);
    assert!(jws::verify(&token, &trusted).is_ok());
    let longer = format!("{token}{}", "A".repeat(MAX_TOKEN + 1 - token.len()));
    assert_eq!(jws::verify(&longer, &trusted).unwrap_err(), Error::TooLarge { limit: MAX_TOKEN });
    assert_eq!(
        jws::verify(&".".repeat(8_000_000), &trusted).unwrap_err(),
        Error::TooLarge { limit: MAX_TOKEN }
    );
}

#[test]
fn tokens_of_another_shape_are_refused() {
    let trusted = Trusted::from(secret(Algorithm::Hs256));
    for token in ["", ".", "a", "a.b", "a.b.c.d", "a.b.c.d.e.f", "..", ".b.c", "....."] {
        assert_eq!(jws::verify(token, &trusted).unwrap_err(), Error::Shape, "{token:?}");
    }
}

#[test]
fn without_kid_there_must_be_no_choice() {
    let one = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let two = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let es = SigningKey::generate(Algorithm::Es256).unwrap();
    let set = |keys: &[&SigningKey]| -> Trusted {
        KeySet::new(keys.iter().map(|key| key.verifying_key())).unwrap().into()
    };
    let unnamed = forge(&one, r#"{"alg":"EdDSA"}"#, "x");
    assert!(jws::verify(&unnamed, &set(&[&one])).is_ok());
    assert!(jws::verify(&unnamed, &set(&[&es, &one])).is_ok());
    assert_eq!(jws::verify(&unnamed, &set(&[&one, &two])).unwrap_err(), Error::KeyUnnamed);
    assert_eq!(jws::verify(&unnamed, &set(&[])).unwrap_err(), Error::KeyUnnamed);
    assert_eq!(
        jws::verify(&unnamed, &set(&[&es])).unwrap_err(),
        Error::Algorithm { expected: Algorithm::Es256 }
    );
    let named = jws::sign(&one, None, b"x").unwrap();
    assert!(jws::verify(&named, &set(&[&two, &es, &one])).is_ok());
    assert_eq!(jws::verify(&named, &set(&[&two, &es])).unwrap_err(), Error::UnknownKey);
}

#[test]
fn a_shared_key_with_a_name_asks_for_it() {
    let id = || KeyId::new("edge").unwrap();
    let token = jws::sign(&secret(Algorithm::Hs256).with_id(id()), None, b"x").unwrap();
    assert!(jws::verify(&token, &secret(Algorithm::Hs256).with_id(id()).into()).is_ok());
    let other = secret(Algorithm::Hs256).with_id(KeyId::new("else").unwrap());
    assert_eq!(jws::verify(&token, &other.into()).unwrap_err(), Error::UnknownKey);
    let drawn = SharedKey::generate(Algorithm::Hs256).unwrap();
    assert_eq!(drawn.sign(b"").unwrap().len(), 32);
}

#[test]
fn a_signature_made_elsewhere_is_checked_before_the_token_is_let_out() {
    for remote in &pairs() {
        let public = remote.verifying_key();
        let unsigned = jws::prepare(&public, Some("JOSE"), b"payload");
        assert_eq!(unsigned.algorithm(), remote.algorithm());
        let signature = remote.sign(unsigned.input()).unwrap();
        let token = unsigned.clone().signed(&signature).unwrap();
        assert!(token.as_bytes().starts_with(unsigned.input()));
        assert_eq!(jws::verify(&token, &public.into()).unwrap().payload(), b"payload");

        // Nothing, half of it, another key's, or one over other bytes.
        let other = match remote.algorithm().family() {
            Family::Rsa => es256().sign(unsigned.input()).unwrap(),
            _ => SigningKey::generate(remote.algorithm()).unwrap().sign(unsigned.input()).unwrap(),
        };
        let elsewhere = remote.sign(b"other bytes").unwrap();
        let half = &signature[..signature.len() / 2];
        for bad in [&[], half, &other, &elsewhere, &[&signature[..], &[0]].concat()] {
            assert_eq!(unsigned.clone().signed(bad).unwrap_err(), Error::Signature);
        }
    }
}

#[test]
fn what_is_signed_elsewhere_is_what_would_have_been_signed_here() {
    // Ed25519 is deterministic, so the two ways must give the same bytes.
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let unsigned = jws::prepare(&key.verifying_key(), Some("JOSE"), b"payload");
    assert_eq!(format!("{unsigned:?}"), format!("Unsigned(VerifyingKey(EdDSA, {}), ..)", key.key_id()));
    let signature = key.sign(unsigned.input()).unwrap();
    assert_eq!(unsigned.signed(&signature).unwrap(), jws::sign(&key, Some("JOSE"), b"payload").unwrap());
}

#[test]
fn several_secrets_are_told_apart_by_name() {
    let id = |name: &str| KeyId::new(name).unwrap();
    let key = |byte: u8| SharedKey::new(Algorithm::Hs256, &[byte; 32]).unwrap();
    let trusted = Trusted::shared([key(1).with_id(id("a")), key(2).with_id(id("b"))]).unwrap();
    for (byte, name, good) in [(1, "a", true), (2, "b", true), (1, "b", false), (2, "a", false)] {
        let token = jws::sign(&key(byte).with_id(id(name)), None, b"x").unwrap();
        assert_eq!(jws::verify(&token, &trusted).is_ok(), good, "{byte} {name}");
    }
    let unnamed = jws::sign(&key(1), None, b"x").unwrap();
    assert_eq!(jws::verify(&unnamed, &trusted).unwrap_err(), Error::KeyUnnamed);
    let elsewhere = jws::sign(&key(1).with_id(id("c")), None, b"x").unwrap();
    assert_eq!(jws::verify(&elsewhere, &trusted).unwrap_err(), Error::UnknownKey);

    let twice = Trusted::shared([key(1).with_id(id("a")), key(2).with_id(id("a"))]);
    assert_eq!(twice.unwrap_err(), Error::DuplicateKeyId);
    let nameless = Trusted::shared([key(1).with_id(id("a")), key(2)]);
    assert_eq!(nameless.unwrap_err(), Error::Jwk { member: "kid" });
}

#[test]
fn every_reader_refuses_what_is_too_long_before_decoding() {
    let trusted = Trusted::from(secret(Algorithm::Hs256));
    let policy = jws::AnyOf::new(trusted.clone());
    let long = Error::TooLarge { limit: MAX_TOKEN };
    for text in ["!".repeat(MAX_TOKEN + 1), "{".repeat(MAX_TOKEN + 1), ".".repeat(50_000_000)] {
        let answers = [
            jws::verify(&text, &trusted).unwrap_err(),
            jws::verify_detached(&text, b"", &trusted).unwrap_err(),
            jws::verify_unencoded(&text, &trusted).unwrap_err(),
            jws::verify_json(&text, &policy).unwrap_err(),
            jws::verify_json_detached(&text, b"", &policy).unwrap_err(),
        ];
        assert!(answers.iter().all(|answer| *answer == long), "{answers:?}");
    }
}

/// A DER element with a short length.
fn element(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(body.len()).unwrap();
    let head = if length < 0x80 { vec![tag, length] } else { vec![tag, 0x81, length] };
    [head, body.to_vec()].concat()
}

fn in_der(signature: &[u8]) -> Vec<u8> {
    let integer = |half: &[u8]| {
        let mut body: Vec<u8> = half.iter().copied().skip_while(|byte| *byte == 0).collect();
        if body.first().is_none_or(|first| first & 0x80 != 0) {
            body.insert(0, 0);
        }
        element(2, &body)
    };
    let (r, s) = signature.split_at(signature.len() / 2);
    element(0x30, &[integer(r), integer(s)].concat())
}

#[test]
fn a_key_service_may_answer_in_der_and_the_token_still_has_none() {
    for remote in &pairs() {
        let public = remote.verifying_key();
        // Often enough that short numbers and leading zeros are among them.
        for round in 0..if remote.algorithm().family() == Family::Ec { 64 } else { 1 } {
            let unsigned = jws::prepare(&public, None, format!("payload {round}").as_bytes());
            let signature = remote.sign(unsigned.input()).unwrap();
            if remote.algorithm().family() != Family::Ec {
                assert_eq!(unsigned.clone().signed_der(&signature).unwrap_err(), Error::Signature);
                continue;
            }
            let der = in_der(&signature);
            let token = unsigned.clone().signed_der(&der).unwrap();
            assert_eq!(token, unsigned.clone().signed(&signature).unwrap());
            assert!(jws::verify(&token, &public.clone().into()).is_ok());
            let halves = signature.len() / 2;
            let negative = element(0x30, &[element(2, &[0xff]), element(2, &[1])].concat());
            let long = element(0x30, &[element(2, &vec![1; halves + 1]), element(2, &[1])].concat());
            for bad in [
                &[],
                &signature[..],
                &der[..der.len() - 1],
                &[&der[..], &[0]].concat(),
                &negative,
                &long,
                &element(0x31, &der[2..]),
                &element(0x30, &[]),
                &in_der(&vec![0; signature.len()]),
                &in_der(&[&signature[halves..], &signature[..halves]].concat()),
            ] {
                assert_eq!(unsigned.clone().signed_der(bad).unwrap_err(), Error::Signature);
            }
        }
    }
}

#[test]
fn the_twin_of_an_ecdsa_signature_is_good_so_a_token_is_no_name_for_itself() {
    // If (r, s) is good then so is (r, n - s), by the standard. Whoever lists bad tokens must
    // list `jti` or what the claims say, never the token's text.
    let order: [u8; 32] =
        crate::fixtures::hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
            .try_into()
            .unwrap();
    let token = jws::sign(es256(), None, b"payload").unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut twin = base64::decode(signature).unwrap();
    let mut borrow = 0;
    for at in (0..32).rev() {
        let difference = i16::from(order[at]) - i16::from(twin[32 + at]) - borrow;
        borrow = i16::from(difference < 0);
        twin[32 + at] = u8::try_from(difference + 256 * borrow).unwrap();
    }
    let twin = format!("{signed}.{}", base64::encode(twin));
    assert_ne!(twin, token);
    let trusted = Trusted::from(es256().verifying_key());
    assert_eq!(jws::verify(&twin, &trusted).unwrap().payload(), b"payload");
}
