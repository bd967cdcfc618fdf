//! What may be asked of a verifier beyond the rules: also of one whose keys come and go.

use std::time::Duration;

use countersign_jose::jws::MaxLength;
use countersign_jose::jwt::{self, AccessClaims, AssertionClaims, Extended, IdClaims, Profile, Verified};
use countersign_jose::{Algorithm, Error, KeyId, Signer as _, SigningKey, base64};
use serde_json::{Map, Value};

use super::tests::{Issuer, NOW, come_again, good_until, http, key};
use super::*;

fn asked_of(issuer: &Issuer) -> Trust<Ready> {
    trust(&issuer.url).audience("shop-api").within(Reach::ThisMachine)
}

async fn remembering(issuer: &Issuer) -> Remote<AccessClaims> {
    asked_of(issuer).remembering(100).connect().await.unwrap()
}

/// Whether the second look was into memory: what is remembered is one thing, however often it is shown.
fn is_one<C>(first: &Verified<C>, second: &Verified<C>) -> bool {
    std::ptr::eq::<C>(&**first, &**second)
}

fn refused<C: std::fmt::Debug>(told: Result<Verified<C>, NotVerified>) -> Error {
    match told {
        Err(NotVerified::Refused(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_repeated_token_is_known_where_somebody_asks_for_it_and_through_a_rotation() {
    let (issuer, old, new) = (Issuer::start().await, key(), key());
    issuer.publishes(&[&old], "");
    let (shop, plain) = (remembering(&issuer).await, issuer.trusted().await.unwrap());
    let (by_old, by_new) = (issuer.token(&old), issuer.token(&new));
    let first = shop.verify_at(&by_old, NOW).unwrap();
    assert!(is_one(&first, &shop.verify_at(&by_old, NOW).unwrap()));
    assert!(!is_one(&plain.verify_at(&by_old, NOW).unwrap(), &plain.verify_at(&by_old, NOW).unwrap()));
    tokio::time::pause();
    issuer.publishes(&[&new, &old], "");
    come_again(&shop).await;
    assert_eq!(shop.verify_at(&by_new, NOW).unwrap().sub, "ana");
    assert!(is_one(&first, &shop.verify_at(&by_old, NOW).unwrap()));
    // It ends when it said that it would.
    assert_eq!(refused(shop.verify_at(&by_old, NOW + 400)), Error::Expired { at: NOW + 300, claim: "exp" });
}

#[tokio::test]
async fn a_remembered_token_is_refused_as_soon_as_its_key_is_gone() {
    let (issuer, stolen, kept) = (Issuer::start().await, key(), key());
    issuer.publishes(&[&stolen, &kept], "");
    let shop = remembering(&issuer).await;
    let (by_stolen, by_kept) = (issuer.token(&stolen), issuer.token(&kept));
    let (_, first) = (shop.verify_at(&by_stolen, NOW).unwrap(), shop.verify_at(&by_kept, NOW).unwrap());
    tokio::time::pause();
    issuer.publishes(&[&kept], "");
    come_again(&shop).await;
    for _ in 0..2 {
        assert_eq!(refused(shop.verify_at(&by_stolen, NOW)), Error::UnknownKey);
        assert!(is_one(&first, &shop.verify_at(&by_kept, NOW).unwrap()));
    }
}

#[tokio::test]
async fn a_remembered_token_is_refused_as_soon_as_another_key_has_the_name_of_its_own() {
    let named = |algorithm| SigningKey::generate(algorithm).unwrap().with_id(KeyId::new("the-key").unwrap());
    let (es, ed) = (Algorithm::Es256, Algorithm::EdDsa);
    for (next, why) in [(es, Error::Signature), (ed, Error::Algorithm { expected: ed })] {
        let (issuer, stolen, next) = (Issuer::start().await, named(es), named(next));
        issuer.publishes(&[&stolen], "");
        let shop = remembering(&issuer).await;
        let (by_stolen, by_next) = (issuer.token(&stolen), issuer.token(&next));
        shop.verify_at(&by_stolen, NOW).unwrap();
        tokio::time::pause();
        issuer.publishes(&[&next], "");
        come_again(&shop).await;
        for _ in 0..2 {
            assert_eq!(refused(shop.verify_at(&by_stolen, NOW)), why);
            assert_eq!(shop.verify_at(&by_next, NOW).unwrap().sub, "ana");
        }
        tokio::time::resume();
    }
}

#[tokio::test]
async fn a_remembered_token_is_refused_when_the_keys_are_too_old_to_count() {
    let (issuer, key) = (Issuer::start().await, key());
    issuer.publishes(&[&key], "");
    let (shop, token) = (remembering(&issuer).await, issuer.token(&key));
    shop.verify_at(&token, NOW).unwrap();
    tokio::time::pause();
    issuer.answers(|_| (http("503 No", "", ""), Duration::ZERO));
    tokio::time::advance(good_until(&shop)).await;
    assert!(matches!(shop.verify_at(&token, NOW), Err(NotVerified::Blind(_))));
}

/// Many issuers send the same keys each time, and no tag.
#[tokio::test]
async fn keys_that_come_again_and_are_the_same_are_no_new_generation() {
    let (issuer, one, two) = (Issuer::start().await, key(), key());
    issuer.publishes(&[&one], "");
    let shop = issuer.trusted().await.unwrap();
    let generation = || shop.client().keys().unwrap().generation;
    tokio::time::pause();
    come_again(&shop).await;
    assert_eq!((issuer.asked(), generation()), (2, 0));
    let renamed = SigningKey::from_pkcs8(Algorithm::Es256, &one.to_pkcs8().unwrap()).unwrap();
    let renamed = renamed.with_id(KeyId::new("another").unwrap());
    for (at, keys) in [(1, vec![&one, &two]), (2, vec![&two]), (3, vec![&one]), (4, vec![&renamed])] {
        issuer.publishes(&keys, "");
        come_again(&shop).await;
        assert_eq!(generation(), at);
    }
}

#[tokio::test]
async fn how_long_a_token_may_last_and_be_is_held_to_with_whatever_keys() {
    let (issuer, old, new) = (Issuer::start().await, key(), key());
    issuer.publishes(&[&old], "");
    let connect = async |trust: Trust<Ready>| trust.remembering(9).connect::<AccessClaims>().await.unwrap();
    let strict = connect(asked_of(&issuer).lasting_at_most(299)).await;
    let lax = connect(asked_of(&issuer).lasting_at_most(300)).await;
    let patient = connect(asked_of(&issuer).up_to(MaxLength::bytes(32 * 1024).unwrap())).await;
    tokio::time::pause();
    let held_to = |key: &SigningKey| {
        let token = issuer.token(key);
        let claims = Extended::new(issuer.claims(), serde_json::json!({ "text": "x".repeat(13_000) }));
        let long = jwt::sign_up_to(key, &claims, MaxLength::bytes(32 * 1024).unwrap()).unwrap();
        for _ in 0..2 {
            assert_eq!(
                refused(strict.verify_at(&token, NOW)),
                Error::Lasting { most: 299, rule: "RFC 7519 4.1.4" }
            );
            assert!(lax.verify_at(&token, NOW).is_ok() && patient.verify_at(&long, NOW).is_ok());
            assert_eq!(refused(lax.verify_at(&long, NOW)), Error::TooLarge { limit: 16 * 1024 });
        }
    };
    held_to(&old);
    issuer.publishes(&[&new], "");
    for shop in [&strict, &lax, &patient] {
        come_again(shop).await;
    }
    held_to(&new);
}

/// Claims under a header that says this much of their type.
fn typed(key: &SigningKey, typ: &str, claims: &impl Profile) -> String {
    let header = format!(r#"{{"alg":"{}"{typ},"kid":"{}"}}"#, key.algorithm(), key.key_id());
    let claims = serde_json::to_vec(claims).unwrap();
    let input = format!("{}.{}", base64::encode(header), base64::encode(claims));
    format!("{input}.{}", base64::encode(key.sign(input.as_bytes()).unwrap()))
}

#[tokio::test]
async fn tokens_without_a_type_are_taken_only_where_somebody_asks_for_it() {
    let (issuer, old, new) = (Issuer::start().await, key(), key());
    issuer.publishes(&[&old], "");
    type Own = Extended<IdClaims, Map<String, Value>>;
    let strict = asked_of(&issuer).remembering(9).connect::<IdClaims>().await.unwrap();
    let shop = asked_of(&issuer).remembering(9).connect::<IdClaims>().await.unwrap().accepting_untyped();
    let own = asked_of(&issuer).connect::<Own>().await.unwrap().accepting_untyped();
    let clients = trust("web").audience("shop-api").within(Reach::ThisMachine);
    let clients = clients.with_keys_of::<AssertionClaims>(shop.client().clone()).accepting_generic_type();
    tokio::time::pause();
    let (iss, aud) = (issuer.url.clone(), "shop-api".into());
    let id = IdClaims { iss, aud, sub: "ana".into(), iat: NOW, exp: NOW + 300, ..IdClaims::default() };
    let told = |key: &SigningKey| {
        let token = typed(key, "", &id);
        let first = shop.verify_at(&token, NOW).unwrap();
        assert!(is_one(&first, &shop.verify_at(&token, NOW).unwrap()));
        assert!(shop.verify_at(&jwt::sign(key, &id).unwrap(), NOW).is_ok());
        assert_eq!(own.verify_at(&token, NOW).unwrap().sub, "ana");
        let other = Error::Type { expected: "JWT" };
        assert_eq!(refused(strict.verify_at(&token, NOW)), other);
        assert_eq!(refused(shop.verify_at(&issuer.token(key), NOW)), other);
        let assertion = AssertionClaims::new("web", "shop-api", "a1", NOW, NOW + 60);
        assert!(clients.verify_at(&typed(key, r#","typ":"JWT""#, &assertion), NOW).is_ok());
    };
    told(&old);
    issuer.publishes(&[&new], "");
    come_again(&shop).await;
    come_again(&own).await;
    come_again(&strict).await;
    told(&new);
}
