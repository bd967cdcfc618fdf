//! `keys`: listing and rotating the signing keys.

use std::sync::Arc;

use axum::extract::State;
use countersign::Engine;
use serde::Serialize;

use super::answer::{Given, given};
use super::body::{Acting, Bare};
use super::shape::KeyShape;

/// `{"keys": […]}`, the newest first.
#[derive(Serialize)]
pub(crate) struct List {
    keys: Vec<KeyShape>,
}

pub(crate) async fn list(State(engine): State<Arc<Engine>>) -> Given<List> {
    let now = engine.now();
    given(List { keys: engine.keys().await?.iter().map(|key| KeyShape::of(key, now)).collect() })
}

pub(crate) async fn rotate(State(engine): State<Arc<Engine>>, Acting(by): Acting, _: Bare) -> Given<List> {
    engine.rotate_keys(by).await?;
    list(State(engine)).await
}
