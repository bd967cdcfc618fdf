//! `/admin/sessions`: the list with its filters, one session, and its end.

use axum::Extension;
use axum::extract::State;
use countersign::SessionView;
use countersign_core::extent::{Actor, Reason};
use countersign_core::id::ClientId;
use countersign_core::port;
use countersign_core::record::Style;
use countersign_core::record::session::Audience;
use serde::Deserialize;

use super::form::Posted;
use super::guard::Operator;
use super::notice::{Done, Notice};
use super::{Console, Shown, fact, rows, to};
use crate::api::Problem;
use crate::api::body::{Asked, Part};
use crate::api::names::Names;
use crate::app::seconds;
use crate::pages::{Choice, Pager, SessionDetail, SessionFilter, Sessions};
use crate::web::text::encoded;

/// How many rows a page has.
const ROWS: usize = 50;

/// How many sessions are read at once while looking for rows.
const STRIDE: u32 = 200;

/// How often: one page looks at 2,000 sessions at most, and then says where it stopped.
const STRIDES: u32 = 10;

/// What is asked for.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    #[serde(default)]
    q: String,
    #[serde(default)]
    app: String,
    #[serde(default)]
    style: String,
    #[serde(default)]
    state: String,
    before: Option<String>,
    done: Option<Notice>,
}

/// The list.
pub(super) async fn list(
    State(console): State<Console>,
    Extension(operator): Extension<Operator>,
    Asked(query): Asked<Query>,
) -> Shown {
    let mut names = Names::of_apps(&console.engine).await?;
    let search = console.search(&query).await?;
    let found = console.find_sessions(search, &query, &mut names).await?;
    let now = console.engine.now();
    let link = |before: Option<&str>| {
        let fields = [("q", &query.q), ("app", &query.app), ("style", &query.style), ("state", &query.state)];
        let mut pairs: Vec<_> = fields
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", encoded(value)))
            .collect();
        pairs.extend(before.map(|handle| format!("before={handle}")));
        if pairs.is_empty() {
            "/admin/sessions".to_owned()
        } else {
            format!("/admin/sessions?{}", pairs.join("&"))
        }
    };
    let pager = Pager {
        shown: match found.views.len() {
            1 => "1 session, newest first".to_owned(),
            count => format!("{count} sessions, newest first"),
        },
        newer: query.before.as_ref().map(|_| link(None)),
        older: found.older.as_deref().map(|handle| link(Some(handle))),
    };
    let apps =
        names.apps().into_iter().map(|app| Choice { value: app.id.to_string(), name: app.name.clone() });
    let page = Sessions {
        frame: console.frame(&operator, query.done),
        apps: apps.collect(),
        rows: found.views.iter().map(|view| rows::session(view, &names, now)).collect(),
        pager,
        filter: SessionFilter { q: query.q, app: query.app, style: query.style, state: query.state },
    };
    Ok(console.show(&page))
}

/// The sessions of one page, and where older ones begin.
struct Found {
    views: Vec<SessionView>,
    older: Option<String>,
}

impl Console {
    /// What the store can look for by itself.
    async fn search(&self, query: &Query) -> Result<port::SessionFilter, Problem> {
        let mut search = port::SessionFilter::default();
        if !query.app.is_empty() {
            search.audience = Some(Audience::Client(self.engine.app(&query.app).await?.id));
        }
        if query.state == "live" {
            search.live_at = Some(self.engine.now());
        }
        if let Some(handle) = &query.before {
            search.before = Some(self.engine.session_by_handle(handle).await?.session.serial);
        }
        let q = query.q.trim();
        search.subject = match q.parse() {
            Ok(subject) => Some(subject),
            Err(_) => self.engine.user_by_email(q).await?.map(|user| user.subject),
        };
        Ok(search)
    }

    /// Reads on until a page is full, the list is at its end, or enough was read.
    async fn find_sessions(
        &self,
        mut search: port::SessionFilter,
        query: &Query,
        names: &mut Names,
    ) -> Result<Found, Problem> {
        let words = if search.subject.is_none() { query.q.trim().to_lowercase() } else { String::new() };
        let mut views = Vec::new();
        let mut last = None;
        for _ in 0..STRIDES {
            let read = self.engine.list_sessions(search.clone(), STRIDE).await?;
            let whole = u32::try_from(read.len()).is_ok_and(|count| count >= STRIDE);
            for view in read {
                search.before = Some(view.session.serial);
                last = Some(view.handle.to_string());
                names.learn_session(&self.engine, &view.session).await?;
                if fits(&view, query, &words, names) {
                    views.push(view);
                }
                if views.len() == ROWS {
                    return Ok(Found { views, older: last });
                }
            }
            if !whole {
                return Ok(Found { views, older: None });
            }
        }
        Ok(Found { views, older: last })
    }
}

fn fits(view: &SessionView, query: &Query, words: &str, names: &Names) -> bool {
    let session = &view.session;
    let app: Option<&ClientId> = session.audience.client();
    let style = match app.and_then(|app| names.app(app)).map(|app| app.style) {
        Some(Style::Session) => "session",
        Some(Style::Jwt) => "jwt",
        Some(Style::Hybrid) => "hybrid",
        None => "",
    };
    let state = if view.live { "live" } else { "ended" };
    let chosen = |asked: &str, value: &str| asked.is_empty() || asked == value;
    let said = || {
        let person = names.person_or_id(&session.subject).to_lowercase();
        let device = session.device.as_str().to_lowercase().replace(", ", " on ");
        person.contains(words)
            || device.contains(words)
            || view.handle.to_string().to_lowercase().contains(words)
    };
    chosen(&query.style, style) && chosen(&query.state, state) && (words.is_empty() || said())
}

/// One session.
pub(super) async fn show(
    State(console): State<Console>,
    Extension(operator): Extension<Operator>,
    Part(handle): Part,
    Asked(query): Asked<Done>,
) -> Shown {
    let view = console.engine.session_by_handle(&handle).await?;
    let names = Names::of_sessions(&console.engine, std::slice::from_ref(&view)).await?;
    let now = console.engine.now();
    let session = &view.session;
    let all = console.engine.sessions_of(&session.subject).await?;
    let others = all.iter().filter(|other| other.live && other.session.serial != session.serial).count();
    let app = session.audience.client().and_then(|client| names.app(client));
    let page = SessionDetail {
        frame: console.frame(&operator, query.done),
        ends: view.live.then(|| seconds(session.expires)),
        lingers: app
            .filter(|app| app.style == Style::Jwt)
            .and_then(|app| i64::try_from(app.access_lifetime.as_secs()).ok()),
        facts: vec![
            fact("Serial", session.serial.number().to_string()),
            fact("Born at", format!("log position {}", session.born.number())),
            fact("Signed in with", "a password"),
            fact("Network", session.network.to_string()),
        ],
        story: rows::story(&view, &names, now),
        others: u32::try_from(others).unwrap_or(u32::MAX),
        session: rows::session(&view, &names, now),
    };
    Ok(console.show(&page))
}

/// What the button posts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    session: String,
}

/// Ends one session. Their own ends like any other: the next page is the sign-in.
pub(super) async fn end(
    State(console): State<Console>,
    Extension(by): Extension<Actor>,
    Posted(form): Posted<End>,
) -> Shown {
    console.engine.end_by_handle(&form.session, None, Reason::EndedByOperator, by).await?;
    Ok(to(&Notice::Ended.on(&format!("/admin/sessions/{}", encoded(&form.session)))))
}
