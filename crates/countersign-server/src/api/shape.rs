//! The shapes of the JSON API, field by field. They are stable: fields are added, never renamed, and what has no value is
//! `null`.
//!
//! Decides how things are called on the wire; computes nothing.

use std::time::Duration;

use countersign::{GrantView, Most, Overview, Preset, SessionView};
use countersign_core::extent::{Actor, Ending, Reason};
use countersign_core::record::session::Audience;
use countersign_core::record::{Client, KeyPurpose, KeyRecord, Role, Style, User};
use countersign_core::time::Timestamp;
use serde::Serialize;

use super::names::Names;

/// A point in time: `{"unix": 1795425840, "rfc3339": "2026-11-23T09:24:00Z"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// Seconds since the Unix epoch.
    pub unix: u64,
    /// The same as RFC 3339 in UTC.
    pub rfc3339: String,
}

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        let second =
            i64::try_from(at.seconds()).ok().and_then(|second| jiff::Timestamp::from_second(second).ok());
        Self { unix: at.seconds(), rfc3339: second.map(|second| second.to_string()).unwrap_or_default() }
    }
}

/// Who did something: `{"kind": "operator", "id": "usr_…", "name": "kim@ops.example"}`.
///
/// `kind` is `subject`, `operator`, `command-line`, `client`, `stranger` or `system`; the first two have a subject as `id`
/// and `client` its client id; `name` is an e-mail or the name of the application, while it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ActorShape {
    /// What kind of actor.
    pub kind: &'static str,
    /// Which one.
    pub id: Option<String>,
    /// What people call it.
    pub name: Option<String>,
}

impl ActorShape {
    pub(crate) fn of(actor: &Actor, names: &Names) -> Self {
        let (kind, id, name) = match actor {
            Actor::Subject(subject) => ("subject", Some(subject.to_string()), names.person(subject)),
            Actor::Operator(subject) => ("operator", Some(subject.to_string()), names.person(subject)),
            Actor::CommandLine => ("command-line", None, None),
            Actor::Client(client) => {
                ("client", Some(client.to_string()), names.app(client).map(|app| app.name.as_str()))
            }
            Actor::Stranger => ("stranger", None, None),
            Actor::System => ("system", None, None),
        };
        Self { kind, id, name: name.map(str::to_owned) }
    }
}

/// How something ended: `{"at": …, "reason": "ended-by-operator", "by": …}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EndingShape {
    /// When.
    pub at: Moment,
    /// Why: `signed-out`, `ended-by-person`, `ended-by-operator`, `revoked`, `replaced`, `password-changed`,
    /// `password-reset`, `replay`, `withdrawn`, `erased`.
    pub reason: Reason,
    /// By whom.
    pub by: ActorShape,
}

impl EndingShape {
    fn of(ending: &Ending, names: &Names) -> Self {
        Self { at: ending.at.into(), reason: ending.reason, by: ActorShape::of(&ending.by, names) }
    }
}

/// One session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SessionShape {
    /// Its public name; the CLI's SID.
    pub handle: String,
    /// Its number, as in the revocation log.
    pub serial: u64,
    /// Whether it would be accepted now.
    pub live: bool,
    /// Whose.
    pub subject: String,
    /// Their e-mail, while the account exists.
    pub email: Option<String>,
    /// Whose pages: `issuer`, `console` or `app`.
    pub audience: &'static str,
    /// The client id, when the audience is an application.
    pub app: Option<String>,
    /// How the application knows its user: `session`, `jwt` or `hybrid`.
    pub style: Option<Style>,
    /// The login that it hangs on.
    pub login: String,
    /// For example `Firefox, Linux`.
    pub device: String,
    /// The network prefix, for example `203.0.113.0/24`.
    pub network: String,
    /// The log position inherited from its login.
    pub born: u64,
    /// When the person authenticated.
    pub auth_time: Moment,
    /// When it began.
    pub begun: Moment,
    /// When it was last known to be used.
    pub seen: Moment,
    /// How long it may go unused, in seconds.
    pub idle_seconds: u64,
    /// When it is over, used or not.
    pub expires: Moment,
    /// How it ended, once it has.
    pub ended: Option<EndingShape>,
}

impl SessionShape {
    pub(crate) fn of(view: &SessionView, names: &Names) -> Self {
        let session = &view.session;
        let (audience, app) = match &session.audience {
            Audience::Issuer => ("issuer", None),
            Audience::Console => ("console", None),
            Audience::Client(client) => ("app", Some(client)),
        };
        Self {
            handle: view.handle.to_string(),
            serial: session.serial.number(),
            live: view.live,
            subject: session.subject.to_string(),
            email: names.person(&session.subject).map(str::to_owned),
            audience,
            app: app.map(ToString::to_string),
            style: app.and_then(|app| names.app(app)).map(|app| app.style),
            login: session.login.to_string(),
            device: session.device.as_str().to_owned(),
            network: session.network.to_string(),
            born: session.born.number(),
            auth_time: session.auth_time.into(),
            begun: session.begun.into(),
            seen: session.seen.into(),
            idle_seconds: session.idle.as_secs(),
            expires: session.expires.into(),
            ended: session.ended.as_ref().map(|ending| EndingShape::of(ending, names)),
        }
    }
}

/// What an application may do for a person: a grant, the `gid` of its access tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GrantShape {
    /// Its public name, the `gid` of its access tokens.
    pub handle: String,
    /// Its number, as in the revocation log.
    pub serial: u64,
    /// Whether its tokens would be accepted now.
    pub live: bool,
    /// For whom; none for an application that acts for itself.
    pub subject: Option<String>,
    /// The client id.
    pub app: String,
    /// How the application knows its user.
    pub style: Option<Style>,
    /// The scopes, space separated.
    pub scope: String,
    /// When it began.
    pub begun: Moment,
    /// When it is over.
    pub expires: Moment,
    /// The current generation of its refresh family, if it has one.
    pub generation: Option<u32>,
    /// How it ended, once it has.
    pub ended: Option<EndingShape>,
}

impl GrantShape {
    pub(crate) fn of(view: &GrantView, names: &Names) -> Self {
        let grant = &view.grant;
        Self {
            handle: view.handle.to_string(),
            serial: grant.serial.number(),
            live: view.live,
            subject: grant.subject.as_ref().map(ToString::to_string),
            app: grant.client.to_string(),
            style: names.app(&grant.client).map(|app| app.style),
            scope: grant.scope.to_string(),
            begun: grant.begun.into(),
            expires: grant.expires.into(),
            generation: grant.family.as_ref().map(|family| family.generation),
            ended: grant.ended.as_ref().map(|ending| EndingShape::of(ending, names)),
        }
    }
}

/// One person: `{"subject": "usr_…", "email": …, "role": "person" | "operator", "since": …}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UserShape {
    /// Who.
    pub subject: String,
    /// Where letters go, and what is typed at sign-in.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// When the account was opened.
    pub since: Moment,
}

impl From<&User> for UserShape {
    fn from(user: &User) -> Self {
        Self {
            subject: user.subject.to_string(),
            email: user.email.to_string(),
            role: user.role,
            since: user.since.into(),
        }
    }
}

/// One application; its secret is never among it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AppShape {
    /// Its `client_id`.
    pub id: String,
    /// What people read.
    pub name: String,
    /// How it knows its user: `session`, `jwt` or `hybrid`.
    pub style: Style,
    /// Whether it has no secret (it runs in a browser or on a phone).
    pub public: bool,
    /// Ours: people are not asked for consent.
    pub first_party: bool,
    /// Whether it may act for itself (RFC 6749 4.4).
    pub acts_alone: bool,
    /// Where codes may go; compared byte for byte.
    pub redirect_uris: Vec<String>,
    /// Where a browser may go after sign-out; compared byte for byte.
    pub post_logout_redirect_uris: Vec<String>,
    /// Its own origin, such as `https://shop.example`.
    pub origin: Option<String>,
    /// The `aud` of its access tokens.
    pub audience: String,
    /// What it may ask for, space separated.
    pub scope: String,
    /// How long an access token lives, in seconds.
    pub access_seconds: u64,
    /// How long a refresh family lives, in seconds.
    pub refresh_seconds: u64,
    /// How long the sessions of its users live, by the name of a standard; none as the issuer's.
    pub preset: Option<Preset>,
    /// How many sessions one person may have at once.
    pub most_sessions: Option<Most>,
    /// When it was registered.
    pub since: Moment,
}

impl From<&Client> for AppShape {
    fn from(app: &Client) -> Self {
        Self {
            id: app.id.to_string(),
            name: app.name.clone(),
            style: app.style,
            public: app.secret.is_none(),
            first_party: app.first_party,
            acts_alone: app.acts_alone,
            redirect_uris: app.redirect_uris.clone(),
            post_logout_redirect_uris: app.post_logout_redirect_uris.clone(),
            origin: app.origin.clone(),
            audience: app.audience.clone(),
            scope: app.scope.to_string(),
            access_seconds: app.access_lifetime.as_secs(),
            refresh_seconds: app.refresh_lifetime.as_secs(),
            preset: app.sessions.preset,
            most_sessions: app.sessions.most,
            since: app.since.into(),
        }
    }
}

/// One signing key; its private half is never among it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyShape {
    /// Its name in token headers and the JWKS.
    pub kid: String,
    /// Its one algorithm, as in JOSE headers.
    pub algorithm: String,
    /// What it signs: `access` or `id` tokens.
    pub purpose: KeyPurpose,
    /// Where it stands: `published`, `signing`, `verifying` or `retired`.
    pub state: KeyStanding,
    /// Since when the JWKS shows it.
    pub published: Moment,
    /// From when it signs.
    pub signs_from: Moment,
    /// Until when it signs, once a successor is set.
    pub signs_until: Option<Moment>,
    /// When it leaves the JWKS, once a successor is set.
    pub retires: Option<Moment>,
}

impl KeyShape {
    pub(crate) fn of(key: &KeyRecord, now: Timestamp) -> Self {
        Self {
            kid: key.kid.clone(),
            algorithm: key.algorithm.clone(),
            purpose: key.purpose,
            state: KeyStanding::of(key, now),
            published: key.published.into(),
            signs_from: key.signs_from.into(),
            signs_until: key.signs_until.map(Moment::from),
            retires: key.retires.map(Moment::from),
        }
    }
}

/// Where a key stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyStanding {
    /// In the key set, not yet used.
    Published,
    /// In use.
    Signing,
    /// Still in the key set, for tokens that live.
    Verifying,
    /// Out of the key set.
    Retired,
}

impl KeyStanding {
    pub(crate) fn of(key: &KeyRecord, now: Timestamp) -> Self {
        if key.retires.is_some_and(|at| at <= now) {
            Self::Retired
        } else if key.signs_until.is_some_and(|at| at <= now) {
            Self::Verifying
        } else if key.signs_from > now {
            Self::Published
        } else {
            Self::Signing
        }
    }
}

/// The state of the house at a glance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OverviewShape {
    /// The issuer's address.
    pub issuer: String,
    /// Whether this is development.
    pub dev: bool,
    /// Of the server.
    pub version: &'static str,
    /// People.
    pub users: u64,
    /// Applications.
    pub apps: u64,
    /// Sessions that have neither ended nor expired.
    pub live_sessions: u64,
    /// Grants that have neither ended nor expired.
    pub live_grants: u64,
    /// The last position of the revocation log.
    pub position: u64,
    /// The incarnation of the log.
    pub epoch: u32,
    /// When the oldest published signing key was made.
    pub oldest_key: Option<Moment>,
    /// Whether this process knows every ending; when not, it refuses everything.
    pub view_ready: bool,
    /// Whether letters can be sent, so that sign-up and reset are on.
    pub mail: bool,
    /// The time of this answer.
    pub now: Moment,
}

impl OverviewShape {
    pub(crate) fn of(engine: &countersign::Engine, overview: &Overview) -> Self {
        Self {
            issuer: engine.settings().issuer.clone(),
            dev: engine.settings().dev,
            version: env!("CARGO_PKG_VERSION"),
            users: overview.counts.users,
            apps: overview.counts.clients,
            live_sessions: overview.counts.live_sessions,
            live_grants: overview.counts.live_grants,
            position: overview.position,
            epoch: overview.epoch,
            oldest_key: overview.oldest_key.map(Moment::from),
            view_ready: overview.view_ready,
            mail: engine.mail_available(),
            now: engine.now().into(),
        }
    }
}

/// What an ending has done: `{"ended": true, "position": 884213, "not_covered": […]}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EndedShape {
    /// Always true: from this answer on nothing that it covers is accepted here.
    pub ended: bool,
    /// Where the revocation log stands with it.
    pub position: u64,
    /// Applications whose own verifiers read tokens alone, and so may go on for a while.
    pub not_covered: Vec<Lingering>,
}

/// An application whose plain tokens live on with other people's verifiers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lingering {
    /// The client id.
    pub app: String,
    /// At most this many seconds more.
    pub seconds: u64,
}

impl Lingering {
    /// What lingers of one application: something only where tokens are plain.
    pub(crate) fn of(app: &Client) -> Option<Self> {
        let Style::Jwt = app.style else { return None };
        Some(Self { app: app.id.to_string(), seconds: whole(app.access_lifetime) })
    }
}

/// Seconds, begun ones counted as whole.
fn whole(span: Duration) -> u64 {
    span.as_secs().saturating_add(u64::from(span.subsec_nanos() > 0))
}
