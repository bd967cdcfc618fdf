//! When the write-ahead log is folded into the database (a checkpoint, in SQLite's word), and by whom.
//!
//! Beside the writer, who goes on meanwhile: folding writes a thousand pages and waits for the disk twice. What comes meanwhile
//! is left over, so under load the log never empties this way and only grows; once it is long the writer folds that rest
//! itself, and the log begins anew. One connection may write while another folds (sqlite.org, "Write-Ahead Logging").

use std::thread::{self, JoinHandle};

use rusqlite::Connection;

/// The folding of one store's log.
#[derive(Debug)]
pub(super) struct Folding {
    hand: Hand,
    /// How long the log was when it was last folded, in pages.
    at: u64,
}

/// Who folds.
#[derive(Debug)]
enum Hand {
    /// Nobody: what is in memory has no log.
    Nobody,
    /// A connection beside the writer's, when there is something to do.
    Idle(Connection),
    /// A thread with that connection.
    Busy(JoinHandle<(Connection, rusqlite::Result<()>)>),
    /// The writer itself, since no thread could be had.
    Writer,
}

impl Folding {
    /// Folds through `connection`; without one there is no log.
    pub(super) fn through(connection: Option<Connection>) -> Self {
        Self { hand: connection.map_or(Hand::Nobody, Hand::Idle), at: 0 }
    }

    /// Looks at how long the log has become, between two transactions of `writer`.
    ///
    /// # Errors
    /// What went wrong with this folding or the one before. Where the disk failed, nobody knows what the database holds.
    pub(super) fn look(&mut self, writer: &Connection) -> rusqlite::Result<()> {
        if matches!(self.hand, Hand::Nobody) {
            return Ok(());
        }
        let length = length(writer)?;
        // It has begun anew.
        self.at = self.at.min(length);
        if let Hand::Busy(thread) = &self.hand {
            if !thread.is_finished() && length < FAR {
                return Ok(());
            }
            self.wait()?;
            if length >= LONG {
                self.at = length;
                return fold(writer);
            }
        }
        if length.saturating_sub(self.at) < STEP {
            return Ok(());
        }
        self.at = length;
        match std::mem::replace(&mut self.hand, Hand::Writer) {
            Hand::Idle(connection) => match start(connection) {
                Ok(thread) => {
                    self.hand = Hand::Busy(thread);
                    Ok(())
                }
                Err(error) => {
                    tracing::warn!(%error, "no thread to fold the write-ahead log: commits will wait for it");
                    fold(writer)
                }
            },
            _ => fold(writer),
        }
    }

    /// Waits until nobody folds.
    ///
    /// # Errors
    /// What went wrong with it.
    pub(super) fn wait(&mut self) -> rusqlite::Result<()> {
        match std::mem::replace(&mut self.hand, Hand::Writer) {
            Hand::Busy(thread) => match thread.join() {
                Ok((connection, done)) => {
                    self.hand = Hand::Idle(connection);
                    done
                }
                Err(_) => {
                    tracing::error!("the thread that folds the write-ahead log has panicked");
                    Ok(())
                }
            },
            other => {
                self.hand = other;
                Ok(())
            }
        }
    }
}

impl Drop for Folding {
    // The folder is let go when this has gone.
    fn drop(&mut self) {
        if let Err(error) = self.wait() {
            tracing::warn!(%error, "the write-ahead log could not be folded");
        }
    }
}

fn start(connection: Connection) -> std::io::Result<JoinHandle<(Connection, rusqlite::Result<()>)>> {
    thread::Builder::new().name("countersign-fold".to_owned()).spawn(move || {
        let done = fold(&connection);
        (connection, done)
    })
}

/// Folds what is in the log and no reader needs there; waits for nobody.
fn fold(connection: &Connection) -> rusqlite::Result<()> {
    connection.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?.query_row([], |_| Ok(()))
}

/// How many pages are in the log, folded or not.
fn length(connection: &Connection) -> rusqlite::Result<u64> {
    let pages = connection
        .prepare_cached("PRAGMA wal_checkpoint(NOOP)")?
        .query_row([], |row| row.get::<_, i64>(1))?;
    Ok(u64::try_from(pages).unwrap_or_default())
}

/// After how many pages more the log is folded: 4 MiB, as SQLite does by itself.
const STEP: u64 = 1000;
/// From how many pages on the writer folds the rest, so that the log begins anew: rare, and 16 MiB are soon read at a start.
const LONG: u64 = 4 * STEP;
/// How many pages may be in the log before the writer waits for whoever folds: writing is faster than the disk takes it in.
const FAR: u64 = 4 * LONG;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::embedded::{Durability, connection};

    /// How many pages the file of the log has room for, and how long the log is, after each of `rounds` writes of `pages`.
    fn written(
        folder: &Path,
        folding: impl Fn(&Path) -> Folding,
        rounds: u64,
        pages: u64,
    ) -> Vec<(u64, u64)> {
        let path = folder.join("store.db");
        std::fs::write(&path, []).unwrap();
        let writer = connection::writing(&path, Durability::Relaxed).unwrap();
        let mut folding = folding(&path);
        let mut lengths = Vec::new();
        for round in 0..rounds {
            let put = "INSERT OR REPLACE INTO setting (name, value) VALUES (?1, randomblob(?2))";
            writer.execute(put, (format!("{}", round % 3), i64::try_from(pages * 4096).unwrap())).unwrap();
            folding.look(&writer).unwrap();
            let file = std::fs::metadata(folder.join("store.db-wal")).unwrap().len();
            lengths.push((file / 4120, length(&writer).unwrap()));
        }
        folding.wait().unwrap();
        lengths
    }

    fn beside(path: &Path) -> Folding {
        Folding::through(Some(connection::folding(path, Durability::Relaxed).unwrap()))
    }

    #[test]
    fn a_log_that_is_always_written_to_begins_anew_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let lengths = written(folder.path(), beside, 400, 100);
        let most = lengths.iter().map(|(file, _)| *file).max().unwrap();
        assert!((STEP..FAR + STEP).contains(&most), "{most} of 40,000 pages");
    }

    #[test]
    fn without_a_thread_the_writer_folds() {
        let folder = tempfile::tempdir().unwrap();
        let lengths = written(folder.path(), |_| Folding { hand: Hand::Writer, at: 0 }, 60, 100);
        let most = lengths.iter().map(|(_, length)| *length).max().unwrap();
        assert!((STEP..2 * STEP).contains(&most), "{most} of 6,000 pages");
    }
}
