//! The operator's pages for looking on.

use countersign_server::pages::{
    Audit, AuditFilter, AuditLine, Choice, ConsoleFrame, ConsoleSignIn, Device, Fact, KeyRow, KeyState, Now,
    Outcome, Pager, SessionDetail, SessionFilter, SessionRow, SessionState, Sessions, Setup, Story, Style,
};

use super::{DAY, HOUR, LONG, LONG_MAIL, MINUTE, NOW, Sample, some, text};

pub(crate) fn all() -> Vec<Sample> {
    let mut samples = doors();
    samples.extend(nows());
    samples.extend(sessions());
    samples.extend(details());
    samples.extend(audits());
    samples
}

pub(crate) fn frame() -> ConsoleFrame {
    ConsoleFrame {
        host: text("127.0.0.1:9321"),
        now: NOW,
        issuer: text("id.shop.example"),
        operator: text("kim@ops.example"),
        dev: true,
        done: None,
    }
}

pub(crate) fn fact(name: &str, value: &str) -> Fact {
    Fact { name: text(name), value: text(value) }
}

fn doors() -> Vec<Sample> {
    let setup = |email: &str, error, password_error| Setup {
        frame: super::frame("127.0.0.1:9321"),
        code: text("cs1_7QfT2mWx"),
        email: text(email),
        error,
        password_error,
    };
    let sign_in = |error| ConsoleSignIn {
        frame: super::frame("127.0.0.1:9321"),
        issuer: text("id.shop.example"),
        email: text("kim@ops.example"),
        next: text("/admin"),
        error,
        done: None,
    };
    vec![
        Sample::new("console-setup", &setup("", None, None)),
        Sample::new(
            "console-setup-refused",
            &setup("kim@ops.example", None, some("Too easy to guess: 4 s.")),
        ),
        Sample::new("console-signin", &sign_in(None)),
        Sample::new("console-signin-refused", &sign_in(some("That e-mail and password do not go together."))),
    ]
}

pub(crate) fn key(kid: &str, state: KeyState, days: i64) -> KeyRow {
    KeyRow {
        kid: text(kid),
        algorithm: text("ES256"),
        signs: text("access tokens"),
        state,
        made: NOW - days * DAY,
        next: (state != KeyState::Retired).then_some(NOW + (31 - days) * DAY),
    }
}

fn nows() -> Vec<Sample> {
    let now = |live_sessions, apps, warnings, recent| Now {
        frame: frame(),
        live_sessions,
        live_grants: live_sessions * 2,
        users: live_sessions / 2,
        apps,
        position: 884_213,
        facts: vec![
            fact("Issuer", "https://id.shop.example"),
            fact("Store", "./.countersign, embedded, 48 MB"),
            fact("Version", "0.1.0"),
        ],
        keys: vec![key("es256-2026-11", KeyState::Signing, 1), key("rs256-2026-11", KeyState::Signing, 1)],
        warnings,
        recent,
    };
    let warnings = vec![text("No mail server is set: sign-up and reset are off.")];
    vec![
        Sample::new("console-now", &now(12_418, 6, vec![], audit_lines())),
        Sample::new("console-now-empty", &now(0, 0, warnings, vec![])),
    ]
}

pub(crate) fn row(person: &str, state: SessionState, app: Option<(&str, Style)>, seen: i64) -> SessionRow {
    let over = matches!(state, SessionState::Ended | SessionState::Stolen);
    SessionRow {
        handle: text("q3W9xT0mVbYk2RzLh8uNcA"),
        person: text(person),
        user: some("usr_7f3kq2"),
        state,
        ended: if over { text("by Ada, 08:51") } else { text("") },
        device: text("Firefox on Linux"),
        kind: Device::Laptop,
        network: text("81.2.69.0/24"),
        app: app.map(|(name, _)| text(name)),
        style: app.map(|(_, style)| style),
        began: NOW - 2 * DAY - seen,
        seen: NOW - seen,
    }
}

pub(crate) fn rows() -> Vec<SessionRow> {
    vec![
        row("ada@marsh.example", SessionState::Live, None, 5),
        row("ada@marsh.example", SessionState::Live, Some(("Corner Shop", Style::Hybrid)), 12 * MINUTE),
        row("jonas@weir.example", SessionState::Soon, Some(("Harbour Bank", Style::Session)), 14 * MINUTE),
        row("mina@okoro.example", SessionState::Stolen, Some(("Stock API", Style::Jwt)), 2 * HOUR),
        row(LONG_MAIL, SessionState::Ended, Some((LONG, Style::Hybrid)), 20 * DAY),
    ]
}

fn sessions() -> Vec<Sample> {
    let page = |filter, rows, pager| Sessions {
        frame: frame(),
        filter,
        apps: vec![Choice { value: text("shop"), name: text("Corner Shop") }],
        rows,
        pager,
    };
    let pager = Pager {
        shown: text("1–5 of 12,632, newest first"),
        newer: None,
        older: some("/admin/sessions?after=5"),
    };
    let filter = SessionFilter { q: text("nobody"), style: text("jwt"), ..SessionFilter::default() };
    vec![
        Sample::new("console-sessions", &page(SessionFilter::default(), rows(), pager)),
        Sample::new("console-sessions-empty", &page(SessionFilter::default(), vec![], Pager::default())),
        Sample::new("console-sessions-none", &page(filter, vec![], Pager::default())),
    ]
}

pub(crate) fn story() -> Vec<Story> {
    let line =
        |past: i64, sentence: &str, outcome| Story { at: NOW - past, sentence: text(sentence), outcome };
    vec![
        line(2 * DAY, "Signed in with a password from 81.2.69.0/24", Outcome::Ok),
        line(3 * HOUR, "Corner Shop refreshed, generation 12", Outcome::Plain),
        line(2 * HOUR, "Refused at Stock API: no such audience", Outcome::Bad),
        line(-28 * DAY, "Ends at its 30-day limit", Outcome::Ahead),
    ]
}

fn details() -> Vec<Sample> {
    let detail = |session, ends, others| SessionDetail {
        frame: frame(),
        session,
        ends,
        lingers: ends.map(|_| 15 * MINUTE),
        facts: vec![fact("Born at", "log position 884,213"), fact("Signed in with", "a password")],
        story: story(),
        others,
    };
    let mut done = frame();
    done.done = some("Ada is signed out of Corner Shop. Nothing accepts it any more.");
    let mut over = detail(row(LONG_MAIL, SessionState::Ended, None, 20 * DAY), None, 0);
    over.frame = done;
    let live = row("ada@marsh.example", SessionState::Live, Some(("Corner Shop", Style::Hybrid)), 5);
    vec![
        Sample::new("console-session", &detail(live, Some(NOW + 28 * DAY), 2)),
        Sample::new("console-session-ended", &over),
    ]
}

fn audit_lines() -> Vec<AuditLine> {
    let line = |past: i64, sentence: &str, outcome, code: Option<&str>| AuditLine {
        at: NOW - past,
        sentence: text(sentence),
        outcome,
        code: code.map(text),
    };
    vec![
        line(12, "Ada signed in to Corner Shop from Firefox on Linux", Outcome::Ok, None),
        line(1377, "Ada ended Chrome on Android", Outcome::Ok, None),
        line(1400, "Chrome on Android of Ada was refused at Corner Shop", Outcome::Bad, Some("CS-3001")),
        line(DAY, &format!("kim@ops.example added the app {LONG}"), Outcome::Plain, None),
    ]
}

fn audits() -> Vec<Sample> {
    let page = |filter, lines, pager| Audit {
        frame: frame(),
        filter,
        kinds: vec![
            Choice { value: text("ended"), name: text("Endings") },
            Choice { value: text("refused"), name: text("Refusals") },
        ],
        lines,
        pager,
    };
    let pager = Pager { shown: text("the last 4"), newer: some("/admin/audit"), older: None };
    let filter = AuditFilter { q: text(""), kind: text("ended") };
    vec![
        Sample::new("console-audit", &page(AuditFilter::default(), audit_lines(), pager)),
        Sample::new("console-audit-empty", &page(AuditFilter::default(), vec![], Pager::default())),
        Sample::new("console-audit-none", &page(filter, vec![], Pager::default())),
    ]
}
