//! Key documents: what OpenSSL wrote is read, what we write is the same, all else is named.

use base64_simd::STANDARD;

use super::fixtures::{
    CERTIFICATE, ENCRYPTED, K256_PKCS8, K256_SEC1, OLD_ENCRYPTED, OPENSSH, P256_PKCS8, P256_SEC1, P256_SPKI,
    REQUEST, RSA_PKCS1, RSA_PKCS8, RSA_PUBLIC_PKCS1, RSA_SPKI, X25519_PKCS8,
};
use crate::algorithm::Algorithm;
use crate::error::Error;
use crate::fixtures::pairs;
use crate::jwk::{Jwk, PrivateJwk};
use crate::key::{SharedKey, Signer, SigningKey, VerifyingKey};

/// The bytes inside a block, by other means than the code under test.
fn der(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.contains(['-', ':'])).collect();
    STANDARD.decode_to_vec(body).unwrap()
}

fn pkcs8_of(read: Result<PrivateJwk, Error>) -> String {
    read.unwrap().to_pkcs8_pem().unwrap().to_string()
}

#[test]
fn what_openssl_wrote_is_read_and_written_again_byte_for_byte() {
    assert_eq!(pkcs8_of(PrivateJwk::from_pkcs8_pem(P256_PKCS8)), P256_PKCS8);
    assert_eq!(pkcs8_of(PrivateJwk::from_sec1_pem(P256_SEC1)), P256_PKCS8);
    assert_eq!(pkcs8_of(PrivateJwk::from_sec1(&der(P256_SEC1))), P256_PKCS8);
    assert_eq!(pkcs8_of(PrivateJwk::from_pkcs8_pem(K256_PKCS8)), K256_PKCS8);
    assert_eq!(pkcs8_of(PrivateJwk::from_sec1_pem(K256_SEC1)), K256_PKCS8);
    assert_eq!(pkcs8_of(PrivateJwk::from_pkcs8_pem(RSA_PKCS8)), RSA_PKCS8);
    assert_eq!(pkcs8_of(PrivateJwk::from_pkcs1_pem(RSA_PKCS1)), RSA_PKCS8);
    assert_eq!(pkcs8_of(PrivateJwk::from_pkcs8_pem(X25519_PKCS8)), X25519_PKCS8);
    for (pem, private) in [(P256_SPKI, P256_PKCS8), (RSA_SPKI, RSA_PKCS8)] {
        let public = Jwk::from_spki_pem(pem).unwrap();
        assert_eq!(public.to_spki_pem().unwrap(), pem);
        assert_eq!(PrivateJwk::from_pkcs8_pem(private).unwrap().to_public().unwrap(), public);
    }
    assert_eq!(Jwk::from_pkcs1_pem(RSA_PUBLIC_PKCS1).unwrap(), Jwk::from_spki_pem(RSA_SPKI).unwrap());
}

#[test]
fn an_ec_key_is_written_in_the_old_format_as_openssl_writes_it() {
    for (pem, old) in [(P256_PKCS8, P256_SEC1), (K256_PKCS8, K256_SEC1)] {
        let key = PrivateJwk::from_pkcs8_pem(pem).unwrap();
        assert_eq!(*key.to_sec1_pem().unwrap(), old);
        assert_eq!(*key.to_sec1().unwrap(), der(old));
    }
    for key in pairs().iter().map(|key| key.to_jwk().unwrap()) {
        match key.to_sec1() {
            Ok(der) => assert_eq!(pkcs8_of(PrivateJwk::from_sec1(&der)), *key.to_pkcs8_pem().unwrap()),
            Err(refused) => {
                assert_eq!(refused, Error::Unsupported);
                assert_ne!(key.algorithm().unwrap().family(), crate::algorithm::Family::Ec);
            }
        }
    }
    let secret = PrivateJwk::parse(br#"{"kty":"oct","k":"AAAA"}"#).unwrap();
    assert_eq!(secret.to_sec1().unwrap_err(), Error::Unsupported);
}

#[test]
fn rfc_8410_10_3_keys_of_version_1_and_2_are_read() {
    let one = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
        -----END PRIVATE KEY-----\n";
    let two = "-----BEGIN PRIVATE KEY-----\n\
        MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
        oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\n\
        Z9w7lshQhqowtrbLDFw4rXAxZuE=\n\
        -----END PRIVATE KEY-----\n";
    let keys = [one, two].map(|pem| SigningKey::from_pkcs8_pem(Algorithm::Ed25519, pem).unwrap());
    assert_eq!(keys[0].key_id(), keys[1].key_id());
    assert_eq!(*keys[1].to_pkcs8_pem().unwrap(), one);
    let other = two.replace("Z9w7lshQhqowtrbLDFw4rXAxZuE=", "Z9w7lshQhqowtrbLDFw4rXAxZuI=");
    assert!(SigningKey::from_pkcs8_pem(Algorithm::Ed25519, &other).is_err());
}

#[test]
fn every_key_survives_every_form() {
    for key in pairs() {
        let algorithm = key.algorithm();
        let pem = key.to_pkcs8_pem().unwrap();
        let jwk = key.to_jwk().unwrap();
        assert_eq!(jwk.algorithm(), Some(algorithm));
        let private = [
            SigningKey::from_pkcs8_pem(algorithm, &pem).unwrap(),
            SigningKey::from_jwk(&jwk).unwrap(),
            SigningKey::from_jwk(&PrivateJwk::parse(jwk.to_json().as_bytes()).unwrap()).unwrap(),
            SigningKey::from_pkcs8(algorithm, &jwk.to_pkcs8().unwrap()).unwrap(),
        ];
        let public = key.verifying_key();
        let publics = [
            VerifyingKey::from_spki(algorithm, &public.to_spki()).unwrap(),
            VerifyingKey::from_spki_pem(algorithm, &public.to_spki_pem()).unwrap(),
        ];
        for one in &private {
            assert_eq!(one.key_id(), key.key_id());
            let signature = one.sign(b"message").unwrap();
            assert!(publics.iter().all(|public| public.verify(b"message", &signature)));
        }
    }
}

#[test]
fn a_document_of_another_format_is_named() {
    let all: [(&str, &str); 13] = [
        (P256_PKCS8, "a PKCS#8 private key"),
        (X25519_PKCS8, "a PKCS#8 private key"),
        (P256_SEC1, "an SEC1 private key"),
        (RSA_PKCS1, "a PKCS#1 private key"),
        (RSA_PUBLIC_PKCS1, "a PKCS#1 public key"),
        (RSA_SPKI, "an SPKI public key"),
        (P256_SPKI, "an SPKI public key"),
        (ENCRYPTED, "an encrypted PKCS#8 key"),
        (CERTIFICATE, "a certificate"),
        (REQUEST, "a certificate request"),
        (OPENSSH, "a private key of OpenSSH"),
        (
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEYAs8Yx9GDDzWZjxLqFlQ2ZBYFyS0y8V5n3cDWvW1oJ",
            "a key of OpenSSH",
        ),
        (r#"{"kty":"EC"}"#, "JSON"),
    ];
    for (text, name) in all {
        for (wanted, refusal) in [
            ("a PKCS#8 private key", PrivateJwk::from_pkcs8_pem(text).err()),
            ("an SEC1 private key", PrivateJwk::from_sec1_pem(text).err()),
            ("a PKCS#1 private key", PrivateJwk::from_pkcs1_pem(text).err()),
            ("an SPKI public key", Jwk::from_spki_pem(text).err()),
            ("a PKCS#1 public key", Jwk::from_pkcs1_pem(text).err()),
        ] {
            let in_pem = if text.starts_with("-----") && !name.contains("OpenSSH") { " in PEM" } else { "" };
            let expected = (wanted != name).then(|| format!("this is {name}{in_pem}, not {wanted} in PEM"));
            assert_eq!(refusal.map(|error| error.to_string()), expected);
        }
        if !text.starts_with("-----") || name.contains("OpenSSH") {
            continue;
        }
        let inner = der(text);
        for (wanted, refusal) in [
            ("a PKCS#8 private key", PrivateJwk::from_pkcs8(&inner).err()),
            ("an SEC1 private key", PrivateJwk::from_sec1(&inner).err()),
            ("a PKCS#1 private key", PrivateJwk::from_pkcs1(&inner).err()),
            ("an SPKI public key", Jwk::from_spki(&inner).err()),
            ("a PKCS#1 public key", Jwk::from_pkcs1(&inner).err()),
        ] {
            let expected = (wanted != name).then(|| format!("this is {name} in DER, not {wanted} in DER"));
            assert_eq!(refusal.map(|error| error.to_string()), expected);
        }
        let refused = PrivateJwk::from_pkcs8(text.as_bytes()).unwrap_err();
        assert_eq!(refused.to_string(), format!("this is {name} in PEM, not a PKCS#8 private key in DER"));
    }
    let refused = PrivateJwk::from_sec1_pem(OLD_ENCRYPTED).unwrap_err().to_string();
    assert_eq!(refused, "this is an old encrypted PEM key, not an SEC1 private key in PEM");
}

#[test]
fn pem_is_one_block_and_nothing_else() {
    let good = P256_PKCS8;
    assert!(PrivateJwk::from_pkcs8_pem(&good.replace('\n', "\r\n")).is_ok());
    assert!(PrivateJwk::from_pkcs8_pem(good.trim_end()).is_ok());
    let lines: Vec<&str> = good.lines().collect();
    let one_line =
        format!("{}\n{}\n{}\n", lines[0], lines[1..lines.len() - 1].concat(), lines[lines.len() - 1]);
    let bent = [
        String::new(),
        good.split_at(good.len() / 2).0.to_owned(),
        format!(" {good}"),
        format!("\n{good}"),
        format!("Bag Attributes\n{good}"),
        format!("\u{feff}{good}"),
        format!("{good}{good}"),
        format!("{good}{CERTIFICATE}"),
        format!("{good} "),
        format!("{good}x"),
        good.replace("-----END PRIVATE KEY-----", "-----END PUBLIC KEY-----"),
        good.replace("-----END PRIVATE KEY-----", ""),
        good.replace("-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY----"),
        good.replace("-----BEGIN PRIVATE KEY-----", "-----BEGIN  PRIVATE KEY-----"),
        good.replace("MIGHAgEA", "MIGHAgEA\n"),
        good.replace("MIGHAgEA", "MIGH AgEA"),
        good.replace("MIGHAgEA", "MIGH-gEA"),
        good.replace("\n-----END", "=\n-----END"),
        good.replace("-----\nMIGH", "-----\n\nMIGH"),
        one_line,
    ];
    for text in bent {
        let refused = PrivateJwk::from_pkcs8_pem(&text).unwrap_err();
        assert!(matches!(refused, Error::Pem { .. } | Error::Der { .. }), "{refused} {text}");
    }
    let long = format!("{}{}", good, "\n".repeat(70_000));
    assert_eq!(PrivateJwk::from_pkcs8_pem(&long).unwrap_err(), Error::KeyTooLarge { limit: 65_536 });
}

#[test]
fn der_with_one_byte_changed_is_another_key_or_none_and_never_a_panic() {
    for pem in [P256_PKCS8, X25519_PKCS8, K256_PKCS8] {
        let good = der(pem);
        for at in 0..good.len() {
            for flip in [1_u8, 0x20, 0x80] {
                let mut bent = good.clone();
                bent[at] ^= flip;
                let Ok(jwk) = PrivateJwk::from_pkcs8(&bent) else { continue };
                // INVARIANT: DER has one spelling, so what is read must be written again.
                assert_eq!(*jwk.to_pkcs8().unwrap(), bent, "byte {at}");
                if pem != X25519_PKCS8 {
                    let algorithm = jwk.algorithm().unwrap();
                    assert!(SigningKey::from_jwk_as(&jwk, algorithm).is_err(), "byte {at}");
                }
            }
        }
        for cut in 0..good.len() {
            assert!(PrivateJwk::from_pkcs8(&good[..cut]).is_err());
        }
        assert!(PrivateJwk::from_pkcs8(&[&good[..], &[0]].concat()).is_err());
    }
}

#[test]
fn a_key_for_another_algorithm_is_refused() {
    let refused = SigningKey::from_pkcs8_pem(Algorithm::Es256k, P256_PKCS8).unwrap_err();
    assert_eq!(refused, Error::PrivateKey { algorithm: Algorithm::Es256k });
    let refused = SigningKey::from_pkcs8_pem(Algorithm::EdDsa, X25519_PKCS8).unwrap_err();
    assert_eq!(refused, Error::PrivateKey { algorithm: Algorithm::EdDsa });
    let refused = VerifyingKey::from_spki_pem(Algorithm::Es256k, P256_SPKI).unwrap_err();
    assert_eq!(refused, Error::Jwk { member: "alg" });
}

#[test]
fn key_documents_are_not_secrets_however_they_are_dressed() {
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let bare = STANDARD.encode_to_string(der(P256_SPKI));
    let url = bare.replace('+', "-").replace('/', "_").replace('=', "");
    let jwk = r#"{"kty":"RSA","n":"AQAB","e":"AQAB","padding":"padding"}"#;
    let ssh2 =
        "---- BEGIN SSH2 PUBLIC KEY ----\nAAAAC3NzaC1lZDI1NTE5AAAAIEYAs8Yx\n---- END SSH2 PUBLIC KEY ----";
    let long_form = [&[0x30, 0x84, 0, 0, 0, 60][..], &[2, 1, 0], &[7; 57]].concat();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>();
    let dressed: [(&str, Vec<u8>); 18] = [
        ("DER", hex(&der(P256_SPKI)).concat().into()),
        ("DER", hex(&der(P256_SPKI)).join(":").to_uppercase().into()),
        ("PEM", hex(RSA_SPKI.as_bytes()).join(" ").into()),
        ("PEM", format!("\u{a0}\u{b}{RSA_SPKI}").into()),
        ("PEM", format!("key = {RSA_SPKI}").into()),
        ("PEM", utf16(RSA_SPKI)),
        ("PEM", utf16(&format!("\u{feff}{RSA_SPKI}"))),
        ("PEM", STANDARD.encode_to_string(RSA_SPKI).into()),
        ("PEM", ssh2.into()),
        ("DER", der(CERTIFICATE)),
        ("DER", bare.clone().into()),
        ("DER", url.into()),
        ("DER", format!(" {}\n{}\n", bare.split_at(64).0, bare.split_at(64).1).into()),
        ("DER", long_form),
        ("JWK", format!("\0\n{jwk}").into()),
        ("JWK", format!("[{jwk}]").into()),
        ("JWK", STANDARD.encode_to_string(jwk).into()),
        ("SSH", b"AAAAC3NzaC1lZDI1NTE5AAAAIEYAs8Yx9GDDzWZjxLqFlQ2ZBYFyS0y8V5n3cDWvW1oJ".to_vec()),
    ];
    for (format, secret) in dressed {
        let refused = SharedKey::new(Algorithm::Hs256, &secret).err();
        let shown = String::from_utf8_lossy(&secret);
        assert_eq!(refused, Some(Error::NotASecret { format }), "{shown:?}");
    }
    for _ in 0..2000 {
        let mut random = [0; 48];
        crate::backend::fill_random(&mut random).unwrap();
        assert!(SharedKey::new(Algorithm::Hs256, &random).is_ok());
        assert!(SharedKey::new(Algorithm::Hs256, STANDARD.encode_to_string(random).as_bytes()).is_ok());
        assert!(SharedKey::new(Algorithm::Hs256, hex(&random).concat().as_bytes()).is_ok());
    }
}

#[test]
fn a_public_half_beside_an_ec_key_is_its_own_or_refused() {
    let (_, body) = P256_PKCS8.split_once("KEY-----\n").unwrap();
    let (body, _) = body.split_once("-----END").unwrap();
    let der = STANDARD.decode_to_vec(body.replace('\n', "")).unwrap();
    // Version 2 with `[1] publicKey` behind everything: 68 bytes more.
    let beside = |public: &[u8]| {
        let tail = [&[0x81, 66, 0], public].concat();
        [&[0x30, 0x81, der[2] + 68, 2, 1, 1], &der[6..], &tail].concat()
    };
    let own = der[der.len() - 65..].to_vec();
    assert!(SigningKey::from_pkcs8(Algorithm::Es256, &beside(&own)).is_ok());
    let mut other = own;
    other[1..].fill(7);
    assert!(SigningKey::from_pkcs8(Algorithm::Es256, &beside(&other)).is_err());
}
