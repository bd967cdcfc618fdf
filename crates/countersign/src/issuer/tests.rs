//! Issuers by a clock that moves when told to: what they sign, what they publish, what they refuse.

use countersign_jose::jwt::Leeway;
use countersign_jose::{Algorithm, Error};
use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::testing::{BEGIN, FixedClock};

const NAME: &str = "https://id.shop.example";
const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Shopper {
    tier: String,
}

fn gold() -> Shopper {
    Shopper { tier: "gold".into() }
}

fn clocked(clock: &Arc<FixedClock>, lifetime: Duration) -> Issuer {
    let ring = KeyRing::generate(Algorithm::EdDsa).unwrap();
    let issuer = Issuer::new(NAME, ring).audience("shop-api").clock(Arc::clone(clock) as Arc<dyn Clock>);
    issuer.lasting(lifetime).unwrap()
}

fn shop(lifetime: Duration) -> (Issuer, Arc<FixedClock>) {
    let clock = Arc::new(FixedClock::at(BEGIN));
    (clocked(&clock, lifetime), clock)
}

/// What somebody elsewhere makes of the published keys.
fn elsewhere(published: &str, token: &str, now: Timestamp) -> Result<Claims<Shopper>, Error> {
    let keys = KeySet::from_jwks(published.as_bytes()).unwrap();
    let shop = jwt::verifier::<Claims<Shopper>>(keys).issuer(NAME).audience("shop-api").leeway(Leeway::NONE);
    shop.verify(token, now.seconds()).map(jwt::Verified::into_claims)
}

fn published(issuer: &Issuer) -> String {
    serde_json::to_string(&issuer.jwks()).unwrap()
}

#[test]
fn a_token_says_what_was_asked_for() {
    let (issuer, clock) = shop(5 * MINUTE);
    let token = issuer.issue("ada", gold()).unwrap();
    let ada = elsewhere(&published(&issuer), token.reveal(), clock.now()).unwrap();
    assert_eq!((ada.iss.as_str(), ada.sub.as_str(), ada.own.clone()), (NAME, "ada", gold()));
    assert_eq!((ada.aud.only(), ada.client_id.as_str()), (Some("shop-api"), "shop-api"));
    assert_eq!((ada.iat, ada.exp), (BEGIN.seconds(), BEGIN.seconds() + 300));
    let second = issuer.issue("ada", gold()).unwrap();
    assert_ne!(elsewhere(&published(&issuer), second.reveal(), clock.now()).unwrap().jti, ada.jti);
}

#[test]
fn a_client_that_is_named_is_not_the_audience() {
    let ring = KeyRing::generate(Algorithm::Es256).unwrap();
    let issuer = Issuer::new(NAME, ring).audience("shop-api").client("shop-web").lasting(MINUTE).unwrap();
    let token = issuer.issue("ada", gold()).unwrap();
    let ada = issuer.verifier::<Shopper>().verify(token.reveal()).unwrap();
    assert_eq!((ada.client_id.as_str(), ada.aud.only()), ("shop-web", Some("shop-api")));
}

#[test]
fn a_token_dies_at_its_time_and_not_before() {
    let (issuer, clock) = shop(MINUTE);
    let token = issuer.issue("ada", gold()).unwrap();
    let api = issuer.verifier::<Shopper>();
    clock.advance(Duration::from_millis(59_999));
    assert!(api.verify(token.reveal()).is_ok());
    clock.advance(Duration::from_millis(1));
    assert!(matches!(api.verify(token.reveal()), Err(Error::Expired { .. })));
}

#[test]
fn a_verifier_follows_a_rotation_that_came_after_it() {
    let (issuer, clock) = shop(5 * MINUTE);
    let api = issuer.verifier::<Shopper>();
    let old = issuer.issue("ada", gold()).unwrap();
    let rotation = issuer.rotate(MINUTE).unwrap();
    assert_eq!(issuer.jwks().keys().len(), 2);
    assert_eq!(issuer.clone().rotate(MINUTE).unwrap_err().code(), "CS-1114");
    clock.advance(MINUTE);
    let new = issuer.issue("ada", gold()).unwrap();
    assert!(jwt::inspect(new.reveal()).unwrap().header().contains(rotation.successor.as_str()));
    assert!(api.verify(old.reveal()).is_ok());
    assert!(api.verify(new.reveal()).is_ok());
    // The old key leaves when its last token could not live anywhere any more.
    clock.advance(6 * MINUTE);
    assert_eq!(issuer.jwks().keys().len(), 1);
    assert_eq!(api.verify(old.reveal()).unwrap_err(), Error::UnknownKey);
    assert!(issuer.rotate(MINUTE).is_ok());
}

#[test]
fn a_ring_of_ml_dsa_is_published_too() {
    let ring = KeyRing::generate(Algorithm::MlDsa44).unwrap();
    let issuer = Issuer::new(NAME, ring).audience("shop-api").lasting(MINUTE).unwrap();
    let token = issuer.issue("ada", gold()).unwrap();
    let now = SystemClock::default().now();
    assert!(elsewhere(&published(&issuer), token.reveal(), now).is_ok());
}

#[test]
fn what_nobody_would_accept_is_not_made() {
    let issuer = |name: &str, audience: &str, client: &str, lifetime| {
        let ring = KeyRing::generate(Algorithm::EdDsa).unwrap();
        Issuer::new(name, ring).audience(audience).client(client).lasting(lifetime).map(|_| ())
    };
    assert!(issuer(NAME, "shop-api", "shop", MINUTE).is_ok());
    assert!(issuer(NAME, "shop-api", "shop", ACCESS_LIFETIME_MAX).is_ok());
    for (name, audience, client, lifetime) in [
        ("", "shop-api", "shop", MINUTE),
        (NAME, "", "shop", MINUTE),
        (NAME, "shop-api", "", MINUTE),
        (NAME, "shop-api", "shop", Duration::ZERO),
        (NAME, "shop-api", "shop", Duration::from_millis(999)),
        (NAME, "shop-api", "shop", ACCESS_LIFETIME_MAX + Duration::from_secs(1)),
        (NAME, "shop-api", "shop", Duration::MAX),
    ] {
        assert_eq!(issuer(name, audience, client, lifetime).unwrap_err().code(), "CS-1113");
    }
    let (issuer, _) = shop(MINUTE);
    assert_eq!(issuer.issue("", gold()).unwrap_err().code(), "CS-1113");
    let long = Shopper { tier: "g".repeat(16 * 1024) };
    assert_eq!(issuer.issue("ada", long).unwrap_err().code(), "CS-1113");
    #[derive(Serialize, Deserialize)]
    struct Root {
        sub: String,
    }
    assert_eq!(issuer.issue("ada", Root { sub: "root".into() }).unwrap_err().code(), "CS-1096");
}

#[test]
fn nothing_that_is_secret_is_printed() {
    let (issuer, _) = shop(MINUTE);
    let token = issuer.issue("ada", gold()).unwrap();
    assert_eq!(format!("{token:?}"), "AccessToken(..)");
    let kept = issuer.state.0.ring.read().unwrap().signer(BEGIN).to_jwk().unwrap().to_json();
    let json: serde_json::Value = serde_json::from_str(&kept).unwrap();
    let secret = json["d"].as_str().unwrap();
    let printed = [format!("{issuer:?}"), format!("{:?}", issuer.verifier::<Shopper>()), published(&issuer)];
    for text in printed {
        assert!(!text.contains(secret), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn every_token_verifies_until_it_dies_through_all_rotations(
        steps in prop::collection::vec((0..50_000_u64, prop::option::of(0..40_000_u64)), 1..12),
        lifetime in 1..90_u64,
    ) {
        let (issuer, clock) = shop(Duration::from_secs(lifetime));
        let api = issuer.verifier::<Shopper>();
        let mut tokens = Vec::new();
        for (passes, lead) in steps {
            clock.advance(Duration::from_millis(passes));
            if let Some(lead) = lead {
                let _ = issuer.rotate(Duration::from_millis(lead));
            }
            tokens.push((issuer.issue("ada", gold()).unwrap(), clock.now().seconds() + lifetime));
            let (now, keys) = (clock.now(), published(&issuer));
            for (token, exp) in &tokens {
                let lives = now.seconds() < *exp;
                prop_assert_eq!(api.verify(token.reveal()).is_ok(), lives);
                prop_assert_eq!(elsewhere(&keys, token.reveal(), now).is_ok(), lives);
            }
        }
    }
}
