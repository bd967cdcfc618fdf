//! Three copies of one corner shop, one for each way to know a user; development only.
//!
//! They are ordinary applications: registered, first-party, public clients that hold no secret. They talk to the engine in
//! this process, and a browser walks the same way through `/authorize` or `/_cs/start` as with any other application.

mod cart;
mod code_flow;
mod shop;

use axum::Router;
use countersign::{Engine, Error, NewApp, Result};
use countersign_core::Refusal;
use countersign_core::extent::Actor;
use countersign_core::record::Style;

use crate::app::{App, DemoShop};

/// The styles in the order in which the front page shows them.
const STYLES: [Style; 3] = [Style::Session, Style::Jwt, Style::Hybrid];

/// The three shops, whether or not they are registered yet.
#[must_use]
pub fn shops(issuer: &str) -> Vec<DemoShop> {
    let shop = |style: Style| DemoShop {
        style,
        name: format!("Corner Shop, {}", word(style)),
        url: origin(issuer, style),
    };
    STYLES.into_iter().map(shop).collect()
}

/// Registers the shops that are not registered yet and gives a router for the host of each.
///
/// # Errors
/// What the store could not do.
pub async fn open(app: &App) -> Result<Vec<(String, Router)>> {
    let mut routers = Vec::new();
    for demo in shops(&app.engine.settings().issuer) {
        register(&app.engine, &demo).await?;
        let host = format!("{}.localhost", word(demo.style));
        routers.push((host, shop::router(app, demo)?));
    }
    Ok(routers)
}

async fn register(engine: &Engine, demo: &DemoShop) -> Result<()> {
    let app = NewApp {
        name: Some(demo.name.clone()),
        redirect_uris: code_flow::redirect_uris(demo),
        post_logout_redirect_uris: vec![format!("{}/", demo.url)],
        origin: Some(demo.url.clone()),
        audience: Some(demo.url.clone()),
        scope: Some("openid email offline_access".to_owned()),
        public: true,
        first_party: true,
        ..NewApp::new(word(demo.style), demo.style)
    };
    // The port may be another one than last time, and the addresses with it.
    match engine.app(&app.id).await {
        Ok(known) if known.origin == app.origin => {}
        Ok(_) => drop(engine.change_app(app, Actor::System).await?),
        Err(Error::Refusal(Refusal::Missing { .. })) => drop(engine.add_app(app, Actor::System).await?),
        Err(other) => return Err(other),
    }
    Ok(())
}

/// `http://localhost:8321` becomes `http://session.localhost:8321`.
fn origin(issuer: &str, style: Style) -> String {
    issuer.replacen("://", &format!("://{}.", word(style)), 1)
}

/// The style's word; it is also the application's id.
const fn word(style: Style) -> &'static str {
    match style {
        Style::Session => "session",
        Style::Jwt => "jwt",
        Style::Hybrid => "hybrid",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shop_has_a_host_of_its_own() {
        let hosts: Vec<String> = shops("http://localhost:8321").into_iter().map(|demo| demo.url).collect();
        assert_eq!(
            hosts,
            ["http://session.localhost:8321", "http://jwt.localhost:8321", "http://hybrid.localhost:8321"]
        );
    }
}
