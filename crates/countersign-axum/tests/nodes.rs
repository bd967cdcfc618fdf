//! Two applications of one kind on one PostgreSQL: somebody who signs out at one is signed out at the other, and a node that no
//! longer hears of endings lets nobody in.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

#[path = "../../countersign-store/tests/support/postgres.rs"]
#[expect(dead_code, reason = "the store's own tests use the rest")]
mod support;

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::routing::{get, post};
use countersign::MasterKey;
use countersign_axum::{Auth, Guard, Rejection, Session};
use http::{HeaderValue, Request, Response, StatusCode, header};
use support::{Proxy, Server, Way};
use tower::ServiceExt;

/// The longest that another node goes on after somebody has signed out, whatever fails.
const BOUND: Duration = Duration::from_secs(5);

async fn sign_in(session: Session, Path(name): Path<String>) -> Result<(), Rejection> {
    session.sign_in(&name).await
}

async fn node(url: &str) -> Router {
    let guard = Guard::sessions(url).master_key(MasterKey::from_bytes([7; 32])).await.unwrap();
    let me = Router::new()
        .route("/me", get(|auth: Auth| async move { auth.subject().to_owned() }))
        .layer(guard.clone());
    Router::new()
        .route("/signin/{name}", post(sign_in))
        .route("/signout", post(|session: Session| async move { session.sign_out().await }))
        .layer(guard.optional())
        .merge(me)
}

async fn ask(node: &Router, method: &str, path: &str, cookie: Option<&HeaderValue>) -> Response<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "shop.example")
        .header(header::ORIGIN, "https://shop.example");
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    node.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn me(node: &Router, cookie: &HeaderValue) -> StatusCode {
    ask(node, "GET", "/me", Some(cookie)).await.status()
}

async fn signed_in(node: &Router, name: &str) -> HeaderValue {
    let answer = ask(node, "POST", &format!("/signin/{name}"), None).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let set = answer.headers()[header::SET_COOKIE].to_str().unwrap();
    HeaderValue::from_str(set.split(';').next().unwrap()).unwrap()
}

/// Asks until something else than `status` is answered.
async fn no_longer(node: &Router, cookie: &HeaderValue, status: StatusCode) -> StatusCode {
    let asking = async {
        loop {
            match me(node, cookie).await {
                same if same == status => tokio::time::sleep(Duration::from_millis(5)).await,
                other => return other,
            }
        }
    };
    let patience = BOUND + Duration::from_secs(5);
    tokio::time::timeout(patience, asking).await.expect("it is answered so for ever")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_signs_out_at_one_is_signed_out_at_the_other() {
    let server = Server::start().await;
    let url = server.fresh().await;
    // They start at once, as two of a kind do.
    let (here, there) = tokio::join!(node(&url), node(&url));
    for round in 0..20 {
        let cookie = signed_in(&here, &format!("ada{round}")).await;
        // Twice, so that the second is answered from memory.
        assert_eq!(me(&there, &cookie).await, StatusCode::OK);
        assert_eq!(me(&there, &cookie).await, StatusCode::OK);
        assert_eq!(ask(&here, "POST", "/signout", Some(&cookie)).await.status(), StatusCode::OK);
        let answered = Instant::now();
        assert_eq!(me(&here, &cookie).await, StatusCode::UNAUTHORIZED);
        assert_eq!(no_longer(&there, &cookie, StatusCode::OK).await, StatusCode::UNAUTHORIZED);
        assert!(answered.elapsed() < BOUND, "after {:?}", answered.elapsed());
        assert_eq!(me(&there, &cookie).await, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_known_is_let_in_five_hundred_times_without_a_word_from_the_database() {
    let server = Server::start().await;
    let url = server.fresh().await;
    let proxy = Proxy::to(server.port).await;
    let far = url.replace(&format!(":{}/", server.port), &format!(":{}/", proxy.port));
    let there = node(&far).await;
    let cookie = signed_in(&there, "ada").await;
    assert_eq!(me(&there, &cookie).await, StatusCode::OK);
    // Whatever were asked now would wait for an answer until the node lets nobody in any more.
    proxy.set(Way::Silent);
    for _ in 0..500 {
        assert_eq!(me(&there, &cookie).await, StatusCode::OK);
    }
    // What memory does not hold is asked for, and so is not answered.
    let unknown = tokio::time::timeout(Duration::from_millis(500), signed_in(&there, "bo")).await;
    assert!(unknown.is_err(), "the database could be asked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_cut_off_lets_nobody_in_after_the_bound_and_nobody_back_in_who_has_signed_out() {
    let server = Server::start().await;
    let url = server.fresh().await;
    let proxy = Proxy::to(server.port).await;
    let far = url.replace(&format!(":{}/", server.port), &format!(":{}/", proxy.port));
    let here = node(&url).await;
    let there = node(&far).await;
    for way in [Way::Cut, Way::Silent] {
        let (ada, bo) = (signed_in(&here, "ada").await, signed_in(&here, "bo").await);
        for cookie in [&ada, &bo] {
            assert_eq!(me(&there, cookie).await, StatusCode::OK);
        }
        proxy.set(way);
        assert_eq!(ask(&here, "POST", "/signout", Some(&ada)).await.status(), StatusCode::OK);
        let answered = Instant::now();
        // Until then memory answers; after it nobody is let in, not even who is signed in.
        let after = no_longer(&there, &ada, StatusCode::OK).await;
        assert!(answered.elapsed() < BOUND, "after {:?}", answered.elapsed());
        assert_eq!(after, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(me(&there, &bo).await, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(me(&here, &bo).await, StatusCode::OK);
        proxy.set(Way::Open);
        assert_eq!(no_longer(&there, &ada, StatusCode::SERVICE_UNAVAILABLE).await, StatusCode::UNAUTHORIZED);
        assert_eq!(me(&there, &bo).await, StatusCode::OK);
    }
}
