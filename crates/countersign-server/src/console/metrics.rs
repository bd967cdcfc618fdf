//! What a monitor reads (`/metrics`), in the text form of OpenMetrics 1.0: counts and nothing that names anybody.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use countersign_core::port::Overdue;
use http::{StatusCode, header};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Console;

/// OpenMetrics 1.0, 4.1.
const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

/// 200 with the metrics; 503 while the store cannot be read.
pub(super) async fn metrics(State(console): State<Console>) -> Response {
    let Ok(overdue) = console.engine.overdue().await else {
        return (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read\n").into_response();
    };
    match text(overdue) {
        Ok(text) => ([(header::CONTENT_TYPE, TEXT)], text).into_response(),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be written\n").into_response(),
    }
}

fn text(overdue: Overdue) -> Result<String, std::fmt::Error> {
    let mut registry = Registry::default();
    let backlog = Family::<Kind, Gauge>::default();
    registry.register(
        "countersign_retention_backlog_rows",
        "What has been over for long enough and waits to be swept; counting stops at 100,000 of each kind",
        backlog.clone(),
    );
    let Overdue { sessions, grants, logins, one_time, guests, operations, log, ahead } = overdue;
    let kinds = [
        ("session", sessions),
        ("grant", grants),
        ("login", logins),
        ("one-time", one_time),
        ("guest", guests),
        ("operation", operations),
        ("log", log),
        ("ahead", ahead),
    ];
    for (kind, rows) in kinds {
        backlog.get_or_create(&Kind { kind }).set(i64::try_from(rows).unwrap_or(i64::MAX));
    }
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}
