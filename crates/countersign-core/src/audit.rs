//! The audit log: who did what, when, in words a person can read; never a secret.

use serde::{Deserialize, Serialize};

use crate::extent::{Actor, Extent, Reason};
use crate::id::{ClientId, Subject};
use crate::record::device::Network;
use crate::time::Timestamp;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// Someone signed in.
    SignedIn,
    /// A sign-in was refused (the subject stands on the entry only when the account exists).
    SignInRefused,
    /// Attempts came too fast.
    Throttled,
    /// Someone asked for an account.
    SignUpAsked,
    /// An account was opened.
    AccountOpened,
    /// A reset letter was asked for.
    ResetAsked,
    /// The password was changed.
    PasswordChanged,
    /// The password was reset by mail.
    PasswordReset,
    /// Something was ended.
    Ended {
        /// What.
        extent: Extent,
        /// Why.
        reason: Reason,
    },
    /// An application was allowed in.
    Allowed {
        /// The scopes, space separated.
        scope: String,
    },
    /// A single-use secret or a refresh token was presented twice.
    Replayed {
        /// Which kind: `code`, `refresh-token`, `ticket`, `link`.
        what: String,
    },
    /// A refresh token was ahead of its record: the store has been rolled back.
    RollbackSeen,
    /// The person's data was exported.
    Exported,
    /// The person was erased.
    Erased,
    /// An application was registered.
    AppRegistered,
    /// An application was changed.
    AppChanged,
    /// An application's secret was replaced.
    AppSecretRotated,
    /// The signing keys were rotated.
    KeysRotated,
    /// The first operator was set up.
    SetUp,
}

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub by: Actor,
    /// What happened.
    pub event: Event,
    /// To whom, when it was to a person.
    pub subject: Option<Subject>,
    /// With which application, when there was one.
    pub client: Option<ClientId>,
    /// From which network prefix, when it came over one.
    pub network: Option<Network>,
}
