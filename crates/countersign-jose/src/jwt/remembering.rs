//! A verifier that remembers must never say yes where one that does not would say no, and a
//! borrowed reading must say what an owned one says.

use proptest::prelude::*;

use crate::algorithm::Algorithm;
use crate::error::Error;
use crate::fixtures::{
    AUDIENCE, ISSUER, NOW, access, access_verifier, access_with, brief, es256, faulty, forge, header, secret,
};
use crate::jwt::profile::tests::{event, introspection};
use crate::jwt::{
    self, AccessClaims, AssertionClaims, EventClaims, Introspected, IntrospectionClaims, Leeway, Profile,
    Scratch, Verified, Verifier,
};
use crate::key::{KeyId, KeySet, SigningKey};

fn remembering() -> Verifier<AccessClaims> {
    access_verifier(es256().verifying_key()).remembering(100)
}

fn token() -> String {
    jwt::sign(es256(), &access()).unwrap()
}

/// How many tokens a verifier has in mind.
pub(super) fn known<C: Profile + core::fmt::Debug>(verifier: &Verifier<C>) -> String {
    let debug = format!("{verifier:?}");
    let from = debug.split_once("Memory(").map_or("none", |(_, rest)| rest);
    from.split(' ').next().unwrap().to_owned()
}

#[test]
fn a_repeated_token_says_the_same_again() {
    let (verifier, token) = (remembering(), token());
    assert_eq!(known(&verifier), "0");
    for _ in 0..3 {
        assert_eq!(*verifier.verify(&token, NOW).unwrap(), access());
        assert_eq!(known(&verifier), "1");
    }
    assert_eq!(verifier.verify(&token, NOW).unwrap().into_claims(), access());
}

#[test]
fn a_remembered_token_expires_and_begins_like_any_other() {
    let (verifier, plain) = (remembering(), access_verifier(es256().verifying_key()));
    let payload = access_with("nbf", &(NOW + 20).to_string());
    let token = forge(es256(), &header(es256()), &payload);
    verifier.verify(&token, NOW + 30).unwrap();
    for now in [0, NOW, NOW + 14, NOW + 15, NOW + 304, NOW + 305, NOW + 10_000, u64::MAX] {
        let (kept, fresh) = (verifier.verify(&token, now), plain.verify(&token, now));
        assert_eq!(kept.map(jwt::Verified::into_claims), fresh.map(jwt::Verified::into_claims), "{now}");
    }
    assert!(matches!(verifier.verify(&token, NOW + 14), Err(Error::Early { .. })));
    assert!(matches!(verifier.verify(&token, NOW + 305), Err(Error::Expired { .. })));
}

#[test]
fn every_single_changed_character_of_a_remembered_token_is_refused() {
    let (verifier, token) = (remembering(), token());
    verifier.verify(&token, NOW).unwrap();
    for at in 0..token.len() {
        let mut bent = token.clone().into_bytes();
        bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
        let bent = String::from_utf8(bent).unwrap();
        if bent != token {
            assert!(verifier.verify(&bent, NOW).is_err(), "{at}");
        }
    }
    for longer in [format!("{token}A"), format!("{token}="), format!(" {token}"), format!("{token}.")] {
        assert!(verifier.verify(&longer, NOW).is_err());
    }
    assert_eq!(known(&verifier), "1");
}

#[test]
fn other_claims_under_a_remembered_signature_are_refused() {
    let (verifier, token) = (remembering(), token());
    verifier.verify(&token, NOW).unwrap();
    let signature = token.rsplit_once('.').unwrap().1;
    let mut mighty = access();
    mighty.sub = "root".into();
    let other = jwt::sign(es256(), &mighty).unwrap();
    let mixed = format!("{}.{signature}", other.rsplit_once('.').unwrap().0);
    assert_eq!(verifier.verify(&mixed, NOW).unwrap_err(), Error::Signature);
    assert_eq!(verifier.verify(&mixed, NOW).unwrap_err(), Error::Signature);
    assert_eq!(verifier.verify(&token, NOW).unwrap().sub, "ana");
}

#[test]
fn refused_tokens_are_not_remembered() {
    let verifier = remembering();
    let (mut elsewhere, mut late) = (access(), access());
    elsewhere.aud = "other".into();
    late.exp = NOW - 100;
    let stranger = SigningKey::generate(Algorithm::Es256).unwrap().with_id(es256().key_id().clone());
    for bad in [
        jwt::sign(es256(), &elsewhere).unwrap(),
        jwt::sign(es256(), &late).unwrap(),
        jwt::sign(&stranger, &access()).unwrap(),
    ] {
        assert!(verifier.verify(&bad, NOW).is_err());
        assert!(verifier.verify(&bad, NOW).is_err());
    }
    assert_eq!(known(&verifier), "0");
}

#[test]
fn what_one_audience_accepted_another_looks_at_anew() {
    let (verifier, token) = (remembering(), token());
    verifier.verify(&token, NOW).unwrap();
    let other = verifier.clone().with_audience("billing");
    assert_eq!(known(&other), "0");
    assert_eq!(other.verify(&token, NOW).unwrap_err(), Error::Audience);
    let issuer = jwt::verifier::<AccessClaims>(es256().verifying_key()).issuer("https://evil.example");
    assert_eq!(issuer.audience(AUDIENCE).remembering(9).verify(&token, NOW).unwrap_err(), Error::Issuer);
}

#[test]
fn a_type_that_a_lenient_clone_accepted_a_strict_verifier_looks_at_anew() {
    let strict = jwt::verifier::<AssertionClaims>(es256().verifying_key())
        .issuer("web")
        .audience(ISSUER)
        .remembering(9);
    let claims = AssertionClaims::new("web", ISSUER, "a1", NOW, NOW + 60);
    let proper = jwt::sign(es256(), &claims).unwrap();
    strict.verify(&proper, NOW).unwrap();
    let lenient = strict.clone().accepting_generic_type();
    let generic = header(es256()).replace("at+jwt", "JWT");
    let generic = forge(es256(), &generic, &serde_json::to_string(&claims).unwrap());
    lenient.verify(&generic, NOW).unwrap();
    let refused = Error::Type { expected: AssertionClaims::TYP };
    assert_eq!(strict.verify(&generic, NOW).unwrap_err(), refused);
    assert_eq!((known(&strict), known(&lenient)), ("1".into(), "1".into()));
}

#[test]
fn a_remembered_token_that_does_not_say_when_it_began_lasts_no_longer_than_a_new_one() {
    let claims = AssertionClaims { iat: None, ..AssertionClaims::new("web", ISSUER, "a1", NOW, NOW + 3660) };
    let token = jwt::sign(es256(), &claims).unwrap();
    let plain = jwt::verifier::<AssertionClaims>(es256().verifying_key()).issuer("web").audience(ISSUER);
    let patience = Leeway::seconds(60).unwrap();
    let (patient, strict) = (plain.clone().leeway(patience), plain.leeway(Leeway::NONE));
    let kept = patient.clone().remembering(9);
    kept.verify(&token, NOW).unwrap();
    // Its clone has the same memory and less patience; and the time may be set back.
    for (plain, kept) in [(&patient, &kept), (&strict, &kept.clone().leeway(Leeway::NONE))] {
        for now in [NOW - 1, NOW, NOW + 59, NOW + 60] {
            let (fresh, kept) = (plain.verify(&token, now), kept.verify(&token, now));
            assert_eq!(kept.map(jwt::Verified::into_claims), fresh.map(jwt::Verified::into_claims), "{now}");
        }
    }
    assert_eq!(strict.verify(&token, NOW).unwrap_err(), Error::Lasting { most: 3600, rule: "RFC 7523 3" });
}

/// Whether the second look was into memory: what is remembered is one thing, however often it is shown.
fn is_one<C>(first: &Verified<C>, second: &Verified<C>) -> bool {
    core::ptr::eq::<C>(&**first, &**second)
}

#[test]
fn a_removed_key_takes_its_tokens_with_it_and_a_kept_key_keeps_them() {
    let next = SigningKey::generate(Algorithm::Es256).unwrap();
    let both = KeySet::new([es256().verifying_key(), next.verifying_key()]).unwrap();
    let verifier = access_verifier(both).remembering(100);
    let (old, new) = (token(), jwt::sign(&next, &access()).unwrap());
    let (by_old, by_new) = (verifier.verify(&old, NOW).unwrap(), verifier.verify(&new, NOW).unwrap());
    let after = verifier.clone().with_keys(next.verifying_key());
    // Another key under the same name is another key.
    let impostor = SigningKey::generate(Algorithm::Es256).unwrap().with_id(next.key_id().clone());
    let replaced = after.clone().with_keys(impostor.verifying_key());
    for _ in 0..2 {
        assert_eq!(after.verify(&old, NOW).unwrap_err(), Error::UnknownKey);
        assert!(is_one(&by_new, &after.verify(&new, NOW).unwrap()));
        assert_eq!(replaced.verify(&old, NOW).unwrap_err(), Error::UnknownKey);
        assert_eq!(replaced.verify(&new, NOW).unwrap_err(), Error::Signature);
        // The clone with the old keys still knows both, and that helps nobody else.
        assert!(is_one(&by_old, &verifier.verify(&old, NOW).unwrap()));
    }
    let back = replaced.with_keys(es256().verifying_key());
    assert!(is_one(&by_old, &back.verify(&old, NOW).unwrap()));
}

#[test]
fn a_token_without_kid_is_known_only_while_it_has_no_choice() {
    let unnamed = forge(es256(), r#"{"alg":"ES256","typ":"at+jwt"}"#, &access_with("nbf", ""));
    let verifier = remembering();
    let first = verifier.verify(&unnamed, NOW).unwrap();
    let and = |algorithm| {
        let next = SigningKey::generate(algorithm).unwrap();
        let keys = KeySet::new([es256().verifying_key(), next.verifying_key()]).unwrap();
        verifier.clone().with_keys(keys).verify(&unnamed, NOW)
    };
    assert_eq!(and(Algorithm::Es256).unwrap_err(), Error::KeyUnnamed);
    assert!(is_one(&first, &and(Algorithm::EdDsa).unwrap()));
}

#[test]
fn a_key_read_again_from_its_jwk_is_the_same_key() {
    let (verifier, token) = (remembering(), token());
    let first = verifier.verify(&token, NOW).unwrap();
    let again = SigningKey::from_pkcs8(Algorithm::Es256, &es256().to_pkcs8().unwrap()).unwrap();
    let reread = verifier.clone().with_keys(again.verifying_key());
    assert!(is_one(&first, &reread.verify(&token, NOW).unwrap()));
    let renamed = verifier.with_keys(again.with_id(KeyId::new("another").unwrap()).verifying_key());
    assert_eq!(renamed.verify(&token, NOW).unwrap_err(), Error::UnknownKey);
}

#[test]
fn whatever_keys_come_and_go_a_verifier_that_remembers_says_what_a_new_one_says() {
    let key =
        |algorithm, name: &str| SigningKey::generate(algorithm).unwrap().with_id(KeyId::new(name).unwrap());
    // Two of one name, and two names of one algorithm.
    let keys = [
        key(Algorithm::Es256, "july"),
        key(Algorithm::Es256, "june"),
        key(Algorithm::Es256, "july"),
        key(Algorithm::EdDsa, "ed"),
        key(Algorithm::Ed25519, "edwards"),
    ];
    let unnamed = |key: &SigningKey| {
        let header = format!(r#"{{"alg":"{}","typ":"at+jwt"}}"#, key.algorithm());
        forge(key, &header, &access_with("nbf", ""))
    };
    let named = |key: &SigningKey| jwt::sign(key, &access()).unwrap();
    let tokens: Vec<String> = keys.iter().map(named).chain(keys.iter().map(unnamed)).collect();
    let chosen = |which: usize| {
        let chosen = keys.iter().enumerate().filter(|(at, _)| which & (1 << at) != 0);
        KeySet::new(chosen.map(|(_, key)| key.verifying_key())).ok()
    };
    let sets: Vec<KeySet> = (0..1 << keys.len()).filter_map(chosen).collect();
    assert_eq!(sets.len(), 24);
    let mut verifier = remembering();
    // In the second round all that was ever good is remembered.
    for set in sets.iter().chain(&sets) {
        verifier = verifier.with_keys(set.clone());
        let fresh = access_verifier(set.clone());
        for token in &tokens {
            let (kept, new) = (verifier.verify(token, NOW).map(drop), fresh.verify(token, NOW).map(drop));
            assert_eq!(kept, new, "{set:?} {token}");
        }
    }
    assert_eq!(known(&verifier), tokens.len().to_string());
}

fn verifier_of<C: Profile>() -> Verifier<C> {
    jwt::verifier::<C>(es256().verifying_key()).issuer(ISSUER).audience(AUDIENCE)
}

#[test]
fn what_does_not_expire_is_as_old_as_it_says_and_is_not_remembered_for_ever() {
    let old = IntrospectionClaims {
        token_introspection: Introspected::Active(serde_json::Map::new()),
        iat: NOW - 5 * 365 * 86_400,
        ..introspection()
    };
    let (mut fresh, day) = (introspection(), 86_400);
    fresh.token_introspection = Introspected::Inactive;
    let (old, answer) = (jwt::sign(es256(), &old).unwrap(), jwt::sign(es256(), &fresh).unwrap());
    let sixty = verifier_of::<IntrospectionClaims>().remembering(9);
    for verifier in [sixty.clone(), sixty.lasting_at_most(60)] {
        assert!(matches!(verifier.verify(&old, NOW), Err(Error::Expired { .. })));
        verifier.verify(&answer, NOW + 59).unwrap();
        assert_eq!(known(&verifier), "1");
        verifier.verify(&answer, NOW + 64).unwrap();
        assert_eq!(
            verifier.verify(&answer, NOW + 65).unwrap_err(),
            Error::Expired { at: NOW + 60, claim: "iat" }
        );
    }
    let patient = verifier_of::<IntrospectionClaims>().lasting_at_most(day);
    patient.verify(&answer, NOW + day).unwrap();
    assert!(patient.verify(&answer, NOW + day + 5).is_err());

    let told = jwt::sign(es256(), &event()).unwrap();
    let log = verifier_of::<EventClaims>().remembering(9);
    log.verify(&told, NOW + 1000 * day).unwrap();
    assert_eq!(known(&log), "0");
    let news = verifier_of::<EventClaims>().lasting_at_most(day).remembering(9);
    news.verify(&told, NOW + day - 1).unwrap();
    assert_eq!(known(&news), "1");
    assert_eq!(
        news.verify(&told, NOW + day + 5).unwrap_err(),
        Error::Expired { at: NOW + day, claim: "iat" }
    );
    // One that says when it ends is held to that, however long it lasts.
    let ending = jwt::sign(es256(), &EventClaims { exp: Some(NOW + 9), ..event() }).unwrap();
    assert_eq!(news.verify(&ending, NOW + 14).unwrap_err(), Error::Expired { at: NOW + 9, claim: "exp" });
}

/// RFC 7662 4: an answer is not to be kept beyond the `exp` of the token that it is about.
#[test]
fn an_answer_about_a_token_ends_with_that_token() {
    let about = |exp: serde_json::Value| {
        let members = serde_json::json!({ "sub": "ana", "exp": exp });
        let token_introspection = Introspected::Active(members.as_object().unwrap().clone());
        jwt::sign(es256(), &IntrospectionClaims { token_introspection, ..introspection() }).unwrap()
    };
    for verifier in [verifier_of(), verifier_of::<IntrospectionClaims>().remembering(9)] {
        let answer = about((NOW + 9).into());
        verifier.verify(&answer, NOW + 13).unwrap();
        let ended = Error::Expired { at: NOW + 9, claim: "token_introspection" };
        assert_eq!(verifier.verify(&answer, NOW + 14).unwrap_err(), ended);
        verifier.verify(&about((NOW + 9_000).into()), NOW).unwrap();
        for soon in [serde_json::json!("soon"), serde_json::json!(1.5), serde_json::json!(null)] {
            let refused = verifier.verify(&about(soon), NOW).map_err(brief).unwrap_err();
            assert_eq!(refused, faulty("token_introspection"));
        }
        // Nor with an end of its own, which the kind does not have.
        let ending = |exp: &str| {
            let json = serde_json::to_string(&introspection()).unwrap();
            let json = json.replacen('{', &format!(r#"{{"exp":{exp},"#), 1);
            let header = header(es256()).replace("at+jwt", IntrospectionClaims::TYP);
            verifier.verify(&forge(es256(), &header, &json), NOW + 8).map(drop).map_err(brief)
        };
        assert_eq!(ending(&(NOW + 4).to_string()), Ok(()));
        assert_eq!(ending(&(NOW + 3).to_string()), Err(Error::Expired { at: NOW + 3, claim: "exp" }));
        assert_eq!(ending("null"), Err(faulty("exp")));
    }
}

#[test]
fn with_a_shared_secret_nothing_is_remembered() {
    let key = secret(Algorithm::Hs256);
    let token = jwt::sign(&key, &access()).unwrap();
    let verifier = access_verifier(key).remembering(100);
    verifier.verify(&token, NOW).unwrap();
    assert_eq!(known(&verifier), "none");
    let verifier = remembering().with_keys(secret(Algorithm::Hs256));
    assert_eq!(known(&verifier), "none");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "only a test of what users' threads share")]
fn many_threads_share_one_memory() {
    let verifier = access_verifier(es256().verifying_key()).remembering(8);
    let tokens: Vec<String> = (0..16)
        .map(|n| jwt::sign(es256(), &AccessClaims { sub: format!("user {n}"), ..access() }).unwrap())
        .collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for (n, token) in tokens.iter().enumerate().cycle().take(200) {
                    assert_eq!(verifier.verify(token, NOW).unwrap().sub, format!("user {n}"));
                }
            });
        }
    });
    assert!(known(&verifier).parse::<usize>().unwrap() <= 8);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_borrowed_reading_says_what_an_owned_one_says(
        claim in prop::sample::select(vec!["iss", "sub", "aud", "client_id", "iat", "exp", "jti", "scope", "auth_time", "acr", "amr", "cnf", "nbf"]),
        json in prop_oneof![
            Just(String::new()),
            Just(format!("\"{ISSUER}\"")),
            Just(format!("[\"{AUDIENCE}\"]")),
            Just("\"\"".to_owned()),
            Just("[]".to_owned()),
            Just("\"a\\u0062\"".to_owned()),
            Just("null".to_owned()),
            Just("1.5".to_owned()),
            (NOW - 400..NOW + 400).prop_map(|time| time.to_string()),
            "\"[a-z ]{0,9}\"",
        ],
    ) {
        let key = secret(Algorithm::Hs256);
        let token = forge(&key, &header(&key), &access_with(claim, &json));
        let verifier = access_verifier(key);
        let mut scratch = Scratch::new();
        let owned = verifier.verify(&token, NOW);
        let borrowed = verifier.check(&token, NOW, &mut scratch);
        match (owned, borrowed) {
            (Ok(owned), Ok(view)) => {
                prop_assert_eq!(&*view.iss, &owned.iss);
                prop_assert_eq!(&*view.sub, &owned.sub);
                prop_assert_eq!(view.aud.iter().collect::<Vec<_>>(), owned.aud.iter().collect::<Vec<_>>());
                prop_assert_eq!(&*view.client_id, &owned.client_id);
                prop_assert_eq!((view.iat, view.exp), (owned.iat, owned.exp));
                prop_assert_eq!(&*view.jti, &owned.jti);
                prop_assert_eq!(view.scope.as_deref(), owned.scope.as_deref());
                prop_assert_eq!((view.auth_time, view.acr.as_deref()), (owned.auth_time, owned.acr.as_deref()));
                let amr: Vec<String> = view.amr.iter().map(|one| one.clone().into_owned()).collect();
                prop_assert_eq!(&amr, &owned.amr);
            }
            (Err(owned), Err(borrowed)) => prop_assert_eq!(owned, borrowed),
            (owned, borrowed) => prop_assert!(false, "{owned:?} but {borrowed:?}"),
        }
    }
}
