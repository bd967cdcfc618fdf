//! How sessions of an application of its own end, from outside: who signs out, what another site can do about it, what a second
//! sign-in chooses, and what the audit log says of who did it.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as the tests do")]

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::routing::{get, post};
use countersign_axum::testing::Shop;
use countersign_axum::{Guard, Rejection, Session, Slot};
use countersign_core::audit::Event;
use countersign_core::extent::{Actor, Reason};
use countersign_core::port::AuditFilter;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use tower::ServiceExt;

const CART: Slot<Vec<String>> = Slot::new("cart");

async fn who(session: Session) -> String {
    session.subject().as_deref().unwrap_or("stranger").to_owned()
}

async fn sign_in(session: Session, Path(name): Path<String>) -> Result<(), Rejection> {
    session.sign_in(&name).await
}

async fn stay(session: Session, Path(name): Path<String>) -> Result<(), Rejection> {
    session.sign_in_and_stay(&name).await
}

async fn add(session: Session) -> Result<(), Rejection> {
    session.update(CART, |cart| cart.push("tea".to_owned())).await.map(drop)
}

async fn cart(session: Session) -> Result<String, Rejection> {
    Ok(session.read(CART).await?.unwrap_or_default().join(" "))
}

fn app(guard: Guard) -> Router {
    Router::new()
        .route("/", get(who))
        .route("/add", post(add))
        .route("/cart", get(cart))
        .route("/signin/{name}", post(sign_in))
        .route("/stay/{name}", post(stay))
        .route("/signout", post(|session: Session| async move { session.sign_out().await }))
        .route("/signout/all", post(|session: Session| async move { session.sign_out_everywhere().await }))
        .route("/signout/others", post(|session: Session| async move { session.end_others().await }))
        .layer(guard.optional())
}

/// A request of the application's own pages with this cookie.
async fn ask(app: &Router, method: &str, path: &str, cookie: Option<&HeaderValue>) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path).header("sec-fetch-site", "same-origin");
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn said(app: &Router, path: &str, cookie: &HeaderValue) -> String {
    let answer = ask(app, "GET", path, Some(cookie)).await;
    String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

/// What an answer says about the cookie, and the cookie as the browser sends it back.
fn baked(response: &Response<Body>) -> (String, HeaderValue) {
    let set = response.headers()[header::SET_COOKIE].to_str().unwrap();
    let (value, attributes) = set.split_once(';').unwrap();
    (attributes.to_owned(), HeaderValue::from_str(value).unwrap())
}

#[tokio::test]
async fn another_site_signs_nobody_out_and_takes_no_cart_away() {
    let shop = Shop::open().await.unwrap();
    let app = app(shop.guard());
    let ada = shop.signed_in_as("ada").await.unwrap();
    let (_, guest) = baked(&ask(&app, "POST", "/add", None).await);
    for path in ["/signout", "/signout/all"] {
        for site in ["cross-site", "same-site"] {
            // `SameSite=Lax` keeps the cookie back, so they come as a stranger; a browser heeds the answer's all the same.
            for cookie in [None, Some(&ada), Some(&guest)] {
                let mut request = Request::post(path).header("sec-fetch-site", site);
                if let Some(cookie) = cookie {
                    request = request.header(header::COOKIE, cookie);
                }
                let answer = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
                assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path} {site}");
                assert!(!answer.headers().contains_key(header::SET_COOKIE), "{path} {site}");
            }
        }
    }
    assert_eq!(said(&app, "/", &ada).await, "ada");
    assert_eq!(said(&app, "/cart", &guest).await, "tea");
}

#[tokio::test]
async fn whoever_ends_the_others_goes_on_alone() {
    let shop = Shop::open().await.unwrap();
    let app = app(shop.guard());
    let (here, there) = (shop.signed_in_as("ada").await.unwrap(), shop.signed_in_as("ada").await.unwrap());
    let bob = shop.signed_in_as("bob").await.unwrap();
    assert_eq!(ask(&app, "POST", "/signout/others", None).await.status(), StatusCode::UNAUTHORIZED);
    let answer = ask(&app, "POST", "/signout/others", Some(&here)).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(!answer.headers().contains_key(header::SET_COOKIE));
    assert_eq!(said(&app, "/", &here).await, "ada");
    assert_eq!(said(&app, "/", &there).await, "stranger");
    assert_eq!(said(&app, "/", &bob).await, "bob");
}

#[tokio::test]
async fn the_last_sign_in_says_whether_the_browser_remembers() {
    let shop = Shop::open().await.unwrap();
    let app = app(shop.guard());
    let (visit, ada) = baked(&ask(&app, "POST", "/signin/ada", None).await);
    assert!(!visit.contains("Max-Age"), "{visit}");
    let (stays, ada) = baked(&ask(&app, "POST", "/stay/ada", Some(&ada)).await);
    assert!(stays.ends_with("Max-Age=2592000"), "{stays}");
    shop.clock().advance(std::time::Duration::from_secs(9 * 60 * 60));
    assert_eq!(said(&app, "/", &ada).await, "ada", "longer than a visit goes unused");
    let (visit, ada) = baked(&ask(&app, "POST", "/signin/ada", Some(&ada)).await);
    assert!(!visit.contains("Max-Age"), "{visit}");
    shop.clock().advance(std::time::Duration::from_secs(9 * 60 * 60));
    assert_eq!(said(&app, "/", &ada).await, "stranger");
}

#[tokio::test]
async fn an_application_that_ends_somebodys_sessions_is_not_taken_for_them() {
    let shop = Shop::open().await.unwrap();
    let ada = shop.signed_in_as("ada").await.unwrap();
    let guard = shop.guard();
    let home = guard.home().unwrap();
    home.end_everything_of("ada").await.unwrap();
    assert_eq!(said(&app(shop.guard()), "/", &ada).await, "stranger");
    let app = Actor::Client(home.client().clone());
    let ended = home.sessions_of("ada").await.unwrap();
    let ending = ended.first().and_then(|view| view.session.ended.as_ref()).unwrap();
    assert_eq!((&ending.by, ending.reason), (&app, Reason::Revoked));
    let lines = home.engine().audit(AuditFilter::default(), 100).await.unwrap();
    let line = lines.iter().find(|(_, line)| matches!(line.event, Event::Ended { .. })).unwrap();
    assert_eq!(line.1.by, app);
}
