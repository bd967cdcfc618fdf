//! Connections to the database file: their settings, and bringing the file to this version's form.

use std::path::Path;
use std::time::{Duration, SystemTime};

use countersign_core::Fault;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::Durability;
use super::convert::{broken, int};
use super::moved::{self, MOVED};

/// The one connection that writes; makes the tables when the file is new.
///
/// # Errors
/// [`Fault::Unfit`] when the file is not a store, or one of a newer version; [`Fault::Store`] when it cannot be read.
pub(super) fn writing(path: &Path, durability: Durability) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    writer(path, flags, durability)
}

/// The one connection that writes to the database in memory of that name, which it makes.
///
/// # Errors
/// [`Fault::Store`] when it cannot be made.
pub(super) fn writing_memory(name: &str) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | IN_MEMORY;
    writer(Path::new(name), flags, Durability::Relaxed)
}

fn writer(path: &Path, flags: OpenFlags, durability: Durability) -> Result<Connection, Fault> {
    let mut connection = Connection::open_with_flags(path, flags).map_err(|error| broken(&error))?;
    set_up(&connection).map_err(|error| unfit(path, &error))?;
    check(&connection, path)?;
    let mode = synchronous(durability);
    // What is in memory keeps its journal there too, whatever it is asked for. The log keeps the room that it needs between two
    // beginnings, and is folded where `folding` says.
    let settings = format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = {mode}; PRAGMA secure_delete = ON;
         PRAGMA journal_size_limit = 16777216; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -1024;"
    );
    connection.execute_batch(&settings).map_err(|error| unfit(path, &error))?;
    migrate(&mut connection).map_err(|error| unfit(path, &error))?;
    connection.set_prepared_statement_cache_capacity(96);
    Ok(connection)
}

/// A connection that folds the write-ahead log of the store at `path` into it, and writes nothing else.
///
/// # Errors
/// [`Fault::Store`] when the file cannot be opened.
pub(super) fn folding(path: &Path, durability: Durability) -> Result<Connection, Fault> {
    let open = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        set_up(&connection)?;
        let mode = synchronous(durability);
        connection.execute_batch(&format!("PRAGMA synchronous = {mode}; PRAGMA cache_size = -64;"))?;
        Ok(connection)
    };
    open().map_err(|error: rusqlite::Error| broken(&error))
}

const fn synchronous(durability: Durability) -> &'static str {
    match durability {
        Durability::Full => "FULL",
        Durability::Relaxed => "OFF",
    }
}

/// A connection that only reads.
///
/// # Errors
/// [`Fault::Store`] when the file cannot be opened.
pub(super) fn reading(path: &Path) -> Result<Connection, Fault> {
    reader(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

/// A connection that only reads the database in memory of that name.
///
/// # Errors
/// [`Fault::Store`] when it is not there any more.
pub(super) fn reading_memory(name: &str) -> Result<Connection, Fault> {
    reader(Path::new(name), OpenFlags::SQLITE_OPEN_READ_ONLY | IN_MEMORY)
}

fn reader(path: &Path, flags: OpenFlags) -> Result<Connection, Fault> {
    let open = || {
        let connection = Connection::open_with_flags(path, flags)?;
        set_up(&connection)?;
        connection.execute_batch("PRAGMA cache_size = -512;")?;
        connection.set_prepared_statement_cache_capacity(48);
        Ok(connection)
    };
    open().map_err(|error: rusqlite::Error| broken(&error))
}

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA temp_store = MEMORY;")
}

/// Whether the file is a store that this version knows.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), Fault> {
    let number = |sql: &str| {
        connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(|error| unfit(path, &error))
    };
    let path = path.display();
    let application = number("PRAGMA application_id")?;
    let strange = application == 0 && number("SELECT count(*) FROM sqlite_schema")? > 0;
    if strange || (application != 0 && application != APPLICATION) {
        return Err(Fault::Unfit(format!("`{path}` is a database of another program")));
    }
    let version = number("PRAGMA user_version")?;
    if version == MOVED {
        return Err(moved::gone());
    }
    if version > newest() {
        return Err(Fault::Unfit(format!(
            "`{path}` has format `{version}`, written by a newer version; this one knows up to `{}`",
            newest()
        )));
    }
    Ok(())
}

/// Whether the file is a store, of this version or another, and not an empty file that could become one.
pub(super) fn is_store(connection: &Connection) -> bool {
    let application = connection.query_row("PRAGMA application_id", [], |row| row.get::<_, i64>(0));
    application.is_ok_and(|application| application == APPLICATION)
}

/// Whether the file has the form of this version, which opening it for writing gives it.
pub(super) fn is_current(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))
        .map(|version| version == newest())
}

fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    let at: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let done = usize::try_from(at).unwrap_or(0);
    for step in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(step)?;
    }
    if done == 0 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        transaction.execute(
            "INSERT INTO head (one, epoch, position, chain, next_serial) VALUES (1, ?1, 0, zeroblob(32), 1)",
            [int(since.as_secs().min(u64::from(u32::MAX)))],
        )?;
    }
    if done < MIGRATIONS.len() {
        let marks = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {};", newest());
        transaction.execute_batch(&marks)?;
    }
    transaction.commit()
}

fn unfit(path: &Path, error: &rusqlite::Error) -> Fault {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => Fault::Unfit(format!("`{}` is not a database", path.display())),
        _ => broken(error),
    }
}

fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Each brings the file one version on; none is ever changed once released.
const MIGRATIONS: [&str; 3] =
    [include_str!("schema.sql"), include_str!("guests.sql"), include_str!("segments.sql")];
/// `CSGN`.
const APPLICATION: i64 = 0x4353_474E;
/// A name with `vfs=memdb` in it.
const IN_MEMORY: OpenFlags = OpenFlags::SQLITE_OPEN_URI.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);
/// How long a connection waits for another one.
pub(super) const BUSY: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use countersign_core::id::Version;
    use countersign_core::slot::Segment;

    use super::*;
    use crate::embedded::slot;

    #[test]
    fn slots_of_the_first_format_are_carried_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(MIGRATIONS[0]).unwrap();
        let marks = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = 1;");
        old.execute_batch(&marks).unwrap();
        old.execute("INSERT INTO head VALUES (1, 5, 0, zeroblob(32), 1)", []).unwrap();
        let long = vec![3; 200_000 + 28];
        for (name, version, value) in [("cart", 7, vec![1; 30]), ("film", 2, long.clone())] {
            let put = "INSERT INTO slot (slots, name, version, value) VALUES ('data_x', ?1, ?2, ?3)";
            old.execute(put, (name, version, value)).unwrap();
        }
        drop(old);
        let store = writing(&path, Durability::Relaxed).unwrap();
        let cart = slot::read(&store, ["data_x", "cart"], 0..1).unwrap().unwrap();
        assert_eq!((cart.version, cart.length, cart.marks.len()), (Version::new(7), 2, 0));
        assert_eq!(cart.segments, [Segment { number: 0, sealed: vec![1; 30] }]);
        // In one piece, whichever part is asked for.
        let film = slot::read(&store, ["data_x", "film"], 2..3).unwrap().unwrap();
        assert_eq!((film.length, film.segments), (200_000, vec![Segment { number: 0, sealed: long }]));
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let data: (i64, i64, i64) =
            store.query_row("SELECT version, bytes, count FROM data", [], read).unwrap();
        assert_eq!(data, (8, 200_002, 2));
    }
}
