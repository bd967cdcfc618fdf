//! Slots over HTTP: the application's credentials, one version per slot, no write that does not say what it replaces.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http::{Request, StatusCode, header};
use hyper::body::{Frame, SizeHint};

use crate::house::{House, ISSUER, Reply, SHOP};

/// A body that says how long it is, and tells whether anybody has begun to read it.
struct Told {
    bytes: u64,
    read: Arc<AtomicBool>,
}

impl HttpBody for Told {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.read.store(true, Ordering::SeqCst);
        Poll::Ready(None)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes)
    }
}

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

#[tokio::test]
async fn whoever_is_refused_is_refused_before_the_value_is_read() {
    const MOST: u64 = 10 * 1024 * 1024;
    let house = House::new().await;
    let handle = session(&house).await;
    assert_eq!(
        slot(&house, "shop", "PUT", &handle, ("if-none-match", "*"), "bread").await.status,
        StatusCode::CREATED
    );
    let put = |app: &'static str, handle: &str, (name, value): (&'static str, &'static str), bytes: u64| {
        let read = Arc::new(AtomicBool::new(false));
        let request = Request::put("/session/slots/cart")
            .header(header::HOST, ISSUER)
            .header(header::AUTHORIZATION, &house.basic[app])
            .header("countersign-session", handle)
            .header(name, value)
            .body(Body::new(Told { bytes, read: Arc::clone(&read) }))
            .unwrap();
        let sent = house.send(request);
        async move { (sent.await.status, read.load(Ordering::SeqCst)) }
    };
    let other = "AAAAAAAAAAAAAAAAAAAAAA";
    for (app, handle, condition, bytes, status) in [
        ("shop", handle.as_str(), ("if-match", "\"v1\""), MOST + 1, StatusCode::PAYLOAD_TOO_LARGE),
        ("shop", handle.as_str(), ("if-none-match", "*"), MOST, StatusCode::PRECONDITION_FAILED),
        ("shop", handle.as_str(), ("if-match", "\"v2\""), MOST, StatusCode::PRECONDITION_FAILED),
        ("shop", other, ("if-match", "*"), MOST, StatusCode::NOT_FOUND),
        ("bank", handle.as_str(), ("if-match", "*"), MOST, StatusCode::NOT_FOUND),
    ] {
        assert_eq!(put(app, handle, condition, bytes).await, (status, false), "{app} {condition:?} {bytes}");
    }
    let (status, read) = put("shop", &handle, ("if-match", "\"v1\""), MOST).await;
    assert_eq!((status, read), (StatusCode::NO_CONTENT, true));
}
