//! `/admin` and `/admin/audit`: what is true now, and what happened.

use axum::Extension;
use axum::extract::State;
use countersign_core::audit::{AuditEntry, Event};
use countersign_core::port;
use serde::Deserialize;

use super::guard::Operator;
use super::notice::Done;
use super::{Console, Shown, fact, rows};
use crate::api::Problem;
use crate::api::body::Asked;
use crate::api::event::{self, Went};
use crate::api::names::Names;
use crate::pages::{Audit, AuditFilter, AuditLine, Choice, Fact, KeyState, Now, Pager};
use crate::web::text::encoded;

/// How many lines the first page shows.
const RECENT: u32 = 12;

/// How many lines a page of the log has.
const LINES: usize = 50;

/// How many lines are read at once while looking.
const STRIDE: u32 = 200;

/// How often: one page looks at 2,000 lines at most, and then says where it stopped.
const STRIDES: u32 = 10;

/// What is true now.
pub(super) async fn now(
    State(console): State<Console>,
    Extension(operator): Extension<Operator>,
    Asked(query): Asked<Done>,
) -> Shown {
    let overview = console.engine.overview().await?;
    let at = console.engine.now();
    let keys = console.engine.keys().await?;
    let keys = keys.iter().map(|key| rows::key(key, at)).filter(|key| key.state == KeyState::Signing);
    let lines = console.engine.audit(port::AuditFilter::default(), RECENT).await?;
    let names = Names::of_lines(&console.engine, &lines).await?;
    let page = Now {
        frame: console.frame(&operator, query.done),
        live_sessions: overview.counts.live_sessions,
        live_grants: overview.counts.live_grants,
        users: overview.counts.users,
        apps: overview.counts.clients,
        position: overview.position,
        facts: console.facts(),
        keys: keys.collect(),
        warnings: console.warnings(overview.view_ready),
        recent: lines.iter().map(|(_, line)| rows::line(line, &names)).collect(),
    };
    Ok(console.show(&page))
}

impl Console {
    fn facts(&self) -> Vec<Fact> {
        let mut facts = vec![fact("Issuer", &self.engine.settings().issuer)];
        facts.extend(self.settings.facts.iter().map(|(name, value)| fact(name, value)));
        facts.push(fact("Version", env!("CARGO_PKG_VERSION")));
        facts
    }

    fn warnings(&self, view_ready: bool) -> Vec<String> {
        let mut warnings = Vec::new();
        if !view_ready {
            warnings.push("This process does not know every ending, so it refuses everything.".to_owned());
        }
        if !self.engine.mail_available() {
            warnings.push("No mail server is set: sign-up and reset are off.".to_owned());
        }
        warnings
    }
}

/// What is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    #[serde(default)]
    q: String,
    #[serde(default)]
    kind: String,
    before: Option<u64>,
}

/// The kinds of lines that can be chosen.
const KINDS: [(&str, &str); 6] = [
    ("refused", "Refusals"),
    ("ended", "Endings"),
    ("signed-in", "Sign-ins"),
    ("people", "Accounts"),
    ("apps", "Apps"),
    ("keys", "Keys"),
];

/// The log.
pub(super) async fn audit(
    State(console): State<Console>,
    Extension(operator): Extension<Operator>,
    Asked(query): Asked<Query>,
) -> Shown {
    let (lines, older) = console.find_lines(&query).await?;
    let link = |before: Option<u64>| {
        let fields = [("q", &query.q), ("kind", &query.kind)];
        let mut pairs: Vec<_> = fields
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", encoded(value)))
            .collect();
        pairs.extend(before.map(|number| format!("before={number}")));
        if pairs.is_empty() { "/admin/audit".to_owned() } else { format!("/admin/audit?{}", pairs.join("&")) }
    };
    let pager = Pager {
        shown: match lines.len() {
            1 => "1 line".to_owned(),
            count => format!("{count} lines, newest first"),
        },
        newer: query.before.map(|_| link(None)),
        older: older.map(|number| link(Some(number))),
    };
    let choice = |(value, name): (&str, &str)| Choice { value: value.to_owned(), name: name.to_owned() };
    let page = Audit {
        frame: console.frame(&operator, None),
        kinds: KINDS.into_iter().map(choice).collect(),
        lines,
        pager,
        filter: AuditFilter { q: query.q, kind: query.kind },
    };
    Ok(console.show(&page))
}

impl Console {
    /// Reads on until a page is full, the log is at its end, or enough was read; also where older lines begin.
    async fn find_lines(&self, query: &Query) -> Result<(Vec<AuditLine>, Option<u64>), Problem> {
        let words = query.q.trim().to_lowercase();
        let mut names = Names::of_apps(&self.engine).await?;
        let mut found = Vec::new();
        let mut before = query.before;
        for _ in 0..STRIDES {
            let filter = port::AuditFilter { before, ..port::AuditFilter::default() };
            let read = self.engine.audit(filter, STRIDE).await?;
            let whole = u32::try_from(read.len()).is_ok_and(|count| count >= STRIDE);
            for (number, entry) in &read {
                before = Some(*number);
                if !of_kind(entry, &query.kind) {
                    continue;
                }
                names.learn_line(&self.engine, entry).await?;
                let line = rows::line(entry, &names);
                if words.is_empty() || says(&line, entry, &words) {
                    found.push(line);
                }
                if found.len() == LINES {
                    return Ok((found, before));
                }
            }
            if !whole {
                return Ok((found, None));
            }
        }
        Ok((found, before))
    }
}

fn says(line: &AuditLine, entry: &AuditEntry, words: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(words);
    has(&line.sentence)
        || line.code.as_deref().is_some_and(has)
        || entry.subject.as_ref().is_some_and(|subject| has(subject.as_str()))
        || entry.client.as_ref().is_some_and(|client| has(client.as_str()))
}

fn of_kind(entry: &AuditEntry, kind: &str) -> bool {
    match kind {
        "" => true,
        "refused" => event::went(&entry.event) == Went::Refused,
        "ended" => matches!(entry.event, Event::Ended { .. }),
        "signed-in" => matches!(entry.event, Event::SignedIn | Event::SignedInAgain),
        "people" => matches!(
            entry.event,
            Event::SignUpAsked
                | Event::AccountOpened
                | Event::ResetAsked
                | Event::PasswordChanged
                | Event::PasswordReset
                | Event::Allowed { .. }
                | Event::Exported
                | Event::Erased
                | Event::SetUp
        ),
        "apps" => matches!(entry.event, Event::AppRegistered | Event::AppChanged | Event::AppSecretRotated),
        "keys" => matches!(entry.event, Event::KeysRotated),
        _ => false,
    }
}
