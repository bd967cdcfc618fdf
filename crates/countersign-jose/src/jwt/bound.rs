//! A token that is bound to a key is nobody's who only has the token.
//!
//! RFC 7800 3, RFC 8705 3 and 3.2, RFC 9449 6 and 7.1: in every kind of token and on every way to
//! verify one.

use serde_json::json;

use super::confirmation::Confirmation;
use super::*;
use crate::error::Error;
use crate::fixtures::{
    AUDIENCE, ISSUER, NOW, access, access_verifier, access_with, brief, es256, faulty, forge, header, id,
};
use crate::key::SigningKey;

const CERTIFICATE: &[u8] = b"a certificate in DER";

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Ticket {
    seat: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cnf: Option<Confirmation>,
}

impl Own for Ticket {
    const TYP: &'static str = "ticket+jwt";
}

fn ticket(cnf: Option<Confirmation>) -> OwnClaims<Ticket> {
    OwnClaims {
        iss: ISSUER.into(),
        sub: "ana".into(),
        aud: AUDIENCE.into(),
        iat: NOW,
        exp: NOW + 60,
        jti: None,
        own: Ticket { seat: "B7".into(), cnf },
    }
}

fn verifier_of<C: Profile>() -> Verifier<C> {
    verifier::<C>(es256().verifying_key()).issuer(ISSUER).audience(AUDIENCE)
}

/// The claims of a token with `cnf` among them, honestly signed.
fn with_cnf<C: Profile>(claims: &C, cnf: &str) -> String {
    let text = serde_json::to_string(claims).unwrap().replacen('{', &format!(r#"{{"cnf":{cnf},"#), 1);
    let header = format!(r#"{{"alg":"ES256","typ":"{}","kid":"{}"}}"#, C::TYP, es256().key_id());
    forge(es256(), &header, &text)
}

fn refuses_it_alone<C: Profile + core::fmt::Debug>(claims: &C) {
    let thumbprint = es256().verifying_key().thumbprint();
    let ways = [
        format!(r#"{{"jkt":"{thumbprint}"}}"#),
        format!(r#"{{"x5t#S256":"{thumbprint}"}}"#),
        r#"{"kid":"k"}"#.to_owned(),
        r#"{"jwk":{"kty":"OKP"}}"#.to_owned(),
    ];
    for verifier in [verifier_of::<C>(), verifier_of::<C>().remembering(10)] {
        for cnf in &ways {
            let token = with_cnf(claims, cnf);
            assert_eq!(verifier.verify(&token, NOW).unwrap_err(), Error::Bound, "{} {cnf}", C::TYP);
            assert!(verifier.verify_bound_by(&token, NOW, |_| true).is_ok(), "{} {cnf}", C::TYP);
            // Nor once it is remembered.
            assert_eq!(verifier.verify(&token, NOW).unwrap_err(), Error::Bound, "{} {cnf}", C::TYP);
            assert_eq!(verifier.verify_bound_by(&token, NOW, |_| false).unwrap_err(), Error::Bound);
        }
        for cnf in ["null", "{}", "7", r#""k""#, "[]", r#"{"kid":"k","jku":"u"}"#] {
            let refused = faulty("cnf");
            assert_eq!(
                verifier.verify(&with_cnf(claims, cnf), NOW).map_err(brief).unwrap_err(),
                refused,
                "{} {cnf}",
                C::TYP
            );
        }
        // And a proof is asked for only where a key is named.
        let free = sign(es256(), claims).unwrap();
        assert_eq!(verifier.verify_bound_by(&free, NOW, |_| true).unwrap_err(), Error::Bound);
        assert!(verifier.verify(&free, NOW).is_ok());
    }
}

#[test]
fn a_bound_token_of_any_kind_is_refused_when_it_is_shown_alone() {
    use super::profile::tests::{assertion, event, introspection, request};
    refuses_it_alone(&access());
    refuses_it_alone(&id());
    refuses_it_alone(&crate::fixtures::logout());
    refuses_it_alone(&event());
    refuses_it_alone(&introspection());
    refuses_it_alone(&assertion());
    refuses_it_alone(&request());
    refuses_it_alone(&ticket(None));
    refuses_it_alone(&Extended::new(access(), json!({ "tier": "gold" })));
    refuses_it_alone(&Extended::new(id(), json!({ "tier": "gold" })));
}

#[test]
fn a_bound_token_is_refused_alone_on_the_ways_that_one_kind_has() {
    let bound = r#"{"kid":"k"}"#;
    let token = forge(es256(), &header(es256()), &access_with("cnf", bound));
    let mut scratch = Scratch::default();
    let api = access_verifier(es256().verifying_key());
    assert_eq!(api.check(&token, NOW, &mut scratch).unwrap_err(), Error::Bound);
    let hint = with_cnf(&id(), bound);
    assert_eq!(verifier_of::<IdClaims>().verify_hint(&hint, NOW).unwrap_err(), Error::Bound);
}

#[test]
fn an_answer_about_a_bound_token_is_worth_no_more_than_the_token() {
    let answer = |cnf: serde_json::Value| {
        let members = json!({ "sub": "ana", "cnf": cnf });
        let token_introspection = Introspected::Active(members.as_object().unwrap().clone());
        let claims = IntrospectionClaims { token_introspection, ..super::profile::tests::introspection() };
        sign(es256(), &claims).unwrap()
    };
    let holder = SigningKey::generate(Algorithm::Es256).unwrap();
    let key = holder.verifying_key();
    let bound = answer(serde_json::to_value(Confirmation::of(&key)).unwrap());
    let api = verifier_of::<IntrospectionClaims>();
    assert_eq!(api.verify(&bound, NOW).unwrap_err(), Error::Bound);
    assert!(api.verify_bound_by(&bound, NOW, |cnf| cnf.is_key(&key)).is_ok());
    let thief = es256().verifying_key();
    assert_eq!(api.verify_bound_by(&bound, NOW, |cnf| cnf.is_key(&thief)).unwrap_err(), Error::Bound);
    assert_eq!(api.verify(&answer(json!("k")), NOW).map_err(brief).unwrap_err(), faulty("cnf"));
    // Two keys, and only one would be looked at.
    let inner = json!({ "active": true, "cnf": { "kid": "k" } });
    let claims = json!({ "iss": ISSUER, "aud": AUDIENCE, "iat": NOW, "token_introspection": inner, "cnf": { "kid": "l" } });
    let typ = format!(r#"{{"alg":"ES256","typ":"token-introspection+jwt","kid":"{}"}}"#, es256().key_id());
    let both = forge(es256(), &typ, &claims.to_string());
    assert_eq!(api.verify_bound_by(&both, NOW, |_| true).map_err(brief).unwrap_err(), faulty("cnf"));
}

#[test]
fn a_key_is_known_by_its_thumbprint_and_as_it_is_and_a_certificate_by_its_hash() {
    let (holder, other) = (SigningKey::generate(Algorithm::Ed25519).unwrap(), es256().verifying_key());
    let key = holder.verifying_key();
    let jwk = serde_json::to_value(key.to_bare_jwk()).unwrap();
    let by_jwk: Confirmation = serde_json::from_value(json!({ "jwk": jwk })).unwrap();
    for named in [Confirmation::of(&key), by_jwk.clone()] {
        assert!(named.is_key(&key) && !named.is_key(&other) && !named.is_certificate(CERTIFICATE));
    }
    assert_eq!(by_jwk.member(), ("jwk", jwk));
    assert_eq!((by_jwk.jkt(), Confirmation::of(&key).jkt()), (None, Some(key.thumbprint().as_str())));
    let certificate = Confirmation::of_certificate(CERTIFICATE);
    assert!(
        certificate.is_certificate(CERTIFICATE)
            && !certificate.is_certificate(b"")
            && !certificate.is_key(&key)
    );
    for one in [Confirmation::of(&key), by_jwk, certificate] {
        let text = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<Confirmation>(&text).unwrap(), one, "{text}");
    }
    for none in ["{}", "7", r#"{"jkt":"x"}"#, r#"{"x5t#S256":7}"#, r#"{"kid":"a","jku":"b"}"#] {
        assert!(serde_json::from_str::<Confirmation>(none).is_err(), "{none}");
    }
}

#[test]
fn a_kind_of_ones_own_can_be_bound() {
    let key = es256().verifying_key();
    let claims = ticket(Some(Confirmation::of(&key)));
    let token = sign(es256(), &claims).unwrap();
    let door = verifier_of::<OwnClaims<Ticket>>();
    assert_eq!(door.verify(&token, NOW).unwrap_err(), Error::Bound);
    let seen = door.verify_bound_by(&token, NOW, |cnf| cnf.is_key(&key)).unwrap();
    assert_eq!(*seen, claims);
}

#[test]
fn whoever_is_asked_about_a_remembered_token_may_ask_the_verifier_in_turn() {
    let token = with_cnf(&access(), r#"{"kid":"k"}"#);
    let verifier = access_verifier(es256().verifying_key()).remembering(10);
    // In the memory's lock the second of these would wait for itself.
    for _ in 0..2 {
        let asked = |_: &Confirmation| verifier.verify(&token, NOW).unwrap_err() == Error::Bound;
        assert!(verifier.verify_bound_by(&token, NOW, asked).is_ok());
    }
}

#[test]
fn a_proof_of_the_key_opens_no_token_that_names_another_way_to_prove_it() {
    use super::dpop::Request;
    let holder = SigningKey::generate(Algorithm::Es256).unwrap();
    let jwk = serde_json::to_string(&holder.verifying_key().to_bare_jwk()).unwrap();
    let thumbprint = holder.verifying_key().thumbprint();
    let api = access_verifier(es256().verifying_key());
    for (cnf, good) in [
        (format!(r#"{{"jkt":"{thumbprint}"}}"#), true),
        (format!(r#"{{"x5t#S256":"{thumbprint}"}}"#), false),
        (format!(r#"{{"jwk":{jwk}}}"#), false),
    ] {
        let token = forge(es256(), &header(es256()), &access_with("cnf", &cnf));
        let request = Request::new("GET", "https://api.example/").with_token(&token);
        let proof = request.check(&request.prove(&holder, "p1", NOW).unwrap(), NOW).unwrap();
        assert_eq!(api.verify_bound(&token, &proof, NOW).is_ok(), good, "{cnf}");
    }
}
