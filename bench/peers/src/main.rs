//! tower-sessions on its Redis and its PostgreSQL store, as a server for wrk: prints its address and the cookie to come with,
//! and serves until it is told to stop. Argument: `redis` or `postgres`; the database is its own and goes with it.

use std::hint::black_box;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::{Request, header};
use tower::ServiceExt;
use tower_sessions::{Session, SessionManagerLayer, SessionStore};
use tower_sessions_redis_store::RedisStore;
use tower_sessions_redis_store::fred::prelude::{ClientLike, Config, Pool};
use tower_sessions_sqlx_store::PostgresStore;
use tower_sessions_sqlx_store::sqlx::PgPool;

#[path = "../../../crates/countersign-store/tests/support/postgres.rs"]
#[expect(dead_code, reason = "the store's own tests use the rest")]
mod postgres;
#[path = "../../../crates/countersign-store/tests/support/redis.rs"]
#[expect(dead_code, reason = "the store's own tests use the rest")]
mod redis;

/// Connections to Redis.
const POOL: usize = 6;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    match std::env::args().nth(1).unwrap_or_default().as_str() {
        "redis" => {
            let server = redis::Server::alone();
            let pool = Pool::new(Config::from_url(&server.address()).unwrap(), None, None, None, POOL).unwrap();
            pool.connect();
            pool.wait_for_connect().await.unwrap();
            serve(RedisStore::new(pool)).await;
        }
        "postgres" => {
            let server = postgres::Server::start().await;
            let store = PostgresStore::new(PgPool::connect(&server.fresh().await).await.unwrap());
            store.migrate().await.unwrap();
            serve(store).await;
        }
        other => panic!("there is no `{other}`"),
    }
}

async fn serve<S: SessionStore + Clone>(store: S) {
    let routes = Router::new().route("/", get(whose)).route("/start", get(start));
    let app = routes.layer(SessionManagerLayer::new(store).with_secure(false));
    let started = app.clone().oneshot(Request::get("/start").body(Body::empty()).unwrap()).await.unwrap();
    let cookie = started.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("http://{}/ {cookie}", listener.local_addr().unwrap());
    let mut told = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap();
    tokio::select! {
        served = axum::serve(listener, app) => served.unwrap(),
        _ = told.recv() => {}
    }
}

async fn start(session: Session) -> &'static str {
    session.insert("subject", "usr_019ab3c2d4e5f60718293a4b5c6d7e8f").await.unwrap();
    "ok"
}

async fn whose(session: Session) -> &'static str {
    black_box(session.get::<String>("subject").await.unwrap());
    "ok"
}
