//! A server for wrk: prints its address and the cookie to come with, and serves until it is told to stop. Argument:
//! `bare`, `guarded`, `unopened`, `postgres` (guarded, with a store in PostgreSQL), `redis` (a guest who is kept there) or
//! `tower`.

use std::sync::Arc;

use axum::Router;
use countersign::SystemClock;
use countersign_axum::Guard;
use countersign_bench_sessions::{Beside, Database, House, apps, house, stopped};
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
    if which == "redis" {
        let (beside, folder) = (Beside::start(), house::folder());
        let place = folder.path().join("shop.db").to_str().unwrap().to_owned();
        let guard = Guard::sessions(place).data(beside.address.clone()).await.unwrap();
        let (app, cookie) = apps::guest(guard).await;
        return serve(app, cookie.to_str().unwrap()).await;
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
