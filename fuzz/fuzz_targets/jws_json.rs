//! Signed documents in JSON, flattened and general: one that was signed is accepted exactly when its headers fit; one from a
//! stranger never says anything but what was signed; what we sign, we verify.
//!
//! RFC 7515 7.2 and RFC 7797. Input: a protected header, a line feed, members to put beside it, a line feed, the payload; and
//! the same bytes as a whole document.

#![no_main]

use countersign_fuzz::oracle::{self, Node};
use countersign_fuzz::token;
use countersign_jose::base64;
use countersign_jose::jws::{self, AllOf, AnyOf, Content};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let (header, rest) = cut(bytes);
    let (beside, payload) = cut(rest);
    if let Ok(beside) = str::from_utf8(beside) {
        signed(header, beside, payload);
    }
    if let Ok(text) = str::from_utf8(bytes) {
        from_a_stranger(text);
    }
    round_trip(bytes);
});

fn cut(bytes: &[u8]) -> (&[u8], &[u8]) {
    let at = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (line, rest) = bytes.split_at(at);
    (line, rest.get(1..).unwrap_or_default())
}

/// What stands for the payload in the document, and what the signature covers.
struct Written {
    member: String,
    input: Vec<u8>,
}

/// As the header says: encoded, or as it is (RFC 7797 3). Text only stands unencoded in JSON.
fn written(header: &[u8], payload: &[u8]) -> Written {
    let protected = base64::encode(header);
    let plain = oracle::read(header).is_some_and(|node| node.member("b64") == Some(&Node::Bool(false)));
    match (plain, str::from_utf8(payload)) {
        (true, Ok(text)) => Written {
            member: serde_json::to_string(text).expect("a string"),
            input: [protected.as_bytes(), b".", payload].concat(),
        },
        _ => {
            let text = base64::encode(payload);
            Written { member: format!("\"{text}\""), input: format!("{protected}.{text}").into_bytes() }
        }
    }
}

/// The payload as the document holds it decides, so a binary one is signed under a header that says nothing of `b64` only.
fn signed(header: &[u8], beside: &str, payload: &[u8]) {
    let protected = oracle::read(header);
    let encoded_only = protected.as_ref().is_none_or(|node| node.member("b64") != Some(&Node::Bool(false)));
    if !encoded_only && str::from_utf8(payload).is_err() {
        return;
    }
    let Written { member, input } = written(header, payload);
    let (name, tag) = (base64::encode(header), base64::encode(token::signature(&input)));
    let beside = if beside.is_empty() { String::new() } else { format!(",{beside}") };
    let one = format!(r#""protected":"{name}","signature":"{tag}"{beside}"#);

    let flattened = format!(r#"{{"payload":{member},{one}}}"#);
    expect(&flattened, protected.as_ref(), payload, |document| {
        let foreign = ["signatures", "ciphertext", "encrypted_key", "recipients", "iv", "tag"];
        let none = foreign.iter().all(|member| document.member(member).is_none());
        if none { Found::One(document) } else { Found::Forbidden }
    });
    let general = format!(r#"{{"payload":{member},"signatures":[{{{one}}}]}}"#);
    expect(&general, protected.as_ref(), payload, |document| {
        let foreign =
            ["protected", "header", "signature", "ciphertext", "encrypted_key", "recipients", "iv", "tag"];
        if foreign.iter().any(|member| document.member(member).is_some()) {
            return Found::Forbidden;
        }
        match document.member("signatures") {
            Some(Node::List(items)) if items.len() == 1 => items.first().map_or(Found::Forbidden, Found::One),
            // What was put beside has ended the item and begun another.
            _ => Found::Several,
        }
    });
}

/// Which signatures a strict document has.
enum Found<'a> {
    One(&'a Node),
    /// Not judged, but what is accepted was signed.
    Several,
    /// None, because a member has no place here.
    Forbidden,
}

/// Accepted exactly when it should be; `found` leads to the one signature of the document.
fn expect(text: &str, protected: Option<&Node>, payload: &[u8], found: impl FnOnce(&Node) -> Found<'_>) {
    let document = oracle::read(text.as_bytes());
    let found = document.as_ref().map_or(Found::Forbidden, found);
    let protected = protected.filter(|header| fits(header));
    let good = match found {
        Found::Forbidden => Some(false),
        Found::Several => None,
        Found::One(one) => Some(
            text.len() <= jws::MAX_TOKEN
                && matches!(one, Node::Map(_))
                && protected.is_some_and(|protected| unprotected_fits(one.member("header"), protected)),
        ),
    };
    match jws::verify_json(text, &AnyOf::new(token::trusted().clone())) {
        Ok(document) => {
            assert!(good != Some(false) && protected.is_some(), "accepted {text}");
            assert_eq!(document.payload(), payload, "another payload: {text}");
            assert!(!document.signatures().is_empty());
            assert!(jws::verify_json(text, &AllOf::new(token::trusted().clone())).is_ok());
        }
        Err(error) => assert_ne!(good, Some(true), "refused as {error:?}: {text}"),
    }
}

/// Whether a strict protected header is one for the key in use.
fn fits(header: &Node) -> bool {
    let extended = match (header.member("crit"), header.member("b64")) {
        (None, None) => true,
        (Some(Node::List(list)), Some(Node::Bool(_))) => {
            matches!(list.as_slice(), [Node::Text(name)] if name == "b64")
        }
        _ => false,
    };
    let text = |member| header.member(member).is_none_or(|value: &Node| value.text().is_some());
    header.member("alg").and_then(Node::text) == Some("HS256")
        && extended
        && text("typ")
        && text("cty")
        && header.member("kid").is_none_or(named)
}

fn named(kid: &Node) -> bool {
    kid.text().is_some_and(|kid| (1..=256).contains(&kid.len()) && !kid.chars().any(char::is_control))
}

/// Whether a header that nothing protects may stand beside this protected one.
fn unprotected_fits(header: Option<&Node>, protected: &Node) -> bool {
    let Some(header) = header else { return true };
    let Node::Map(members) = header else { return false };
    !members.is_empty()
        && members.iter().all(|(name, _)| {
            !["alg", "crit", "b64"].contains(&name.as_str()) && protected.member(name).is_none()
        })
        && header.member("kid").is_none_or(named)
}

/// Nobody but we knows the key. The seeds hold good documents: each says what it was made to say.
fn from_a_stranger(text: &str) {
    let policy = AnyOf::new(token::trusted().clone());
    if let Ok(document) = jws::verify_json(text, &policy) {
        assert_eq!(document.payload(), b"hello", "forged");
    }
    for payload in [&b"hello"[..], b"hullo", b""] {
        if jws::verify_json_detached(text, payload, &policy).is_ok() {
            assert_eq!(payload, b"hello", "forged");
        }
        if jws::verify_detached(text, payload, token::trusted()).is_ok() {
            assert_eq!(payload, b"hello", "forged");
        }
    }
    if let Ok(signed) = jws::verify_unencoded(text, token::trusted()) {
        assert_eq!(signed.payload(), b"hello", "forged");
    }
}

fn round_trip(payload: &[u8]) {
    let policy = AnyOf::new(token::trusted().clone());
    for content in [Content::new(payload), Content::new(payload).unencoded()] {
        let detached = content.detached();
        let document = detached.flattened(token::key()).expect("signed");
        assert_eq!(jws::verify_json_detached(&document, payload, &policy).expect("ours").payload(), payload);
        assert!(jws::verify_json(&document, &policy).is_err(), "no payload in it");
        let token = detached.compact(token::key()).expect("signed");
        assert_eq!(jws::verify_detached(&token, payload, token::trusted()).expect("ours").payload(), payload);
        let Ok(document) = content.general(token::key(), &[]) else { continue };
        if document.len() <= jws::MAX_TOKEN {
            assert_eq!(jws::verify_json(&document, &policy).expect("ours").payload(), payload);
        }
        if let Ok(token) = content.unencoded().compact(token::key())
            && token.len() <= jws::MAX_TOKEN
        {
            assert_eq!(jws::verify_unencoded(&token, token::trusted()).expect("ours").payload(), payload);
        }
    }
}
