//! Records as rows of the console's pages. Decides wording and which drawing stands beside a device; decides no state
//! that the engine has not decided.

use countersign::{GrantView, SessionView};
use countersign_core::audit::AuditEntry;
use countersign_core::extent::{Ending, Reason};
use countersign_core::id::Subject;
use countersign_core::record::session::Audience;
use countersign_core::record::{self, Client, KeyPurpose, KeyRecord};
use countersign_core::time::Timestamp;

use crate::api::event::{self, Went};
use crate::api::names::Names;
use crate::api::shape::KeyStanding;
use crate::app::seconds;
use crate::pages::{
    AppRow, AuditLine, Device, GrantRow, KeyRow, KeyState, Outcome, SessionRow, SessionState, Story, Style,
};

/// A session this near to its limit ends soon.
const SOON: std::time::Duration = std::time::Duration::from_secs(60 * 60);

/// One session.
pub(super) fn session(view: &SessionView, names: &Names, now: Timestamp) -> SessionRow {
    let session = &view.session;
    let app = match &session.audience {
        Audience::Client(client) => Some(client),
        Audience::Issuer | Audience::Console => None,
    };
    let known = app.and_then(|app| names.app(app));
    let name = match &session.audience {
        Audience::Console => Some("the console".to_owned()),
        Audience::Issuer => None,
        Audience::Client(client) => Some(names.app_or_id(client)),
    };
    SessionRow {
        handle: view.handle.to_string(),
        person: names.person_or_id(&session.subject),
        user: Some(session.subject.to_string()),
        state: session_state(view, now),
        ended: match over(view, names, now) {
            Some((how, Some(at))) => format!("{how}, {}", clock(at)),
            Some((how, None)) => how,
            None => String::new(),
        },
        device: session.device.as_str().replace(", ", " on "),
        kind: device(session.device.as_str()),
        network: session.network.to_string(),
        app: name,
        style: known.map(|app| style(app.style)),
        began: seconds(session.begun),
        seen: seconds(session.seen),
    }
}

fn session_state(view: &SessionView, now: Timestamp) -> SessionState {
    let replayed = |ending: &Ending| ending.reason == Reason::Replay;
    if view.session.ended.as_ref().is_some_and(replayed) {
        SessionState::Stolen
    } else if !view.live {
        SessionState::Ended
    } else if view.session.expires <= now + SOON {
        SessionState::Soon
    } else {
        SessionState::Live
    }
}

/// How a session ended, and when; none while it lives.
fn over(view: &SessionView, names: &Names, now: Timestamp) -> Option<(String, Option<Timestamp>)> {
    let session = &view.session;
    let unused = session.seen + session.idle;
    if view.live {
        return None;
    }
    Some(match &session.ended {
        Some(ending) => (format!("by {}", by(ending, &session.subject, names)), Some(ending.at)),
        None if session.expires <= now => ("at its limit".to_owned(), Some(session.expires)),
        None if unused <= now => ("after it went unused".to_owned(), Some(unused)),
        None => ("with everything of its app".to_owned(), None),
    })
}

fn by(ending: &Ending, owner: &Subject, names: &Names) -> String {
    use countersign_core::extent::Actor;

    match &ending.by {
        Actor::Subject(subject) if subject == owner => "its owner".to_owned(),
        Actor::Subject(subject) | Actor::Operator(subject) => names.person_or_id(subject),
        Actor::Client(client) => names.app_or_id(client),
        Actor::CommandLine => "the command line".to_owned(),
        Actor::Stranger => "a stranger".to_owned(),
        Actor::System => "Countersign".to_owned(),
    }
}

/// What happened to a session, the oldest first, and what will.
pub(super) fn story(view: &SessionView, names: &Names, now: Timestamp) -> Vec<Story> {
    let session = &view.session;
    let line = |at: Timestamp, sentence: String, outcome| Story { at: seconds(at), sentence, outcome };
    let who = names.person_or_id(&session.subject);
    let mut story = vec![
        line(session.auth_time, format!("{who} signed in with a password"), Outcome::Ok),
        line(session.begun, format!("The session began, from {}", session.network), Outcome::Plain),
    ];
    if session.seen > session.begun {
        story.push(line(session.seen, "It was last used".to_owned(), Outcome::Plain));
    }
    match over(view, names, now) {
        Some((how, at)) => story.push(line(at.unwrap_or(now), format!("It was ended {how}"), Outcome::Bad)),
        None => {
            let days = session.expires.since(session.begun).as_secs().div_ceil(86_400);
            let limit = format!("It ends at its limit of {days} {}", if days == 1 { "day" } else { "days" });
            story.push(line(session.expires, limit, Outcome::Ahead));
        }
    }
    story.sort_by_key(|line| line.at);
    story
}

/// What an application may do for a person.
pub(super) fn grant(view: &GrantView, names: &Names) -> GrantRow {
    let grant = &view.grant;
    GrantRow {
        app: names.app_or_id(&grant.client),
        client: grant.client.to_string(),
        style: names.app(&grant.client).map_or(Style::Jwt, |app| style(app.style)),
        scopes: grant.scope.to_string(),
        since: seconds(grant.begun),
        used: grant.family.as_ref().map(|family| seconds(family.handed_at)),
    }
}

/// One application with `live` sessions and grants.
pub(super) fn app(app: &Client, live: u64) -> AppRow {
    let address = app.origin.as_ref().or_else(|| app.redirect_uris.first());
    AppRow {
        client: app.id.to_string(),
        name: app.name.clone(),
        host: address.map_or("no host", |address| super::authority(address)).to_owned(),
        style: style(app.style),
        first_party: app.first_party,
        public: app.secret.is_none(),
        live,
        added: seconds(app.since),
    }
}

/// One signing key.
pub(super) fn key(key: &KeyRecord, now: Timestamp) -> KeyRow {
    let (state, next) = match KeyStanding::of(key, now) {
        KeyStanding::Published => (KeyState::Published, Some(key.signs_from)),
        KeyStanding::Signing => (KeyState::Signing, key.signs_until),
        KeyStanding::Verifying => (KeyState::Verifying, key.retires),
        KeyStanding::Retired => (KeyState::Retired, None),
    };
    let signs = match key.purpose {
        KeyPurpose::Access => "access tokens",
        KeyPurpose::Id => "ID tokens",
    };
    KeyRow {
        kid: short(&key.kid),
        algorithm: key.algorithm.clone(),
        signs: signs.to_owned(),
        state,
        made: seconds(key.published),
        next: next.map(seconds),
    }
}

/// The beginning of a key's name: enough to find it in the key set, and a table stays on its page.
fn short(kid: &str) -> String {
    match kid.char_indices().nth(16) {
        Some((end, _)) => format!("{}…", kid.get(..end).unwrap_or(kid)),
        None => kid.to_owned(),
    }
}

/// One line of the audit log.
pub(super) fn line(entry: &AuditEntry, names: &Names) -> AuditLine {
    AuditLine {
        at: seconds(entry.at),
        sentence: entry.sentence(names),
        outcome: match event::went(&entry.event) {
            Went::Done => Outcome::Ok,
            Went::Refused => Outcome::Bad,
        },
        code: event::code(&entry.event).map(str::to_owned),
    }
}

/// One line of the audit log as part of a story.
pub(super) fn told(entry: &AuditEntry, names: &Names) -> Story {
    let AuditLine { at, sentence, outcome, .. } = line(entry, names);
    Story { at, sentence, outcome }
}

/// How an application knows its user.
pub(super) const fn style(style: record::Style) -> Style {
    match style {
        record::Style::Session => Style::Session,
        record::Style::Jwt => Style::Jwt,
        record::Style::Hybrid => Style::Hybrid,
    }
}

/// The drawing beside a device.
fn device(device: &str) -> Device {
    let has = |words: &[&str]| words.iter().any(|word| device.contains(word));
    if has(&["Android", "iPhone", "iPad"]) {
        Device::Phone
    } else if has(&["Windows", "macOS", "Linux", "ChromeOS"]) && !has(&["curl"]) {
        Device::Laptop
    } else {
        Device::Machine
    }
}

/// A time of day with its date, in UTC.
fn clock(at: Timestamp) -> String {
    let zoned =
        jiff::Timestamp::from_second(seconds(at)).map(|at| at.to_zoned_datetime(jiff::tz::TimeZone::UTC));
    zoned.map_or_else(|_| at.to_string(), |zoned| zoned.strftime("%-d %b, %H:%M").to_string())
}
