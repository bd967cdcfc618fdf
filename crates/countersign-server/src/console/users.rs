//! `/admin/users`: the list, one person with everything that is signed in for them, ending it all, erasing them.

use axum::Extension;
use axum::extract::State;
use countersign_core::extent::{Actor, Extent, Reason};
use countersign_core::id::Subject;
use countersign_core::port::AuditFilter;
use countersign_core::record::{Role, User};
use serde::Deserialize;

use super::form::Posted;
use super::guard::Operator;
use super::notice::{Done, Notice};
use super::{Console, Shown, fact, rows, to};
use crate::api::Problem;
use crate::api::body::{Asked, Part};
use crate::api::names::Names;
use crate::api::users::person;
use crate::app::seconds;
use crate::pages::{Pager, UserDetail, UserRow, Users};
use crate::web::text::encoded;

/// How many rows a page has.
const ROWS: u32 = 50;

/// How many sessions a person's page shows.
const SESSIONS: usize = 100;

/// How many lines a person's story has.
const LINES: u32 = 12;

/// What is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    #[serde(default)]
    q: String,
    before: Option<Subject>,
    done: Option<Notice>,
}

/// The list.
pub(super) async fn list(
    State(console): State<Console>,
    Extension(operator): Extension<Operator>,
    Asked(query): Asked<Query>,
) -> Shown {
    let q = query.q.trim();
    let users = match q.parse::<Subject>() {
        Ok(subject) => console.engine.user(&subject).await?.into_iter().collect(),
        Err(_) => {
            let search = (!q.is_empty()).then_some(q);
            console.engine.users(search, query.before.as_ref(), ROWS).await?
        }
    };
    let full = u32::try_from(users.len()).is_ok_and(|count| count >= ROWS);
    let found = if q.is_empty() { String::new() } else { format!("q={}&", encoded(q)) };
    let pager = Pager {
        shown: match users.len() {
            0 => String::new(),
            1 => "1 user".to_owned(),
            count => format!("{count} users, newest first"),
        },
        newer: query
            .before
            .as_ref()
            .map(|_| format!("/admin/users?{found}").trim_end_matches(['?', '&']).to_owned()),
        older: users
            .last()
            .filter(|_| full)
            .map(|last| format!("/admin/users?{found}before={}", last.subject)),
    };
    let mut rows = Vec::with_capacity(users.len());
    for user in &users {
        rows.push(console.user_row(user).await?);
    }
    let page = Users { frame: console.frame(&operator, query.done), q: query.q, rows, pager };
    Ok(console.show(&page))
}

impl Console {
    async fn user_row(&self, user: &User) -> Result<UserRow, Problem> {
        let sessions = self.engine.sessions_of(&user.subject).await?;
        let live = sessions.iter().filter(|view| view.live).count();
        Ok(UserRow {
            id: user.subject.to_string(),
            email: user.email.to_string(),
            // An account is opened by a confirmed address or by an operator, never before.
            confirmed: true,
            joined: seconds(user.since),
            last_signin: sessions.iter().map(|view| seconds(view.session.auth_time)).max(),
            live: u32::try_from(live).unwrap_or(u32::MAX),
        })
    }
}

/// One person.
pub(super) async fn show(
    State(console): State<Console>,
    Extension(operator): Extension<Operator>,
    Part(who): Part,
    Asked(query): Asked<Done>,
) -> Shown {
    let user = person(&console.engine, &who).await?;
    let mut sessions = console.engine.sessions_of(&user.subject).await?;
    sessions.sort_by_key(|view| !view.live);
    sessions.truncate(SESSIONS);
    let mut names = Names::of_sessions(&console.engine, &sessions).await?;
    let grants = console.engine.grants_of(&user.subject).await?;
    let filter = AuditFilter { subject: Some(user.subject.clone()), ..AuditFilter::default() };
    let lines = console.engine.audit(filter, LINES).await?;
    for (_, line) in &lines {
        names.learn_line(&console.engine, line).await?;
    }
    let now = console.engine.now();
    let role = match user.role {
        Role::Person => "a person",
        Role::Operator => "an operator: may run this console",
    };
    let page = UserDetail {
        frame: console.frame(&operator, query.done),
        user: console.user_row(&user).await?,
        facts: vec![fact("Role", role), fact("Signs in with", "a password")],
        sessions: sessions.iter().map(|view| rows::session(view, &names, now)).collect(),
        grants: grants.iter().filter(|view| view.live).map(|view| rows::grant(view, &names)).collect(),
        story: lines.iter().rev().map(|(_, line)| rows::told(line, &names)).collect(),
    };
    Ok(console.show(&page))
}

/// What the buttons post.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Whom {
    user: Subject,
}

/// Ends everything of one person.
pub(super) async fn end_all(
    State(console): State<Console>,
    Extension(by): Extension<Actor>,
    Posted(form): Posted<Whom>,
) -> Shown {
    let subject = person(&console.engine, form.user.as_str()).await?.subject;
    let page = Notice::PersonEnded.on(&format!("/admin/users/{subject}"));
    console.engine.end(Extent::Subject { subject, except: None }, Reason::EndedByOperator, by).await?;
    Ok(to(&page))
}

/// Erases one person.
pub(super) async fn erase(
    State(console): State<Console>,
    Extension(by): Extension<Actor>,
    Posted(form): Posted<Whom>,
) -> Shown {
    console.engine.erase(&form.user, by).await?;
    Ok(to(&Notice::Erased.on("/admin/users")))
}
