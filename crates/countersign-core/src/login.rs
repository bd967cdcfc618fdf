//! Signing in: what is read before the credential is checked, and the login that comes of it.
//!
//! The log position and the user's generation are read *before* the check and travel with the login, so that neither an
//! ending nor a password change that happens during the check can be overtaken.

use std::time::Duration;

use countersign_jose::primitive;

use crate::batch::{Batch, Change};
use crate::id::{ClientId, LoginId, Position, Subject};
use crate::policy::{Preset, Stay};
use crate::record::login::Method;
use crate::record::user::PasswordHash;
use crate::record::{Device, Login, Network, User};
use crate::time::Timestamp;
use crate::wire;

/// From where someone signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// With which device.
    pub device: Device,
    /// From which network prefix.
    pub network: Network,
}

/// How long what begins with a sign-in may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Whether browsers keep it when they close.
    pub stay: Stay,
    /// How long the login may be leaned on.
    pub lasting: Duration,
}

impl Hold {
    /// What `preset` grants to somebody who asked to `stay`.
    #[must_use]
    pub const fn under(preset: Preset, stay: Stay) -> Self {
        Self { stay: preset.allowed(stay), lasting: preset.longest() }
    }
}

/// A user as read before the credential was checked.
#[derive(Debug)]
pub struct Candidate {
    subject: Subject,
    generation: u64,
    password: PasswordHash,
    born: Position,
}

impl Candidate {
    /// The candidate `user`, with the log position that was read *before* the user.
    #[must_use]
    pub fn read(born: Position, user: &User) -> Self {
        Self {
            subject: user.subject.clone(),
            generation: user.generation,
            password: user.password.clone(),
            born,
        }
    }

    /// What the password is checked against.
    #[must_use]
    pub fn password(&self) -> &PasswordHash {
        &self.password
    }

    /// Who it would be.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The generation that was read.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// The credential was good: the login, and the change that begins it. The store refuses it when the generation has
    /// moved or a watermark has passed since the reading.
    ///
    /// `hold` says how long anything may hang on it.
    pub fn proven(self, method: Method, id: LoginId, origin: Origin, hold: Hold, now: Timestamp) -> NewLogin {
        let login = Login {
            id,
            subject: self.subject,
            born: self.born,
            generation: self.generation,
            at: now,
            methods: vec![method],
            device: origin.device,
            network: origin.network,
            stay: hold.stay,
            expires: now + hold.lasting,
            ended: None,
        };
        NewLogin { batch: Batch::of(Change::BeginLogin(login.clone())), login }
    }
}

/// A login that is not yet durable. Start its session in the same batch.
#[derive(Debug)]
#[must_use = "commit `batch`, or nobody is signed in"]
pub struct NewLogin {
    /// The login.
    pub login: Login,
    /// What begins it.
    pub batch: Batch,
}

/// A login that has been authenticated again and is not yet durable. Start its new session in the same batch.
#[derive(Debug)]
#[must_use = "commit `batch`, or nothing has changed"]
pub struct Proven {
    /// The login.
    pub login: Login,
    /// What authenticates it again.
    pub batch: Batch,
}

impl Login {
    /// Whether something new may hang on it at `now`.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.ended.is_none() && now < self.expires
    }

    /// The login once the person has been authenticated again, and the change that says so. The store refuses it when the
    /// generation has moved since the reading. What hangs on the login stays, so that one sign-out still ends it all.
    pub fn proven_again(&self, method: Method, generation: u64, hold: Hold, now: Timestamp) -> Proven {
        let login = Self {
            at: now,
            methods: vec![method],
            stay: hold.stay,
            expires: now + hold.lasting,
            generation,
            ..self.clone()
        };
        let change = Change::ProveLogin {
            login: login.id.clone(),
            generation,
            at: now,
            methods: login.methods.clone(),
            stay: login.stay,
            expires: login.expires,
        };
        Proven { login, batch: Batch::of(change) }
    }

    /// OIDC's `sid` of this login at one client: 22 characters, the same in ID and logout tokens, unlinkable between clients
    /// (OpenID Connect Back-Channel Logout section 2.1).
    #[must_use]
    pub fn sid(&self, client: &ClientId, key: &[u8; 32]) -> String {
        sid(&self.id, client, key)
    }
}

/// OIDC's `sid` of `login` at `client`, as [`Login::sid`].
#[must_use]
pub fn sid(login: &LoginId, client: &ClientId, key: &[u8; 32]) -> String {
    // A login id has one length, so the two need no mark between them.
    let mac = primitive::hmac_sha256(
        key,
        &[b"countersign sid\0", login.as_str().as_bytes(), client.as_str().as_bytes()],
    );
    wire::encode(mac.first_chunk::<16>().unwrap_or(&[0; 16]))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::policy;
    use crate::record::Role;

    const HOLD: Hold = Hold::under(Preset::Usual, Stay::Remembered);

    pub(crate) fn origin() -> Origin {
        Origin {
            device: Device::from_user_agent(None),
            network: Network::of("203.0.113.9".parse::<IpAddr>().unwrap()),
        }
    }

    pub(crate) fn user() -> User {
        User {
            subject: Subject::new(Timestamp::from_seconds(1), &[1; 10]),
            email: "ada@example.com".parse().unwrap(),
            role: Role::Person,
            name: None,
            password: PasswordHash("$argon2id$".to_owned()),
            generation: 4,
            data_key: Vec::new(),
            since: Timestamp::from_seconds(1),
        }
    }

    pub(crate) fn login(now: Timestamp) -> Login {
        let id = LoginId::new(now, &[2; 10]);
        Candidate::read(Position::new(3), &user()).proven(Method::Password, id, origin(), HOLD, now).login
    }

    #[test]
    fn a_login_carries_what_was_read_before_the_check() {
        let now = Timestamp::from_seconds(1000);
        let candidate = Candidate::read(Position::new(3), &user());
        let new = candidate.proven(Method::Password, LoginId::new(now, &[2; 10]), origin(), HOLD, now);
        assert_eq!(new.login.born, Position::new(3));
        assert_eq!(new.login.generation, 4);
        assert_eq!(new.login.at, now);
        assert_eq!(new.batch.changes(), [Change::BeginLogin(new.login.clone())]);
    }

    #[test]
    fn a_login_is_alive_until_its_absolute_limit() {
        let now = Timestamp::from_seconds(1000);
        let login = login(now);
        assert!(login.is_alive(now));
        assert!(!login.is_alive(now + policy::LOGIN_ABSOLUTE));
    }

    #[test]
    fn a_strict_preset_holds_a_login_shortly_and_remembers_nobody() {
        let now = Timestamp::from_seconds(1000);
        let hold = Hold::under(Preset::NistAal3, Stay::Remembered);
        let candidate = Candidate::read(Position::new(3), &user());
        let login =
            candidate.proven(Method::Password, LoginId::new(now, &[2; 10]), origin(), hold, now).login;
        assert_eq!((login.stay, login.expires), (Stay::Visit, now + Duration::from_secs(12 * 60 * 60)));
    }

    #[test]
    fn a_login_from_before_the_choice_was_kept() {
        let mut json = serde_json::to_value(login(Timestamp::from_seconds(1000))).unwrap();
        json.as_object_mut().unwrap().remove("stay").unwrap();
        assert_eq!(serde_json::from_value::<Login>(json).unwrap().stay, Stay::Remembered);
    }

    #[test]
    fn a_sid_names_login_and_client() {
        let login = login(Timestamp::from_seconds(1000));
        let (shop, bank): (ClientId, ClientId) = ("shop".parse().unwrap(), "bank".parse().unwrap());
        let sid = login.sid(&shop, &[1; 32]);
        assert_eq!(sid.len(), 22);
        assert_eq!(sid, login.sid(&shop, &[1; 32]));
        assert_ne!(sid, login.sid(&bank, &[1; 32]));
        assert_ne!(sid, login.sid(&shop, &[2; 32]));
    }
}
