//! One browser's server-side state with one application.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::extent::Ending;
use crate::id::{ClientId, LoginId, Position, Serial, SlotsId, Subject};
use crate::record::device::{Device, Network};
use crate::time::Timestamp;

/// SHA-256 of a cookie's secret: all that a store knows of it.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretHash(pub [u8; 32]);

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(..)")
    }
}

/// Which application a session is for; nobody else's `/check` accepts it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    /// The issuer's own pages: sign-in, account, consent.
    Issuer,
    /// The operator's console.
    Console,
    /// An application.
    Client(ClientId),
}

/// One browser's server-side state with one application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Session {
    /// Its number.
    pub serial: Serial,
    /// The login that it hangs on.
    pub login: LoginId,
    /// Whose it is.
    pub subject: Subject,
    /// Which application may accept it.
    pub audience: Audience,
    /// The hash of the cookie's secret.
    pub secret: SecretHash,
    /// Where its data hangs.
    pub slots: SlotsId,
    /// The log position inherited from its login.
    pub born: Position,
    /// When the person authenticated (OIDC `auth_time`), from the login.
    pub auth_time: Timestamp,
    /// When it began.
    pub begun: Timestamp,
    /// When it was last known to be used; coalesced to 1/16 of `idle`.
    pub seen: Timestamp,
    /// How long it may go unused.
    pub idle: Duration,
    /// When it is over, used or not.
    pub expires: Timestamp,
    /// With which device it began.
    pub device: Device,
    /// From where it began, coarsely.
    pub network: Network,
    /// How it ended, once it has.
    pub ended: Option<Ending>,
}
