//! Connections that only read: opened when needed, kept when idle. A read takes microseconds from the page cache, so it runs
//! where it is asked for.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use countersign_core::Fault;
use rusqlite::Connection;

use super::connection;
use super::convert::broken;

/// The connections that are not in use.
#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    /// None once closed.
    idle: Mutex<Option<Vec<Connection>>>,
}

impl Readers {
    /// Readers of the database at `path`.
    pub(super) fn of(path: PathBuf) -> Self {
        Self { path, idle: Mutex::new(Some(Vec::new())) }
    }

    /// What `question` reads.
    pub(super) fn ask<T>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Fault> {
        let idle = match self.lock().as_mut() {
            Some(idle) => idle.pop(),
            None => return Err(Fault::Store("it is closed".to_owned())),
        };
        let connection = match idle {
            Some(connection) => connection,
            None => connection::reading(&self.path)?,
        };
        let answer = question(&connection).map_err(|error| broken(&error));
        if let Some(idle) = self.lock().as_mut().filter(|idle| idle.len() < MOST_IDLE) {
            idle.push(connection);
        }
        answer
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
