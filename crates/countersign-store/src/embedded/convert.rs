//! Between our values and SQLite's: whole numbers, errors, and the columns beside a record.

use countersign_core::Fault;
use countersign_core::batch::Conflict;
use countersign_core::id::Position;
use countersign_core::record::{Audience, Email};
use countersign_core::time::Timestamp;
use countersign_jose::primitive::sha256;
use rusqlite::types::Type;
use rusqlite::{ErrorCode, Row};
use serde::de::DeserializeOwned;

use crate::codec;

/// Why a change stops its batch.
#[derive(Debug)]
pub(super) enum Stop {
    /// A precondition does not hold.
    Conflict(Conflict),
    /// A record cannot be read or written.
    Fault(Fault),
    /// The database said no.
    Database(rusqlite::Error),
}

impl From<Conflict> for Stop {
    fn from(conflict: Conflict) -> Self {
        Self::Conflict(conflict)
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

/// `number` as a column; what does not fit sorts last.
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A time as a column.
pub(super) fn time(at: Timestamp) -> i64 {
    int(at.millis())
}

/// A log position as a column.
pub(super) fn place(position: Position) -> i64 {
    int(position.number())
}

/// The column `index` as a number that is never negative.
pub(super) fn number(row: &Row<'_>, index: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(index)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(index, number))
}

/// The column `index` as a record.
pub(super) fn record<T: DeserializeOwned>(row: &Row<'_>, index: usize) -> rusqlite::Result<T> {
    let bytes = row.get_ref(index)?.as_blob()?;
    codec::decode(bytes)
        .map_err(|fault| rusqlite::Error::FromSqlConversionFailure(index, Type::Blob, Box::new(fault)))
}

/// The fault that an error of the database is.
pub(super) fn broken(error: &rusqlite::Error) -> Fault {
    if let rusqlite::Error::FromSqlConversionFailure(_, _, inner) = error
        && let Some(fault) = inner.downcast_ref::<Fault>()
    {
        return fault.clone();
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Fault::Store("the disk is full".to_owned()),
        _ => Fault::Store(error.to_string()),
    }
}

/// Whether after this error nobody can say what the file holds, so that nothing more may be written.
pub(super) fn poisonous(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
        )
    )
}

/// An audience as a column; no application's id starts with `@`.
pub(super) fn audience(audience: &Audience) -> &str {
    match audience {
        Audience::Issuer => "@issuer",
        Audience::Console => "@console",
        Audience::Client(client) => client.as_str(),
    }
}

/// An address as a column.
pub(super) fn address(email: &Email) -> [u8; 32] {
    sha256(email.as_str().as_bytes())
}
