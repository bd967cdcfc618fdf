//! The way to the desk: the one task of this node that writes. Whoever asks waits for the answer, not for the database.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign_core::Fault;
use countersign_core::batch::{Batch, Outcome};
use countersign_core::port::Follower;
use tokio::sync::{mpsc, oneshot, watch};

use super::address::Failover;
use super::ahead::{self, Sending};
use super::bell::Bell;
use super::desk::Desk;
use super::head::Space;
use super::link::Links;
use crate::ledger::{Ledger, Mark};

/// The way to the desk.
#[derive(Debug)]
pub(super) struct Writer {
    queue: mpsc::Sender<Message>,
    /// When the desk last knew the whole log.
    fresh: watch::Receiver<Option<Instant>>,
}

impl Writer {
    /// Starts the desk, with the ledger of this node beside it. It ends when this is dropped.
    ///
    /// # Errors
    /// [`Fault::Store`] when the log's head cannot be read.
    pub(super) async fn start(
        links: Links,
        bell: Bell,
        failover: Failover,
        ledger: Option<Ledger>,
    ) -> Result<Self, Fault> {
        let (queue, waiting) = mpsc::channel(ROOM);
        let (freshness, fresh) = watch::channel(None);
        let desk = Desk::open(links, bell, freshness, failover, ledger).await?;
        drop(tokio::spawn(desk.serve(waiting)));
        Ok(Self { queue, fresh })
    }

    /// Commits `batch`, whose segments are at `sent` if they are not to come along.
    pub(super) async fn commit(&self, batch: Batch, sent: Option<Arc<Sending>>) -> Result<Outcome, Fault> {
        self.ask(|to| Message::Write(Work::Commit(batch, sent, to))).await
    }

    /// Takes `count` serials of `space` for good.
    pub(super) async fn lease(&self, space: Space, count: u32) -> Result<Range<u64>, Fault> {
        self.ask(|to| Message::Write(Work::Lease(space, count, to))).await
    }

    /// Writes down that those with these marks were erased.
    pub(super) async fn remember(&self, marks: Vec<Mark>) -> Result<(), Fault> {
        self.ask(|to| Message::Write(Work::Remember(marks, to))).await
    }

    /// Tells `follower` the log, and then what is written to it.
    pub(super) async fn follow(&self, follower: Arc<dyn Follower>) -> Result<(), Fault> {
        self.ask(|to| Message::Follow(follower, to)).await
    }

    /// Ends the desk behind what is waiting.
    pub(super) async fn close(&self) {
        // A fault says that it has ended already.
        drop(self.ask(Message::Close).await);
    }

    /// Whether the desk has known the whole log within the last [`STALE`].
    pub(super) fn in_touch(&self) -> Result<(), Fault> {
        match *self.fresh.borrow() {
            Some(at) if at.elapsed() < STALE => Ok(()),
            _ => Err(Fault::Store(
                "the log of endings has not been heard from PostgreSQL for too long".to_owned(),
            )),
        }
    }

    async fn ask<T>(
        &self,
        message: impl FnOnce(oneshot::Sender<Result<T, Fault>>) -> Message,
    ) -> Result<T, Fault> {
        let (to, answered) = oneshot::channel();
        self.queue.send(message(to)).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

pub(super) fn gone() -> Fault {
    Fault::Store("it is closed".to_owned())
}

/// Where the answer to a question goes.
pub(super) type To<T> = oneshot::Sender<Result<T, Fault>>;

/// What the desk is asked.
pub(super) enum Message {
    Write(Work),
    Follow(Arc<dyn Follower>, To<()>),
    Close(To<()>),
}

/// What is to be written.
pub(super) enum Work {
    Commit(Batch, Option<Arc<Sending>>, To<Outcome>),
    Lease(Space, u32, To<Range<u64>>),
    Remember(Vec<Mark>, To<()>),
}

impl Work {
    /// How many bytes of segments it carries.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Commit(batch, None, _) => ahead::bytes(batch),
            Self::Commit(_, Some(_), _) | Self::Lease(..) | Self::Remember(..) => 0,
        }
    }

    // Who asked may have gone away.
    pub(super) fn fail(self, fault: &Fault) {
        match self {
            Self::Commit(_, _, to) => drop(to.send(Err(fault.clone()))),
            Self::Lease(_, _, to) => drop(to.send(Err(fault.clone()))),
            Self::Remember(_, to) => drop(to.send(Err(fault.clone()))),
        }
    }
}

/// The most writes that wait; the next one waits outside.
const ROOM: usize = 1024;
/// After this long without the log a node no longer knows what has ended. Longer than the second between two looks and the
/// limit of one answer together, so that one lost look is no outage.
const STALE: Duration = Duration::from_secs(5);
