//! Between our values and PostgreSQL's: whole numbers, records and errors.

use countersign_core::Fault;
use countersign_core::batch::Conflict;
use countersign_core::id::Version;
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::codec;

/// Why a change stops its batch.
#[derive(Debug)]
pub(super) enum Stop {
    /// A precondition does not hold.
    Conflict(Conflict),
    /// A record cannot be read or written.
    Fault(Fault),
    /// The database said no to one statement; the connection still stands.
    Said(Fault),
    /// The connection is gone.
    Lost(Fault),
    /// The other end says nothing; whether it does what it was asked is not known.
    Silent(Fault),
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

impl From<tokio_postgres::Error> for Stop {
    fn from(error: tokio_postgres::Error) -> Self {
        let fault = broken(&error);
        match error.as_db_error() {
            // Class 57P: the server is going down and takes the connection along.
            Some(said) if !said.code().code().starts_with("57P") && !error.is_closed() => Self::Said(fault),
            _ => Self::Lost(fault),
        }
    }
}

impl From<Stop> for Fault {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Fault(fault) | Stop::Said(fault) | Stop::Lost(fault) | Stop::Silent(fault) => fault,
            Stop::Conflict(conflict) => Self::Store(format!("an unexpected conflict: {conflict:?}")),
        }
    }
}

/// The fault that an error of the database is. Its detail stays out: it may repeat what a row holds.
pub(super) fn broken(error: &tokio_postgres::Error) -> Fault {
    match error.as_db_error() {
        Some(said) if said.code().code() == "53100" => {
            Fault::Store("the disk of PostgreSQL is full".to_owned())
        }
        Some(said) => Fault::Store(format!("PostgreSQL says `{}` ({})", said.message(), said.code().code())),
        None => Fault::Store(format!("PostgreSQL does not answer: {}", told(error))),
    }
}

/// What is wrong, and why.
fn told(error: &tokio_postgres::Error) -> String {
    let (mut text, mut cause) = (error.to_string(), std::error::Error::source(error));
    while let Some(why) = cause {
        text = format!("{text}: {why}");
        cause = why.source();
    }
    text
}

/// The column `index`.
pub(super) fn column<'a, T: FromSql<'a>>(row: &'a Row, index: usize) -> Result<T, Fault> {
    row.try_get(index).map_err(|error| broken(&error))
}

/// The column `index` as a number that is never negative.
pub(super) fn number(row: &Row, index: usize) -> Result<u64, Fault> {
    let number: i64 = column(row, index)?;
    u64::try_from(number).map_err(|_| Fault::Codec(format!("a number is `{number}`")))
}

/// The column `index` as a version.
pub(super) fn version(row: &Row, index: usize) -> Result<Version, Fault> {
    number(row, index).map(Version::new)
}

/// The column `index` as a record.
pub(super) fn record<T: DeserializeOwned>(row: &Row, index: usize) -> Result<T, Fault> {
    codec::decode(column(row, index)?)
}
