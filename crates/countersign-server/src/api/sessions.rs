//! `sessions`: listing and ending. Decides the shape of the answers; what ends is decided by the engine.

use std::sync::Arc;

use axum::extract::State;
use countersign::{Engine, SessionView};
use countersign_core::extent::{Extent, Reason};
use countersign_core::id::ClientId;
use countersign_core::port::SessionFilter;
use countersign_core::record::session::Audience;
use serde::{Deserialize, Serialize};

use super::answer::{Given, Problem, given};
use super::body::{Acting, Asked, Bare, Part};
use super::names::Names;
use super::shape::{EndedShape, GrantShape, Lingering, SessionShape};
use super::users;

/// How many rows a list has when nothing is asked for.
const LIMIT: u32 = 50;

/// The most rows that one answer holds.
const LIMIT_MAX: u32 = 200;

/// Which sessions.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    user: Option<String>,
    app: Option<String>,
    live: Option<bool>,
    before: Option<String>,
    limit: Option<u32>,
}

/// `{"sessions": […], "grants": […], "next": "handle" or null}`; grants only where a user is asked for.
#[derive(Serialize)]
pub(crate) struct List {
    sessions: Vec<SessionShape>,
    grants: Vec<GrantShape>,
    next: Option<String>,
}

pub(crate) async fn list(State(engine): State<Arc<Engine>>, Asked(which): Asked<Which>) -> Given<List> {
    let limit = limit(which.limit)?;
    let person = match &which.user {
        Some(user) => Some(users::person(&engine, user).await?.subject),
        None => None,
    };
    let app = match &which.app {
        Some(app) => Some(engine.app(app).await?.id),
        None => None,
    };
    let before = match &which.before {
        Some(handle) => Some(engine.session_by_handle(handle).await?.session.serial),
        None => None,
    };
    let filter = SessionFilter {
        subject: person.clone(),
        audience: app.clone().map(Audience::Client),
        live_at: (which.live == Some(true)).then(|| engine.now()),
        before,
    };
    let mut views = engine.list_sessions(filter, limit).await?;
    let next = next(&views, limit);
    if let Some(live) = which.live {
        views.retain(|view| view.live == live);
    }
    let names = Names::of_sessions(&engine, &views).await?;
    let grants = match &person {
        Some(subject) if before.is_none() => engine.grants_of(subject).await?,
        _ => Vec::new(),
    };
    let wanted = |client: &ClientId| app.as_ref().is_none_or(|app| app == client);
    let grants = grants
        .iter()
        .filter(|view| wanted(&view.grant.client) && which.live.is_none_or(|live| view.live == live))
        .map(|view| GrantShape::of(view, &names));
    given(List {
        grants: grants.collect(),
        sessions: views.iter().map(|view| SessionShape::of(view, &names)).collect(),
        next,
    })
}

pub(crate) async fn show(State(engine): State<Arc<Engine>>, Part(handle): Part) -> Given<SessionShape> {
    let view = engine.session_by_handle(&handle).await?;
    let names = Names::of_sessions(&engine, std::slice::from_ref(&view)).await?;
    given(SessionShape::of(&view, &names))
}

pub(crate) async fn end(
    State(engine): State<Arc<Engine>>,
    Part(handle): Part,
    Acting(by): Acting,
    _: Bare,
) -> Given<EndedShape> {
    // A session's cookie is never read by anybody else; the tokens of a grant may be.
    let plain = match engine.session_by_handle(&handle).await {
        Ok(_) => Vec::new(),
        Err(_) => lingering(&engine).await?,
    };
    engine.end_by_handle(&handle, None, Reason::EndedByOperator, by).await?;
    given(ended(&engine, plain))
}

pub(crate) async fn end_everything(
    State(engine): State<Arc<Engine>>,
    Acting(by): Acting,
    _: Bare,
) -> Given<EndedShape> {
    engine.end(Extent::Everything, Reason::EndedByOperator, by).await?;
    let plain = lingering(&engine).await?;
    given(ended(&engine, plain))
}

/// An ending that has just been answered by the engine.
pub(crate) fn ended(engine: &Engine, not_covered: Vec<Lingering>) -> EndedShape {
    EndedShape { ended: true, position: engine.view().position().number(), not_covered }
}

/// The applications whose plain tokens live on with other people's verifiers.
pub(crate) async fn lingering(engine: &Engine) -> Result<Vec<Lingering>, Problem> {
    Ok(engine.apps().await?.iter().filter_map(Lingering::of).collect())
}

/// How many rows are asked for.
pub(crate) fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    match asked.unwrap_or(LIMIT) {
        limit @ 1..=LIMIT_MAX => Ok(limit),
        limit => Err(Problem::invalid(format!("the limit `{limit}` is not within 1 and {LIMIT_MAX}"))),
    }
}

/// Where a list goes on: at its last row, when it is full.
fn next(views: &[SessionView], limit: u32) -> Option<String> {
    let full = u32::try_from(views.len()).is_ok_and(|count| count >= limit);
    views.last().filter(|_| full).map(|view| view.handle.to_string())
}
