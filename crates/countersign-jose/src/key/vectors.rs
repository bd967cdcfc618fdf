//! Wycheproof's files of the primitives: a JWK in, raw signatures through our own verifying.
//!
//! Every count is asserted, and every file is run whole. Where a valid row is refused, the rule
//! that refuses it is named.

use std::collections::BTreeMap;

use wycheproof::{TestResult, ecdsa, eddsa, mac, mldsa_sign, mldsa_verify, rsa_pkcs1_verify, rsa_pss_verify};

use crate::algorithm::Algorithm;
use crate::base64::encode;
use crate::error::Error;
use crate::jwk::{Jwk, PrivateJwk};
use crate::key::{SharedKey, Signer, SigningKey, VerifyingKey};

/// RFC 7518 3.5: the salt is as long as the hash.
const SALT: &str = "the salt is not as long as the hash";
/// RFC 7518 3.2: a MAC is sent whole.
const TRUNCATED: &str = "the tag is truncated";
/// RFC 7518 3.2: a secret is at least as long as the hash.
const SHORT: &str = "the key is too short";
/// RFC 9964 4: the context is empty.
const CONTEXT: &str = "the context is not empty";
/// RFC 8017 9.2: new signatures have the NULL; without it a row is only acceptable.
const NO_NULL: &str = "the digest is not followed by NULL";

/// What came of a file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    accepted: usize,
    refused: usize,
    /// Rows that are marked valid or acceptable and are refused, or the other way round.
    deviations: BTreeMap<&'static str, usize>,
}

impl Tally {
    fn of(accepted: usize, refused: usize) -> Self {
        Self { accepted, refused, deviations: BTreeMap::new() }
    }

    fn but(mut self, reason: &'static str, rows: usize) -> Self {
        self.deviations.insert(reason, rows);
        self
    }

    fn count(&mut self, good: bool, result: &TestResult, reason: &'static str) {
        *(if good { &mut self.accepted } else { &mut self.refused }) += 1;
        if good == result.must_fail() {
            *self.deviations.entry(reason).or_default() += 1;
        }
    }
}

fn key(json: &str, algorithm: Algorithm) -> Result<VerifyingKey, Error> {
    let key = VerifyingKey::from_jwk_as(&Jwk::parse(json.as_bytes())?, algorithm)?;
    // What is written is read again as the same key.
    let spki = VerifyingKey::from_spki(algorithm, &key.to_spki())?;
    assert_eq!(spki.thumbprint(), key.thumbprint());
    Ok(key)
}

/// A coordinate in the curve's full length.
fn coordinate(number: &[u8], length: usize) -> String {
    let number: Vec<u8> = number.iter().copied().skip_while(|byte| *byte == 0).collect();
    encode([vec![0; length - number.len()], number].concat())
}

fn run_ecdsa(name: ecdsa::TestName, algorithm: Algorithm, crv: &str, length: usize) -> Tally {
    let mut tally = Tally::default();
    for group in ecdsa::TestSet::load(name).unwrap().test_groups {
        let (x, y) = (coordinate(&group.key.affine_x, length), coordinate(&group.key.affine_y, length));
        let json = format!(r#"{{"kty":"EC","crv":"{crv}","x":"{x}","y":"{y}"}}"#);
        let key = key(&json, algorithm).unwrap();
        assert_eq!(key.to_spki(), *group.der);
        for row in group.tests {
            tally.count(key.verify(&row.msg, &row.sig), &row.result, "ecdsa");
        }
    }
    tally
}

#[test]
fn ecdsa_p1363() {
    use ecdsa::TestName;
    let p256 = run_ecdsa(TestName::EcdsaSecp256r1Sha256P1363, Algorithm::Es256, "P-256", 32);
    let p384 = run_ecdsa(TestName::EcdsaSecp384r1Sha384P1363, Algorithm::Es384, "P-384", 48);
    let p521 = run_ecdsa(TestName::EcdsaSecp521r1Sha512P1363, Algorithm::Es512, "P-521", 66);
    let k256 = run_ecdsa(TestName::EcdsaSecp256k1Sha256P1363, Algorithm::Es256k, "secp256k1", 32);
    assert_eq!(p256, Tally::of(173, 89));
    assert_eq!(p384, Tally::of(193, 87));
    assert_eq!(p521, Tally::of(231, 87));
    assert_eq!(k256, Tally::of(167, 85));
}

#[test]
fn ed25519() {
    let mut tally = Tally::default();
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        let json = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"}}"#, coordinate(&group.jwk.x, 32));
        let key = key(&json, Algorithm::Ed25519).unwrap();
        for row in group.tests {
            tally.count(key.verify(&row.msg, &row.sig), &row.result, "ed25519");
        }
    }
    assert_eq!(tally, Tally::of(88, 63));
}

fn rsa_json(n: &[u8], e: &[u8]) -> String {
    let number =
        |bytes: &[u8]| encode(bytes.iter().copied().skip_while(|byte| *byte == 0).collect::<Vec<_>>());
    format!(r#"{{"kty":"RSA","n":"{}","e":"{}"}}"#, number(n), number(e))
}

#[test]
fn rsa_pkcs1_v1_5() {
    use rsa_pkcs1_verify::{TestFlag, TestName, TestSet};
    let mut tally = Tally::default();
    for (name, algorithm) in [
        (TestName::Rsa2048Sha256, Algorithm::Rs256),
        (TestName::Rsa2048Sha384, Algorithm::Rs384),
        (TestName::Rsa2048Sha512, Algorithm::Rs512),
        (TestName::Rsa3072Sha256, Algorithm::Rs256),
        (TestName::Rsa3072Sha384, Algorithm::Rs384),
        (TestName::Rsa3072Sha512, Algorithm::Rs512),
        (TestName::Rsa4096Sha256, Algorithm::Rs256),
        (TestName::Rsa4096Sha384, Algorithm::Rs384),
        (TestName::Rsa4096Sha512, Algorithm::Rs512),
        (TestName::Rsa8192Sha256, Algorithm::Rs256),
        (TestName::Rsa8192Sha384, Algorithm::Rs384),
        (TestName::Rsa8192Sha512, Algorithm::Rs512),
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let key = key(&rsa_json(&group.key.n, &group.key.e), algorithm);
            for row in group.tests {
                match &key {
                    Ok(key) => {
                        let reason = if row.flags.contains(&TestFlag::MissingNull) { NO_NULL } else { "rsa" };
                        tally.count(key.verify(&row.msg, &row.sig), &row.result, reason);
                    }
                    Err(_) => tally.count(false, &row.result, "the key is refused"),
                }
            }
        }
    }
    assert_eq!(tally, Tally::of(89, 3017).but(NO_NULL, 12));
}

#[test]
fn rsa_pss() {
    use rsa_pss_verify::{TestName, TestSet};
    let mut tally = Tally::default();
    for (name, algorithm) in [
        (TestName::RsaPss2048Sha256Mgf1SaltLen32, Algorithm::Ps256),
        (TestName::RsaPss2048Sha384Mgf1SaltLen48, Algorithm::Ps384),
        (TestName::RsaPss3072Sha256Mgf1SaltLen32, Algorithm::Ps256),
        (TestName::RsaPss4096Sha256Mgf1SaltLen32, Algorithm::Ps256),
        (TestName::RsaPss4096Sha384Mgf1SaltLen48, Algorithm::Ps384),
        (TestName::RsaPss4096Sha512Mgf1SaltLen64, Algorithm::Ps512),
        // No valid row of these is ours to accept.
        (TestName::RsaPss2048Sha256Mgf1SaltLen0, Algorithm::Ps256),
        (TestName::RsaPss2048Sha256Mgf1Sha1_20, Algorithm::Ps256),
        (TestName::RsaPss4096Sha512Mgf1SaltLen32, Algorithm::Ps512),
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let ours = group.salt_size == algorithm.hash().unwrap().size();
            let key = key(&rsa_json(&group.key.n, &group.key.e), algorithm).unwrap();
            for row in group.tests {
                let reason = if ours { "rsa" } else { SALT };
                tally.count(key.verify(&row.msg, &row.sig), &row.result, reason);
            }
        }
    }
    assert_eq!(tally, Tally::of(512, 661).but(SALT, 257));
}

#[test]
fn hmac() {
    let mut tally = Tally::default();
    for (name, algorithm) in [
        (mac::TestName::HmacSha256, Algorithm::Hs256),
        (mac::TestName::HmacSha384, Algorithm::Hs384),
        (mac::TestName::HmacSha512, Algorithm::Hs512),
    ] {
        for group in mac::TestSet::load(name).unwrap().test_groups {
            for row in group.tests {
                let json = format!(r#"{{"kty":"oct","alg":"{algorithm}","k":"{}"}}"#, encode(&*row.key));
                match SharedKey::from_jwk(&PrivateJwk::parse(json.as_bytes()).unwrap()) {
                    Ok(key) => {
                        let reason = if group.tag_size < algorithm.signature_len().unwrap() * 8 {
                            TRUNCATED
                        } else {
                            "hmac"
                        };
                        tally.count(key.verify(&row.msg, &row.tag), &row.result, reason);
                    }
                    Err(Error::KeyTooShort { .. }) => tally.count(false, &row.result, SHORT),
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }
    assert_eq!(tally, Tally::of(90, 432).but(SHORT, 18).but(TRUNCATED, 90));
}

#[test]
fn ml_dsa_verify() {
    use mldsa_verify::{TestName, TestSet};
    let mut tally = Tally::default();
    for (name, algorithm) in [
        (TestName::MlDsa44Verify, Algorithm::MlDsa44),
        (TestName::MlDsa65Verify, Algorithm::MlDsa65),
        (TestName::MlDsa87Verify, Algorithm::MlDsa87),
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let json = format!(r#"{{"kty":"AKP","alg":"{algorithm}","pub":"{}"}}"#, encode(&*group.pubkey));
            let key = key(&json, algorithm);
            for row in group.tests {
                let reason =
                    if row.ctx.as_ref().is_some_and(|ctx| !ctx.is_empty()) { CONTEXT } else { "ml-dsa" };
                match &key {
                    Ok(key) => tally.count(key.verify(&row.msg, &row.sig), &row.result, reason),
                    Err(_) => tally.count(false, &row.result, "the key is refused"),
                }
            }
        }
    }
    assert_eq!(tally, Tally::of(221, 410).but(CONTEXT, 6));
}

#[test]
fn ml_dsa_seeds_make_the_keys_that_they_should() {
    use mldsa_sign::{TestName, TestSet};
    let (mut keys, mut refused, mut signatures) = (0, 0, 0);
    for (name, algorithm) in [
        (TestName::MlDsa44SignSeed, Algorithm::MlDsa44),
        (TestName::MlDsa65SignSeed, Algorithm::MlDsa65),
        (TestName::MlDsa87SignSeed, Algorithm::MlDsa87),
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let (Some(seed), Some(public)) = (group.privseed, group.pubkey) else { continue };
            let json = format!(
                r#"{{"kty":"AKP","alg":"{algorithm}","pub":"{}","priv":"{}"}}"#,
                encode(&*public),
                encode(&*seed)
            );
            let Ok(key) = PrivateJwk::parse(json.as_bytes()).and_then(|jwk| SigningKey::from_jwk(&jwk))
            else {
                refused += 1;
                continue;
            };
            keys += 1;
            if let Some(pkcs8) = group.privkey_pkcs8.filter(|pkcs8| !pkcs8.is_empty()) {
                assert_eq!(*key.to_pkcs8().unwrap(), *pkcs8);
                assert_eq!(SigningKey::from_pkcs8(algorithm, &pkcs8).unwrap().key_id(), key.key_id());
            }
            for row in group.tests {
                let (Some(message), TestResult::Valid) = (row.msg, row.result) else { continue };
                if row.ctx.is_some_and(|ctx| !ctx.is_empty()) {
                    continue;
                }
                // Another signature than the row's, since ours is hedged, and both are good.
                assert!(key.verifying_key().verify(&message, &row.sig));
                assert!(key.verifying_key().verify(&message, &key.sign(&message).unwrap()));
                signatures += 1;
            }
        }
    }
    assert_eq!((keys, refused, signatures), (103, 0, 224));
}

/// RFC 9881 6: the three forms of an ML-DSA-44 key in PKCS#8.
#[test]
fn an_ml_dsa_key_in_pkcs8_has_a_seed_and_nothing_that_belongs_to_another() {
    use mldsa_sign::{TestName, TestSet};
    let expanded = TestSet::load(TestName::MlDsa44SignNoSeed).unwrap().test_groups;
    let element = |tag: u8, body: &[u8]| {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        match body.len() {
            0..0x80 => [&[tag, length[1]], body].concat(),
            0x80..0x100 => [&[tag, 0x81, length[1]], body].concat(),
            _ => [&[tag, 0x82, length[0], length[1]], body].concat(),
        }
    };
    let pkcs8 = |key: &[u8]| {
        let algorithm = b"\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x11";
        element(0x30, &[b"\x02\x01\x00", &algorithm[..], &element(4, key)].concat())
    };
    let mut pairs = 0;
    for group in TestSet::load(TestName::MlDsa44SignSeed).unwrap().test_groups {
        let (Some(seed), Some(public)) = (group.privseed, group.pubkey) else { continue };
        let same = expanded.iter().find(|other| other.pubkey.as_ref() == Some(&public));
        let other = expanded.iter().find(|other| other.pubkey.as_ref().is_some_and(|key| *key != public));
        let (Some(same), Some(other)) = (same, other) else { continue };
        let both = |long: &[u8]| pkcs8(&element(0x30, &[element(4, &seed), element(4, long)].concat()));
        let (same, other) = (same.privkey.as_ref().unwrap(), other.privkey.as_ref().unwrap());
        let read = |der: &[u8]| SigningKey::from_pkcs8(Algorithm::MlDsa44, der);
        let key = read(&both(same)).unwrap();
        assert_eq!(key.key_id(), read(&pkcs8(&element(0x80, &seed))).unwrap().key_id());
        assert!(matches!(read(&both(other)), Err(Error::Der { .. })));
        assert_eq!(read(&pkcs8(&element(4, same))).unwrap_err(), Error::Unsupported);
        pairs += 1;
    }
    assert_eq!(pairs, 17);
}
