//! An axum application that knows who comes: the guard denies by default, and the style is one line.

use axum::Router;
use axum::routing::get;
use countersign::testing::Rig;
use countersign::{ClientAuth, NewApp};
use countersign_axum::{Auth, Guard};
use countersign_core::extent::Actor;
use countersign_core::oauth::Params;
use countersign_core::record::Style;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rig = Rig::new().await?; // an engine in a folder that goes away; see 02_engine for a real one
    let guard = Guard::hybrid(rig.engine.clone(), "shop-api"); // or Guard::jwt(trust(…)).await?, or Guard::sessions_of(engine, app)
    let app = Router::new().route("/me", get(me)).layer(guard);

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}/me", listener.local_addr()?);
    println!("{}", robot(&rig).await?);
    axum::serve(listener, app).await?;
    Ok(())
}

async fn me(auth: Auth) -> String {
    format!("hello, {}", auth.subject())
}

/// A token of somebody who may come: a program that acts for itself.
async fn robot(rig: &Rig) -> Result<String, Box<dyn std::error::Error>> {
    let (redirect_uris, acts_alone) = (vec!["https://robot.example/".into()], true);
    let (audience, scope) = (Some("shop-api".into()), Some("orders".into()));
    let new = NewApp { redirect_uris, audience, scope, acts_alone, ..NewApp::new("robot", Style::Hybrid) };
    let (_, secret) = rig.engine.add_app(new, Actor::CommandLine).await?;
    let secret = secret.ok_or("it can keep one")?;
    let form = format!("grant_type=client_credentials&client_id=robot&client_secret={}", secret.reveal());
    let form = Params::parse(&form)?;
    Ok(rig.engine.token(ClientAuth::read(None, &form)?, &form, &Rig::visitor()).await?.access_token)
}
