//! The one thread that writes. It takes what is waiting, up to [`MOST`] at once, and makes it one transaction and one sync.
//! A conflict undoes its batch alone. Nobody is answered before the commit.

use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use countersign_core::Fault;
use countersign_core::batch::{Batch, Conflict, Outcome};
use countersign_core::extent::LogEntry;
use countersign_core::id::{Subject, Version};
use countersign_core::port::Follower;
use rusqlite::Connection;

use super::apply::Applied;
use super::connection::BUSY;
use super::convert::{Stop, broken, int, number, poisonous};
use super::folding::Folding;
use super::memory::Turns;
use super::moved::{self, Watch};
use super::read::log_page;
use super::writer::{GuestWork, Guested, Message, Space, Work, Write};
use crate::ledger::{Ledger, Mark};

/// The writing thread's own things.
pub(super) struct Desk {
    connection: Connection,
    folding: Folding,
    ledger: Ledger,
    turns: Turns,
    follower: Option<Arc<dyn Follower>>,
    /// A write failed in a way that leaves open what the file holds.
    poisoned: bool,
    /// Whom the transaction under way erases.
    erasing: Vec<Subject>,
    /// The write-ahead log may still hold what was erased, and whether that has been said.
    erased: bool,
    told: bool,
    moved: Watch,
    last: Last,
    /// How many groups are still to have a savepoint for each batch.
    careful: u32,
}

impl Desk {
    /// A desk that writes to `connection`.
    pub(super) fn new(connection: Connection, folding: Folding, ledger: Ledger, turns: Turns) -> Self {
        Self {
            connection,
            folding,
            ledger,
            turns,
            follower: None,
            poisoned: false,
            erasing: Vec::new(),
            // Whoever had the store before may have been killed between an erasure and this.
            erased: true,
            told: false,
            moved: Watch::default(),
            last: Last::default(),
            careful: 0,
        }
    }

    /// What tells whether the store is still here.
    pub(super) fn watch(&self) -> Watch {
        self.moved.clone()
    }

    /// Writes what comes, until it is told to close or nobody can ask any more.
    pub(super) fn serve(&mut self, waiting: &Receiver<Message>) {
        loop {
            let first = match waiting.recv_timeout(moved::LOOK) {
                Ok(first) => first,
                Err(RecvTimeoutError::Timeout) => {
                    // What could not be found out now is found out before the next write.
                    let here = self.moved.look(&self.connection).is_ok();
                    if here && self.erased && !self.poisoned {
                        self.erase_traces(ERASING);
                    }
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let mut next = Some(first);
            while let Some(message) = next.take() {
                match message {
                    Message::Write(first) => next = self.write(first, waiting),
                    Message::Follow(follower, answer) => drop(answer.send(self.follow(follower))),
                    Message::Close => return self.fold(),
                }
            }
        }
        self.fold();
    }

    /// Makes `first` and what comes while it is written one transaction, and answers them. Answers the message that is not a
    /// write, if one came.
    fn write(&mut self, first: Write, waiting: &Receiver<Message>) -> Option<Message> {
        let started = Instant::now();
        let mut group = Group { patience: self.last.patience(), ..Group::of(first) };
        let given = group.patience;
        let done = self.transact(&mut group, waiting);
        let Group { writes, entries, next, patience } = group;
        let waited = given.saturating_sub(patience);
        self.last = Last { size: writes.len(), took: started.elapsed().saturating_sub(waited) };
        if done.is_ok() {
            if let Some(follower) = self.follower.as_ref().filter(|_| !entries.is_empty()) {
                follower.applied(&entries);
            }
            if self.erased {
                self.erase_traces(ERASING);
            }
        }
        for write in writes {
            match &done {
                Ok(()) => write.work.say(),
                Err(fault) => write.work.fail(fault),
            }
        }
        self.fold_some();
        next
    }

    /// Makes the group one transaction. On an error nobody knows whether any of it is durable.
    fn transact(&mut self, group: &mut Group, waiting: &Receiver<Message>) -> Result<(), Fault> {
        let turns = self.turns.clone();
        let _turn = turns.writing();
        if self.poisoned {
            return Err(poisoned());
        }
        let done = match self.attempt(group, waiting) {
            Err(Halt::Again) => {
                self.roll_back();
                self.careful = CAREFUL;
                self.attempt(group, waiting)
            }
            done => done,
        };
        self.careful = self.careful.saturating_sub(1);
        done.map_err(|halt| {
            self.roll_back();
            match halt {
                Halt::Fault(fault) => fault,
                Halt::Again => Fault::Store("a batch could not be undone by itself".to_owned()),
            }
        })
    }

    /// Begins, does the group's writes and those that come meanwhile, and commits.
    fn attempt(&mut self, group: &mut Group, waiting: &Receiver<Message>) -> Result<(), Halt> {
        self.erasing.clear();
        group.entries.clear();
        self.run("BEGIN IMMEDIATE")?;
        self.moved.look(&self.connection)?;
        let mut at = 0;
        loop {
            if at == group.writes.len() && !self.gather(group, waiting) {
                return Ok(self.settle()?);
            }
            if let Some(write) = group.writes.get_mut(at) {
                self.apply(&mut write.work, &mut group.entries)?;
            }
            at += 1;
        }
    }

    /// Takes one more write into the group, if one has come.
    ///
    /// A lone writer is not kept waiting. Where the last group had several, the same writers are probably about to ask again:
    /// they get up to half the time that the last transaction took, so that they share one.
    fn gather(&self, group: &mut Group, waiting: &Receiver<Message>) -> bool {
        let size = group.writes.len();
        if size >= MOST || group.next.is_some() {
            return false;
        }
        let message = match waiting.try_recv() {
            Ok(message) => Some(message),
            Err(_) if size >= self.last.size || group.patience.is_zero() => None,
            Err(_) => {
                let begun = Instant::now();
                let message = waiting.recv_timeout(group.patience).ok();
                group.patience = group.patience.saturating_sub(begun.elapsed());
                message
            }
        };
        match message {
            Some(Message::Write(write)) => {
                group.writes.push(write);
                true
            }
            other => {
                group.next = other;
                false
            }
        }
    }

    fn apply(&mut self, work: &mut Work, entries: &mut Vec<LogEntry>) -> Result<(), Halt> {
        match work {
            Work::Commit(batch, reply) => reply.result = Some(self.commit(batch, entries)?),
            Work::Lease(space, count, reply) => reply.result = Some(self.lease(*space, *count)?),
            Work::Guest(work, reply) => reply.result = Some(self.guest(work)?),
        }
        Ok(())
    }

    /// Makes what the transaction did durable, the erase ledger first.
    fn settle(&mut self) -> Result<(), Fault> {
        let erasing = std::mem::take(&mut self.erasing);
        if !erasing.is_empty() {
            self.ledger.add(erasing.iter().map(Mark::of))?;
            self.erased = true;
        }
        self.run("COMMIT")
    }

    fn commit(&mut self, batch: &Batch, entries: &mut Vec<LogEntry>) -> Result<Result<Outcome, Fault>, Halt> {
        let done = self.apart(|applied| {
            let position = applied.batch(batch)?;
            entries.append(&mut applied.entries);
            Ok((position, applied.data, std::mem::take(&mut applied.erased)))
        })?;
        Ok(done.map(|done| match done {
            Ok((position, data, mut erased)) => {
                self.erasing.append(&mut erased);
                Outcome::Committed(position, data)
            }
            Err(conflict) => Outcome::Conflict(conflict),
        }))
    }

    fn guest(&mut self, work: &GuestWork) -> Result<Result<Guested, Fault>, Halt> {
        self.apart(|applied| match work {
            GuestWork::Change(change) => applied.guest(change).map(Version::number),
            GuestWork::Sweep { before, limit } => applied.sweep_guests(*before, *limit).map(u64::from),
        })
    }

    /// Does `work` so that a conflict undoes it alone: in a savepoint of its own, or, where few batches conflict, with the
    /// whole group done over when one does after it has written something. Most look first, and have then nothing to undo.
    fn apart<T>(
        &mut self,
        work: impl FnOnce(&mut Applied<'_>) -> Result<T, Stop>,
    ) -> Result<Result<Result<T, Conflict>, Fault>, Halt> {
        let savepoint = self.careful > 0;
        if savepoint {
            self.run("SAVEPOINT batch")?;
        }
        let before = self.connection.total_changes();
        let stop = match work(&mut Applied::new(&self.connection)) {
            Ok(done) => {
                if savepoint {
                    self.run("RELEASE batch")?;
                }
                return Ok(Ok(Ok(done)));
            }
            Err(stop) => stop,
        };
        let answer = match stop {
            Stop::Conflict(conflict) => Ok(Err(conflict)),
            Stop::Fault(fault) => Err(fault),
            Stop::Database(error) if poisonous(&error) || self.connection.is_autocommit() => {
                return Err(self.failed(&error).into());
            }
            Stop::Database(error) => Err(broken(&error)),
        };
        if savepoint {
            self.run("ROLLBACK TO batch")?;
            self.run("RELEASE batch")?;
        } else if self.connection.total_changes() != before {
            return Err(Halt::Again);
        }
        Ok(answer)
    }

    fn lease(&mut self, space: Space, count: u32) -> Result<Result<Range<u64>, Fault>, Fault> {
        let (read, keep) = match space {
            Space::Revocable => ("SELECT next_serial FROM head", "UPDATE head SET next_serial = ?1"),
            Space::Guests => ("SELECT next_guest FROM head", "UPDATE head SET next_guest = ?1"),
        };
        let next = self
            .connection
            .prepare_cached(read)
            .and_then(|mut statement| statement.query_row([], |row| number(row, 0)));
        let next = next.map_err(|error| self.failed(&error))?;
        let end = next.saturating_add(u64::from(count));
        if end > countersign_core::id::Serial::MAX.number() {
            return Ok(Err(Fault::Store("all serials have been given out".to_owned())));
        }
        let kept =
            self.connection.prepare_cached(keep).and_then(|mut statement| statement.execute([int(end)]));
        kept.map_err(|error| self.failed(&error))?;
        Ok(Ok(next..end))
    }

    fn follow(&mut self, follower: Arc<dyn Follower>) -> Result<(), Fault> {
        if self.follower.is_some() {
            return Err(Fault::Store("its log has a follower already".to_owned()));
        }
        let mut after = 0;
        loop {
            let page = log_page(&self.connection, after, PAGE).map_err(|error| broken(&error))?;
            let Some(last) = page.last() else { break };
            after = int(last.position.number());
            follower.applied(&page);
        }
        self.follower = Some(follower);
        Ok(())
    }

    /// Folds the write-ahead log when it is due. Those who were answered need not wait for it.
    fn fold_some(&mut self) {
        if self.poisoned {
            return;
        }
        match self.folding.look(&self.connection) {
            Ok(()) => {}
            Err(error) if poisonous(&error) => drop(self.failed(&error)),
            Err(error) => {
                tracing::warn!(%error, "the write-ahead log could not be folded; a later commit tries again")
            }
        }
    }

    /// Empties the write-ahead log, so that what was erased is in no file. A reader that stays longer than `patience`, such as
    /// a backup, puts it off: the writers behind this one must not wait for it.
    fn erase_traces(&mut self, patience: Duration) {
        let mut empty = || {
            self.folding.wait()?;
            self.connection.busy_timeout(patience)?;
            let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
            let busy = self.connection.query_row(sql, [], |row| row.get::<_, i64>(0));
            self.connection.busy_timeout(BUSY)?;
            busy
        };
        let why = match empty() {
            Ok(0) => {
                (self.erased, self.told) = (false, false);
                return;
            }
            Ok(_) => "a reader is at it".to_owned(),
            Err(error) if poisonous(&error) => {
                drop(self.failed(&error));
                return;
            }
            Err(error) => error.to_string(),
        };
        if !std::mem::replace(&mut self.told, true) {
            tracing::warn!(why, "the write-ahead log could not be emptied; it is tried again until it is");
        }
    }

    fn fold(&mut self) {
        if !self.poisoned {
            self.erase_traces(BUSY);
        }
    }

    fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a failed transaction could not be undone");
        }
    }

    fn run(&mut self, sql: &str) -> Result<(), Fault> {
        let done = self.connection.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
        done.map(drop).map_err(|error| self.failed(&error))
    }

    fn failed(&mut self, error: &rusqlite::Error) -> Fault {
        if poisonous(error) {
            self.poisoned = true;
            tracing::error!(%error, "a write failed; nothing more is written until the store is opened again");
        }
        broken(error)
    }
}

/// Writes that share a transaction.
struct Group {
    writes: Vec<Write>,
    /// What they have written to the log.
    entries: Vec<LogEntry>,
    /// What came behind them and is no write.
    next: Option<Message>,
    /// How long the group may still wait for others.
    patience: Duration,
}

impl Group {
    fn of(first: Write) -> Self {
        let mut writes = Vec::with_capacity(MOST);
        writes.push(first);
        Self { writes, entries: Vec::new(), next: None, patience: Duration::ZERO }
    }
}

/// Why a transaction does not go on.
enum Halt {
    /// It broke: nobody knows whether any of it is durable.
    Fault(Fault),
    /// A batch must be undone alone and cannot be: the group is done again, each batch in a savepoint.
    Again,
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// How the last group went: how many it was, and how long its transaction took.
#[derive(Default)]
struct Last {
    size: usize,
    took: Duration,
}

impl Last {
    /// How long the next group may wait for others.
    fn patience(&self) -> Duration {
        if self.size > 1 { (self.took / 2).min(PATIENCE) } else { Duration::ZERO }
    }
}
fn poisoned() -> Fault {
    Fault::Store("an earlier write failed, and nothing more is written until it is opened again".to_owned())
}

/// The most writes in one transaction.
const MOST: usize = 64;
/// The longest wait for others to join a transaction.
const PATIENCE: Duration = Duration::from_millis(2);
/// How many groups have savepoints after one was done twice: where batches conflict often, one in this many costs double.
const CAREFUL: u32 = 64;
/// How long the commit that erases waits for readers to leave the write-ahead log.
const ERASING: Duration = Duration::from_millis(100);
/// How many log entries a follower hears at once when it begins.
const PAGE: u32 = 1024;

#[cfg(test)]
mod tests;
