//! Thousands of tokens that are almost right, none of which is accepted.

use std::sync::OnceLock;

use proptest::prelude::*;

use crate::algorithm::Algorithm;
use crate::base64;
use crate::error::Error;
use crate::fixtures::{NOW, access, access_verifier, es256, header, secret};
use crate::jwt::{self, AccessClaims, Verified, Verifier};
use crate::key::Signer;

struct Bench {
    tokens: [String; 2],
    verifiers: [Verifier<AccessClaims>; 2],
}

/// An ES256 and an HS256 token, and verifiers that have accepted them once, so that the
/// remembered header is under attack as well.
fn bench() -> &'static Bench {
    static BENCH: OnceLock<Bench> = OnceLock::new();
    BENCH.get_or_init(|| {
        let hs = secret(Algorithm::Hs256);
        let bench = Bench {
            tokens: [jwt::sign(es256(), &access()).unwrap(), jwt::sign(&hs, &access()).unwrap()],
            verifiers: [access_verifier(es256().verifying_key()), access_verifier(hs)],
        };
        for (token, verifier) in bench.tokens.iter().zip(&bench.verifiers) {
            verifier.verify(token, NOW).unwrap();
        }
        bench
    })
}

fn refused(which: usize, token: &str) -> Result<(), TestCaseError> {
    let bench = bench();
    prop_assert!(bench.verifiers[which].verify(token, NOW).is_err(), "accepted {token}");
    Ok(())
}

fn parts(which: usize) -> [String; 3] {
    let parts: Vec<String> = bench().tokens[which].split('.').map(Into::into).collect();
    parts.try_into().unwrap()
}

/// What a verifier says that has seen a token of this form, after one that has seen none was asked to agree.
fn as_if_it_were_the_first(which: usize, token: &str) -> Result<AccessClaims, Error> {
    let first = [access_verifier(es256().verifying_key()), access_verifier(secret(Algorithm::Hs256))];
    let say = |verifier: &Verifier<AccessClaims>| verifier.verify(token, NOW).map(Verified::into_claims);
    let said = say(&bench().verifiers[which]);
    assert_eq!(said, say(&first[which]), "{token}");
    said
}

#[test]
fn whatever_is_done_to_a_token_of_a_known_form_it_is_read_as_if_it_were_the_first() {
    for which in 0..2 {
        let token = &bench().tokens[which];
        as_if_it_were_the_first(which, token).unwrap();
        for at in 0..=token.len() {
            let (before, behind) = token.split_at(at);
            for put in [".", "..", "A", "é", "=", ""] {
                // Put in, or in place of a character.
                for rest in [behind, behind.get(1..).unwrap_or_default()] {
                    let bent = format!("{before}{put}{rest}");
                    assert!(bent == *token || as_if_it_were_the_first(which, &bent).is_err());
                }
            }
        }
    }
}

#[test]
fn a_good_signature_does_not_make_a_token_of_two_or_five_parts() {
    let signers: [&dyn Signer; 2] = [es256(), &secret(Algorithm::Hs256)];
    for (which, signer) in signers.into_iter().enumerate() {
        let [header, payload, _] = parts(which);
        let (left, right) = payload.split_at(8);
        for (signed, refused) in [
            (format!("{header}.{left}.{right}"), Error::Shape),
            (format!("{header}.{payload}."), Error::Shape),
            (format!("{header}..{payload}"), Error::Shape),
            (format!("{header}.{left}..{right}"), Error::Mistaken { expected: "signed", found: "encrypted" }),
            (format!("{header}.{left}...{right}"), Error::Shape),
            (header.clone(), Error::Shape),
            (format!("{header}{payload}"), Error::Shape),
            (format!("{header}.{payload}="), Error::Base64 { part: "payload" }),
        ] {
            let signature = base64::encode(signer.sign(signed.as_bytes()).unwrap());
            let token = format!("{signed}.{signature}");
            assert_eq!(as_if_it_were_the_first(which, &token), Err(refused), "{signed}");
        }
    }
}

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn one_character_changed(which in 0..2_usize, at: prop::sample::Index, new in 0..64_usize) {
        let mut token = bench().tokens[which].clone().into_bytes();
        let at = at.index(token.len());
        prop_assume!(token[at] != ALPHABET[new]);
        token[at] = ALPHABET[new];
        refused(which, &String::from_utf8(token).unwrap())?;
    }

    #[test]
    fn any_character_put_in_or_a_piece_cut_out(
        which in 0..2_usize, at: prop::sample::Index, cut in 0..20_usize, put in "\\PC{0,3}"
    ) {
        let token = &bench().tokens[which];
        let at = at.index(token.len());
        let (_, rest) = token.split_at((at + cut).min(token.len()));
        let bent = format!("{}{put}{rest}", token.split_at(at).0);
        prop_assume!(bent != *token);
        refused(which, &bent)?;
    }

    #[test]
    fn one_bit_of_the_decoded_bytes_flipped(which in 0..2_usize, part in 0..3_usize, at: prop::sample::Index, bit in 0..8_u8) {
        let mut parts = parts(which);
        let mut bytes = base64::decode(&parts[part]).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        parts[part] = base64::encode(bytes);
        refused(which, &parts.join("."))?;
    }

    #[test]
    fn a_header_of_the_attackers_choice(
        which in 0..2_usize,
        alg in prop::sample::select(vec!["none", "HS256", "HS384", "HS512", "RS256", "PS256", "ES256", "ES384", "EdDSA", "es256", ""]),
        typ in prop::sample::select(vec!["at+jwt", "JWT", "application/at+jwt", "logout+jwt", ""]),
        kid in prop::option::of("[a-zA-Z0-9_./-]{0,44}"),
        extra in prop::sample::select(vec!["", r#","crit":["x"]"#, r#","jku":"https://e.example""#, r#","b64":false"#, r#","alg":"none""#, r#","zip":"DEF""#]),
    ) {
        let mut parts = parts(which);
        let kid = kid.map(|kid| format!(r#","kid":"{kid}""#)).unwrap_or_default();
        parts[0] = base64::encode(format!(r#"{{"alg":"{alg}","typ":"{typ}"{kid}{extra}}}"#));
        prop_assume!(parts.join(".") != bench().tokens[which]);
        refused(which, &parts.join("."))?;
    }

    #[test]
    fn claims_of_the_attackers_choice(which in 0..2_usize, sub in "[a-z]{1,12}", later in 0..100_000_u64, scope in "[a-z ]{0,20}") {
        let mut parts = parts(which);
        let mut claims = access();
        claims.sub = format!("{sub}!");
        claims.exp += later;
        claims.scope = Some(scope);
        parts[1] = base64::encode(serde_json::to_vec(&claims).unwrap());
        refused(which, &parts.join("."))?;
    }

    #[test]
    fn a_signature_of_the_attackers_choice(which in 0..2_usize, signature in prop::collection::vec(any::<u8>(), 0..140)) {
        let mut parts = parts(which);
        parts[2] = base64::encode(signature);
        refused(which, &parts.join("."))?;
    }

    #[test]
    fn parts_of_two_tokens_put_together(order in prop::collection::vec((0..2_usize, 0..3_usize), 1..6), which in 0..2_usize) {
        let pieces: Vec<String> = order.iter().map(|(token, part)| parts(*token)[*part].clone()).collect();
        let token = pieces.join(".");
        prop_assume!(token != bench().tokens[which]);
        refused(which, &token)?;
    }

    #[test]
    fn any_text_at_all(which in 0..2_usize, token in "[\\PC.]{0,300}") {
        refused(which, &token)?;
    }

    #[test]
    fn a_signed_token_is_accepted_whatever_its_text_says(sub in "\\PC{1,40}", jti in "\\PC{1,40}", scope in prop::option::of("\\PC{0,40}"), at in 0..253_402_300_800_u64) {
        let mut claims = access();
        (claims.sub, claims.jti, claims.scope) = (sub, jti, scope);
        claims.auth_time = Some(at);
        let token = jwt::sign(&secret(Algorithm::Hs256), &claims).unwrap();
        let verified = bench().verifiers[1].verify(&token, NOW).unwrap();
        prop_assert_eq!(&*verified, &claims);
        prop_assert!(jwt::inspect(&token).unwrap().header() == header(&secret(Algorithm::Hs256)));
    }
}
