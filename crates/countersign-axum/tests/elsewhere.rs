//! A handler that asks who comes where its guard is not: on another task, or for another request. Somebody who is signed in
//! is themselves there or it is told; they are never a stranger.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as the tests do")]

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, OptionalFromRequestParts, Request};
use axum::response::Response;
use axum::routing::get;
use countersign_axum::testing::Shop;
use countersign_axum::{Auth, Fence, Rejection, Session};
use http::{HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use tower::{ServiceExt, service_fn};

async fn who(auth: Option<Auth>) -> String {
    auth.map_or_else(|| "stranger".to_owned(), |auth| auth.subject().to_owned())
}

fn routes() -> Router {
    Router::new()
        .route("/opt", get(who))
        .route("/auth", get(|auth: Auth| async move { auth.subject().to_owned() }))
        .route(
            "/session",
            get(|session: Session| async move { session.subject().unwrap_or_default().to_string() }),
        )
}

fn request(path: &str, cookie: Option<&HeaderValue>) -> Request {
    let mut request = Request::get(path);
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    request.body(Body::empty()).unwrap()
}

async fn answer(app: &Router, path: &str, cookie: Option<&HeaderValue>) -> (StatusCode, String) {
    told(app.clone().oneshot(request(path, cookie)).await.unwrap()).await
}

async fn told(response: Response) -> (StatusCode, String) {
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn behind_a_layer_that_runs_its_handlers_on_another_task_nobody_who_is_signed_in_is_a_stranger() {
    let shop = Shop::open().await.unwrap();
    let ada = shop.signed_in_as("ada").await.unwrap();
    let inner = routes();
    let detached = service_fn(move |request: Request| {
        let inner = inner.clone();
        async move { Ok::<_, Infallible>(tokio::spawn(inner.oneshot(request)).await.unwrap().unwrap()) }
    });
    for guard in [shop.guard().optional(), shop.guard()] {
        let closed = !format!("{guard:?}").contains("Optional");
        let app = Router::new().fallback_service(detached.clone()).layer(guard);
        for path in ["/opt", "/auth", "/session"] {
            let (status, who) = answer(&app, path, Some(&ada)).await;
            // A closed guard that had to ask the store leaves what it found in the request, and that is there anywhere.
            let themselves = closed && (status, who.as_str()) == (StatusCode::OK, "ada");
            assert!(themselves || status == StatusCode::INTERNAL_SERVER_ERROR, "{path}: {status} {who}");
        }
    }
    let app = Router::new().fallback_service(detached).layer(shop.guard().optional());
    assert_eq!(answer(&app, "/opt", None).await, (StatusCode::OK, "stranger".to_owned()));
    assert_eq!(answer(&app, "/auth", None).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn who_was_found_may_be_handed_to_a_task_and_parts_that_ask_there_are_told() {
    let shop = Shop::open().await.unwrap();
    let ada = shop.signed_in_as("ada").await.unwrap();
    let handed = |auth: Option<Auth>| async move {
        let task = tokio::spawn(async move { auth.map(|auth| auth.subject().to_owned()) });
        task.await.unwrap().unwrap_or_else(|| "stranger".to_owned())
    };
    let asks_there = |request: Request| async move {
        let (mut parts, _) = request.into_parts();
        let task = tokio::spawn(async move {
            let optional = <Option<Auth> as FromRequestParts<()>>::from_request_parts(&mut parts, &()).await;
            let closed = <Auth as FromRequestParts<()>>::from_request_parts(&mut parts, &()).await;
            (optional.unwrap_err(), closed.unwrap_err())
        });
        let both = task.await.unwrap();
        assert!(matches!(both, (Rejection::Unguarded, Rejection::Unguarded)), "{both:?}");
        // Back on its own task it is answered.
        "told"
    };
    let app = Router::new().route("/handed", get(handed)).route("/asks", get(asks_there));
    let app = app.layer(shop.guard().optional());
    assert_eq!(answer(&app, "/handed", Some(&ada)).await, (StatusCode::OK, "ada".to_owned()));
    assert_eq!(answer(&app, "/asks", Some(&ada)).await, (StatusCode::OK, "told".to_owned()));
}

#[tokio::test]
async fn of_requests_that_a_handler_sends_on_at_once_each_is_who_it_is_or_told() {
    let shop = Shop::open().await.unwrap();
    let (ada, bob) = (shop.signed_in_as("ada").await.unwrap(), shop.signed_in_as("bob").await.unwrap());
    // Both have to be read first, so that both are under way when the first of them is found.
    shop.clock().advance(std::time::Duration::from_secs(2 * 24 * 60 * 60));
    let sends_on = move |request: Request| async move {
        let theirs = request.headers()[header::COOKIE].clone();
        let one = |cookie: HeaderValue| async move {
            let (status, who) = answer(&routes(), "/opt", Some(&cookie)).await;
            if status == StatusCode::OK { who } else { status.as_u16().to_string() }
        };
        let all = tokio::join!(one(theirs.clone()), one(bob.clone()), one(theirs));
        format!("{} {} {}", all.0, all.1, all.2)
    };
    let app = Router::new().route("/", get(sends_on)).layer(shop.guard().optional());
    let (status, all) = answer(&app, "/", Some(&ada)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(all, "ada 500 ada");
}

#[tokio::test]
async fn behind_a_fence_that_stands_within_a_guard_somebody_is_themselves() {
    let shop = Shop::open().await.unwrap();
    let ada = shop.signed_in_as("ada").await.unwrap();
    for guard in [shop.guard().optional(), shop.guard()] {
        let app = routes().layer(Fence).layer(guard);
        for path in ["/opt", "/auth", "/session"] {
            assert_eq!(answer(&app, path, Some(&ada)).await, (StatusCode::OK, "ada".to_owned()), "{path}");
        }
    }
}

#[tokio::test]
async fn a_request_that_asks_twice_at_once_is_one_visit() {
    let shop = Shop::open().await.unwrap();
    let ada = shop.signed_in_as("ada").await.unwrap();
    shop.clock().advance(std::time::Duration::from_secs(2 * 24 * 60 * 60));
    let twice = |request: Request| async move {
        let (parts, _) = request.into_parts();
        let one = |mut parts: http::request::Parts| async move {
            let auth = <Auth as OptionalFromRequestParts<()>>::from_request_parts(&mut parts, &()).await;
            auth.unwrap().map_or_else(|| "stranger".to_owned(), |auth| auth.subject().to_owned())
        };
        let (first, second) = tokio::join!(one(parts.clone()), one(parts));
        format!("{first} {second}")
    };
    let app = Router::new().route("/", get(twice)).layer(shop.guard().optional());
    assert_eq!(answer(&app, "/", Some(&ada)).await, (StatusCode::OK, "ada ada".to_owned()));
}
