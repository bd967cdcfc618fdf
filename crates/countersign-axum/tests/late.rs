//! A refusal that reaches a browser after a newer sign-in did: whether it takes the newer cookie away.
//!
//! A browser keeps one cookie of a name, so what removes the old one removes the newer one as well.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as the tests do")]

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::routing::{get, post};
use countersign_axum::testing::{Shop, signed_in_as};
use countersign_axum::{Auth, Guard, Rejection, Session, Slot};
use http::{HeaderValue, Request, Response, StatusCode, header};
use tower::ServiceExt;

const CART: Slot<Vec<String>> = Slot::new("cart").carried();
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn who(session: Session) -> String {
    session.subject().as_deref().unwrap_or("stranger").to_owned()
}

async fn sign_in(session: Session, Path(name): Path<String>) -> Result<(), Rejection> {
    session.sign_in(&name).await
}

async fn add(session: Session, Path(item): Path<String>) -> Result<(), Rejection> {
    session.update(CART, |cart| cart.push(item.clone())).await.map(drop)
}

fn app(guard: Guard) -> Router {
    let closed = Router::new().route("/me", get(|_: Auth| async {})).layer(guard.clone());
    Router::new()
        .route("/", get(who))
        .route("/signin/{name}", post(sign_in))
        .route("/add/{item}", post(add))
        .route("/signout", post(|session: Session| async move { session.sign_out().await }))
        .layer(guard.optional())
        .merge(closed)
}

/// A request of the application's own pages; `mode` is that of Fetch Metadata.
async fn send(app: &Router, method: &str, path: &str, mode: &str, cookie: &HeaderValue) -> Response<Body> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "localhost:3000")
        .header("sec-fetch-site", "same-origin")
        .header("sec-fetch-mode", mode)
        .header(header::COOKIE, cookie);
    app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn goes_to(app: &Router, path: &str, cookie: &HeaderValue) -> Response<Body> {
    send(app, "GET", path, "navigate", cookie).await
}

async fn posts(app: &Router, path: &str, cookie: &HeaderValue) -> Response<Body> {
    send(app, "POST", path, "cors", cookie).await
}

fn set(response: &Response<Body>) -> Option<&str> {
    response.headers().get(header::SET_COOKIE).map(|value| value.to_str().unwrap())
}

/// The cookie that an answer sets, as the browser sends it back.
fn baked(response: &Response<Body>) -> HeaderValue {
    HeaderValue::from_str(set(response).unwrap().split(';').next().unwrap()).unwrap()
}

/// What a browser sends that was given these cookies, in this order: of one name it keeps the last.
fn jar(pairs: &[&HeaderValue]) -> HeaderValue {
    let pairs = pairs.iter().map(|pair| pair.to_str().unwrap().split_once('=').unwrap());
    let kept: std::collections::BTreeMap<_, _> = pairs.collect();
    let joined: Vec<String> = kept.iter().map(|(name, value)| format!("{name}={value}")).collect();
    HeaderValue::from_str(&joined.join("; ")).unwrap()
}

fn takes_the_cookie_away(response: &Response<Body>) -> bool {
    set(response).is_some_and(|cookie| cookie.ends_with("Max-Age=0"))
}

#[tokio::test]
async fn what_comes_with_the_cookie_of_before_a_sign_in_leaves_the_newer_one() {
    let shop = Shop::open().await.unwrap();
    let app = app(shop.guard());
    let first = shop.signed_in_as("ada").await.unwrap();
    let second = baked(&posts(&app, "/signin/ada", &first).await);
    let third = baked(&posts(&app, "/signin/bob", &second).await);
    for old in [&first, &second] {
        for path in ["/", "/me"] {
            let late = goes_to(&app, path, old).await;
            assert_eq!(set(&late), None, "{path}");
        }
        assert_eq!(goes_to(&app, "/me", old).await.status(), StatusCode::UNAUTHORIZED);
        // Neither does a guest, who would begin with the first write.
        let write = posts(&app, "/add/tea", old).await;
        assert_eq!((write.status(), set(&write)), (StatusCode::UNAUTHORIZED, None));
    }
    assert_eq!(goes_to(&app, "/me", &third).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_process_that_does_not_remember_the_sign_in_leaves_the_newer_cookie_too() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("shop.db").display().to_string();
    let guard = Guard::sessions(&place).await.unwrap();
    let first = signed_in_as(&guard, "ada").await.unwrap();
    let out = signed_in_as(&guard, "ada").await.unwrap();
    let before = app(guard);
    assert_eq!(posts(&before, "/signin/ada", &first).await.status(), StatusCode::OK);
    assert_eq!(posts(&before, "/signout", &out).await.status(), StatusCode::OK);
    drop(before);
    let after = app(Guard::sessions(&place).await.unwrap());
    assert_eq!(set(&goes_to(&after, "/me", &first).await), None);
    assert!(takes_the_cookie_away(&goes_to(&after, "/me", &out).await));
}

#[tokio::test]
async fn a_browser_that_never_got_the_newer_cookie_begins_anew_after_a_while() {
    let shop = Shop::open().await.unwrap();
    let app = app(shop.guard());
    let first = shop.signed_in_as("ada").await.unwrap();
    assert_eq!(posts(&app, "/signin/ada", &first).await.status(), StatusCode::OK);
    shop.clock().advance(11 * MINUTE);
    assert!(takes_the_cookie_away(&goes_to(&app, "/", &first).await));
    let begun = posts(&app, "/add/tea", &first).await;
    assert_eq!(begun.status(), StatusCode::OK);
    assert_eq!(goes_to(&app, "/", &baked(&begun)).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_guest_whom_a_sign_in_ended_takes_nothing_away_and_begins_anew_after_a_while() {
    let shop = Shop::open().await.unwrap();
    let app = app(shop.guard());
    let guest = baked(&posts(&app, "/add/tea", &HeaderValue::from_static("a=b")).await);
    assert_eq!(posts(&app, "/signin/ada", &guest).await.status(), StatusCode::OK);
    let late = posts(&app, "/add/jam", &guest).await;
    assert_eq!((late.status(), set(&late)), (StatusCode::UNAUTHORIZED, None));
    shop.clock().advance(11 * MINUTE);
    assert_ne!(baked(&posts(&app, "/add/jam", &guest).await), guest);
}

#[tokio::test]
async fn a_first_write_that_crosses_a_sign_in_leaves_its_cookie_where_it_is() {
    let shop = Shop::open().await.unwrap();
    let app = app(shop.guard());
    // Both are under way at once, from a browser that has no cookie, and the write is answered last.
    let nobody = HeaderValue::from_static("a=b");
    let ada = baked(&posts(&app, "/signin/ada", &nobody).await);
    let guest = baked(&posts(&app, "/add/tea", &nobody).await);
    let jar = jar(&[&ada, &guest]);
    assert_eq!(jar.to_str().unwrap().matches(';').count(), 1, "one took the other's place: {jar:?}");
    let page = goes_to(&app, "/", &jar).await;
    assert_eq!((page.status(), set(&page)), (StatusCode::OK, None));
    assert_eq!(axum::body::to_bytes(page.into_body(), 99).await.unwrap(), "ada");
    // Both go when she does.
    let out = posts(&app, "/signout", &jar).await;
    let all = out.headers().get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap());
    let gone: Vec<&str> = all.filter(|cookie| cookie.ends_with("Max-Age=0")).collect();
    for pair in [&ada, &guest] {
        let name = pair.to_str().unwrap().split_once('=').unwrap().0;
        assert!(gone.iter().any(|cookie| cookie.starts_with(&format!("{name}=;"))), "{gone:?}");
    }
}

#[tokio::test]
async fn a_sign_in_takes_the_cookie_of_the_guest_away() {
    let shop = Shop::open().await.unwrap();
    let app = app(shop.guard());
    let guest = baked(&posts(&app, "/add/tea", &HeaderValue::from_static("a=b")).await);
    let signed = posts(&app, "/signin/ada", &guest).await;
    let all: Vec<_> = signed.headers().get_all(header::SET_COOKIE).iter().collect();
    let name = guest.to_str().unwrap().split_once('=').unwrap().0;
    let removal = all.iter().find(|value| value.to_str().unwrap().starts_with(&format!("{name}=;")));
    assert!(removal.unwrap().to_str().unwrap().ends_with("Max-Age=0"), "{all:?}");
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!(signed.headers().get_all(header::VARY).iter().count(), 1);
}

#[tokio::test]
async fn only_a_person_who_goes_to_a_page_loses_a_dead_cookie() {
    let shop = Shop::open().await.unwrap();
    let app = app(shop.guard());
    let out = shop.signed_in_as("ada").await.unwrap();
    assert_eq!(posts(&app, "/signout", &out).await.status(), StatusCode::OK);
    let idle = shop.signed_in_as("ada").await.unwrap();
    shop.clock().advance(15 * DAY);
    for dead in [&out, &idle] {
        for path in ["/", "/me"] {
            // A poll may be under way while its browser signs in, and then its answer comes later.
            assert_eq!(set(&send(&app, "GET", path, "cors", dead).await), None, "{path}");
            assert!(takes_the_cookie_away(&goes_to(&app, path, dead).await), "{path}");
        }
    }
}

#[tokio::test]
async fn a_cookie_that_nobody_knows_is_left_where_it_is() {
    let (shop, other) = (Shop::open().await.unwrap(), Shop::open().await.unwrap());
    let stray = other.signed_in_as("ada").await.unwrap();
    let refused = goes_to(&app(shop.guard()), "/me", &stray).await;
    assert_eq!((refused.status(), set(&refused)), (StatusCode::UNAUTHORIZED, None));
}
