//! How long sessions live here: by the preset of the application, or the issuer's, and by what the person chose.

use std::time::Duration;

use countersign_core::Fault;
use countersign_core::policy::{self, Preset, SessionLimits, SessionRules, Stay};
use countersign_core::record::session::Audience;
use countersign_core::record::{Client, Login, Session};

use crate::engine::Engine;

impl Engine {
    /// The preset of the issuer's own sessions, and of every application that names none.
    #[must_use]
    pub fn preset(&self) -> Preset {
        self.settings.sessions.preset.unwrap_or_default()
    }

    /// How long the sessions of an application live when the person asked to `stay`.
    #[must_use]
    pub fn limits_of(&self, client: &Client, stay: Stay) -> SessionLimits {
        let preset = client.sessions.preset.unwrap_or_else(|| self.preset());
        preset.limits(preset.allowed(stay))
    }

    /// How long "keep me signed in" lasts with the issuer; none where its preset remembers nobody.
    #[must_use]
    pub fn remembers_for(&self) -> Option<Duration> {
        let preset = self.preset();
        (preset.allowed(Stay::Remembered) == Stay::Remembered)
            .then(|| preset.limits(Stay::Remembered).absolute)
    }

    /// How long the browser keeps the cookie of `session`, which began now; none until it closes.
    pub(crate) fn cookie_age(&self, login: &Login, session: &Session) -> Option<Duration> {
        (login.stay == Stay::Remembered).then(|| session.expires.since(self.now()))
    }

    /// What is said about the sessions of `audience`, and how long one lives when the person asked to `stay`.
    pub(crate) async fn rules_for(
        &self,
        audience: &Audience,
        stay: Stay,
    ) -> Result<(SessionRules, SessionLimits), Fault> {
        let own = self.settings.sessions;
        let limits = self.preset().limits(self.preset().allowed(stay));
        match audience {
            Audience::Issuer => Ok((own, limits)),
            // Operators can end everybody's: their own limit holds beside the preset's.
            Audience::Console => Ok((own, policy::OPERATOR_SESSION.stricter(limits))),
            Audience::Client(id) => Ok(match self.directory.client(id).await? {
                Some(client) => (client.sessions, self.limits_of(&client, stay)),
                None => (SessionRules::default(), limits),
            }),
        }
    }
}
