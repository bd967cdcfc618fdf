//! Proofs made for something else.

use super::*;
use crate::fixtures::{NOW, access, access_verifier, brief, es256, faulty, operations, pairs, secret};
use crate::jwt::{self, AccessClaims, Confirmation};

const URI: &str = "https://api.shop.example/orders";

fn key() -> &'static SigningKey {
    es256()
}

fn request() -> Request<'static> {
    Request::new("GET", URI)
}

fn under(header: &str, claims: &str) -> String {
    jws::sign_under(key(), header.as_bytes(), claims.as_bytes()).unwrap()
}

fn header() -> String {
    let jwk = serde_json::to_string(&key().verifying_key().to_bare_jwk()).unwrap();
    format!(r#"{{"alg":"ES256","typ":"dpop+jwt","jwk":{jwk}}}"#)
}

fn claims(member: &str, value: &str) -> String {
    let members =
        [("jti", r#""p1""#), ("htm", r#""GET""#), ("htu", &format!("\"{URI}\"")), ("iat", "1800000000")];
    let kept = members.iter().filter(|(name, _)| *name != member);
    let mut json: Vec<String> = kept.map(|(name, value)| format!("\"{name}\":{value}")).collect();
    if !value.is_empty() {
        json.push(format!("\"{member}\":{value}"));
    }
    format!("{{{}}}", json.join(","))
}

#[test]
fn a_proof_of_every_algorithm_is_good_for_its_request() {
    for key in pairs() {
        let proof = request().prove(&key, "p1", NOW).unwrap();
        let proven = request().check(&proof, NOW + 1).unwrap();
        assert_eq!(proven.thumbprint(), key.verifying_key().thumbprint());
        assert_eq!((proven.jti(), proven.iat()), ("p1", NOW));
    }
}

#[test]
fn a_proof_for_another_request_is_none() {
    let proof = request().prove(key(), "p1", NOW).unwrap();
    let refused = |request: Request<'_>, now| request.check(&proof, now).unwrap_err();
    let faulty = |member| Error::Proof { member };
    assert_eq!(refused(Request::new("POST", URI), NOW), faulty("htm"));
    assert_eq!(refused(Request::new("get", URI), NOW), faulty("htm"));
    assert_eq!(refused(Request::new("GET", "https://api.shop.example/order"), NOW), faulty("htu"));
    assert_eq!(refused(Request::new("GET", ""), NOW), faulty("htu"));
    assert_eq!(refused(request(), NOW + 61), faulty("iat"));
    assert_eq!(refused(request(), NOW - 6), faulty("iat"));
    assert_eq!(refused(request().with_token("t"), NOW), faulty("ath"));
    assert_eq!(refused(request().with_nonce("n"), NOW), faulty("nonce"));
    let full = request().with_token("t").with_nonce("n").prove(key(), "p1", NOW).unwrap();
    assert!(request().with_token("t").with_nonce("n").check(&full, NOW).is_ok());
    assert!(request().with_token("t").check(&full, NOW).is_ok());
    assert_eq!(request().check(&full, NOW).unwrap_err(), faulty("ath"));
    assert_eq!(request().with_token("u").check(&full, NOW).unwrap_err(), faulty("ath"));
    assert_eq!(request().with_token("t").with_nonce("m").check(&full, NOW).unwrap_err(), faulty("nonce"));
}

#[test]
fn each_claim_is_there_and_of_its_type() {
    assert!(request().check(&under(&header(), &claims("-", "")), NOW).is_ok());
    for member in ["jti", "htm", "htu", "iat"] {
        for value in ["", "null", "7.5", "[]", "{}", "\"\"", "true"] {
            let refused = request().check(&under(&header(), &claims(member, value)), NOW).unwrap_err();
            assert_eq!(refused, Error::Proof { member }, "{member}: {value}");
        }
    }
    let long = format!("\"{}\"", "j".repeat(257));
    let refused = request().check(&under(&header(), &claims("jti", &long)), NOW).unwrap_err();
    assert_eq!(refused, Error::Proof { member: "jti" });
}

#[test]
fn a_proof_that_says_when_it_is_good_is_good_then() {
    let by =
        |member, value: &str| request().check(&under(&header(), &claims(member, value)), NOW).map(|_| ());
    assert_eq!(by("exp", &(NOW + 1).to_string()), Ok(()));
    assert_eq!(by("nbf", &NOW.to_string()), Ok(()));
    for (member, value) in [("exp", NOW.to_string()), ("nbf", (NOW + 6).to_string()), ("exp", "null".into())]
    {
        assert_eq!(by(member, &value), Err(Error::Proof { member }), "{value}");
    }
}

#[test]
fn the_key_is_public_and_signs_with_its_own_algorithm() {
    let jwk = serde_json::to_string(&key().verifying_key().to_bare_jwk()).unwrap();
    let refused = |alg: &str, typ: &str, jwk: &str| {
        let header = format!(r#"{{"alg":"{alg}","typ":"{typ}","jwk":{jwk}}}"#);
        request().check(&under(&header, &claims("-", "")), NOW).unwrap_err()
    };
    let private = jwk.replacen('{', r#"{"d":"AQ","#, 1);
    let faulty = Error::Proof { member: "jwk" };
    assert_eq!(refused("ES256", "dpop+jwt", &private), faulty);
    assert_eq!(refused("ES256", "dpop+jwt", r#"{"kty":"oct","k":"AAAA"}"#), faulty);
    assert_eq!(refused("ES256", "dpop+jwt", "\"key\""), faulty);
    assert_eq!(refused("ES384", "dpop+jwt", &jwk), faulty);
    for alg in ["HS256", "es256", ""] {
        assert_eq!(refused(alg, "dpop+jwt", &jwk), Error::Proof { member: "alg" });
    }
    assert_eq!(refused("none", "dpop+jwt", &jwk), Error::AlgorithmNone);
    for typ in ["JWT", "at+jwt", "DPoP+jwt", ""] {
        assert_eq!(refused("ES256", typ, &jwk), Error::Type { expected: "dpop+jwt" });
    }
    let other = SigningKey::generate(Algorithm::Es256).unwrap();
    let other = serde_json::to_string(&other.verifying_key().to_bare_jwk()).unwrap();
    assert_eq!(refused("ES256", "dpop+jwt", &other), Error::Signature);
    let bare = under(r#"{"alg":"ES256","typ":"dpop+jwt"}"#, &claims("-", ""));
    assert_eq!(request().check(&bare, NOW).unwrap_err(), faulty);
    let forged = crate::fixtures::forge(&secret(Algorithm::Hs256), &header(), &claims("-", ""));
    assert_eq!(request().check(&forged, NOW).unwrap_err(), Error::Signature);
}

/// An RSA key that somebody could have, of so many bits, in a header.
fn rsa_header(bits: usize) -> String {
    let mut n = vec![0x5a; bits / 8];
    (n[0], n[1]) = (0xc3, 0x17);
    let jwk = (1_u8..=255).step_by(2).map(|last| {
        *n.last_mut().unwrap() = last;
        format!(r#"{{"kty":"RSA","e":"AQAB","n":"{}"}}"#, base64::encode(&n))
    });
    let good = |jwk: &String| {
        let jwk = Jwk::parse(jwk.as_bytes()).unwrap();
        VerifyingKey::from_jwk_as(&jwk, Algorithm::Ps256).is_ok()
    };
    let jwk = jwk.into_iter().find(good).unwrap();
    format!(r#"{{"alg":"PS256","typ":"dpop+jwt","jwk":{jwk}}}"#)
}

#[test]
fn a_key_is_looked_at_only_for_this_request_and_no_large_one() {
    let told = |header: &str, claims: &str| request().check(&under(header, claims), NOW).unwrap_err();
    // The key of a stranger costs nothing while the proof is for something else.
    let weak = format!(r#"{{"kty":"RSA","e":"AQAB","n":"{}"}}"#, base64::encode([0xc5; 64]));
    let weak = format!(r#"{{"alg":"PS256","typ":"dpop+jwt","jwk":{weak}}}"#);
    for (member, value) in [("htm", "\"POST\""), ("htu", "\"https://other.example/\""), ("iat", "1799999000")]
    {
        assert_eq!(told(&weak, &claims(member, value)), Error::Proof { member });
    }
    assert_eq!(told(&weak, &claims("-", "")), Error::Proof { member: "jwk" });
    assert_eq!(told(&rsa_header(4096), &claims("-", "")), Error::Signature);
    for bits in [4104, 8192] {
        assert_eq!(told(&rsa_header(bits), &claims("-", "")), Error::Proof { member: "jwk" }, "{bits}");
    }
}

#[test]
fn a_key_lists_no_more_operations_than_a_key_can_have() {
    let told = |more: usize| {
        let listed = format!(r#""jwk":{{"key_ops":{},"#, operations("verify", more));
        request().check(&under(&header().replacen(r#""jwk":{"#, &listed, 1), &claims("-", "")), NOW).map(drop)
    };
    assert_eq!(told(31), Ok(()));
    assert_eq!(told(32), Err(Error::Proof { member: "jwk" }));
}

#[test]
fn a_bound_token_needs_the_proof_of_its_key_for_this_token() {
    let holder = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let claims = AccessClaims { cnf: Some(Confirmation::of(&holder.verifying_key())), ..access() };
    let token = jwt::sign(es256(), &claims).unwrap();
    let unbound = jwt::sign(es256(), &access()).unwrap();
    let api = access_verifier(es256().verifying_key());
    let proven = |key: &SigningKey, token: &'static str| {
        let request = request().with_token(token);
        request.check(&request.prove(key, "p1", NOW).unwrap(), NOW).unwrap()
    };
    let token: &'static str = token.leak();
    assert_eq!(api.verify_bound(token, &proven(&holder, token), NOW).unwrap().sub, "ana");
    // Stolen and shown alone; with the thief's key; with a proof for another token; not bound at all.
    assert_eq!(api.verify(token, NOW).unwrap_err(), Error::Bound);
    assert_eq!(api.verify_bound(token, &proven(es256(), token), NOW).unwrap_err(), Error::Bound);
    assert_eq!(api.verify_bound(token, &proven(&holder, "t"), NOW).unwrap_err(), Error::Bound);
    let unbound: &'static str = unbound.leak();
    assert_eq!(api.verify_bound(unbound, &proven(&holder, unbound), NOW).unwrap_err(), Error::Bound);
    let none = request().check(&request().prove(&holder, "p1", NOW).unwrap(), NOW).unwrap();
    assert_eq!(api.verify_bound(token, &none, NOW).unwrap_err(), Error::Bound);
}

#[test]
fn a_token_bound_in_a_way_that_cannot_be_checked_is_refused() {
    use crate::fixtures::{access_with, forge, header};
    let api = access_verifier(es256().verifying_key());
    let jkt = es256().verifying_key().thumbprint();
    for cnf in [
        r#"{"x5t#S256":"short"}"#.to_owned(),
        format!(r#"{{"jkt":"{jkt}","x5t#S256":"{jkt}"}}"#),
        r#"{"jkt":"short"}"#.to_owned(),
        "{}".to_owned(),
        "null".to_owned(),
        format!("\"{jkt}\""),
    ] {
        let token = forge(es256(), &header(es256()), &access_with("cnf", &cnf));
        assert_eq!(api.verify(&token, NOW).map_err(brief).unwrap_err(), faulty("cnf"), "{cnf}");
    }
}
