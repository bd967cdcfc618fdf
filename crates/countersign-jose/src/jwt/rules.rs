//! Which section of which standard each refusal names: one token for each rule.
//!
//! The sections were looked up in the texts: RFC 7515, 7519, 7523, 7662, 7800, 8417, 8693, 8725, 9068, 9101,
//! 9449, 9493, 9701, 9901, 10070, OpenID Connect Core, Back-Channel and Front-Channel Logout, FAPI 1.0 Advanced.

use serde_json::json;

use super::profile::tests::{assertion, event, introspection, request, with};
use crate::error::Error;
use crate::fixtures::{
    AUDIENCE, ISSUER, NOW, access, access_verifier, access_with, es256, forge, header, id, logout,
};
use crate::jwt::{
    self, AccessClaims, Audience, EventClaims, IdClaims, IntrospectionClaims, OwnClaims, Profile, Scratch,
    Verifier,
};
use crate::{jws, sd_jwt};

const CORE: &str = "OpenID Connect Core 2";
const LOGOUT: &str = "OpenID Connect Back-Channel Logout 2.4";

fn verifier_of<C: Profile>() -> Verifier<C> {
    jwt::verifier::<C>(es256().verifying_key()).issuer(ISSUER).audience(AUDIENCE)
}

/// A token of this kind with one claim replaced, or removed when `json` is empty, honestly signed.
fn token<C: Profile>(claims: &C, claim: &str, json: &str) -> String {
    let header = format!(r#"{{"alg":"ES256","typ":"{}","kid":"{}"}}"#, C::TYP, es256().key_id());
    forge(es256(), &header, &with(claims, claim, json))
}

/// Changes one claim and asks what the refusal says, and by which section.
fn refuses<C: Profile>(claims: &C, claim: &str, json: &str, said: &str, rule: &str) {
    let refused = verifier_of::<C>().verify(&token(claims, claim, json), NOW).map(drop).unwrap_err();
    let case = format!("{} {claim}: {json}: {refused}", C::TYP);
    assert_eq!(refused.rule(), rule, "{case}");
    assert!(refused.to_string().contains(said), "{case}: {said}");
}

/// Takes each claim out.
fn requires<C: Profile>(claims: &C, required: &[&str], rule: &str) {
    for claim in required {
        refuses(claims, claim, "", &format!("the claim `{claim}` is missing"), rule);
    }
}

/// Gives each claim a value that is none.
fn reads<C: Profile>(claims: &C, faulty: &[(&str, &str, &str)]) {
    for (claim, json, rule) in faulty {
        refuses(claims, claim, json, &format!("the claim `{claim}` has the wrong type"), rule);
    }
}

const REGISTERED: [(&str, &str, &str); 7] = [
    ("iss", "7", "RFC 7519 4.1.1"),
    ("sub", "7", "RFC 7519 4.1.2"),
    ("aud", "[]", "RFC 7519 4.1.3"),
    ("exp", "\"soon\"", "RFC 7519 4.1.4"),
    ("nbf", "1.5", "RFC 7519 4.1.5"),
    ("iat", "253402300800", "RFC 7519 4.1.6"),
    ("jti", "null", "RFC 7519 4.1.7"),
];

#[test]
fn an_access_token() {
    let required = ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"];
    requires(&access(), &required, "RFC 9068 2.2");
    reads(&access(), &REGISTERED);
    reads(
        &access(),
        &[
            ("sub", "\"\"", "RFC 7519 4.1.2"),
            ("client_id", "7", "RFC 8693 4.3"),
            ("scope", "[\"read\"]", "RFC 8693 4.2"),
            ("auth_time", "\"today\"", CORE),
            ("acr", "0", CORE),
            ("amr", "\"pwd\"", CORE),
            ("cnf", "\"k\"", "RFC 7800 3.1"),
            ("cnf", r#"{"jkt":"k"}"#, "RFC 7800 3.1"),
        ],
    );
    let (early, late) = (NOW.to_string(), (NOW + 60).to_string());
    for (claim, json, said, rule) in [
        ("iss", "\"https://else.example\"", "not the trusted issuer", "RFC 7519 4.1.1"),
        ("aud", "\"else\"", "does not name this audience", "RFC 7519 4.1.3"),
        ("exp", "7", "expired at `7`, by its `exp`", "RFC 7519 4.1.4"),
        ("nbf", &late, "by its `nbf`", "RFC 7519 4.1.5"),
        ("iat", &late, "by its `iat`", "RFC 7519 4.1.6"),
        ("cnf", r#"{"kid":"k"}"#, "bound to a key", "RFC 7800 3"),
        ("sub", "\"a\",\"sub\":\"b\"", "twice", "RFC 7519 4"),
        ("sub", "{", "strict JSON", "RFC 7519 7.2"),
    ] {
        refuses(&access(), claim, json, said, rule);
    }
    // Also when `nbf` was there and not the reason.
    let both = access_with("iat", &format!("{late},\"nbf\":{early}"));
    let both = forge(es256(), &header(es256()), &both);
    let refused = verifier_of::<AccessClaims>().verify(&both, NOW).unwrap_err();
    assert_eq!((refused.rule(), refused), ("RFC 7519 4.1.6", Error::Early { from: NOW + 60, claim: "iat" }));
}

#[test]
fn a_borrowed_or_remembered_reading_names_the_same() {
    let (api, mut scratch) = (access_verifier(es256().verifying_key()), Scratch::default());
    let late = (NOW + 60).to_string();
    for (claim, json) in
        [("client_id", ""), ("scope", "7"), ("aud", "[]"), ("nbf", &late), ("iat", &late), ("exp", "7")]
    {
        let token = token(&access(), claim, json);
        let owned = api.verify(&token, NOW).unwrap_err();
        assert_eq!(api.check(&token, NOW, &mut scratch).map(drop).unwrap_err(), owned, "{claim}");
    }
    let token = jwt::sign(es256(), &access()).unwrap();
    let remembering = api.remembering(9);
    remembering.verify(&token, NOW).unwrap();
    let refused = |now| remembering.verify(&token, now).unwrap_err().rule();
    assert_eq!((refused(NOW - 60), refused(NOW + 900)), ("RFC 7519 4.1.6", "RFC 7519 4.1.4"));
}

#[test]
fn an_id_token() {
    requires(&id(), &["iss", "sub", "aud", "exp", "iat"], CORE);
    reads(&id(), &REGISTERED[..6]);
    reads(
        &id(),
        &[
            ("nonce", "7", CORE),
            ("auth_time", "\"today\"", CORE),
            ("azp", "[]", CORE),
            ("at_hash", "7", "OpenID Connect Core 3.1.3.6"),
            ("c_hash", "7", "OpenID Connect Core 3.3.2.11"),
            ("email", "7", "OpenID Connect Core 5.1"),
            ("email_verified", "\"yes\"", "OpenID Connect Core 5.1"),
            ("sid", "7", "OpenID Connect Front-Channel Logout 3"),
        ],
    );
    let azp = "OpenID Connect Core 3.1.3.7";
    refuses(&id(), "azp", "\"else\"", "the claim `azp` is not what it must be", azp);
    let several = IdClaims { aud: Audience::of([AUDIENCE, "else"]), ..id() };
    refuses(&several, "azp", "", "the claim `azp` is missing", azp);
    refuses(&several, "azp", "\"else\"", "the claim `azp` is not what it must be", azp);
    refuses(&id(), "events", "{}", "the claim `events` may not stand", "RFC 8725 3.12");
    // Claims beside those of a kind change nothing.
    let extended = jwt::Extended::new(id(), json!({ "tier": "gold" }));
    refuses(&extended, "azp", "\"else\"", "`azp` is not", azp);
    refuses(&extended, "sub", "", "`sub` is missing", CORE);
}

#[test]
fn a_logout_token() {
    requires(&logout(), &["iss", "aud", "iat", "exp", "jti", "events", "sub"], LOGOUT);
    reads(&logout(), &REGISTERED);
    reads(&logout(), &[("events", "[]", LOGOUT), ("sid", "7", "OpenID Connect Front-Channel Logout 3")]);
    refuses(&logout(), "events", "{}", "the claim `events` is not what it must be", LOGOUT);
    refuses(&logout(), "nonce", "\"n\"", "the claim `nonce` may not stand", LOGOUT);
}

#[test]
fn a_security_event() {
    requires(&event(), &["iss", "iat", "jti", "events"], "RFC 8417 2.2");
    requires(&event(), &["aud"], "RFC 8725 3.9");
    reads(
        &event(),
        &[
            ("events", "{}", "RFC 8417 2.2"),
            ("events", r#"{"https://e.example/gone":7}"#, "RFC 8417 2.2"),
            ("txn", "7", "RFC 8417 2.2"),
            ("toe", "\"now\"", "RFC 8417 2.2"),
            ("sub_id", "\"ana\"", "RFC 9493 4.1"),
            ("jti", "7", "RFC 7519 4.1.7"),
        ],
    );
    refuses(&event(), "sub_id", "{}", "the claim `sub_id` is not", "RFC 9493 3");
    refuses(&event(), "exp", "7", "by its `exp`", "RFC 7519 4.1.4");
    let old = verifier_of::<EventClaims>().lasting_at_most(60);
    let refused = old.verify(&jwt::sign(es256(), &event()).unwrap(), NOW + 65).unwrap_err();
    assert_eq!((refused.rule(), refused), ("RFC 7519 4.1.6", Error::Expired { at: NOW + 60, claim: "iat" }));
}

#[test]
fn a_client_assertion() {
    requires(&assertion(), &["iss", "sub", "aud", "exp"], "RFC 7523 3");
    requires(&assertion(), &["jti"], "OpenID Connect Core 9");
    reads(&assertion(), &REGISTERED);
    refuses(&assertion(), "sub", "\"else\"", "the claim `sub` is not what it must be", "RFC 7523 3");
    let two = json!([AUDIENCE, "https://else.example"]).to_string();
    refuses(&assertion(), "aud", &two, "the claim `aud` is not what it must be", "RFC 10070 4");
    refuses(&assertion(), "exp", &(NOW + 3601).to_string(), "lasts longer than `3600`", "RFC 7523 3");
}

#[test]
fn a_request_object() {
    requires(&request(), &["iss", "aud", "client_id"], "RFC 9101 4");
    requires(&request(), &["exp"], "FAPI 1.0 Advanced 5.2.2");
    reads(&request(), &[("jti", "7", "RFC 7519 4.1.7"), ("client_id", "7", "RFC 9101 4")]);
    for claim in ["request", "request_uri"] {
        refuses(&request(), claim, "\"x\"", &format!("the claim `{claim}` may not stand"), "RFC 9101 4");
    }
    let other = "the claim `client_id` is not what it must be";
    refuses(&request(), "client_id", "\"else\"", other, "OpenID Connect Core 6.1");
    refuses(&request(), "sub", &json!(ISSUER).to_string(), "the claim `sub` is not", "RFC 9101 10.8");
    let long = (NOW + 3601).to_string();
    refuses(&request(), "exp", &long, "lasts longer than `3600`", "FAPI 1.0 Advanced 5.2.2");
}

#[test]
fn an_introspection_response() {
    requires(&introspection(), &["iss", "aud", "iat", "token_introspection"], "RFC 9701 5");
    reads(
        &introspection(),
        &[("token_introspection", "true", "RFC 9701 5"), ("iat", "\"now\"", "RFC 7519 4.1.6")],
    );
    let unsaid = "the claim `token_introspection` is not what it must be";
    for json in ["{}", r#"{"active":"true"}"#, r#"{"active":true,"exp":"soon"}"#] {
        refuses(&introspection(), "token_introspection", json, unsaid, "RFC 7662 2.2");
    }
    let bound = r#"{"active":true,"cnf":"k"}"#;
    refuses(&introspection(), "token_introspection", bound, "`cnf` has the wrong type", "RFC 7800 3.1");
    let refused = |claim: &str, json: &str, now| {
        let token = token(&introspection(), claim, json);
        verifier_of::<IntrospectionClaims>().verify(&token, now).unwrap_err().rule()
    };
    // By its age, by the end of the token that it is about, by one of its own.
    assert_eq!(refused("token_introspection", r#"{"active":true}"#, NOW + 65), "RFC 7519 4.1.6");
    assert_eq!(refused("-", "7", NOW + 14), "RFC 7662 4");
    assert_eq!(refused("exp", &(NOW + 3).to_string(), NOW + 8), "RFC 7519 4.1.4");
}

#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Ticket {
    seat: String,
}

impl jwt::Own for Ticket {
    const TYP: &'static str = "seat+jwt";
}

#[test]
fn a_token_of_ones_own_kind() {
    let (iss, sub, aud) = (ISSUER.to_owned(), "ana".to_owned(), AUDIENCE.into());
    let own = Ticket { seat: "B7".into() };
    let ticket = OwnClaims { iss, sub, aud, iat: NOW, exp: NOW + 60, jti: None, own };
    for (claim, _, rule) in REGISTERED.into_iter().filter(|(claim, ..)| !["nbf", "jti"].contains(claim)) {
        requires(&ticket, &[claim], rule);
    }
    reads(&ticket, &REGISTERED);
    refuses(&ticket, "seat", "", "own claims", "RFC 7519 4.3");
}

#[test]
fn whatever_the_kind() {
    let key = es256();
    let kid = key.key_id();
    let claims = serde_json::to_string(&access()).unwrap();
    let with_header = |members: &str| {
        let token = forge(key, &format!("{{{members}}}"), &claims);
        access_verifier(key.verifying_key()).verify(&token, NOW).unwrap_err().rule()
    };
    for (members, rule) in [
        (format!(r#""alg":"ES256","typ":"JWT","kid":"{kid}""#), "RFC 8725 3.11"),
        (format!(r#""alg":"none","typ":"at+jwt","kid":"{kid}""#), "RFC 8725 3.2"),
        (format!(r#""alg":"ES384","typ":"at+jwt","kid":"{kid}""#), "RFC 8725 3.1"),
        (r#""alg":"ES256","typ":"at+jwt","kid":"else""#.to_owned(), "RFC 7515 4.1.4"),
        (format!(r#""alg":"ES256","typ":"at+jwt","kid":"{kid}","crit":["x"],"x":1"#), "RFC 7515 4.1.11"),
        (format!(r#""typ":"at+jwt","kid":"{kid}""#), "RFC 7515 4.1"),
        (format!(r#""alg":"ES256","alg":"ES256","typ":"at+jwt","kid":"{kid}""#), "RFC 7515 4"),
        (format!(r#""alg":"ES256","typ":"at+jwt","kid":"{kid}""#) + ",", "RFC 7515 5.2"),
    ] {
        assert_eq!(with_header(&members), rule, "{members}");
    }
    let token = jwt::sign(key, &access()).unwrap();
    let (signed, _) = token.rsplit_once('.').unwrap();
    let refused = |text: &str| access_verifier(key.verifying_key()).verify(text, NOW).unwrap_err().rule();
    assert_eq!(refused(&format!("{signed}.{}", "A".repeat(86))), "RFC 7515 5.2");
    assert_eq!(refused(signed), "RFC 7515 7.1");
    assert_eq!(refused(&token.replacen('.', "=.", 1)), "RFC 7515 2");
    let short = access_verifier(key.verifying_key()).lasting_at_most(299);
    assert_eq!(short.verify(&token, NOW).unwrap_err().rule(), "RFC 7519 4.1.4");
}

#[test]
fn a_proof_or_a_credential() {
    let key = es256();
    let proof = |claim: &str, json: &str| {
        let jwk = serde_json::to_string(&key.verifying_key().to_bare_jwk()).unwrap();
        let header = format!(r#"{{"alg":"ES256","typ":"dpop+jwt","jwk":{jwk}}}"#);
        let mut claims =
            json!({ "jti": "p1", "htm": "GET", "htu": "https://api.example/", "iat": NOW, "exp": NOW + 9 });
        claims[claim] = serde_json::from_str(json).unwrap();
        let proof = jws::sign_under(key, header.as_bytes(), claims.to_string().as_bytes()).unwrap();
        let request = jwt::dpop::Request::new("GET", "https://api.example/");
        request.check(&proof, NOW).map(drop).map_err(|refused| refused.rule())
    };
    assert_eq!(proof("x", "7"), Ok(()));
    for (claim, json, rule) in [
        ("htm", "\"PUT\"", "RFC 9449 4.3"),
        ("iat", "7", "RFC 9449 4.3"),
        ("exp", "7", "RFC 7519 4.1.4"),
        ("nbf", "253402300799", "RFC 7519 4.1.5"),
    ] {
        assert_eq!(proof(claim, json), Err(rule), "{claim}");
    }
    let credentials = || sd_jwt::verifier(key.verifying_key()).typ(sd_jwt::Type::CREDENTIAL).issuer(ISSUER);
    let show = |claims: serde_json::Value| {
        let token = jws::sign(key, Some("dc+sd-jwt"), claims.to_string().as_bytes()).unwrap();
        let verifier = credentials().without_binding().expiring();
        verifier.verify(&format!("{token}~"), NOW).map(drop).map_err(|refused| refused.rule())
    };
    assert_eq!(show(json!({ "iss": ISSUER, "exp": NOW + 9 })), Ok(()));
    for (claims, rule) in [
        (json!({ "exp": NOW + 9 }), "RFC 7519 4.1.1"),
        (json!({ "iss": ISSUER }), "RFC 9901 7.1"),
        (json!({ "iss": ISSUER, "exp": "soon" }), "RFC 7519 4.1.4"),
        (json!({ "iss": ISSUER, "exp": NOW - 9 }), "RFC 7519 4.1.4"),
        (json!({ "iss": ISSUER, "exp": NOW + 9, "aud": 7 }), "RFC 7519 4.1.3"),
        (json!({ "iss": ISSUER, "exp": NOW + 9, "nbf": NOW + 8 }), "RFC 7519 4.1.5"),
        (json!({ "iss": ISSUER, "exp": NOW + 9, "iat": NOW + 8, "nbf": NOW }), "RFC 7519 4.1.6"),
        (json!({ "iss": ISSUER, "exp": NOW + 9, "cnf": { "kid": "k" } }), "RFC 7800 3"),
        (json!({ "iss": ISSUER, "exp": NOW + 9, "_sd": ["x", "x"] }), "RFC 9901 7.1"),
    ] {
        assert_eq!(show(claims.clone()), Err(rule), "{claims}");
    }
}
