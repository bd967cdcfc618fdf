//! Whether the process lives (`/livez`) and whether it can serve (`/readyz`). Tells no more than that.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use countersign_core::record::KeyPurpose;
use http::StatusCode;

use super::Console;
use crate::api::shape::KeyStanding;

/// 200 while the process answers; asks no store.
pub(super) async fn livez() -> &'static str {
    "alive\n"
}

/// 200 while the store can be read, the view of endings is complete, and a key signs; else 503 and which of them.
pub(super) async fn readyz(State(console): State<Console>) -> Response {
    let not = |why: &'static str| (StatusCode::SERVICE_UNAVAILABLE, why).into_response();
    if !console.engine.view().is_ready() {
        return not("not ready: the view of endings is not complete\n");
    }
    let Ok(keys) = console.engine.keys().await else { return not("not ready: the store cannot be read\n") };
    let now = console.engine.now();
    let signs = |key: &countersign_core::record::KeyRecord| {
        key.purpose == KeyPurpose::Access && KeyStanding::of(key, now) == KeyStanding::Signing
    };
    if keys.iter().any(signs) { "ready\n".into_response() } else { not("not ready: no key signs\n") }
}
