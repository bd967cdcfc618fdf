//! The one task of this node that writes and that hears the log. What is waiting, up to [`MOST`] at once, becomes one
//! transaction: it locks the head, hears what other nodes have written before, applies each batch in its own savepoint, writes
//! the head and commits. Nobody is answered before the commit; when nobody knows how that went, everybody hears a fault.

use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign_core::Fault;
use countersign_core::batch::Outcome;
use countersign_core::extent::LogEntry;
use countersign_core::id::Position;
use countersign_core::port::{Follower, LogState};
use countersign_core::revoke::log::{continues, verify};
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, timeout_at};

use super::address::Failover;
use super::apply::Applied;
use super::bell::Bell;
use super::beside::Beside;
use super::convert::Stop;
use super::head::{Head, page};
use super::link::{Link, Links};
use super::writer::{Message, To, Work};
use crate::ledger::{Ledger, Mark};

/// The writing task's own things.
pub(super) struct Desk {
    links: Links,
    link: Option<Link>,
    bell: Bell,
    follower: Option<Arc<dyn Follower>>,
    /// Up to where the log has been heard.
    known: LogState,
    /// The log is no longer the one that was heard; nothing goes on.
    forked: Option<Fault>,
    freshness: watch::Sender<Option<Instant>>,
    failover: Failover,
    /// The erase ledger of this node, if it has one.
    beside: Option<Beside>,
    last: Last,
}

/// How the last group went: how many it was, and how long its transaction took.
#[derive(Default)]
struct Last {
    size: usize,
    took: Duration,
}

/// What is to be said once the transaction is durable.
enum Answer {
    Commit(Result<Outcome, Fault>, To<Outcome>),
    Lease(Result<std::ops::Range<u64>, Fault>, To<std::ops::Range<u64>>),
    Remember(Result<(), Fault>, To<()>),
}

impl Answer {
    // Who asked may have gone away; what was done stays done.
    fn say(self, broke: Option<&Fault>) {
        match (self, broke.cloned()) {
            (Self::Commit(_, to), Some(fault)) => drop(to.send(Err(fault))),
            (Self::Lease(_, to), Some(fault)) => drop(to.send(Err(fault))),
            (Self::Remember(_, to), Some(fault)) => drop(to.send(Err(fault))),
            (Self::Commit(result, to), None) => drop(to.send(result)),
            (Self::Lease(result, to), None) => drop(to.send(result)),
            (Self::Remember(result, to), None) => drop(to.send(result)),
        }
    }
}

impl Desk {
    /// Reads where the log stands; what lies before is told to whoever follows. On another server than before, what has become
    /// of those who were signed in is decided first.
    pub(super) async fn open(
        links: Links,
        bell: Bell,
        freshness: watch::Sender<Option<Instant>>,
        failover: Failover,
        ledger: Option<Ledger>,
    ) -> Result<Self, Fault> {
        let link = links.link().await?;
        let started = Instant::now();
        let head = Head::look(&link).await?;
        let (known, last) = (head.log, Last::default());
        let mut desk = Self {
            links,
            link: Some(link),
            bell,
            follower: None,
            known,
            forked: None,
            freshness,
            failover,
            beside: ledger.map(|ledger| Beside::new(ledger, head.erased)),
            last,
        };
        if head.has_moved() {
            desk.write(Vec::new()).await?;
        } else {
            desk.freshness.send_replace(Some(started));
        }
        Ok(desk)
    }

    /// Serves until it is told to close, or nobody can ask any more.
    pub(super) async fn serve(mut self, mut waiting: mpsc::Receiver<Message>) {
        let mut tick = interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                // Who waits for an answer comes first: what is written hears the log too.
                biased;
                message = waiting.recv() => {
                    let Some(mut message) = message else { return };
                    loop {
                        match self.receive(message, &mut waiting).await {
                            Next::Wait => break,
                            Next::This(next) => message = next,
                            Next::Close(to) => return drop(to.send(Ok(()))),
                        }
                    }
                }
                _ = tick.tick() => self.look().await,
                () = self.bell.heard() => self.look().await,
            }
        }
    }

    async fn receive(&mut self, message: Message, waiting: &mut mpsc::Receiver<Message>) -> Next {
        match message {
            Message::Write(first) => {
                let mut group = vec![first];
                let next = self.gather(waiting, &mut group).await;
                if self.write(group).await.is_err() {
                    // Those who wait would each wait for a limit of their own.
                    return fail_all(waiting, next);
                }
                next.map_or(Next::Wait, Next::This)
            }
            Message::Follow(follower, to) => {
                drop(to.send(self.follow(follower).await));
                Next::Wait
            }
            Message::Close(to) => Next::Close(to),
        }
    }

    /// Takes what is waiting, and answers the message that is not a write, if one came.
    ///
    /// A lone writer is not kept waiting. Where the last group had several, the same writers are probably about to ask again:
    /// they get up to half the time that the last transaction took, so that they share one.
    async fn gather(&self, waiting: &mut mpsc::Receiver<Message>, group: &mut Vec<Work>) -> Option<Message> {
        let patience = if self.last.size > 1 { (self.last.took / 2).min(PATIENCE) } else { Duration::ZERO };
        let until = tokio::time::Instant::now() + patience;
        let mut bytes: usize = group.iter().map(Work::bytes).sum();
        while group.len() < MOST && bytes < HEAVY {
            let message = match waiting.try_recv() {
                Ok(message) => message,
                Err(_) if group.len() >= self.last.size => return None,
                Err(_) => timeout_at(until, waiting.recv()).await.ok().flatten()?,
            };
            match message {
                Message::Write(work) => {
                    bytes += work.bytes();
                    group.push(work);
                }
                other => return Some(other),
            }
        }
        None
    }

    async fn write(&mut self, group: Vec<Work>) -> Result<(), Fault> {
        let started = Instant::now();
        let size = group.len();
        let mut answers = Vec::with_capacity(size);
        let result = self.transact(group, &mut answers).await;
        let broke = result.as_ref().err();
        answers.into_iter().for_each(|answer: Answer| answer.say(broke));
        self.last = Last { size, took: started.elapsed() };
        match result {
            Err(fault) if self.forked.is_none() => {
                tracing::warn!(%fault, "a transaction with {size} writes has failed");
                Err(fault)
            }
            other => other,
        }
    }

    /// Makes `group` one transaction. After an error it is durable in whole or not at all, and nobody knows which.
    async fn transact(&mut self, group: Vec<Work>, answers: &mut Vec<Answer>) -> Result<(), Fault> {
        let started = Instant::now();
        let (link, head) = match self.begin().await {
            Ok(begun) => begun,
            Err(fault) => {
                group.into_iter().for_each(|work| work.fail(&fault));
                return Err(fault);
            }
        };
        let mut applied = Applied::new(&link, head);
        let mut broke: Option<Fault> = self.hear(&link, &head).await.err().map(Fault::from);
        if broke.is_none() && head.has_moved() {
            broke = applied.move_in(self.failover).await.err().map(Fault::from);
        }
        for work in group {
            match broke {
                Some(ref fault) => work.fail(fault),
                None => broke = one(&mut applied, self.beside.as_ref(), work, answers).await.err(),
            }
        }
        let Applied { head: after, entries, .. } = applied;
        if broke.is_none() {
            broke = finish(&link, head, after).await.err().map(Fault::from);
        }
        if let Some(fault) = broke {
            // Without its connection a transaction that was not committed is undone.
            self.links.give_up(link);
            return Err(fault);
        }
        self.known = after.log;
        self.freshness.send_replace(Some(started));
        self.tell(&entries);
        if !entries.is_empty() || after.erased != head.erased {
            self.bell.ring();
        }
        if let Some(beside) = &mut self.beside {
            beside.wrote(head.erased, after.erased);
        }
        self.hear_erased(link, after.erased).await;
        Ok(())
    }

    /// A transaction that holds the head. A connection that had died while nobody used it is replaced, once: nothing has been
    /// written on it.
    async fn begin(&mut self) -> Result<(Link, Head), Fault> {
        self.sound()?;
        if let Some(link) = self.link.take() {
            match begin_on(&link).await {
                Ok(head) => return Ok((link, head)),
                Err(Stop::Lost(_)) => self.links.give_up(link),
                Err(stop) => {
                    self.links.give_up(link);
                    return Err(stop.into());
                }
            }
        }
        let link = self.links.link().await?;
        match begin_on(&link).await {
            Ok(head) => Ok((link, head)),
            Err(stop) => {
                self.links.give_up(link);
                Err(stop.into())
            }
        }
    }

    /// Hears what others have written since.
    async fn look(&mut self) {
        if self.sound().is_err() {
            return;
        }
        let started = Instant::now();
        let link = match self.link.take() {
            Some(link) => Ok(link),
            None => self.links.link().await,
        };
        let Ok(link) = link else { return };
        let heard = match Head::look(&link).await {
            Ok(head) if head.has_moved() => {
                self.link = Some(link);
                // Nothing is heard before it is said what has become of what was there.
                return drop(self.write(Vec::new()).await);
            }
            Ok(head) => self.hear(&link, &head).await.map(|()| head.erased),
            Err(stop) => Err(stop),
        };
        match heard {
            Ok(erased) => {
                self.freshness.send_replace(Some(started));
                self.hear_erased(link, erased).await;
            }
            Err(stop) => {
                self.links.give_up(link);
                tracing::debug!(fault = %Fault::from(stop), "the log could not be looked at");
            }
        }
    }

    /// Tells the follower what lies between what is known and `now`, and that the log is still the one that was heard.
    async fn hear(&mut self, link: &Link, head: &Head) -> Result<(), Stop> {
        let now = head.log;
        if self.beside.as_ref().is_some_and(|beside| beside.is_ahead_of(head.erased)) {
            return Err(self.fork());
        }
        if now == self.known {
            return Ok(());
        }
        if now.epoch < self.known.epoch || now.position <= self.known.position {
            return Err(self.fork());
        }
        while self.known.position < now.position {
            let entries = page(link, self.known.position, now.position, PAGE).await?;
            // What was swept has been in the log for a day; this node has not heard it for longer than that.
            let Some(known) = after(&self.known, &entries) else { return Err(self.fork()) };
            self.known = known;
            self.tell(&entries);
        }
        if self.known == now { Ok(()) } else { Err(self.fork()) }
    }

    /// Writes down whom others have erased. What the database does not say now, the next look asks for.
    async fn hear_erased(&mut self, link: Link, now: u64) {
        let heard = match &mut self.beside {
            Some(beside) => beside.hear(&link, now).await,
            None => Ok(()),
        };
        match heard {
            Ok(()) => self.link = Some(link),
            Err(_) => self.links.give_up(link),
        }
    }

    /// The database has gone back, or is another: what this node has said no longer stands there.
    fn fork(&mut self) -> Stop {
        let fault = Fault::Unfit(
            "the log of endings is no longer the one that this node has heard: the database was restored, or a standby \
             without the last entries took over; start this node anew"
                .to_owned(),
        );
        tracing::error!(%fault, "this node goes no further");
        self.forked = Some(fault.clone());
        self.freshness.send_replace(None);
        Stop::Fault(fault)
    }

    fn sound(&self) -> Result<(), Fault> {
        self.forked.clone().map_or(Ok(()), Err)
    }

    fn tell(&self, entries: &[LogEntry]) {
        if let Some(follower) = self.follower.as_ref().filter(|_| !entries.is_empty()) {
            follower.applied(entries);
        }
    }

    async fn follow(&mut self, follower: Arc<dyn Follower>) -> Result<(), Fault> {
        self.sound()?;
        if self.follower.is_some() {
            return Err(Fault::Store("its log has a follower already".to_owned()));
        }
        let link = self.links.link().await?;
        let mut after = Position::START;
        loop {
            let entries = page(&link, after, self.known.position, PAGE).await?;
            let Some(last) = entries.last() else { break };
            after = last.position;
            follower.applied(&entries);
        }
        self.follower = Some(follower);
        Ok(())
    }
}

/// What comes after a message.
enum Next {
    Wait,
    This(Message),
    Close(To<()>),
}

/// Fails every write that waits; what is not a write goes on.
fn fail_all(waiting: &mut mpsc::Receiver<Message>, next: Option<Message>) -> Next {
    let fault = Fault::Store("PostgreSQL does not answer".to_owned());
    let mut other = next;
    while other.is_none() {
        match waiting.try_recv() {
            Ok(Message::Write(work)) => work.fail(&fault),
            Ok(message) => other = Some(message),
            Err(_) => return Next::Wait,
        }
    }
    other.map_or(Next::Wait, Next::This)
}

/// Where the log stands after `entries`; none when they do not continue it, or are none.
fn after(known: &LogState, entries: &[LogEntry]) -> Option<LogState> {
    let (first, last) = (entries.first()?, entries.last()?);
    let (position, chain) = verify(entries, known.position, known.chain).ok()?;
    continues(Some(known.epoch), first).then_some(LogState { epoch: last.epoch, position, chain })
}

async fn begin_on(link: &Link) -> Result<Head, Stop> {
    link.say("BEGIN").await?;
    Head::lock(link).await
}

/// Does one piece of work in a savepoint of its own, so that a conflict undoes it alone. An error breaks the whole group.
async fn one(
    applied: &mut Applied<'_>,
    beside: Option<&Beside>,
    work: Work,
    answers: &mut Vec<Answer>,
) -> Result<(), Fault> {
    match work {
        Work::Lease(space, count, to) => {
            answers.push(Answer::Lease(applied.head.lease(space, count), to));
            Ok(())
        }
        Work::Commit(batch, sent, to) => {
            let start = applied.start().await;
            let result = match start {
                Ok(start) => match applied.batch(&batch, sent).await {
                    // INVARIANT: who is erased is in the ledger before the commit.
                    Ok(done) => remembered(beside, applied.erased_since(start)).await.map(|()| done),
                    Err(stop) => Err(stop),
                },
                Err(ref fault) => Err(Stop::Lost(fault.clone())),
            };
            let (result, broke) = settle(applied, start, result).await;
            let result = result.map(|done| {
                done.map_or_else(Outcome::Conflict, |(position, data)| Outcome::Committed(position, data))
            });
            answers.push(Answer::Commit(result, to));
            broke
        }
        Work::Remember(marks, to) => {
            let done = applied.remember(&marks).await.map_err(Fault::from);
            answers.push(Answer::Remember(done.clone(), to));
            done
        }
    }
}

async fn remembered(beside: Option<&Beside>, marks: Vec<Mark>) -> Result<(), Stop> {
    match beside {
        Some(beside) => Ok(beside.add(marks).await?),
        None => Ok(()),
    }
}

type Settled<T> = (Result<Result<T, countersign_core::batch::Conflict>, Fault>, Result<(), Fault>);

/// Keeps what was done since `start`, or undoes it; what the one who asked hears, and what breaks the whole group.
async fn settle<T>(
    applied: &mut Applied<'_>,
    start: Result<super::apply::Start, Fault>,
    result: Result<T, Stop>,
) -> Settled<T> {
    let kept = match (&result, start) {
        (_, Err(fault)) => Err(fault),
        (Err(Stop::Lost(fault) | Stop::Silent(fault)), Ok(_)) => Err(fault.clone()),
        (Err(Stop::Conflict(_) | Stop::Fault(_) | Stop::Said(_)), Ok(start)) => applied.undo(start).await,
        (Ok(_), Ok(_)) => applied.release().await,
    };
    let result = match (result, &kept) {
        (_, Err(fault)) => Err(fault.clone()),
        (Ok(done), Ok(())) => Ok(Ok(done)),
        (Err(Stop::Conflict(conflict)), Ok(())) => Ok(Err(conflict)),
        (Err(stop), Ok(())) => Err(stop.into()),
    };
    (result, kept)
}

async fn finish(link: &Link, before: Head, after: Head) -> Result<(), Stop> {
    if before != after {
        after.keep(link).await?;
    }
    link.commit().await
}

/// The most writes in one transaction.
const MOST: usize = 64;
/// A transaction takes no more writes when it carries so many bytes of session data.
const HEAVY: usize = 1024 * 1024;
/// The longest wait for others to join a transaction.
const PATIENCE: Duration = Duration::from_millis(2);
/// How many log entries are read at once.
const PAGE: u32 = 1024;
/// How often the log is looked at when nothing wakes this node.
const LOOK_EVERY: Duration = Duration::from_secs(1);
