//! The one thread that writes. It takes what is waiting, up to [`MOST`] at once, and makes it one transaction and one sync:
//! each batch in its own savepoint, so that a conflict undoes that batch alone. Nobody is answered before the commit.

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
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::apply::Applied;
use super::connection::BUSY;
use super::convert::{Stop, broken, int, number, poisonous};
use super::memory::Turns;
use super::moved::{self, Watch};
use super::read::log_page;
use super::writer::{GuestWork, Guested, Message, Space, Work, Write};
use crate::ledger::{Ledger, Mark};

/// The writing thread's own things.
pub(super) struct Desk {
    connection: Connection,
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
}

impl Desk {
    /// A desk that writes to `connection`.
    pub(super) fn new(connection: Connection, ledger: Ledger, turns: Turns, moved: Watch) -> Self {
        Self {
            connection,
            ledger,
            turns,
            follower: None,
            poisoned: false,
            erasing: Vec::new(),
            // Whoever had the store before may have been killed between an erasure and this.
            erased: true,
            told: false,
            moved,
            last: Last::default(),
        }
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
                    Message::Write(first) => {
                        let mut group = vec![first];
                        next = self.gather(waiting, &mut group);
                        self.write(group);
                    }
                    Message::Follow(follower, answer) => drop(answer.send(self.follow(follower))),
                    Message::Close => return self.fold(),
                }
            }
        }
        self.fold();
    }

    /// Takes what is waiting, and answers the message that is not a write, if one came.
    ///
    /// A lone writer is not kept waiting. Where the last group had several, the same writers are probably about to ask again:
    /// they get up to half the time that the last transaction took, so that they share one.
    fn gather(&self, waiting: &Receiver<Message>, group: &mut Vec<Write>) -> Option<Message> {
        let patience = if self.last.size > 1 { (self.last.took / 2).min(PATIENCE) } else { Duration::ZERO };
        let until = Instant::now() + patience;
        while group.len() < MOST {
            let message = match waiting.try_recv() {
                Ok(message) => message,
                Err(_) if group.len() >= self.last.size => return None,
                Err(_) => match waiting.recv_timeout(until.saturating_duration_since(Instant::now())) {
                    Ok(message) => message,
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
                },
            };
            match message {
                Message::Write(write) => group.push(write),
                other => return Some(other),
            }
        }
        None
    }

    fn write(&mut self, group: Vec<Write>) {
        let started = Instant::now();
        let size = group.len();
        let mut answers = Vec::with_capacity(size);
        let mut permits = Vec::with_capacity(size);
        let mut entries = Vec::new();
        match self.transact(group, &mut answers, &mut permits, &mut entries) {
            Ok(()) => {
                if let Some(follower) = self.follower.as_ref().filter(|_| !entries.is_empty()) {
                    follower.applied(&entries);
                }
                if self.erased {
                    self.erase_traces(ERASING);
                }
                answers.into_iter().for_each(Answer::say);
            }
            Err(fault) => answers.into_iter().for_each(|answer| answer.fail(&fault)),
        }
        self.last = Last { size, took: started.elapsed() };
    }

    /// Makes `group` one transaction. On an error nobody knows whether any of it is durable.
    fn transact(
        &mut self,
        group: Vec<Write>,
        answers: &mut Vec<Answer>,
        permits: &mut Vec<OwnedSemaphorePermit>,
        entries: &mut Vec<LogEntry>,
    ) -> Result<(), Fault> {
        let turns = self.turns.clone();
        let _turn = turns.writing();
        let begun = if self.poisoned { Err(poisoned()) } else { self.run("BEGIN IMMEDIATE") };
        let begun = begun.and_then(|()| self.moved.look(&self.connection));
        let mut broke = begun.err();
        for Write { work, _permit } in group {
            permits.push(_permit);
            let (answer, failed) = match (work, &broke) {
                (Work::Commit(_, to), Some(fault)) => (Answer::Commit(Err(fault.clone()), to), None),
                (Work::Lease(_, _, to), Some(fault)) => (Answer::Lease(Err(fault.clone()), to), None),
                (Work::Guest(_, to), Some(fault)) => (Answer::Guest(Err(fault.clone()), to), None),
                (Work::Commit(batch, to), None) => {
                    let (result, failed) = settled(self.commit(&batch, entries));
                    (Answer::Commit(result, to), failed)
                }
                (Work::Lease(space, count, to), None) => {
                    let (result, failed) = settled(self.lease(space, count));
                    (Answer::Lease(result, to), failed)
                }
                (Work::Guest(work, to), None) => {
                    let (result, failed) = settled(self.guest(&work));
                    (Answer::Guest(result, to), failed)
                }
            };
            answers.push(answer);
            broke = broke.or(failed);
        }
        match broke {
            None => self.settle().inspect_err(|_| self.roll_back()),
            Some(fault) => {
                self.erasing.clear();
                self.roll_back();
                Err(fault)
            }
        }
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

    fn commit(
        &mut self,
        batch: &Batch,
        entries: &mut Vec<LogEntry>,
    ) -> Result<Result<Outcome, Fault>, Fault> {
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

    fn guest(&mut self, work: &GuestWork) -> Result<Result<Guested, Fault>, Fault> {
        self.apart(|applied| match work {
            GuestWork::Change(change) => applied.guest(change).map(Version::number),
            GuestWork::Sweep { before, limit } => applied.sweep_guests(*before, *limit).map(u64::from),
        })
    }

    /// Does `work` in a savepoint of its own, so that a conflict undoes it alone.
    fn apart<T>(
        &mut self,
        work: impl FnOnce(&mut Applied<'_>) -> Result<T, Stop>,
    ) -> Result<Result<Result<T, Conflict>, Fault>, Fault> {
        self.run("SAVEPOINT batch")?;
        let stop = match work(&mut Applied::new(&self.connection)) {
            Ok(done) => {
                self.run("RELEASE batch")?;
                return Ok(Ok(Ok(done)));
            }
            Err(stop) => stop,
        };
        let answer = match stop {
            Stop::Conflict(conflict) => Ok(Err(conflict)),
            Stop::Fault(fault) => Err(fault),
            Stop::Database(error) if poisonous(&error) || self.connection.is_autocommit() => {
                return Err(self.failed(&error));
            }
            Stop::Database(error) => Err(broken(&error)),
        };
        self.run("ROLLBACK TO batch")?;
        self.run("RELEASE batch")?;
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

    /// Empties the write-ahead log, so that what was erased is in no file. A reader that stays longer than `patience`, such as
    /// a backup, puts it off: the writers behind this one must not wait for it.
    fn erase_traces(&mut self, patience: Duration) {
        let empty = || {
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

/// What is to be said once the transaction is durable.
enum Answer {
    Commit(Result<Outcome, Fault>, oneshot::Sender<Result<Outcome, Fault>>),
    Lease(Result<Range<u64>, Fault>, oneshot::Sender<Result<Range<u64>, Fault>>),
    Guest(Result<Guested, Fault>, oneshot::Sender<Result<Guested, Fault>>),
}

impl Answer {
    // Who asked may have gone away; what was done stays done.
    fn say(self) {
        match self {
            Self::Commit(result, to) => drop(to.send(result)),
            Self::Lease(result, to) => drop(to.send(result)),
            Self::Guest(result, to) => drop(to.send(result)),
        }
    }

    fn fail(self, fault: &Fault) {
        match self {
            Self::Commit(_, to) => drop(to.send(Err(fault.clone()))),
            Self::Lease(_, to) => drop(to.send(Err(fault.clone()))),
            Self::Guest(_, to) => drop(to.send(Err(fault.clone()))),
        }
    }
}

/// How the last group went: how many it was, and how long its transaction took.
#[derive(Default)]
struct Last {
    size: usize,
    took: Duration,
}
/// What the one who asked hears, and what breaks the whole group.
fn settled<T>(result: Result<Result<T, Fault>, Fault>) -> (Result<T, Fault>, Option<Fault>) {
    match result {
        Ok(answer) => (answer, None),
        Err(fault) => (Err(fault.clone()), Some(fault)),
    }
}

fn poisoned() -> Fault {
    Fault::Store("an earlier write failed, and nothing more is written until it is opened again".to_owned())
}

/// The most writes in one transaction.
const MOST: usize = 64;
/// The longest wait for others to join a transaction.
const PATIENCE: Duration = Duration::from_millis(2);
/// How long the commit that erases waits for readers to leave the write-ahead log.
const ERASING: Duration = Duration::from_millis(100);
/// How many log entries a follower hears at once when it begins.
const PAGE: u32 = 1024;
