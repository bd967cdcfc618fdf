//! A server for wrk: prints its address and the cookie to come with, and serves until it is told to stop. Argument:
//! `bare`, `guarded`, `unopened`, `postgres` (guarded, with a store in PostgreSQL) or `tower`.

use std::sync::Arc;

use axum::Router;
use countersign::SystemClock;
use countersign_bench_sessions::{Database, House, apps, stopped};
use countersign_store::Postgres;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let which = std::env::args().nth(1).unwrap_or_default();
    if which == "postgres" {
        let database = Database::start().await;
        let store = Postgres::open(&database.url).await.unwrap();
        let house = House::on(store, Arc::new(SystemClock::default())).await;
        let cookie = house.start(1000).await.remove(0);
        return serve(apps::guarded(&house), cookie.to_str().unwrap()).await;
    }
    let house = House::quick().await;
    let mut cookies = house.start(1000).await;
    let app = match which.as_str() {
        "bare" => apps::bare(),
        "guarded" => apps::guarded(&house),
        "unopened" => apps::unopened(&house),
        "tower" => {
            let (app, theirs) = apps::tower_sessions(1000).await;
            cookies = theirs;
            app
        }
        other => panic!("there is no `{other}`"),
    };
    serve(app, cookies[0].to_str().unwrap()).await;
}

async fn serve(app: Router, cookie: &str) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("http://{}/ {cookie}", listener.local_addr().unwrap());
    tokio::select! {
        served = axum::serve(listener, app) => served.unwrap(),
        () = stopped() => {}
    }
}
