//! Two kinds of no: a [`Refusal`] when they may not, a [`Fault`] when we could not. Each has a stable code.

use std::time::Duration;

/// They may not. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No session cookie came.
    #[error("no session came with the request")]
    SessionAbsent,
    /// The session cookie is not one of ours.
    #[error("the session cookie cannot be read")]
    SessionMalformed,
    /// Two cookies of the same name came.
    #[error("the request carries two session cookies of one name")]
    SessionTwice,
    /// The session is not known, or its secret is wrong.
    #[error("the session is not known")]
    SessionUnknown,
    /// The session was ended.
    #[error("the session has ended")]
    SessionEnded,
    /// The session was not used for too long.
    #[error("the session went unused past its idle limit")]
    SessionIdle,
    /// The session reached its absolute limit.
    #[error("the session reached its absolute limit")]
    SessionOver,
    /// The session belongs to another application.
    #[error("the session belongs to another application")]
    SessionElsewhere,
    /// The person has as many sessions as they may have.
    #[error("there are as many sessions of this person as there may be")]
    SessionsFull,
    /// The address and the password do not go together.
    #[error("that e-mail and password do not go together")]
    SignIn,
    /// Too many attempts.
    #[error("too many attempts, the next one is possible in {} s", .retry_after.as_secs().max(1))]
    Throttled {
        /// When the next attempt is possible.
        retry_after: Duration,
    },
    /// The current password is not that.
    #[error("the current password is not that")]
    CurrentPassword,
    /// The password is too short.
    #[error("a password has at least 8 bytes")]
    PasswordShort,
    /// The password is too long.
    #[error("a password has at most 1,024 bytes")]
    PasswordLong,
    /// The password is among the common ones.
    #[error("that password is among the most common ones")]
    PasswordCommon,
    /// The password is easy to guess.
    #[error("that password is easy to guess")]
    PasswordWeak,
    /// The link has been used or is too old.
    #[error("the link has been used or is too old")]
    LinkOver,
    /// The grant behind a token has ended.
    #[error("what the token stands for has ended")]
    GrantEnded,
    /// The application is not known, or its credentials are wrong.
    #[error("the application is not known or its credentials are wrong")]
    ClientUnknown,
    /// The thing asked for does not exist.
    #[error("there is no {what} of that name")]
    Missing {
        /// What was asked for.
        what: &'static str,
    },
    /// The name is taken.
    #[error("the {what} is taken")]
    Taken {
        /// What was to be named.
        what: &'static str,
    },
    /// A value cannot be taken as it is.
    #[error("{what}")]
    Invalid {
        /// What is wrong with which value, as a sentence.
        what: String,
    },
    /// Somebody else changed it first.
    #[error("it has changed since it was read")]
    Moved,
    /// They are not an operator.
    #[error("only an operator may do that")]
    NotOperator,
    /// Letters cannot be sent, so this cannot be offered.
    #[error("sign-up and reset are off: no mail server is configured")]
    MailOff,
    /// A value is larger than its limit.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// What.
        what: &'static str,
        /// The limit in bytes.
        limit: u64,
    },
    /// There are as many of them as there may be.
    #[error("there are at most {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// An OAuth request was refused.
    #[error("{0}")]
    OAuth(crate::error::OAuthRefusal),
}

/// An OAuth error (RFC 6749 sections 4.1.2.1 and 5.2, RFC 7009, OIDC Core 3.1.2.6).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{description}")]
pub struct OAuthRefusal {
    /// The standard's word.
    pub error: OAuthError,
    /// What is wrong, for the developer of the application.
    pub description: String,
}

/// The standard's words for OAuth errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OAuthError {
    /// The request is malformed.
    InvalidRequest,
    /// Client authentication failed.
    InvalidClient,
    /// The code or refresh token is not good.
    InvalidGrant,
    /// The client may not use this grant type.
    UnauthorizedClient,
    /// The grant type is not known.
    UnsupportedGrantType,
    /// The response type is not known.
    UnsupportedResponseType,
    /// The token type cannot be revoked.
    UnsupportedTokenType,
    /// The scope is not allowed.
    InvalidScope,
    /// The person said no.
    AccessDenied,
    /// `prompt=none`, and nobody is signed in.
    LoginRequired,
    /// `prompt=none`, and consent is needed.
    ConsentRequired,
    /// The access token is not good (RFC 6750).
    InvalidToken,
    /// The access token does not reach that far (RFC 6750).
    InsufficientScope,
    /// Too many attempts (used as RFC 8628 does).
    SlowDown,
    /// We could not.
    ServerError,
    /// We cannot at the moment.
    TemporarilyUnavailable,
}

impl OAuthError {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::UnsupportedTokenType => "unsupported_token_type",
            Self::InvalidScope => "invalid_scope",
            Self::AccessDenied => "access_denied",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::SlowDown => "slow_down",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }
}

impl Refusal {
    /// An OAuth refusal.
    pub fn oauth(error: OAuthError, description: impl Into<String>) -> Self {
        Self::OAuth(OAuthRefusal { error, description: description.into() })
    }

    /// The stable code, explained by `countersign explain`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SessionAbsent => "CS-2001",
            Self::SessionMalformed => "CS-2002",
            Self::SessionTwice => "CS-2003",
            Self::SessionUnknown => "CS-2004",
            Self::SessionEnded => "CS-2005",
            Self::SessionIdle => "CS-2006",
            Self::SessionOver => "CS-2007",
            Self::SessionElsewhere => "CS-2008",
            Self::SessionsFull => "CS-2009",
            Self::SignIn => "CS-2101",
            Self::Throttled { .. } => "CS-2102",
            Self::CurrentPassword => "CS-2103",
            Self::PasswordShort => "CS-2104",
            Self::PasswordLong => "CS-2105",
            Self::PasswordCommon => "CS-2106",
            Self::PasswordWeak => "CS-2107",
            Self::LinkOver => "CS-2108",
            Self::MailOff => "CS-2109",
            Self::GrantEnded => "CS-3001",
            Self::OAuth(_) => "CS-4001",
            Self::ClientUnknown => "CS-4002",
            Self::Missing { .. } => "CS-4101",
            Self::Taken { .. } => "CS-4102",
            Self::Invalid { .. } => "CS-4103",
            Self::Moved => "CS-4104",
            Self::NotOperator => "CS-4105",
            Self::TooLarge { .. } => "CS-4106",
            Self::TooMany { .. } => "CS-4107",
        }
    }
}

/// We could not. Whether a write happened is unknown until it is read back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The store could not be read or written.
    #[error("the store could not answer: {0}")]
    Store(String),
    /// A record could not be decoded.
    #[error("a record in the store cannot be read: {0}")]
    Codec(String),
    /// A cryptographic operation failed.
    #[error("a cryptographic operation failed: {0}")]
    Crypto(String),
    /// Keys of an issuer elsewhere are too old to count.
    #[error("the keys of the issuer are too old: {0}")]
    Blind(String),
    /// The queue for password hashing is full.
    #[error("too many people are signing in at this moment")]
    Busy,
    /// A letter could not be sent.
    #[error("a letter could not be sent: {0}")]
    Post(String),
    /// The store belongs to another process.
    #[error("the store is in use: {0}")]
    InUse(String),
    /// The store was written by a newer version, or under another key.
    #[error("the store cannot be opened: {0}")]
    Unfit(String),
    /// Too many conflicts in a row.
    #[error("too many others changed the same thing at once")]
    Contention,
}

impl Fault {
    /// The stable code, explained by `countersign explain`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Store(_) => "CS-5001",
            Self::Codec(_) => "CS-5002",
            Self::InUse(_) => "CS-5003",
            Self::Unfit(_) => "CS-5004",
            Self::Crypto(_) => "CS-5005",
            Self::Blind(_) => "CS-1108",
            Self::Busy => "CS-5006",
            Self::Post(_) => "CS-5007",
            Self::Contention => "CS-5008",
        }
    }
}
