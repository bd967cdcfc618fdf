//! An engine for tests: a clock that you move, chance that repeats, hashes that cost nothing, a mailbox you can read.
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use countersign::testing::Rig;
//! let rig = Rig::new().await?;
//! rig.person("ada@example.com", "lantern rope harbour").await?;
//! let ada = rig.sign_in("ada@example.com", "lantern rope harbour").await?;
//! rig.clock.advance(std::time::Duration::from_secs(60));
//! # Ok(()) }
//! ```

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use countersign_core::Fault;
use countersign_core::extent::Actor;
use countersign_core::policy::{FrontRoom, SessionRules};
use countersign_core::port::{Clock, Directory, Entropy, Guests, Letter, Pending, Post, Store};
use countersign_core::record::session::Audience;
use countersign_core::record::{Role, User};
use countersign_core::signin::password::Password;
use countersign_core::time::Timestamp;
use countersign_jose::primitive::sha256;
use countersign_store::{Durability, Embedded};

use crate::engine::{Engine, Parts, Settings};
use crate::error::Result;
use crate::hasher::HashingLimits;
use crate::logins::SignedIn;
use crate::secret::MasterKey;
use crate::visitor::Visitor;

/// When every rig begins: 15 January 2027.
pub const BEGIN: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// A clock that moves when told to.
#[derive(Debug)]
pub struct FixedClock(AtomicU64);

impl FixedClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self(AtomicU64::new(now.millis()))
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl FixedClock {
    /// Sets the clock back, as somebody does who sets the time of a machine.
    pub fn turn_back(&self, by: Duration) {
        let millis = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.0.fetch_sub(millis, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Chance that is the same for the same seed, and never repeats within one.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: u64,
    drawn: AtomicU64,
}

impl SeededEntropy {
    /// The chance of `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed, drawn: AtomicU64::new(0) }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Fault> {
        for chunk in bytes.chunks_mut(32) {
            let number = self.drawn.fetch_add(1, Ordering::SeqCst);
            let block = sha256(&[self.seed.to_be_bytes(), number.to_be_bytes()].concat());
            for (byte, chance) in chunk.iter_mut().zip(block) {
                *byte = chance;
            }
        }
        Ok(())
    }
}

/// A mailer that keeps its letters.
#[derive(Debug, Default)]
pub struct Mailbox(Mutex<Vec<Letter>>);

impl Mailbox {
    /// All letters so far, oldest first.
    #[must_use]
    pub fn letters(&self) -> Vec<Letter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The code in the link of the newest letter.
    #[must_use]
    pub fn code(&self) -> Option<String> {
        let text = self.letters().pop()?.text;
        let (_, rest) = text.split_once("code=")?;
        rest.split_whitespace().next().map(str::to_owned)
    }
}

impl Post for Mailbox {
    fn send(&self, letter: Letter) -> Pending<'_, ()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(letter);
        Box::pin(std::future::ready(Ok(())))
    }
}

/// An engine on a store of its own, in memory or in a folder that goes when the rig is dropped.
#[derive(Debug)]
pub struct Rig {
    /// The engine.
    pub engine: Arc<Engine>,
    /// Its clock.
    pub clock: Arc<FixedClock>,
    /// Its mailer.
    pub mail: Arc<Mailbox>,
    pub(crate) store: Arc<Embedded>,
    /// None in memory.
    folder: Option<Folder>,
    runs: u64,
}

impl Rig {
    /// An engine on an empty store in a folder, so that it can be closed and opened again.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn new() -> Result<Self, Fault> {
        let clock = Arc::new(FixedClock::at(BEGIN));
        Self::open(Folder::new()?, clock, Arc::new(Mailbox::default()), 1, master()).await
    }

    /// An engine on an empty store in memory whose sessions live by `rules`. It writes no file, and what it knew is gone
    /// when it is closed.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn in_memory(rules: SessionRules) -> Result<Self, Fault> {
        let clock = Arc::new(FixedClock::at(BEGIN));
        let settings = Settings { sessions: rules, ..settings() };
        Self::set(settings, None, clock, Arc::new(Mailbox::default()), 1, master()).await
    }

    /// An engine on an empty store with the settings of production: `https`, keys that wait before they sign.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn production() -> Result<Self, Fault> {
        let (folder, clock) = (Folder::new()?, Arc::new(FixedClock::at(BEGIN)));
        let settings = Settings {
            issuer: "https://id.example".to_owned(),
            dev: false,
            hashing: HashingLimits::cheap(),
            sessions: SessionRules::default(),
            front: FrontRoom::default(),
        };
        Self::set(settings, Some(folder), clock, Arc::new(Mailbox::default()), 1, master()).await
    }

    /// An engine on a copy of a closed store.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn copy_of(closed: &Folder) -> Result<Self, Fault> {
        let folder = Folder::new()?;
        closed.copy_into(&folder).map_err(|why| Fault::Store(why.to_string()))?;
        let clock = Arc::new(FixedClock::at(BEGIN));
        Self::open(folder, clock, Arc::new(Mailbox::default()), 2, master()).await
    }

    /// Closes the engine and its store; answers the folder that the store was in.
    pub async fn close(self) -> Option<Folder> {
        self.engine.close().await;
        drop(self.engine);
        self.store.close();
        self.folder
    }

    /// Closes the engine and its store and opens both again.
    ///
    /// # Errors
    /// What the store could not do, and [`Fault::Unfit`] of one in memory, which is gone.
    pub async fn restart(self) -> Result<Self, Fault> {
        self.restart_under(master()).await
    }

    /// As [`Rig::restart`], under another master key.
    ///
    /// # Errors
    /// [`Fault::Unfit`], as it should be.
    pub async fn restart_under(self, master: MasterKey) -> Result<Self, Fault> {
        let (clock, mail, runs) = (Arc::clone(&self.clock), Arc::clone(&self.mail), self.runs + 1);
        let gone = || Fault::Unfit("a store in memory is gone when it is closed".to_owned());
        Self::open(self.close().await.ok_or_else(gone)?, clock, mail, runs, master).await
    }

    /// Opens an account.
    ///
    /// # Errors
    /// As [`Engine::add_user`].
    pub async fn person(&self, email: &str, password: &str) -> Result<User> {
        let password = Password::typed(password.to_owned());
        self.engine.add_user(email, password, Role::Person, Actor::CommandLine).await
    }

    /// Signs in to the issuer's own pages.
    ///
    /// # Errors
    /// As [`Engine::sign_in`].
    pub async fn sign_in(&self, email: &str, password: &str) -> Result<SignedIn> {
        let password = Password::typed(password.to_owned());
        self.engine.sign_in(email, password, &Self::visitor(), Audience::Issuer, None).await
    }

    /// Where its store keeps its files; none in memory.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_ref().map(Folder::as_ref)
    }

    /// A visitor with Firefox on Linux.
    #[must_use]
    pub fn visitor() -> Visitor {
        Visitor::from_parts(Some("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"), [203, 0, 113, 9].into())
    }

    async fn open(
        folder: Folder,
        clock: Arc<FixedClock>,
        mail: Arc<Mailbox>,
        runs: u64,
        master: MasterKey,
    ) -> Result<Self, Fault> {
        Self::set(settings(), Some(folder), clock, mail, runs, master).await
    }

    async fn set(
        settings: Settings,
        folder: Option<Folder>,
        clock: Arc<FixedClock>,
        mail: Arc<Mailbox>,
        runs: u64,
        master: MasterKey,
    ) -> Result<Self, Fault> {
        let store = match &folder {
            Some(folder) => Embedded::open(&folder.0, Durability::Relaxed)?,
            None => Embedded::in_memory()?,
        };
        let parts = Parts {
            store: Arc::clone(&store) as Arc<dyn Store>,
            directory: Arc::clone(&store) as Arc<dyn Directory>,
            guests: Arc::clone(&store) as Arc<dyn Guests>,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entropy: Arc::new(SeededEntropy::new(runs)),
            post: Some(Arc::clone(&mail) as Arc<dyn Post>),
            master,
        };
        let engine = Engine::open(settings, parts).await?;
        Ok(Self { engine, clock, mail, store, folder, runs })
    }
}

/// The settings of an engine in development whose passwords cost nothing to hash: for tests of something else, with a clock, a
/// store or a chance that no [`Rig`] has.
///
/// ```
/// assert!(countersign::testing::settings().dev);
/// ```
#[must_use]
pub fn settings() -> Settings {
    Settings {
        issuer: "http://localhost:8321".to_owned(),
        dev: true,
        hashing: HashingLimits::cheap(),
        sessions: SessionRules::default(),
        front: FrontRoom::default(),
    }
}

fn master() -> MasterKey {
    MasterKey::from_bytes([42; 32])
}

/// A folder of its own for a store; it goes when this is dropped.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    fn copy_into(&self, other: &Self) -> std::io::Result<()> {
        for entry in std::fs::read_dir(&self.0)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                std::fs::copy(entry.path(), other.0.join(entry.file_name()))?;
            }
        }
        Ok(())
    }

    fn new() -> Result<Self, Fault> {
        let mut chance = [0; 8];
        crate::outside::SystemEntropy.fill(&mut chance)?;
        let path = std::env::temp_dir().join(format!("countersign-rig-{:016x}", u64::from_be_bytes(chance)));
        std::fs::create_dir_all(&path).map_err(|why| Fault::Store(why.to_string()))?;
        Ok(Self(path))
    }
}

impl AsRef<Path> for Folder {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is the temporary folder's to clean.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
