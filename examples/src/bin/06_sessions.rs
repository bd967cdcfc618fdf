//! A shop that keeps its own sessions in a folder: no server. It checks a credential as it likes, and says who somebody is.
//! Strangers have a cart, too, and it goes along when they sign in.

use std::net::SocketAddr;

use axum::extract::Path;
use axum::routing::{get, post};
use axum::{Json, Router};
use countersign_axum::{Guard, Rejection, Session, Slot};

const CART: Slot<Vec<String>> = Slot::new("cart").carried();

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let place = std::env::args().nth(1).unwrap_or_else(|| "shop.db".to_owned());
    let guard = Guard::sessions(place).await?.optional();
    let app =
        Router::new().route("/", get(cart)).route("/add/{item}", post(add)).route("/signin", post(sign_in));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}/", listener.local_addr()?);
    Ok(axum::serve(listener, app.layer(guard).into_make_service_with_connect_info::<SocketAddr>()).await?)
}

async fn sign_in(session: Session) -> Result<(), Rejection> {
    session.sign_in("ada").await // after a check of your own: a password, a passkey, a letter
}

async fn add(session: Session, Path(item): Path<String>) -> Result<(), Rejection> {
    session.update(CART, |cart| cart.push(item.clone())).await.map(drop)
}

async fn cart(session: Session) -> Result<Json<Vec<String>>, Rejection> {
    Ok(Json(session.read(CART).await?.unwrap_or_default()))
}
