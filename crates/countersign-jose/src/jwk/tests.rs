//! Private documents: what is read, written and refused.

use crate::algorithm::Algorithm;
use crate::base64;
use crate::error::Error;
use crate::fixtures::{pairs, secret};
use crate::jwe::KeyAlgorithm;
use crate::jwk::{Jwk, PrivateJwk};
use crate::key::{SharedKey, Signer, SigningKey};

/// RFC 7517 A.2, the first key.
const EC: &str = r#"{"kty":"EC","crv":"P-256",
    "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    "d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"EXTRA}"#;

/// RFC 8037 A.1.
const ED: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"EXTRA}"#;

/// RFC 7517 A.3: the second key.
const OCT: &str = r#"{"kty":"oct",
    "k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"EXTRA}"#;

fn parse(template: &str, extra: &str) -> Result<PrivateJwk, Error> {
    PrivateJwk::parse(template.replace("EXTRA", extra).as_bytes())
}

#[test]
fn a_private_key_comes_back_from_its_json() {
    for template in [EC, ED] {
        let one = parse(template, r#","kid":"k \"1\"","use":"sig""#).unwrap();
        let json = one.to_json();
        let two = PrivateJwk::parse(json.as_bytes()).unwrap();
        assert_eq!(*two.to_json(), *json);
        assert_eq!(two.key_id().unwrap().as_str(), "k \"1\"");
        let (one, two) = (SigningKey::from_jwk(&one).unwrap(), SigningKey::from_jwk(&two).unwrap());
        assert_eq!(one.verifying_key().to_jwk(), two.verifying_key().to_jwk());
        let signature = one.sign(b"message").unwrap();
        assert!(two.verifying_key().verify(b"message", &signature));
    }
}

#[test]
fn a_secret_comes_back_from_its_json() {
    let jwk = parse(OCT, r#","alg":"HS256","kid":"s""#).unwrap();
    let again = PrivateJwk::parse(jwk.to_json().as_bytes()).unwrap();
    let (one, two) = (SharedKey::from_jwk(&jwk).unwrap(), SharedKey::from_jwk(&again).unwrap());
    assert!(two.verify(b"message", &one.sign(b"message").unwrap()));
    assert_eq!(two.key_id().unwrap().as_str(), "s");
    assert!(jwk.to_public().is_none());
    assert!(!secret(Algorithm::Hs256).verify(b"message", &one.sign(b"message").unwrap()));
}

#[test]
fn a_private_half_of_another_key_is_refused() {
    let other = base64::encode([7; 32]);
    let swapped = |template: &str, d: &str| {
        let json = template.replace(d, &other).replace("EXTRA", "");
        SigningKey::from_jwk(&PrivateJwk::parse(json.as_bytes()).unwrap()).unwrap_err()
    };
    assert_eq!(swapped(EC, "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"), Error::Halves);
    assert_eq!(swapped(ED, "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"), Error::Halves);
}

#[test]
fn a_public_document_is_no_private_key_and_the_other_way_round() {
    for key in pairs() {
        let public = serde_json::to_vec(&key.verifying_key().to_jwk()).unwrap();
        let member = if key.algorithm().name().starts_with("ML") { "priv" } else { "d" };
        assert_eq!(PrivateJwk::parse(&public).unwrap_err(), Error::Jwk { member });
    }
    assert_eq!(Jwk::parse(EC.replace("EXTRA", "").as_bytes()).unwrap_err(), Error::Jwk { member: "d" });
    assert_eq!(Jwk::parse(OCT.replace("EXTRA", "").as_bytes()).unwrap_err(), Error::MixedKeys);
}

#[test]
fn a_private_key_is_used_for_what_it_says() {
    for (extra, refusal) in [
        (r#","use":"enc""#, Error::Purpose { operation: "sign" }),
        (r#","alg":"ECDH-ES""#, Error::Purpose { operation: "sign" }),
        (r#","key_ops":["deriveBits"]"#, Error::Purpose { operation: "sign" }),
        (r#","key_ops":["verify"]"#, Error::Unsupported),
        (r#","key_ops":["sign"],"use":"enc""#, Error::Contradiction),
        (r#","alg":"ES384""#, Error::Jwk { member: "alg" }),
        (r#","alg":"HS256""#, Error::Jwk { member: "alg" }),
    ] {
        let read = parse(EC, extra).and_then(|jwk| SigningKey::from_jwk(&jwk));
        assert_eq!(read.unwrap_err(), refusal, "{extra}");
    }
    let agreement = parse(EC, r#","alg":"ECDH-ES+A256KW""#).unwrap();
    assert_eq!(agreement.key_algorithm(), Some(KeyAlgorithm::EcdhEsA256Kw));
    assert_eq!(agreement.to_public().unwrap().key_algorithm(), Some(KeyAlgorithm::EcdhEsA256Kw));
    assert!(SigningKey::from_jwk(&parse(EC, r#","key_ops":["sign","verify"]"#).unwrap()).is_ok());
}

#[test]
fn a_secret_is_used_for_what_it_says() {
    for (extra, refusal) in [
        ("", Error::Jwk { member: "alg" }),
        (r#","use":"enc""#, Error::Purpose { operation: "make a MAC" }),
        (r#","alg":"A256KW""#, Error::Purpose { operation: "make a MAC" }),
        (r#","alg":"A256GCM""#, Error::Purpose { operation: "make a MAC" }),
        (r#","alg":"A256GCM","use":"sig""#, Error::Contradiction),
        (r#","alg":"ES256""#, Error::Jwk { member: "alg" }),
        (r#","alg":"HS256","key_ops":["sign"]"#, Error::Unsupported),
        (r#","alg":"HS256","key_ops":["encrypt","decrypt"]"#, Error::Contradiction),
    ] {
        let read = parse(OCT, extra).and_then(|jwk| SharedKey::from_jwk(&jwk));
        assert_eq!(read.unwrap_err(), refusal, "{extra}");
    }
    let pair = parse(EC, "").unwrap();
    assert_eq!(SharedKey::from_jwk(&pair).unwrap_err(), Error::Purpose { operation: "make a MAC" });
    let secret = parse(OCT, r#","alg":"HS256""#).unwrap();
    assert_eq!(SigningKey::from_jwk(&secret).unwrap_err(), Error::Purpose { operation: "sign" });
}

#[test]
fn private_documents_print_nothing() {
    for template in [EC, ED, OCT] {
        let jwk = parse(template, r#","kid":"secret-name""#).unwrap();
        assert_eq!(format!("{jwk:?}"), "PrivateJwk(..)");
    }
}
