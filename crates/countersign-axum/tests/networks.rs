//! From which network somebody comes, from outside: how many guests may begin in one, and what a person is told of theirs.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as the tests do")]

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::routing::{get, post};
use countersign::MasterKey;
use countersign_axum::{Guard, Peer, Rejection, Session, Slot};
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tower::ServiceExt;

const CART: Slot<Vec<String>> = Slot::new("cart");

async fn add(session: Session) -> Result<(), Rejection> {
    session.update(CART, |cart| cart.push("tea".to_owned())).await.map(drop)
}

async fn networks(session: Session) -> Result<String, Rejection> {
    let listed = session.list().await?;
    Ok(listed.into_iter().map(|fact| fact.network).collect::<Vec<_>>().join(" "))
}

/// An application in production, since development serves this machine only.
async fn app(proxies: u8) -> (Router, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("shop.db").display().to_string();
    let guard = Guard::sessions(&place).master_key(MasterKey::from_bytes([1; 32])).await.unwrap();
    let app = Router::new()
        .route("/add", post(add))
        .route("/signin", post(|session: Session| async move { session.sign_in("ada").await }))
        .route("/networks", get(networks))
        .layer(guard.behind_proxies(proxies).optional());
    (app, folder)
}

fn request(method: &str, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path).header("sec-fetch-site", "same-origin")
}

async fn send(app: Router, request: http::request::Builder) -> Response<Body> {
    app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

/// What `list` says of the networks of somebody who signs in by this request.
async fn told(app: &Router, sign_in: http::request::Builder) -> String {
    let signed = send(app.clone(), sign_in).await;
    let set = signed.headers()[header::SET_COOKIE].to_str().unwrap();
    let cookie = HeaderValue::from_str(set.split(';').next().unwrap()).unwrap();
    let listed = send(app.clone(), request("GET", "/networks").header(header::COOKIE, cookie)).await;
    let body = listed.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

/// The answers to so many guests who begin at once.
async fn guests(app: &Router, count: usize, from: Option<SocketAddr>) -> Vec<Response<Body>> {
    let begin = || match from {
        Some(peer) => request("POST", "/add").extension(ConnectInfo(peer)),
        None => request("POST", "/add"),
    };
    let begun: JoinSet<_> = (0..count).map(|_| send(app.clone(), begin())).collect();
    begun.join_all().await
}

#[tokio::test]
async fn guests_of_one_network_are_too_many_and_told_when_to_come_again() {
    let (app, _folder) = app(0).await;
    let answers = guests(&app, 700, Some(([203, 0, 113, 9], 1).into())).await;
    let (begun, refused): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.status() == StatusCode::OK);
    assert!(begun.len() >= 600 && !refused.is_empty(), "{} {}", begun.len(), refused.len());
    for answer in refused {
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.headers()[header::RETRY_AFTER], "1");
    }
    let elsewhere = guests(&app, 1, Some(([203, 0, 114, 9], 1).into())).await;
    assert_eq!(elsewhere[0].status(), StatusCode::OK);
}

#[tokio::test]
async fn where_nobody_says_from_where_guests_come_they_are_not_all_from_one_network() {
    let (app, _folder) = app(0).await;
    let answers = guests(&app, 700, None).await;
    assert!(answers.iter().all(|answer| answer.status() == StatusCode::OK));
}

#[tokio::test]
async fn a_person_is_told_their_network_or_that_it_is_unknown() {
    let forwarded = || request("POST", "/signin").header("x-forwarded-for", "198.51.100.7, 203.0.113.9");
    for (proxies, network) in [(0, "unknown"), (1, "203.0.113.0/24"), (2, "198.51.100.0/24"), (3, "unknown")]
    {
        let (app, _folder) = app(proxies).await;
        assert_eq!(told(&app, forwarded()).await, network);
    }
    let (app, _folder) = app(0).await;
    let known = request("POST", "/signin").extension(Peer([192, 0, 2, 1].into()));
    assert_eq!(told(&app, known).await, "192.0.2.0/24");
    // Newest first; the last comes through a proxy on this machine that nobody told of.
    let from =
        |address: [u8; 4]| request("POST", "/signin").extension(ConnectInfo(SocketAddr::from((address, 1))));
    assert_eq!(told(&app, from([203, 0, 113, 9])).await, "203.0.113.0/24 192.0.2.0/24");
    assert_eq!(told(&app, from([127, 0, 0, 1])).await, "unknown 203.0.113.0/24 192.0.2.0/24");
}
