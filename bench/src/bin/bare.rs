//! The floor: the same HTTP stack as the server, with handlers that decide nothing.
//!
//! `GET /check` answers the fixed set of identity headers, `POST /token` reads a form and answers a ready-made token.
//! What a request costs here is not the price of knowing who someone is.

use std::collections::HashMap;

use axum::Router;
use axum::extract::Form;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{AppendHeaders, IntoResponse};
use axum::routing::{get, post};

const IDENTITY: [(&str, &str); 6] = [
    ("countersign-subject", "usr_019ab3c2d4e5f60718293a4b5c6d7e8f"),
    ("countersign-session", "q3W9xT0mVbYk2RzLh8uNcA"),
    ("countersign-app", "bench"),
    ("countersign-scopes", ""),
    ("countersign-auth-time", "1795424940"),
    ("countersign-style", "session"),
];

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    let app = Router::new().route("/check", get(check)).route("/token", post(token));
    axum::serve(listener, app).await?;
    Ok(())
}

async fn check() -> impl IntoResponse {
    AppendHeaders(IDENTITY.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))))
}

async fn token(Form(form): Form<HashMap<String, String>>) -> impl IntoResponse {
    let known = form.get("grant_type").is_some_and(|it| it == "client_credentials");
    let body = if known { concat!("{\"access_token\":\"", "x", "\",\"token_type\":\"Bearer\",\"expires_in\":600}") } else { "{}" };
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], body)
}
