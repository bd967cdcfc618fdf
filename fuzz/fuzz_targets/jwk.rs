//! Keys from a stranger: what is accepted is strict, public, and the same key when it is written and read again.
//!
//! RFC 7517, RFC 7518 6, RFC 7638. Input: a JWK or a JWK Set.

#![no_main]

use countersign_fuzz::oracle::{self, Node};
use countersign_jose::{Jwk, JwkSet, KeySet, VerifyingKey, base64};

/// Members that only private keys and secrets have.
const PRIVATE: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

libfuzzer_sys::fuzz_target!(|json: &[u8]| {
    let node = oracle::read(json);
    if let Ok(jwk) = Jwk::parse(json) {
        let node = node.as_ref().expect("a key that is not strict JSON was accepted");
        one(&jwk, node);
    }
    if let Ok(set) = JwkSet::parse(json) {
        let node = node.as_ref().expect("a set that is not strict JSON was accepted");
        all(&set, node);
    }
    if let Ok(keys) = KeySet::from_jwks(json) {
        // Keys of ML-DSA are published apart from the others.
        let again = [keys.to_jwks(), keys.to_akp_jwks()].map(|set| {
            let json = serde_json::to_vec(&set).expect("a set is JSON");
            KeySet::from_jwks(&json).expect("a set that was accepted is accepted again")
        });
        for key in keys.keys() {
            let mut found = again.iter().filter_map(|set| set.find(key.key_id()));
            let found = found.next().expect("every name is kept");
            assert_eq!((found.thumbprint(), found.algorithm()), (key.thumbprint(), key.algorithm()));
        }
        assert_eq!(again.map(|set| set.keys().len()).iter().sum::<usize>(), keys.keys().len());
    }
});

fn one(jwk: &Jwk, node: &Node) {
    assert!(PRIVATE.iter().all(|member| node.member(member).is_none()), "private members were accepted");
    assert_ne!(node.member("kty").and_then(Node::text), Some("oct"));
    let json = serde_json::to_vec(jwk).expect("a key is JSON");
    let again = Jwk::parse(&json).expect("what is written can be read");
    assert_eq!(again.thumbprint(), jwk.thumbprint());
    assert_eq!((again.key_id(), again.algorithm()), (jwk.key_id(), jwk.algorithm()));
    assert_eq!(serde_json::to_vec(&again).expect("a key is JSON"), json);
    let written = oracle::read(&json).expect("a key is written strictly");
    for member in ["kty", "crv", "x", "y", "n", "e"] {
        assert_eq!(written.member(member), node.member(member).filter(|_| written.member(member).is_some()));
    }
    assert_eq!(base64::decode(jwk.thumbprint()).map(|hash| hash.len()), Ok(32));
    if let Ok(key) = VerifyingKey::from_jwk(jwk) {
        assert_eq!(key.thumbprint(), jwk.thumbprint());
        assert_eq!(key.to_jwk().thumbprint(), jwk.thumbprint());
    }
}

/// Every key of the set is one of the document, in its order; the rest were of kinds that are not known.
fn all(set: &JwkSet, node: &Node) {
    let Some(Node::List(items)) = node.member("keys") else {
        unreachable!("a set without keys was accepted")
    };
    assert!(set.keys().len() <= items.len());
    for key in set.keys() {
        let kid = key.key_id().map(|id| id.as_str());
        let stands = |item: &&Node| item.member("kid").and_then(Node::text) == kid;
        assert!(items.iter().any(|item| stands(&item)), "a key that is not in the document");
    }
}
