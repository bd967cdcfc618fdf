//! What memory must not do: bring back what ended, read twice what one reading answers, or grow without bound.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use countersign_core::Fault;
use countersign_core::batch::{Batch, Change, Outcome};
use countersign_core::extent::{Actor, Ending, Extent, LogEntry, Reason};
use countersign_core::id::{ClientId, LoginId, Position, Serial, SlotsId, Subject, Version};
use countersign_core::port::{Directory, Follower, LogState, Pending, SessionFilter, Store};
use countersign_core::record::{Grant, Login, OneTime, Session, SpendKey};
use countersign_core::revoke::View;
use countersign_core::slot::SlotValue;
use countersign_core::time::Timestamp;
use serde_json::json;
use tokio::sync::Semaphore;

use super::Front;
use crate::Embedded;
use crate::conformance::{self, Candidate};

/// A place where answers wait, and where a test sees that one has come.
#[derive(Debug)]
struct Gate {
    shut: AtomicBool,
    arrived: Semaphore,
    passed: Semaphore,
}

impl Gate {
    const fn open() -> Self {
        Self {
            shut: AtomicBool::new(false),
            arrived: Semaphore::const_new(0),
            passed: Semaphore::const_new(0),
        }
    }

    fn shut(&self) {
        self.shut.store(true, Ordering::SeqCst);
    }

    async fn pass(&self) {
        if self.shut.load(Ordering::SeqCst) {
            self.arrived.add_permits(1);
            self.passed.acquire().await.unwrap().forget();
        }
    }

    async fn arrival(&self) {
        self.arrived.acquire().await.unwrap().forget();
    }

    fn let_go(&self) {
        self.shut.store(false, Ordering::SeqCst);
        self.passed.add_permits(1);
    }
}

/// A store whose answers a test holds back after they were made.
#[derive(Debug)]
struct Slow {
    inner: Arc<Embedded>,
    reads: AtomicU32,
    broken: AtomicBool,
    reading: Gate,
    committing: Gate,
}

impl Store for Slow {
    fn session(&self, serial: Serial) -> Pending<'_, Option<Session>> {
        Box::pin(async move {
            self.reads.fetch_add(1, Ordering::SeqCst);
            let found = self.inner.session(serial).await;
            self.reading.pass().await;
            if self.broken.load(Ordering::SeqCst) { Err(Fault::Store("gone".to_owned())) } else { found }
        })
    }

    fn commit(&self, batch: Batch) -> Pending<'_, Outcome> {
        Box::pin(async move {
            let held = batch.changes().iter().any(|change| matches!(change, Change::StartSession(_)));
            let outcome = self.inner.commit(batch).await;
            if held {
                self.committing.pass().await;
            }
            outcome
        })
    }

    fn follow(&self, follower: Arc<dyn Follower>) -> Pending<'_, ()> {
        self.inner.follow(follower)
    }

    fn login<'a>(&'a self, id: &'a LoginId) -> Pending<'a, Option<Login>> {
        self.inner.login(id)
    }

    fn grant(&self, serial: Serial) -> Pending<'_, Option<Grant>> {
        self.inner.grant(serial)
    }

    fn one_time<'a>(&'a self, key: &'a SpendKey) -> Pending<'a, Option<OneTime>> {
        self.inner.one_time(key)
    }

    fn slot<'a>(
        &'a self,
        slots: &'a SlotsId,
        name: &'a str,
        segments: Range<u32>,
    ) -> Pending<'a, Option<SlotValue>> {
        self.inner.slot(slots, name, segments)
    }

    fn slot_names<'a>(&'a self, slots: &'a SlotsId) -> Pending<'a, Vec<(String, Version, u64)>> {
        self.inner.slot_names(slots)
    }

    fn sessions<'a>(&'a self, filter: &'a SessionFilter, limit: u32) -> Pending<'a, Vec<Session>> {
        self.inner.sessions(filter, limit)
    }

    fn grants<'a>(
        &'a self,
        subject: Option<&'a Subject>,
        client: Option<&'a ClientId>,
        limit: u32,
    ) -> Pending<'a, Vec<Grant>> {
        self.inner.grants(subject, client, limit)
    }

    fn logins<'a>(&'a self, subject: &'a Subject, limit: u32) -> Pending<'a, Vec<Login>> {
        self.inner.logins(subject, limit)
    }

    fn log_since(&self, position: Position, limit: u32) -> Pending<'_, Vec<LogEntry>> {
        self.inner.log_since(position, limit)
    }

    fn log_state(&self) -> Pending<'_, LogState> {
        self.inner.log_state()
    }

    fn lease_serials(&self, count: u32) -> Pending<'_, Range<u64>> {
        self.inner.lease_serials(count)
    }

    fn lease_guest_serials(&self, count: u32) -> Pending<'_, Range<u64>> {
        self.inner.lease_guest_serials(count)
    }
}

const SUBJECT: &str = "usr_00000000000000000000000000000001";
const LOGIN: &str = "login_00000000000000000000000000000002";

fn serial(number: u64) -> Serial {
    Serial::new(number).unwrap()
}

/// Begins at 2 s, idles for 100 s, is over at 1000 s.
fn session(number: u64) -> Session {
    let made = json!({"serial": number, "login": LOGIN, "subject": SUBJECT, "audience": {"client": "shop"},
        "secret": vec![7; 32], "slots": format!("data_{number:032x}"), "born": 0, "auth_time": 1000, "begun": 2000,
        "seen": 2000, "idle": {"secs": 100, "nanos": 0}, "expires": 1_000_000, "device": "x", "network": "x",
        "ended": null});
    serde_json::from_value(made).unwrap()
}

fn end(extent: Extent) -> Batch {
    let ending = Ending { at: Timestamp::from_seconds(5), reason: Reason::SignedOut, by: Actor::System };
    Batch::of(Change::End { extent, ending })
}

/// A front over a slow store with one login, its log followed.
struct House {
    front: Arc<Front>,
    slow: Arc<Slow>,
}

impl House {
    async fn of(most: usize) -> Self {
        let inner = Embedded::in_memory().unwrap();
        let user = json!({"subject": SUBJECT, "email": "ada@mail.example", "role": "person", "password": "x",
            "generation": 0, "data_key": [], "since": 0});
        let login = json!({"id": LOGIN, "subject": SUBJECT, "born": 0, "generation": 0, "at": 1000,
            "methods": ["pwd"], "device": "x", "network": "x", "expires": 9_000_000, "ended": null});
        let begun = Batch::of(Change::AddUser(serde_json::from_value(user).unwrap()))
            .with(Change::BeginLogin(serde_json::from_value(login).unwrap()));
        let _ = inner.commit(begun).await.unwrap();
        let slow = Arc::new(Slow {
            inner,
            reads: AtomicU32::new(0),
            broken: AtomicBool::new(false),
            reading: Gate::open(),
            committing: Gate::open(),
        });
        let front = Arc::new(Front::new(Arc::clone(&slow) as Arc<dyn Store>, most));
        front.follow(Arc::new(View::loading())).await.unwrap();
        Self { front, slow }
    }

    async fn start(&self, number: u64) {
        commit(&*self.front, Batch::of(Change::StartSession(session(number)))).await;
    }

    /// Behind the front's back, as another node would.
    async fn elsewhere(&self, change: Change) {
        commit(&*self.slow.inner, Batch::of(change)).await;
    }

    fn reads(&self) -> u32 {
        self.slow.reads.load(Ordering::SeqCst)
    }

    /// Whether memory says that it is over; none when it says nothing.
    fn over(&self, number: u64) -> Option<bool> {
        self.front.peek(serial(number), |_, standing| standing.over)
    }

    fn fetching(&self, number: u64) -> tokio::task::JoinHandle<Result<Option<super::Fill>, Fault>> {
        let front = Arc::clone(&self.front);
        tokio::spawn(async move { front.fetch(serial(number)).await })
    }
}

async fn commit(store: &dyn Store, batch: Batch) {
    assert!(matches!(store.commit(batch).await.unwrap(), Outcome::Committed(..)));
}

#[tokio::test]
async fn a_session_is_read_once_and_one_that_was_started_here_never() {
    let house = House::of(10).await;
    house.start(1).await;
    assert_eq!(house.over(1), Some(false));
    house.elsewhere(Change::StartSession(session(2))).await;
    assert_eq!(house.over(2), None);
    assert!(house.front.fetch(serial(2)).await.unwrap().is_some());
    for _ in 0..100 {
        assert_eq!(house.over(2), Some(false));
    }
    assert_eq!(house.reads(), 1);
}

#[tokio::test]
async fn those_who_ask_at_once_share_one_reading() {
    let house = House::of(10).await;
    house.elsewhere(Change::StartSession(session(1))).await;
    house.slow.reading.shut();
    let asked: Vec<_> = (0..16).map(|_| house.fetching(1)).collect();
    house.slow.reading.arrival().await;
    // On one thread everybody has asked by the time that this goes on.
    tokio::task::yield_now().await;
    house.slow.reading.let_go();
    for one in asked {
        assert!(one.await.unwrap().unwrap().is_some());
    }
    assert_eq!(house.reads(), 1);
}

#[tokio::test]
async fn a_reader_that_goes_away_leaves_the_reading_to_the_next() {
    let house = House::of(10).await;
    house.elsewhere(Change::StartSession(session(1))).await;
    house.slow.reading.shut();
    let first = house.fetching(1);
    house.slow.reading.arrival().await;
    let second = house.fetching(1);
    tokio::task::yield_now().await;
    first.abort();
    house.slow.reading.arrival().await;
    house.slow.reading.let_go();
    assert!(second.await.unwrap().unwrap().is_some());
    assert_eq!(house.reads(), 2);
}

#[tokio::test]
async fn a_reading_does_not_bring_back_what_ended_meanwhile() {
    let house = House::of(10).await;
    house.elsewhere(Change::StartSession(session(1))).await;
    house.slow.reading.shut();
    let reading = house.fetching(1);
    // It has been read alive; now it ends, and only then the reading is told.
    house.slow.reading.arrival().await;
    commit(&*house.front, end(Extent::Session(serial(1)))).await;
    house.slow.reading.let_go();
    let told = reading.await.unwrap().unwrap().unwrap();
    assert!(told.over);
    assert_eq!(house.over(1), Some(true));
    // Nor whose it was, neither in memory nor in what is told.
    for brief in [told.brief, house.front.peek(serial(1), |brief, _| brief.clone()).unwrap()] {
        assert_eq!(brief.admitted(serial(1)).subject().bytes(), [0; 16]);
    }
}

#[tokio::test]
async fn a_start_whose_answer_is_late_does_not_undo_an_ending_behind_it() {
    let house = House::of(10).await;
    house.slow.committing.shut();
    let front = Arc::clone(&house.front);
    let starting =
        tokio::spawn(async move { front.commit(Batch::of(Change::StartSession(session(1)))).await });
    house.slow.committing.arrival().await;
    commit(&*house.front, end(Extent::Login(LOGIN.parse().unwrap()))).await;
    house.slow.committing.let_go();
    assert!(matches!(starting.await.unwrap().unwrap(), Outcome::Committed(..)));
    assert_eq!(house.over(1), Some(true));
}

#[tokio::test]
async fn an_ending_is_in_memory_before_its_answer_and_names_nobody() {
    let house = House::of(10).await;
    house.start(1).await;
    let named = |house: &House| house.front.peek(serial(1), |brief, _| brief.admitted(serial(1)).subject());
    assert_eq!(named(&house).unwrap().as_str(), SUBJECT);
    let erase = Change::EraseUser {
        subject: SUBJECT.parse().unwrap(),
        ending: Ending { at: Timestamp::from_seconds(5), reason: Reason::Erased, by: Actor::System },
    };
    commit(&*house.front, Batch::of(erase)).await;
    assert_eq!(house.over(1), Some(true));
    assert_eq!(named(&house).unwrap().bytes(), [0; 16]);
    // And a reading finds that there is nothing.
    assert_eq!(house.front.fetch(serial(1)).await.unwrap(), None);
    assert_eq!(house.over(1), None);
}

#[tokio::test]
async fn what_is_not_there_is_not_remembered() {
    let house = House::of(10).await;
    for _ in 0..3 {
        assert_eq!(house.front.fetch(serial(1)).await.unwrap(), None);
    }
    assert_eq!(house.reads(), 3);
    house.elsewhere(Change::StartSession(session(1))).await;
    assert!(house.front.fetch(serial(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_fault_is_told_to_all_who_waited_and_forgotten() {
    let house = House::of(10).await;
    house.elsewhere(Change::StartSession(session(1))).await;
    house.slow.broken.store(true, Ordering::SeqCst);
    house.slow.reading.shut();
    let asked: Vec<_> = (0..4).map(|_| house.fetching(1)).collect();
    house.slow.reading.arrival().await;
    tokio::task::yield_now().await;
    house.slow.reading.let_go();
    for one in asked {
        assert!(one.await.unwrap().is_err());
    }
    assert_eq!((house.reads(), house.over(1)), (1, None));
    house.slow.broken.store(false, Ordering::SeqCst);
    assert!(house.front.fetch(serial(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn reading_again_hears_of_another_nodes_touch_and_never_goes_back() {
    let house = House::of(10).await;
    house.start(1).await;
    let seen = |house: &House| house.front.peek(serial(1), |_, standing| standing.seen.seconds()).unwrap();
    house.elsewhere(Change::TouchSession { serial: serial(1), seen: Timestamp::from_seconds(50) }).await;
    assert_eq!(seen(&house), 2);
    assert_eq!(house.front.fetch(serial(1)).await.unwrap().unwrap().seen.seconds(), 50);
    assert_eq!(seen(&house), 50);
    commit(
        &*house.front,
        Batch::of(Change::TouchSession { serial: serial(1), seen: Timestamp::from_seconds(60) }),
    )
    .await;
    assert_eq!(seen(&house), 60);
}

#[tokio::test]
async fn one_of_those_who_saw_a_touch_due_claims_it() {
    let house = House::of(10).await;
    house.start(1).await;
    let [was, now] = [2, 9].map(Timestamp::from_seconds);
    let claim = house.front.claim(serial(1), was, now).unwrap();
    assert!(house.front.claim(serial(1), was, now).is_none());
    // It was not written, so it falls to the next.
    drop(claim);
    house.front.claim(serial(1), was, now).unwrap().written();
    assert!(house.front.claim(serial(1), was, now).is_none());
    assert!(house.front.claim(serial(9), was, now).is_some());
}

#[tokio::test]
async fn memory_is_bounded_and_keeps_what_is_used() {
    let house = House::of(10).await;
    for number in 1..=100 {
        house.start(number).await;
        // Somebody comes with session 1 all the time.
        assert_eq!(house.over(1), Some(false), "after {number}");
        assert!(house.front.len() <= 10);
    }
    assert_eq!(house.over(100), Some(false));
    assert_eq!(house.over(50), None);
    // When all are used, one goes all the same.
    for number in 91..=110 {
        for there in 1..=number {
            let _ = house.over(there);
        }
        if number > 100 {
            house.start(number).await;
        }
    }
    assert_eq!(house.front.len(), 10);
}

#[tokio::test]
async fn a_tick_drops_what_is_over_a_bounded_piece_at_a_time() {
    let house = House::of(100).await;
    for number in 1..=9 {
        house.start(number).await;
    }
    commit(&*house.front, end(Extent::Session(serial(8)))).await;
    house.front.tick(Timestamp::from_seconds(10), 100);
    assert_eq!((house.front.len(), house.over(8)), (8, None));
    house.front.tick(Timestamp::from_seconds(1000), 3);
    assert_eq!(house.front.len(), 5);
    house.front.tick(Timestamp::from_seconds(1000), 100);
    assert!(house.front.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_reading_raced_with_an_ending_brings_it_back() {
    let house = House::of(10_000).await;
    for number in 1..=500 {
        house.elsewhere(Change::StartSession(session(number))).await;
        let readings: Vec<_> = (0..4).map(|_| house.fetching(number)).collect();
        let ending = house.front.commit(end(Extent::Session(serial(number))));
        assert!(matches!(ending.await.unwrap(), Outcome::Committed(..)));
        for reading in readings {
            let _ = reading.await.unwrap().unwrap();
        }
        assert_ne!(house.over(number), Some(false), "session {number}");
    }
}

#[tokio::test]
async fn of_ten_thousand_endings_no_slow_writer_behind_a_front_undoes_one() {
    let inner = Embedded::in_memory().unwrap();
    let store = Arc::new(Front::new(Arc::clone(&inner) as Arc<dyn Store>, 5000));
    let candidate = Candidate { store, directory: inner as Arc<dyn Directory> };
    conformance::race_endings(candidate, 10_000).await.unwrap();
}

#[tokio::test]
async fn a_front_is_as_good_a_store_as_the_one_behind_it() {
    let failed = conformance::run(|| async {
        let inner = Embedded::in_memory().unwrap();
        let store = Arc::new(Front::new(Arc::clone(&inner) as Arc<dyn Store>, 3));
        Candidate { store, directory: inner as Arc<dyn Directory> }
    });
    let failed = tokio::time::timeout(Duration::from_secs(120), failed).await.unwrap();
    assert!(failed.is_empty(), "{failed:?}");
}
