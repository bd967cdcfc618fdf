//! Every reason there is, with its code.

use super::*;

fn errors() -> Vec<Error> {
    let (algorithm, part) = (Algorithm::Rs256, "header");
    vec![
        Error::TooLarge { limit: 1 },
        Error::Shape,
        Error::Base64 { part },
        Error::Json { part, flaw: Flaw::Ends },
        Error::Header { member: "alg" },
        Error::Critical,
        Error::Algorithm { expected: algorithm },
        Error::AlgorithmNone,
        Error::UnknownKey,
        Error::KeyUnnamed,
        Error::Signature,
        Error::Type { expected: "JWT" },
        Error::Claim { claim: "exp", flaw: ClaimFlaw::Missing, rule: "RFC 9068 2.2" },
        Error::Issuer,
        Error::Audience,
        Error::Expired { at: 1, claim: "exp" },
        Error::Early { from: 1, claim: "nbf" },
        Error::CriticalList { flaw: CritFlaw::Empty },
        Error::Unprotected { member: "alg" },
        Error::Document { member: "payload" },
        Error::SignerMissing,
        Error::Jwk { member: "x" },
        Error::Unsupported,
        Error::KeyTooShort { algorithm: "RS256", bits: 1, least: 2 },
        Error::WeakExponent,
        Error::NotASecret { format: "PEM" },
        Error::DuplicateKeyId,
        Error::MixedKeys,
        Error::PrivateKey { algorithm },
        Error::KeyId,
        Error::Purpose { operation: "verify" },
        Error::Contradiction,
        Error::Halves,
        Error::KeyFormat { expected: "x", found: "y" },
        Error::Pem { flaw: "x" },
        Error::Der { expected: "x" },
        Error::KeyTooLarge { limit: 1 },
        Error::SmallFactor { factor: 3 },
        Error::Roca,
        Error::CloseFactors,
        Error::SmallOrder,
        Error::OwnClaims,
        Error::Bound,
        Error::Lasting { most: 3600, rule: "RFC 7523 3" },
        Error::Proof { member: "htu" },
        Error::Disclosure { flaw: "x" },
        Error::KeyBinding { flaw: "x" },
        Error::JweShape,
        Error::Decryption,
        Error::Compressed,
        Error::KeyAlgorithm { expected: KeyAlgorithm::Dir },
        Error::ContentAlgorithm,
        Error::Rsa15,
        Error::Rounds { most: 10_000 },
        Error::SecretLength { algorithm: "A128KW", bits: 1, needed: 2 },
        Error::Mistaken { expected: "encrypted", found: "signed" },
        Error::NotSigned,
        Error::HeaderTwice,
        Error::Recipients,
        Error::Password,
    ]
}

fn faults() -> Vec<Fault> {
    let algorithm = Algorithm::Rs256;
    vec![
        Fault::Random,
        Fault::Crypto { operation: "x" },
        Fault::Sealed,
        Fault::Unfit { algorithm },
        Fault::Claims,
        Fault::NotStrict { flaw: Flaw::Duplicate },
        Fault::Recipients,
        Fault::UnfitKey { algorithm: KeyAlgorithm::Dir },
        Fault::Unencodable,
        Fault::TooLong { limit: 1 },
    ]
}

#[test]
fn every_reason_has_its_own_code_and_a_plain_message() {
    let (errors, faults) = (errors(), faults());
    let mut told: Vec<(&str, String)> =
        errors.iter().map(|error| (error.code(), error.to_string())).collect();
    told.extend(faults.iter().map(|fault| (fault.code(), fault.to_string())));
    for (code, message) in &told {
        assert!(code.starts_with("CS-10") && code.len() == 7, "{code}");
        assert!(!message.ends_with('.'), "{message}");
    }
    for error in &errors {
        assert!(error.rule().starts_with("RFC "), "{error}");
    }
    // They are moved through every `?` of the way that a good token takes.
    assert!(size_of::<Error>() <= 40, "{}", size_of::<Error>());
    let mut codes: Vec<&str> = told.iter().map(|(code, _)| *code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), told.len());
}
