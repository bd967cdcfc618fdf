//! Between our values and SQLite's: whole numbers, records and errors.

use countersign_core::Fault;
use countersign_core::batch::Conflict;
use rusqlite::types::Type;
use rusqlite::{ErrorCode, Row};
use serde::de::DeserializeOwned;

use crate::codec;

pub(super) use crate::column::{address, audience, int, place, time};

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
