//! Things that work once: authorization codes, tickets, mail links, the set-up link.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{ClientId, LoginId, Position, Serial, Subject};
use crate::record::grant::Scope;
use crate::record::user::{Email, PasswordHash};
use crate::time::Timestamp;

/// SHA-256 of a single-use secret: all that a store knows of it.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SpendKey(pub [u8; 32]);

impl fmt::Debug for SpendKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpendKey(..)")
    }
}

/// What a single-use secret is good for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// An authorization code (RFC 6749 section 4.1.2).
    Code {
        /// For which application.
        client: ClientId,
        /// On which login.
        login: LoginId,
        /// For whom.
        subject: Subject,
        /// When they authenticated.
        auth_time: Timestamp,
        /// What was allowed.
        scope: Scope,
        /// Where the code was sent; must be repeated at the token endpoint.
        redirect_uri: String,
        /// The S256 challenge (RFC 7636).
        challenge: [u8; 32],
        /// OIDC's `nonce`, echoed in the ID token.
        nonce: Option<String>,
    },
    /// The one-time ticket that carries a sign-in to an application's own host.
    Ticket {
        /// For which application.
        client: ClientId,
        /// On which login.
        login: LoginId,
        /// SHA-256 of the nonce in the browser's cookie on the application's host.
        nonce: [u8; 32],
        /// Where to go on the application's host.
        return_to: String,
    },
    /// The letter that confirms an address and opens the account.
    Confirm {
        /// Whose address.
        email: Email,
        /// The password chosen at sign-up.
        password: PasswordHash,
    },
    /// The letter that lets someone choose a new password.
    Reset {
        /// Whose.
        subject: Subject,
        /// The subject's generation when it was asked for: once the password has changed, the letter is waste paper.
        generation: u64,
    },
    /// The link that sets up the first operator.
    SetUp,
}

/// How a single-use secret was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// When.
    pub at: Timestamp,
    /// The grant or session that came of it, so that a second use can end it.
    pub gave: Option<Serial>,
}

/// A thing that works once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OneTime {
    /// The hash of its secret.
    pub key: SpendKey,
    /// What it is good for.
    pub purpose: Purpose,
    /// The log position inherited from the login, or read when it was made.
    pub born: Position,
    /// When it stops working.
    pub expires: Timestamp,
    /// How it was used, once it has been.
    pub spent: Option<Spent>,
}
