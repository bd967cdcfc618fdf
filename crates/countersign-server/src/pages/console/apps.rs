//! Console pages about applications and signing keys.

use serde::Serialize;

use super::ConsoleFrame;
use crate::pages::parts::{Fact, Style};

/// One application in the list.
#[derive(Clone, Serialize)]
pub struct AppRow {
    /// Names it at `/admin/apps/{client}` and in the form field `client`.
    pub client: String,
    /// Its name.
    pub name: String,
    /// Its host.
    pub host: String,
    /// How it knows its users.
    pub style: Style,
    /// Whether it belongs to the operator, so that consent is not asked.
    pub first_party: bool,
    /// Whether it has no secret (a browser or native application).
    pub public: bool,
    /// Live sessions or grants.
    pub live: u64,
    /// Unix seconds of its registration.
    pub added: i64,
}

/// `/admin/apps`.
#[derive(Serialize)]
pub struct Apps {
    /// What all console pages share.
    pub frame: ConsoleFrame,
    /// The applications.
    pub rows: Vec<AppRow>,
}

/// `/admin/apps/new`. Posts `name`, `client`, `style=session|jwt|hybrid`, `redirects` (one address a line),
/// `after_signout` (likewise), `audience`, `first_party=on`, `public=on` to `/admin/apps`.
#[derive(Serialize)]
pub struct AppForm {
    /// What all console pages share.
    pub frame: ConsoleFrame,
    /// What was typed, as all fields below.
    pub name: String,
    /// The client id.
    pub client: String,
    /// The style chosen.
    pub style: Style,
    /// Redirect addresses, one a line.
    pub redirects: String,
    /// Addresses to go to after sign-out, one a line.
    pub after_signout: String,
    /// The audience of its tokens; empty takes the client id.
    pub audience: String,
    /// Whether consent is skipped.
    pub first_party: bool,
    /// Whether it cannot keep a secret.
    pub public: bool,
    /// Why the whole form was refused.
    pub error: Option<String>,
    /// What is wrong with the name.
    pub name_error: Option<String>,
    /// What is wrong with the client id.
    pub client_error: Option<String>,
    /// What is wrong with a redirect address.
    pub redirects_error: Option<String>,
}

/// Shows a client secret, this once: after registration and after a rotation.
#[derive(Serialize)]
pub struct AppRegistered {
    /// What all console pages share.
    pub frame: ConsoleFrame,
    /// The application.
    pub app: AppRow,
    /// Its secret; none for a public client.
    pub secret: Option<String>,
    /// Whether the secret replaces an older one.
    pub rotated: bool,
    /// The issuer, for the application's settings.
    pub issuer_url: String,
    /// Lines to put into the application or its proxy.
    pub snippet: String,
}

/// `/admin/apps/{client}`. Posts `client` to `/admin/apps/rotate-secret` and to `/admin/apps/end`.
#[derive(Serialize)]
pub struct AppDetail {
    /// What all console pages share.
    pub frame: ConsoleFrame,
    /// The application.
    pub app: AppRow,
    /// Redirect addresses.
    pub redirects: Vec<String>,
    /// Addresses after sign-out.
    pub after_signout: Vec<String>,
    /// Lifetimes, audience, scopes.
    pub facts: Vec<Fact>,
}

/// Where a key stands in its life.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// In the key set, not yet used.
    Published,
    /// In use.
    Signing,
    /// Still in the key set, for tokens that live.
    Verifying,
    /// Out of the key set.
    Retired,
}

/// One signing key.
#[derive(Clone, Serialize)]
pub struct KeyRow {
    /// Its id.
    pub kid: String,
    /// For example `ES256`.
    pub algorithm: String,
    /// What it signs, for example `access tokens`.
    pub signs: String,
    /// Where it stands.
    pub state: KeyState,
    /// Unix seconds of its making.
    pub made: i64,
    /// Unix seconds of its next step, if that is known.
    pub next: Option<i64>,
}

/// `/admin/keys`. Posts `algorithm` to `/admin/keys/rotate`.
#[derive(Serialize)]
pub struct Keys {
    /// What all console pages share.
    pub frame: ConsoleFrame,
    /// The keys, the newest first.
    pub rows: Vec<KeyRow>,
    /// Algorithms that can be rotated.
    pub algorithms: Vec<String>,
    /// The key set's address.
    pub jwks: String,
    /// Seconds a key is published before it signs.
    pub lead: i64,
}
