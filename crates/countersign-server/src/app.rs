//! The server: an engine, the pages, and how both are reached. Decides which routes stand on which listener.

use std::sync::Arc;

use axum::Router;
use countersign::Engine;

use crate::mail::DevMailbox;
use crate::pages::{Frame, Pages};
use crate::routes;
use crate::web::Cidr;
use crate::web::face::{self, Face};
use crate::web::host::{self, Hosts};

/// A shared [`Server`].
pub type App = Arc<Server>;

/// How the server is set, beside the engine.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Whose accounts these are, for example `Corner Shop account`.
    pub product: String,
    /// Whose forwarding headers are believed; nobody's by default.
    pub trusted_proxies: Vec<Cidr>,
    /// The console's address, such as `http://127.0.0.1:9321`.
    pub console: String,
    /// Development only: the demo users, for the front page.
    pub demo_users: Vec<String>,
    /// Development only: the demo applications, for the front page.
    pub demo_apps: Vec<DemoShop>,
}

/// A demo application on the front page.
#[derive(Clone, Debug)]
pub struct DemoShop {
    /// How it knows its user.
    pub style: countersign_core::record::Style,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub url: String,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            product: "Countersign account".to_owned(),
            trusted_proxies: Vec::new(),
            console: "http://127.0.0.1:9321".to_owned(),
            demo_users: Vec::new(),
            demo_apps: Vec::new(),
        }
    }
}

/// The server.
pub struct Server {
    /// Who is signed in.
    pub engine: Arc<Engine>,
    /// What people see.
    pub pages: Pages,
    /// How it is set.
    pub settings: ServerSettings,
    /// Development only: where all mail lands.
    pub mailbox: Option<Arc<DevMailbox>>,
}

impl Server {
    /// A server of `engine`.
    #[must_use]
    pub fn new(engine: Arc<Engine>, settings: ServerSettings, mailbox: Option<Arc<DevMailbox>>) -> App {
        Arc::new(Self { engine, pages: Pages::new(), settings, mailbox })
    }

    /// Where and when a page of the issuer is seen.
    #[must_use]
    pub fn frame(&self) -> Frame {
        Frame { host: host::authority_of(&self.engine.settings().issuer), now: self.now() }
    }

    /// Unix seconds.
    #[must_use]
    pub fn now(&self) -> i64 {
        seconds(self.engine.now())
    }

    /// Whether this is development.
    #[must_use]
    pub fn is_dev(&self) -> bool {
        self.engine.settings().dev
    }
}

/// Unix seconds as pages count them.
#[must_use]
pub fn seconds(at: countersign_core::time::Timestamp) -> i64 {
    i64::try_from(at.seconds()).unwrap_or(i64::MAX)
}

/// What the main listener serves: the issuer, the hosts of applications, and the `demos` of development by host name.
pub fn main_router(app: &App, demos: Vec<(String, Router)>) -> Router {
    let hosts = Hosts {
        app: Arc::clone(app),
        issuer: routes::router(app, routes::issuer(app), &app.engine.settings().issuer),
        applications: routes::router(app, routes::applications(), ""),
        demos: Arc::new(demos),
    };
    let drawn = axum::middleware::from_fn_with_state((Arc::clone(app), Face::Either), face::draw);
    let dressed = axum::middleware::from_fn_with_state(Arc::clone(app), face::dress);
    Router::new().fallback(host::dispatch).with_state(hosts).layer(drawn).layer(dressed)
}
