//! Copies of a store: made while it is in use, and put in the place of one.
//!
//! A backup is one database file. Restoring verifies it on a copy, begins a new epoch above every one that either had, so that
//! nothing of the past is accepted until people sign in again, erases again whom the ledger names, and only then swaps the
//! files. A crash in between leaves the old store or the new one, never a mixture.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use countersign_core::Fault;
use countersign_core::audit::{AuditEntry, Event};
use countersign_core::batch::{Batch, Change};
use countersign_core::extent::{Actor, Ending, Reason};
use countersign_core::id::{Epoch, Subject};
use countersign_core::port::LogState;
use countersign_core::revoke::epoch::bump;
use countersign_core::time::Timestamp;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, params};

use super::apply::{Applied, log_state};
use super::check::{self, Findings};
use super::convert::{Stop, broken, int, number};
use super::folder::{DATABASE, Folder};
use super::{Durability, connection};
use crate::ledger::Erased;
use crate::private::{new_file, sync_folder};

/// What a backup holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// Its size in bytes.
    pub bytes: u64,
    /// Where its log stands.
    pub log: LogState,
}

/// Whether a restore may put something in the place of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Only where there is none.
    Nothing,
    /// What is there goes.
    Anything,
}

/// A backup, and where it is to go.
#[derive(Clone, Debug)]
pub struct Restore<'a> {
    /// The backup.
    pub backup: &'a Path,
    /// The folder of the store.
    pub folder: &'a Path,
    /// What may be there.
    pub over: Over,
    /// An erase ledger beside the one in the folder: of a machine that is gone.
    pub ledger: Option<&'a Path>,
    /// The time.
    pub now: Timestamp,
}

/// What came of a restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The epoch that has begun.
    pub epoch: Epoch,
    /// How many people were erased again.
    pub erased: usize,
}

/// Copies the store in `folder` to the new file `to` (mode 0600), as it is at one moment; whoever owns the store works on
/// meanwhile. The copy is checked before it gets its name.
///
/// # Errors
/// [`Fault::Unfit`] when there is no store, `to` exists, or the copy has findings; [`Fault::Store`] when it cannot be written.
pub fn back_up(folder: &Path, to: &Path) -> Result<BackedUp, Fault> {
    let database = folder.join(DATABASE);
    if !database.is_file() {
        return Err(Fault::Unfit(format!("`{}` holds no store", folder.display())));
    }
    if to.exists() {
        return Err(Fault::Unfit(format!("`{}` exists, and a backup overwrites nothing", to.display())));
    }
    let part = Part::new(to)?;
    copy(&connection::reading(&database)?, &part.0)?;
    let log = sound(&part.0)?;
    let bytes = part.keep_as(to).map_err(|error| Fault::Store(format!("`{}`: {error}", to.display())))?;
    Ok(BackedUp { bytes, log })
}

/// Puts a backup in the place of the store in a folder, or where there was none. Nobody may have the store open.
///
/// Passwords and applications are those of the backup. What was accepted before is refused: sessions, grants, tokens, codes.
///
/// # Errors
/// [`Fault::InUse`]; [`Fault::Unfit`] when the backup is not sound, or something is in its place and must stay.
pub fn restore(wanted: &Restore<'_>) -> Result<Restored, Fault> {
    let owned = Folder::own(wanted.folder)?;
    let database = owned.database();
    let there = fs::metadata(&database).is_ok_and(|file| file.len() > 0);
    if there && wanted.over == Over::Nothing {
        let folder = wanted.folder.display();
        return Err(Fault::Unfit(format!("`{folder}` holds a store, and it was not said that it may go")));
    }
    let mut erased = Erased::beside(wanted.folder)?;
    if let Some(other) = wanted.ledger {
        erased = erased.with(other)?;
    }
    let had = if there { Had::of(&database) } else { Had::default() };
    // What a restore that was cut short has left.
    drop(Part(beside(&database, ".part")));
    let part = Part::new(&database)?;
    let backup = connection::reading(wanted.backup)?;
    if !connection::is_store(&backup) {
        return Err(Fault::Unfit(format!("`{}` is no backup", wanted.backup.display())));
    }
    copy(&backup, &part.0)?;
    // An older backup is brought to this version's form before it is looked at.
    let connection = connection::writing(&part.0, Durability::Full)?;
    alone(&connection).map_err(|error| broken(&error))?;
    drop(connection);
    sound(&part.0)?;
    let restored = go_on(&part.0, &had, &erased, wanted.now)?;
    erased.keep(wanted.folder)?;
    swap(part, &database).map_err(|error| Fault::Store(format!("`{}`: {error}", database.display())))?;
    Ok(restored)
}

/// What the store that goes has given out, so that none of it is given out again.
#[derive(Default)]
struct Had {
    epoch: Option<Epoch>,
    next_serial: u64,
    next_guest: u64,
}

impl Had {
    /// What can be read of it: a store that is replaced may be broken.
    fn of(database: &Path) -> Self {
        let read = || -> Result<Self, Fault> {
            // Opening for writing folds the write-ahead log in, so that nothing is lost with that file.
            let connection = connection::writing(database, Durability::Full)?;
            let head = "SELECT epoch, next_serial, next_guest FROM head";
            let had = connection.query_row(head, [], |row| {
                Ok(Self {
                    epoch: Some(Epoch::new(row.get(0)?)),
                    next_serial: number(row, 1)?,
                    next_guest: number(row, 2)?,
                })
            });
            had.map_err(|error| broken(&error))
        };
        read().unwrap_or_else(|fault| {
            tracing::warn!(%fault, "what the replaced store has given out cannot be read");
            Self::default()
        })
    }
}

/// Lets the copy go on under a new epoch.
fn go_on(path: &Path, had: &Had, erased: &Erased, now: Timestamp) -> Result<Restored, Fault> {
    let mut connection = connection::writing(path, Durability::Full)?;
    let whom = people(&connection, erased).map_err(|error| broken(&error))?;
    let fault = |error: rusqlite::Error| broken(&error);
    let transaction = connection.transaction().map_err(fault)?;
    let stands = log_state(&transaction).map_err(fault)?.epoch;
    let epoch = bump(&[stands, had.epoch.unwrap_or(stands)], now)?;
    let line = |event, subject| AuditEntry {
        at: now,
        by: Actor::CommandLine,
        event,
        subject,
        client: None,
        network: None,
    };
    let mut batch = Batch::of(Change::BeginEpoch(epoch)).audited(line(Event::Restored, None));
    for subject in &whom {
        let ending = Ending { at: now, reason: Reason::Erased, by: Actor::CommandLine };
        batch = batch
            .with(Change::EraseUser { subject: subject.clone(), ending })
            .audited(line(Event::Erased, Some(subject.clone())));
    }
    Applied::new(&transaction).batch(&batch).map_err(|stop| match stop {
        Stop::Conflict(conflict) => Fault::Unfit(format!("the backup cannot go on: {conflict:?}")),
        Stop::Fault(fault) => fault,
        Stop::Database(error) => broken(&error),
    })?;
    transaction
        .execute(
            "UPDATE head SET next_serial = max(next_serial, ?1), next_guest = max(next_guest, ?2)",
            params![int(had.next_serial), int(had.next_guest)],
        )
        .map_err(fault)?;
    transaction.commit().map_err(fault)?;
    alone(&connection).map_err(fault)?;
    connection.close().map_err(|(_, error)| broken(&error))?;
    sound(path)?;
    Ok(Restored { epoch, erased: whom.len() })
}

fn people(connection: &Connection, erased: &Erased) -> rusqlite::Result<Vec<Subject>> {
    let mut statement = connection.prepare("SELECT subject FROM person")?;
    let subjects = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut whom = Vec::new();
    for subject in subjects {
        // What is no subject is a finding of the check.
        whom.extend(subject?.parse().ok().filter(|subject| erased.has(subject)));
    }
    Ok(whom)
}

/// Copies what `from` sees at this moment.
fn copy(from: &Connection, to: &Path) -> Result<(), Fault> {
    let run = || -> rusqlite::Result<StepResult> {
        let mut target = Connection::open(to)?;
        let backup = Backup::new(from, &mut target)?;
        // All at once, under one read transaction: in pieces it would begin again with every write of the owner.
        let step = backup.step(-1)?;
        drop(backup);
        alone(&target)?;
        target.close().map_err(|(_, error)| error)?;
        Ok(step)
    };
    match run() {
        Ok(StepResult::Done) => Ok(()),
        Ok(other) => Err(Fault::Store(format!("the copy stopped early: {other:?}"))),
        Err(error) => Err(broken(&error)),
    }
}

/// Makes a database one file, on disk.
fn alone(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;")
}

fn sound(path: &Path) -> Result<LogState, Fault> {
    let Findings { wrong, log, .. } = check::file(path)?;
    match wrong.first() {
        None => Ok(log),
        Some(first) => {
            let more = wrong.len().saturating_sub(1);
            Err(Fault::Unfit(format!("the backup is not sound: {first} (and {more} more)")))
        }
    }
}

/// A file that is not finished; it goes when this is dropped.
struct Part(PathBuf);

impl Part {
    /// A new one beside `finished`, so that it can take its name in one step; empty, for its owner only.
    fn new(finished: &Path) -> Result<Self, Fault> {
        let path = beside(finished, ".part");
        new_file(&path).map_err(|error| {
            Fault::Unfit(format!("`{}`, the unfinished copy, cannot be made: {error}", path.display()))
        })?;
        Ok(Self(path))
    }

    /// Gives it its name, which nobody has; answers its size in bytes.
    fn keep_as(self, to: &Path) -> std::io::Result<u64> {
        let file = File::open(&self.0)?;
        file.sync_all()?;
        // A link, unlike a renaming, fails where something has appeared meanwhile.
        fs::hard_link(&self.0, to)?;
        sync_folder(to)?;
        Ok(file.metadata()?.len())
    }

    fn clear(&self) {
        for path in
            [self.0.clone(), beside(&self.0, "-wal"), beside(&self.0, "-shm"), beside(&self.0, "-journal")]
        {
            // What is not there need not go.
            let _ = fs::remove_file(path);
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Puts `part` in the place of `database`. The old write-ahead log goes first: SQLite would fold it into the new file.
fn swap(part: Part, database: &Path) -> std::io::Result<()> {
    File::open(&part.0)?.sync_all()?;
    for suffix in ["-wal", "-shm"] {
        match fs::remove_file(beside(database, suffix)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    sync_folder(database)?;
    fs::rename(&part.0, database)?;
    sync_folder(database)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(suffix);
    PathBuf::from(name)
}
