//! Round trips with every key and algorithm.

use super::{
    ContentAlgorithm, Curve, Decrypter, DecryptingKey, Encrypter, KeyAlgorithm, KeyKind, Password,
    SymmetricKey,
};
use crate::fixtures::rsa_for_encryption;
use crate::jwe;

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
