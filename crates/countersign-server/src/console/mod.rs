//! The operator's pages, on a listener of their own, and the JSON API for whoever is signed in to them.
//!
//! Decides who gets through (an operator with a live console session, from the console's own origin) and fills the view
//! models of [`pages`](crate::pages). OWASP ASVS 5.0 V3.5 (cross-site requests), V8.4.2 (administrative interfaces).
//!
//! Every page but the doors (set-up, sign-in) needs a session; strangers are sent to the sign-in with `next`. A POST ends in
//! a 303 to a page of the console, with a notice from a fixed table; a secret made by a POST is shown by that page once.

mod apps;
mod door;
mod fence;
mod form;
mod guard;
mod health;
mod keys;
mod metrics;
mod next;
mod notice;
mod once;
mod rows;
mod sessions;
mod users;
mod watch;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use countersign::Engine;

use self::guard::Operator;
use self::notice::Notice;
use self::once::Once;
use crate::api::{self, Problem, routes};
use crate::app::seconds;
use crate::pages::{ConsoleFrame, Fact, Frame, Html, Page, Pages};

/// How the console is set.
#[derive(Clone, Debug)]
pub struct ConsoleSettings {
    /// Its own origin, such as `http://127.0.0.1:9321`: what browsers name in `Origin` and `Host`.
    pub origin: String,
    /// What the first page tells about this server, such as where the store is; name and value.
    pub facts: Vec<(String, String)>,
}

/// What every console route has at hand.
#[derive(Clone)]
struct Console {
    engine: Arc<Engine>,
    pages: Arc<Pages>,
    settings: Arc<ConsoleSettings>,
    once: Arc<Once>,
}

/// What a page route gives.
type Shown = Result<Response, Problem>;

mod open {
    //! The routes for everybody: the doors, and whether the server is well.
    use super::{Console, door, health, metrics, routes};

    routes! { Console;
        "GET" get "/admin/setup" => door::setup_page;
        "POST" post "/admin/setup" => door::setup;
        "GET" get "/admin/signin" => door::sign_in_page;
        "POST" post "/admin/signin" => door::sign_in;
        "GET" get "/assets/{name}" => door::asset;
        "GET" get "/livez" => health::livez;
        "GET" get "/readyz" => health::readyz;
        "GET" get "/metrics" => metrics::metrics;
    }

    pub(super) fn router() -> axum::Router<Console> {
        routed()
    }
}

mod closed {
    //! The routes for operators.
    use super::{Console, apps, door, keys, routes, sessions, users, watch};

    routes! { Console;
        "POST" post "/admin/signout" => door::sign_out;
        "GET" get "/admin" => watch::now;
        "GET" get "/admin/sessions" => sessions::list;
        "GET" get "/admin/sessions/{handle}" => sessions::show;
        "POST" post "/admin/sessions/end" => sessions::end;
        "GET" get "/admin/users" => users::list;
        "GET" get "/admin/users/{user}" => users::show;
        "POST" post "/admin/users/end-all" => users::end_all;
        "POST" post "/admin/users/erase" => users::erase;
        "GET" get "/admin/apps" => apps::list;
        "POST" post "/admin/apps" => apps::add;
        "GET" get "/admin/apps/new" => apps::form;
        "GET" get "/admin/apps/{client}" => apps::show;
        "GET" get "/admin/apps/{client}/secret" => apps::registered;
        "POST" post "/admin/apps/rotate-secret" => apps::rotate_secret;
        "POST" post "/admin/apps/end" => apps::end;
        "GET" get "/admin/keys" => keys::list;
        "POST" post "/admin/keys/rotate" => keys::rotate;
        "GET" get "/admin/audit" => watch::audit;
    }

    pub(super) fn router() -> axum::Router<Console> {
        routed()
    }
}

pub use closed::ROUTES as CLOSED_ROUTES;
pub use open::ROUTES as OPEN_ROUTES;

/// The console: its pages, the JSON API for operators with a session, `/livez`, `/readyz` and `/metrics`.
///
/// A connection's address is read from the request's [`Peer`](crate::web::Peer), for throttling; without one it counts as nobody's.
pub fn router(engine: Arc<Engine>, settings: ConsoleSettings) -> Router {
    let console =
        Console { pages: Arc::new(Pages::new()), settings: Arc::new(settings), once: Arc::default(), engine };
    let closed = closed::router()
        .method_not_allowed_fallback(api::wrong_method)
        .with_state(console.clone())
        .merge(api::served(Arc::clone(&console.engine)))
        .layer(from_fn_with_state(console.clone(), guard::operators_only));
    let open = open::router().method_not_allowed_fallback(api::wrong_method).with_state(console.clone());
    Router::new()
        .merge(open)
        .merge(closed)
        .fallback(nothing)
        .layer(from_fn_with_state(console.clone(), fence::keep))
        .layer(from_fn_with_state(console, guard::dress))
}

/// 404.
async fn nothing() -> Problem {
    Problem::missing("page")
}

impl Console {
    /// Draws a page.
    fn show(&self, page: &impl Page) -> Response {
        self.pages.render(page).into_response()
    }

    /// Draws a page without an answer around it.
    fn draw(&self, page: &impl Page) -> Html {
        self.pages.render(page)
    }

    /// Where and when a page at the door is seen.
    fn door_frame(&self) -> Frame {
        Frame { host: self.host().to_owned(), now: self.now() }
    }

    /// What all pages for operators share.
    fn frame(&self, operator: &Operator, done: Option<Notice>) -> ConsoleFrame {
        ConsoleFrame {
            host: self.host().to_owned(),
            now: self.now(),
            issuer: self.issuer_host().to_owned(),
            operator: operator.email.clone(),
            dev: self.engine.settings().dev,
            done: done.map(|notice| notice.sentence().to_owned()),
        }
    }

    /// Unix seconds, now.
    fn now(&self) -> i64 {
        seconds(self.engine.now())
    }

    /// The console's own host and port.
    fn host(&self) -> &str {
        authority(&self.settings.origin)
    }

    /// The host of the issuer that is looked after.
    fn issuer_host(&self) -> &str {
        authority(&self.engine.settings().issuer)
    }
}

/// 303 to a page of the console.
fn to(path: &str) -> Response {
    Redirect::to(path).into_response()
}

/// Host and port of an origin.
fn authority(origin: &str) -> &str {
    let rest = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

/// One named value.
fn fact(name: &str, value: impl Into<String>) -> Fact {
    Fact { name: name.to_owned(), value: value.into() }
}
