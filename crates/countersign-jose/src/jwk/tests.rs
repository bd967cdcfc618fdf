//! Private documents: what is read, written and refused.

use crate::algorithm::{Algorithm, Hash};
use crate::base64;
use crate::error::{Error, Fault};
use crate::fixtures::{pairs, secret};
use crate::jwe::KeyAlgorithm;
use crate::jwk::{Jwk, PrivateJwk, PrivateJwkSet};
use crate::key::{KeyId, SharedKey, Signer, SigningKey};

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

#[test]
fn thumbprints_are_those_of_the_standards() {
    let thumbprints = |template: &str| {
        let public = parse(template, "").unwrap().to_public().unwrap();
        [Hash::Sha256, Hash::Sha384, Hash::Sha512].map(|hash| public.thumbprint_uri(hash))
    };
    // RFC 8037 A.3, and the longer hashes by Python's hashlib.
    const URN: &str = "urn:ietf:params:oauth:jwk-thumbprint:";
    assert_eq!(
        thumbprints(ED),
        [
            format!("{URN}sha-256:kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
            format!("{URN}sha-384:ePy6LSb6I7JWK2uWQyYJQ4DBrwGE4QoxPl6INUviCtqplTLCwzo6fD9Eaw69Wvtt"),
            format!(
                "{URN}sha-512:SfSqAgfmPYvpuNzfHCiQXi6Mr51GG78hHopngoabsV9xvLR0hcUfVCoJLfyzi08Dbnds6kmcAt23CpNV-8qLTg"
            ),
        ]
    );
    assert_eq!(thumbprints(EC)[0], format!("{URN}sha-256:cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s"));
}

#[test]
fn rfc_9964_a_key_of_ml_dsa_is_named_by_alg_kty_and_pub() {
    let seed = "A".repeat(43);
    let kid = "T4xl70S7MT6Zeq6r9V9fPJGVn76wfnXJ21-gyo0Gu6o";
    let public = crate::backend::halves::ml_dsa(Algorithm::MlDsa44, &[0; 32]).unwrap();
    let json = format!(
        r#"{{"kty":"AKP","alg":"ML-DSA-44","kid":"{kid}","pub":"{}","priv":"{seed}"}}"#,
        base64::encode(&public)
    );
    let jwk = PrivateJwk::parse(json.as_bytes()).unwrap();
    assert_eq!(jwk.to_public().unwrap().thumbprint(), kid);
    assert!(SigningKey::from_jwk(&jwk).is_ok());
    for (bent, refusal) in [
        (json.replace(r#""alg":"ML-DSA-44","#, ""), Error::Jwk { member: "alg" }),
        (json.replace("ML-DSA-44", "ML-DSA-65"), Error::Jwk { member: "pub" }),
        (json.replace("ML-DSA-44", "ES256"), Error::Jwk { member: "alg" }),
        (json.replace(&seed, &"A".repeat(44)), Error::Jwk { member: "priv" }),
        (json.replace(&seed, &format!("{seed}=")), Error::Base64 { part: "priv" }),
        (json.replace(&seed, "AAAA"), Error::Jwk { member: "priv" }),
        (json.replace(r#""priv""#, r#""use":"enc","priv""#), Error::Contradiction),
    ] {
        assert_eq!(PrivateJwk::parse(bent.as_bytes()).unwrap_err(), refusal);
    }
    let other = format!("B{}", "A".repeat(42));
    let jwk = PrivateJwk::parse(json.replace(&seed, &other).as_bytes()).unwrap();
    assert_eq!(SigningKey::from_jwk(&jwk).unwrap_err(), Error::Halves);
}

#[test]
fn an_rsa_key_is_whole_or_refused() {
    let key = crate::fixtures::rs256().to_jwk().unwrap();
    let json = key.to_json();
    for member in ["n", "e", "d", "p", "q", "dp", "dq", "qi"] {
        let without = json.replace(&format!(r#""{member}":""#), r#""x":""#);
        assert_eq!(PrivateJwk::parse(without.as_bytes()).unwrap_err(), Error::Jwk { member }, "{member}");
        let padded = json.replace(&format!(r#""{member}":""#), &format!(r#""{member}":"AAAA"#));
        assert_eq!(PrivateJwk::parse(padded.as_bytes()).unwrap_err(), Error::Jwk { member }, "{member}");
    }
    let many = json.replace(r#","kid""#, r#","oth":[],"kid""#);
    assert_eq!(PrivateJwk::parse(many.as_bytes()).unwrap_err(), Error::Jwk { member: "oth" });
    // Each private number of another key in turn.
    let other = SigningKey::generate(Algorithm::Rs256).unwrap().to_jwk().unwrap().to_json();
    let value = |json: &str, member: &str| {
        let document: serde_json::Value = serde_json::from_str(json).unwrap();
        document[member].as_str().unwrap().to_owned()
    };
    for member in ["n", "d", "p", "q", "dp", "dq", "qi"] {
        let mixed = json.replace(&value(&json, member), &value(&other, member));
        let jwk = PrivateJwk::parse(mixed.as_bytes()).unwrap();
        assert_eq!(SigningKey::from_jwk(&jwk).unwrap_err(), Error::Halves, "{member}");
    }
}

#[test]
fn a_private_document_is_written_without_outgrowing_its_memory() {
    // Memory that was outgrown would keep a part of the secret and is never wiped.
    let longest = KeyId::new("\"".repeat(256)).unwrap();
    for key in pairs() {
        let jwk = key.with_id(longest.clone()).to_jwk().unwrap();
        assert_eq!(jwk.to_json().capacity(), jwk.room());
    }
    let secret = PrivateJwk::generate_secret(Algorithm::Hs512).unwrap().with_id(longest);
    assert_eq!(secret.to_json().capacity(), secret.room());
}

#[test]
fn a_secret_is_drawn_for_hmac_only_and_never_twice() {
    let draw = || PrivateJwk::generate_secret(Algorithm::Hs384).unwrap();
    assert_ne!(*draw().to_json(), *draw().to_json());
    assert!(SharedKey::from_jwk(&draw()).is_ok());
    let algorithm = Algorithm::Es256;
    assert_eq!(PrivateJwk::generate_secret(algorithm).unwrap_err(), Fault::Unfit { algorithm });
}

#[test]
fn a_private_set_holds_secrets_or_key_pairs_with_distinct_names() {
    let set =
        |keys: &[String]| PrivateJwkSet::parse(format!(r#"{{"keys":[{}]}}"#, keys.join(",")).as_bytes());
    let [ec, ed, oct] = [EC, ED, OCT].map(|template| template.replace("EXTRA", ""));
    let named = EC.replace("EXTRA", r#","kid":"a""#);
    assert_eq!(set(&[ec.clone(), ed.clone()]).unwrap().keys().len(), 2);
    assert_eq!(set(&[ec.clone(), oct.clone()]).unwrap_err(), Error::MixedKeys);
    assert_eq!(
        set(&[named.clone(), ED.replace("EXTRA", r#","kid":"a""#)]).unwrap_err(),
        Error::DuplicateKeyId
    );
    let unknown = r#"{"kty":"KPA"}"#.to_owned();
    assert_eq!(set(&[unknown.clone(), named]).unwrap().keys().len(), 1);
    // A secret beside a kind that is not known may be beside a key pair.
    assert_eq!(set(&[unknown, oct]).unwrap_err(), Error::MixedKeys);
    let public = serde_json::to_string(&parse(EC, "").unwrap().to_public().unwrap()).unwrap();
    assert_eq!(set(&[public]).unwrap_err(), Error::Jwk { member: "d" });
    assert_eq!(
        PrivateJwkSet::parse(&vec![b' '; 1024 * 1024 + 1]).unwrap_err(),
        Error::KeyTooLarge { limit: 1 << 20 }
    );
    assert_eq!(PrivateJwk::parse(&vec![b' '; 65_537]).unwrap_err(), Error::KeyTooLarge { limit: 65_536 });
    assert_eq!(format!("{:?}", set(&[ec, ed]).unwrap()), "PrivateJwkSet(..)");
}
