//! Tokens that come again, through a verifier that remembers them.
//!
//! A server has each token warm, because it has just read it from a socket; here it is one of many in memory. So
//! every call first copies its token into one buffer and waits until it is there, and the first case of each pair does
//! only that: what the verifier costs is the difference.

use std::hint::black_box;
use std::rc::Rc;
use std::sync::atomic::{Ordering, fence};

use countersign_jose::jwt::{self, AccessClaims};

use crate::token::{Keys, NOW};
use crate::{Case, OURS, ours};

/// The case that only copies the token.
pub const COPY: &str = "only the copy";

/// `tokens` ES256 tokens, each known to the verifier, in an order that no processor foresees.
pub fn cases(tokens: usize) -> [Case; 2] {
    let keys = Keys::new();
    let signer = keys.signer("ES256");
    let verifier = ours::verifier(&keys, "ES256").remembering(tokens);
    let known: Rc<[String]> = (0..tokens)
        .map(|number| {
            let claims = AccessClaims { jti: format!("q3W9xT0mVbYk2{number:09}"), ..ours::access() };
            jwt::sign(&*signer, &claims).expect("a token")
        })
        .collect();
    for token in known.iter() {
        verifier.verify(token, NOW).expect("a good token");
    }
    // Now and then one token finds its set full; the few that do cost next to nothing among so many.
    let held = |held: usize| format!("{verifier:?}").contains(&format!("Memory({held} of {tokens})"));
    assert!((tokens - tokens / 1000 - 3..=tokens).any(held), "{tokens} tokens are remembered");
    let what = format!("repeat ES256, {tokens} tokens");
    let (mut next, mut room) = (walk(tokens), String::new());
    let again = Rc::clone(&known);
    let copied = Case::new(what.clone(), COPY, move || {
        copy(&mut room, &again[next()]);
        black_box(&room);
    });
    let (mut next, mut room) = (walk(tokens), String::new());
    let repeat = Case::new(what, OURS, move || {
        copy(&mut room, &known[next()]);
        let good = verifier.verify(black_box(&room), black_box(NOW)).expect("a good token");
        black_box(good.sub.len());
    });
    [copied, repeat]
}

fn copy(room: &mut String, token: &str) {
    room.clear();
    room.push_str(token);
    // Without it, the processor fetches the next tokens while it copies this one, and the case that only copies
    // would be the only one to gain by that.
    fence(Ordering::SeqCst);
}

/// Places at random: a linear congruential generator, its upper half.
fn walk(places: usize) -> impl FnMut() -> usize {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or_default() % places
    }
}
