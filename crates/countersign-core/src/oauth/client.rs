//! Registering an application: what its record may say.

use std::time::Duration;

use super::redirect::{self, Registrant};
use crate::batch::Change;
use crate::error::Refusal;
use crate::id::{ClientId, Serial, Version};
use crate::policy::{self, Preset, SessionRules};
use crate::record::{Client, Scope, SecretHash, Style};
use crate::time::Timestamp;

/// What an operator says about an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Its `client_id`.
    pub id: ClientId,
    /// What people read.
    pub name: String,
    /// How it knows its user.
    pub style: Style,
    /// SHA-256 of its secret; none for a public client.
    pub secret: Option<SecretHash>,
    /// Where codes may go.
    pub redirect_uris: Vec<String>,
    /// Where a browser may go after sign-out.
    pub post_logout_redirect_uris: Vec<String>,
    /// Its own origin.
    pub origin: Option<String>,
    /// The `aud` of its access tokens; its id when left out.
    pub audience: Option<String>,
    /// What it may ask for.
    pub scope: Scope,
    /// Ours: people are not asked.
    pub first_party: bool,
    /// Whether it may act for itself.
    pub acts_alone: bool,
    /// How long an access token lives; ten minutes when left out.
    pub access_lifetime: Option<Duration>,
    /// How long the sessions of its users live, and how many one may have.
    pub sessions: SessionRules,
}

impl Registration {
    /// The record of the application; commit [`Change::AddClient`] or, for a change, [`Client::changed`].
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with what is wrong.
    pub fn client(self, dev: bool, now: Timestamp) -> Result<Client, Refusal> {
        let by = Registrant { public: self.secret.is_none(), dev };
        let wrong = |what: String| Err(Refusal::Invalid { what });
        // RFC 9700 4.15: a token that an application gets for itself names it as its subject.
        if self.id.as_str().starts_with("usr_") {
            return wrong(format!("the application id `{}` looks like a person's", self.id));
        }
        let name = self.name.trim();
        if name.is_empty() || name.len() > policy::NAME_BYTES || name.chars().any(char::is_control) {
            return wrong("an application's name has 1 to 128 bytes and no control characters".to_owned());
        }
        if self.redirect_uris.len().max(self.post_logout_redirect_uris.len()) > policy::REDIRECTS_COUNT {
            return wrong("an application has at most 32 addresses of a kind".to_owned());
        }
        for uri in self.redirect_uris.iter().chain(&self.post_logout_redirect_uris) {
            redirect::registrable(uri, by)?;
        }
        if let Some(origin) = &self.origin {
            redirect::registrable(origin, Registrant { public: false, dev })?;
            let host = origin.split_once("://").map_or("", |(_, host)| host);
            if host.contains(['/', '?']) {
                return wrong(format!("the origin `{origin}` has a path; it is scheme, host and port only"));
            }
        }
        if self.style == Style::Session && self.origin.is_none() {
            return wrong("an application of style `session` needs its origin".to_owned());
        }
        if self.acts_alone && self.secret.is_none() {
            return wrong("an application without a secret cannot act for itself".to_owned());
        }
        let access_lifetime = self.access_lifetime.unwrap_or(policy::ACCESS_LIFETIME);
        if !(policy::ACCESS_LIFETIME_MIN..=policy::ACCESS_LIFETIME_MAX).contains(&access_lifetime) {
            return wrong("an access token lives between 1 minute and 24 hours".to_owned());
        }
        if self.sessions.most.is_some_and(|most| !(1..=policy::MOST_SESSIONS).contains(&most.count)) {
            return wrong("the most sessions of one person are 1 to 1,000".to_owned());
        }
        // A refresh family must not carry on what the preset says is over (ASVS 5.0 V7.3.2).
        let refresh_lifetime = policy::REFRESH_LIFETIME
            .min(self.sessions.preset.map_or(policy::REFRESH_LIFETIME, Preset::longest));
        let audience = self.audience.unwrap_or_else(|| self.id.as_str().to_owned());
        if audience.is_empty() || audience.len() > 256 || !audience.bytes().all(|b| b.is_ascii_graphic()) {
            return wrong("an audience has 1 to 256 printable ASCII characters".to_owned());
        }
        Ok(Client {
            name: name.to_owned(),
            id: self.id,
            style: self.style,
            secret: self.secret,
            redirect_uris: self.redirect_uris,
            post_logout_redirect_uris: self.post_logout_redirect_uris,
            origin: self.origin,
            audience,
            scope: self.scope,
            first_party: self.first_party,
            acts_alone: self.acts_alone,
            standing: None,
            access_lifetime,
            refresh_lifetime,
            sessions: self.sessions,
            since: now,
            version: Version::FIRST,
        })
    }
}

impl Client {
    /// The change that registers it.
    #[must_use]
    pub fn add(&self) -> Change {
        Change::AddClient(self.clone())
    }

    /// The change that puts `new` in place of this record; id, age and standing grant stay.
    #[must_use]
    pub fn changed(&self, new: Self) -> Change {
        let client = Self {
            id: self.id.clone(),
            since: self.since,
            standing: self.standing,
            version: self.version.next(),
            ..new
        };
        Change::PutClient { client, expect: self.version }
    }

    /// The change that gives it another secret; tokens and sessions go on.
    #[must_use]
    pub fn with_secret(&self, secret: SecretHash) -> Change {
        self.changed(Self { secret: Some(secret), ..self.clone() })
    }

    /// The change that makes `serial` its standing grant; begin the grant in the same batch.
    #[must_use]
    pub fn with_standing(&self, serial: Serial) -> Change {
        let client = Self { standing: Some(serial), version: self.version.next(), ..self.clone() };
        Change::PutClient { client, expect: self.version }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::secret::ClientSecret;

    pub(crate) fn registration() -> Registration {
        Registration {
            id: "shop".parse().unwrap(),
            name: "Shop".to_owned(),
            style: Style::Hybrid,
            secret: Some(ClientSecret::new([4; 32]).hash()),
            redirect_uris: vec!["https://shop.example/cb".to_owned()],
            post_logout_redirect_uris: vec!["https://shop.example/bye".to_owned()],
            origin: None,
            audience: None,
            scope: "openid email orders".parse().unwrap(),
            first_party: false,
            acts_alone: false,
            access_lifetime: None,
            sessions: SessionRules::default(),
        }
    }

    pub(crate) fn confidential() -> Client {
        registration().client(false, Timestamp::from_seconds(1)).unwrap()
    }

    pub(crate) fn public() -> Client {
        Registration { secret: None, ..registration() }.client(false, Timestamp::from_seconds(1)).unwrap()
    }

    fn refused(change: impl FnOnce(&mut Registration)) -> bool {
        let mut new = registration();
        change(&mut new);
        new.client(false, Timestamp::from_seconds(1)).is_err()
    }

    #[test]
    fn a_registration_becomes_a_record() {
        let client = confidential();
        assert_eq!(client.audience, "shop");
        assert_eq!(client.access_lifetime, policy::ACCESS_LIFETIME);
        assert_eq!(client.add(), Change::AddClient(client.clone()));
    }

    #[test]
    fn what_cannot_be_registered_is_refused() {
        assert!(refused(|r| r.name = "  ".to_owned()));
        assert!(refused(|r| r.name = "a\nb".to_owned()));
        assert!(refused(|r| r.redirect_uris = vec!["http://shop.example/cb".to_owned()]));
        assert!(refused(|r| r.redirect_uris = vec!["https://shop.example/cb".to_owned(); 33]));
        assert!(refused(|r| r.post_logout_redirect_uris = vec!["/bye".to_owned()]));
        assert!(refused(|r| r.origin = Some("https://shop.example/".to_owned())));
        assert!(refused(|r| r.style = Style::Session));
        assert!(refused(|r| (r.secret, r.acts_alone) = (None, true)));
        assert!(refused(|r| r.access_lifetime = Some(Duration::from_secs(59))));
        assert!(refused(|r| r.audience = Some("a b".to_owned())));
        for count in [0, 1001] {
            assert!(
                refused(|r| r.sessions.most = Some(policy::Most { count, beyond: policy::Beyond::Deny }))
            );
        }
    }

    #[test]
    fn a_preset_limits_what_refresh_tokens_carry_on() {
        let mut new = registration();
        new.sessions.preset = Some(Preset::NistAal3);
        let client = new.client(false, Timestamp::from_seconds(1)).unwrap();
        assert_eq!(client.refresh_lifetime, Duration::from_secs(12 * 60 * 60));
        assert_eq!(confidential().refresh_lifetime, policy::REFRESH_LIFETIME);
    }

    #[test]
    fn a_record_from_before_there_were_presets_is_read() {
        let mut json = serde_json::to_value(confidential()).unwrap();
        json.as_object_mut().unwrap().remove("sessions").unwrap();
        assert_eq!(serde_json::from_value::<Client>(json).unwrap(), confidential());
    }

    #[test]
    fn a_change_keeps_id_age_and_standing_grant() {
        let mut client = confidential();
        client.standing = Serial::new(8);
        let mut new = registration();
        new.id = "bank".parse().unwrap();
        new.name = "Better shop".to_owned();
        let new = new.client(false, Timestamp::from_seconds(50)).unwrap();
        let Change::PutClient { client: after, expect } = client.changed(new) else { panic!("not a put") };
        assert_eq!((expect, after.version), (Version::FIRST, Version::new(2)));
        assert_eq!((after.id.as_str(), after.name.as_str()), ("shop", "Better shop"));
        assert_eq!((after.since, after.standing), (client.since, client.standing));
    }
}
