//! Attacks by words: markup, header breaks and log breaks in everything that comes back.
//!
//! OWASP ASVS 5.0 V1.2 and V3.4; CWE-79, CWE-113.

use countersign::NewApp;
use countersign_core::extent::Actor;
use countersign_core::record::Style;
use http::StatusCode;

use crate::house::{CALLBACK, House, ISSUER, Reply, authorize, encoded, param};

const MARKUPS: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'><svg/onload=alert(1)>",
    "</title><b>x</b>",
    "{{7*7}}{% include 'x' %}",
    "javascript:alert(1)//<",
];

fn harmless(reply: &Reply, markup: &str, place: &str) {
    for live in ["<script>alert", "<img src=x", "<svg/onload", "<b>x</b>", "49{%"] {
        assert!(!reply.body.contains(live), "{place} {markup}: {}", reply.body);
    }
    for link in ["href=\"javascript:", "action=\"javascript:", "src=\"javascript:", "url=javascript:"] {
        assert!(!reply.body.contains(link), "{place} {markup}");
    }
    let policy = reply.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe-inline"), "{place}: {policy}");
    assert_eq!(reply.header("x-content-type-options"), "nosniff", "{place}");
}

#[tokio::test]
async fn what_is_typed_comes_back_as_words() {
    let house = House::new().await;
    let mut browser = house.browser();
    for markup in MARKUPS {
        let email = format!("{markup}@marsh.example");
        let fields = [("email", email.as_str()), ("password", "surely not this one")];
        for path in ["/signin", "/signup", "/recover"] {
            harmless(&browser.post(ISSUER, path, &fields).await, markup, path);
        }
        let coded = encoded(markup);
        for path in [
            format!("/signin?next={coded}"),
            format!("/signin?done={coded}"),
            format!("/signin?next={}", encoded(&format!("/authorize?login_hint={coded}&state={coded}"))),
            format!("/reset?code={coded}"),
            format!("/signup/confirm?code={coded}"),
            format!("/logout?state={coded}&id_token_hint={coded}"),
            format!("/sso?app={coded}&nonce=x"),
            format!("/nowhere?x={coded}"),
            format!("/check?app={coded}"),
        ] {
            let reply = browser.get(ISSUER, &path).await;
            harmless(&reply, markup, &path);
            assert!(!reply.location().contains('<') && !reply.location().contains('"'), "{path}");
        }
        let hint = authorize("api") + "&login_hint=" + &coded;
        let door = browser.get(ISSUER, &hint).await.location().to_owned();
        harmless(&browser.get(ISSUER, &door).await, markup, "the hint");
        let wrong = authorize("api")
            .replace("state=s1", &format!("state={coded}"))
            .replace("=code&", &format!("={coded}&"));
        let told = browser.get(ISSUER, &wrong).await;
        assert_eq!(param(told.location(), "state"), markup, "echoed, and encoded");
        assert!(told.location().starts_with(&format!("{CALLBACK}?error=")) && !told.location().contains('<'));
    }
}

#[tokio::test]
async fn an_applications_name_is_a_name() {
    let house = House::new().await;
    let mut ada = house.ada().await;
    for (number, markup) in MARKUPS.into_iter().enumerate() {
        let id = format!("named-{number}");
        let app = NewApp {
            name: Some(markup.to_owned()),
            redirect_uris: vec![CALLBACK.to_owned()],
            scope: Some("openid email offline_access".to_owned()),
            ..NewApp::new(id.as_str(), Style::Hybrid)
        };
        house.rig.engine.add_app(app, Actor::CommandLine).await.unwrap();
        let asked = ada.get(ISSUER, &authorize(&id)).await;
        assert_eq!(asked.status, StatusCode::OK);
        harmless(&asked, markup, "consent");
        let next = asked.field("next");
        ada.post(ISSUER, "/consent", &[("next", &next), ("decision", "allow")]).await;
        harmless(&ada.get(ISSUER, "/account/apps").await, markup, "apps");
        harmless(&ada.get(ISSUER, &format!("/logout?client_id={id}")).await, markup, "logout");
        let door = house.browser().get(ISSUER, &authorize(&id)).await.location().to_owned();
        harmless(&house.browser().get(ISSUER, &door).await, markup, "sign-in");
    }
}

#[tokio::test]
async fn a_line_break_reaches_no_header() {
    let house = House::new().await;
    let mut ada = house.ada().await;
    for broken in ["%0d%0aSet-Cookie:%20cs_dev_id=x", "%0aX:%20y", "%00", "%e2%80%a8x", "%c0%8d%c0%8a"] {
        for path in [
            authorize("api").replace("state=s1", &format!("state={broken}")),
            format!("/signin?next=/account%3f{broken}"),
            format!("/signin?next=/authorize%3fx={broken}"),
            format!(
                "/logout?post_logout_redirect_uri={}{broken}&client_id=api",
                encoded("http://localhost:4000/bye")
            ),
            format!("/sso?app=shop&nonce={}&return_to=/{broken}", "A".repeat(43)),
            format!("/account?{broken}"),
        ] {
            let reply = ada.get(ISSUER, &path).await;
            for value in reply.headers.values() {
                assert!(value.as_bytes().iter().all(|byte| (32..127).contains(byte)), "{path}");
            }
            assert!(!reply.headers.contains_key("x"), "{path}");
            assert!(reply.cookies().iter().all(|cookie| !cookie.contains("cs_dev_id=x")), "{path}");
        }
    }
}
