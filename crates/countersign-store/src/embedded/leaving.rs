//! A store that leaves its folder: read as it is at one moment, then locked, then marked so that nobody serves it again.
//!
//! SQLite lets other processes read and lock the file, so whoever owns the folder serves on until it is locked: its writes
//! then wait, and fail. Once it is marked, the owner finds the mark before its next write, or within [`NOTICE`] without one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use countersign_core::Fault;
use countersign_core::time::HighWater;
use countersign_jose::primitive::sha256;
use rusqlite::types::{ToSqlOutput, Value as Held, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql, params_from_iter};

use super::connection;
use super::convert::broken;
use super::folder::{DATABASE, Folder};
use super::moved::{MOVED, is_moved};
use crate::migrate::table::{Row, STANDS, TABLES, Table, Value};

/// A store that leaves.
pub(crate) struct Leaving {
    connection: Connection,
    database: PathBuf,
    /// Where nobody serves it, nobody begins to.
    owned: Option<Folder>,
    moved: bool,
}

impl Leaving {
    /// Opens the store in `folder`, whoever owns it.
    pub(crate) fn open(folder: &Path) -> Result<Self, Fault> {
        let database = folder.join(DATABASE);
        if !database.is_file() {
            return Err(Fault::Unfit(format!("`{}` holds no store", folder.display())));
        }
        let owned = match Folder::own(folder) {
            Ok(owned) => Some(owned),
            Err(Fault::InUse(_)) => None,
            Err(other) => return Err(other),
        };
        let connection = connection::reading(&database)?;
        let moved = is_moved(&connection).map_err(|error| broken(&error))?;
        if !moved {
            connection::check(&connection, &database)?;
            if !connection::is_store(&connection) {
                return Err(Fault::Unfit(format!("`{}` holds no store", folder.display())));
            }
            if !connection::is_current(&connection).map_err(|error| broken(&error))? {
                let path = database.display();
                return Err(Fault::Unfit(format!(
                    "`{path}` is of an older version; start the server on it once"
                )));
            }
        }
        Ok(Self { connection, database, owned, moved })
    }

    /// Whether it has left before.
    pub(crate) const fn has_moved(&self) -> bool {
        self.moved
    }

    /// Whether somebody serves it.
    pub(crate) const fn is_served(&self) -> bool {
        self.owned.is_none()
    }

    /// What no other store has: a hash over its settings, its sealed keys among them; not over the one that moves while it is
    /// served.
    pub(crate) fn identity(&self) -> Result<[u8; 32], Fault> {
        let Some(settings) = TABLES.iter().find(|table| table.name == "setting") else {
            return Err(Fault::Unfit("a store has no settings".to_owned()));
        };
        let rows = self.page(settings, None)?;
        let moves = Value::Text(HighWater::SETTING.to_owned());
        let rows = rows.into_iter().filter(|row| row.first() != Some(&moves));
        let values = rows.flatten().map(|value| match value {
            Value::Bytes(bytes) => bytes,
            Value::Text(text) => text.into_bytes(),
            Value::Nothing | Value::Int(_) => Vec::new(),
        });
        Ok(sha256(&values.collect::<Vec<_>>().concat()))
    }

    /// How far it has come: epoch, position, and lines of the audit log.
    pub(crate) fn stands(&self) -> Result<[i64; 3], Fault> {
        let read = |row: &rusqlite::Row<'_>| Ok([row.get(0)?, row.get(1)?, row.get(2)?]);
        self.connection.query_row(STANDS, [], read).map_err(|error| broken(&error))
    }

    /// From now on it is read as it is at this moment.
    pub(crate) fn hold_still(&self) -> Result<(), Fault> {
        self.run("BEGIN")
    }

    /// From now on nobody writes, until this is dropped or has left.
    pub(crate) fn lock(&mut self) -> Result<(), Fault> {
        self.run("COMMIT")?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || {
            let connection = Connection::open_with_flags(&self.database, flags)?;
            connection.busy_timeout(PATIENCE)?;
            connection.execute_batch("PRAGMA synchronous = FULL; BEGIN IMMEDIATE")?;
            Ok(connection)
        };
        self.connection = open().map_err(|error: rusqlite::Error| broken(&error))?;
        Ok(())
    }

    /// Marks it, for good.
    pub(crate) fn leave(&mut self) -> Result<(), Fault> {
        self.run(&format!("PRAGMA user_version = {MOVED}; COMMIT"))?;
        self.moved = true;
        Ok(())
    }

    /// How many rows it has.
    pub(crate) fn count(&self) -> Result<u64, Fault> {
        TABLES.iter().try_fold(0, |sum, table| {
            let sql = format!("SELECT count(*) FROM {}", table.name);
            let count: i64 =
                self.connection.query_row(&sql, [], |row| row.get(0)).map_err(|error| broken(&error))?;
            Ok(sum + u64::try_from(count).unwrap_or_default())
        })
    }

    /// The next rows of `table` behind the key `after`, in the order of keys; none when there are no more.
    pub(crate) fn page(&self, table: &Table, after: Option<&Row>) -> Result<Vec<Row>, Fault> {
        let (names, key) = (table.names(), table.key_names());
        let behind = match after {
            Some(_) => format!("WHERE ({key}) > ({})", vec!["?"; table.key].join(", ")),
            None => String::new(),
        };
        let sql = format!("SELECT {names} FROM {} {behind} ORDER BY {key} LIMIT {PAGE}", table.name);
        let read = || {
            let mut statement = self.connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params_from_iter(after.into_iter().flatten()))?;
            let mut page = Vec::new();
            while let Some(row) = rows.next()? {
                let values = (0..table.columns.len()).map(|column| Ok(value(row.get_ref(column)?)));
                page.push(values.collect::<rusqlite::Result<Row>>()?);
            }
            Ok(page)
        };
        read().map_err(|error: rusqlite::Error| broken(&error))
    }

    fn run(&self, sql: &str) -> Result<(), Fault> {
        self.connection.execute_batch(sql).map_err(|error| broken(&error))
    }
}

fn value(held: ValueRef<'_>) -> Value {
    match held {
        ValueRef::Null => Value::Nothing,
        ValueRef::Integer(number) => Value::Int(number),
        // The tables are strict: no column holds a fraction.
        ValueRef::Real(_) => Value::Nothing,
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Nothing => ToSqlOutput::Owned(Held::Null),
            Self::Int(number) => ToSqlOutput::Owned(Held::Integer(*number)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}

/// How long an owner that writes nothing may take to find the mark.
pub(crate) const NOTICE: Duration = Duration::from_secs(2);
/// How long the lock is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many rows are read at once; the largest has 64 KiB.
const PAGE: usize = 200;
