//! The JSON API of the operator, below `/admin/api/v1/`: what the console's scripts, `<data>/admin.sock` and the command line
//! speak. Reads strictly, answers [`shape`]s, refuses with [`Problem`]s; decides nothing that the engine decides.
//!
//! Who acts is an [`Actor`](countersign_core::extent::Actor) in the request's extensions, put there by whoever mounts the
//! router after proving it: the socket by its file mode, the console by its session. Without one every route is refused.
//!
//! | route | body or query | answer |
//! |---|---|---|
//! | `GET overview` | | [`shape::OverviewShape`] |
//! | `GET sessions` | `user`, `app`, `live`, `before`, `limit` | `{"sessions": […], "grants": […], "next": handle or null}` |
//! | `GET sessions/{handle}` | | [`shape::SessionShape`] |
//! | `POST sessions/{handle}/end` | | [`shape::EndedShape`]; also ends a grant by its `gid` |
//! | `GET users` | `search`, `before`, `limit` | `{"users": […], "next": subject or null}` |
//! | `POST users` | `email`, `password`, `role` | 201, [`shape::UserShape`] |
//! | `GET users/{user}` | | `{"user": …, "sessions": […], "grants": […]}` |
//! | `DELETE users/{user}` | | `{"erased": true, "subject": …}` |
//! | `POST users/{user}/end` | | [`shape::EndedShape`] |
//! | `POST users/{user}/password` | `password` | [`shape::EndedShape`]: everything of theirs ended |
//! | `GET users/{user}/export` | | everything held about them |
//! | `GET apps` | | `{"apps": […]}` |
//! | `POST apps` | see [`apps::NewAppBody`] | 201, `{"app": …, "secret": text or null}` |
//! | `GET apps/{id}` | | [`shape::AppShape`] |
//! | `POST apps/{id}/rotate-secret` | | `{"app": …, "secret": text}` |
//! | `POST apps/{id}/end` | | [`shape::EndedShape`] |
//! | `POST end-everything` | | [`shape::EndedShape`] |
//! | `GET keys`, `POST keys/rotate` | | `{"keys": […]}` |
//! | `GET audit` | `user`, `app`, `before`, `limit` | `{"entries": […], "next": number or null}` |
//! | `POST setup-link` | | 201, `{"code": …, "path": …, "expires": …}` |
//!
//! `{user}` is a subject or an e-mail. A list goes on at `next`: pass it as `before`; a filter may leave a page with fewer
//! rows than `limit`, so only `null` is the end. `limit` is 1 to 200, 50 by default.

pub(crate) mod answer;
pub mod apps;
pub(crate) mod body;
pub(crate) mod event;
mod keys;
pub(crate) mod names;
mod sessions;
pub mod shape;
pub(crate) mod users;
mod watch;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use countersign::{Engine, Refusal};
use countersign_core::extent::Actor;
use http::{HeaderValue, header};

pub use self::answer::Problem;
pub use self::event::Went;
pub use self::watch::{AuditShape, ExtentShape};

/// What every path of the API begins with.
pub const PREFIX: &str = "/admin/api/v1";

/// One route: its method and its path, with `{}` around what varies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The method, in capitals.
    pub method: &'static str,
    /// The path.
    pub path: &'static str,
}

/// Writes down the routes once: as a table that tests walk, and as the router that serves them.
macro_rules! routes {
    ($state:ty; $($word:literal $method:ident $path:literal => $route:path;)+) => {
        /// Every route.
        pub const ROUTES: &[$crate::api::Route] = &[$($crate::api::Route { method: $word, path: $path }),+];

        fn routed() -> axum::Router<$state> {
            axum::Router::new()$(.route($path, axum::routing::$method($route)))+
        }
    };
}
pub(crate) use routes;

routes! { Arc<Engine>;
    "GET" get "/admin/api/v1/overview" => watch::overview;
    "GET" get "/admin/api/v1/sessions" => sessions::list;
    "GET" get "/admin/api/v1/sessions/{handle}" => sessions::show;
    "POST" post "/admin/api/v1/sessions/{handle}/end" => sessions::end;
    "POST" post "/admin/api/v1/end-everything" => sessions::end_everything;
    "GET" get "/admin/api/v1/users" => users::list;
    "POST" post "/admin/api/v1/users" => users::add;
    "GET" get "/admin/api/v1/users/{user}" => users::show;
    "DELETE" delete "/admin/api/v1/users/{user}" => users::erase;
    "POST" post "/admin/api/v1/users/{user}/end" => users::end;
    "POST" post "/admin/api/v1/users/{user}/password" => users::set_password;
    "GET" get "/admin/api/v1/users/{user}/export" => users::export;
    "GET" get "/admin/api/v1/apps" => apps::list;
    "POST" post "/admin/api/v1/apps" => apps::add;
    "GET" get "/admin/api/v1/apps/{id}" => apps::show;
    "POST" post "/admin/api/v1/apps/{id}/rotate-secret" => apps::rotate_secret;
    "POST" post "/admin/api/v1/apps/{id}/end" => apps::end;
    "GET" get "/admin/api/v1/keys" => keys::list;
    "POST" post "/admin/api/v1/keys/rotate" => keys::rotate;
    "GET" get "/admin/api/v1/audit" => watch::audit;
    "POST" post "/admin/api/v1/setup-link" => watch::setup_link;
}

/// The API. Layer an `Extension(Actor)` around it, else it refuses everything.
///
/// ```
/// # fn serve(engine: std::sync::Arc<countersign::Engine>) -> axum::Router {
/// use axum::Extension;
/// use countersign_core::extent::Actor;
/// use countersign_server::api;
///
/// api::router(engine).layer(Extension(Actor::CommandLine))
/// # }
/// ```
pub fn router(engine: Arc<Engine>) -> Router {
    served(engine).fallback(nothing)
}

/// The routes without a fallback, for a router that has its own.
pub(crate) fn served(engine: Arc<Engine>) -> Router {
    routed().method_not_allowed_fallback(wrong_method).layer(from_fn(known)).with_state(engine)
}

/// Refuses whoever nobody vouched for, and marks every answer as private and not for keeping.
async fn known(request: Request, next: Next) -> Response {
    let mut response = if request.extensions().get::<Actor>().is_some() {
        next.run(request).await
    } else {
        Problem::from(Refusal::NotOperator).into_response()
    };
    guarded(&mut response);
    response
}

/// The headers of every answer: never kept, never sniffed, never framed.
pub(crate) fn guarded(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    for name in ["cross-origin-opener-policy", "cross-origin-resource-policy"] {
        headers.insert(header::HeaderName::from_static(name), HeaderValue::from_static("same-origin"));
    }
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("same-origin"));
    headers.insert(header::VARY, HeaderValue::from_static("Cookie"));
}

/// 405; the router adds `Allow`.
pub(crate) async fn wrong_method() -> Problem {
    Problem::method()
}

/// 404.
pub(crate) async fn nothing() -> Response {
    let mut response = Problem::missing("address").into_response();
    guarded(&mut response);
    response
}
