//! After an ending, nothing that it covered is accepted anywhere.

use http::StatusCode;

use crate::house::{ADA, Browser, House, ISSUER, PASSWORD, SHOP, authorize, param};
use crate::walk::redeem;

/// Everything that one sign-in gave: a cookie at the issuer, one at the shop, tokens.
struct Held<'a> {
    browser: Browser<'a>,
    access: String,
    refresh: String,
    shop: String,
    handle: String,
}

async fn everything(house: &House) -> Held<'_> {
    let mut browser = house.ada().await;
    let started = browser.get(SHOP, "/_cs/start").await;
    let ticket = browser.follow(SHOP, started.location()).await;
    browser.follow(ISSUER, ticket.location()).await;
    let shop = browser.cookie_header(SHOP);
    let known = house.plain("GET", ISSUER, "/check?app=shop", &[("cookie", &shop)], "").await;
    assert_eq!(known.status, StatusCode::OK);
    let handle = known.header("countersign-session").to_owned();
    let back = browser.get(ISSUER, &authorize("api")).await;
    let tokens = redeem(house, "api", &param(back.location(), "code")).await;
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    Held { access: text("access_token"), refresh: text("refresh_token"), browser, shop, handle }
}

async fn assert_all_refused(house: &House, held: &mut Held<'_>) {
    let bearer = format!("Bearer {}", held.access);
    let cookie = [("cookie", held.shop.as_str())];
    let with_bearer = [("authorization", bearer.as_str())];
    let check = house.plain("GET", ISSUER, "/check?app=shop", &cookie, "").await;
    assert_eq!(check.status, StatusCode::UNAUTHORIZED);
    assert_eq!(check.header("www-authenticate"), "Bearer");
    assert!(check.cookies().is_empty() && check.body.is_empty());
    let check = house.plain("GET", ISSUER, "/check?app=api", &with_bearer, "").await;
    assert_eq!(check.status, StatusCode::UNAUTHORIZED);
    let told = house.plain("GET", ISSUER, "/userinfo", &with_bearer, "").await;
    assert_eq!(told.status, StatusCode::UNAUTHORIZED);
    for token in [&held.access, &held.refresh] {
        assert_eq!(house.call("api", "/introspect", &[("token", token)]).await.json()["active"], false);
    }
    let more = [("grant_type", "refresh_token"), ("refresh_token", held.refresh.as_str())];
    let refused = house.call("api", "/token", &more).await;
    assert_eq!(
        (refused.status, refused.json()["error"].as_str()),
        (StatusCode::BAD_REQUEST, Some("invalid_grant"))
    );
    let slots =
        [("authorization", house.basic["shop"].as_str()), ("countersign-session", held.handle.as_str())];
    let slot = house.plain("GET", ISSUER, "/session/slots", &slots, "").await;
    assert_eq!(slot.status, StatusCode::GONE);
    let page = held.browser.get(ISSUER, "/account").await;
    assert_eq!(page.location(), "/signin?next=%2Faccount");
    let ask = held.browser.get(ISSUER, &authorize("api")).await;
    assert!(ask.location().starts_with("/signin?"), "{}", ask.location());
}

#[tokio::test]
async fn signing_out_ends_the_whole_sign_in() {
    let house = House::new().await;
    let mut held = everything(&house).await;
    let copied = held.browser.jars.clone();
    let out = held.browser.post(ISSUER, "/signout", &[]).await;
    assert!(out.body.contains("You are signed out"));
    assert!(!held.browser.cookie_header(ISSUER).contains("cs_dev_id"));
    // Whoever copied the cookies is refused as well.
    held.browser.jars = copied;
    assert_all_refused(&house, &mut held).await;
}

#[tokio::test]
async fn ending_all_others_ends_them_and_keeps_this_one() {
    let house = House::new().await;
    let mut held = everything(&house).await;
    let mut here = house.ada().await;
    let page = here.get(ISSUER, "/account").await;
    assert!(page.body.contains("End 1 other session"), "{}", page.body);
    assert_eq!(
        here.post(ISSUER, "/account/sessions/end-others", &[]).await.location(),
        "/account?done=others"
    );
    assert_all_refused(&house, &mut held).await;
    assert_eq!(here.get(ISSUER, "/account").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_new_password_ends_the_others_when_asked() {
    let house = House::new().await;
    let mut held = everything(&house).await;
    let mut here = house.ada().await;
    let fields =
        [("current_password", PASSWORD), ("new_password", "quite another harbour 3"), ("end_others", "on")];
    let changed = here.post(ISSUER, "/account/password", &fields).await;
    assert_eq!(changed.location(), "/account/password?done=password", "{}", changed.body);
    assert_all_refused(&house, &mut held).await;
}

#[tokio::test]
async fn one_session_is_ended_by_its_owner_and_by_nobody_else() {
    let house = House::new().await;
    let held = everything(&house).await;
    house.rig.person("bo@marsh.example", PASSWORD).await.unwrap();
    let mut bo = house.browser();
    bo.post(ISSUER, "/signin", &[("email", "bo@marsh.example"), ("password", PASSWORD)]).await;
    let tried = bo.post(ISSUER, "/account/sessions/end", &[("session", &held.handle)]).await;
    assert_eq!(tried.status, StatusCode::NOT_FOUND);
    let cookie = [("cookie", held.shop.as_str())];
    assert_eq!(house.plain("GET", ISSUER, "/check?app=shop", &cookie, "").await.status, StatusCode::OK);
    let mut ada = house.ada().await;
    let page = ada.get(ISSUER, "/account").await;
    assert!(page.body.contains(&held.handle));
    let ended = ada.post(ISSUER, "/account/sessions/end", &[("session", &held.handle)]).await;
    assert_eq!(ended.location(), "/account?done=ended");
    assert_eq!(
        house.plain("GET", ISSUER, "/check?app=shop", &cookie, "").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn an_application_asks_to_sign_out_and_the_person_is_asked() {
    let house = House::new().await;
    let mut held = everything(&house).await;
    let back = crate::house::encoded("http://localhost:4000/bye");
    let path = format!("/logout?client_id=api&post_logout_redirect_uri={back}&state=x");
    let page = held.browser.get(ISSUER, &path).await;
    assert!(page.body.contains("Sign out?") && page.body.contains(ADA), "{}", page.body);
    assert!(page.body.contains("The shop"));
    let next = page.field("next");
    let copied = held.browser.jars.clone();
    let out = held.browser.post(ISSUER, "/signout", &[("next", &next)]).await;
    assert_eq!(out.refresh(), "http://localhost:4000/bye?state=x");
    held.browser.jars = copied;
    assert_all_refused(&house, &mut held).await;
}

#[tokio::test]
async fn signing_in_again_gives_a_new_session_and_ends_the_old_one() {
    let house = House::new().await;
    let mut ada = house.ada().await;
    let mut before = house.browser();
    before.jars = ada.jars.clone();
    ada.post(ISSUER, "/signin", &[("email", ADA), ("password", PASSWORD)]).await;
    assert_ne!(ada.cookie_header(ISSUER), before.cookie_header(ISSUER));
    assert_eq!(before.get(ISSUER, "/account").await.location(), "/signin?next=%2Faccount");
    assert_eq!(ada.get(ISSUER, "/account").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_page_asked_for_before_a_sign_in_does_not_take_away_what_the_sign_in_gave() {
    let house = House::new().await;
    let mut browser = house.ada().await;
    let before = browser.cookie_header(ISSUER);
    let account = |cookie: String, mode: &'static str| {
        let house = &house;
        async move {
            let headers = [("cookie", cookie.as_str()), ("accept", "text/html"), ("sec-fetch-mode", mode)];
            house.plain("GET", ISSUER, "/account", &headers, "").await
        }
    };
    browser.post(ISSUER, "/signin", &[("email", ADA), ("password", PASSWORD)]).await;
    let late = account(before.clone(), "navigate").await;
    assert_eq!(late.location(), "/signin?next=%2Faccount");
    assert!(late.cookies().is_empty(), "{:?}", late.cookies());
    assert_eq!(account(browser.cookie_header(ISSUER), "navigate").await.status, StatusCode::OK);
    // Once it is dead, a page takes it away, and what a page asks for by itself does not.
    let out = browser.cookie_header(ISSUER);
    browser.post(ISSUER, "/signout", &[]).await;
    assert!(account(out.clone(), "no-cors").await.cookies().is_empty());
    assert!(account(out, "navigate").await.cookies().iter().any(|cookie| cookie.ends_with("Max-Age=0")));
}
