//! Three copies of one corner shop, one for each way to know a user; development only.
//!
//! They are ordinary applications: registered, first-party, public clients that hold no secret. They talk to the engine in
//! this process, and a browser walks the same way through `/authorize` or `/_cs/start` as with any other application.

mod cart;
mod code_flow;
mod shop;

use std::sync::Arc;

use axum::Router;
use countersign::{Engine, NewApp, Result};
use countersign_core::Refusal;
use countersign_core::extent::Actor;
use countersign_core::record::Style;

use crate::pages::Pages;

/// The styles in the order in which the front page shows them.
const STYLES: [Style; 3] = [Style::Session, Style::Jwt, Style::Hybrid];

/// One demo application.
#[derive(Clone, Debug)]
pub struct Demo {
    /// How it knows its user.
    pub style: Style,
    /// Its name.
    pub name: String,
    /// Its origin, such as `http://session.localhost:8321`.
    pub origin: String,
}

/// The three shops, whether or not they are registered yet.
#[must_use]
pub fn demos(issuer: &str) -> Vec<Demo> {
    let demo = |style: Style| Demo {
        style,
        name: format!("Corner Shop, {}", word(style)),
        origin: origin(issuer, style),
    };
    STYLES.into_iter().map(demo).collect()
}

/// Registers the shops that are not registered yet and gives a router for the host of each.
///
/// # Errors
/// What the store could not do.
pub async fn open(engine: &Arc<Engine>, pages: &Arc<Pages>) -> Result<Vec<(String, Router)>> {
    let mut routers = Vec::new();
    for demo in demos(&engine.settings().issuer) {
        register(engine, &demo).await?;
        let host = demo.origin.trim_start_matches("http://").to_owned();
        routers.push((host, shop::router(Arc::clone(engine), Arc::clone(pages), demo)?));
    }
    Ok(routers)
}

async fn register(engine: &Engine, demo: &Demo) -> Result<()> {
    let app = NewApp {
        id: word(demo.style).to_owned(),
        name: Some(demo.name.clone()),
        style: demo.style,
        redirect_uris: code_flow::redirect_uris(demo),
        post_logout_redirect_uris: vec![format!("{}/", demo.origin)],
        origin: Some(demo.origin.clone()),
        audience: Some(demo.origin.clone()),
        scope: Some("openid email offline_access".to_owned()),
        public: true,
        first_party: true,
        acts_alone: false,
    };
    match engine.add_app(app, Actor::System).await {
        Ok(_) | Err(countersign::Error::Refusal(Refusal::Taken { .. })) => Ok(()),
        Err(other) => Err(other),
    }
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
        let hosts: Vec<String> = demos("http://localhost:8321").into_iter().map(|demo| demo.origin).collect();
        assert_eq!(
            hosts,
            ["http://session.localhost:8321", "http://jwt.localhost:8321", "http://hybrid.localhost:8321"]
        );
    }
}
