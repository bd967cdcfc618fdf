//! Several ways through the verifier, one answer: the quick reading of claims and the strict one, claims that are borrowed
//! and claims that are owned, a verifier that remembers this header or this token and one that has seen nothing.
//!
//! RFC 7519 7.2. Input: a header, a line feed, claims. White space before the claims changes nothing in what they say,
//! and is the end of the quick reading.

#![no_main]

use countersign_fuzz::oracle::{self, Node};
use countersign_fuzz::token::{self, NOW, Ticket};
use countersign_jose::jws::MAX_TOKEN;
use countersign_jose::jwt::{
    AccessClaims, AccessView, Extended, IdClaims, IntrospectionClaims, LogoutClaims, OwnClaims, Profile,
    Scratch, Verifier,
};

/// When a remembered token is looked at once more: its claims may say that it has ended, or begun.
const LATER: u64 = NOW + 60;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let at = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (header, rest) = bytes.split_at(at);
    let payload = rest.get(1..).unwrap_or_default();
    compare::<AccessClaims>(header, payload);
    compare::<IdClaims>(header, payload);
    compare::<LogoutClaims>(header, payload);
    compare::<IntrospectionClaims>(header, payload);
    compare::<Extended<AccessClaims, Ticket>>(header, payload);
    compare::<OwnClaims<Ticket>>(header, payload);
    borrowed(header, payload);
    remembered::<AccessClaims>(header, payload);
});

/// The claims as JSON, or the refusal's code.
type Answer = Result<Vec<u8>, &'static str>;

fn compare<C: Profile>(header: &[u8], payload: &[u8]) {
    let quick = token::signed(header, payload);
    let strict = token::signed(header, &[b" ", payload].concat());
    let fresh = token::fresh::<C>();
    let answers = [
        answer(&token::fresh::<C>(), &strict, NOW),
        answer(&fresh, &quick, NOW),
        // The second time the header may have been remembered; and then for the other claims as well.
        answer(&fresh, &quick, NOW),
        answer(&fresh, &strict, NOW),
    ];
    assert!(answers.windows(2).all(|pair| pair.first() == pair.last()), "{}: {answers:?}", C::TYP);
}

fn answer<C: Profile>(verifier: &Verifier<C>, token: &str, now: u64) -> Answer {
    match verifier.verify(token, now) {
        Ok(claims) => Ok(serde_json::to_vec(&*claims).expect("claims are JSON")),
        Err(error) => Err(error.code()),
    }
}

/// Claims that borrow from the token say what owned ones say, read quickly or strictly.
fn borrowed(header: &[u8], payload: &[u8]) {
    let fresh = token::fresh::<AccessClaims>();
    let mut scratch = Scratch::new();
    for token in [token::signed(header, payload), token::signed(header, &[b" ", payload].concat())] {
        let owned = fresh.verify(&token, NOW);
        match (owned, fresh.check(&token, NOW, &mut scratch)) {
            (Ok(owned), Ok(view)) => assert_eq!(*owned, copied(&view)),
            // Of two claims that are wrong, each may name another.
            (Err(owned), Err(borrowed)) => assert_eq!(owned.code(), borrowed.code()),
            (owned, borrowed) => panic!("{owned:?} but {borrowed:?}"),
        }
    }
}

/// What is borrowed, as its owned kind. A token that is bound to a key is not borrowed from.
fn copied(view: &AccessView<'_>) -> AccessClaims {
    let text = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(str::to_owned);
    AccessClaims {
        iss: view.iss.to_string(),
        sub: view.sub.to_string(),
        aud: countersign_jose::jwt::Audience::of(view.aud.iter()),
        client_id: view.client_id.to_string(),
        iat: view.iat,
        exp: view.exp,
        jti: view.jti.to_string(),
        scope: text(&view.scope),
        auth_time: view.auth_time,
        acr: text(&view.acr),
        amr: view.amr.iter().map(ToString::to_string).collect(),
        ..AccessClaims::default()
    }
}

/// A verifier that remembers tokens says of each what one that does not says, now and later.
fn remembered<C: Profile>(header: &[u8], payload: &[u8]) {
    let Some(text) = as_of_the_pair(header) else { return };
    let (plain, by_secret) = (token::fresh::<C>(), token::signed(header, payload));
    // The pair's signatures are longer, and the longest token is as long for both.
    if by_secret.len() + 64 > MAX_TOKEN {
        return;
    }
    let (memory, by_pair) = (token::remembering::<C>(), token::signed_by_pair(text.as_bytes(), payload));
    for now in [NOW, NOW, LATER, NOW] {
        assert_eq!(answer(&memory, &by_pair, now), answer(&plain, &by_secret, now), "{} at {now}", C::TYP);
    }
}

/// The same header for a key pair, since secrets are not remembered. None where the two must not be told alike: the pair
/// has a name, so a `kid` that the secret ignores is another's.
fn as_of_the_pair(header: &[u8]) -> Option<String> {
    let node = oracle::read(header)?;
    let is = |node: &Node, name| node.member("alg").and_then(Node::text) == Some(name);
    let text = core::str::from_utf8(header).ok()?.replace("HS256", "ES256");
    let turned = oracle::read(text.as_bytes())?;
    (is(&node, "HS256") && is(&turned, "ES256") && node.member("kid").is_none()).then_some(text)
}
