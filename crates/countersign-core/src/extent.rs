//! What an ending covers, why, and by whom; and how it stands in the log.

use serde::{Deserialize, Serialize};

use crate::id::{ClientId, Epoch, LoginId, Position, Serial, Subject};
use crate::time::Timestamp;

/// What an ending covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Extent {
    /// One session.
    Session(Serial),
    /// One grant, with its refresh family and every access token of it.
    Grant(Serial),
    /// One login: its sessions and grants.
    Login(LoginId),
    /// Everything of one subject; `except` keeps one login (the browser that asks).
    Subject {
        /// Whose logins end.
        subject: Subject,
        /// The login that goes on.
        except: Option<LoginId>,
    },
    /// What a subject allowed one application: its grants and sessions there.
    Allowance {
        /// Who had allowed it.
        subject: Subject,
        /// The application.
        client: ClientId,
    },
    /// Everything of one application, by watermark: no row is touched.
    Client(ClientId),
    /// Everything, by watermark.
    Everything,
}

/// Why something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The person signed out.
    SignedOut,
    /// The person ended it from elsewhere.
    EndedByPerson,
    /// An operator ended it.
    EndedByOperator,
    /// The application revoked it (RFC 7009).
    Revoked,
    /// A newer session took its place (sign-in again).
    Replaced,
    /// The person signed in elsewhere and had as many sessions as they may.
    CrowdedOut,
    /// The password changed.
    PasswordChanged,
    /// The password was reset by mail.
    PasswordReset,
    /// A code, ticket or refresh token was used by two.
    Replay,
    /// The person withdrew what they had allowed.
    Withdrawn,
    /// The person was erased.
    Erased,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// The person themself.
    Subject(Subject),
    /// An operator, by subject.
    Operator(Subject),
    /// Whoever runs the command line on this machine.
    CommandLine,
    /// An application.
    Client(ClientId),
    /// Nobody known: a stranger at the door.
    Stranger,
    /// Countersign itself.
    System,
}

/// How something ended; stays as a tombstone until the absolute limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
    /// By whom.
    pub by: Actor,
}

/// What one log entry says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogKind {
    /// This serial has ended.
    Ended(Serial),
    /// Everything of this client seen alive before this entry has ended.
    ClientMark(ClientId),
    /// Everything seen alive before this entry has ended.
    EverythingMark,
    /// This signing key no longer signs or verifies.
    KeyRetired(String),
    /// A new epoch of the log begins with this entry, which is the first to carry it: everything seen alive before has ended.
    EpochBegan,
}

/// One entry of the revocation log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// The incarnation of the log.
    pub epoch: Epoch,
    /// Its place; contiguous within an epoch.
    pub position: Position,
    /// Hash over the predecessor's hash and this entry.
    pub chain: Chain,
    /// What it says.
    pub kind: LogKind,
    /// After this nothing that it covers can be alive, so the entry may be dropped.
    pub expires: Timestamp,
}

/// The running hash of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Chain(pub [u8; 32]);
