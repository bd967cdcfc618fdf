//! Keys that turn, and strangers who would like them fetched all the time. The clock is the test's.

use std::cell::Cell;
use std::time::Duration;

use countersign_jose::jwt::AccessClaims;
use countersign_jose::{Algorithm, Error, KeyId, SigningKey, base64};
use tokio::time::Instant;

use super::tests::{Issuer, NOW, come_again, key, until};
use super::*;

/// Lets what was begun on the sockets end, while no time passes.
async fn settle(issuer: &Issuer, shop: &Remote<AccessClaims>) {
    for round in 0.. {
        tokio::task::yield_now().await;
        let asked = u64::try_from(issuer.asked()).unwrap();
        if round > 300 && asked == shop.client().health().fetches {
            return;
        }
        assert!(round < 1_000_000, "a fetch never arrives");
    }
}

/// A token whose header and signature are a stranger's.
fn forged(header: &str, honest: &str) -> String {
    let payload = honest.split('.').nth(1).unwrap();
    format!("{}.{payload}.{}", base64::encode(header), "A".repeat(86))
}

/// How many tokens come in one second.
const FLOOD: u32 = 100_000;

/// Sends [`FLOOD`] tokens in the first second of each of three cooldowns, and counts the fetches.
async fn flood(
    issuer: &Issuer,
    shop: &Remote<AccessClaims>,
    token: impl Fn(u32) -> String,
    why: &Error,
) -> Vec<usize> {
    let (mut number, mut fetches) = (0, Vec::new());
    for _ in 0..3 {
        let begun = Instant::now();
        for _ in 0..10 {
            for _ in 0..FLOOD / 10 {
                let refused = shop.verify_at(&token(number), NOW).unwrap_err();
                assert_eq!(refused, NotVerified::Refused(why.clone()));
                number += 1;
            }
            tokio::time::advance(Duration::from_millis(100)).await;
            settle(issuer, shop).await;
        }
        assert_eq!(begun.elapsed(), Duration::from_secs(1));
        for _ in 0..29 {
            tokio::time::advance(Duration::from_millis(1_001)).await;
            settle(issuer, shop).await;
        }
        fetches.push(issuer.asked());
    }
    assert_eq!(number, 3 * FLOOD);
    fetches
}

#[tokio::test]
async fn a_hundred_thousand_made_up_keys_cause_one_fetch_in_each_cooldown() {
    let (issuer, key) = (Issuer::start().await, key());
    issuer.publishes(&[&key], "");
    let shop = issuer.trusted().await.unwrap();
    tokio::time::pause();
    let good = issuer.token(&key);
    let token = |number| forged(&format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{number}"}}"#), &good);
    assert_eq!(flood(&issuer, &shop, token, &Error::UnknownKey).await, [2, 3, 4]);
    assert!(shop.verify_at(&good, NOW).is_ok());
}

#[tokio::test]
async fn a_hundred_thousand_bad_signatures_cause_no_more_than_one_fetch_in_a_cooldown() {
    let (issuer, key) = (Issuer::start().await, key());
    issuer.publishes(&[&key], "");
    let shop = issuer.trusted().await.unwrap();
    tokio::time::pause();
    let good = issuer.token(&key);
    let header = format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{}"}}"#, key.key_id());
    let bad = forged(&header, &good);
    // One name is asked for once in two cooldowns.
    assert_eq!(flood(&issuer, &shop, |_| bad.clone(), &Error::Signature).await, [2, 2, 3]);
    assert!(shop.verify_at(&good, NOW).is_ok());
}

#[tokio::test]
async fn in_a_flood_no_more_names_are_looked_at_than_can_be_remembered() {
    let (issuer, key) = (Issuer::start().await, key());
    issuer.publishes(&[&key], "");
    let shop = issuer.trusted().await.unwrap();
    let looked = Cell::new(0);
    for number in 0..FLOOD {
        shop.client().want(|| {
            looked.set(looked.get() + 1);
            number.to_string()
        });
    }
    assert_eq!(looked.get(), 1_024);
}

#[tokio::test]
async fn a_new_key_is_found_within_a_cooldown_whatever_names_are_made_up() {
    let (issuer, old) = (Issuer::start().await, key());
    issuer.publishes(&[&old], "");
    let shop = issuer.trusted().await.unwrap();
    tokio::time::pause();
    let good = issuer.token(&old);
    // In the second round the first names are no news, and there is no room for others.
    for new in [key(), key()] {
        issuer.publishes(&[&new], "");
        for number in 0..2_000 {
            let header = format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{number}"}}"#);
            assert!(shop.verify_at(&forged(&header, &good), NOW).is_err());
        }
        let (token, begun) = (issuer.token(&new), Instant::now());
        assert_eq!(shop.verify_at(&token, NOW).unwrap_err(), NotVerified::Refused(Error::UnknownKey));
        come_again(&shop).await;
        assert!(begun.elapsed() < Duration::from_secs(32), "{:?}", begun.elapsed());
        assert_eq!(shop.verify_at(&token, NOW).unwrap().sub, "ana");
    }
}

/// What a key signs for a token without `kid`.
fn unnamed(key: &SigningKey, issuer: &Issuer) -> String {
    use countersign_jose::Signer as _;
    let claims = serde_json::to_vec(&issuer.claims()).unwrap();
    let input = format!(
        "{}.{}",
        base64::encode(format!(r#"{{"alg":"{}","typ":"at+jwt"}}"#, key.algorithm())),
        base64::encode(claims)
    );
    let signature = key.sign(input.as_bytes()).unwrap();
    format!("{input}.{}", base64::encode(signature))
}

#[tokio::test]
async fn a_key_that_turns_in_its_place_is_found_by_the_first_good_token() {
    let named = |algorithm| SigningKey::generate(algorithm).unwrap().with_id(KeyId::new("the-key").unwrap());
    let (es, other, ed) = (Algorithm::Es256, Algorithm::Es256, Algorithm::EdDsa);
    for (old, new, named_tokens, why) in [
        // The name is used again, for the same algorithm or for another.
        (named(es), named(other), true, Error::Signature),
        (named(es), named(ed), true, Error::Algorithm { expected: es }),
        // Nobody names a key: one of the same kind, and one of another.
        (named(es), named(other), false, Error::Signature),
        (named(es), named(ed), false, Error::Algorithm { expected: es }),
    ] {
        let issuer = Issuer::start().await;
        issuer.publishes(&[&old], "");
        let shop = issuer.trusted().await.unwrap();
        tokio::time::pause();
        let token = |key| if named_tokens { issuer.token(key) } else { unnamed(key, &issuer) };
        assert!(shop.verify_at(&token(&old), NOW).is_ok());
        issuer.publishes(&[&new], "");
        tokio::time::advance(Duration::from_secs(40)).await;
        let turned = token(&new);
        assert_eq!(shop.verify_at(&turned, NOW).unwrap_err(), NotVerified::Refused(why));
        until(&shop, |health| health.fetches == 2).await;
        let is_known = || shop.verify_at(&turned, NOW).is_ok();
        // The answer comes over a socket, by a server that sleeps for no time and still wants a tick of the clock.
        for _ in 0..100_000 {
            if is_known() {
                break;
            }
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        assert!(is_known());
        assert!(shop.verify_at(&token(&old), NOW).is_err());
        tokio::time::resume();
    }
}

#[tokio::test]
async fn a_token_that_names_none_of_several_keys_asks_for_newer_ones() {
    let (issuer, one, two) = (Issuer::start().await, key(), key());
    issuer.publishes(&[&one, &two], "");
    let shop = issuer.trusted().await.unwrap();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(40)).await;
    let refused = shop.verify_at(&unnamed(&one, &issuer), NOW).unwrap_err();
    assert_eq!(refused, NotVerified::Refused(Error::KeyUnnamed));
    until(&shop, |health| health.fetches == 2).await;
}

#[tokio::test]
async fn what_is_wrong_with_a_token_beside_its_key_fetches_nothing() {
    let (issuer, key) = (Issuer::start().await, key());
    issuer.publishes(&[&key], "");
    let shop = issuer.trusted().await.unwrap();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(40)).await;
    let foreign =
        countersign_jose::jwt::sign(&key, &AccessClaims { aud: "x".into(), ..issuer.claims() }).unwrap();
    for (token, now) in [(foreign, NOW), (issuer.token(&key), NOW + 9_000), ("a.b.c".to_owned(), NOW)] {
        assert!(shop.verify_at(&token, now).is_err());
        settle(&issuer, &shop).await;
    }
    assert_eq!(shop.client().health().fetches, 1);
}
