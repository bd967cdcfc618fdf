//! `/admin/keys`: the signing keys, and the next ones.

use axum::Extension;
use axum::extract::State;
use countersign_core::extent::Actor;
use serde::Deserialize;

use super::form::Posted;
use super::guard::Operator;
use super::notice::{Done, Notice};
use super::{Console, Shown, rows, to};
use crate::api::body::Asked;
use crate::pages::Keys;

/// All keys take turns together: each purpose has one algorithm.
const ALL: &str = "ES256 and RS256";

/// Seconds a key is published before it signs, outside development.
const LEAD: i64 = 24 * 60 * 60;

/// The keys.
pub(super) async fn list(
    State(console): State<Console>,
    Extension(operator): Extension<Operator>,
    Asked(query): Asked<Done>,
) -> Shown {
    let settings = console.engine.settings();
    let now = console.engine.now();
    let page = Keys {
        frame: console.frame(&operator, query.done),
        rows: console.engine.keys().await?.iter().map(|key| rows::key(key, now)).collect(),
        algorithms: vec![ALL.to_owned()],
        jwks: format!("{}/jwks.json", settings.issuer),
        lead: if settings.dev { 0 } else { LEAD },
    };
    Ok(console.show(&page))
}

/// What the form posts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotate {
    /// Which algorithms; there is one choice.
    #[serde(rename = "algorithm")]
    _algorithm: Together,
}

#[derive(Deserialize)]
enum Together {
    #[serde(rename = "ES256 and RS256")]
    All,
}

/// Makes the next keys.
pub(super) async fn rotate(
    State(console): State<Console>,
    Extension(by): Extension<Actor>,
    Posted(_): Posted<Rotate>,
) -> Shown {
    console.engine.rotate_keys(by).await?;
    Ok(to(&Notice::Rotated.on("/admin/keys")))
}
