//! `overview`, `audit`, `setup-link`: what is true now, what happened, and the way in for the first operator.

use std::sync::Arc;

use axum::extract::State;
use countersign::{Engine, Refusal};
use countersign_core::audit::{AuditEntry, Event};
use countersign_core::extent::{Extent, Reason};
use countersign_core::policy;
use countersign_core::port::AuditFilter;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::answer::{Given, Problem, created, given};
use super::body::{Asked, Bare};
use super::event::{self, Went};
use super::names::Names;
use super::sessions::limit;
use super::shape::{ActorShape, Moment, OverviewShape};
use super::users;

pub(crate) async fn overview(State(engine): State<Arc<Engine>>) -> Given<OverviewShape> {
    let overview = engine.overview().await?;
    given(OverviewShape::of(&engine, &overview))
}

/// Which lines of the audit log.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    user: Option<String>,
    app: Option<String>,
    before: Option<u64>,
    limit: Option<u32>,
}

/// `{"entries": […], "next": number or null}`, the newest first.
#[derive(Serialize)]
pub(crate) struct List {
    entries: Vec<AuditShape>,
    next: Option<u64>,
}

pub(crate) async fn audit(State(engine): State<Arc<Engine>>, Asked(which): Asked<Which>) -> Given<List> {
    let limit = limit(which.limit)?;
    let subject = match which.user {
        Some(user) => Some(match user.parse() {
            // Lines about someone erased stay, under the subject alone.
            Ok(subject) => subject,
            Err(_) => users::person(&engine, &user).await?.subject,
        }),
        None => None,
    };
    let client = match which.app {
        Some(app) => Some(engine.app(&app).await?.id),
        None => None,
    };
    let lines = engine.audit(AuditFilter { subject, client, before: which.before }, limit).await?;
    let names = Names::of_lines(&engine, &lines).await?;
    let full = u32::try_from(lines.len()).is_ok_and(|count| count >= limit);
    given(List {
        next: lines.last().filter(|_| full).map(|(number, _)| *number),
        entries: lines.iter().map(|(number, line)| AuditShape::of(*number, line, &names)).collect(),
    })
}

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditShape {
    /// Its number; grows.
    pub number: u64,
    /// When.
    pub at: Moment,
    /// What happened, in one word, such as `signed-in`, `ended`, `app-registered`.
    pub event: &'static str,
    /// Whether it was `done` or `refused`.
    pub went: Went,
    /// The stable code, if it was refused.
    pub code: Option<&'static str>,
    /// Who did it.
    pub by: ActorShape,
    /// To whom, when it was to a person.
    pub subject: Option<String>,
    /// Their e-mail, while the account exists.
    pub email: Option<String>,
    /// With which application.
    pub app: Option<String>,
    /// From which network prefix.
    pub network: Option<String>,
    /// What ended, for `ended`.
    pub extent: Option<ExtentShape>,
    /// Why it ended, for `ended`.
    pub reason: Option<Reason>,
    /// The scopes, for `allowed`; the kind of secret, for `replayed`.
    pub detail: Option<String>,
    /// The same for people, without a full stop.
    pub sentence: String,
}

/// What an ending covered: `{"kind": "subject", "id": "usr_…"}`; `kind` is `session`, `grant`, `login`, `subject`,
/// `allowance`, `client` or `everything`, and `id` its serial, login, subject or client id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExtentShape {
    /// What kind.
    pub kind: &'static str,
    /// Which one.
    pub id: Option<String>,
}

impl From<&Extent> for ExtentShape {
    fn from(extent: &Extent) -> Self {
        let (kind, id) = match extent {
            Extent::Session(serial) => ("session", Some(serial.number().to_string())),
            Extent::Grant(serial) => ("grant", Some(serial.number().to_string())),
            Extent::Login(login) => ("login", Some(login.to_string())),
            Extent::Subject { subject, .. } => ("subject", Some(subject.to_string())),
            Extent::Allowance { client, .. } => ("allowance", Some(client.to_string())),
            Extent::Client(client) => ("client", Some(client.to_string())),
            Extent::Everything => ("everything", None),
        };
        Self { kind, id }
    }
}

impl AuditShape {
    pub(crate) fn of(number: u64, line: &AuditEntry, names: &Names) -> Self {
        let (extent, reason) = match &line.event {
            Event::Ended { extent, reason } => (Some(extent.into()), Some(*reason)),
            _ => (None, None),
        };
        let detail = match &line.event {
            Event::Allowed { scope } => Some(scope.clone()),
            Event::Replayed { what } => Some(what.clone()),
            _ => None,
        };
        Self {
            number,
            at: line.at.into(),
            event: event::word(&line.event),
            went: event::went(&line.event),
            code: event::code(&line.event),
            by: ActorShape::of(&line.by, names),
            subject: line.subject.as_ref().map(ToString::to_string),
            email: line.subject.as_ref().and_then(|subject| names.person(subject)).map(str::to_owned),
            app: line.client.as_ref().map(ToString::to_string),
            network: line.network.as_ref().map(ToString::to_string),
            extent,
            reason,
            detail,
            sentence: line.sentence(names),
        }
    }
}

/// `{"code": "cs_…", "path": "/admin/setup?code=…", "expires": …}`: the path is on the console's own listener.
#[derive(Serialize)]
pub(crate) struct SetUpLink {
    code: String,
    path: String,
    expires: Moment,
}

pub(crate) async fn setup_link(State(engine): State<Arc<Engine>>, _: Bare) -> Given<SetUpLink> {
    let expires = engine.now() + policy::SET_UP_LIFETIME;
    let Some(code) = engine.set_up_link().await? else {
        let what = "there is an operator already, so there is nothing to set up".to_owned();
        return Err(Problem::refused(StatusCode::CONFLICT, &Refusal::Invalid { what }));
    };
    let code = code.reveal().to_owned();
    created(SetUpLink { path: format!("/admin/setup?code={code}"), code, expires: expires.into() })
}
