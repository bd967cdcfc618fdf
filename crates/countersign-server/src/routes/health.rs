//! Whether the process lives and whether it can answer. For the console's listener; says nothing else about the server.

use axum::extract::State;
use http::StatusCode;

use super::{Guard, Route};
use crate::app::App;
use crate::web::Face;

/// The routes for whoever runs the process.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/livez", Guard::Public, Face::Bare, live),
        Route::get("/readyz", Guard::Public, Face::Bare, ready),
    ]
}

async fn live() -> StatusCode {
    StatusCode::OK
}

/// Ready: what is known of endings hangs together, and the store answers.
async fn ready(State(app): State<App>) -> StatusCode {
    let store = app.engine.log_chain().await;
    if app.engine.view().is_broken() || store.is_err() {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    }
}
