//! An application elsewhere: it trusts the tokens of an issuer by keys that are fetched ahead of time.

use axum::Router;
use axum::routing::get;
use countersign_axum::{Auth, Guard, Reach, trust};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let issuer = std::env::args().nth(1).unwrap_or_else(|| "http://localhost:8321".to_owned());
    // For an issuer on the public internet, by https, `within` is left out.
    let guard = Guard::jwt(trust(issuer).audience("shop-api").within(Reach::ThisMachine)).await?;
    let app = Router::new().route("/me", get(me)).layer(guard);

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}/me", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

async fn me(auth: Auth) -> String {
    format!("hello, {}", auth.subject())
}
