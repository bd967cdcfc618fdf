//! One act of authentication. Sessions and grants both hang on it, and one ending reaches them all.

use serde::{Deserialize, Serialize};

use crate::extent::Ending;
use crate::id::{LoginId, Position, Subject};
use crate::policy::Stay;
use crate::record::device::{Device, Network};
use crate::time::Timestamp;

/// How a person proved who they are (RFC 8176).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// A password (`pwd`).
    #[serde(rename = "pwd")]
    Password,
    /// The application checked a credential of its own and vouches for the person; no word of RFC 8176 says that.
    #[serde(rename = "app")]
    Vouched,
}

/// One act of authentication.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Login {
    /// Its name.
    pub id: LoginId,
    /// Who signed in.
    pub subject: Subject,
    /// The log position read before the credential was checked.
    pub born: Position,
    /// The subject's generation read before the credential was checked.
    pub generation: u64,
    /// When: OIDC's `auth_time`.
    pub at: Timestamp,
    /// How: OIDC's `amr`.
    pub methods: Vec<Method>,
    /// With which device.
    pub device: Device,
    /// From where, coarsely.
    pub network: Network,
    /// Whether the browsers that carry it keep it when they close. Older records say nothing and were kept.
    #[serde(default)]
    pub stay: Stay,
    /// Nothing that hangs on it lives longer.
    pub expires: Timestamp,
    /// How it ended, once it has.
    pub ended: Option<Ending>,
}
