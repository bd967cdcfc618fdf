//! An application that people sign in to, or that acts for itself.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::{ClientId, Serial, Version};
use crate::policy::SessionRules;
use crate::record::grant::Scope;
use crate::record::session::SecretHash;
use crate::time::Timestamp;

/// How an application knows its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// An opaque cookie on the application's host; the data stays here.
    Session,
    /// A signed token that any service checks alone, until it expires.
    Jwt,
    /// A signed token that is also revocable at once.
    Hybrid,
}

/// An application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Client {
    /// Its `client_id`.
    pub id: ClientId,
    /// What people read.
    pub name: String,
    /// How it knows its user.
    pub style: Style,
    /// SHA-256 of its secret; none for a public client (a browser or phone application).
    pub secret: Option<SecretHash>,
    /// Where codes may go; compared byte for byte.
    pub redirect_uris: Vec<String>,
    /// Where a browser may go after sign-out; compared byte for byte.
    pub post_logout_redirect_uris: Vec<String>,
    /// The application's own origin, such as `https://shop.example`; `/_cs/start` and `/_cs/callback` live there.
    pub origin: Option<String>,
    /// The `aud` of its access tokens.
    pub audience: String,
    /// What it may ask for.
    pub scope: Scope,
    /// Ours: people are not asked.
    pub first_party: bool,
    /// Whether it may act for itself (RFC 6749 section 4.4).
    pub acts_alone: bool,
    /// The standing grant of an application that acts for itself.
    pub standing: Option<Serial>,
    /// How long an access token lives.
    pub access_lifetime: Duration,
    /// How long a refresh family lives.
    pub refresh_lifetime: Duration,
    /// How long the sessions of its users live, and how many one may have. Older records say nothing.
    #[serde(default)]
    pub sessions: SessionRules,
    /// When it was registered.
    pub since: Timestamp,
    /// How often it has been written.
    pub version: Version,
}
