//! Every kind of token beside every other.

use serde_json::{Map, Value, json};

use super::*;
use crate::fixtures::{AUDIENCE, ISSUER, NOW, access, brief, es256, faulty, forge, id, logout};
use crate::jwt::{self, Verified, dpop};
use crate::sd_jwt;

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

pub(crate) fn event() -> EventClaims {
    EventClaims::new(ISSUER, AUDIENCE, "e1", NOW).event("https://e.example/gone", Map::new())
}

pub(crate) fn introspection() -> IntrospectionClaims {
    let token_introspection = Introspected::Active(object(json!({ "sub": "ana", "exp": NOW + 9 })));
    IntrospectionClaims { iss: ISSUER.into(), aud: AUDIENCE.into(), iat: NOW, token_introspection }
}

pub(crate) fn assertion() -> AssertionClaims {
    AssertionClaims::new(ISSUER, AUDIENCE, "a1", NOW, NOW + 60)
}

pub(crate) fn request() -> RequestClaims {
    RequestClaims {
        iss: ISSUER.into(),
        aud: AUDIENCE.into(),
        exp: NOW + 60,
        iat: Some(NOW),
        jti: None,
        parameters: object(json!({ "client_id": ISSUER, "response_type": "code", "max_age": 7 })),
    }
}

fn read<C: Profile + Clone>(token: &str) -> Result<C, Error> {
    let verifier = jwt::verifier::<C>(es256().verifying_key()).issuer(ISSUER).audience(AUDIENCE);
    verifier.verify(token, NOW).map(Verified::into_claims)
}

/// What a verifier of `C` says to these claims, honestly signed.
fn told<C: Profile + Clone>(claims: &str) -> Result<(), Error> {
    let header = format!(r#"{{"alg":"ES256","typ":"{}","kid":"{}"}}"#, C::TYP, es256().key_id());
    read::<C>(&forge(es256(), &header, claims)).map(drop).map_err(brief)
}

/// The claims as JSON with one of them replaced, or removed when `json` is empty.
pub(crate) fn with<C: Profile>(claims: &C, claim: &str, json: &str) -> String {
    let mut whole = object(serde_json::to_value(claims).unwrap());
    whole.remove(claim);
    let mut members: Vec<String> = whole.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    if !json.is_empty() {
        members.push(format!("\"{claim}\":{json}"));
    }
    format!("{{{}}}", members.join(","))
}

fn comes_back<C: Profile + Clone + PartialEq + core::fmt::Debug>(claims: &C) {
    assert_eq!(&read::<C>(&jwt::sign(es256(), claims).unwrap()).unwrap(), claims);
}

#[test]
fn every_kind_comes_back_as_it_went() {
    comes_back(&event());
    comes_back(&EventClaims {
        sub_id: Some(object(json!({ "format": "opaque", "id": "ana" }))),
        txn: Some("t".into()),
        toe: Some(NOW - 5),
        exp: Some(NOW + 5),
        ..event()
    });
    comes_back(&introspection());
    comes_back(&IntrospectionClaims { token_introspection: Introspected::Inactive, ..introspection() });
    comes_back(&assertion());
    comes_back(&request());
}

fn requires<C: Profile + Clone>(claims: &C, required: &[&'static str]) {
    for &claim in required {
        for json in ["", "null", "true", "{}", "[1]", "\"\"", "1.5", "-1"] {
            assert_eq!(told::<C>(&with(claims, claim, json)), Err(faulty(claim)), "{claim}: {json}");
        }
    }
}

#[test]
fn each_required_claim_of_each_kind_is_required() {
    requires(&event(), &["iss", "aud", "iat", "jti", "events"]);
    requires(&introspection(), &["iss", "aud", "iat", "token_introspection"]);
    requires(&assertion(), &["iss", "sub", "aud", "exp", "jti"]);
    requires(&request(), &["iss", "aud", "exp", "client_id"]);
}

#[test]
fn an_event_describes_what_has_happened() {
    for (claim, json) in [
        ("events", r#"{"https://e.example/gone":true}"#),
        ("events", r#"["https://e.example/gone"]"#),
        ("sub_id", r#"{"id":"ana"}"#),
        ("sub_id", r#"{"format":7}"#),
        ("sub_id", "\"ana\""),
        ("txn", "7"),
        ("toe", "\"now\""),
    ] {
        assert_eq!(told::<EventClaims>(&with(&event(), claim, json)), Err(faulty(claim)), "{json}");
    }
    let expired = told::<EventClaims>(&with(&event(), "exp", &(NOW - 5).to_string()));
    assert_eq!(expired, Err(Error::Expired { at: NOW - 5, claim: "exp" }));
    let about = event().event("u", object(json!({ "n": 7 })));
    assert_eq!(about.read_event::<Map<String, Value>>("u").unwrap().unwrap()["n"], 7);
    assert_eq!(about.read_event::<Vec<u8>>("u"), Err(Error::OwnClaims));
    assert_eq!(about.read_event::<Vec<u8>>("v"), Ok(None));
}

#[test]
fn what_everybody_would_refuse_is_not_signed() {
    let none = EventClaims::new(ISSUER, AUDIENCE, "e1", NOW);
    assert_eq!(jwt::sign(es256(), &none).unwrap_err(), Fault::Claims);
    let mut odd = event();
    odd.events.insert("u".into(), Value::Bool(true));
    assert_eq!(jwt::sign(es256(), &odd).unwrap_err(), Fault::Claims);
    for name in [None, Some(String::new())] {
        let nobody = LogoutClaims { sub: name.clone(), sid: name, ..logout() };
        assert_eq!(jwt::sign(es256(), &nobody).unwrap_err(), Fault::Claims);
        assert_eq!(jwt::prepare(&es256().verifying_key(), &nobody).unwrap_err(), Fault::Claims);
        let somebody = LogoutClaims { sid: Some("s1".into()), ..nobody };
        assert!(jwt::sign(es256(), &somebody).is_ok());
    }
}

#[test]
fn a_logout_of_nobody_is_refused() {
    for sub in ["", r#""""#] {
        let nobody = with(&logout(), "sub", sub);
        assert_eq!(told::<LogoutClaims>(&nobody), Err(faulty("sub")), "{nobody}");
        assert_eq!(told::<LogoutClaims>(&nobody.replacen('{', r#"{"sid":"","#, 1)), Err(faulty("sub")));
        assert_eq!(told::<LogoutClaims>(&nobody.replacen('{', r#"{"sid":"s1","#, 1)), Ok(()));
    }
}

#[test]
fn an_introspection_says_whether_in_so_many_words() {
    for json in ["{}", r#"{"active":"true"}"#, r#"{"active":1}"#, r#"{"active":null}"#, "true"] {
        let told = told::<IntrospectionClaims>(&with(&introspection(), "token_introspection", json));
        assert_eq!(told, Err(faulty("token_introspection")), "{json}");
    }
    // What no verifier would read is not signed.
    let deep: Value = serde_json::from_str(&format!("{}1{}", "[".repeat(9), "]".repeat(9))).unwrap();
    let token_introspection = Introspected::Active(object(json!({ "a": deep })));
    let claims = IntrospectionClaims { token_introspection, ..introspection() };
    assert!(matches!(jwt::sign(es256(), &claims).unwrap_err(), Fault::NotStrict { .. }));
    // A member that contradicts the variant is not written.
    let active = Introspected::Active(object(json!({ "active": false })));
    assert_eq!(serde_json::to_string(&active).unwrap(), r#"{"active":true}"#);
    let inactive = with(&introspection(), "token_introspection", r#"{"active":false,"sub":"ana"}"#);
    assert_eq!(told::<IntrospectionClaims>(&inactive), Ok(()));
}

#[test]
fn an_assertion_is_by_one_client_for_one_server() {
    let other = Err(faulty("sub"));
    assert_eq!(told::<AssertionClaims>(&with(&assertion(), "sub", "\"other\"")), other);
    let two = format!(r#"["{AUDIENCE}","https://evil.example"]"#);
    assert_eq!(told::<AssertionClaims>(&with(&assertion(), "aud", &two)), Err(faulty("aud")));
    assert_eq!(told::<AssertionClaims>(&with(&assertion(), "iat", "")), Ok(()));
    assert_eq!(told::<AssertionClaims>(&with(&assertion(), "iat", "\"\"")), Err(faulty("iat")));
}

#[test]
fn older_assertions_are_taken_only_where_somebody_asks_for_it() {
    let claims = serde_json::to_string(&assertion()).unwrap();
    let verifier =
        jwt::verifier::<AssertionClaims>(es256().verifying_key()).issuer(ISSUER).audience(AUDIENCE);
    let lenient = verifier.clone().accepting_generic_type();
    let kid = es256().key_id();
    for typ in ["", r#","typ":"JWT""#] {
        let token = forge(es256(), &format!(r#"{{"alg":"ES256"{typ},"kid":"{kid}"}}"#), &claims);
        assert!(lenient.verify(&token, NOW).is_ok());
        assert!(matches!(verifier.verify(&token, NOW).unwrap_err(), Error::Type { .. }));
    }
    let token = jwt::sign(es256(), &assertion()).unwrap();
    assert!(lenient.verify(&token, NOW).is_ok() && verifier.verify(&token, NOW).is_ok());
    // An ID token is not taken even so: it is about somebody else than its issuer.
    let id = jwt::sign(es256(), &id()).unwrap();
    assert_eq!(lenient.verify(&id, NOW).map_err(brief).unwrap_err(), faulty("jti"));
    let typed = forge(es256(), &format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{kid}"}}"#), &claims);
    assert!(matches!(lenient.verify(&typed, NOW).unwrap_err(), Error::Type { .. }));
}

#[test]
fn a_logout_token_from_before_its_type_is_no_id_token() {
    // Signed by the same key, for the same client, about the same user.
    let claims = serde_json::to_string(&logout()).unwrap();
    let by = |typ: &str| {
        let kid = es256().key_id();
        let token = forge(es256(), &format!(r#"{{"alg":"ES256"{typ},"kid":"{kid}"}}"#), &claims);
        let verifier = jwt::verifier::<IdClaims>(es256().verifying_key()).issuer(ISSUER).audience(AUDIENCE);
        verifier.accepting_untyped().verify(&token, NOW).map(drop).map_err(brief)
    };
    assert_eq!(by(r#","typ":"JWT""#), Err(faulty("events")));
    assert_eq!(by(""), Err(faulty("events")));
    assert!(matches!(by(r#","typ":"logout+jwt""#), Err(Error::Type { .. })));
    let own = jwt::Extended::new(id(), json!({ "events": {} }));
    assert!(jwt::sign(es256(), &own).is_err());
}

#[test]
fn id_tokens_without_a_type_are_taken_only_where_somebody_asks_for_it() {
    let claims = serde_json::to_string(&jwt::Extended::new(id(), json!({ "tier": "gold" }))).unwrap();
    let token = forge(es256(), &format!(r#"{{"alg":"ES256","kid":"{}"}}"#, es256().key_id()), &claims);
    let strict = jwt::verifier::<IdClaims>(es256().verifying_key()).issuer(ISSUER).audience(AUDIENCE);
    assert_eq!(strict.verify(&token, NOW).unwrap_err(), Error::Type { expected: "JWT" });
    let strict = strict.remembering(10);
    let lenient = strict.clone().accepting_untyped();
    assert_eq!(lenient.verify(&token, NOW).unwrap().sub, "ana");
    assert!(lenient.verify(&jwt::sign(es256(), &id()).unwrap(), NOW).is_ok());
    // The strict one has learned nothing of it.
    assert_eq!(strict.verify(&token, NOW).unwrap_err(), Error::Type { expected: "JWT" });
    let typed =
        forge(es256(), &format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{}"}}"#, es256().key_id()), &claims);
    assert_eq!(lenient.verify(&typed, NOW).unwrap_err(), Error::Type { expected: "JWT" });
    type Own = jwt::Extended<IdClaims, Map<String, Value>>;
    let own = jwt::verifier::<Own>(es256().verifying_key()).issuer(ISSUER).audience(AUDIENCE);
    assert_eq!(own.accepting_untyped().verify(&token, NOW).unwrap().own["tier"], "gold");
}

#[test]
fn what_a_client_writes_itself_does_not_last_for_ever() {
    let lasting = |iat: Option<u64>, exp: u64| AssertionClaims { iat, exp, ..assertion() };
    let told =
        |claims: &AssertionClaims| read::<AssertionClaims>(&jwt::sign(es256(), claims).unwrap()).map(drop);
    let refused = Err(Error::Lasting { most: 3600, rule: "RFC 7523 3" });
    assert_eq!(told(&lasting(Some(NOW), NOW + 3600)), Ok(()));
    assert_eq!(told(&lasting(Some(NOW), NOW + 3601)), refused);
    // However long ago it began: for a thief it would be good until its end.
    assert_eq!(told(&lasting(Some(NOW - 3600), NOW + 1)), refused);
    // Without `iat` it counts from now, with the leeway of clocks.
    assert_eq!(told(&lasting(None, NOW + 3605)), Ok(()));
    assert_eq!(told(&lasting(None, NOW + 3606)), refused);
    assert_eq!(told(&lasting(None, 253_402_300_799)), refused);
    let request = |exp| jwt::sign(es256(), &RequestClaims { exp, ..request() }).unwrap();
    assert!(read::<RequestClaims>(&request(NOW + 3600)).is_ok());
    let refused = Error::Lasting { most: 3600, rule: "FAPI 1.0 Advanced 5.2.2" };
    assert_eq!(read::<RequestClaims>(&request(NOW + 3601)).unwrap_err(), refused);
}

#[test]
fn a_verifier_may_have_another_limit_and_forgets_what_lasted_longer() {
    let verifier = jwt::verifier::<IdClaims>(es256().verifying_key()).issuer(ISSUER).audience(AUDIENCE);
    let verifier = verifier.remembering(10);
    let token = jwt::sign(es256(), &id()).unwrap();
    assert!(verifier.verify(&token, NOW).is_ok());
    let short = verifier.clone().lasting_at_most(299);
    let refused = Error::Lasting { most: 299, rule: "RFC 7519 4.1.4" };
    assert_eq!(short.verify(&token, NOW).unwrap_err(), refused);
    assert!(verifier.clone().lasting_at_most(300).verify(&token, NOW).is_ok());
    let api = crate::fixtures::access_verifier(es256().verifying_key()).lasting_at_most(299);
    let token = jwt::sign(es256(), &access()).unwrap();
    assert_eq!(api.verify(&token, NOW).unwrap_err(), refused);
    assert_eq!(api.check(&token, NOW, &mut jwt::Scratch::default()).unwrap_err(), refused);
    let long = AssertionClaims::new(ISSUER, AUDIENCE, "a1", NOW, NOW + 86_400);
    let verifier =
        jwt::verifier::<AssertionClaims>(es256().verifying_key()).issuer(ISSUER).audience(AUDIENCE);
    assert!(verifier.lasting_at_most(86_400).verify(&jwt::sign(es256(), &long).unwrap(), NOW).is_ok());
}

#[test]
fn a_request_holds_no_request_and_is_by_its_client() {
    for claim in ["request", "request_uri"] {
        let told = told::<RequestClaims>(&with(&request(), claim, "\"x\""));
        assert_eq!(told, Err(faulty(claim)));
    }
    let other = told::<RequestClaims>(&with(&request(), "client_id", "\"other\""));
    assert_eq!(other, Err(faulty("client_id")));
    let by_client = told::<RequestClaims>(&with(&request(), "sub", &format!("\"{ISSUER}\"")));
    assert_eq!(by_client, Err(faulty("sub")));
    assert_eq!(told::<RequestClaims>(&with(&request(), "sub", "\"ana\"")), Ok(()));
    let mut twice = request();
    twice.parameters.insert("iss".into(), "other".into());
    assert!(matches!(jwt::sign(es256(), &twice).unwrap_err(), Fault::NotStrict { .. }));
}

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Ticket {
    seat: String,
}

impl Own for Ticket {
    const TYP: &'static str = "ticket+jwt";
}

/// A kind of token: its `typ`, one of them, and what its verifier says to a token.
type Kind = (&'static str, String, fn(&str) -> Result<(), Error>);

fn kind<C: Profile + Clone>(claims: &C) -> Kind {
    (C::TYP, jwt::sign(es256(), claims).unwrap(), |token| read::<C>(token).map(|_| ()))
}

/// A credential without anything to disclose, bound to the key that signs everything here.
fn credential() -> &'static str {
    static TEXT: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    TEXT.get_or_init(|| {
        let mut claims = sd_jwt::Claims::new(&json!({ "iss": ISSUER, "sub": "ana" })).unwrap();
        claims.bind_to(&es256().verifying_key()).unwrap();
        claims.sign(es256(), sd_jwt::Type::CREDENTIAL).unwrap()
    })
}

fn credentials() -> sd_jwt::Builder<sd_jwt::WantsBinding> {
    let verifier = sd_jwt::verifier(es256().verifying_key());
    verifier.typ(sd_jwt::Type::CREDENTIAL).issuer(ISSUER)
}

/// The two parts that are tokens: what the issuer signs, and what the holder signs.
fn parts_of_a_presentation() -> [Kind; 2] {
    let held = sd_jwt::Held::parse(credential()).unwrap();
    let text = held.present(|_| true).bound(es256(), AUDIENCE, "n-1", NOW).unwrap();
    let (token, binding) = text.split_once('~').unwrap();
    [
        ("dc+sd-jwt", token.into(), |token| {
            credentials().without_binding().accepting_unproven().verify(&format!("{token}~"), NOW).map(|_| ())
        }),
        ("kb+jwt", binding.into(), |binding| {
            let text = format!("{}{binding}", credential());
            credentials().bound_to(AUDIENCE).verify(&text, "n-1", NOW).map(|_| ())
        }),
    ]
}

fn kinds() -> Vec<Kind> {
    const URI: &str = "https://api.shop.example/";
    let proof = dpop::Request::new("GET", URI);
    let ticket = OwnClaims {
        iss: ISSUER.into(),
        sub: "ana".into(),
        aud: AUDIENCE.into(),
        iat: NOW,
        exp: NOW + 9,
        jti: None,
        own: Ticket { seat: "B7".into() },
    };
    let mut kinds = vec![
        kind(&access()),
        kind(&id()),
        kind(&logout()),
        kind(&event()),
        kind(&introspection()),
        kind(&assertion()),
        kind(&request()),
        kind(&ticket),
        ("dpop+jwt", proof.prove(es256(), "p1", NOW).unwrap(), |token| {
            dpop::Request::new("GET", URI).check(token, NOW).map(|_| ())
        }),
    ];
    kinds.extend(parts_of_a_presentation());
    kinds
}

#[test]
fn no_kind_of_token_is_taken_for_any_other() {
    let kinds = kinds();
    let mut refused = 0;
    for (made, token, _) in &kinds {
        for (asked, _, verify) in &kinds {
            if made == asked {
                assert_eq!(verify(token), Ok(()), "{made}");
            } else {
                assert!(matches!(verify(token), Err(Error::Type { .. })), "{made} taken for {asked}");
                refused += 1;
            }
        }
    }
    assert_eq!((kinds.len(), refused), (11, 11 * 10));
}

#[test]
fn a_type_alone_does_not_make_one_kind_another() {
    // The claims of each kind under the `typ` of each other: what the type does not tell apart
    // must fail by the claims that it requires, unless those are all there.
    let bodies: Vec<(&str, String)> = kinds()
        .into_iter()
        .map(|(typ, token, _)| {
            let payload = token.split('.').nth(1).unwrap();
            (typ, String::from_utf8(crate::base64::decode(payload).unwrap()).unwrap())
        })
        .collect();
    let mut passed = Vec::new();
    for (asked, _, verify) in &kinds() {
        for (made, claims) in bodies.iter().filter(|(made, _)| made != asked) {
            let header = format!(r#"{{"alg":"ES256","typ":"{asked}","kid":"{}"}}"#, es256().key_id());
            if verify(&forge(es256(), &header, claims)).is_ok() {
                passed.push(format!("{made} as {asked}"));
            }
        }
    }
    // An ID token needs no more than what these have, and a logout token is an event by its
    // standard: there only the type keeps them apart, which is why it is checked first and always.
    assert_eq!(
        passed,
        [
            "at+jwt as JWT",
            "client-authentication+jwt as JWT",
            "ticket+jwt as JWT",
            "logout+jwt as secevent+jwt"
        ]
    );
}
