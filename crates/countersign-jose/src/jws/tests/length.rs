//! What is written can be read: the limit is one for both.

use crate::algorithm::Algorithm;
use crate::error::{Error, Fault};
use crate::fixtures::{AUDIENCE, ISSUER, NOW, access, es256, rs256};
use crate::jws::{self, AllOf, AnyOf, Content, MAX_TOKEN, MaxLength, Trusted};
use crate::jwt::{self, AccessClaims, Extended};
use crate::key::SigningKey;
use crate::sd_jwt;

const LIMIT: Fault = Fault::TooLong { limit: MAX_TOKEN };

fn long() -> MaxLength {
    MaxLength::bytes(64 * 1024).unwrap()
}

fn allowing(key: &SigningKey) -> Trusted {
    Trusted::from(key.verifying_key()).up_to(long())
}

/// The payload with which the whole has at most the greatest length, by a byte or two.
fn most(written: impl Fn(&[u8]) -> usize) -> usize {
    (0..MAX_TOKEN).rev().find(|length| written(&vec![b'x'; *length]) <= MAX_TOKEN).unwrap()
}

#[test]
fn what_is_signed_is_read_and_a_byte_more_is_not_signed() {
    // By a key elsewhere, too, before it is asked.
    for key in [es256(), rs256()] {
        let public = key.verifying_key();
        let around = jws::sign(key, None, b"").unwrap().len();
        let length = most(|payload| around + crate::base64::encode(payload).len());
        let (fits, over) = (vec![b'x'; length], vec![b'x'; length + 1]);
        let token = jws::sign(key, None, &fits).unwrap();
        assert!(jws::verify(&token, &public.clone().into()).is_ok());
        let prepared = Content::new(&fits).prepare(&public).unwrap();
        let signature = crate::key::Signer::sign(key, prepared.input()).unwrap();
        assert_eq!(prepared.signed(&signature).unwrap().len(), token.len());

        assert_eq!(jws::sign(key, None, &over).unwrap_err(), LIMIT);
        assert_eq!(Content::new(&over).compact(key).unwrap_err(), LIMIT);
        assert_eq!(Content::new(&over).prepare(&public).unwrap_err(), LIMIT);
        assert_eq!(Content::new(&over).flattened(key).unwrap_err(), LIMIT);
        let unsigned = jws::prepare(&public, None, &over);
        let signature = crate::key::Signer::sign(key, unsigned.input()).unwrap();
        assert_eq!(unsigned.signed(&signature).unwrap_err(), Error::TooLarge { limit: MAX_TOKEN });
    }
    // Apart from the token, the payload has no limit.
    let apart = vec![b'x'; 100_000];
    let token = Content::new(&apart).detached().compact(es256()).unwrap();
    assert!(jws::verify_detached(&token, &apart, &es256().verifying_key().into()).is_ok());
}

#[test]
fn what_is_longer_is_written_and_read_where_both_allow_it() {
    let (key, payload) = (es256(), vec![b'x'; 20_000]);
    let plain: Trusted = key.verifying_key().into();
    let too_large = Error::TooLarge { limit: MAX_TOKEN };
    let content = Content::new(&payload).up_to(long());
    let token = content.compact(key).unwrap();
    assert_eq!(jws::verify(&token, &plain).unwrap_err(), too_large);
    assert_eq!(jws::verify(&token, &allowing(key)).unwrap().payload(), payload);
    let bare = content.unencoded().compact(key).unwrap();
    assert_eq!(jws::verify_unencoded(&bare, &plain).unwrap_err(), too_large);
    assert!(jws::verify_unencoded(&bare, &allowing(key)).is_ok());
    let document = content.flattened(key).unwrap();
    assert_eq!(jws::verify_json(&document, &AnyOf::new(plain.clone())).unwrap_err(), too_large);
    assert!(jws::verify_json(&document, &AnyOf::new(allowing(key))).is_ok());
    let unsigned = content.prepare(&key.verifying_key()).unwrap();
    let signature = crate::key::Signer::sign(key, unsigned.input()).unwrap();
    assert!(jws::verify(&unsigned.signed(&signature).unwrap(), &allowing(key)).is_ok());
    // And no further.
    let payload = vec![b'x'; 64 * 1024];
    let over = Content::new(&payload).up_to(long()).compact(key).unwrap_err();
    assert_eq!(over, Fault::TooLong { limit: 64 * 1024 });
    assert_eq!(MaxLength::bytes(17 * 1024 * 1024), None);
}

#[test]
fn three_of_the_longest_signatures_are_for_whoever_allows_them() {
    let keys = [(); 3].map(|()| SigningKey::generate(Algorithm::MlDsa87).unwrap());
    let [one, two, three] = &keys;
    let content = Content::new(b"a deed").detached();
    assert_eq!(content.general(one, &[two, three]).unwrap_err(), LIMIT);
    let document = content.up_to(long()).general(one, &[two, three]).unwrap();
    let all = AllOf::new(allowing(one)).and(allowing(two)).and(allowing(three));
    assert_eq!(jws::verify_json_detached(&document, b"a deed", &all).unwrap().signatures().len(), 3);
    let shy = AllOf::new(one.verifying_key()).and(two.verifying_key()).and(three.verifying_key());
    let refused = jws::verify_json_detached(&document, b"a deed", &shy).unwrap_err();
    assert_eq!(refused, Error::TooLarge { limit: MAX_TOKEN });
}

#[test]
fn claims_and_credentials_have_the_same_limit() {
    let text = "x".repeat(13_000);
    let claims = Extended::new(access(), serde_json::json!({ "text": text }));
    assert_eq!(jwt::sign(es256(), &claims).unwrap_err(), LIMIT);
    assert_eq!(jwt::prepare(&es256().verifying_key(), &claims).unwrap_err(), LIMIT);
    let token = jwt::sign_up_to(es256(), &claims, long()).unwrap();
    let verifier = |trusted: Trusted| {
        jwt::verifier::<AccessClaims>(trusted).issuer(ISSUER).audience(AUDIENCE).remembering(9)
    };
    let shy = verifier(es256().verifying_key().into());
    assert_eq!(shy.verify(&token, NOW).unwrap_err(), Error::TooLarge { limit: MAX_TOKEN });
    let patient = verifier(allowing(es256()));
    for _ in 0..2 {
        assert_eq!(patient.verify(&token, NOW).unwrap().sub, "ana");
    }
    // A verifier that has other keys has their limit.
    assert!(patient.clone().with_keys(allowing(es256())).verify(&token, NOW).is_ok());
    assert!(patient.with_keys(es256().verifying_key()).verify(&token, NOW).is_err());

    let credential = sd_jwt::Claims::new(&serde_json::json!({ "iss": ISSUER, "text": text })).unwrap();
    let typ = sd_jwt::Type::CREDENTIAL;
    assert_eq!(credential.sign(es256(), typ).unwrap_err(), LIMIT);
    assert_eq!(credential.prepare(&es256().verifying_key(), typ).unwrap_err(), LIMIT);
    // What is concealed stands behind the token, where there is more room, and an end of it.
    let fill = |size: usize| {
        let text = "x".repeat(size);
        let mut claims = sd_jwt::Claims::new(&serde_json::json!({ "iss": ISSUER, "text": text })).unwrap();
        claims.conceal("/text").unwrap();
        (claims.sign(es256(), typ), claims.prepare(&es256().verifying_key(), typ))
    };
    let (signed, prepared) = fill(20_000);
    assert!(signed.is_ok() && prepared.is_ok());
    let over = Fault::TooLong { limit: sd_jwt::MAX_PRESENTATION };
    let (signed, prepared) = fill(50_000);
    assert_eq!((signed.unwrap_err(), prepared.unwrap_err()), (over, over));
}

#[test]
fn a_credential_or_proof_that_another_key_has_signed_is_not_let_out() {
    use crate::key::Signer as _;
    let (own, other) = (es256(), SigningKey::generate(Algorithm::Es256).unwrap());
    let public = own.verifying_key();
    let claims = sd_jwt::Claims::new(&serde_json::json!({ "iss": ISSUER })).unwrap();
    let unsigned = claims.prepare(&public, sd_jwt::Type::CREDENTIAL).unwrap();
    let by_other = other.sign(unsigned.input()).unwrap();
    assert_eq!(unsigned.clone().signed(&by_other).unwrap_err(), Error::Signature);
    let by_own = own.sign(unsigned.input()).unwrap();
    let credential = unsigned.signed(&by_own).unwrap();
    let shown = sd_jwt::Held::parse(&credential).unwrap().present(|_| true);
    let unsigned = shown.prepare(&public, AUDIENCE, "n", NOW).unwrap();
    assert_eq!(unsigned.signed(&by_own).unwrap_err(), Error::Signature);
    let proof = jwt::dpop::Request::new("GET", "https://shop.example/").prepare(&public, "p", NOW).unwrap();
    assert_eq!(proof.signed(&by_own).unwrap_err(), Error::Signature);
}
