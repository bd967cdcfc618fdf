//! Wycheproof's files of the primitives that JWE is made of, through our own backend.
//!
//! AES-GCM, AES-CBC with HMAC, AES key wrap (192 bits too), RSA-OAEP, X25519 and ECDH. Every
//! count is asserted, and every file is run whole. Where a valid row is refused, the rule that
//! refuses it is named.

use std::collections::BTreeMap;

use wycheproof::{TestResult, aead, ecdh, keywrap, rsa_oaep, xdh};

use crate::backend::agree::{AgreementKey, AgreementPublic};
use crate::backend::content::{self, Sealed};
use crate::backend::oaep::OaepPrivate;
use crate::backend::wrap;
use crate::jwe::{ContentAlgorithm, Curve, KeyAlgorithm};

/// RFC 7518 5.3: a vector has 96 bits.
const VECTOR: &str = "the vector has not 96 bits";
/// RFC 7518 4.3: the label is empty.
const LABEL: &str = "the label is not empty";
/// RFC 3394 2: what is wrapped has at least 128 bits; shorter is only acceptable.
const SHORT: &str = "the wrapped key has 64 bits";
/// RFC 7748 6.1, RFC 8037 3.2.1: a shared secret of zeros is refused.
const ZERO: &str = "the shared secret is zero";
/// RFC 7518 6.2.1: a point is sent with both coordinates.
const COMPRESSED: &str = "the point is compressed";

/// What came of a file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    accepted: usize,
    refused: usize,
    /// Rows that are valid or acceptable and were refused.
    deviations: BTreeMap<&'static str, usize>,
}

impl Tally {
    fn of(accepted: usize, refused: usize, deviations: &[(&'static str, usize)]) -> Self {
        Self { accepted, refused, deviations: deviations.iter().copied().collect() }
    }

    /// Counts a row; what must fail never passes.
    fn count(&mut self, passed: bool, result: &TestResult, reason: &'static str) {
        assert!(!(passed && result.must_fail()), "a bad row passed");
        *(if passed { &mut self.accepted } else { &mut self.refused }) += 1;
        if !passed && !result.must_fail() {
            *self.deviations.entry(reason).or_default() += 1;
        }
    }
}

fn run_aead(name: aead::TestName, algorithms: &[ContentAlgorithm]) -> Tally {
    let mut tally = Tally::default();
    for group in aead::TestSet::load(name).unwrap().test_groups {
        let fits = |algorithm: &&ContentAlgorithm| algorithm.key_len() * 8 == group.key_size;
        let algorithm = *algorithms.iter().find(fits).unwrap();
        for row in group.tests {
            let sealed =
                Sealed { iv: row.nonce.to_vec(), ciphertext: row.ct.to_vec(), tag: row.tag.to_vec() };
            let opened = content::open(algorithm, &row.key, &row.aad, &sealed);
            if let Some(plain) = &opened {
                assert_eq!(**plain, **row.pt, "row {}", row.tc_id);
            }
            let reason = if row.nonce.len() == algorithm.iv_len() { "" } else { VECTOR };
            tally.count(opened.is_some(), &row.result, reason);
        }
    }
    tally
}

#[test]
fn aes_gcm() {
    use ContentAlgorithm::{A128Gcm, A192Gcm, A256Gcm};
    let tally = run_aead(aead::TestName::AesGcm, &[A128Gcm, A192Gcm, A256Gcm]);
    assert_eq!(tally, Tally::of(116, 200, &[(VECTOR, 113)]));
}

#[test]
fn aes_cbc_with_hmac() {
    let run = |name, algorithm| run_aead(name, &[algorithm]);
    let first = run(aead::TestName::Aes128CbcHmacSha256, ContentAlgorithm::A128CbcHs256);
    let second = run(aead::TestName::Aes192CbcHmacSha384, ContentAlgorithm::A192CbcHs384);
    let third = run(aead::TestName::Aes256CbcHmacSha512, ContentAlgorithm::A256CbcHs512);
    assert_eq!(first, Tally::of(67, 27, &[]));
    assert_eq!(second, Tally::of(67, 27, &[]));
    assert_eq!(third, Tally::of(67, 27, &[]));
}

#[test]
fn aes_key_wrap() {
    let mut tallies: BTreeMap<usize, Tally> = BTreeMap::new();
    for group in keywrap::TestSet::load(keywrap::TestName::AesKeyWrap).unwrap().test_groups {
        for row in group.tests {
            let unwrapped = wrap::unwrap(&row.key, &row.ct);
            if let Some(key) = &unwrapped {
                assert_eq!(**key, **row.pt, "row {}", row.tc_id);
                assert_eq!(wrap::wrap(&row.key, key).unwrap(), *row.ct, "row {}", row.tc_id);
            }
            let reason = if row.pt.len() < 16 { SHORT } else { "" };
            tallies.entry(group.key_size).or_default().count(unwrapped.is_some(), &row.result, reason);
        }
    }
    assert_eq!(tallies.remove(&128), Some(Tally::of(11, 31, &[(SHORT, 1)])));
    assert_eq!(tallies.remove(&192), Some(Tally::of(12, 43, &[(SHORT, 1)])));
    assert_eq!(tallies.remove(&256), Some(Tally::of(13, 55, &[(SHORT, 1)])));
    assert!(tallies.is_empty());
}

#[test]
fn rsa_oaep() {
    use rsa_oaep::TestName;
    let mut tally = Tally::default();
    for (name, algorithm) in [
        (TestName::Rsa2048Sha1Mgf1Sha1, KeyAlgorithm::RsaOaep),
        (TestName::Rsa2048Sha256Mgf1Sha256, KeyAlgorithm::RsaOaep256),
        (TestName::Rsa2048Sha384Mgf1Sha384, KeyAlgorithm::RsaOaep384),
        (TestName::Rsa2048Sha512Mgf1Sha512, KeyAlgorithm::RsaOaep512),
        (TestName::Rsa3072Sha256Mgf1Sha256, KeyAlgorithm::RsaOaep256),
        (TestName::Rsa3072Sha512Mgf1Sha512, KeyAlgorithm::RsaOaep512),
        (TestName::Rsa4096Sha256Mgf1Sha256, KeyAlgorithm::RsaOaep256),
        (TestName::Rsa4096Sha512Mgf1Sha512, KeyAlgorithm::RsaOaep512),
    ] {
        for group in rsa_oaep::TestSet::load(name).unwrap().test_groups {
            let key = OaepPrivate::from_pkcs8(algorithm, &group.pkcs8).unwrap();
            for row in group.tests {
                let plain = key.decrypt(&row.ct);
                if let Some(plain) = &plain {
                    assert_eq!(**plain, **row.pt, "row {}", row.tc_id);
                }
                let reason = if row.label.is_empty() { "" } else { LABEL };
                tally.count(plain.is_some(), &row.result, reason);
            }
        }
    }
    assert_eq!(tally, Tally::of(80, 203, &[(LABEL, 53)]));
}

fn agree(curve: Curve, private: &[u8], public: &[u8]) -> Option<Vec<u8>> {
    let key = AgreementKey::new(curve, private)?;
    Some(key.agree(&AgreementPublic::new(curve, public)?)?.to_vec())
}

#[test]
fn x25519() {
    let mut tally = Tally::default();
    for group in xdh::TestSet::load(xdh::TestName::X25519).unwrap().test_groups {
        for row in group.tests {
            let secret = agree(Curve::X25519, &row.private_key, &row.public_key);
            assert!(secret.as_ref().is_none_or(|secret| **secret == **row.shared_secret), "{}", row.tc_id);
            let zero = row.shared_secret.iter().all(|byte| *byte == 0);
            tally.count(secret.is_some(), &row.result, if zero { ZERO } else { "" });
        }
    }
    assert_eq!(tally, Tally::of(487, 31, &[(ZERO, 31)]));
}

fn run_ecdh(name: ecdh::TestName, curve: Curve) -> Tally {
    let mut tally = Tally::default();
    for group in ecdh::TestSet::load(name).unwrap().test_groups {
        for row in group.tests {
            let number: Vec<u8> = row.private_key.iter().copied().skip_while(|byte| *byte == 0).collect();
            let private = [vec![0; curve.coordinate_len() - number.len()], number].concat();
            let secret = agree(curve, &private, &row.public_key);
            assert!(secret.as_ref().is_none_or(|secret| **secret == **row.shared_secret), "{}", row.tc_id);
            let compressed = matches!(row.public_key.first(), Some(2 | 3));
            tally.count(secret.is_some(), &row.result, if compressed { COMPRESSED } else { "" });
        }
    }
    tally
}

#[test]
fn ecdh() {
    let p256 = run_ecdh(ecdh::TestName::EcdhSecp256r1Ecpoint, Curve::P256);
    let p384 = run_ecdh(ecdh::TestName::EcdhSecp384r1Ecpoint, Curve::P384);
    let p521 = run_ecdh(ecdh::TestName::EcdhSecp521r1Ecpoint, Curve::P521);
    assert_eq!(p256, Tally::of(330, 25, &[(COMPRESSED, 1)]));
    assert_eq!(p384, Tally::of(771, 19, &[(COMPRESSED, 1)]));
    assert_eq!(p521, Tally::of(632, 29, &[(COMPRESSED, 1)]));
}
