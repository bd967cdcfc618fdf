//! Tokens that come again, through a verifier that remembers them.
//!
//! A server has each token warm, because it has just read it from a socket; here it is one of many in memory. So
//! every call first writes its token into one buffer and waits until it is there, and the first case of each pair does
//! only that: what the verifier costs is the difference. Only what no other token has is read from afar for it:
//! whole tokens would push what the verifier remembers out of the caches, and be pushed out by it.

use std::hint::black_box;
use std::ops::Range;
use std::rc::Rc;
use std::sync::atomic::{Ordering, fence};

use countersign_jose::jwt::{self, AccessClaims};

use crate::token::{Keys, NOW};
use crate::{Case, OURS, ours};

/// The case that only writes the token.
pub const COPY: &str = "only the token";

/// `tokens` ES256 tokens, each known to the verifier, in an order that no processor foresees.
pub fn cases(tokens: usize) -> [Case; 2] {
    let keys = Keys::new();
    let signer = keys.signer("ES256");
    let verifier = ours::verifier(&keys, "ES256").remembering(tokens);
    let texts: Vec<String> = (0..tokens)
        .map(|number| {
            let claims = AccessClaims { jti: format!("q3W9xT0mVbYk2{number:09}"), ..ours::access() };
            jwt::sign(&*signer, &claims).expect("a token")
        })
        .collect();
    for token in &texts {
        verifier.verify(token, NOW).expect("a good token");
    }
    let known = Rc::new(Apart::from(&texts));
    drop(texts);
    // Now and then one token finds its set full; the few that do cost next to nothing among so many.
    let held = |held: usize| format!("{verifier:?}").contains(&format!("Memory({held} of {tokens})"));
    assert!((tokens - tokens / 100..=tokens).any(held), "{tokens} tokens are remembered");
    let what = format!("repeat ES256, {tokens} tokens");
    let (mut next, mut room) = (walk(tokens), known.common.clone());
    let again = Rc::clone(&known);
    let copied = Case::new(what.clone(), COPY, move || {
        black_box(again.write(next(), &mut room));
    });
    let (mut next, mut room) = (walk(tokens), known.common.clone());
    let repeat = Case::new(what, OURS, move || {
        let token = known.write(next(), &mut room);
        let good = verifier.verify(black_box(token), black_box(NOW)).expect("a good token");
        black_box(good.sub.len());
    });
    [copied, repeat]
}

/// Tokens of one length: what they have in common, and what each has of its own.
struct Apart {
    common: Vec<u8>,
    /// Where they differ.
    places: Vec<Range<usize>>,
    own: Vec<Own>,
}

/// Two cache lines have room for a signature and a number.
#[repr(align(64))]
struct Own([u8; 128]);

impl Apart {
    fn from(tokens: &[String]) -> Self {
        let common = tokens[0].clone().into_bytes();
        assert!(tokens.iter().all(|token| token.len() == common.len()), "tokens of one length");
        let alike = |place: &usize| tokens.iter().all(|token| token.as_bytes()[*place] == common[*place]);
        let differ: Vec<usize> = (0..common.len()).filter(|place| !alike(place)).collect();
        // Where a few bytes between them are alike, they are copied, too.
        let places: Vec<Range<usize>> =
            differ.chunk_by(|one, next| next - one < 8).map(|run| run[0]..run[run.len() - 1] + 1).collect();
        let own = tokens.iter().map(|token| {
            let bytes: Vec<u8> = places.iter().flat_map(|place| token.bytes().take(place.end).skip(place.start)).collect();
            let mut own = Own([0; 128]);
            own.0[..bytes.len()].copy_from_slice(&bytes);
            own
        });
        Self { own: own.collect(), common, places }
    }

    /// Writes one of the tokens into a room that has another.
    fn write<'r>(&self, number: usize, room: &'r mut [u8]) -> &'r str {
        let mut own = self.own[number].0.as_slice();
        for place in &self.places {
            let (here, rest) = own.split_at(place.len());
            room[place.clone()].copy_from_slice(here);
            own = rest;
        }
        // Without it, the processor fetches the next tokens while it writes this one, and the case that only writes
        // would be the only one to gain by that.
        fence(Ordering::SeqCst);
        str::from_utf8(room).expect("a token")
    }
}

/// Places at random: a linear congruential generator, its upper half.
fn walk(places: usize) -> impl FnMut() -> usize {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or_default() % places
    }
}
