//! The contestants: one handler that says `ok`, behind nothing, behind us, behind others.
//!
//! Each is given its state, as `axum::serve` does: else axum makes its handler and its layers anew for every request.

use std::hint::black_box;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bytes::BytesMut;
use countersign::Home;
use countersign_axum::{Auth, Guard, Rejection, Slot};
use http::{HeaderValue, Request, header};
use tower::Service;
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

use crate::House;

/// Nobody asks who comes.
pub fn bare() -> Router {
    Router::new().route("/", get(|| async { "ok" })).with_state(())
}

async fn whose(auth: Auth) -> &'static str {
    black_box(auth.subject());
    "ok"
}

/// Who comes must have a session, and the handler reads whose it is.
pub fn guarded<S>(house: &House<S>) -> Router {
    let guard = Guard::sessions_of(house.engine.clone(), house.client.clone());
    Router::new().route("/", get(whose)).layer(guard).with_state(())
}

/// The same with sessions of the application's own: the handler reads by which name it knows them.
pub fn named(home: &Arc<Home>) -> Router {
    Router::new().route("/", get(whose)).layer(Guard::at_home(home.clone())).with_state(())
}

/// Behind the guard, but nobody opens the session.
pub fn unopened<S>(house: &House<S>) -> Router {
    bare().layer(Guard::sessions_of(house.engine.clone(), house.client.clone()).optional())
}

/// Somebody whom nobody knows, and what they have left, which the handler reads; with their cookie.
pub async fn guest(guard: Guard) -> (Router, HeaderValue) {
    async fn left(session: countersign_axum::Session) -> Result<&'static str, Rejection> {
        black_box(session.read(CART).await?);
        Ok("ok")
    }
    async fn leave(session: countersign_axum::Session) -> Result<&'static str, Rejection> {
        session.update(CART, |cart| cart.push("rope".to_owned())).await?;
        Ok("ok")
    }
    let routes = Router::new().route("/", get(left)).route("/leave", get(leave));
    let mut app = routes.layer(guard.optional());
    let response = app.call(Request::get("/leave").body(Body::empty()).unwrap()).await.unwrap();
    let set = response.headers()[header::SET_COOKIE].to_str().unwrap();
    let cookie = HeaderValue::from_str(set.split(';').next().unwrap()).unwrap();
    (app, cookie)
}

const CART: Slot<Vec<String>> = Slot::new("cart");

/// A layer that does nothing: what a place in axum's stack costs by itself.
pub fn idle_layer() -> Router {
    bare().layer(tower::layer::layer_fn(Idle))
}

/// A service that only passes on.
#[derive(Clone)]
pub struct Idle<S>(S);

impl<S: Service<axum::extract::Request>> Service<axum::extract::Request> for Idle<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: axum::extract::Request) -> S::Future {
        self.0.call(request)
    }
}

/// The peer with its memory store, and the cookies of as many sessions as wanted.
pub async fn tower_sessions(count: u32) -> (Router, Vec<HeaderValue>) {
    async fn start(session: Session) -> &'static str {
        session.insert("subject", "usr_019ab3c2d4e5f60718293a4b5c6d7e8f").await.unwrap();
        "ok"
    }
    async fn whose(session: Session) -> &'static str {
        black_box(session.get::<String>("subject").await.unwrap());
        "ok"
    }
    let layer = SessionManagerLayer::new(MemoryStore::default()).with_secure(false);
    let routes = Router::new().route("/", get(whose)).route("/start", get(start));
    let mut app = routes.route("/unopened", get(|| async { "ok" })).layer(layer).with_state(());
    let mut cookies = Vec::new();
    for _ in 0..count {
        let response = app.call(Request::get("/start").body(Body::empty()).unwrap()).await.unwrap();
        let set = response.headers()[header::SET_COOKIE].to_str().unwrap();
        cookies.push(HeaderValue::from_str(set.split(';').next().unwrap()).unwrap());
    }
    (app, cookies)
}

/// Where requests come from: as in a server, one buffer that they are read into, and of which the values of their headers are
/// shares.
#[derive(Debug)]
pub struct Wire(BytesMut);

impl Default for Wire {
    /// With the room that hyper begins with.
    fn default() -> Self {
        Self(BytesMut::with_capacity(8192))
    }
}

impl Wire {
    /// One request with a cookie; it must be answered well.
    ///
    /// The cookie is copied into the request, whoever is asked, as a server reads it from a socket. Among 100,000 cookies its
    /// text is as far away as the session, and to fetch it is about a third of the bare handler's time: with the text at hand
    /// the same differences would be larger ratios.
    pub async fn ask(&mut self, app: &mut Router, path: &'static str, cookie: &HeaderValue) {
        self.0.extend_from_slice(cookie.as_bytes());
        let cookie = HeaderValue::from_maybe_shared(self.0.split().freeze()).unwrap();
        let request = Request::get(path).header(header::COOKIE, cookie).body(Body::empty()).unwrap();
        let response = app.call(request).await.unwrap();
        assert_eq!(response.status(), 200);
        black_box(response);
    }
}
