//! One atomic write: every change with its precondition inside. A conflict means that none of it happened.

use crate::audit::AuditEntry;
use crate::extent::{Ending, Extent};
use crate::id::{ClientId, Epoch, LoginId, Position, Serial, Subject, Version};
use crate::policy::Stay;
use crate::record::grant::Family;
use crate::record::login::Method;
use crate::record::session::Audience;
use crate::record::user::PasswordHash;
use crate::record::{Client, Grant, KeyRecord, Login, OneTime, Scope, Session, SpendKey, User};
use crate::slot::SlotsWrite;
use crate::time::Timestamp;

/// What must be true of a value before it is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// It must not exist.
    Absent,
    /// It must exist in this version.
    At(Version),
    /// It must exist.
    Present,
    /// Anything.
    Whatever,
}

/// Something that is kept sealed under the master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// A setting of the store itself, by its name.
    Setting(String),
    /// A signing key, by its `kid`.
    SigningKey(String),
    /// The data key of a subject.
    DataKey(Subject),
}

/// One change; its precondition is stated on each. A new one is for every store to carry, so it breaks their build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Begin a login. The id is unused, the user exists with the login's `generation`, and `born` is not below the
    /// watermark over everything.
    BeginLogin(Login),
    /// Start a session. The serial is unused, its login is alive at `begun`, `born` is not below a watermark that covers it.
    StartSession(Session),
    /// Make room for one more session of `subject` with `audience`; stands before its [`Change::StartSession`]. Of those that
    /// are alive at `at`, ended by nobody and by no watermark and not over by a limit, at most `most - 1` stay: with
    /// `crowded`, the oldest (by `begun`, then by serial) end with it, each with its entries in the log and in the audit log
    /// ([`AuditEntry::of_ended`]): nobody knows before the commit which they are. Without it, more than that are
    /// [`Conflict::Full`].
    MakeRoom {
        /// Whose.
        subject: Subject,
        /// With which application.
        audience: Audience,
        /// How many there may be with the new one; at least 1.
        most: u32,
        /// When.
        at: Timestamp,
        /// How the oldest end; none to refuse the new one instead.
        crowded: Option<Ending>,
    },
    /// Authenticate a login again. It is alive at `at`, and its subject has this `generation`. Its `at`, methods, choice and
    /// limit become these, unless it has been authenticated later; its name, and what hangs on it, stay.
    ProveLogin {
        /// Which.
        login: LoginId,
        /// The subject's generation that was read before the credential was checked.
        generation: u64,
        /// When the credential was good.
        at: Timestamp,
        /// How.
        methods: Vec<Method>,
        /// Whether browsers keep what comes of it when they close.
        stay: Stay,
        /// Nothing that hangs on it from now on lives longer.
        expires: Timestamp,
    },
    /// Move a session's `seen` forward. It is alive at `seen`: it has not ended, lies above its watermarks, and neither its
    /// idle nor its absolute limit is over ([`Conflict::Over`]). A `seen` that is not later changes nothing.
    TouchSession {
        /// Which.
        serial: Serial,
        /// Seen when.
        seen: Timestamp,
    },
    /// Begin a grant. The serial is unused, its login (if it has one) is alive at `begun`, `born` is not below a watermark
    /// that covers it.
    BeginGrant(Grant),
    /// Move a grant's refresh family. The grant exists in version `expect`, is alive at `at`, and lies above its watermarks.
    /// The version moves by one.
    MoveFamily {
        /// Which.
        grant: Serial,
        /// The version that was read.
        expect: Version,
        /// When.
        at: Timestamp,
        /// Where the family stands now.
        family: Family,
    },
    /// Make a single-use thing. Its key is unused.
    Issue(OneTime),
    /// Use a single-use thing. It exists, is not expired at `at`, has not been used, and lies above its watermarks.
    Spend {
        /// Which.
        key: SpendKey,
        /// When.
        at: Timestamp,
        /// What came of it.
        gave: Option<Serial>,
    },
    /// Write slots of one session, all or none. The session `serial` is alive at `at`, as for [`Change::TouchSession`], and its
    /// data hangs on `slots`; each `expect` holds; a put that leaves segments out says `Expect::At` and leaves no hole ([`Conflict::Moved`]); afterwards
    /// the data is within `room` ([`Conflict::Full`]); the operation has not been applied ([`Conflict::Applied`]).
    /// The data's version moves by one and becomes the version of every slot that is put.
    WriteSlots(SlotsWrite),
    /// End what `extent` covers: expanded to serials here, in the transaction, with a log entry each; a subject's
    /// generation moves by one; a client and everything become watermarks. Ending what has ended changes nothing.
    End {
        /// What.
        extent: Extent,
        /// When, why, by whom.
        ending: Ending,
    },
    /// Open an account. The address and the subject are unused.
    AddUser(User),
    /// Replace a password hash. The user exists with this generation; the generation moves by one.
    SetPassword {
        /// Whose.
        subject: Subject,
        /// The generation that was read.
        expect: u64,
        /// The new hash.
        password: PasswordHash,
    },
    /// Replace a password hash by a stronger one of the same password; the generation stays and must be `expect`.
    Rehash {
        /// Whose.
        subject: Subject,
        /// The generation that was read.
        expect: u64,
        /// The new hash.
        password: PasswordHash,
    },
    /// Erase a subject: user, consents, logins, sessions, grants, slots and single-use things go; audit entries keep the
    /// opaque subject only. Serials that are still alive are ended in the log first.
    EraseUser {
        /// Who.
        subject: Subject,
        /// When, why, by whom.
        ending: Ending,
    },
    /// Register an application. The id is unused.
    AddClient(Client),
    /// Replace an application's record. It exists in version `expect`; the version moves by one.
    PutClient {
        /// The new record.
        client: Client,
        /// The version that was read.
        expect: Version,
    },
    /// Remember what a person allowed an application; replaces what was remembered.
    PutConsent {
        /// Who.
        subject: Subject,
        /// Which application.
        client: ClientId,
        /// What.
        scope: Scope,
        /// When.
        at: Timestamp,
    },
    /// Forget what a person allowed an application.
    DropConsent {
        /// Who.
        subject: Subject,
        /// Which application.
        client: ClientId,
    },
    /// Write a signing key, new or with new times.
    PutKey(KeyRecord),
    /// Remove a signing key and say so in the log.
    DropKey {
        /// Its `kid`.
        kid: String,
        /// When.
        at: Timestamp,
    },
    /// Write a setting of the store itself (sealed keys and the like). It does not exist yet.
    AddSetting {
        /// Its name.
        name: String,
        /// Its value.
        value: Vec<u8>,
    },
    /// Replace a setting of the store itself. It exists and is as `was`.
    PutSetting {
        /// Its name.
        name: String,
        /// As it was read.
        was: Vec<u8>,
        /// What it becomes.
        value: Vec<u8>,
    },
    /// Seal something anew, under another master key. It exists and is sealed as `was`.
    Reseal {
        /// What.
        what: Sealed,
        /// As it was read.
        was: Vec<u8>,
        /// The same, sealed under the other key.
        sealed: Vec<u8>,
    },
    /// A login must be alive at `at`.
    RequireLogin {
        /// Which.
        login: LoginId,
        /// When.
        at: Timestamp,
    },
    /// Begin this epoch of the log: everything born before is over, handles of an older one open nothing. It is above the one
    /// that stands.
    BeginEpoch(Epoch),
    /// Drop what was over before `before`, at most `limit` rows of each kind; guests that the store keeps are one.
    Sweep {
        /// Over before when.
        before: Timestamp,
        /// At most how many rows of each kind.
        limit: u32,
    },
    /// Write a line to the audit log.
    Audit(AuditEntry),
}

/// One atomic write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a batch does nothing until a store commits it"]
pub struct Batch {
    changes: Vec<Change>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// A batch of one change.
    pub fn of(change: Change) -> Self {
        Self { changes: vec![change] }
    }

    /// The batch with `change` behind the others.
    pub fn with(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    /// The batch with a line for the audit log.
    pub fn audited(self, entry: AuditEntry) -> Self {
        self.with(Change::Audit(entry))
    }

    /// The changes in order.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }
}

/// Which precondition did not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// The single-use thing has been used.
    Spent,
    /// It, or what it hangs on, has ended, expired, or lies below a watermark.
    Over,
    /// It is not in the expected version or generation.
    Moved,
    /// The name, address or serial is taken.
    Taken,
    /// It does not exist.
    Missing,
    /// It would hold more than it may.
    Full,
    /// The operation has been applied before.
    Applied,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// All of it is durable. The log stands at the position; the version is that of the session data that was written last.
    Committed(Position, Option<Version>),
    /// None of it happened.
    Conflict(Conflict),
}
