//! Content encryption of JWE: AES-GCM, and AES-CBC with HMAC behind it.
//!
//! RFC 7518 5.2 and 5.3. AES-CBC-HMAC is composed of the library's own two parts as 5.2.2 says:
//! the tag covers everything, is compared in constant time, and is checked before a single
//! block is decrypted, so that padding is never looked at for a stranger. The initialisation
//! vector is drawn here for every message: callers cannot choose one, so none repeats.

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    self, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey,
    UnboundCipherKey,
};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use zeroize::Zeroizing;

use super::{fill_random, same};
use crate::error::Fault;
use crate::jwe::ContentAlgorithm;

/// The length of a block of AES in bytes.
const BLOCK: usize = 16;
const FAILED: Fault = Fault::Crypto { operation: "content encryption" };

/// Content under a key: three of the five parts of a JWE.
pub(crate) struct Sealed {
    pub(crate) iv: Vec<u8>,
    pub(crate) ciphertext: Vec<u8>,
    pub(crate) tag: Vec<u8>,
}

/// Encrypts `plain` under a key of the algorithm's length and a fresh initialisation vector.
pub(crate) fn seal(
    algorithm: ContentAlgorithm,
    key: &[u8],
    aad: &[u8],
    plain: &[u8],
) -> Result<Sealed, Fault> {
    let mut iv = vec![0; algorithm.iv_len()];
    fill_random(&mut iv)?;
    seal_with(algorithm, key, iv, aad, plain).ok_or(FAILED)
}

fn seal_with(
    algorithm: ContentAlgorithm,
    key: &[u8],
    iv: Vec<u8>,
    aad: &[u8],
    plain: &[u8],
) -> Option<Sealed> {
    // The padding is appended in place; without room for it a copy of `plain` would stay behind.
    let mut ciphertext = Vec::with_capacity(plain.len().checked_add(BLOCK)?);
    ciphertext.extend_from_slice(plain);
    let tag = match Suite::new(algorithm, key)? {
        Suite::Gcm(key) => {
            let nonce = Nonce::try_assume_unique_for_key(&iv).ok()?;
            let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), &mut ciphertext).ok()?;
            tag.as_ref().to_vec()
        }
        Suite::Cbc { encryption, mac } => {
            let context =
                EncryptionContext::Iv128(FixedLength::from(<[u8; BLOCK]>::try_from(iv.as_slice()).ok()?));
            let key = PaddedBlockEncryptingKey::cbc_pkcs7(encryption).ok()?;
            key.less_safe_encrypt(&mut ciphertext, context).ok()?;
            authenticate(&mac, aad, &iv, &ciphertext)?.as_ref().get(..algorithm.tag_len())?.to_vec()
        }
    };
    Some(Sealed { iv, ciphertext, tag })
}

/// Decrypts; `None` for any reason at all, so that nobody can tell which.
pub(crate) fn open(
    algorithm: ContentAlgorithm,
    key: &[u8],
    aad: &[u8],
    sealed: &Sealed,
) -> Option<Zeroizing<Vec<u8>>> {
    let Sealed { iv, ciphertext, tag } = sealed;
    // The library would take short tags; each bit less doubles a forger's chance.
    if iv.len() != algorithm.iv_len() || tag.len() != algorithm.tag_len() {
        return None;
    }
    let mut plain = Zeroizing::new(ciphertext.clone());
    let length = match Suite::new(algorithm, key)? {
        Suite::Gcm(key) => {
            let nonce = Nonce::try_assume_unique_for_key(iv).ok()?;
            key.open_in_place_separate_tag(nonce, Aad::from(aad), tag, &mut plain).ok()?.len()
        }
        Suite::Cbc { encryption, mac } => {
            let expected = authenticate(&mac, aad, iv, ciphertext)?;
            if !same(expected.as_ref().get(..algorithm.tag_len())?, tag) {
                return None;
            }
            if ciphertext.is_empty() || ciphertext.len() % BLOCK != 0 {
                return None;
            }
            let context =
                DecryptionContext::Iv128(FixedLength::from(<[u8; BLOCK]>::try_from(iv.as_slice()).ok()?));
            let key = PaddedBlockDecryptingKey::cbc_pkcs7(encryption).ok()?;
            key.decrypt(&mut plain, context).ok()?.len()
        }
    };
    plain.truncate(length);
    Some(plain)
}

/// An algorithm with its key; `None` for a key of another length.
#[expect(clippy::large_enum_variant, reason = "it lives on the stack, for one message")]
enum Suite {
    Gcm(LessSafeKey),
    Cbc { encryption: UnboundCipherKey, mac: hmac::Key },
}

impl Suite {
    fn new(algorithm: ContentAlgorithm, key: &[u8]) -> Option<Self> {
        if key.len() != algorithm.key_len() {
            return None;
        }
        let gcm = |gcm| Some(Self::Gcm(LessSafeKey::new(UnboundKey::new(gcm, key).ok()?)));
        // RFC 7518 5.2.2.1, step 1: the first half is for HMAC, the second for AES.
        let cbc = |aes, hash| {
            let (mac, encryption) = key.split_at_checked(key.len() / 2)?;
            let encryption = UnboundCipherKey::new(aes, encryption).ok()?;
            Some(Self::Cbc { encryption, mac: hmac::Key::new(hash, mac) })
        };
        match algorithm {
            ContentAlgorithm::A128Gcm => gcm(&aead::AES_128_GCM),
            ContentAlgorithm::A192Gcm => gcm(&aead::AES_192_GCM),
            ContentAlgorithm::A256Gcm => gcm(&aead::AES_256_GCM),
            ContentAlgorithm::A128CbcHs256 => cbc(&cipher::AES_128, hmac::HMAC_SHA256),
            ContentAlgorithm::A192CbcHs384 => cbc(&cipher::AES_192, hmac::HMAC_SHA384),
            ContentAlgorithm::A256CbcHs512 => cbc(&cipher::AES_256, hmac::HMAC_SHA512),
        }
    }
}

/// HMAC over what is authenticated, not yet cut to the tag's length (RFC 7518 5.2.2.1, step 5).
fn authenticate(mac: &hmac::Key, aad: &[u8], iv: &[u8], ciphertext: &[u8]) -> Option<hmac::Tag> {
    let bits = u64::try_from(aad.len()).ok()?.checked_mul(8)?;
    let mut context = hmac::Context::with_key(mac);
    for part in [aad, iv, ciphertext, &bits.to_be_bytes()] {
        context.update(part);
    }
    Some(context.sign())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::hex;

    /// RFC 7518 B.1 to B.3 share everything but the key, the ciphertext and the tag.
    fn rfc_7518_b(algorithm: ContentAlgorithm, ciphertext: &str, tag: &str) {
        let key: Vec<u8> = (0..).take(algorithm.key_len()).collect();
        let plain = b"A cipher system must not be required to be secret, and it must be able to fall \
                      into the hands of the enemy without inconvenience";
        let (iv, aad) =
            (hex("1af38c2dc2b96ffdd86694092341bc04"), b"The second principle of Auguste Kerckhoffs");
        let sealed = seal_with(algorithm, &key, iv, aad, plain).unwrap();
        assert_eq!(sealed.ciphertext, hex(ciphertext));
        assert_eq!(sealed.tag, hex(tag));
        assert_eq!(open(algorithm, &key, aad, &sealed).unwrap().as_slice(), plain);
    }

    #[test]
    fn rfc_7518_b1_aes_128_cbc_hmac_sha_256() {
        rfc_7518_b(
            ContentAlgorithm::A128CbcHs256,
            "c80edfa32ddf39d5ef00c0b468834279a2e46a1b8049f792f76bfe54b903a9c9\
             a94ac9b47ad2655c5f10f9aef71427e2fc6f9b3f399a221489f16362c7032336\
             09d45ac69864e3321cf82935ac4096c86e133314c54019e8ca7980dfa4b9cf1b\
             384c486f3a54c51078158ee5d79de59fbd34d848b3d69550a67646344427ade5\
             4b8851ffb598f7f80074b9473c82e2db",
            "652c3fa36b0a7c5b3219fab3a30bc1c4",
        );
    }

    #[test]
    fn rfc_7518_b2_aes_192_cbc_hmac_sha_384() {
        rfc_7518_b(
            ContentAlgorithm::A192CbcHs384,
            "ea65da6b59e61edb419be62d19712ae5d303eeb50052d0dfd6697f77224c8edb\
             000d279bdc14c1072654bd30944230c657bed4ca0c9f4a8466f22b226d174621\
             4bf8cfc2400add9f5126e479663fc90b3bed787a2f0ffcbf3904be2a641d5c21\
             05bfe591bae23b1d7449e532eef60a9ac8bb6c6b01d35d49787bcd57ef484927\
             f280adc91ac0c4e79c7b11efc60054e3",
            "8490ac0e58949bfe51875d733f93ac2075168039ccc733d7",
        );
    }

    #[test]
    fn rfc_7518_b3_aes_256_cbc_hmac_sha_512() {
        rfc_7518_b(
            ContentAlgorithm::A256CbcHs512,
            "4affaaadb78c31c5da4b1b590d10ffbd3dd8d5d302423526912da037ecbcc7bd\
             822c301dd67c373bccb584ad3e9279c2e6d12a1374b77f077553df829410446b\
             36ebd97066296ae6427ea75c2e0846a11a09ccf5370dc80bfecbad28c73f09b3\
             a3b75e662a2594410ae496b2e2e6609e31e6e02cc837f053d21f37ff4f51950b\
             be2638d09dd7a4930930806d0703b1f6",
            "4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5",
        );
    }

    #[test]
    fn every_algorithm_opens_what_it_sealed_and_nothing_bent_or_cut() {
        for algorithm in ContentAlgorithm::ALL {
            let key = vec![7; algorithm.key_len()];
            for length in [0, 1, 15, 16, 17, 100] {
                let plain = vec![0xa5; length];
                let sealed = seal(algorithm, &key, b"header", &plain).unwrap();
                assert_eq!(sealed.tag.len(), algorithm.tag_len());
                assert_eq!(open(algorithm, &key, b"header", &sealed).unwrap().as_slice(), plain);
                assert!(open(algorithm, &key, b"heade", &sealed).is_none());
                assert!(open(algorithm, &vec![8; key.len()], b"header", &sealed).is_none());
                assert!(open(algorithm, &key[1..], b"header", &sealed).is_none());
                for change in 0..3 {
                    let mut bent = Sealed {
                        iv: sealed.iv.clone(),
                        ciphertext: sealed.ciphertext.clone(),
                        tag: sealed.tag.clone(),
                    };
                    let part =
                        [&mut bent.iv, &mut bent.ciphertext, &mut bent.tag].into_iter().nth(change).unwrap();
                    if let Some(last) = part.pop() {
                        assert!(
                            open(algorithm, &key, b"header", &bent).is_none(),
                            "{algorithm} cut {change}"
                        );
                        let part = [&mut bent.iv, &mut bent.ciphertext, &mut bent.tag]
                            .into_iter()
                            .nth(change)
                            .unwrap();
                        part.push(last ^ 0x80);
                        assert!(
                            open(algorithm, &key, b"header", &bent).is_none(),
                            "{algorithm} bent {change}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn bad_padding_behind_a_good_tag_does_not_open() {
        let (algorithm, key, iv) = (ContentAlgorithm::A128CbcHs256, [7; 32], vec![1; BLOCK]);
        let mac = hmac::Key::new(hmac::HMAC_SHA256, &key[..16]);
        for ciphertext in [vec![], vec![9; 15], vec![9; 16], vec![9; 17]] {
            let tag = authenticate(&mac, b"", &iv, &ciphertext).unwrap().as_ref()[..16].to_vec();
            let sealed = Sealed { iv: iv.clone(), ciphertext, tag };
            assert!(open(algorithm, &key, b"", &sealed).is_none());
        }
    }

    #[test]
    fn no_initialisation_vector_is_used_twice() {
        let ivs: std::collections::HashSet<Vec<u8>> =
            (0..100).map(|_| seal(ContentAlgorithm::A256Gcm, &[7; 32], b"", b"x").unwrap().iv).collect();
        assert_eq!(ivs.len(), 100);
    }
}
