//! What a verifier accepts, and the rules of time, type and audience.

use crate::algorithm::Algorithm;
use crate::error::{ClaimFlaw, Error};
use crate::fixtures::{
    AUDIENCE, ISSUER, NOW, access, access_verifier, access_with, brief, es256, faulty, forge, header, id,
    logout, rs256, secret,
};
use crate::json::Flaw;
use crate::jwt::{self, Audience, IdClaims, Leeway, LogoutClaims, Profile, Scratch, Verifier};
use crate::key::{KeyId, KeySet, SigningKey};

fn id_verifier() -> Verifier<IdClaims> {
    jwt::verifier::<IdClaims>(es256().verifying_key()).issuer(ISSUER).audience(AUDIENCE)
}

fn logout_verifier() -> Verifier<LogoutClaims> {
    jwt::verifier::<LogoutClaims>(es256().verifying_key()).issuer(ISSUER).audience(AUDIENCE)
}

fn with(claim: &str, json: &str) -> Result<(), Error> {
    let token = forge(es256(), &header(es256()), &access_with(claim, json));
    access_verifier(es256().verifying_key()).verify(&token, NOW).map(drop).map_err(brief)
}

#[test]
fn an_access_token_comes_back_as_it_went() {
    let token = jwt::sign(es256(), &access()).unwrap();
    let verified = access_verifier(es256().verifying_key()).verify(&token, NOW).unwrap();
    assert_eq!(*verified, access());
    assert_eq!(verified.into_claims(), access());
    let hmac = jwt::sign(&secret(Algorithm::Hs512), &access()).unwrap();
    assert!(access_verifier(secret(Algorithm::Hs512)).verify(&hmac, NOW).is_ok());
}

#[test]
fn id_and_logout_tokens_come_back_as_they_went() {
    let token = jwt::sign(rs256(), &id()).unwrap();
    let verifier = jwt::verifier::<IdClaims>(rs256().verifying_key()).issuer(ISSUER).audience(AUDIENCE);
    assert_eq!(*verifier.verify(&token, NOW).unwrap(), id());
    let token = jwt::sign(es256(), &logout()).unwrap();
    assert_eq!(*logout_verifier().verify(&token, NOW).unwrap(), logout());
}

#[test]
fn the_claims_are_written_as_the_standards_name_them() {
    let json = serde_json::to_string(&access()).unwrap();
    assert_eq!(
        json,
        r#"{"iss":"https://id.shop.example","sub":"ana","aud":"shop-api","client_id":"shop-web","iat":1800000000,"exp":1800000300,"jti":"t1","scope":"read write","auth_time":1799999940,"amr":["pwd"]}"#
    );
    let json = serde_json::to_string(&logout()).unwrap();
    assert!(json.contains(r#""events":{"http://schemas.openid.net/event/backchannel-logout":{}}"#));
}

#[test]
fn expired_means_on_or_after_and_the_leeway_moves_it() {
    let token = jwt::sign(es256(), &access()).unwrap();
    let exp = access().exp;
    let strict = access_verifier(es256().verifying_key()).leeway(Leeway::NONE);
    assert!(strict.verify(&token, exp - 1).is_ok());
    assert_eq!(strict.verify(&token, exp).unwrap_err(), Error::Expired { at: exp, claim: "exp" });
    let default = access_verifier(es256().verifying_key());
    assert!(default.verify(&token, exp + 4).is_ok());
    assert_eq!(default.verify(&token, exp + 5).unwrap_err(), Error::Expired { at: exp, claim: "exp" });
    let wide = default.leeway(Leeway::seconds(60).unwrap());
    assert!(wide.verify(&token, exp + 59).is_ok());
    assert!(wide.verify(&token, exp + 60).is_err());
    assert!(wide.verify(&token, u64::MAX).is_err());
    assert_eq!(Leeway::seconds(61), None);
}

#[test]
fn tokens_from_the_future_are_refused() {
    let token = jwt::sign(es256(), &access()).unwrap();
    let verifier = access_verifier(es256().verifying_key());
    assert!(verifier.verify(&token, NOW - 5).is_ok());
    assert_eq!(verifier.verify(&token, NOW - 6).unwrap_err(), Error::Early { from: NOW, claim: "iat" });
    assert_eq!(with("nbf", &(NOW + 6).to_string()), Err(Error::Early { from: NOW + 6, claim: "nbf" }));
    assert_eq!(with("nbf", &(NOW + 5).to_string()), Ok(()));
    assert_eq!(with("nbf", "\"soon\""), Err(faulty("nbf")));
}

#[test]
fn each_required_claim_is_required() {
    for claim in ["iss", "sub", "aud", "client_id", "iat", "exp", "jti"] {
        assert_eq!(with(claim, ""), Err(faulty(claim)));
        for wrong in ["null", "true", "{}", "[1]", "\"\"", "1.5", "-1"] {
            assert_eq!(with(claim, wrong), Err(faulty(claim)), "{claim}: {wrong}");
        }
    }
}

#[test]
fn optional_claims_of_the_wrong_type_are_not_taken_for_absent() {
    for (claim, wrong) in [
        ("scope", "[\"read\"]"),
        ("auth_time", "\"1\""),
        ("acr", "1"),
        ("amr", "\"pwd\""),
        ("amr", "[1]"),
        ("scope", "null"),
    ] {
        assert_eq!(with(claim, wrong), Err(faulty(claim)), "{claim}: {wrong}");
        assert_eq!(with(claim, ""), Ok(()));
    }
}

#[test]
fn unknown_claims_are_ignored() {
    assert_eq!(with("https://shop.example/plan", r#"{"tier":["a",{"b":1.5}]}"#), Ok(()));
}

#[test]
fn an_audience_is_a_member_and_never_a_part() {
    for good in [r#""shop-api""#, r#"["shop-api"]"#, r#"["other","shop-api"]"#] {
        assert_eq!(with("aud", good), Ok(()), "{good}");
    }
    for other in [r#""shop-ap""#, r#""shop-api-2""#, r#""SHOP-API""#, r#""shop-api ""#, r#"["shop","api"]"#] {
        assert_eq!(with("aud", other), Err(Error::Audience), "{other}");
    }
    for wrong in [
        "7",
        "[]",
        "[7]",
        r#"["shop-api",7]"#,
        r#"[["shop-api"]]"#,
        r#"{"shop-api":1}"#,
        r#"["shop-api",""]"#,
    ] {
        assert_eq!(with("aud", wrong), Err(faulty("aud")), "{wrong}");
    }
}

#[test]
fn an_issuer_is_one_exact_string() {
    for other in [
        r#""https://id.shop.example/""#,
        r#""https://id.shop.exampl""#,
        r#""https://ID.shop.example""#,
        r#""http://id.shop.example""#,
    ] {
        assert_eq!(with("iss", other), Err(Error::Issuer), "{other}");
    }
    assert_eq!(with("iss", r#"["https://id.shop.example"]"#), Err(faulty("iss")));
    // The same string spelled with escapes is the same string.
    assert_eq!(with("iss", r#""https:\/\/id.shop.ex\u0061mple""#), Ok(()));
}

#[test]
fn an_id_token_for_several_clients_says_to_which_it_was_issued() {
    let check = |claims: IdClaims| {
        let token = jwt::sign(es256(), &claims).unwrap();
        id_verifier().verify(&token, NOW).map(drop).map_err(brief)
    };
    let several = || Audience::of([AUDIENCE, "other"]);
    assert_eq!(check(IdClaims { aud: several(), ..id() }), Err(faulty("azp")));
    assert_eq!(check(IdClaims { aud: several(), azp: Some("other".into()), ..id() }), Err(faulty("azp")));
    assert_eq!(check(IdClaims { aud: several(), azp: Some(AUDIENCE.into()), ..id() }), Ok(()));
    assert_eq!(check(IdClaims { azp: Some("other".into()), ..id() }), Err(faulty("azp")));
}

#[test]
fn a_hint_may_have_expired_and_nothing_else() {
    let verifier = id_verifier();
    let token = jwt::sign(es256(), &id()).unwrap();
    let later = id().exp + 30 * 86_400;
    assert!(verifier.verify(&token, later).is_err());
    assert_eq!(*verifier.verify_hint(&token, later).unwrap(), id());
    assert_eq!(verifier.verify_hint(&token, NOW - 60).unwrap_err(), Error::Early { from: NOW, claim: "iat" });
    let foreign = jwt::sign(es256(), &IdClaims { iss: "https://else.example".into(), ..id() }).unwrap();
    assert_eq!(verifier.verify_hint(&foreign, NOW).unwrap_err(), Error::Issuer);
    let other = jwt::sign(es256(), &IdClaims { aud: "other".into(), ..id() }).unwrap();
    assert_eq!(verifier.verify_hint(&other, NOW).unwrap_err(), Error::Audience);
    let access = jwt::sign(es256(), &access()).unwrap();
    assert_eq!(verifier.verify_hint(&access, NOW).unwrap_err(), Error::Type { expected: "JWT" });
    let stranger = SigningKey::generate(Algorithm::Es256).unwrap().with_id(es256().key_id().clone());
    let forged = jwt::sign(&stranger, &id()).unwrap();
    assert_eq!(verifier.verify_hint(&forged, NOW).unwrap_err(), Error::Signature);
}

#[test]
fn a_logout_token_needs_its_event_and_someone_to_sign_out() {
    let check = |json: &str| {
        let header = format!(r#"{{"alg":"ES256","typ":"logout+jwt","kid":"{}"}}"#, es256().key_id());
        logout_verifier().verify(&forge(es256(), &header, json), NOW).map(drop).map_err(brief)
    };
    let good = serde_json::to_string(&logout()).unwrap();
    assert_eq!(check(&good), Ok(()));
    assert_eq!(check(&good.replace("backchannel-logout", "else")), Err(faulty("events")));
    assert_eq!(check(&good.replace(r#","sub":"ana""#, "")), Err(faulty("sub")));
    assert_eq!(check(&good.replace(r#""sub""#, r#""nonce":"n","sub""#)), Err(faulty("nonce")));
}

#[test]
fn a_known_header_still_needs_its_signature() {
    let verifier = access_verifier(es256().verifying_key());
    let token = jwt::sign(es256(), &access()).unwrap();
    verifier.verify(&token, NOW).unwrap();
    verifier.verify(&token, NOW).unwrap();
    let stranger = SigningKey::generate(Algorithm::Es256).unwrap().with_id(es256().key_id().clone());
    let forged = jwt::sign(&stranger, &access()).unwrap();
    assert_eq!(forged.split('.').next(), token.split('.').next());
    assert_eq!(verifier.verify(&forged, NOW).unwrap_err(), Error::Signature);
    assert_eq!(
        verifier.clone().with_keys(stranger.verifying_key()).verify(&token, NOW).unwrap_err(),
        Error::Signature
    );
    assert!(verifier.with_keys(stranger.verifying_key()).verify(&forged, NOW).is_ok());
}

#[test]
fn a_known_header_does_not_carry_over_to_another_audience() {
    let verifier = access_verifier(es256().verifying_key());
    let token = jwt::sign(es256(), &access()).unwrap();
    verifier.verify(&token, NOW).unwrap();
    let other = verifier.clone().with_audience("else");
    assert_eq!(other.verify(&token, NOW).unwrap_err(), Error::Audience);
    assert!(other.with_audience(AUDIENCE).verify(&token, NOW).is_ok());
}

#[test]
fn a_forged_header_is_never_remembered() {
    let verifier = access_verifier(es256().verifying_key());
    let stranger = SigningKey::generate(Algorithm::Es256).unwrap().with_id(es256().key_id().clone());
    let forged = jwt::sign(&stranger, &access()).unwrap();
    for _ in 0..2 {
        assert_eq!(verifier.verify(&forged, NOW).unwrap_err(), Error::Signature);
    }
    assert!(format!("{verifier:?}").contains("OnceLock(<uninit>)"));
    // Nor is the header of a good token of another type.
    let other = jwt::sign(es256(), &id()).unwrap();
    assert!(matches!(verifier.verify(&other, NOW), Err(Error::Type { .. })));
    assert!(format!("{verifier:?}").contains("OnceLock(<uninit>)"));
}

#[test]
fn rotation_keeps_the_old_key_until_it_is_taken_out() {
    let (old, new) =
        (SigningKey::generate(Algorithm::Es256).unwrap(), SigningKey::generate(Algorithm::EdDsa).unwrap());
    let both = KeySet::new([old.verifying_key(), new.verifying_key()]).unwrap();
    let verifier = access_verifier(both);
    let (first, second) = (jwt::sign(&old, &access()).unwrap(), jwt::sign(&new, &access()).unwrap());
    for _ in 0..2 {
        assert!(verifier.verify(&first, NOW).is_ok());
        assert!(verifier.verify(&second, NOW).is_ok());
    }
    let after = verifier.with_keys(new.verifying_key());
    assert_eq!(after.verify(&first, NOW).unwrap_err(), Error::UnknownKey);
    assert!(after.verify(&second, NOW).is_ok());
}

#[test]
fn inspecting_shows_the_text_and_refuses_what_is_not_json() {
    let token = jwt::sign(es256(), &access()).unwrap();
    let unverified = jwt::inspect(&token).unwrap();
    assert_eq!(unverified.header(), header(es256()));
    assert_eq!(unverified.claims(), serde_json::to_string(&access()).unwrap());
    assert_eq!(unverified.signature_len(), 64);
    assert_eq!(unverified.audience(), Some(access().aud));
    assert_eq!(jwt::inspect("e30.e30.").unwrap().audience(), None);
    assert_eq!(jwt::inspect("a.b").unwrap_err(), Error::Shape);
    assert!(matches!(jwt::inspect("e30.W10."), Err(Error::Json { part: "claims", .. })));
}

#[test]
fn openid_connect_core_half_hash() {
    // OpenID Connect Core A.4 and A.6: the values of its own examples.
    assert_eq!(
        jwt::half_hash(Algorithm::Rs256, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"),
        Some("77QmUPtjPfzWtF2AnpK9RQ".to_owned())
    );
    assert_eq!(jwt::half_hash(Algorithm::EdDsa, "x").unwrap().len(), 43);
    assert_eq!(jwt::half_hash(Algorithm::MlDsa44, "x"), None);
}

#[test]
fn typ_may_carry_its_tree_and_nothing_else() {
    for good in ["at+jwt", "application/at+jwt"] {
        assert!(jwt::AccessClaims::is_typ(good));
    }
    for bad in
        ["JWT", "at+jwt ", "AT+JWT", "application/application/at+jwt", "text/at+jwt", "", "application/"]
    {
        assert!(!jwt::AccessClaims::is_typ(bad), "{bad:?}");
    }
    let id = KeyId::new("k").unwrap();
    assert_eq!(id.to_string(), "k");
}

/// As the documentation of `verify` has it: each step takes away the fault that was told.
#[test]
fn of_several_faults_the_first_in_the_documented_order_is_told() {
    let stranger = SigningKey::generate(Algorithm::Es256).unwrap();
    let wrong = |claim, rule| Error::Claim { claim, flaw: ClaimFlaw::Malformed, rule };
    let soon = format!(r#""nbf":{}"#, NOW + 900);
    let steps: [(&str, String, Error); 12] = [
        (r#""alg":"none""#, r#""alg":"ES256""#.into(), Error::AlgorithmNone),
        (r#""typ":"JWT""#, r#""typ":"at+jwt""#.into(), Error::Type { expected: "at+jwt" }),
        ("nobody", es256().key_id().to_string(), Error::UnknownKey),
        ("", String::new(), Error::Signature),
        (r#""a":1,"#, String::new(), Error::Json { part: "claims", flaw: Flaw::Duplicate }),
        (r#""client_id":7"#, r#""client_id":"web""#.into(), wrong("client_id", "RFC 8693 4.3")),
        ("https://evil.example", ISSUER.into(), Error::Issuer),
        ("bank", AUDIENCE.into(), Error::Audience),
        (r#","cnf":{"kid":"k"}"#, String::new(), Error::Bound),
        (r#""nbf":"soon""#, soon.clone(), wrong("nbf", "RFC 7519 4.1.5")),
        (r#""exp":9"#, format!(r#""exp":{}"#, NOW + 9000), Error::Expired { at: 9, claim: "exp" }),
        (&soon, r#""nbf":1"#.into(), Error::Early { from: NOW + 900, claim: "nbf" }),
    ];
    let mut header = r#"{"alg":"none","typ":"JWT","kid":"nobody"}"#.to_owned();
    let mut claims = format!(
        r#"{{"a":1,"a":2,"iss":"https://evil.example","sub":"ana","aud":"bank","client_id":7,"iat":{NOW},"exp":9,"nbf":"soon","jti":"t","cnf":{{"kid":"k"}}}}"#
    );
    // As one that has seen no token, as one that knows the header of a good one, and with claims that are borrowed.
    let verdicts = |token: &str| {
        let verifier = || access_verifier(es256().verifying_key()).lasting_at_most(3600);
        let (fresh, warm) = (verifier(), verifier());
        warm.verify(&jwt::sign(es256(), &access()).unwrap(), NOW).unwrap();
        let borrowed = verifier().check(token, NOW, &mut Scratch::new()).map(drop);
        [fresh.verify(token, NOW).map(drop), warm.verify(token, NOW).map(drop), borrowed]
    };
    let mut signer = &stranger;
    for (fault, mend, told) in steps {
        let token = forge(signer, &header, &claims);
        assert_eq!(verdicts(&token), [(); 3].map(|()| Err(told.clone())), "{told}");
        if told == Error::Signature {
            signer = es256();
        }
        (header, claims) = (header.replace(fault, &mend), claims.replacen(fault, &mend, 1));
    }
    let token = forge(signer, &header, &claims);
    assert_eq!(
        verdicts(&token),
        [(); 3].map(|()| Err(Error::Lasting { most: 3600, rule: "RFC 7519 4.1.4" }))
    );
    let token = forge(signer, &header, &claims.replace(&(NOW + 9000).to_string(), &(NOW + 900).to_string()));
    assert_eq!(verdicts(&token), [(); 3].map(Ok));
    type Both = jwt::Extended<jwt::AccessClaims, Seat>;
    let both =
        jwt::verifier::<Both>(es256().verifying_key()).issuer("https://evil.example").audience(AUDIENCE);
    assert_eq!(both.verify(&token, NOW).unwrap_err(), Error::OwnClaims);
}

#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Seat {
    seat: String,
}
