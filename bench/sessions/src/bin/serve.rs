//! A server for wrk: prints its address and the cookie to come with, then serves. Argument: `bare`, `guarded`, `unopened`
//! or `tower`.

use axum::Router;
use countersign_bench_sessions::{House, apps};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let which = std::env::args().nth(1).unwrap_or_default();
    let house = House::quick().await;
    let cookies = house.start(1000).await;
    let (app, cookie): (Router, _) = match which.as_str() {
        "bare" => (apps::bare(), cookies[0].clone()),
        "guarded" => (apps::guarded(&house), cookies[0].clone()),
        "unopened" => (apps::unopened(&house), cookies[0].clone()),
        "tower" => {
            let (app, theirs) = apps::tower_sessions(1000).await;
            (app, theirs[0].clone())
        }
        other => panic!("there is no `{other}`"),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("http://{}/ {}", listener.local_addr().unwrap(), cookie.to_str().unwrap());
    axum::serve(listener, app).await.unwrap();
}
