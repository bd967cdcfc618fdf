//! The bare primitive: the same library, keys parsed beforehand, the signature over the same bytes and nothing else.

use std::hint::black_box;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, ParsedPublicKey, RsaKeyPair, VerificationAlgorithm,
};
use countersign_jose::base64;

use crate::token::Keys;
use crate::{Case, PRIMITIVE};

pub fn verify(keys: &Keys, algorithm: &str) -> Case {
    let token = keys.token(algorithm);
    let (signed, signature) = token.rsplit_once('.').expect("a token");
    let (signed, signature) = (signed.to_owned(), base64::decode(signature).expect("a signature"));
    let what = format!("verify {algorithm}");
    if algorithm == "HS256" {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &keys.secret);
        return Case::new(what, PRIMITIVE, move || {
            hmac::verify(black_box(&key), black_box(signed.as_bytes()), black_box(&signature)).expect("good");
        });
    }
    let (scheme, public): (&'static dyn VerificationAlgorithm, &[u8]) = match algorithm {
        "ES256" => (&signature::ECDSA_P256_SHA256_FIXED, keys.es256.public_key().as_ref()),
        "EdDSA" => (&signature::ED25519, keys.eddsa.public_key().as_ref()),
        _ => (&signature::RSA_PKCS1_2048_8192_SHA256, keys.rs256.public_key().as_ref()),
    };
    let key = ParsedPublicKey::new(scheme, public).expect("a key");
    Case::new(what, PRIMITIVE, move || {
        black_box(&key).verify_sig(black_box(signed.as_bytes()), black_box(&signature)).expect("good");
    })
}

pub fn sign(keys: &Keys, algorithm: &str, verb: &str) -> Case {
    let token = keys.token(algorithm);
    let signed = token.rsplit_once('.').expect("a token").0.to_owned();
    let what = format!("{verb} {algorithm}");
    let random = SystemRandom::new();
    match algorithm {
        "HS256" => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &keys.secret);
            Case::new(what, PRIMITIVE, move || {
                black_box(hmac::sign(black_box(&key), black_box(signed.as_bytes())));
            })
        }
        "ES256" => {
            let scheme = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
            let key = EcdsaKeyPair::from_pkcs8(scheme, &keys.pkcs8(algorithm)).expect("a key");
            Case::new(what, PRIMITIVE, move || {
                black_box(key.sign(&random, black_box(signed.as_bytes())).expect("a signature"));
            })
        }
        "EdDSA" => {
            let key = Ed25519KeyPair::from_pkcs8(&keys.pkcs8(algorithm)).expect("a key");
            Case::new(what, PRIMITIVE, move || {
                black_box(key.try_sign(black_box(signed.as_bytes())).expect("a signature"));
            })
        }
        _ => {
            let key = RsaKeyPair::from_pkcs8(&keys.pkcs8(algorithm)).expect("a key");
            let mut room = vec![0; key.public_modulus_len()];
            Case::new(what, PRIMITIVE, move || {
                let message = black_box(signed.as_bytes());
                key.sign(&signature::RSA_PKCS1_SHA256, &random, message, &mut room).expect("a signature");
                black_box(&room);
            })
        }
    }
}
