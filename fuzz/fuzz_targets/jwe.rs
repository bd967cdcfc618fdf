//! Encrypted tokens: a header that was authenticated is accepted exactly when it should be; a token from a stranger never
//! says anything but what was encrypted; what we encrypt, we decrypt.
//!
//! RFC 7516 4 and 5.2. Input: a header, a line feed, the content; and the same bytes as a whole token.

#![no_main]

use std::sync::OnceLock;

use countersign_fuzz::oracle::{self, Node};
use countersign_jose::base64;
use countersign_jose::jwe::{
    self, ContentAlgorithm, Curve, DecryptingKey, KeyAlgorithm, Message, Password, Rounds, SymmetricKey,
};
use countersign_jose::primitive::SealingKey;

const SECRET: [u8; 32] = [0x5a; 32];
/// The other keys have half of it.
const HALF: [u8; 16] = [0x5a; 16];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let at = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (header, rest) = bytes.split_at(at);
    authenticated(header, rest.get(1..).unwrap_or_default());
    if let Ok(text) = str::from_utf8(bytes) {
        from_a_stranger(text);
    }
    round_trip(bytes);
});

fn authenticated(header: &[u8], content: &[u8]) {
    let node = oracle::read(header);
    let good = node.as_ref().is_some_and(fits);
    match jwe::decrypt(&sealed(header, content), &keys().direct) {
        Ok(decrypted) => {
            assert!(good, "accepted {:?}", String::from_utf8_lossy(header));
            assert_eq!(decrypted.plain(), content);
            let node = node.as_ref();
            assert_eq!(decrypted.typ(), node.and_then(|node| node.member("typ")).and_then(Node::text));
            assert_eq!(decrypted.cty(), node.and_then(|node| node.member("cty")).and_then(Node::text));
        }
        Err(error) => assert!(!good, "refused as {error:?}: {:?}", String::from_utf8_lossy(header)),
    }
}

/// Whether a strict header is one for the key in use.
fn fits(header: &Node) -> bool {
    let is = |member, value| header.member(member).and_then(Node::text) == Some(value);
    let named = |kid: &Node| {
        kid.text().is_some_and(|kid| (1..=256).contains(&kid.len()) && !kid.chars().any(char::is_control))
    };
    is("alg", "dir")
        && is("enc", "A256GCM")
        && ["crit", "zip"].iter().all(|member| header.member(member).is_none())
        && ["typ", "cty"]
            .iter()
            .all(|member| header.member(member).is_none_or(|value| value.text().is_some()))
        && header.member("kid").is_none_or(named)
}

/// A token of exactly these bytes (RFC 7516 5.1).
fn sealed(header: &[u8], content: &[u8]) -> String {
    let key = SealingKey::new(&SECRET).expect("32 bytes are a key");
    let header = base64::encode(header);
    let sealed = key.seal([7; 12], header.as_bytes(), content).expect("sealed");
    let (iv, rest) = sealed.split_at(12);
    let (text, tag) = rest.split_at(rest.len() - 16);
    format!("{header}..{}.{}.{}", base64::encode(iv), base64::encode(text), base64::encode(tag))
}

/// Nobody but we knows the keys. The seeds hold good tokens: each says what it was made to say.
fn from_a_stranger(text: &str) {
    let keys = keys();
    let known = |plain: &[u8]| assert_eq!(plain, b"hello", "forged");
    let pairs = [&keys.p256, &keys.x25519];
    pairs.iter().for_each(|key| jwe::decrypt(text, *key).iter().for_each(|read| known(read.plain())));
    pairs.iter().for_each(|key| jwe::decrypt_json(text, *key).iter().for_each(|read| known(read.plain())));
    for key in [&keys.wrap, &keys.gcm_wrap] {
        jwe::decrypt(text, key).iter().for_each(|read| known(read.plain()));
        jwe::decrypt_json(text, key).iter().for_each(|read| known(read.plain()));
    }
    // A password costs thousands of hashes on purpose. Only tokens that ask for few are tried here.
    if !text.contains("PBES2") {
        jwe::decrypt(text, &keys.password).iter().for_each(|read| known(read.plain()));
    }
}

fn round_trip(content: &[u8]) {
    for key in [&keys().direct, &keys().wrap, &keys().gcm_wrap] {
        let token = jwe::encrypt(key, content).expect("encrypted");
        assert_eq!(jwe::decrypt(&token, key).expect("what was encrypted").plain(), content);
    }
    // One call has room for a little more than the token of the size limit.
    let json = Message::new(content).flattened(&keys().wrap, content).expect("encrypted");
    if let Ok(read) = jwe::decrypt_json(&json, &keys().wrap) {
        assert_eq!((read.plain(), read.aad()), (content, content));
    }
}

struct Keys {
    direct: SymmetricKey,
    wrap: SymmetricKey,
    gcm_wrap: SymmetricKey,
    password: Password,
    p256: DecryptingKey,
    x25519: DecryptingKey,
}

fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| Keys {
        direct: SymmetricKey::direct(ContentAlgorithm::A256Gcm, &SECRET).expect("a key"),
        wrap: SymmetricKey::new(KeyAlgorithm::A128Kw, &HALF).expect("a key"),
        gcm_wrap: SymmetricKey::new(KeyAlgorithm::A128GcmKw, &HALF).expect("a key"),
        password: Password::new(KeyAlgorithm::Pbes2Hs256A128Kw, "a long and dull password")
            .expect("a password")
            .with_rounds(Rounds::MESSAGE),
        p256: DecryptingKey::generate_on(Curve::P256, KeyAlgorithm::EcdhEs).expect("a key"),
        x25519: DecryptingKey::generate_on(Curve::X25519, KeyAlgorithm::EcdhEsA128Kw).expect("a key"),
    })
}
