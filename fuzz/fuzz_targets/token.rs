//! A whole token from a stranger: no bytes but those that were signed are ever accepted, whatever the verifier has seen.
//!
//! RFC 7515 3.1 and 5.2. Input: the token. The corpus begins with good ones, so that what is tried is close to them.

#![no_main]

use std::sync::OnceLock;

use countersign_fuzz::oracle;
use countersign_fuzz::token::{self, NOW};
use countersign_jose::jwt::{AccessClaims, Profile, Verified, Verifier};
use countersign_jose::{base64, jws, jwt};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    if let Ok(signed) = jws::verify(text, token::trusted()) {
        // No second spelling: header and payload, put together again, are the same text.
        let header =
            text.split('.').next().and_then(|part| base64::decode(part).ok()).expect("it was verified");
        assert_eq!(text, token::signed(&header, signed.payload()));
    }
    // What a verifier knows of the form of its tokens spares it work and changes nothing in what it says.
    let say = |verifier: &Verifier<AccessClaims>| verifier.verify(text, NOW).map(Verified::into_claims);
    assert_eq!(say(knowing()), say(&token::fresh()));
    if let Ok(seen) = jwt::inspect(text) {
        assert!(oracle::read(seen.header().as_bytes()).is_some());
        assert!(oracle::read(seen.claims().as_bytes()).is_some());
        let begins = format!("{}.{}.", base64::encode(seen.header()), base64::encode(seen.claims()));
        assert!(text.starts_with(&begins), "a second spelling of {begins}");
    }
    if let Ok(decoded) = base64::decode(text) {
        assert_eq!(base64::encode(decoded), text);
    }
    assert_eq!(base64::decode(base64::encode(bytes)).as_deref(), Ok(bytes));
});

/// A verifier that has seen a token with the shortest header.
fn knowing() -> &'static Verifier<AccessClaims> {
    static KNOWING: OnceLock<Verifier<AccessClaims>> = OnceLock::new();
    KNOWING.get_or_init(|| {
        let verifier = token::fresh();
        // It learns the header from the signature, and then refuses the claims.
        let empty = token::signed(token::header(AccessClaims::TYP).as_bytes(), b"{}");
        assert!(verifier.verify(&empty, NOW).is_err());
        verifier
    })
}
