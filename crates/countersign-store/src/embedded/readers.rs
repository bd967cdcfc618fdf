//! Connections that only read: opened when needed, kept when idle. A read takes microseconds from the page cache, so it runs
//! where it is asked for.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use countersign_core::Fault;
use rusqlite::Connection;

use super::connection;
use super::convert::broken;
use super::memory::Turns;

/// The connections that are not in use.
#[derive(Debug)]
pub(super) struct Readers {
    database: Database,
    turns: Turns,
    /// None once closed.
    idle: Mutex<Option<Vec<Connection>>>,
}

/// Where they read.
#[derive(Debug)]
enum Database {
    File(PathBuf),
    Memory(String),
}

impl Readers {
    /// Readers of the database at `path`.
    pub(super) fn of(path: PathBuf) -> Self {
        Self::new(Database::File(path), Turns::default())
    }

    /// Readers of the database in memory of that name.
    pub(super) fn of_memory(name: String, turns: Turns) -> Self {
        Self::new(Database::Memory(name), turns)
    }

    fn new(database: Database, turns: Turns) -> Self {
        Self { database, turns, idle: Mutex::new(Some(Vec::new())) }
    }

    /// What `question` reads.
    pub(super) fn ask<T>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Fault> {
        let _turn = self.turns.reading();
        let idle = match self.lock().as_mut() {
            Some(idle) => idle.pop(),
            None => return Err(Fault::Store("it is closed".to_owned())),
        };
        let connection = match idle {
            Some(connection) => connection,
            None => self.open()?,
        };
        let answer = question(&connection).map_err(|error| broken(&error));
        if let Some(idle) = self.lock().as_mut().filter(|idle| idle.len() < MOST_IDLE) {
            idle.push(connection);
        }
        answer
    }

    fn open(&self) -> Result<Connection, Fault> {
        match &self.database {
            Database::File(path) => connection::reading(path),
            Database::Memory(name) => connection::reading_memory(name),
        }
    }

    /// Drops the connections; every later question is refused.
    pub(super) fn close(&self) {
        drop(self.lock().take());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Vec<Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Each holds at most half a megabyte of pages.
const MOST_IDLE: usize = 4;
