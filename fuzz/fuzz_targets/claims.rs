//! Claims that were signed: what is accepted says what serde_json reads, is for us, is in time, and is of one kind.
//!
//! RFC 7519 4 and 7.2. Input: the payload's bytes. Every kind of token is tried on them.

#![no_main]

use countersign_fuzz::oracle::{self, Node};
use countersign_fuzz::token::{self, AUDIENCE, ISSUER, NOW, Ticket};
use countersign_jose::jwt::{
    AccessClaims, AssertionClaims, EventClaims, Extended, IdClaims, IntrospectionClaims, LogoutClaims,
    OwnClaims, Profile, RequestClaims, Verified,
};

/// The leeway of a verifier that says nothing about it.
const LEEWAY: u64 = 5;
/// How old an introspection response may be.
const ANSWER: u64 = 60;

libfuzzer_sys::fuzz_target!(|payload: &[u8]| {
    let node = oracle::read(payload);
    check::<AccessClaims>(payload, node.as_ref());
    check::<IdClaims>(payload, node.as_ref());
    check::<LogoutClaims>(payload, node.as_ref());
    check::<AssertionClaims>(payload, node.as_ref());
    check::<EventClaims>(payload, node.as_ref());
    check::<RequestClaims>(payload, node.as_ref());
    check::<IntrospectionClaims>(payload, node.as_ref());
    check::<Extended<AccessClaims, Ticket>>(payload, node.as_ref());
    check::<Extended<IdClaims, Ticket>>(payload, node.as_ref());
    check::<OwnClaims<Ticket>>(payload, node.as_ref());
});

fn check<C: Profile>(payload: &[u8], node: Option<&Node>) {
    let token = token::signed(token::header(C::TYP).as_bytes(), payload);
    let Ok(claims) = token::fresh::<C>().verify(&token, NOW) else { return };
    let node = node.expect("a document that is not strict was accepted");
    assert_eq!(node.member("iss").and_then(Node::text), Some(ISSUER));
    assert!(meant_for_us(node.member("aud")));
    let time = |claim| node.member(claim).and_then(Node::unsigned);
    let good =
        |claim, rule: &dyn Fn(u64) -> bool| node.member(claim).is_none() || time(claim).is_some_and(rule);
    assert!(good("exp", &|exp| NOW < exp.saturating_add(LEEWAY)), "after its time");
    assert!(["iat", "nbf"].iter().all(|claim| good(claim, &|time| time <= NOW + LEEWAY)), "before its time");
    // What has happened does not expire, and an answer gets old; everything else says when it ends.
    match C::TYP {
        EventClaims::TYP => {}
        IntrospectionClaims::TYP => {
            assert!(good("iat", &|iat| NOW < iat.saturating_add(ANSWER + LEEWAY)), "old")
        }
        _ => assert!(time("exp").is_some(), "without an end"),
    }
    same_again(claims, node);
    refused_as_another::<C>(payload);
}

fn meant_for_us(aud: Option<&Node>) -> bool {
    let us = |name: &Node| name.text() == Some(AUDIENCE);
    match aud {
        Some(Node::List(names)) => names.iter().any(us),
        Some(name) => us(name),
        None => false,
    }
}

/// Every claim that was read stands in the document with that value, and what is written again reads the same.
fn same_again<C: Profile>(claims: Verified<C>, node: &Node) {
    let json = serde_json::to_vec(&*claims).expect("claims are JSON");
    let Some(Node::Map(written)) = oracle::read(&json) else { unreachable!("claims are written strictly") };
    for (name, value) in &written {
        let found = node.member(name);
        // One audience is written as a string, whether it came as one or in a list.
        let same = match (found, value) {
            (Some(Node::List(items)), Node::Text(_)) if name == "aud" => items.as_slice() == [value.clone()],
            // The event of a logout token may carry more than is written.
            (Some(Node::Map(_)), Node::Map(_)) if name == "events" && C::TYP == LogoutClaims::TYP => true,
            // Nothing is told of a token that is not good.
            (Some(found), Node::Map(told)) if name == "token_introspection" && told.len() == 1 => {
                value.member("active") == found.member("active")
            }
            (found, value) => found.is_some_and(|found| found.says(value)),
        };
        assert!(same, "{name}: {found:?} was read as {value:?}");
    }
    let token = token::signed(token::header(C::TYP).as_bytes(), &json);
    let again = token::fresh::<C>().verify(&token, NOW).expect("what was accepted is accepted again");
    assert_eq!(serde_json::to_vec(&*again).expect("claims are JSON"), json);
}

/// The type of a token is a part of it: claims that would do for two kinds are good for one.
fn refused_as_another<C: Profile>(payload: &[u8]) {
    for typ in [
        AccessClaims::TYP,
        AssertionClaims::TYP,
        EventClaims::TYP,
        IdClaims::TYP,
        LogoutClaims::TYP,
        RequestClaims::TYP,
        IntrospectionClaims::TYP,
        OwnClaims::<Ticket>::TYP,
    ]
    .into_iter()
    .filter(|typ| *typ != C::TYP)
    {
        let token = token::signed(token::header(typ).as_bytes(), payload);
        assert!(token::fresh::<C>().verify(&token, NOW).is_err(), "{typ} was taken for {}", C::TYP);
    }
}
