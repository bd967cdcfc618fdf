//! The columns that stand beside a record in any SQL engine: what they are made of, and how what
//! is there is compared with what was read.

use countersign_core::batch::{Conflict, Expect};
use countersign_core::id::{ClientId, LoginId, Position, Subject, Version};
use countersign_core::record::onetime::Purpose;
use countersign_core::record::{Audience, Email, Session};
use countersign_core::time::Timestamp;
use countersign_jose::primitive::sha256;

/// `number` as a column; what does not fit sorts last.
pub(crate) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A time as a column.
pub(crate) fn time(at: Timestamp) -> i64 {
    int(at.millis())
}

/// A log position as a column.
pub(crate) fn place(position: Position) -> i64 {
    int(position.number())
}

/// An audience as a column; no application's id starts with `@`.
pub(crate) fn audience(audience: &Audience) -> &str {
    match audience {
        Audience::Issuer => "@issuer",
        Audience::Console => "@console",
        Audience::Client(client) => client.as_str(),
    }
}

/// An address as a column.
pub(crate) fn address(email: &Email) -> [u8; 32] {
    sha256(email.as_str().as_bytes())
}

/// The application that a session is at.
pub(crate) fn client_of(session: &Session) -> Option<&ClientId> {
    match &session.audience {
        Audience::Client(client) => Some(client),
        Audience::Issuer | Audience::Console => None,
    }
}

/// When it is over if nobody uses it.
pub(crate) fn until(session: &Session) -> Timestamp {
    (session.seen + session.idle).or_sooner(session.expires)
}

/// Whether the record says that the session is alive at `at`; a watermark over it is not written there.
pub(crate) fn running(session: &Session, at: Timestamp) -> Result<(), Conflict> {
    if session.ended.is_some() || at >= until(session) { Err(Conflict::Over) } else { Ok(()) }
}

/// Whether `expect` holds of what was found.
pub(crate) fn met(expect: Expect, found: Option<Version>) -> Result<(), Conflict> {
    match (expect, found) {
        (Expect::Whatever, _) | (Expect::Absent, None) | (Expect::Present, Some(_)) => Ok(()),
        (Expect::Absent, Some(_)) => Err(Conflict::Taken),
        (Expect::At(_) | Expect::Present, None) => Err(Conflict::Missing),
        (Expect::At(version), Some(found)) if version == found => Ok(()),
        (Expect::At(_), Some(_)) => Err(Conflict::Moved),
    }
}

/// Whom and what a purpose names.
#[derive(Default)]
pub(crate) struct Names<'a> {
    pub(crate) subject: Option<&'a Subject>,
    pub(crate) login: Option<&'a LoginId>,
    pub(crate) client: Option<&'a ClientId>,
    pub(crate) email: Option<&'a Email>,
}

impl<'a> Names<'a> {
    pub(crate) fn of(purpose: &'a Purpose) -> Self {
        match purpose {
            Purpose::Code { client, login, subject, .. } => {
                Self { subject: Some(subject), login: Some(login), client: Some(client), email: None }
            }
            Purpose::Ticket { client, login, .. } => {
                Self { login: Some(login), client: Some(client), ..Self::default() }
            }
            Purpose::Confirm { email, .. } => Self { email: Some(email), ..Self::default() },
            Purpose::Reset { subject, .. } => Self { subject: Some(subject), ..Self::default() },
            Purpose::SetUp => Self::default(),
        }
    }
}

/// Puts `sealed` in the place of what is `kept`, if that is still what `was` read.
pub(crate) fn replace(kept: &mut Vec<u8>, was: &[u8], sealed: &[u8]) -> Result<(), Conflict> {
    if kept.as_slice() != was {
        return Err(Conflict::Moved);
    }
    *kept = sealed.to_vec();
    Ok(())
}
