//! Slots over HTTP: the application's credentials, one version per slot, no write that does not say what it replaces.

use http::StatusCode;

use crate::house::{House, ISSUER, Reply, SHOP};

async fn session(house: &House) -> String {
    let mut browser = house.ada().await;
    let started = browser.get(SHOP, "/_cs/start").await;
    let ticket = browser.follow(SHOP, started.location()).await;
    browser.follow(ISSUER, ticket.location()).await;
    let cookie = browser.cookie_header(SHOP);
    let known = house.plain("GET", ISSUER, "/check?app=shop", &[("cookie", &cookie)], "").await;
    known.header("countersign-session").to_owned()
}

async fn slot(house: &House, app: &str, method: &str, handle: &str, more: (&str, &str), body: &str) -> Reply {
    let headers = [("authorization", house.basic[app].as_str()), ("countersign-session", handle), more];
    house.plain(method, ISSUER, "/session/slots/cart", &headers, body).await
}

#[tokio::test]
async fn a_slot_is_written_read_and_dropped_by_version() {
    let house = House::new().await;
    let handle = session(&house).await;
    let none = ("accept", "*/*");
    assert_eq!(slot(&house, "shop", "GET", &handle, none, "").await.status, StatusCode::NOT_FOUND);
    let made = slot(&house, "shop", "PUT", &handle, ("if-none-match", "*"), "bread").await;
    assert_eq!((made.status, made.header("etag")), (StatusCode::CREATED, "\"v1\""));
    let twice = slot(&house, "shop", "PUT", &handle, ("if-none-match", "*"), "honey").await;
    assert_eq!(
        (twice.status, twice.json()["code"].as_str()),
        (StatusCode::PRECONDITION_FAILED, Some("CS-4104"))
    );
    let read = slot(&house, "shop", "GET", &handle, none, "").await;
    assert_eq!((read.body.as_str(), read.header("etag")), ("bread", "\"v1\""));
    let known = slot(&house, "shop", "GET", &handle, ("if-none-match", "\"v1\""), "").await;
    assert_eq!((known.status, known.body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    let moved = slot(&house, "shop", "PUT", &handle, ("if-match", "\"v1\""), "honey").await;
    assert_eq!((moved.status, moved.header("etag")), (StatusCode::NO_CONTENT, "\"v2\""));
    let late = slot(&house, "shop", "PUT", &handle, ("if-match", "\"v1\""), "tea").await;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED);
    let blind = slot(&house, "shop", "PUT", &handle, none, "tea").await;
    assert_eq!(
        (blind.status, blind.json()["code"].as_str()),
        (StatusCode::PRECONDITION_REQUIRED, Some("CS-7005"))
    );
    assert_eq!(slot(&house, "shop", "GET", &handle, none, "").await.body, "honey");
    let dropped = slot(&house, "shop", "DELETE", &handle, ("if-match", "\"v2\""), "").await;
    assert_eq!(dropped.status, StatusCode::NO_CONTENT);
    assert_eq!(slot(&house, "shop", "GET", &handle, none, "").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_slot_is_not_for_other_applications_nor_for_the_user() {
    let house = House::new().await;
    let handle = session(&house).await;
    slot(&house, "shop", "PUT", &handle, ("if-none-match", "*"), "role=person").await;
    let other = slot(&house, "bank", "GET", &handle, ("accept", "*/*"), "").await;
    assert!(matches!(other.status, StatusCode::NOT_FOUND | StatusCode::GONE), "{}", other.status);
    assert!(!other.body.contains("role"), "{}", other.body);
    let none =
        house.plain("GET", ISSUER, "/session/slots/cart", &[("countersign-session", &handle)], "").await;
    assert_eq!(
        (none.status, none.header("www-authenticate")),
        (StatusCode::UNAUTHORIZED, "Basic realm=\"countersign\"")
    );
    let headers = [("authorization", house.basic["shop"].as_str()), ("countersign-session", handle.as_str())];
    let names = house.plain("GET", ISSUER, "/session/slots", &headers, "").await.json();
    assert_eq!(names["slots"][0]["name"], "cart");
    assert_eq!(names["slots"][0]["bytes"], 11);
}

#[tokio::test]
async fn a_slot_has_a_limit() {
    let house = House::new().await;
    let handle = session(&house).await;
    let large = "x".repeat(10 * 1024 * 1024 + 1);
    let refused = slot(&house, "shop", "PUT", &handle, ("if-none-match", "*"), &large).await;
    assert_eq!(
        (refused.status, refused.json()["code"].as_str()),
        (StatusCode::PAYLOAD_TOO_LARGE, Some("CS-4106"))
    );
    assert_eq!(
        slot(&house, "shop", "GET", &handle, ("accept", "*/*"), "").await.status,
        StatusCode::NOT_FOUND
    );
    let most = slot(&house, "shop", "PUT", &handle, ("if-none-match", "*"), &large[1..]).await;
    assert_eq!(most.status, StatusCode::CREATED);
}
