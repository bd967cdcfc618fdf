//! What can be wrong with a claim, and where it is said what the claim is.
//!
//! A kind of token that asks for more than its claims are by themselves says so itself: see
//! `Profile::rule`.

use core::fmt;

/// What is wrong with a claim.
///
/// ```
/// use countersign_jose::ClaimFlaw;
/// assert_eq!(ClaimFlaw::Missing.to_string(), "is missing");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimFlaw {
    /// It must be there and is not.
    Missing,
    /// It has the wrong type, is an empty text or list, or a time after the year 9999.
    Malformed,
    /// It is well formed and says something else than it must.
    Other,
    /// It stands where it must not.
    Forbidden,
}

impl fmt::Display for ClaimFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "is missing",
            Self::Malformed => "has the wrong type, or is empty or out of range",
            Self::Other => "is not what it must be",
            Self::Forbidden => "may not stand in this kind of token",
        })
    }
}

/// The section that says what a claim is, by IANA's registry of them; for one that is not known
/// here, the section about all of them.
pub(crate) fn defined(claim: &str) -> &'static str {
    match claim {
        "iss" => "RFC 7519 4.1.1",
        "sub" => "RFC 7519 4.1.2",
        "aud" => "RFC 7519 4.1.3",
        "exp" => "RFC 7519 4.1.4",
        "nbf" => "RFC 7519 4.1.5",
        "iat" => "RFC 7519 4.1.6",
        "jti" => "RFC 7519 4.1.7",
        "cnf" => "RFC 7800 3.1",
        "events" | "toe" | "txn" => "RFC 8417 2.2",
        "scope" => "RFC 8693 4.2",
        "client_id" => "RFC 8693 4.3",
        "sub_id" => "RFC 9493 4.1",
        "token_introspection" => "RFC 9701 5",
        "sd_hash" => "RFC 9901 4.3",
        "auth_time" | "nonce" | "acr" | "amr" | "azp" => "OpenID Connect Core 2",
        "email" | "email_verified" => "OpenID Connect Core 5.1",
        "at_hash" => "OpenID Connect Core 3.1.3.6",
        "c_hash" => "OpenID Connect Core 3.3.2.11",
        "sid" => "OpenID Connect Front-Channel Logout 3",
        _ => "RFC 7519 4",
    }
}
