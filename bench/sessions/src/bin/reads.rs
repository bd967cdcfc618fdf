//! How many checks of sessions that this node knows would read PostgreSQL; a line of JSON.

use std::sync::Arc;

use countersign::SystemClock;
use countersign_bench_sessions::{Database, House};
use countersign_core::Attempt;
use countersign_core::record::session::Audience;
use countersign_core::session::admit::Presence;
use countersign_store::Postgres;
use http::HeaderValue;
use serde_json::json;

const SESSIONS: u32 = 10_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let database = Database::start().await;
    let store = Postgres::open(&database.url).await.unwrap();
    let house = House::on(store, Arc::new(SystemClock::default())).await;
    let cookies = house.start(SESSIONS).await;
    let audience = Audience::Client(house.client.clone());
    // The first request of each session reads the database.
    for cookie in &cookies {
        let found = house.engine.enter(cookie.to_str().ok(), &audience, Presence::Active).await.unwrap();
        assert!(matches!(found, Attempt::Accepted(_)), "{found:?}");
    }
    // What memory cannot answer by itself would read it again.
    let asks = |cookie: &&HeaderValue| {
        house.engine.glance(cookie.to_str().ok(), &audience, Presence::Active).is_none()
    };
    let reads = cookies.iter().filter(asks).count();
    println!("{}", json!({ "what": "reads", "who": "postgres", "sessions": SESSIONS, "reads": reads }));
}
