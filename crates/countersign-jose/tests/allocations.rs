//! How often the paths that every request takes allocate. `cargo xtask bench jose` prints more of it; this keeps it.

use allocation_counter::measure;
use countersign_jose::jwt::{self, AccessClaims, Scratch};
use countersign_jose::{Algorithm, SharedKey, Signer, SigningKey};

const NOW: u64 = 1_800_000_000;

fn claims() -> AccessClaims {
    AccessClaims {
        iss: "https://id.example".into(),
        sub: "ana".into(),
        aud: "shop".into(),
        client_id: "web".into(),
        iat: NOW,
        exp: NOW + 300,
        jti: "q3W9xT0mVbYk2RzLh8uNcA".into(),
        scope: Some("orders:read orders:write".into()),
        auth_time: Some(NOW - 60),
        ..AccessClaims::default()
    }
}

/// How often the work allocates, after it was done once: rooms have grown, memos are filled.
fn allocations(mut work: impl FnMut()) -> u64 {
    work();
    measure(work).count_total
}

#[test]
fn a_checked_token_whose_claims_are_borrowed_allocates_nothing() {
    let key = SharedKey::generate(Algorithm::Hs256).unwrap();
    let token = jwt::sign(&key, &claims()).unwrap();
    let verifier = jwt::verifier::<AccessClaims>(key).issuer("https://id.example").audience("shop");
    let mut scratch = Scratch::new();
    let check = || assert_eq!(verifier.check(&token, NOW, &mut scratch).unwrap().sub, "ana");
    assert_eq!(allocations(check), 0);
    // The counter counts: claims that are owned do allocate.
    assert!(allocations(|| assert_eq!(verifier.verify(&token, NOW).unwrap().sub, "ana")) > 0);
}

#[test]
fn a_remembered_token_allocates_nothing() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let token = jwt::sign(&key, &claims()).unwrap();
    let verifier = jwt::verifier::<AccessClaims>(key.verifying_key()).issuer("https://id.example");
    let verifier = verifier.audience("shop").remembering(10);
    assert_eq!(allocations(|| assert_eq!(verifier.verify(&token, NOW).unwrap().sub, "ana")), 0);
}

#[test]
fn to_issue_a_token_adds_at_most_one_allocation_to_its_signature() {
    let key = SharedKey::generate(Algorithm::Hs256).unwrap();
    let claims = claims();
    let token = jwt::sign(&key, &claims).unwrap();
    let (signed, _) = token.rsplit_once('.').unwrap();
    // The signature itself is a `Vec`; HMAC in the library beneath needs none.
    let bare = allocations(|| drop(key.sign(signed.as_bytes()).unwrap()));
    assert_eq!(bare, 1);
    let issue = allocations(|| drop(jwt::sign(&key, &claims).unwrap()));
    assert!(issue <= 2, "{issue}");
}
