//! Thousands of tokens that are almost right, by class, under every algorithm. None is accepted.
//!
//! A class says what was done to an honest token and for which reasons it may be refused, so
//! that a token which fails for a silly reason does not count as one that was caught. The
//! generator is deterministic: the seed and the bad token stand in the message of a failure.

mod claims;
mod headers;
mod text;

use std::collections::HashSet;

use crate::algorithm::{Algorithm, Family};
use crate::error::Error;
use crate::fixtures::{NOW, access, access_verifier, forge, header, pairs, secret};
use crate::jws::{self, AnyOf, Trusted};
use crate::jwt::remembering::known;
use crate::jwt::{self, AccessClaims, Verifier};
use crate::key::{KeyId, KeySet, Signer};

const SEED: u64 = 0x00c0_ffee_0dd5_eed5;

/// What a forger does, how many tokens that makes, and the codes that may answer.
struct Class {
    name: &'static str,
    tokens: usize,
    codes: &'static [&'static str],
    forge: fn(&Target, &mut Dice) -> Vec<Bad>,
}

/// A token that must be refused at `now`.
struct Bad {
    token: String,
    now: u64,
}

impl From<String> for Bad {
    fn from(token: String) -> Self {
        Self { token, now: NOW }
    }
}

/// An honest token, who signed it, and who would accept it.
struct Target {
    key: Box<dyn Signer>,
    /// What the forger knows of the key: its JWK, if it has one.
    published: Option<String>,
    token: String,
    verifier: Verifier<AccessClaims>,
    /// Trusts all keys of the house at once.
    house: Verifier<AccessClaims>,
    trusted: Trusted,
    /// Honest tokens of the same claims by the other keys.
    others: Vec<String>,
}

impl Target {
    fn parts(&self) -> [String; 3] {
        parts(&self.token)
    }

    /// The honest header with text put before its last brace.
    fn header_and(&self, more: &str) -> String {
        let header = header(&*self.key);
        format!("{}{more}}}", header.strip_suffix('}').unwrap())
    }

    /// Whatever header and claims, signed honestly.
    fn sign(&self, header: &str, claims: &str) -> Bad {
        forge(&*self.key, header, claims).into()
    }

    /// Whatever claims under the honest header, signed honestly.
    fn sign_claims(&self, claims: &str) -> Bad {
        self.sign(&header(&*self.key), claims)
    }
}

fn parts(token: &str) -> [String; 3] {
    let parts: Vec<String> = token.split('.').map(Into::into).collect();
    parts.try_into().unwrap()
}

fn honest_claims() -> String {
    serde_json::to_string(&access()).unwrap()
}

/// Numbers that are the same on every run (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(sides).unwrap()).unwrap()
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// One target for each algorithm.
fn targets() -> Vec<Target> {
    let named = |algorithm: Algorithm| KeyId::new(format!("house-{algorithm}")).unwrap();
    let pairs: Vec<_> = pairs()
        .into_iter()
        .map(|key| {
            let id = named(key.algorithm());
            key.with_id(id)
        })
        .collect();
    let hmacs = Algorithm::ALL.into_iter().filter(|algorithm| algorithm.family() == Family::Secret);
    let hmac = |algorithm| secret(algorithm).with_id(named(algorithm));
    let public: Trusted = KeySet::new(pairs.iter().map(|key| key.verifying_key())).unwrap().into();
    let shared = Trusted::shared(hmacs.clone().map(hmac)).unwrap();

    let mut targets = Vec::new();
    for key in pairs {
        let trusted = Trusted::from(key.verifying_key());
        let published = Some(serde_json::to_string(&key.verifying_key().to_jwk()).unwrap());
        targets.push(target(Box::new(key), published, trusted, &public));
    }
    for algorithm in hmacs {
        targets.push(target(Box::new(hmac(algorithm)), None, hmac(algorithm).into(), &shared));
    }
    let tokens: Vec<String> = targets.iter().map(|target| target.token.clone()).collect();
    for target in &mut targets {
        target.others = tokens.iter().filter(|token| **token != target.token).cloned().collect();
    }
    targets
}

fn target(key: Box<dyn Signer>, published: Option<String>, trusted: Trusted, house: &Trusted) -> Target {
    let token = jwt::sign(&*key, &access()).unwrap();
    let remembering = |trusted: &Trusted| access_verifier(trusted.clone()).remembering(100);
    let (verifier, house) = (remembering(&trusted), remembering(house));
    // Twice before, so that what a verifier remembers of a good token is under attack as well.
    for _ in 0..2 {
        verifier.verify(&token, NOW).unwrap();
        house.verify(&token, NOW).unwrap();
    }
    Target { key, published, token, verifier, house, trusted, others: Vec::new() }
}

/// What is wrong with the answers: both verifiers must refuse, for a reason of the class.
fn flaw(class: &Class, target: &Target, bad: &Bad, foreign: bool) -> Option<String> {
    let answers =
        [&target.verifier, &target.house].map(|verifier| verifier.verify(&bad.token, bad.now).err());
    let refused =
        |answer: &Option<Error>| answer.as_ref().is_some_and(|error| class.codes.contains(&error.code()));
    if answers.iter().all(refused) && !(foreign && any_reader_takes(target, &bad.token)) {
        return None;
    }
    let shown: String = bad.token.chars().take(700).collect();
    Some(format!("seed {SEED:#x}, `{}`, {}: {answers:?}: {shown}", class.name, target.key.algorithm()))
}

/// What was not signed by the key must be refused by everything that checks signatures.
fn any_reader_takes(target: &Target, token: &str) -> bool {
    let (claims, trusted) = (honest_claims(), &target.trusted);
    let policy = AnyOf::new(trusted.clone());
    jws::verify(token, trusted).is_ok()
        || jws::verify_unencoded(token, trusted).is_ok()
        || jws::verify_json(token, &policy).is_ok_and(|signed| signed.payload() != claims.as_bytes())
        || jws::verify_json_detached(token, b"other claims", &policy).is_ok()
        || jws::verify_detached(token, b"other claims", trusted).is_ok()
}

#[test]
fn none_of_thousands_of_forged_tokens_is_accepted() {
    println!("seed {SEED:#x}");
    let targets = targets();
    assert_eq!(targets.len(), Algorithm::ALL.len());
    let mut dice = Dice(SEED);
    let mut distinct = HashSet::new();
    let mut wrong = Vec::new();
    let signed_by_others = text::CLASSES.iter().map(|class| (class, true));
    let by_the_key = headers::CLASSES.iter().chain(claims::CLASSES).map(|class| (class, false));
    for (class, foreign) in signed_by_others.chain(by_the_key) {
        let mut count = 0;
        for target in &targets {
            for bad in (class.forge)(target, &mut dice) {
                wrong.extend(flaw(class, target, &bad, foreign));
                assert!(bad.token != target.token || bad.now != NOW, "`{}` is honest", class.name);
                count += 1;
                distinct.insert((bad.token, bad.now));
            }
        }
        println!("{count:6} {}", class.name);
        if count != class.tokens {
            wrong.push(format!("`{}` makes {count} tokens, not {}", class.name, class.tokens));
        }
    }
    println!("{:6} distinct", distinct.len());
    for target in &targets {
        // Nothing but the honest token has found its way into a memory; secrets have none.
        let held = if target.published.is_some() { "1" } else { "none" };
        assert_eq!((known(&target.verifier).as_str(), known(&target.house).as_str()), (held, held));
    }
    assert!(
        wrong.is_empty(),
        "{} wrong, first: {:#?}",
        wrong.len(),
        wrong.iter().take(20).collect::<Vec<_>>()
    );
    assert!(distinct.len() >= 5_000, "{}", distinct.len());
}
