//! Which section of which standard says that something is refused.
//!
//! For whoever has to explain the refusal: a person who asks why, a log that somebody reads later.

use super::{Error, defined};
use crate::json::Flaw;

impl Error {
    /// The section of the standard that says so, for whoever has to explain the refusal.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "RFC 7515 10",
            Self::Shape => "RFC 7515 7.1",
            Self::Base64 { .. } => "RFC 7515 2",
            Self::Json { part, flaw } => of_json(part, *flaw),
            Self::Header { .. } => "RFC 7515 4.1",
            Self::Critical | Self::CriticalList { .. } => "RFC 7515 4.1.11",
            Self::Unprotected { .. } => "RFC 7515 4",
            Self::Document { .. } => "RFC 7515 7.2",
            Self::Algorithm { .. } => "RFC 8725 3.1",
            Self::AlgorithmNone => "RFC 8725 3.2",
            Self::UnknownKey | Self::KeyUnnamed => "RFC 7515 4.1.4",
            Self::Signature | Self::SignerMissing => "RFC 7515 5.2",
            Self::Type { .. } => "RFC 8725 3.11",
            Self::Claim { rule, .. } | Self::Lasting { rule, .. } => rule,
            Self::Issuer => "RFC 7519 4.1.1",
            Self::Audience => "RFC 7519 4.1.3",
            // RFC 7662 4: an answer is not kept beyond the end of the token that it is about.
            Self::Expired { claim: "token_introspection", .. } => "RFC 7662 4",
            Self::Expired { claim, .. } | Self::Early { claim, .. } => defined(claim),
            Self::Jwk { .. } | Self::Unsupported => "RFC 7517 4",
            Self::KeyTooShort { .. } | Self::WeakExponent => "RFC 7518 3",
            // Each refines what a good key is beyond its length.
            Self::SmallFactor { .. } | Self::Roca | Self::CloseFactors => "RFC 8017 3.1",
            Self::SmallOrder => "RFC 7748 6.1",
            Self::NotASecret { .. } => "RFC 8725 2.1",
            Self::DuplicateKeyId | Self::KeyId => "RFC 7517 4.5",
            Self::MixedKeys => "RFC 7517 5",
            Self::PrivateKey { .. } => "RFC 5208 5",
            Self::Purpose { .. } | Self::Contradiction => "RFC 7517 4.3",
            Self::Halves => "RFC 7518 6.2.2",
            Self::KeyFormat { .. } => "RFC 7468 4",
            Self::Pem { .. } => "RFC 7468 3",
            Self::Der { .. } => "RFC 5958 2",
            Self::KeyTooLarge { .. } => "RFC 7517 9",
            Self::OwnClaims => "RFC 7519 4.3",
            Self::Bound => "RFC 7800 3",
            // A proof needs neither, but whoever writes one means it.
            Self::Proof { member: member @ ("exp" | "nbf") } => defined(member),
            Self::Proof { .. } => "RFC 9449 4.3",
            Self::Disclosure { .. } => "RFC 9901 7.1",
            Self::KeyBinding { .. } => "RFC 9901 7.3",
            Self::JweShape => "RFC 7516 7",
            Self::Decryption => "RFC 7516 11.5",
            Self::Compressed => "RFC 8725 3.6",
            Self::KeyAlgorithm { .. } => "RFC 8725 3.1",
            Self::Rsa15 => "RFC 8725 3.2",
            Self::ContentAlgorithm => "RFC 7516 4.1.2",
            Self::Rounds { .. } => "RFC 7518 4.8.1.2",
            Self::SecretLength { .. } => "RFC 7518 4",
            Self::Mistaken { .. } => "RFC 7516 9",
            Self::NotSigned => "RFC 7519 5.2",
            Self::HeaderTwice | Self::Recipients => "RFC 7516 7.2.1",
            Self::Password => "RFC 7518 8.8",
        }
    }
}

/// Where it is said that a document is JSON, and that no name in it stands there twice.
fn of_json(part: &str, flaw: Flaw) -> &'static str {
    match (part, flaw) {
        ("claims", Flaw::Duplicate) => "RFC 7519 4",
        ("claims", _) => "RFC 7519 7.2",
        ("key", _) => "RFC 7517 4",
        ("key set", _) => "RFC 7517 5",
        ("signed document", _) => "RFC 7515 7.2",
        ("token", _) => "RFC 7516 7.2",
        ("disclosure", _) => "RFC 9901 7.1",
        (_, Flaw::Duplicate) => "RFC 7515 4",
        _ => "RFC 7515 5.2",
    }
}
