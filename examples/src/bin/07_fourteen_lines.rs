//! The whole of an application with sessions of its own: 14 lines below what it uses.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::{get, post};
use countersign_axum::{Guard, Rejection, Session};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let guard = Guard::sessions("shop.db").await?.optional();
    let app = Router::new().route("/", get(hello)).route("/signin", post(sign_in)).layer(guard);
    let listener = tokio::net::TcpListener::bind("localhost:0").await?;
    println!("http://{}/", listener.local_addr()?);
    Ok(axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?)
}
async fn hello(session: Session) -> String {
    format!("hello, {}", session.subject().as_deref().unwrap_or("stranger"))
}
async fn sign_in(session: Session) -> Result<(), Rejection> {
    session.sign_in("ada").await // after a check of your own: a password, a passkey, a letter
}
