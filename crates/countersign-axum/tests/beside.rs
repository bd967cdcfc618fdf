//! Two nodes of an application whose people are in PostgreSQL and whose guests are in Redis, both real: the nodes are one
//! application, and what each of the two servers may cost is what is said of it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

#[path = "../../countersign-store/tests/support/postgres.rs"]
#[expect(dead_code, reason = "the store's own tests use the rest")]
mod postgres;
#[path = "../../countersign-store/tests/support/redis.rs"]
#[expect(dead_code, reason = "the store's own tests use the rest")]
mod redis;

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::routing::{get, post};
use countersign::MasterKey;
use countersign_axum::{Guard, Rejection, Session, Slot};
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use tower::ServiceExt;

const CART: Slot<Vec<String>> = Slot::new("cart").carried();
const VISITS: Slot<i64> = Slot::new("visits").carried();

async fn add(session: Session, Path(item): Path<String>) -> Result<(), Rejection> {
    session.update(CART, |cart| cart.push(item.clone())).await.map(drop)
}

async fn count(session: Session, Path(once): Path<String>) -> Result<String, Rejection> {
    Ok(session.add(VISITS, 1, &once).await?.to_string())
}

async fn look(session: Session) -> Result<String, Rejection> {
    let who = session.subject();
    let cart = session.read(CART).await?.unwrap_or_default();
    Ok(format!("{} {}", who.as_deref().unwrap_or("stranger"), cart.join(" ")))
}

async fn sign_in(session: Session, Path(name): Path<String>) -> Result<(), Rejection> {
    session.sign_in(&name).await
}

struct Node(Router);

impl Node {
    async fn open(people: &str, guests: &str) -> Self {
        let guard = Guard::sessions(people).data(guests).master_key(MasterKey::from_bytes([7; 32]));
        let routes = Router::new()
            .route("/", get(look))
            .route("/add/{item}", post(add))
            .route("/count/{once}", post(count))
            .route("/signin/{name}", post(sign_in))
            .route("/signout", post(|session: Session| async move { session.sign_out().await }));
        Self(routes.layer(guard.await.unwrap().optional()))
    }

    async fn send(&self, method: &str, path: &str, cookie: Option<&HeaderValue>) -> Response<Body> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "shop.example")
            .header(header::ORIGIN, "https://shop.example");
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        self.0.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    /// The status and the page.
    async fn says(&self, method: &str, path: &str, cookie: &HeaderValue) -> (u16, String) {
        let response = self.send(method, path, Some(cookie)).await;
        let (status, body) = (response.status(), response.into_body().collect().await.unwrap().to_bytes());
        (status.as_u16(), String::from_utf8(body.to_vec()).unwrap())
    }

    async fn sees(&self, cookie: &HeaderValue) -> (u16, String) {
        self.says("GET", "/", cookie).await
    }

    /// The cookie that a post gives.
    async fn gets(&self, path: &str, cookie: Option<&HeaderValue>) -> HeaderValue {
        let response = self.send("POST", path, cookie).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let set = response.headers()[header::SET_COOKIE].to_str().unwrap();
        HeaderValue::from_str(set.split(';').next().unwrap()).unwrap()
    }
}

fn ok(page: &str) -> (u16, String) {
    (200, page.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_in_postgres_and_guests_in_redis_are_one_application_on_every_node() {
    let (people, mut guests) = (postgres::Server::start().await, redis::Server::alone());
    let (place, data) = (people.fresh().await, guests.address());
    let (here, there) = (Node::open(&place, &data).await, Node::open(&place, &data).await);

    let guest = here.gets("/add/tea", None).await;
    assert_eq!(guests.says(&["DBSIZE"]), "1", "the guest is in Redis");
    assert_eq!(people.count(&place, "SELECT FROM countersign.guest").await, 0, "and not in PostgreSQL");
    assert_eq!(there.says("POST", "/add/jam", &guest).await.0, 200);
    assert_eq!(here.sees(&guest).await, ok("stranger tea jam"));
    // A request that is tried again elsewhere counts once, before the sign-in and after it.
    for node in [&here, &there, &here] {
        assert_eq!(node.says("POST", "/count/a", &guest).await, ok("1"));
    }
    let ada = there.gets("/signin/ada", Some(&guest)).await;
    for node in [&here, &there] {
        assert_eq!(node.sees(&ada).await, ok("ada tea jam"));
        assert_eq!(node.sees(&guest).await, ok("stranger "), "the cookie from before is dead");
        assert_eq!(node.says("POST", "/count/a", &ada).await, ok("1"));
        assert_eq!(node.says("POST", "/add/poison", &guest).await.0, 401);
    }

    let left = here.gets("/add/bread", None).await;
    guests.kill();
    for node in [&here, &there] {
        assert_eq!(node.sees(&left).await.0, 503, "a guest is told");
        assert_eq!(node.says("POST", "/add/honey", &ada).await.0, 200, "who is signed in does not notice");
    }
    assert_eq!(here.sees(&ada).await, ok("ada tea jam honey honey"));
    let bob = here.gets("/signin/bob", Some(&left)).await;
    assert_eq!(there.sees(&bob).await, ok("bob "), "a sign-in does not wait for it");

    guests.start_again();
    let back = Instant::now();
    for node in [&here, &there] {
        while node.sees(&left).await.0 != 200 {
            assert!(back.elapsed() < Duration::from_secs(5), "within five seconds");
        }
        assert_eq!(node.sees(&left).await, ok("stranger "), "lost, and no fault");
        assert_eq!(node.sees(&guest).await, ok("stranger "), "what had ended does not come back");
    }

    assert_eq!(there.says("POST", "/signout", &ada).await.0, 200);
    let answered = Instant::now();
    while here.sees(&ada).await != ok("stranger ") {
        assert!(answered.elapsed() < Duration::from_secs(5), "signed out at every node");
    }
    let anew = there.gets("/add/salt", None).await;
    assert_eq!(here.sees(&anew).await, ok("stranger salt"));
}
