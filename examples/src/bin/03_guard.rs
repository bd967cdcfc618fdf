//! An axum application that knows its user: the guard denies by default, and the style is one line.

use axum::Router;
use axum::routing::get;
use countersign::testing::Rig;
use countersign_axum::{Auth, Guard};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rig = Rig::new().await?; // an engine in a folder that goes away; see 02_engine for a real one
    let guard = Guard::hybrid(rig.engine.clone(), "shop-api"); // or Guard::jwt(trust(…)).await?, or Guard::sessions_of(engine, app)
    let app = Router::new().route("/me", get(me)).layer(guard);

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}/me", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

async fn me(auth: Auth) -> String {
    format!("hello, {}", auth.subject())
}
