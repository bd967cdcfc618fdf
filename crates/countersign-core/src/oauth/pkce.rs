//! Proof Key for Code Exchange (RFC 7636): S256 only, asked of every application (RFC 9700 section 2.1.1).

use std::fmt;

use countersign_jose::primitive;

use super::{Params, no};
use crate::error::{OAuthError, OAuthRefusal};
use crate::wire;

/// An S256 challenge.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Challenge(pub(crate) [u8; 32]);

impl Challenge {
    /// The challenge of an authorization request.
    ///
    /// # Errors
    /// `invalid_request`: there is none, its method is not `S256`, or it is not 32 bytes in base64url.
    pub fn read(params: &Params) -> Result<Self, OAuthRefusal> {
        let text = params.required("code_challenge")?;
        // RFC 7636 4.3: a method that is left out means `plain`, which is not offered.
        if params.value("code_challenge_method") != Some("S256") {
            return Err(no(OAuthError::InvalidRequest, "`code_challenge_method` must be `S256`"));
        }
        wire::decode(text).map(Self).ok_or_else(|| {
            no(OAuthError::InvalidRequest, "`code_challenge` is not the base64url of a SHA-256 hash")
        })
    }

    /// Whether `verifier` is what the challenge was made from.
    #[must_use]
    pub fn answers(&self, verifier: &str) -> bool {
        let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        // RFC 7636 4.1: 43 to 128 unreserved characters.
        (43..=128).contains(&verifier.len())
            && verifier.bytes().all(unreserved)
            && primitive::same(&primitive::sha256(verifier.as_bytes()), &self.0)
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Challenge(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn read(text: &str) -> Result<Challenge, OAuthRefusal> {
        Challenge::read(&Params::parse(text).unwrap())
    }

    #[test]
    fn rfc_7636_appendix_b_holds() {
        let challenge = read(&format!("code_challenge={CHALLENGE}&code_challenge_method=S256")).unwrap();
        assert!(challenge.answers(VERIFIER));
        assert!(!challenge.answers(CHALLENGE));
        assert!(!challenge.answers(VERIFIER.split_at(42).0));
        assert!(!challenge.answers(""));
    }

    #[test]
    fn plain_missing_and_misshapen_challenges_are_refused() {
        for text in [
            String::new(),
            format!("code_challenge={CHALLENGE}"),
            format!("code_challenge={CHALLENGE}&code_challenge_method=plain"),
            format!("code_challenge={CHALLENGE}&code_challenge_method=s256"),
            format!("code_challenge={CHALLENGE}%3D&code_challenge_method=S256"),
            "code_challenge=abc&code_challenge_method=S256".to_owned(),
        ] {
            assert!(read(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_verifier_outside_the_grammar_is_refused_though_its_hash_fits() {
        for verifier in ["short", &"ü".repeat(30), &"a".repeat(129), &format!("{}+", "a".repeat(43))] {
            assert!(!Challenge(primitive::sha256(verifier.as_bytes())).answers(verifier), "{verifier}");
        }
        for verifier in ["a".repeat(43), "~".repeat(128)] {
            assert!(Challenge(primitive::sha256(verifier.as_bytes())).answers(&verifier));
        }
    }
}
