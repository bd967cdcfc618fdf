//! Attacks on encrypted tokens, each named after what it tries.

use proptest::prelude::*;

use super::{
    ContentAlgorithm, Curve, DecryptingKey, KeyAlgorithm, MaxLength, Message, Password, Rounds, SymmetricKey,
};
use crate::backend::{content, wrap};
use crate::base64;
use crate::error::{Error, Fault};
use crate::fixtures::{es256, operations, rsa_for_encryption};
use crate::key::KeyId;
use crate::{jwe, jws};

const CEK: [u8; 32] = [0xc5; 32];

/// A token of these parts, honestly authenticated under [`CEK`]: what anybody can make who may
/// encrypt, and so also anybody who has a public key.
fn forge(header: &str, enc: ContentAlgorithm, encrypted_key: &[u8]) -> String {
    let header = base64::encode(header);
    let cek = CEK.repeat(2);
    let sealed = content::seal(enc, &cek[..enc.key_len()], header.as_bytes(), b"forged").unwrap();
    [encrypted_key, &sealed.iv, &sealed.ciphertext, &sealed.tag]
        .iter()
        .fold(header, |token, part| format!("{token}.{}", base64::encode(part)))
}

/// A token for [`wrapping`] whose header has these members more.
fn forge_wrapped(more: &str) -> String {
    let header = format!(r#"{{"alg":"A256KW","enc":"A256GCM"{more}}}"#);
    forge(&header, ContentAlgorithm::A256Gcm, &wrap::wrap(&[7; 32], &CEK).unwrap())
}

fn wrapping() -> SymmetricKey {
    SymmetricKey::new(KeyAlgorithm::A256Kw, &[7; 32]).unwrap()
}

fn refused(token: &str, key: &(impl super::Decrypter + ?Sized)) -> Error {
    jwe::decrypt(token, key).unwrap_err()
}

fn parts(token: &str) -> Vec<Vec<u8>> {
    token.split('.').map(|part| base64::decode(part).unwrap()).collect()
}

fn join(parts: &[Vec<u8>]) -> String {
    parts.iter().map(base64::encode).collect::<Vec<_>>().join(".")
}

#[test]
fn the_forger_of_these_tests_makes_tokens_that_decrypt() {
    assert_eq!(jwe::decrypt(&forge_wrapped(""), &wrapping()).unwrap().plain(), b"forged");
    assert_eq!(jwe::decrypt(&forge_wrapped(r#","x":[1]"#), &wrapping()).unwrap().plain(), b"forged");
}

/// CVE-2024-28176, CVE-2024-28180, CVE-2024-33664, CVE-2025-63811: a small token grew without end.
#[test]
fn a_zip_bomb_is_refused_before_it_is_decrypted() {
    for zip in [r#","zip":"DEF""#, r#","zip":null"#, r#","zip":"""#, r#","z\u0069p":"DEF""#] {
        assert_eq!(refused(&forge_wrapped(zip), &wrapping()), Error::Compressed, "{zip}");
    }
}

/// RUSTSEC-2023-0071: padding that answers differently, or later, gives the plaintext away.
#[test]
fn rsa1_5_and_none_are_no_algorithms() {
    let key = rsa_for_encryption(KeyAlgorithm::RsaOaep256);
    let expected = Error::KeyAlgorithm { expected: KeyAlgorithm::RsaOaep256 };
    for (alg, error) in [("RSA1_5", Error::Rsa15), ("none", expected.clone()), ("rsa-oaep-256", expected)] {
        let header = format!(r#"{{"alg":"{alg}","enc":"A256GCM"}}"#);
        assert_eq!(refused(&forge(&header, ContentAlgorithm::A256Gcm, &[1; 384]), &key), error);
    }
    let unencrypted = forge(r#"{"alg":"dir","enc":"none"}"#, ContentAlgorithm::A256Gcm, b"");
    assert_eq!(refused(&unencrypted, &wrapping()), Error::ContentAlgorithm);
}

#[test]
fn extensions_that_are_not_understood_are_refused() {
    for crit in [r#","crit":["exp"],"exp":1"#, r#","crit":[]"#, r#","crit":null"#, r#","crit":["enc"]"#] {
        assert_eq!(refused(&forge_wrapped(crit), &wrapping()), Error::Critical, "{crit}");
    }
}

#[test]
fn a_header_member_of_another_type_is_refused() {
    for (member, json) in [("kid", "7"), ("kid", r#""""#), ("typ", "[]"), ("cty", "null")] {
        let token = forge_wrapped(&format!(r#","{member}":{json}"#));
        assert_eq!(refused(&token, &wrapping()), Error::Header { member }, "{json}");
    }
    for header in
        [r#"{"alg":"A256KW","enc":"A256GCM","alg":"A256KW"}"#, r#"["alg"]"#, "", "{}x", "\u{feff}{}"]
    {
        let token = forge(header, ContentAlgorithm::A256Gcm, &[]);
        assert!(matches!(refused(&token, &wrapping()), Error::Json { .. } | Error::JweShape), "{header}");
    }
    for (header, member) in [(r#"{"enc":"A256GCM"}"#, "alg"), (r#"{"alg":"A256KW"}"#, "enc")] {
        let token = forge(header, ContentAlgorithm::A256Gcm, &[]);
        assert_eq!(refused(&token, &wrapping()), Error::Header { member });
    }
}

#[test]
fn a_token_never_chooses_the_algorithm_of_a_key() {
    for named in KeyAlgorithm::ALL {
        let header = format!(r#"{{"alg":"{named}","enc":"A256GCM"}}"#);
        let token = forge(&header, ContentAlgorithm::A256Gcm, &wrap::wrap(&[7; 32], &CEK).unwrap());
        let expected = KeyAlgorithm::A256Kw;
        match jwe::decrypt(&token, &wrapping()) {
            Ok(_) => assert_eq!(named, expected),
            Err(error) => assert_eq!(error, Error::KeyAlgorithm { expected }, "{named}"),
        }
    }
    let picky = wrapping().with_content(ContentAlgorithm::A256CbcHs512).unwrap();
    assert_eq!(refused(&forge_wrapped(""), &picky), Error::ContentAlgorithm);
    let direct = SymmetricKey::direct(ContentAlgorithm::A256Gcm, &CEK).unwrap();
    for enc in [ContentAlgorithm::A256Gcm, ContentAlgorithm::A128CbcHs256] {
        let token = forge(&format!(r#"{{"alg":"dir","enc":"{enc}"}}"#), enc, b"");
        assert_eq!(jwe::decrypt(&token, &direct).is_ok(), enc == ContentAlgorithm::A256Gcm);
    }
}

/// CVE-2022-36083, CVE-2023-49290, CVE-2023-50966, GHSA-2c7c-3mj9-8fqh: `p2c` made one token cost minutes.
#[test]
fn a_stranger_cannot_make_a_password_hash_without_end() {
    let key = Password::new(KeyAlgorithm::Pbes2Hs256A128Kw, "correct horse").unwrap();
    let token = |p2c: &str| {
        let header =
            format!(r#"{{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2s":"c2FsdHNhbHQ","p2c":{p2c}}}"#);
        forge(&header, ContentAlgorithm::A256Gcm, &[1; 40])
    };
    for p2c in ["2147483648", "18446744073709551615", "600001", "999", "1", "0"] {
        assert_eq!(refused(&token(p2c), &key), Error::Rounds { most: 600_000 }, "{p2c}");
    }
    for p2c in ["\"1000\"", "1e3", "1000.0", "-1000", "null"] {
        assert_eq!(refused(&token(p2c), &key), Error::Header { member: "p2c" }, "{p2c}");
    }
    assert_eq!(refused(&token("1000"), &key), Error::Decryption);
    for rounds in [1_000, 10_000, 20_000] {
        let brief = Password::new(KeyAlgorithm::Pbes2Hs256A128Kw, "correct horse").unwrap();
        let brief = brief.with_rounds(Rounds::new(rounds).unwrap());
        let told = refused(&token(&(rounds + 1).to_string()), &brief);
        assert_eq!(told, Error::Rounds { most: rounds });
    }
    let short = r#"{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2s":"c2FsdHNhbA","p2c":1000}"#;
    let token = forge(short, ContentAlgorithm::A256Gcm, &[1; 40]);
    assert_eq!(refused(&token, &key), Error::Header { member: "p2s" });
}

#[test]
fn a_password_is_hashed_as_often_as_one_that_people_choose_needs_it() {
    for algorithm in
        [KeyAlgorithm::Pbes2Hs256A128Kw, KeyAlgorithm::Pbes2Hs384A192Kw, KeyAlgorithm::Pbes2Hs512A256Kw]
    {
        let key = Password::new(algorithm, "correct horse").unwrap();
        let token = jwe::encrypt(&key, b"attack at dawn").unwrap();
        let header = String::from_utf8(parts(&token)[0].clone()).unwrap();
        assert!(header.contains(r#""p2c":600000"#), "{header}");
        assert_eq!(jwe::decrypt(&token, &key).unwrap().plain(), b"attack at dawn");
    }
}

#[test]
fn passwords_that_are_none_are_refused() {
    let password = |text: &str| Password::new(KeyAlgorithm::Pbes2Hs256A128Kw, text).unwrap_err();
    for text in ["", "short", &"x".repeat(1025)] {
        assert_eq!(password(text), Error::Password);
    }
    assert_eq!(password("-----BEGIN PUBLIC KEY-----"), Error::NotASecret { format: "PEM" });
    assert_eq!(password(r#"{"kty":"RSA"}"#), Error::NotASecret { format: "JWK" });
    let wrong = Password::new(KeyAlgorithm::A256Kw, "correct horse").unwrap_err();
    assert_eq!(wrong, Error::Jwk { member: "alg" });
}

#[test]
fn secrets_of_another_length_or_kind_are_refused() {
    let long = SymmetricKey::new(KeyAlgorithm::A128Kw, &[7; 32]).unwrap_err();
    assert_eq!(long, Error::SecretLength { algorithm: "A128KW", bits: 256, needed: 128 });
    let short = SymmetricKey::direct(ContentAlgorithm::A256CbcHs512, &[7; 63]).unwrap_err();
    assert_eq!(short, Error::SecretLength { algorithm: "A256CBC-HS512", bits: 504, needed: 512 });
    let pem = b"-----BEGIN PUBLIC KEY-----\nMIIB";
    let disguised = SymmetricKey::new(KeyAlgorithm::A256Kw, pem).unwrap_err();
    assert_eq!(disguised, Error::NotASecret { format: "PEM" });
    for algorithm in [KeyAlgorithm::RsaOaep, KeyAlgorithm::Dir, KeyAlgorithm::EcdhEsA128Kw] {
        assert_eq!(SymmetricKey::new(algorithm, &[7; 16]).unwrap_err(), Error::Jwk { member: "alg" });
        assert_eq!(SymmetricKey::generate(algorithm).unwrap_err(), Fault::UnfitKey { algorithm });
    }
    let algorithm = KeyAlgorithm::A256Kw;
    assert_eq!(DecryptingKey::generate(algorithm).unwrap_err(), Fault::UnfitKey { algorithm });
    let algorithm = KeyAlgorithm::RsaOaep;
    assert_eq!(
        DecryptingKey::generate_on(Curve::P256, algorithm).unwrap_err(),
        Fault::UnfitKey { algorithm }
    );
    let direct = SymmetricKey::direct(ContentAlgorithm::A256Gcm, &CEK).unwrap();
    assert!(direct.with_content(ContentAlgorithm::A128CbcHs256).is_err());
}

#[test]
fn an_ephemeral_key_off_its_curve_private_or_of_another_is_refused() {
    let key = DecryptingKey::generate_on(Curve::P256, KeyAlgorithm::EcdhEs).unwrap();
    let (x, y) =
        ("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
    let zero = "A".repeat(43);
    let token = |epk: &str| {
        let header = format!(r#"{{"alg":"ECDH-ES","enc":"A256GCM"{epk}}}"#);
        forge(&header, ContentAlgorithm::A256Gcm, b"")
    };
    for epk in [
        String::new(),
        r#","epk":null"#.into(),
        r#","epk":{}"#.into(),
        format!(r#","epk":{{"kty":"EC","crv":"P-256","x":"{y}","y":"{x}"}}"#),
        format!(r#","epk":{{"kty":"EC","crv":"P-256","x":"{zero}","y":"{zero}"}}"#),
        format!(r#","epk":{{"kty":"EC","crv":"P-256","x":"{x}"}}"#),
        format!(r#","epk":{{"kty":"EC","crv":"P-384","x":"{x}","y":"{y}"}}"#),
        format!(r#","epk":{{"kty":"OKP","crv":"P-256","x":"{x}","y":"{y}"}}"#),
        format!(r#","epk":{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}","d":"{x}"}}"#),
        format!(r#","epk":{{"kty":"EC","crv":"P-256","x":"{x}A","y":"{y}"}}"#),
        format!(r#","epk":{{"kty":"EC","crv":"P-256","x":"AA{x}","y":"{y}"}}"#),
        format!(r#","epk":{{"kty":"OKP","crv":"X25519","x":"{x}"}}"#),
    ] {
        assert_eq!(refused(&token(&epk), &key), Error::Header { member: "epk" }, "{epk}");
    }
    // On the curve, but of a key that nobody here knows.
    let stranger = format!(r#","epk":{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}"#);
    assert_eq!(refused(&token(&stranger), &key), Error::Decryption);
    let bent = format!(r#"{stranger},"apu":"A""#);
    assert_eq!(refused(&token(&bent), &key), Error::Header { member: "apu" });
}

#[test]
fn an_ephemeral_key_lists_no_more_operations_than_a_key_can_have() {
    let key = DecryptingKey::generate_on(Curve::X25519, KeyAlgorithm::EcdhEs).unwrap();
    let x = base64::encode([9; 32]);
    let refused = |more: usize| {
        let epk = format!(
            r#"{{"kty":"OKP","crv":"X25519","x":"{x}","key_ops":{}}}"#,
            operations("deriveKey", more)
        );
        let header = format!(r#"{{"alg":"ECDH-ES","enc":"A256GCM","epk":{epk}}}"#);
        refused(&forge(&header, ContentAlgorithm::A256Gcm, b""), &key)
    };
    assert_eq!(refused(31), Error::Decryption);
    // Of the 30,000 that a token has room for each would be compared with each: two seconds of a stranger's choice.
    assert_eq!(refused(32), Error::Header { member: "epk" });
}

#[test]
fn an_x25519_point_of_small_order_agrees_with_nobody() {
    let key = DecryptingKey::generate_on(Curve::X25519, KeyAlgorithm::EcdhEs).unwrap();
    // RFC 7748 6.1 and its references: zero, one, two points of order eight, p - 1, p, p + 1.
    let mut points = vec![[0; 32], [0; 32]];
    points[1][0] = 1;
    for hex in [
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ] {
        points.push(crate::fixtures::hex(hex).try_into().unwrap());
    }
    for point in points {
        let x = base64::encode(point);
        let header =
            format!(r#"{{"alg":"ECDH-ES","enc":"A256GCM","epk":{{"kty":"OKP","crv":"X25519","x":"{x}"}}}}"#);
        let token = forge(&header, ContentAlgorithm::A256Gcm, b"");
        assert_eq!(refused(&token, &key), Error::Header { member: "epk" }, "{x}");
    }
}

#[test]
fn an_encrypted_key_missing_cut_or_grown_is_told_like_anything_else() {
    for algorithm in [
        KeyAlgorithm::A128Kw,
        KeyAlgorithm::A192Kw,
        KeyAlgorithm::A256Kw,
        KeyAlgorithm::A128GcmKw,
        KeyAlgorithm::A192GcmKw,
        KeyAlgorithm::A256GcmKw,
    ] {
        let key = SymmetricKey::generate(algorithm).unwrap();
        encrypted_keys(&jwe::encrypt(&key, b"hello").unwrap(), &key);
    }
    for algorithm in [KeyAlgorithm::EcdhEs, KeyAlgorithm::EcdhEsA192Kw, KeyAlgorithm::EcdhEsA256Kw] {
        let key = DecryptingKey::generate(algorithm).unwrap();
        encrypted_keys(&jwe::encrypt(&key.encrypting_key(), b"hello").unwrap(), &key);
    }
    let key = rsa_for_encryption(KeyAlgorithm::RsaOaep);
    encrypted_keys(&jwe::encrypt(&key.encrypting_key(), b"hello").unwrap(), &key);
    let key = SymmetricKey::direct(ContentAlgorithm::A128Gcm, &[7; 16]).unwrap();
    encrypted_keys(&jwe::encrypt(&key, b"hello").unwrap(), &key);
}

fn encrypted_keys(token: &str, key: &impl super::Decrypter) {
    let parts = parts(token);
    for bent in [vec![], vec![0; 8], vec![0xff; 384], vec![1; 4096], [parts[1].as_slice(), &[0]].concat()] {
        let mut forged = parts.clone();
        if bent != forged[1] {
            forged[1] = bent;
            assert_eq!(refused(&join(&forged), key), Error::Decryption);
        }
    }
}

#[test]
fn a_wrapped_key_of_another_length_is_told_like_anything_else() {
    for length in [16, 24, 64] {
        let encrypted_key = wrap::wrap(&[7; 32], &vec![0xc5; length]).unwrap();
        let token = forge(r#"{"alg":"A256KW","enc":"A256GCM"}"#, ContentAlgorithm::A256Gcm, &encrypted_key);
        assert_eq!(refused(&token, &wrapping()), Error::Decryption, "{length}");
    }
}

#[test]
fn a_vector_or_tag_of_another_length_does_not_decrypt() {
    for enc in ContentAlgorithm::ALL {
        let key = wrapping().with_content(enc).unwrap();
        let honest = parts(&jwe::encrypt(&key, b"hello").unwrap());
        for at in [2, 4] {
            for length in 0..=honest[at].len() + 1 {
                let mut forged = honest.clone();
                forged[at].resize(length, 0);
                let same = forged == honest;
                let found = jwe::decrypt(&join(&forged), &key);
                assert_eq!(found.err(), (!same).then_some(Error::Decryption), "{enc} {at} {length}");
            }
        }
    }
}

#[test]
fn bad_padding_and_a_bad_tag_are_one_error() {
    let key = wrapping().with_content(ContentAlgorithm::A128CbcHs256).unwrap();
    let honest = parts(&jwe::encrypt(&key, &[0xa5; 40]).unwrap());
    for at in 0..honest[3].len() {
        let mut forged = honest.clone();
        forged[3][at] ^= 1;
        assert_eq!(refused(&join(&forged), &key), Error::Decryption);
        forged[3].truncate(at);
        assert_eq!(refused(&join(&forged), &key), Error::Decryption);
    }
}

#[test]
fn a_token_of_another_shape_is_refused() {
    let honest = jwe::encrypt(&wrapping(), b"hello").unwrap();
    for bad in [
        "",
        "....",
        "a.b.c.d",
        "a.b.c.d.e.f",
        &".".repeat(100_000),
        &format!("{honest}."),
        &format!(".{honest}"),
        honest.replacen('.', "", 1).as_str(),
        honest.trim_start_matches(|letter| letter != '.'),
        "{}",
    ] {
        assert_eq!(refused(bad, &wrapping()), Error::JweShape, "{bad:.20}");
    }
    for bad in
        [format!("{honest}="), format!(" {honest}"), format!("{honest}\n"), honest.replacen('.', "=.", 1)]
    {
        assert!(matches!(refused(&bad, &wrapping()), Error::Base64 { .. }), "{bad:.20}");
    }
}

#[test]
fn a_signed_token_where_an_encrypted_one_belongs_is_told_so() {
    let mistaken = Error::Mistaken { expected: "encrypted", found: "signed" };
    let signed = jws::sign(es256(), None, b"hello").unwrap();
    assert_eq!(refused(&signed, &wrapping()), mistaken);
    let json = r#"{"payload":"aGVsbG8","protected":"e30","signature":"AA"}"#;
    assert_eq!(jwe::decrypt_json(json, &wrapping()).unwrap_err(), mistaken);
}

#[test]
fn a_token_beyond_the_limit_is_refused_before_it_is_decoded() {
    let key = wrapping();
    let limit = MaxLength::bytes(300).unwrap();
    let short = jwe::encrypt(&key, &[0; 50]).unwrap();
    let long = jwe::encrypt(&key, &[0; 200]).unwrap();
    assert!(jwe::decrypt_within(&short, &key, limit).is_ok());
    assert_eq!(jwe::decrypt_within(&long, &key, limit).unwrap_err(), Error::TooLarge { limit: 300 });
    let default = Error::TooLarge { limit: 256 * 1024 };
    assert_eq!(refused(&"x".repeat(256 * 1024 + 1), &key), default);
    assert_eq!(jwe::decrypt_json(&" ".repeat(256 * 1024 + 1), &key).unwrap_err(), default);
    let large = jwe::encrypt(&key, &vec![7; 1_000_000]).unwrap();
    let limit = MaxLength::bytes(2_000_000).unwrap();
    assert_eq!(jwe::decrypt_within(&large, &key, limit).unwrap().plain(), vec![7; 1_000_000]);
}

#[test]
fn another_kid_is_another_key() {
    let named = |name: &str| wrapping().with_id(KeyId::new(name).unwrap());
    let token = jwe::encrypt(&named("a"), b"hello").unwrap();
    assert!(jwe::decrypt(&token, &named("a")).is_ok());
    assert_eq!(refused(&token, &named("b")), Error::UnknownKey);
    assert!(jwe::decrypt(&token, &wrapping()).is_ok());
    assert!(jwe::decrypt(&jwe::encrypt(&wrapping(), b"hello").unwrap(), &named("a")).is_ok());
}

#[test]
fn the_same_content_never_looks_the_same() {
    let key = SymmetricKey::direct(ContentAlgorithm::A256Gcm, &CEK).unwrap();
    let tokens: std::collections::HashSet<Vec<u8>> =
        (0..100).map(|_| parts(&jwe::encrypt(&key, b"hello").unwrap()).swap_remove(2)).collect();
    assert_eq!(tokens.len(), 100);
}

#[test]
fn neither_keys_nor_content_show_when_printed() {
    let key = DecryptingKey::generate(KeyAlgorithm::EcdhEs).unwrap();
    let token = jwe::encrypt(&key.encrypting_key(), b"hello").unwrap();
    let password = Password::new(KeyAlgorithm::Pbes2Hs256A128Kw, "correct horse").unwrap();
    assert_eq!(format!("{:?}", jwe::decrypt(&token, &key).unwrap()), "Decrypted(..)");
    assert_eq!(format!("{key:?} {password:?}"), "DecryptingKey(ECDH-ES, ..) Password(..)");
    assert_eq!(
        format!("{:?} {:?}", wrapping(), key.encrypting_key()),
        "SymmetricKey(A256KW, ..) EncryptingKey(ECDH-ES, ..)"
    );
    assert_eq!(format!("{:?}", Message::new(b"hello")), "Message(..)");
}

proptest! {
    #[test]
    fn no_bit_of_a_token_can_be_flipped(at in 0_usize..10_000, bit in 0_u8..8, which in 0_usize..4) {
        let agreement = DecryptingKey::generate(KeyAlgorithm::EcdhEsA128Kw).unwrap();
        let agreement = agreement.with_content(ContentAlgorithm::A128CbcHs256);
        let gcm = SymmetricKey::generate(KeyAlgorithm::A192GcmKw).unwrap();
        let direct = SymmetricKey::direct(ContentAlgorithm::A192CbcHs384, &[7; 48]).unwrap();
        let (token, key): (_, &dyn super::Decrypter) = match which {
            0 => (jwe::encrypt(&agreement.encrypting_key(), b"attack at dawn").unwrap(), &agreement),
            1 => (jwe::encrypt(&gcm, b"attack at dawn").unwrap(), &gcm),
            2 => (jwe::encrypt(&direct, b"attack at dawn").unwrap(), &direct),
            _ => (jwe::encrypt(&wrapping(), b"attack at dawn").unwrap(), &wrapping()),
        };
        let mut parts = parts(&token);
        let length: usize = parts.iter().map(Vec::len).sum();
        let mut at = at % length;
        let byte = parts.iter_mut().find_map(|part| {
            let inside = at < part.len();
            if !inside { at -= part.len(); }
            inside.then(|| &mut part[at])
        });
        *byte.unwrap() ^= 1 << bit;
        prop_assert!(jwe::decrypt(&join(&parts), key).is_err());
    }

    #[test]
    fn no_letter_of_a_token_can_be_replaced(at in 0_usize..10_000, letter in "[A-Za-z0-9_.=+/ -]") {
        let token = jwe::encrypt(&wrapping(), b"attack at dawn").unwrap();
        let at = at % token.len();
        let mut bent = token.clone();
        bent.replace_range(at..=at, &letter);
        prop_assert_eq!(jwe::decrypt(&bent, &wrapping()).is_ok(), bent == token);
    }

    #[test]
    fn noise_is_refused(text in ".{0,200}", json in r#"\{("[a-z]{1,12}":("[A-Za-z0-9]{0,8}"|[0-9]|\{\}),?){0,6}\}"#) {
        prop_assert!(jwe::decrypt(&text, &wrapping()).is_err());
        prop_assert!(jwe::decrypt_json(&text, &wrapping()).is_err());
        prop_assert!(jwe::decrypt_json(&json, &wrapping()).is_err());
    }
}
