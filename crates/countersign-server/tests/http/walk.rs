//! The whole way, as people and applications go it.

use http::StatusCode;

use crate::house::{ADA, CALLBACK, GUILD, House, ISSUER, PASSWORD, SHOP, VERIFIER, authorize, param};

#[tokio::test]
async fn an_account_is_opened_by_letter_and_signs_in() {
    let house = House::new().await;
    let mut browser = house.browser();
    let (email, password) = ("bo@marsh.example", "harbour slate rope 9");
    let sent = browser.post(ISSUER, "/signup", &[("email", email), ("password", password)]).await;
    assert_eq!(sent.status, StatusCode::OK, "{}", sent.body);
    assert!(sent.body.contains("Check your mail"));
    let code = house.rig.mail.code().unwrap();
    for _ in 0..2 {
        let asked = browser.get(ISSUER, &format!("/signup/confirm?code={code}")).await;
        assert!(asked.body.contains(email), "looking at the link does not use it up: {}", asked.body);
    }
    // Whoever signs up with somebody else's address is not let into the account by its owner.
    let other = browser
        .post(ISSUER, "/signup/confirm", &[("code", &code), ("password", "not the one chosen 4")])
        .await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    let made = browser.post(ISSUER, "/signup/confirm", &[("code", &code), ("password", password)]).await;
    assert_eq!(made.location(), "/signin?done=confirmed");
    let again = browser.post(ISSUER, "/signup/confirm", &[("code", &code), ("password", password)]).await;
    assert_eq!(again.status, StatusCode::GONE);
    let page = browser.get(ISSUER, "/signin?done=confirmed").await;
    assert!(page.body.contains("Your account is made"));
    let signed = browser.post(ISSUER, "/signin", &[("email", email), ("password", password)]).await;
    assert_eq!(signed.location(), "/account");
    assert!(browser.get(ISSUER, "/account").await.body.contains(email));
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_letter_and_all_is_signed_out() {
    let house = House::new().await;
    let mut elsewhere = house.ada().await;
    let mut browser = house.browser();
    browser.post(ISSUER, "/recover", &[("email", ADA)]).await;
    let code = house.rig.mail.code().unwrap();
    assert_eq!(browser.get(ISSUER, &format!("/reset?code={code}")).await.status, StatusCode::OK);
    let weak = browser.post(ISSUER, "/reset", &[("code", &code), ("new_password", "short")]).await;
    assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
    let new = [("code", code.as_str()), ("new_password", "a quite different lantern")];
    assert_eq!(browser.post(ISSUER, "/reset", &new).await.location(), "/signin?done=reset");
    let out = elsewhere.get(ISSUER, "/account").await;
    assert_eq!(out.location(), "/signin?next=%2Faccount");
    let old = browser.post(ISSUER, "/signin", &[("email", ADA), ("password", PASSWORD)]).await;
    assert_eq!(old.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_code_becomes_tokens_that_are_read_refreshed_and_revoked() {
    let house = House::new().await;
    let mut browser = house.browser();
    let asked = browser.get(ISSUER, &authorize("api")).await;
    assert!(asked.location().starts_with("/signin?next=%2Fauthorize%3F"), "{}", asked.location());
    let page = browser.get(ISSUER, asked.location()).await;
    assert!(page.body.contains("The api"), "{}", page.body);
    let next = page.field("next");
    let signed =
        browser.post(ISSUER, "/signin", &[("email", ADA), ("password", PASSWORD), ("next", &next)]).await;
    assert_eq!(signed.status, StatusCode::OK, "a form post does not redirect to what leads elsewhere");
    let back = browser.get(ISSUER, signed.refresh()).await;
    assert!(back.location().starts_with(CALLBACK), "{}", back.location());
    assert_eq!(param(back.location(), "state"), "s1");
    assert_eq!(param(back.location(), "iss"), "http://localhost:8321");
    let tokens = redeem(&house, "api", &param(back.location(), "code")).await;
    assert_eq!(tokens["token_type"], "Bearer");
    assert!(tokens["id_token"].is_string());
    let access = tokens["access_token"].as_str().unwrap();
    let bearer = format!("Bearer {access}");
    let told = house.plain("GET", ISSUER, "/userinfo", &[("authorization", &bearer)], "").await.json();
    assert_eq!(told["email"], ADA);
    let alive = house.call("api", "/introspect", &[("token", access)]).await.json();
    assert_eq!(alive["active"], true);
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let more = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let renewed = house.call("api", "/token", &more).await;
    assert_eq!((renewed.status, renewed.header("cache-control")), (StatusCode::OK, "no-store"));
    assert_eq!(house.call("api", "/revoke", &[("token", refresh)]).await.status, StatusCode::OK);
    assert_eq!(house.call("api", "/introspect", &[("token", access)]).await.json()["active"], false);
    let gone = house.plain("GET", ISSUER, "/userinfo", &[("authorization", &bearer)], "").await;
    assert_eq!(gone.status, StatusCode::UNAUTHORIZED);
    assert_eq!(gone.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    assert_eq!(house.call("api", "/token", &more).await.json()["error"], "invalid_grant");
}

pub(crate) async fn redeem(house: &House, app: &str, code: &str) -> serde_json::Value {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let reply = house.call(app, "/token", &fields).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    reply.json()
}

#[tokio::test]
async fn an_application_that_is_not_ours_asks_and_is_withdrawn() {
    let house = House::new().await;
    let mut ada = house.ada().await;
    let page = ada.get(ISSUER, &authorize("third")).await;
    assert!(page.body.contains("Allow The third?"), "{}", page.body);
    let next = page.field("next");
    let denied = ada.post(ISSUER, "/consent", &[("next", &next), ("decision", "deny")]).await;
    assert_eq!(denied.status, StatusCode::OK);
    assert_eq!(param(denied.refresh(), "error"), "access_denied");
    let allowed = ada.post(ISSUER, "/consent", &[("next", &next), ("decision", "allow")]).await;
    let tokens = redeem(&house, "third", &param(allowed.refresh(), "code")).await;
    let listed = ada.get(ISSUER, "/account/apps").await;
    assert!(listed.body.contains("The third"));
    let withdrawn = ada.post(ISSUER, "/account/apps/withdraw", &[("client", "third")]).await;
    assert_eq!(withdrawn.location(), "/account/apps?done=withdrawn");
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!(house.call("third", "/introspect", &[("token", access)]).await.json()["active"], false);
    assert!(ada.get(ISSUER, &authorize("third")).await.body.contains("Allow The third?"));
}

#[tokio::test]
async fn a_sign_in_reaches_an_applications_own_host_and_its_proxy_is_told_everything() {
    let house = House::new().await;
    let mut browser = house.browser();
    let started = browser.get(SHOP, "/_cs/start?return_to=%2Fcart").await;
    assert!(
        started.location().starts_with("http://localhost:8321/sso?app=shop&nonce="),
        "{}",
        started.location()
    );
    let door = browser.follow(SHOP, started.location()).await;
    let next = browser.get(ISSUER, door.location()).await.field("next");
    let signed =
        browser.post(ISSUER, "/signin", &[("email", ADA), ("password", PASSWORD), ("next", &next)]).await;
    let ticket = browser.get(ISSUER, signed.refresh()).await;
    assert!(
        ticket.location().starts_with("http://shop.localhost:8321/_cs/callback?ticket="),
        "{}",
        ticket.location()
    );
    let landed = browser.follow(ISSUER, ticket.location()).await;
    assert_eq!(landed.location(), "/cart");
    assert_eq!(landed.cookies().len(), 2, "the session is set and the nonce removed");
    let cookie = browser.cookie_header(SHOP);
    let known = house.plain("GET", ISSUER, "/check?app=shop", &[("cookie", &cookie)], "").await;
    assert_eq!((known.status, known.body.as_str()), (StatusCode::OK, ""));
    assert!(known.header("countersign-subject").starts_with("usr_"));
    assert_eq!(known.header("countersign-app"), "shop");
    assert_eq!(known.header("countersign-style"), "session");
    assert_eq!(known.header("countersign-auth-time"), "1800000000");
    assert!(known.headers.contains_key("countersign-scopes"));
    assert!(known.cookies().is_empty());
    // A proxy that keeps the application's host name is answered as well.
    let kept = house.plain("GET", SHOP, "/check?app=shop", &[("cookie", &cookie)], "").await;
    assert_eq!(kept.header("countersign-subject"), known.header("countersign-subject"));
    // Another application cannot replay the cookie.
    let elsewhere = house.plain("GET", ISSUER, "/check?app=bank", &[("cookie", &cookie)], "").await;
    assert_eq!(elsewhere.status, StatusCode::FORBIDDEN);
    // The ticket worked once, and only in that browser.
    let again = browser.follow(ISSUER, ticket.location()).await;
    assert_eq!(again.status, StatusCode::GONE);
}

#[tokio::test]
async fn a_session_application_that_is_not_ours_asks_before_it_knows_anybody() {
    let house = House::new().await;
    let mut ada = house.ada().await;
    let started = ada.get(GUILD, "/_cs/start?return_to=%2Fhall").await;
    let page = ada.follow(GUILD, started.location()).await;
    assert!(page.body.contains("Allow The guild?"), "{}", page.body);
    let next = page.field("next");
    let denied = ada.post(ISSUER, "/consent", &[("next", &next), ("decision", "deny")]).await;
    assert_eq!(denied.refresh(), "http://guild.localhost:8321/");
    let allowed = ada.post(ISSUER, "/consent", &[("next", &next), ("decision", "allow")]).await;
    let landed = ada.follow(ISSUER, allowed.refresh()).await;
    assert_eq!(landed.location(), "/hall");
    // Remembered, until it is withdrawn: then the session has ended and the question comes again.
    let cookie = ada.cookie_header(GUILD);
    let check = [("cookie", cookie.as_str())];
    assert_eq!(house.plain("GET", ISSUER, "/check?app=guild", &check, "").await.status, StatusCode::OK);
    let again = ada.get(GUILD, "/_cs/start").await;
    assert!(ada.follow(GUILD, again.location()).await.location().contains("/_cs/callback?ticket="));
    ada.post(ISSUER, "/account/apps/withdraw", &[("client", "guild")]).await;
    assert_eq!(
        house.plain("GET", ISSUER, "/check?app=guild", &check, "").await.status,
        StatusCode::UNAUTHORIZED
    );
    let asked = ada.get(GUILD, "/_cs/start").await;
    assert!(ada.follow(GUILD, asked.location()).await.body.contains("Allow The guild?"));
}

#[tokio::test]
async fn a_ticket_counts_only_in_the_browser_that_started() {
    let house = House::new().await;
    let mut thief = house.ada().await;
    let started = thief.get(SHOP, "/_cs/start").await;
    let ticket = thief.follow(SHOP, started.location()).await.location().to_owned();
    let mut victim = house.browser();
    assert_eq!(victim.follow(SHOP, &ticket).await.status, StatusCode::GONE, "no nonce at all");
    victim.get(SHOP, "/_cs/start").await;
    let other = victim.follow(SHOP, &ticket).await;
    assert_eq!(other.status, StatusCode::GONE, "another nonce");
    assert!(!victim.cookie_header(SHOP).contains("cs_dev="));
}

#[tokio::test]
async fn what_is_held_is_told_and_erased() {
    let house = House::new().await;
    let mut ada = house.ada().await;
    let told = ada.get(ISSUER, "/account/data.json").await;
    assert!(told.header("content-disposition").starts_with("attachment"));
    assert!(told.body.contains(ADA));
    for (page, words) in
        [("/account/data", "What is held about you"), ("/account/password", "Change your password")]
    {
        assert!(ada.get(ISSUER, page).await.body.contains(words), "{page}");
    }
    let wrong = ada.post(ISSUER, "/account/erase", &[("password", "not this one at all")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let erased = ada.post(ISSUER, "/account/erase", &[("password", PASSWORD)]).await;
    assert_eq!(erased.location(), "/signin?done=erased", "{}", erased.body);
    assert!(!ada.cookie_header(ISSUER).contains("cs_dev_id"));
    let again = ada.post(ISSUER, "/signin", &[("email", ADA), ("password", PASSWORD)]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn the_issuer_describes_itself_to_everybody() {
    let house = House::new().await;
    for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
        let reply = house.plain("GET", ISSUER, path, &[("origin", "https://anyone.example")], "").await;
        assert_eq!(reply.json()["issuer"], "http://localhost:8321");
        assert_eq!(reply.header("access-control-allow-origin"), "*");
        assert_eq!(reply.header("cache-control"), "public, max-age=300");
        assert_eq!(reply.header("access-control-allow-credentials"), "");
    }
    let keys = house.plain("GET", ISSUER, "/jwks.json", &[], "").await;
    assert_eq!(keys.header("content-type"), "application/jwk-set+json");
    assert!(keys.json()["keys"].as_array().unwrap().len() >= 2);
    assert!(!keys.body.contains("\"d\""));
    let known = [("if-none-match", keys.header("etag"))];
    let same = house.plain("GET", ISSUER, "/jwks.json", &known, "").await;
    assert_eq!((same.status, same.body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(same.header("cache-control"), "public, max-age=300");
    let other = house.plain("GET", ISSUER, "/jwks.json", &[("if-none-match", "\"x\"")], "").await;
    assert_eq!(other.status, StatusCode::OK);
}

#[tokio::test]
async fn pages_of_public_applications_may_call_and_others_may_not_read() {
    let house = House::new().await;
    for (origin, allowed) in
        [("http://localhost:4000", "http://localhost:4000"), ("https://evil.example", "")]
    {
        let headers = [("origin", origin), ("access-control-request-method", "POST")];
        let asked = house.plain("OPTIONS", ISSUER, "/token", &headers, "").await;
        assert_eq!(asked.header("access-control-allow-origin"), allowed);
        assert_eq!(asked.header("access-control-allow-credentials"), "");
        assert_eq!(asked.header("vary"), "Origin");
    }
}
