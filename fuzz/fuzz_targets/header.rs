//! A header that was signed: accepted exactly when it should be, and read as serde_json reads it.
//!
//! RFC 7515 4. Input: the header's bytes.

#![no_main]

use countersign_fuzz::{oracle, oracle::Node, token};
use countersign_jose::jws;

libfuzzer_sys::fuzz_target!(|header: &[u8]| {
    let node = oracle::read(header);
    let token = token::signed(header, b"payload");
    let verified = jws::verify(&token, token::trusted());
    let good = node.as_ref().is_some_and(fits);
    assert_eq!(verified.is_ok(), good, "{verified:?}");
    if let (Ok(signed), Some(node)) = (verified, node) {
        assert_eq!(signed.payload(), b"payload");
        assert_eq!(signed.typ(), node.member("typ").and_then(Node::text));
    }
});

/// Whether a strict header is one for the key in use.
fn fits(header: &Node) -> bool {
    let named = |kid: &Node| {
        kid.text().is_some_and(|kid| (1..=256).contains(&kid.len()) && !kid.chars().any(char::is_control))
    };
    header.member("alg").and_then(Node::text) == Some("HS256")
        && ["crit", "b64"].iter().all(|member| header.member(member).is_none())
        && ["typ", "cty"]
            .iter()
            .all(|member| header.member(member).is_none_or(|value| value.text().is_some()))
        && header.member("kid").is_none_or(named)
}
