//! Two ways through the verifier, one answer: the quick reading of claims and the strict one, a verifier that remembers
//! this header and one that has seen nothing.
//!
//! RFC 7519 7.2. Input: a header, a line feed, claims. White space before the claims changes nothing in what they say,
//! and is the end of the quick reading.

#![no_main]

use countersign_fuzz::token::{self, NOW};
use countersign_jose::jwt::{AccessClaims, IdClaims, LogoutClaims, Profile};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let at = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (header, rest) = bytes.split_at(at);
    let payload = rest.get(1..).unwrap_or_default();
    compare::<AccessClaims>(header, payload);
    compare::<IdClaims>(header, payload);
    compare::<LogoutClaims>(header, payload);
});

fn compare<C: Profile>(header: &[u8], payload: &[u8]) {
    let quick = token::signed(header, payload);
    let strict = token::signed(header, &[b" ", payload].concat());
    let fresh = token::fresh::<C>();
    let answers = [
        answer(&token::fresh::<C>(), &strict),
        answer(&fresh, &quick),
        // The second time the header may have been remembered; and then for the other claims as well.
        answer(&fresh, &quick),
        answer(&fresh, &strict),
    ];
    assert!(answers.windows(2).all(|pair| pair.first() == pair.last()), "{}: {answers:?}", C::TYP);
}

/// The claims as JSON, or the refusal's code.
fn answer<C: Profile>(
    verifier: &countersign_jose::jwt::Verifier<C>,
    token: &str,
) -> Result<Vec<u8>, &'static str> {
    match verifier.verify(token, NOW) {
        Ok(claims) => Ok(serde_json::to_vec(&*claims).expect("claims are JSON")),
        Err(error) => Err(error.code()),
    }
}
