//! A whole token from a stranger: no bytes but those that were signed are ever accepted.
//!
//! RFC 7515 3.1 and 5.2. Input: the token. The corpus begins with good ones, so that what is tried is close to them.

#![no_main]

use countersign_fuzz::{oracle, token};
use countersign_jose::{base64, jws, jwt};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    if let Ok(signed) = jws::verify(text, token::trusted()) {
        // No second spelling: header and payload, put together again, are the same text.
        let header =
            text.split('.').next().and_then(|part| base64::decode(part).ok()).expect("it was verified");
        assert_eq!(text, token::signed(&header, signed.payload()));
    }
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
