//! Weak keys of each kind, made for these tests, and good ones beside them.

use super::*;
use crate::algorithm::Algorithm;
use crate::backend::public::PublicKey;
use crate::fixtures::{pairs, rs256};
use crate::jwe::{DecryptingKey, EncryptingKey, KeyAlgorithm};
use crate::jwk::{Jwk, PrivateJwk};
use crate::key::VerifyingKey;

/// Two primes of the form k M + 65537^a mod M, where M is the product of the first 126 primes.
const ROCA: &str = "\
    ae56b32d3696f405576161484cda7ad69dbf1268277a87226050ba4d8d063bf405aa6ea34f8c9991d3fa9f598f6ceafd\
    7501608461c7f5bc120121739e141f0f84446995916419b4d37cb732e086ddb64f071d56e3db4b5535cad271531c6b78\
    080e760e62d192025c74ad2ae0b6080c852a09ceba313a3ba505793ac5ac68810c213e674d3af8e0e976bce15a3e6f5a\
    a53638a9a8ad3fe69c08c9dfe98f3f021262c66e232768ac89eba7bf5a1b02eb93319376ee1b9133872c4198dd13a45b\
    88950920778edfcf1ccbb7998364a3aa47800dd97e56e8ddf35fa59f4a24e5d5f875c9f7a7f6d95b12066df9cd5b4066\
    d27eaa6580c58fe73df4a91ebaed3acd";

/// A prime and the next one.
const NEXT: &str = "\
    fa7081df52dce17f05ad348b3e16324fa6d96d0149e3b02da40ff20bf4d3b558d32a76132d89790cf57cb157033924ed\
    f2e0a5c2bbd11c4e3236b96d3a7dd54dea6964cecafc6ed07863b125376144093ca88c85bcbf2be2f164884cab84b66b\
    093590f36a2c39b8d4740e48855d61c80657ff316c59cf4fccd03be9043ea1d0f81cd1e3e55a420cb881b3e0ef039da3\
    637c8382523859ca21c5ed89852feff3ac3ed88d10259396d4ce103566001e34465abc5b2246bafea716157ac969459f\
    5e0f6472c79223874ff1f6e0160a85a61f1e9140cd6f431552a86d5b25d71ad49ae12bfcf08d3b43a5e0f2c5dacf2c9b\
    24a7e1a1013338277e7faaa0eab81057";

/// Two primes 2^515 apart: nine steps.
const NEAR: &str = "\
    fa7081df52dce17f05ad348b3e16324fa6d96d0149e3b02da40ff20bf4d3b558d32a76132d89790cf57cb157033924ed\
    f2e0a5c2bbd11c4e3236b96d3a7dd555d40c29ca8bd7412c058888b01aff5d7b5d9c5f7647d12154782142159dd179f3\
    858d5aa6efd6620c3c8ccb5a5def0e3f4db59972d0540d2f2f4a5694da4d838522d675185adf05b2e3ef57e078ba4879\
    cbe6f8e719e658cf715b20c96cea5ced31dacbebae24f11b832a003f5be9ffed6741425677847d46c1917b1bb3c76b9c\
    412ea35ed22de828e873e517f49ed8bd7473fccab85c15361fd79967882b9481f6de304c539f3b4d5f984942e450093f\
    d2bf7ffaff94ebbf51f55aecc0e2a61b";

/// Two primes 2^600 apart: as good as any.
const FAR: &str = "\
    fa7081df52dce17f05ad348b3e16324fa6d96d0149e3b02da40ff20bf4d3b558d32a76132d89790cf57cb157033924ed\
    f2e0a5c2bcce50a6d1aed4c785ef79e8dbc5d891f9408d4ad6751363e5921ba075c6d61e2dceb6dc27d53d91b5f1b982\
    ab70a328f915256c1ca08d904149b10b5bd2c10d78d5f5cdb9ee6203f2a63d8b76a14a622223ad3f6dd96c6020f6635f\
    15c25117ddcb2677408a9658749ddfa4b00f14040dac758c924b50f5486ed54689bf6486600162cbe308f86787b1cbaa\
    9205bb1c02d9b0763bd1e54274270c349393233a692290a4515c98db0bf313ee455bb3394d1a9eb3f71ff953fc868824\
    c0cd4dbe4a57bd7ee2e8ec570d7531cb";

/// The square of a prime.
const SQUARE: &str = "\
    fa7081df52dce17f05ad348b3e16324fa6d96d0149e3b02da40ff20bf4d3b558d32a76132d89790cf57cb157033924ed\
    f2e0a5c2bbd11c4e3236b96d3a7dd54dea6964cecafc6ed07863b125376144093ca88c85bcbf2be2f164884cab84b66b\
    093590f36a2c39b8d4740e48855d61c80657ff316c59cf4fccd03be9043ea0ed7b15329dfcc722449e9e7f07df024212\
    301a92feb3f4094a401410384f10fa5fb562f1a3cd498c38e406d47453a3ffcf0297a98327ec482857df96ae7f3d9267\
    d37a4169b155f1563b9a11f6870089acecec500926fc3c779aae29e95bcb22df551f6cd64ba6b3b58a21293509161ee0\
    72a6f6823e87b722abb00db8e8e68ce9";

/// 997 times a prime.
const SMALL: &str = "\
    01973011253c808e3ce3c4001c4b39f89cbb01c52c26e0c05c88c6b72a44fd4919a2c04faec563150ddb9a5dad696e58\
    f975836321db03250e8b52b4e71469cc5c1275e0c9bde9c9dfc73bc60a500260f64e4ee7212be7fb4c0eceac0ff7708f\
    19e381d82f53820b98fbd79d1984012c925486526bc0a51a3da7cc7d0abcd922679b9a7b7c6af3d6d53d20726256c7af\
    117699b16fbc951d4d56a12a2c37be3446968e9d29abd3b57f68823ddc93a2fe9100e802bde1e0d19ee7e8422ddfece8\
    accd21299aae841a4f1716d6b6a0b765a4917a9ce11d5fe638d2a8e476d3a9f197539d64f79cb2213d882a934f0421c7\
    95d2b1065b9aae9cf7218c7983576c9a95";

/// Three times a prime.
const THREE: &str = "\
    017ba03d17ea17dce7467375b493c04039d06a26b0ab876ced6d91086165ce1bcbc067d0bd7fd73b22691ab93b0a5bc6\
    d764aa6100a00d836af8a8828c4427933bb805dd3e33b148757ed7b9fcdb23a6df5f7c4d43f7c90d2e21fc0d7d90ee66\
    4f3f823a4aa1b828949ea0338eef58400c8437cce06e7660791aa3cf33a43d0b4ef526be64668ba1b871adfa42a95cb4\
    01e3bb39b38a90cf00dba3b91799a3446e6d5ee5b0669216bf648c0a3f9bfc075d419bcba13c2d5f1942ace799bbc4f1\
    010c673fde359262696fbd7b53eda1e681804c3b6571fdc94e90ddadbe06d3d266d97d283e553dfe8804984e5eb4db0c\
    b01a434dde365fab64d5a0688c9e9a281b";

fn modulus(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).unwrap());
    digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

fn load(n: &[u8]) -> Result<VerifyingKey, Error> {
    let json = format!(r#"{{"kty":"RSA","n":"{}","e":"AQAB"}}"#, crate::base64::encode(n));
    VerifyingKey::from_jwk(&Jwk::parse(json.as_bytes()).unwrap())
}

#[test]
fn each_kind_of_weak_rsa_key_is_refused_for_its_own_reason() {
    for (n, refusal) in [
        (ROCA, Some(Error::Roca)),
        (NEXT, Some(Error::CloseFactors)),
        (NEAR, Some(Error::CloseFactors)),
        (SQUARE, Some(Error::CloseFactors)),
        (SMALL, Some(Error::SmallFactor { factor: 997 })),
        (THREE, Some(Error::SmallFactor { factor: 3 })),
        (FAR, None),
    ] {
        assert_eq!(load(&modulus(n)).err(), refusal);
    }
    let mut even = modulus(FAR);
    *even.last_mut().unwrap() ^= 1;
    assert_eq!(load(&even).unwrap_err(), Error::SmallFactor { factor: 2 });
}

#[test]
fn a_weak_key_for_encryption_is_refused_for_the_same_reason() {
    let load = |n: &[u8], e: &str| {
        let json = format!(r#"{{"kty":"RSA","n":"{}","e":"{e}"}}"#, crate::base64::encode(n));
        EncryptingKey::from_jwk_as(&Jwk::parse(json.as_bytes()).unwrap(), KeyAlgorithm::RsaOaep256)
    };
    for (n, refusal) in [
        (ROCA, Some(Error::Roca)),
        (NEXT, Some(Error::CloseFactors)),
        (THREE, Some(Error::SmallFactor { factor: 3 })),
        (FAR, None),
    ] {
        assert_eq!(load(&modulus(n), "AQAB").err(), refusal);
    }
    assert_eq!(load(&modulus(FAR), "AQ").unwrap_err(), Error::WeakExponent);
    let short = load(&[0xc5; 128], "AQAB").unwrap_err();
    assert_eq!(short, Error::KeyTooShort { algorithm: "RSA-OAEP-256", bits: 1024, least: 2048 });
    assert_eq!(short.to_string(), "the key has `1024` bits; `RSA-OAEP-256` needs at least `2048`");
    // Its private half says the same, by its own way of loading.
    let number = crate::base64::encode([0x51; 64]);
    let rest = ["d", "p", "q", "dp", "dq", "qi"].map(|name| format!(r#","{name}":"{number}""#)).concat();
    let n = crate::base64::encode([0xc5; 128]);
    let json = format!(r#"{{"kty":"RSA","n":"{n}","e":"AQAB"{rest}}}"#);
    let private = PrivateJwk::parse(json.as_bytes()).unwrap();
    assert_eq!(DecryptingKey::from_jwk_as(&private, KeyAlgorithm::RsaOaep256).unwrap_err(), short);
}

#[test]
fn good_keys_are_not_taken_for_weak_ones() {
    for key in pairs() {
        assert!(strong(&key.verifying_key().to_jwk().material, key.algorithm().name()).is_ok());
    }
    assert_eq!(rs256().verifying_key().to_spki().len(), 422);
}

#[test]
fn every_point_of_small_order_is_refused_on_both_curves() {
    let mut first = [0; 32];
    let zero = first;
    first[0] = 1;
    let near_p = |lowest: u8| {
        let mut point = [0xff; 32];
        (point[0], point[31]) = (lowest, 0x7f);
        point
    };
    let common = [zero, first, near_p(0xec), near_p(0xed), near_p(0xee)];
    for curve in [OkpCurve::Ed25519, OkpCurve::X25519] {
        for point in common {
            let mut signed = point;
            signed[31] |= 0x80;
            assert!(small_order(curve, &point) && small_order(curve, &signed));
        }
        for (lowest, highest) in [(2, 0), (0xeb, 0x7f), (0xef, 0x7f)] {
            let mut point = if highest == 0 { zero } else { near_p(0) };
            point[0] = lowest;
            assert!(!small_order(curve, &point), "{lowest} {highest}");
        }
    }
    let json = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"}}"#, crate::base64::encode(first));
    let jwk = Jwk::parse(json.as_bytes()).unwrap();
    assert_eq!(VerifyingKey::from_jwk(&jwk).unwrap_err(), Error::SmallOrder);
}

#[test]
fn a_key_of_small_order_would_verify_one_signature_for_everything() {
    // The neutral point as key and as R, zero as S: why such keys must go before the check.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let material = Material::Okp { curve: OkpCurve::Ed25519, x: neutral.to_vec() };
    let signature = [neutral, [0; 32]].concat();
    let key = PublicKey::new(Algorithm::EdDsa, &material).unwrap();
    assert!(key.verify(b"anything", &signature) && key.verify(b"else", &signature));
}
