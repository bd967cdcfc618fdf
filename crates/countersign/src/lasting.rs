//! How long sessions live here: by the preset of the application, or the issuer's, and by what the person chose.

use std::time::Duration;

use countersign_core::Fault;
use countersign_core::policy::{self, Preset, SessionLimits, SessionRules, Stay};
use countersign_core::record::session::Audience;
use countersign_core::record::{Client, Session};

use crate::engine::Engine;

impl Engine {
    /// The preset of the issuer's own sessions, and of every application that names none.
    #[must_use]
    pub fn preset(&self) -> Preset {
        self.settings.sessions.preset.unwrap_or_default()
    }

    /// How long a session with `client` lasts when the person asked to `stay`.
    pub(crate) fn lasting_of(&self, client: &Client, stay: Stay) -> Lasting {
        Lasting::under(client.sessions.preset.unwrap_or_else(|| self.preset()), client.sessions, stay)
    }

    /// How long "keep me signed in" lasts with the issuer; none where its preset remembers nobody.
    #[must_use]
    pub fn remembers_for(&self) -> Option<Duration> {
        let preset = self.preset();
        (preset.allowed(Stay::Remembered) == Stay::Remembered)
            .then(|| preset.limits(Stay::Remembered).absolute)
    }

    /// How long the browser keeps the cookie of `session`, which began now; none until it closes.
    pub(crate) fn cookie_age(&self, session: &Session, stay: Stay) -> Option<Duration> {
        (stay == Stay::Remembered).then(|| session.expires.since(self.now()))
    }

    /// How long a session for `audience` lasts when the person asked to `stay`.
    pub(crate) async fn lasting_for(&self, audience: &Audience, stay: Stay) -> Result<Lasting, Fault> {
        let own = Lasting::under(self.preset(), self.settings.sessions, stay);
        Ok(match audience {
            Audience::Issuer => own,
            // Operators can end everybody's: their own limit holds beside the preset's. They are never kept out by sessions of
            // their own.
            Audience::Console => Lasting {
                rules: SessionRules::default(),
                limits: policy::OPERATOR_SESSION.stricter(own.limits),
                stay: Stay::Visit,
            },
            Audience::Client(id) => match self.directory.client(id).await? {
                Some(client) => self.lasting_of(&client, stay),
                None => Lasting { rules: SessionRules::default(), ..own },
            },
        })
    }
}

/// How long a session lasts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lasting {
    /// What is said about the sessions beside it.
    pub(crate) rules: SessionRules,
    /// Its limits.
    pub(crate) limits: SessionLimits,
    /// Whether the browser keeps it.
    pub(crate) stay: Stay,
}

impl Lasting {
    fn under(preset: Preset, rules: SessionRules, wished: Stay) -> Self {
        let stay = preset.allowed(wished);
        Self { rules, limits: preset.limits(stay), stay }
    }
}
