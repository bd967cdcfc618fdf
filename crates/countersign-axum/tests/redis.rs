//! An application whose guests are in a real Redis, which is killed and comes back with nothing: guests lose what they had,
//! and nobody else notices.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail by panicking, as the tests do"
)]

#[path = "../../countersign-store/tests/support/redis.rs"]
#[expect(dead_code, reason = "the store's own tests use the rest")]
mod servers;

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::routing::{get, post};
use countersign_axum::{Guard, Rejection, Session, Slot};
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use servers::Server;
use tower::ServiceExt;

const CART: Slot<Vec<String>> = Slot::new("cart").carried();

async fn add(session: Session, Path(item): Path<String>) -> Result<(), Rejection> {
    session.update(CART, |cart| cart.push(item.clone())).await.map(drop)
}

async fn cart(session: Session) -> Result<String, Rejection> {
    let who = session.subject();
    let cart = session.read(CART).await?.unwrap_or_default();
    Ok(format!("{} {}", who.as_deref().unwrap_or("stranger"), cart.join(" ")))
}

async fn sign_in(session: Session, Path(name): Path<String>) -> Result<(), Rejection> {
    session.sign_in(&name).await
}

struct Shop(Router);

impl Shop {
    async fn open(place: &str, redis: &str) -> Self {
        let guard = Guard::sessions(place).data(redis).await.unwrap().optional();
        let routes = Router::new()
            .route("/", get(cart))
            .route("/add/{item}", post(add))
            .route("/signin/{name}", post(sign_in));
        Self(routes.layer(guard))
    }

    async fn ask(&self, method: &str, path: &str, cookie: Option<&HeaderValue>) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path).header("sec-fetch-site", "same-origin");
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        self.0.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    /// The status and the page.
    async fn sees(&self, cookie: Option<&HeaderValue>) -> (StatusCode, String) {
        let response = self.ask("GET", "/", cookie).await;
        let (status, body) = (response.status(), response.into_body().collect().await.unwrap().to_bytes());
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    /// Posts, and gives the cookie that came back.
    async fn post(&self, path: &str, cookie: Option<&HeaderValue>) -> (StatusCode, Option<HeaderValue>) {
        let response = self.ask("POST", path, cookie).await;
        let set = response.headers().get(header::SET_COOKIE).map(|set| set.to_str().unwrap());
        let pair = set.and_then(|set| HeaderValue::from_str(set.split(';').next()?).ok());
        (response.status(), pair)
    }
}

#[tokio::test]
async fn a_redis_that_loses_everything_costs_guests_what_they_had_and_nobody_their_session() {
    let (mut server, folder) = (Server::alone(), tempfile::tempdir().unwrap());
    let shop = Shop::open(&folder.path().join("shop.db").display().to_string(), &server.address()).await;
    let guest = shop.post("/add/tea", None).await.1.expect("the first write begins a guest");
    let carried = shop.post("/add/jam", None).await.1.expect("another one");
    assert_eq!(server.says(&["DBSIZE"]), "2", "guests are in Redis");
    let ada = shop.post("/signin/ada", Some(&carried)).await.1.expect("a new cookie");
    assert_eq!(shop.sees(Some(&ada)).await, (StatusCode::OK, "ada jam".to_owned()));
    assert_eq!(shop.sees(Some(&carried)).await, (StatusCode::OK, "stranger ".to_owned()), "fixation");

    server.kill();
    let begun = Instant::now();
    assert_eq!(shop.sees(Some(&guest)).await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(shop.post("/add/tea", None).await, (StatusCode::SERVICE_UNAVAILABLE, None));
    assert!(begun.elapsed() < Duration::from_secs(3), "told within a second each: {:?}", begun.elapsed());
    assert_eq!(shop.sees(None).await, (StatusCode::OK, "stranger ".to_owned()), "who left nothing may look");
    assert_eq!(shop.post("/add/honey", Some(&ada)).await, (StatusCode::OK, None));
    assert_eq!(shop.sees(Some(&ada)).await, (StatusCode::OK, "ada jam honey".to_owned()));
    let bob = shop.post("/signin/bob", Some(&guest)).await.1.expect("a sign-in does not wait for Redis");
    assert_eq!(shop.sees(Some(&bob)).await, (StatusCode::OK, "bob ".to_owned()));

    server.start_again();
    let back = Instant::now();
    while shop.sees(Some(&guest)).await.0 != StatusCode::OK {
        assert!(back.elapsed() < Duration::from_secs(5), "within five seconds");
    }
    assert_eq!(shop.sees(Some(&guest)).await.1, "stranger ", "lost, and no fault");
    let anew = shop.post("/add/bread", Some(&guest)).await.1.expect("a new guest begins in its place");
    assert_eq!(shop.sees(Some(&anew)).await.1, "stranger bread");
    assert_eq!(shop.sees(Some(&carried)).await.1, "stranger ", "what had ended does not come back");
    assert_eq!(shop.sees(Some(&ada)).await.1, "ada jam honey");
}
