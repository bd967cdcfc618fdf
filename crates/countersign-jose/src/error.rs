//! What can go wrong with a token or a key, each with a stable code.
//!
//! [`Error`] says that something presented to us is refused: it is the sender's doing.
//! [`Fault`] says that we could not do our own part: it is ours. Nothing here decides which
//! HTTP status follows; the layers above do. Messages never carry a token, a claim's value
//! or key material. Which section of which standard is broken is told by [`Error::rule`].

mod claim;
mod fault;
mod rule;

pub use claim::ClaimFlaw;
pub(crate) use claim::defined;
pub use fault::Fault;

use crate::algorithm::Algorithm;
use crate::json::Flaw;
use crate::jwe::KeyAlgorithm;
use crate::jws::CritFlaw;

/// Why a token, a key or a key set is refused.
///
/// `#[non_exhaustive]`: later versions may refuse for more reasons, never for fewer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The token is longer than the limit and was not decoded (RFC 7515 leaves the limit to us).
    #[error("the token is longer than `{limit}` bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The token is not three parts joined by two dots (RFC 7515 7.1).
    #[error("the token is not three parts joined by two dots")]
    Shape,
    /// A part is not canonical base64url: padding, a foreign character, white space or
    /// bits left over (RFC 7515 2, RFC 4648 3.5).
    #[error("the {part} is not canonical base64url")]
    Base64 {
        /// Which part: `header`, `payload`, `signature`, or the name of a JWK member.
        part: &'static str,
    },
    /// A part is not the strict JSON that JOSE requires (RFC 7515 4, RFC 8259, RFC 7493).
    #[error("the {part} is not strict JSON: {flaw}")]
    Json {
        /// Which document: `header`, `claims`, `key` or `key set`.
        part: &'static str,
        /// What the parser stumbled over.
        flaw: Flaw,
    },
    /// A member of the header is missing or has the wrong type (RFC 7515 4.1).
    #[error("the header's `{member}` is missing or has the wrong type")]
    Header {
        /// The member's name.
        member: &'static str,
    },
    /// The header has `crit`: it demands an extension that is not understood here, where JWTs
    /// are read any at all (RFC 7515 4.1.11).
    #[error("the header demands an extension through `crit` that is not understood")]
    Critical,
    /// The header's `alg` is not the algorithm of the key (RFC 8725 3.1).
    #[error("the header's `alg` is not the key's `{expected}`")]
    Algorithm {
        /// The key's algorithm.
        expected: Algorithm,
    },
    /// The header's `alg` is `none`, in whatever spelling: there is no signature, and none that
    /// could be checked (RFC 8725 2.1 and 3.2).
    #[error("the header's `alg` is `none`: nobody has signed this token, so anybody can have written it")]
    AlgorithmNone,
    /// No trusted key has the token's `kid` (RFC 7515 4.1.4).
    #[error("no trusted key has the token's `kid`")]
    UnknownKey,
    /// The token names no key, and there is not exactly one key of its algorithm.
    #[error("the token has no `kid`, and not exactly one trusted key has its algorithm")]
    KeyUnnamed,
    /// The signature does not belong to these bytes and this key (RFC 7515 5.2).
    #[error("the signature does not match")]
    Signature,
    /// The token is of another type than the one asked for (RFC 8725 3.11).
    #[error("the header's `typ` is not `{expected}`")]
    Type {
        /// The `typ` of the profile.
        expected: &'static str,
    },
    /// A claim is missing, malformed, not what it must be, or out of place (RFC 7519 4 and 7.2).
    #[error("the claim `{claim}` {flaw}")]
    Claim {
        /// The claim's name.
        claim: &'static str,
        /// What is wrong with it.
        flaw: ClaimFlaw,
        /// The section that says so, which depends on the kind of token.
        rule: &'static str,
    },
    /// The token comes from another issuer (RFC 7519 4.1.1).
    #[error("the token's `iss` is not the trusted issuer")]
    Issuer,
    /// The token is meant for somebody else (RFC 7519 4.1.3).
    #[error("the token's `aud` does not name this audience")]
    Audience,
    /// The token has expired (RFC 7519 4.1.4: "on or after" the time), is too old by its `iat` where
    /// it names no end (RFC 7519 4.1.6), or the token that it is about has expired (RFC 7662 4).
    #[error("the token expired at `{at}`, by its `{claim}`")]
    Expired {
        /// From when it is refused, in unix seconds.
        at: u64,
        /// Which claim says so: `exp`, `iat` or `token_introspection`.
        claim: &'static str,
    },
    /// The token is not valid yet by `nbf`, or `iat` lies in the future (RFC 7519 4.1.5, 4.1.6).
    #[error("the token is not valid before `{from}`, by its `{claim}`")]
    Early {
        /// The time from which it would be, in unix seconds.
        from: u64,
        /// Which claim says so: `nbf` or `iat`.
        claim: &'static str,
    },
    /// The token lasts longer than such a token may (RFC 7523 3, item 4, for client assertions).
    #[error("the token lasts longer than `{most}` seconds")]
    Lasting {
        /// How long it may last, in seconds.
        most: u64,
        /// The section that sets a limit or allows one, which depends on the kind of token.
        rule: &'static str,
    },
    /// The header's `crit` breaks its own rules (RFC 7515 4.1.11, RFC 7797 6).
    #[error("the header's `crit` is not acceptable: {flaw}")]
    CriticalList {
        /// Which rule.
        flaw: CritFlaw,
    },
    /// A member stands in the unprotected header, where anybody can change it (RFC 7515 4.1.11,
    /// RFC 7797 3; for `alg` RFC 8725 3.1).
    #[error("the header's `{member}` is not protected by the signature")]
    Unprotected {
        /// The member's name: `alg`, `crit` or `b64`.
        member: &'static str,
    },
    /// A JWS in JSON lacks a member, or has one that is malformed or has no place there
    /// (RFC 7515 7.2); or a payload stands where a detached one is expected.
    #[error("the signed document's `{member}` is missing, malformed or out of place")]
    Document {
        /// The member's name.
        member: &'static str,
    },
    /// A signature that must be there is not (RFC 7515 5.2: the application decides which).
    #[error("not every party that must have signed has signed")]
    SignerMissing,
    /// The JWK cannot be used: a member is missing, malformed, private, or the point is not
    /// on its curve (RFC 7517 4, RFC 7518 6).
    #[error("the key cannot be used because of its `{member}`")]
    Jwk {
        /// The member's name.
        member: &'static str,
    },
    /// The key is of a kind that is not supported; a key set skips such keys (RFC 7517 5).
    #[error("keys of this kind are not supported")]
    Unsupported,
    /// The key is too short for its algorithm (RFC 7518 3.2, 3.3).
    #[error("the key has `{bits}` bits; `{algorithm}` needs at least `{least}`")]
    KeyTooShort {
        /// The algorithm the key was meant for, for signatures or for encryption.
        algorithm: &'static str,
        /// The key's length.
        bits: usize,
        /// The least length.
        least: usize,
    },
    /// The RSA exponent is 1, even, or far too large: signatures could be made by anybody.
    #[error("the RSA key's public exponent is not acceptable")]
    WeakExponent,
    /// A shared secret turned out to be a PEM, DER, SSH or JWK document (RFC 8725 2.1).
    #[error("the shared secret is a `{format}` document, not random bytes")]
    NotASecret {
        /// The format that was recognised.
        format: &'static str,
    },
    /// Two keys of a set share one `kid` (RFC 7517 4.5).
    #[error("two keys have the same `kid`")]
    DuplicateKeyId,
    /// A set of public keys contains a symmetric key (RFC 7517 5).
    #[error("a set of public keys contains a shared secret")]
    MixedKeys,
    /// A private key does not belong to the algorithm, or is not PKCS#8 (RFC 5208).
    #[error("the private key is not a PKCS#8 key for `{algorithm}`")]
    PrivateKey {
        /// The algorithm asked for.
        algorithm: Algorithm,
    },
    /// The key's `use`, `key_ops` or `alg` does not allow what it was asked for
    /// (RFC 7517 4.2, 4.3).
    #[error("the key's `use`, `key_ops` or `alg` does not allow it to {operation}")]
    Purpose {
        /// What was asked for: `verify`, `sign`, …
        operation: &'static str,
    },
    /// The key's `use`, `key_ops` and `alg` cannot all be true (RFC 7517 4.3).
    #[error("the key's `use`, `key_ops` and `alg` contradict one another")]
    Contradiction,
    /// The private half of a key does not belong to its public half (RFC 7517 4).
    #[error("the private half of the key does not belong to its public half")]
    Halves,
    /// A key document is of another format than the one asked for (RFC 7468 5 to 13).
    #[error("this is {found}, not {expected}")]
    KeyFormat {
        /// The format asked for.
        expected: &'static str,
        /// What it looks like.
        found: &'static str,
    },
    /// A key document is not PEM as it must be: one block, nothing around it, canonical
    /// base64 (RFC 7468 3).
    #[error("the PEM text {flaw}")]
    Pem {
        /// What is wrong with it.
        flaw: &'static str,
    },
    /// The bytes are no strict DER of the format (X.690 10).
    #[error("the bytes are not {expected}")]
    Der {
        /// The format asked for.
        expected: &'static str,
    },
    /// A key document is longer than the limit and was not read.
    #[error("the key document is longer than `{limit}` bytes")]
    KeyTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The RSA modulus can be divided by a small prime (SP 800-89 5.3.3).
    #[error("the RSA key's modulus can be divided by `{factor}`")]
    SmallFactor {
        /// The prime.
        factor: u32,
    },
    /// The RSA key was made by a library for chips whose keys can be broken (CVE-2017-15361).
    #[error("the RSA key comes from a faulty generator and can be broken (ROCA)")]
    Roca,
    /// The RSA key's primes are so close together that they can be found at once
    /// (CVE-2022-26320).
    #[error("the RSA key's primes are too close together")]
    CloseFactors,
    /// The public key is a point of small order: anybody can sign for it or knows what is
    /// agreed with it (RFC 7748 6.1, RFC 8032 5.1.7).
    #[error("the public key is a point of small order")]
    SmallOrder,
    /// A key identifier is empty, longer than 256 bytes, or holds control characters.
    #[error("a key id has 1 to 256 bytes and no control characters")]
    KeyId,
    /// The claims of one's own are missing or do not fit their type (RFC 7519 4.3).
    #[error("the token's own claims do not fit their type")]
    OwnClaims,
    /// The token is bound to a key and came without proof of it, or with that of another key
    /// (RFC 9449 7.1, RFC 7800 3).
    #[error("the token is bound to a key, and no proof of that key came with it")]
    Bound,
    /// A DPoP proof was made for something else, or has no proper form (RFC 9449 4.3).
    #[error("the proof's `{member}` is missing, malformed, or for another request")]
    Proof {
        /// The member of the header or the claim.
        member: &'static str,
    },
    /// A disclosure of an SD-JWT cannot be used (RFC 9901 7.1).
    #[error("the SD-JWT cannot be used: {flaw}")]
    Disclosure {
        /// What is wrong, in words.
        flaw: &'static str,
    },
    /// The key binding of an SD-JWT is missing, unasked for, or for something else (RFC 9901 7.3).
    #[error("the key binding is not good: {flaw}")]
    KeyBinding {
        /// What is wrong, in words.
        flaw: &'static str,
    },
    /// An encrypted token is not five parts joined by four dots, or a member of its JSON form is
    /// missing or has the wrong type (RFC 7516 7.1, 7.2).
    #[error("the encrypted token is not five parts joined by four dots, or not its JSON form")]
    JweShape,
    /// The token does not decrypt: the one answer to everything that depends on a secret
    /// (RFC 7516 11.5).
    #[error("the token does not decrypt with this key")]
    Decryption,
    /// The header has `zip`, which does not exist here (RFC 7516 4.1.3, RFC 8725 3.6).
    #[error(
        "the header asks for `zip`: compressed content leaks through its length and can inflate without end"
    )]
    Compressed,
    /// The header's `alg` is not the encryption key's (RFC 8725 3.1).
    #[error("the header's `alg` is not the key's `{expected}`")]
    KeyAlgorithm {
        /// The key's algorithm.
        expected: KeyAlgorithm,
    },
    /// The header's `enc` is unknown, or not one that the key allows (RFC 7516 4.1.2).
    #[error("the header's `enc` is not one that the key allows")]
    ContentAlgorithm,
    /// The `alg` of a header or a key is `RSA1_5`, which does not exist here (RFC 8725 3.2).
    #[error("the `alg` is `RSA1_5`, whose padding lets attackers decrypt; use `RSA-OAEP-256`")]
    Rsa15,
    /// The header's `p2c` asks for less or more work than the password allows (RFC 7518 4.8.1.2).
    #[error("the header's `p2c` is not between `1000` and `{most}`")]
    Rounds {
        /// The most that the password allows.
        most: u32,
    },
    /// A secret for encryption does not have the length of its algorithm (RFC 7518 4.4, 4.5).
    #[error("the key has `{bits}` bits; `{algorithm}` needs exactly `{needed}`")]
    SecretLength {
        /// The `alg`, or the `enc` of a direct key.
        algorithm: &'static str,
        /// The key's length.
        bits: usize,
        /// The length that fits.
        needed: usize,
    },
    /// A signed token stands where an encrypted one belongs, or the other way round
    /// (RFC 7516 9).
    #[error("this token is {found}; {expected} is expected")]
    Mistaken {
        /// `signed` or `encrypted`.
        expected: &'static str,
        /// `signed` or `encrypted`.
        found: &'static str,
    },
    /// An encrypted token holds no signed one, so nobody vouches for its claims (RFC 7519 5.2).
    #[error("the encrypted token does not hold a signed one, so nobody vouches for its claims")]
    NotSigned,
    /// A name stands in two headers of an encrypted token (RFC 7516 7.2.1).
    #[error("a name occurs in two headers of the encrypted token")]
    HeaderTwice,
    /// An encrypted token has too many recipients, or none for this key (RFC 7516 7.2.1).
    #[error("the encrypted token has too many recipients, or none for this key")]
    Recipients,
    /// A password is too short or too long (NIST SP 800-63B 3.1.1.2).
    #[error("a password has 8 to 1024 bytes")]
    Password,
}

impl Error {
    /// The stable code, for logs and for `docs/errors/<code>.md`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "CS-1001",
            Self::Shape => "CS-1002",
            Self::Base64 { .. } => "CS-1003",
            Self::Json { .. } => "CS-1004",
            Self::Header { .. } => "CS-1005",
            Self::Critical => "CS-1006",
            Self::Algorithm { .. } => "CS-1007",
            Self::AlgorithmNone => "CS-1041",
            Self::UnknownKey => "CS-1008",
            Self::KeyUnnamed => "CS-1009",
            Self::Signature => "CS-1010",
            Self::Type { .. } => "CS-1011",
            Self::Claim { .. } => "CS-1012",
            Self::Issuer => "CS-1013",
            Self::Audience => "CS-1014",
            Self::Expired { .. } => "CS-1015",
            Self::Early { .. } => "CS-1016",
            Self::CriticalList { .. } => "CS-1017",
            Self::Unprotected { .. } => "CS-1018",
            Self::Document { .. } => "CS-1019",
            Self::SignerMissing => "CS-1029",
            Self::Jwk { .. } => "CS-1020",
            Self::Unsupported => "CS-1021",
            Self::KeyTooShort { .. } => "CS-1022",
            Self::WeakExponent => "CS-1023",
            Self::NotASecret { .. } => "CS-1024",
            Self::DuplicateKeyId => "CS-1025",
            Self::MixedKeys => "CS-1026",
            Self::PrivateKey { .. } => "CS-1027",
            Self::KeyId => "CS-1028",
            Self::Purpose { .. } => "CS-1030",
            Self::Contradiction => "CS-1031",
            Self::Halves => "CS-1032",
            Self::KeyFormat { .. } => "CS-1033",
            Self::Pem { .. } => "CS-1034",
            Self::Der { .. } => "CS-1035",
            Self::KeyTooLarge { .. } => "CS-1036",
            Self::SmallFactor { .. } => "CS-1037",
            Self::Roca => "CS-1038",
            Self::CloseFactors => "CS-1039",
            Self::SmallOrder => "CS-1040",
            Self::OwnClaims => "CS-1065",
            Self::Bound => "CS-1066",
            Self::Proof { .. } => "CS-1067",
            Self::Lasting { .. } => "CS-1068",
            Self::Disclosure { .. } => "CS-1075",
            Self::KeyBinding { .. } => "CS-1076",
            Self::JweShape => "CS-1050",
            Self::Decryption => "CS-1051",
            Self::Compressed => "CS-1052",
            Self::KeyAlgorithm { .. } => "CS-1053",
            Self::ContentAlgorithm => "CS-1054",
            Self::Rsa15 => "CS-1055",
            Self::Rounds { .. } => "CS-1056",
            Self::SecretLength { .. } => "CS-1057",
            Self::Mistaken { .. } => "CS-1058",
            Self::NotSigned => "CS-1059",
            Self::HeaderTwice => "CS-1061",
            Self::Recipients => "CS-1062",
            Self::Password => "CS-1063",
        }
    }
}

#[cfg(test)]
mod tests;
