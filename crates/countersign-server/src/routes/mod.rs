//! Every route in one table: method, path, who may, and how it speaks. The routers are built from it, so there is no
//! route that the table does not know, and a test holds the table against a committed list.

pub mod account;
pub mod authorize;
pub mod check;
pub mod dev;
pub mod discovery;
mod listed;
pub mod oauth;
pub mod people;
pub mod signin;
pub mod slots;
pub mod sso;
mod who;

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodFilter, MethodRouter, on};
use http::Method;

pub use self::who::{Knocking, OfApp, Person};
use crate::app::App;
use crate::web::face::{self, Face};
use crate::web::{Wrong, fence, host};

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Anybody.
    Public,
    /// Whoever brings a session or a token: the route itself says whether it is good, and that is all it does.
    Credential,
    /// Somebody who is signed in at the issuer.
    Person,
    /// An application with its secret, in the `Authorization` header.
    App,
    /// An application with its secret, in the header or the form; the engine looks.
    AppForm,
    /// Whoever bears an access token; the engine looks.
    Bearer,
}

/// One route.
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path, as axum writes it.
    pub path: &'static str,
    /// Who may use it.
    pub guard: Guard,
    /// How it speaks.
    pub face: Face,
    run: MethodRouter<App>,
}

impl Route {
    /// A route for `GET` (and `HEAD`).
    pub fn get<T: 'static>(
        path: &'static str,
        guard: Guard,
        face: Face,
        handler: impl Handler<T, App>,
    ) -> Self {
        Self { method: Method::GET, path, guard, face, run: on(MethodFilter::GET, handler) }
    }

    /// A route for `POST`.
    pub fn post<T: 'static>(
        path: &'static str,
        guard: Guard,
        face: Face,
        handler: impl Handler<T, App>,
    ) -> Self {
        Self { method: Method::POST, path, guard, face, run: on(MethodFilter::POST, handler) }
    }

    /// A route for `PUT`.
    pub fn put<T: 'static>(
        path: &'static str,
        guard: Guard,
        face: Face,
        handler: impl Handler<T, App>,
    ) -> Self {
        Self { method: Method::PUT, path, guard, face, run: on(MethodFilter::PUT, handler) }
    }

    /// A route for `PATCH`.
    pub fn patch<T: 'static>(
        path: &'static str,
        guard: Guard,
        face: Face,
        handler: impl Handler<T, App>,
    ) -> Self {
        Self { method: Method::PATCH, path, guard, face, run: on(MethodFilter::PATCH, handler) }
    }

    /// A route for `DELETE`.
    pub fn delete<T: 'static>(
        path: &'static str,
        guard: Guard,
        face: Face,
        handler: impl Handler<T, App>,
    ) -> Self {
        Self { method: Method::DELETE, path, guard, face, run: on(MethodFilter::DELETE, handler) }
    }

    /// A route for `OPTIONS`.
    pub fn options<T: 'static>(
        path: &'static str,
        guard: Guard,
        face: Face,
        handler: impl Handler<T, App>,
    ) -> Self {
        Self { method: Method::OPTIONS, path, guard, face, run: on(MethodFilter::OPTIONS, handler) }
    }
}

/// The issuer's own routes.
#[must_use]
pub fn issuer(app: &App) -> Vec<Route> {
    let mut routes = Vec::new();
    routes.extend(discovery::routes());
    routes.extend(oauth::routes());
    routes.extend(authorize::routes());
    routes.extend(signin::routes());
    routes.extend(people::routes());
    routes.extend(account::routes());
    routes.extend(check::routes());
    routes.extend(sso::issuer_routes());
    routes.extend(slots::routes());
    routes.extend(dev::routes(app.is_dev()));
    routes
}

/// The routes on the hosts of session-style applications.
#[must_use]
pub fn applications() -> Vec<Route> {
    let mut routes = sso::application_routes();
    routes.push(discovery::asset_route());
    // A proxy that keeps the application's host name when it asks.
    routes.extend(check::routes());
    routes
}

/// A router of `routes` whose pages live at `origin`: guards inside, then where forms may come from, then how refusals are
/// drawn.
pub fn router(app: &App, routes: Vec<Route>, origin: &str) -> Router {
    let origin: Arc<str> = host::origin_of(origin).unwrap_or_default().into();
    let mut router = Router::new();
    for route in routes {
        let mut run = match route.guard {
            Guard::Person => route.run.route_layer(from_fn_with_state(Arc::clone(app), who::person)),
            Guard::App => route.run.route_layer(from_fn_with_state(Arc::clone(app), who::application)),
            Guard::Public | Guard::Credential | Guard::AppForm | Guard::Bearer => route.run,
        };
        if route.face == Face::Page {
            run = run.route_layer(from_fn_with_state(Arc::clone(&origin), fence::same_origin));
        }
        let drawn = from_fn_with_state((Arc::clone(app), route.face), face::draw);
        router = router.route(route.path, run.route_layer(drawn));
    }
    router
        .fallback(|| async { Wrong::nowhere() })
        .method_not_allowed_fallback(|| async { Wrong::method() })
        .layer(from_fn(no_tricks))
        .with_state(Arc::clone(app))
}

/// Refuses paths that two parsers may read in two ways.
async fn no_tricks(
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> axum::response::Response {
    use axum::response::IntoResponse;
    let path = request.uri().path();
    let odd = path.contains("//") || path.contains('%') || path.contains(';') || path.contains('\\');
    let dots = path.split('/').any(|part| part == ".." || part == ".");
    if odd || dots {
        return Wrong::malformed("the path can be read in two ways").into_response();
    }
    next.run(request).await
}
