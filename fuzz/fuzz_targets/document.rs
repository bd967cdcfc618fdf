//! Key documents from a stranger: DER, PEM and private JWKs. What is read is the same key when it is written and read again,
//! and no document that any reader takes passes for a shared secret.
//!
//! RFC 5958, RFC 5280 4.1.2.7, RFC 8017 A.1, RFC 5915, RFC 7468, RFC 8725 2.1. Input: any of them, or none.

#![no_main]

use countersign_jose::{Algorithm, Jwk, PrivateJwk, PrivateJwkSet, SharedKey, SigningKey, VerifyingKey};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut private: Vec<PrivateJwk> =
        [PrivateJwk::from_pkcs8, PrivateJwk::from_pkcs1, PrivateJwk::from_sec1, PrivateJwk::parse]
            .iter()
            .filter_map(|read| read(bytes).ok())
            .collect();
    let mut public: Vec<Jwk> =
        [Jwk::from_spki, Jwk::from_pkcs1].iter().filter_map(|read| read(bytes).ok()).collect();
    if let Ok(text) = str::from_utf8(bytes) {
        let readers = [PrivateJwk::from_pkcs8_pem, PrivateJwk::from_pkcs1_pem, PrivateJwk::from_sec1_pem];
        private.extend(readers.iter().filter_map(|read| read(text).ok()));
        public.extend([Jwk::from_spki_pem, Jwk::from_pkcs1_pem].iter().filter_map(|read| read(text).ok()));
    }
    assert!(private.len() + public.len() <= 1, "one document is two kinds of key");
    if let Ok(set) = PrivateJwkSet::parse(bytes) {
        set.keys().iter().for_each(a_private_key);
    }
    private.iter().for_each(a_private_key);
    public.iter().for_each(a_public_key);
    if private.len() + public.len() == 1 {
        assert!(SharedKey::new(Algorithm::Hs256, bytes).is_err(), "a key document is a secret");
    }
});

fn a_private_key(jwk: &PrivateJwk) {
    let json = jwk.to_json();
    let again = PrivateJwk::parse(json.as_bytes()).expect("what is written can be read");
    assert_eq!(*again.to_json(), *json);
    let Some(half) = jwk.to_public() else { return };
    a_public_key(&half);
    let der = jwk.to_pkcs8().expect("a key pair has a PKCS#8 form");
    let pem = jwk.to_pkcs8_pem().expect("a key pair has a PKCS#8 form");
    let from_der = PrivateJwk::from_pkcs8(&der).expect("what is written can be read");
    let from_pem = PrivateJwk::from_pkcs8_pem(&pem).expect("what is written can be read");
    assert_eq!(*from_der.to_pkcs8().expect("it had one"), *der);
    assert_eq!(*from_pem.to_pkcs8().expect("it had one"), *der);
    if let Ok(key) = SigningKey::from_jwk(jwk) {
        assert_eq!(key.verifying_key().thumbprint(), half.thumbprint());
    }
}

fn a_public_key(jwk: &Jwk) {
    let der = jwk.to_spki().expect("a public key has an SPKI form");
    let pem = jwk.to_spki_pem().expect("a public key has an SPKI form");
    for again in [Jwk::from_spki(&der), Jwk::from_spki_pem(&pem)] {
        assert_eq!(again.expect("what is written can be read").thumbprint(), jwk.thumbprint());
    }
    if let Ok(key) = VerifyingKey::from_jwk(jwk) {
        assert_eq!(key.thumbprint(), jwk.thumbprint());
    }
}
