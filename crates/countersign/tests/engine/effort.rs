//! Known and unknown addresses are the same work: as many reads, commits, changes, letters and draws of chance; in a soak, as much
//! time. OWASP ASVS 5.0 V6.3.8.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Instant;

use countersign::testing::{BEGIN, FixedClock, Mailbox, Rig, SeededEntropy, settings};
use countersign::{Engine, Fault, HashingLimits, MasterKey, Parts, Password, Settings};
use countersign_core::batch::{Batch, Change, Outcome};
use countersign_core::extent::{Actor, LogEntry};
use countersign_core::id::{ClientId, LoginId, Position, Serial, SlotsId, Subject, Version};
use countersign_core::port::{Entropy, Follower, LogState, Pending, SessionFilter, Store};
use countersign_core::record::session::Audience;
use countersign_core::record::{Grant, Login, OneTime, Role, Session, SpendKey};
use countersign_core::slot::SlotValue;
use countersign_store::Embedded;
use tokio::sync::Mutex;

use crate::common::{ADA, PASSWORD};

const NOBODY: &str = "eve@marsh.example";

/// What an attempt made others do.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    reads: AtomicU32,
    commits: AtomicU32,
    changes: AtomicU32,
    draws: AtomicU32,
    /// Bytes of sealed session data that were read.
    pub(crate) sealed: AtomicUsize,
    /// Holds back that a session's use was written, after it was.
    pub(crate) touches: Mutex<()>,
}

impl Tally {
    pub(crate) fn take(&self) -> [u32; 4] {
        [&self.reads, &self.commits, &self.changes, &self.draws].map(|count| count.swap(0, Ordering::SeqCst))
    }
}

#[derive(Debug)]
struct Counted {
    store: Arc<Embedded>,
    tally: Arc<Tally>,
}

impl Counted {
    fn read(&self) -> &Embedded {
        self.tally.reads.fetch_add(1, Ordering::SeqCst);
        &self.store
    }
}

impl Store for Counted {
    fn login<'a>(&'a self, id: &'a LoginId) -> Pending<'a, Option<Login>> {
        self.read().login(id)
    }
    fn session(&self, serial: Serial) -> Pending<'_, Option<Session>> {
        self.read().session(serial)
    }
    fn grant(&self, serial: Serial) -> Pending<'_, Option<Grant>> {
        self.read().grant(serial)
    }
    fn one_time<'a>(&'a self, key: &'a SpendKey) -> Pending<'a, Option<OneTime>> {
        self.read().one_time(key)
    }
    fn slot<'a>(
        &'a self,
        slots: &'a SlotsId,
        name: &'a str,
        segments: Range<u32>,
    ) -> Pending<'a, Option<SlotValue>> {
        let (reading, tally) = (self.read().slot(slots, name, segments), Arc::clone(&self.tally));
        Box::pin(async move {
            let found = reading.await?;
            let segments = found.iter().flat_map(|slot| &slot.segments);
            let sealed: usize = segments.map(|segment| segment.sealed.len()).sum();
            tally.sealed.fetch_add(sealed, Ordering::SeqCst);
            Ok(found)
        })
    }
    fn slot_names<'a>(&'a self, slots: &'a SlotsId) -> Pending<'a, Vec<(String, Version, u64)>> {
        self.read().slot_names(slots)
    }
    fn sessions<'a>(&'a self, filter: &'a SessionFilter, limit: u32) -> Pending<'a, Vec<Session>> {
        self.read().sessions(filter, limit)
    }
    fn grants<'a>(
        &'a self,
        subject: Option<&'a Subject>,
        client: Option<&'a ClientId>,
        limit: u32,
    ) -> Pending<'a, Vec<Grant>> {
        self.read().grants(subject, client, limit)
    }
    fn logins<'a>(&'a self, subject: &'a Subject, limit: u32) -> Pending<'a, Vec<Login>> {
        self.read().logins(subject, limit)
    }
    fn log_since(&self, position: Position, limit: u32) -> Pending<'_, Vec<LogEntry>> {
        self.read().log_since(position, limit)
    }
    fn log_state(&self) -> Pending<'_, LogState> {
        self.store.log_state()
    }
    fn lease_serials(&self, count: u32) -> Pending<'_, Range<u64>> {
        self.store.lease_serials(count)
    }
    fn lease_guest_serials(&self, count: u32) -> Pending<'_, Range<u64>> {
        self.store.lease_guest_serials(count)
    }
    fn commit(&self, batch: Batch) -> Pending<'_, Outcome> {
        self.tally.commits.fetch_add(1, Ordering::SeqCst);
        self.tally.changes.fetch_add(u32::try_from(batch.changes().len()).unwrap(), Ordering::SeqCst);
        let touches = batch.changes().iter().any(|change| matches!(change, Change::TouchSession { .. }));
        let (written, tally) = (self.store.commit(batch), Arc::clone(&self.tally));
        Box::pin(async move {
            let outcome = written.await;
            if touches {
                drop(tally.touches.lock().await);
            }
            outcome
        })
    }
    fn follow(&self, follower: Arc<dyn Follower>) -> Pending<'_, ()> {
        self.store.follow(follower)
    }
}

#[derive(Debug)]
struct Drawn {
    entropy: SeededEntropy,
    tally: Arc<Tally>,
}

impl Entropy for Drawn {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Fault> {
        self.tally.draws.fetch_add(1, Ordering::SeqCst);
        self.entropy.fill(bytes)
    }
}

pub(crate) struct Workshop {
    pub(crate) engine: Arc<Engine>,
    pub(crate) tally: Arc<Tally>,
    mail: Arc<Mailbox>,
    pub(crate) clock: Arc<FixedClock>,
}

impl Workshop {
    pub(crate) async fn open(hashing: HashingLimits) -> Self {
        let store = Embedded::in_memory().unwrap();
        let tally = Arc::new(Tally::default());
        let (mail, clock) = (Arc::new(Mailbox::default()), Arc::new(FixedClock::at(BEGIN)));
        let settings = Settings { hashing, ..settings() };
        let parts = Parts {
            store: Arc::new(Counted { store: Arc::clone(&store), tally: Arc::clone(&tally) }),
            guests: Arc::clone(&store) as _,
            directory: store,
            clock: clock.clone(),
            entropy: Arc::new(Drawn { entropy: SeededEntropy::new(7), tally: Arc::clone(&tally) }),
            post: Some(mail.clone()),
            master: MasterKey::from_bytes([42; 32]),
        };
        let engine = Engine::open(settings, parts).await.unwrap();
        engine.add_user(ADA, typed(PASSWORD), Role::Person, Actor::CommandLine).await.unwrap();
        tally.take();
        Self { engine, tally, mail, clock }
    }

    async fn attempt(&self, way: &str, email: &str) -> String {
        let (engine, visitor) = (&self.engine, Rig::visitor());
        let guess = typed("surely not this one");
        match way {
            "sign-in" => {
                format!("{:?}", engine.sign_in(email, guess, &visitor, Audience::Issuer, None).await.err())
            }
            "console" => {
                format!("{:?}", engine.sign_in(email, guess, &visitor, Audience::Console, None).await.err())
            }
            "sign-up" => {
                format!("{:?}", engine.sign_up(email, typed("slate harbour lantern"), &visitor).await)
            }
            "weak sign-up" => format!("{:?}", engine.sign_up(email, typed("marsh.example1"), &visitor).await),
            _ => format!("{:?}", engine.ask_reset(email, &visitor).await),
        }
    }
}

fn typed(text: &str) -> Password {
    Password::typed(text.to_owned())
}

/// The least that a hash may cost; what is measured is the work, not the cost.
pub(crate) fn hashing() -> HashingLimits {
    HashingLimits::new(HashingLimits::MEMORY_KIB_MIN, 1, 1, 1, 64).unwrap()
}

#[tokio::test]
async fn an_attempt_at_a_known_address_is_the_same_work_as_at_an_unknown_one() {
    let shop = Workshop::open(hashing()).await;
    for way in ["sign-in", "console", "sign-up", "weak sign-up", "reset"] {
        let mut seen = Vec::new();
        for email in [ADA, NOBODY] {
            let before = shop.mail.letters().len();
            let answer = shop.attempt(way, email).await;
            seen.push((answer, shop.tally.take(), shop.mail.letters().len() - before));
        }
        assert_eq!(seen[0], seen[1], "{way}: answer, [reads, commits, changes, draws], letters");
    }
}

#[tokio::test]
async fn a_throttled_address_does_not_tell_whether_it_is_known() {
    let shop = Workshop::open(hashing()).await;
    for way in ["sign-up", "reset"] {
        let mut seen = Vec::new();
        for email in [ADA, NOBODY] {
            let mut answers = Vec::new();
            for _ in 0..6 {
                answers.push(shop.attempt(way, email).await);
            }
            shop.clock.advance(std::time::Duration::from_secs(24 * 3600));
            seen.push(answers);
        }
        assert_eq!(seen[0], seen[1], "{way}");
        assert!(seen[0].iter().any(|answer| answer.contains("Throttled")), "{way}: {seen:?}");
    }
}

#[tokio::test]
#[ignore = "measures time; `cargo xtask soak` runs it"]
async fn soak_an_attempt_at_a_known_address_takes_the_time_of_an_unknown_one() {
    let shop = Workshop::open(hashing()).await;
    for way in ["sign-in", "sign-up", "reset"] {
        let mut times = [Vec::new(), Vec::new()];
        for round in 0..60 {
            for (times, email) in times.iter_mut().zip([ADA.to_owned(), format!("p{round}@marsh.example")]) {
                let begun = Instant::now();
                shop.attempt(way, &email).await;
                times.push(begun.elapsed());
                shop.clock.advance(std::time::Duration::from_secs(3600));
            }
        }
        let [known, unknown] = times.map(|mut times| {
            times.sort();
            times[times.len() / 2].as_secs_f64()
        });
        // Reading an account that is there takes a moment; a network's own noise is a hundred times that.
        let apart = (known - unknown).abs();
        assert!(apart < 0.05 * unknown + 30e-6, "{way}: {known:.6} s known, {unknown:.6} s unknown");
    }
}
