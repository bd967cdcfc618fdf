//! What a session costs: ours, a bare handler on the same HTTP stack, and other libraries.
//!
//! A [`House`] holds as many live sessions as it is told to, with the cookies that open them. Who is measured by what is
//! said in `bin`: `check` the time of one request, `reads` how many of them ask PostgreSQL, `memory` the bytes of one session, `durable` commits to disk, `restart` the
//! way back after a kill, `serve` a server for wrk.

pub mod apps;
pub mod house;
pub mod people;
#[path = "../../../crates/countersign-store/tests/support/postgres.rs"]
#[expect(dead_code, reason = "the store's own tests use the rest")]
mod postgres;
#[path = "../../../crates/countersign-store/tests/support/redis.rs"]
#[expect(dead_code, reason = "the store's own tests use the rest")]
mod redis;
pub mod spread;

pub use house::House;
pub use people::People;
pub use spread::Spread;

/// A PostgreSQL server with an empty database; both go when it is dropped.
pub struct Database {
    pub url: String,
    _server: postgres::Server,
}

impl Database {
    pub async fn start() -> Self {
        let server = postgres::Server::start().await;
        Self { url: server.fresh().await, _server: server }
    }
}

/// A Redis server; it goes when it is dropped.
pub struct Beside {
    pub address: String,
    _server: redis::Server,
}

impl Beside {
    pub fn start() -> Self {
        let server = redis::Server::alone();
        Self { address: server.address(), _server: server }
    }
}

/// Waits until this program is told to stop.
pub async fn stopped() {
    let told = tokio::signal::unix::SignalKind::terminate();
    tokio::signal::unix::signal(told).unwrap().recv().await;
}
