//! The way to the one thread that writes: a queue with bounded room, and an answer for each that waits.

use std::ops::Range;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use countersign_core::Fault;
use countersign_core::batch::{Batch, Conflict, Outcome};
use countersign_core::port::{Follower, GuestChange};
use countersign_core::time::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::desk::Desk;
use super::moved::Watch;

/// The way to the writing thread.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Sender<Message>,
    room: Arc<Semaphore>,
    thread: Mutex<Option<JoinHandle<()>>>,
    moved: Watch,
}

impl Writer {
    /// Starts the thread; it owns `desk`.
    pub(super) fn start(mut desk: Desk) -> Result<Self, Fault> {
        let (queue, waiting) = channel();
        let moved = desk.watch();
        let thread = thread::Builder::new()
            .name("countersign-store".to_owned())
            .spawn(move || desk.serve(&waiting))
            .map_err(|error| Fault::Store(format!("no thread to write: {error}")))?;
        Ok(Self { queue, room: Arc::new(Semaphore::new(ROOM)), thread: Mutex::new(Some(thread)), moved })
    }

    /// Commits `batch`.
    pub(super) async fn commit(&self, batch: Batch) -> Result<Outcome, Fault> {
        let permit = self.permit().await?;
        let (answer, answered) = oneshot::channel();
        self.send(Message::Write(Write { work: Work::Commit(batch, Reply::to(answer)), _permit: permit }))?;
        answered.await.map_err(|_| gone())?
    }

    /// Takes `count` serials of `space` for good.
    pub(super) async fn lease(&self, space: Space, count: u32) -> Result<Range<u64>, Fault> {
        let permit = self.permit().await?;
        let (answer, answered) = oneshot::channel();
        self.send(Message::Write(Write {
            work: Work::Lease(space, count, Reply::to(answer)),
            _permit: permit,
        }))?;
        answered.await.map_err(|_| gone())?
    }

    /// Does `work`; answers the version of the guest's data, or how many were dropped.
    pub(super) async fn guest(&self, work: GuestWork) -> Result<Result<u64, Conflict>, Fault> {
        let permit = self.permit().await?;
        let (answer, answered) = oneshot::channel();
        self.send(Message::Write(Write { work: Work::Guest(work, Reply::to(answer)), _permit: permit }))?;
        answered.await.map_err(|_| gone())?
    }

    /// Tells `follower` the log, and then what is written to it.
    pub(super) async fn follow(&self, follower: Arc<dyn Follower>) -> Result<(), Fault> {
        let (answer, answered) = oneshot::channel();
        self.send(Message::Follow(follower, answer))?;
        answered.await.map_err(|_| gone())?
    }

    /// Whether the store is still here.
    pub(super) fn in_touch(&self) -> Result<(), Fault> {
        self.moved.in_touch()
    }

    /// Ends the thread behind what is waiting.
    pub(super) fn close(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // An error says that the thread has ended already.
            drop(self.send(Message::Close));
            if thread.join().is_err() {
                tracing::error!("the writing thread of the store has panicked");
            }
        }
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, Fault> {
        Arc::clone(&self.room).acquire_owned().await.map_err(|_| gone())
    }

    fn send(&self, message: Message) -> Result<(), Fault> {
        self.queue.send(message).map_err(|_| gone())
    }
}

fn gone() -> Fault {
    Fault::Store("it is closed".to_owned())
}

/// What the thread is asked.
pub(super) enum Message {
    Write(Write),
    Follow(Arc<dyn Follower>, oneshot::Sender<Result<(), Fault>>),
    Close,
}

/// One write that waits.
pub(super) struct Write {
    pub(super) work: Work,
    /// Room for the next one when this is answered.
    pub(super) _permit: OwnedSemaphorePermit,
}

/// What is to be written, and who waits for it.
pub(super) enum Work {
    Commit(Batch, Reply<Outcome>),
    Lease(Space, u32, Reply<Range<u64>>),
    Guest(GuestWork, Reply<Guested>),
}

impl Work {
    /// Says what was done, now that it is durable.
    pub(super) fn say(self) {
        match self {
            Self::Commit(_, reply) => reply.say(),
            Self::Lease(_, _, reply) => reply.say(),
            Self::Guest(_, reply) => reply.say(),
        }
    }

    /// Says that nothing was done, or that nobody knows.
    pub(super) fn fail(self, fault: &Fault) {
        match self {
            Self::Commit(_, reply) => reply.fail(fault),
            Self::Lease(_, _, reply) => reply.fail(fault),
            Self::Guest(_, reply) => reply.fail(fault),
        }
    }
}

/// What will be said to who waits, once the transaction is durable.
pub(super) struct Reply<T> {
    to: oneshot::Sender<Result<T, Fault>>,
    pub(super) result: Option<Result<T, Fault>>,
}

impl<T> Reply<T> {
    /// Nothing yet.
    pub(super) const fn to(to: oneshot::Sender<Result<T, Fault>>) -> Self {
        Self { to, result: None }
    }

    // Who asked may have gone away; what was done stays done. Without a result they hear that the store is closed.
    fn say(self) {
        if let Some(result) = self.result {
            drop(self.to.send(result));
        }
    }

    fn fail(self, fault: &Fault) {
        drop(self.to.send(Err(fault.clone())));
    }
}

/// What is to be done to guests.
pub(super) enum GuestWork {
    /// One change of one guest.
    Change(GuestChange),
    /// Dropping at most `limit` that were over before `before`.
    Sweep { before: Timestamp, limit: u32 },
}

/// The version of a guest's data, or how many were dropped.
pub(super) type Guested = Result<u64, Conflict>;

/// Whose serials: the two never meet.
#[derive(Clone, Copy, Debug)]
pub(super) enum Space {
    /// Sessions and grants.
    Revocable,
    /// Guests.
    Guests,
}

/// The most writes under way; the next one waits.
const ROOM: usize = 1024;
