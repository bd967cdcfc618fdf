//! The engine: where the decisions of the core meet a store, a clock, chance and a mailer.
//!
//! It reads the log position first, then the records, asks the core, and commits one batch whose preconditions travel with
//! it; the view of endings is looked at last, just before an answer. The store tells the view of an ending before the
//! commit is answered, so what was answered as ended is refused from then on.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use countersign_core::audit::{AuditEntry, Event};
use countersign_core::batch::{Batch, Change, Conflict, Outcome};
use countersign_core::extent::Actor;
use countersign_core::handle::Handle;
use countersign_core::id::{ClientId, Epoch, GuestSerial, Position, Serial, Subject};
use countersign_core::policy::{self, FrontRoom, SessionRules};
use countersign_core::port::{Clock, Directory, Entropy, Follower, Guests, Letter, Overdue, Post, Store};
use countersign_core::record::Network;
use countersign_core::revoke::View;
use countersign_core::time::Timestamp;
use countersign_core::{Fault, Refusal};
use countersign_store::Front;
use tokio::sync::{Mutex, MutexGuard};

use crate::crossing::Unended;
use crate::error::{Result, unexpected};
use crate::gate::Gate;
use crate::hasher::{Hasher, HashingLimits};
use crate::high_water::Forward;
use crate::keyring::Ring;
use crate::mint::Standing;
use crate::reseal::Resealing;
use crate::roots::Roots;
use crate::secret::MasterKey;
use crate::serials::Serials;

/// What is over stays this long before it is swept, so that a late second use of a code is still known for one.
const SWEEP_AFTER: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

/// How many rows of each kind one commit sweeps: it must not hold the writer for long.
const SWEEP_ROWS: u32 = 1000;

/// How many such commits there are in one tick: 28 million sessions a day.
const SWEEPS: u32 = 20;

/// The most that wait to be swept and are counted, of each kind.
const COUNTED: u32 = 100_000;

/// How many refresh families and sessions' data change at once; more only share a lock.
const STRIPES: usize = 256;

/// How the engine is set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The issuer's address without a slash at the end, such as `https://id.shop.example`; from configuration, never from a
    /// request.
    pub issuer: String,
    /// Whether this is development: plain-http cookies, keys that sign at once, http redirects to localhost.
    pub dev: bool,
    /// How costly a password hash is.
    pub hashing: HashingLimits,
    /// How long the issuer's own sessions live, and how many one person may have; the preset holds for every application
    /// that names none.
    pub sessions: SessionRules,
    /// How many sessions this process keeps in memory.
    pub front: FrontRoom,
}

/// What the engine is made of.
#[derive(Debug)]
pub struct Parts {
    /// Sessions, grants, the log.
    pub store: Arc<dyn Store>,
    /// People, applications, keys. Usually the same engine as `store`.
    pub directory: Arc<dyn Directory>,
    /// Guests: the same engine as `store`, or one beside it that may lose everything.
    pub guests: Arc<dyn Guests>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// Letters; without it sign-up and reset are off.
    pub post: Option<Arc<dyn Post>>,
    /// The key above all others.
    pub master: MasterKey,
}

/// Who is signed in, what an application may do, and the end of both.
pub struct Engine {
    pub(crate) settings: Settings,
    pub(crate) store: Arc<dyn Store>,
    /// The same store, as checks see it: memory first.
    pub(crate) front: Arc<Front>,
    pub(crate) directory: Arc<dyn Directory>,
    pub(crate) guests: Arc<dyn Guests>,
    pub(crate) unended: Unended,
    pub(crate) post: Option<Arc<dyn Post>>,
    pub(crate) view: Arc<View>,
    pub(crate) roots: Roots,
    pub(crate) hasher: Hasher,
    pub(crate) gate: Gate,
    pub(crate) ring: ArcSwap<Ring>,
    pub(crate) standing: Standing,
    /// Held while keys are made, so that two rotations do not cross.
    pub(crate) rotating: Mutex<()>,
    pub(crate) resealing: Resealing,
    clock: Forward,
    entropy: Arc<dyn Entropy>,
    /// The epoch of the log when this engine opened it.
    opened: Epoch,
    serials: Serials,
    turns: Vec<Mutex<()>>,
}

impl Engine {
    /// Opens the engine: its keys are there or made, and its view knows every ending.
    ///
    /// # Errors
    /// [`Fault::Unfit`] when the store was sealed under another master key, the issuer's address cannot be one, or the clock is
    /// far behind the time at which the store was last used; whatever the store could not do.
    pub async fn open(settings: Settings, parts: Parts) -> Result<Arc<Self>, Fault> {
        fit(&settings)?;
        let Parts { store, directory, guests, clock, entropy, post, master } = parts;
        let roots = Roots::open(&master, &*store, &*directory, &*entropy).await?;
        let front = Arc::new(Front::new(store, settings.front.sessions()));
        let store = Arc::clone(&front) as Arc<dyn Store>;
        let view = Arc::new(View::loading());
        store.follow(Arc::clone(&view) as Arc<dyn Follower>).await?;
        let state = store.log_state().await?;
        view.ready(&state);
        if view.is_broken() {
            return Err(Fault::Unfit("its log of endings does not hang together".to_owned()));
        }
        let clock = Forward::of(clock, &*directory, state.epoch).await?;
        let mut chance = [0; 48];
        entropy.fill(&mut chance)?;
        let engine = Self {
            hasher: Hasher::new(settings.hashing, &chance)?,
            gate: Gate::default(),
            ring: ArcSwap::default(),
            standing: Standing::default(),
            rotating: Mutex::new(()),
            resealing: Resealing::of(&roots),
            serials: Serials::default(),
            turns: std::iter::repeat_with(Mutex::default).take(STRIPES).collect(),
            opened: state.epoch,
            settings,
            store,
            front,
            directory,
            guests,
            unended: Unended::default(),
            post,
            view,
            roots,
            clock,
            entropy,
        };
        engine.load_keys().await?;
        engine.renew_keys().await?;
        Ok(Arc::new(engine))
    }

    /// How the engine is set.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What this process knows of endings.
    #[must_use]
    pub const fn view(&self) -> &Arc<View> {
        &self.view
    }

    /// The incarnation of the log, as the view has heard it.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.view.epoch().unwrap_or(self.opened)
    }

    /// What keeps guests, in the epoch of this moment.
    pub(crate) fn guests(&self) -> &dyn Guests {
        self.guests.in_epoch(self.epoch());
        &*self.guests
    }

    /// Whether letters can be sent, so that sign-up and reset are on.
    #[must_use]
    pub fn mail_available(&self) -> bool {
        self.post.is_some()
    }

    /// Does the upkeep that is due, a bounded piece of it: keeps the time, sweeps what is long over, drops it from memory,
    /// rotates keys, seals anew under a new master key. Call it every minute.
    ///
    /// # Errors
    /// Whatever the store could not do; the next tick tries again.
    pub async fn tick(&self) -> Result<(), Fault> {
        self.move_high_water().await?;
        let before = self.sweeps_before();
        self.front.tick(self.now(), policy::FRONT_TICK);
        for _ in 0..SWEEPS {
            self.settle(Batch::of(Change::Sweep { before, limit: SWEEP_ROWS })).await?;
            if self.directory.overdue(before, 1).await?.is_none() {
                break;
            }
        }
        self.end_left_behind(SWEEP_ROWS).await;
        self.sweep_guests(before).await;
        self.renew_keys().await?;
        self.reseal().await
    }

    /// What keeps guests beside the store may be down, and keys are due all the same.
    async fn sweep_guests(&self, before: Timestamp) {
        for _ in 0..SWEEPS {
            match self.guests().sweep_guests(before, SWEEP_ROWS).await {
                Ok(gone) if gone < SWEEP_ROWS => return,
                Ok(_) => {}
                Err(fault) => {
                    let code = fault.code();
                    tracing::warn!(code, "guests that are over were not swept; the next tick tries again");
                    return;
                }
            }
        }
    }

    /// What should have been swept by now: none after a tick, unless more ends each minute than one tick sweeps. Counting stops
    /// at 100,000 of each kind.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn overdue(&self) -> Result<Overdue, Fault> {
        self.directory.overdue(self.sweeps_before(), COUNTED).await
    }

    fn sweeps_before(&self) -> Timestamp {
        let after = u64::try_from(SWEEP_AFTER.as_millis()).unwrap_or(u64::MAX);
        Timestamp::from_millis(self.now().millis().saturating_sub(after))
    }

    /// Waits for what is under way: the hashing threads end.
    pub async fn close(&self) {
        self.hasher.close();
    }

    /// The public form of `serial`.
    #[must_use]
    pub fn handle(&self, serial: Serial) -> Handle {
        self.roots.handles.seal(self.epoch(), serial)
    }

    /// The serial behind the text of a handle; none when it is not one of ours.
    pub(crate) fn serial_of(&self, handle: &str) -> Option<Serial> {
        self.roots.handles.open(&handle.parse().ok()?, self.epoch())
    }

    /// The serial behind a handle; none when it is not one of ours.
    pub(crate) fn open_handle(&self, handle: &Handle) -> Option<Serial> {
        self.roots.handles.open(handle, self.epoch())
    }

    /// A number that nobody else has.
    pub(crate) async fn serial(&self) -> Result<Serial, Fault> {
        self.serials.next(&*self.store).await
    }

    /// A number that no other guest has.
    pub(crate) async fn guest_serial(&self) -> Result<GuestSerial, Fault> {
        self.serials.next_guest(&*self.store).await
    }

    /// `N` unpredictable bytes.
    pub(crate) fn chance<const N: usize>(&self) -> Result<[u8; N], Fault> {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// Commits `batch`, or says which precondition did not hold.
    pub(crate) async fn commit(&self, batch: Batch) -> Result<Result<Position, Conflict>, Fault> {
        Ok(match self.store.commit(batch).await? {
            Outcome::Committed(position, _) => Ok(position),
            Outcome::Conflict(conflict) => Err(conflict),
        })
    }

    /// Commits `batch`; a conflict is a refusal with no more to say.
    pub(crate) async fn put(&self, batch: Batch) -> Result<Position> {
        self.commit(batch).await?.map_err(unexpected)
    }

    /// Commits a batch that has no precondition that could fail.
    pub(crate) async fn settle(&self, batch: Batch) -> Result<(), Fault> {
        match self.store.commit(batch).await? {
            Outcome::Committed(..) => Ok(()),
            Outcome::Conflict(conflict) => {
                Err(Fault::Store(format!("a plain write was refused: {conflict:?}")))
            }
        }
    }

    /// The lock that makes the moves of one refresh family, or the changes of one session's data, take turns in this process.
    pub(crate) async fn turn(&self, of: Serial) -> Option<MutexGuard<'_, ()>> {
        self.turn_at(of.number()).await
    }

    /// As [`Engine::turn`], of a session or a guest with this number.
    pub(crate) async fn turn_at(&self, number: u64) -> Option<MutexGuard<'_, ()>> {
        let stripe = usize::try_from(number).unwrap_or_default().checked_rem(self.turns.len())?;
        match self.turns.get(stripe) {
            Some(lock) => Some(lock.lock().await),
            None => None,
        }
    }

    /// A line for the audit log.
    pub(crate) fn line(&self, by: Actor, event: Event) -> Line {
        Line(AuditEntry { at: self.now(), by, event, subject: None, client: None, network: None })
    }

    /// Hands a letter to the mailer.
    pub(crate) async fn send(&self, letter: Letter) -> Result<()> {
        let Some(post) = &self.post else { return Err(Refusal::MailOff.into()) };
        Ok(post.send(letter).await?)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("issuer", &self.settings.issuer)
            .field("view", &self.view)
            .finish_non_exhaustive()
    }
}

/// A line for the audit log, being written.
#[derive(Debug)]
pub(crate) struct Line(AuditEntry);

impl Line {
    /// To whom it happened.
    pub(crate) fn about(mut self, subject: &Subject) -> Self {
        self.0.subject = Some(subject.clone());
        self
    }

    /// With which application.
    pub(crate) fn with(mut self, client: &ClientId) -> Self {
        self.0.client = Some(client.clone());
        self
    }

    /// From which network prefix.
    pub(crate) fn from(mut self, network: &Network) -> Self {
        self.0.network = Some(network.clone());
        self
    }
}

impl From<Line> for AuditEntry {
    fn from(line: Line) -> Self {
        line.0
    }
}

/// Joins batches into one.
pub(crate) fn joined(batches: impl IntoIterator<Item = Batch>) -> Batch {
    batches.into_iter().flat_map(|batch| batch.changes().to_vec()).fold(Batch::new(), Batch::with)
}

fn fit(settings: &Settings) -> Result<(), Fault> {
    let unfit = |why: &str| Err(Fault::Unfit(format!("the issuer `{}` {why}", settings.issuer)));
    let plain = settings.issuer.starts_with("http://");
    if !plain && !settings.issuer.starts_with("https://") {
        return unfit("does not begin with https://");
    }
    if plain && !settings.dev {
        return unfit("is plain http; only development may be");
    }
    if settings.issuer.ends_with('/') || settings.issuer.contains(['?', '#', ' ']) {
        return unfit("ends with a slash or carries a query");
    }
    Ok(())
}
