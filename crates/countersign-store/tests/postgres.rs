//! PostgreSQL as the authority: it passes the conformance suite, several nodes share it without overtaking each other, and no
//! fault of it loses what was acknowledged or brings back what was ended.

#![cfg(feature = "postgres")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "tests"
)]

#[path = "support/certificates.rs"]
mod certificates;
#[path = "crash/deeds.rs"]
mod deeds;
#[path = "postgres/erased.rs"]
mod erased;
#[path = "postgres/faults.rs"]
mod faults;
#[path = "crash/judge.rs"]
#[expect(dead_code, reason = "the tests of the embedded store use the rest")]
mod judge;
#[path = "postgres/killed.rs"]
mod killed;
#[path = "postgres/large.rs"]
mod large;
#[path = "postgres/migrate.rs"]
mod migrate;
#[path = "postgres/nodes.rs"]
mod nodes;
#[path = "crash/process.rs"]
mod process;
#[path = "postgres/standby.rs"]
mod standby;
#[path = "support/postgres.rs"]
mod support;
#[path = "postgres/tls.rs"]
mod tls;

use std::sync::{Arc, Mutex};

use countersign_core::Fault;
use countersign_core::batch::{Batch, Change, Outcome};
use countersign_core::extent::{Actor, Ending, Extent, LogEntry, LogKind, Reason};
use countersign_core::id::{Position, Serial, Subject};
use countersign_core::port::{Directory, Follower, Guests, Store};
use countersign_core::time::Timestamp;
use countersign_store::Postgres;
use countersign_store::conformance::{Candidate, Checked, checks, guests, race_endings};
use serde_json::json;
use support::Server;

fn subject(number: u64) -> Subject {
    serde_json::from_value(json!(format!("usr_{number:032x}"))).unwrap()
}

/// Opens person `number`'s account.
fn user(number: u64) -> Change {
    let user = json!({
        "subject": subject(number), "email": format!("person{number}@mail.example"), "role": "person",
        "password": "$argon2id$first", "generation": 0, "data_key": [1, 2, 3], "since": 5,
    });
    Change::AddUser(serde_json::from_value(user).unwrap())
}

/// Begins login `number` of `person`.
fn login(number: u64, person: u64) -> Change {
    let login = json!({
        "id": format!("login_{number:032x}"), "subject": subject(person), "born": 0, "generation": 0, "at": 1000,
        "methods": ["pwd"], "device": "Firefox, Linux", "network": "203.0.113.0/24", "expires": 9_000_000,
        "ended": null,
    });
    Change::BeginLogin(serde_json::from_value(login).unwrap())
}

/// Starts session `number` on login `on` of `person`.
fn session(number: u64, on: u64, person: u64) -> Change {
    let secret = [7; 32];
    let session = json!({
        "serial": number, "login": format!("login_{on:032x}"), "subject": subject(person),
        "audience": {"client": "shop"}, "secret": secret, "slots": format!("data_{number:032x}"), "born": 0,
        "auth_time": 1000, "begun": 2000, "seen": 2000, "idle": {"secs": 100, "nanos": 0}, "expires": 9_000_000,
        "device": "Firefox, Linux", "network": "203.0.113.0/24", "ended": null,
    });
    Change::StartSession(serde_json::from_value(session).unwrap())
}

fn end(extent: Extent) -> Change {
    let ending = Ending { at: Timestamp::from_seconds(3), reason: Reason::SignedOut, by: Actor::System };
    Change::End { extent, ending }
}

fn serial(number: u64) -> Serial {
    Serial::new(number).unwrap()
}

async fn done(store: &Postgres, batch: Batch) -> Position {
    match store.commit(batch).await.unwrap() {
        Outcome::Committed(position, _) => position,
        Outcome::Conflict(conflict) => panic!("{conflict:?}"),
    }
}

/// Remembers what it hears.
#[derive(Debug, Default)]
struct Listener {
    heard: Mutex<Vec<LogEntry>>,
    more: tokio::sync::Notify,
}

impl Follower for Listener {
    fn applied(&self, entries: &[LogEntry]) {
        self.heard.lock().unwrap().extend_from_slice(entries);
        self.more.notify_one();
    }
}

impl Listener {
    async fn of(store: &Postgres) -> Arc<Self> {
        let listener = Arc::new(Self::default());
        store.follow(Arc::<Self>::clone(&listener)).await.unwrap();
        listener
    }

    fn heard(&self) -> Vec<LogEntry> {
        self.heard.lock().unwrap().clone()
    }

    /// Waits until it has heard up to `position`.
    async fn reaches(&self, position: Position) {
        while self.heard.lock().unwrap().last().is_none_or(|entry| entry.position < position) {
            self.more.notified().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_passes_every_check_of_the_conformance_suite() {
    let failed = each(checks(), |check, postgres| {
        let store: Arc<dyn Store> = Arc::<Postgres>::clone(&postgres);
        check(Candidate { store, directory: postgres })
    });
    assert_eq!(failed.await, [""; 0]);
}

/// Runs each check on a store that nothing has been written to; the names of those that fail with what they saw. One after
/// the other, since some of them keep all connections of a node busy.
async fn each<C>(
    checks: impl IntoIterator<Item = (&'static str, C)>,
    run: fn(C, Arc<Postgres>) -> Checked,
) -> Vec<String> {
    let server = Server::start().await;
    let url = server.fresh().await;
    let mut failed = Vec::new();
    for (name, check) in checks {
        let postgres = Postgres::open(&url).await.unwrap();
        if let Err(broken) = run(check, Arc::clone(&postgres)).await {
            failed.push(format!("{name}: {broken}"));
        }
        postgres.close().await;
        // A new database costs several times as much as all of its tables.
        server.sql(&url, "DROP SCHEMA countersign CASCADE").await;
    }
    failed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a minute of races; `cargo xtask soak` runs it"]
async fn soak_of_ten_thousand_endings_no_slow_writer_undoes_one() {
    let server = Server::start().await;
    let postgres = Postgres::open(&server.fresh().await).await.unwrap();
    let store: Arc<dyn Store> = Arc::<Postgres>::clone(&postgres);
    race_endings(Candidate { store, directory: postgres }, 10_000).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_keeps_guests_as_the_conformance_suite_says() {
    let all = guests::checks().into_iter().chain(guests::checks_of_sweeping());
    assert_eq!(each(all, |check, postgres| check(postgres)).await, [""; 0]);
}

#[tokio::test]
async fn it_sweeps_guests_with_everything_else() {
    let server = Server::start().await;
    let postgres = Postgres::open(&server.fresh().await).await.unwrap();
    let candidate =
        Candidate { store: Arc::<Postgres>::clone(&postgres), directory: Arc::<Postgres>::clone(&postgres) };
    guests::check_the_authority(candidate, postgres).await.unwrap();
}

#[tokio::test]
async fn what_was_committed_is_there_after_a_reopening() {
    let server = Server::start().await;
    let url = server.fresh().await;
    let store = Postgres::open(&url).await.unwrap();
    done(&store, Batch::of(user(1)).with(end(Extent::Everything))).await;
    let (lease, state) = (store.lease_serials(4096).await.unwrap(), store.log_state().await.unwrap());
    store.close().await;
    assert!(matches!(store.log_state().await, Err(Fault::Store(_))));
    assert!(matches!(store.commit(Batch::new()).await, Err(Fault::Store(_))));
    let store = Postgres::open(&url).await.unwrap();
    assert!(store.user(&subject(1)).await.unwrap().is_some());
    assert_eq!(store.log_state().await.unwrap(), state);
    assert_eq!(Listener::of(&store).await.heard()[0].kind, LogKind::EverythingMark);
    assert!(store.lease_serials(1).await.unwrap().start >= lease.end);
}

#[tokio::test]
async fn an_older_database_is_brought_up_and_a_newer_or_strange_one_is_left_alone() {
    let server = Server::start().await;
    let older = server.fresh().await;
    let first = format!(
        "CREATE SCHEMA countersign; SET search_path = countersign; {}
         CREATE TABLE countersign_format (one INTEGER PRIMARY KEY, version BIGINT NOT NULL);
         INSERT INTO countersign_format VALUES (1, 1);
         INSERT INTO head VALUES (1, 77, 0, decode(repeat('00', 32), 'hex'), 41);
         INSERT INTO slot VALUES ('data_{:032x}', 'cart', 7, decode(repeat('01', 30), 'hex'));
         INSERT INTO slot VALUES ('data_{:032x}', 'film', 2, decode(repeat('03', 200028), 'hex'));",
        include_str!("../src/postgres/schema.sql"),
        1,
        1,
    );
    server.sql(&older, &first).await;
    // Two nodes of the new version start at once.
    let (one, other) = tokio::join!(Postgres::open(&older), Postgres::open(&older));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.log_state().await.unwrap().epoch.number(), 77);
    assert_eq!(other.lease_serials(1).await.unwrap(), 41..42);
    assert_eq!(one.count_guests(Timestamp::from_seconds(1), 9).await.unwrap(), 0);
    let slots = serde_json::from_value(json!(format!("data_{:032x}", 1))).unwrap();
    let film = one.slot(&slots, "film", 2..3).await.unwrap().unwrap();
    let sealed: Vec<_> = film.segments.iter().map(|segment| (segment.number, segment.sealed.len())).collect();
    assert_eq!((film.version.number(), film.length, sealed), (2, 200_000, vec![(0, 200_028)]));
    let names = one.slot_names(&slots).await.unwrap();
    assert_eq!(
        names.iter().map(|(name, _, bytes)| (name.as_str(), *bytes)).collect::<Vec<_>>(),
        [("cart", 2), ("film", 200_000)]
    );

    server.sql(&older, "UPDATE countersign.countersign_format SET version = 99").await;
    let refused = Postgres::open(&older).await.unwrap_err();
    assert!(matches!(&refused, Fault::Unfit(message) if message.contains("newer")), "{refused}");

    let strange = server.fresh().await;
    server.sql(&strange, "CREATE SCHEMA countersign; CREATE TABLE countersign.cats (name TEXT)").await;
    let refused = Postgres::open(&strange).await.unwrap_err();
    assert!(matches!(&refused, Fault::Unfit(message) if message.contains("another program")), "{refused}");
}

#[tokio::test]
async fn a_role_that_owns_the_schema_and_nothing_else_is_enough() {
    let server = Server::start().await;
    let url = server.fresh().await;
    let name = url.rsplit('/').next().unwrap();
    let role = format!(
        "CREATE ROLE plain LOGIN; REVOKE CREATE ON DATABASE {name} FROM PUBLIC;
         CREATE SCHEMA countersign AUTHORIZATION plain"
    );
    server.sql(&url, &role).await;
    let url = url.replace("countersign@", "plain@");
    let store = Postgres::open(&url).await.unwrap();
    done(&store, Batch::of(user(1)).with(end(Extent::Everything))).await;
    store.close().await;
    Postgres::open(&url).await.unwrap().in_touch().unwrap();
}

#[tokio::test]
async fn a_database_that_lost_its_last_entries_is_refused_from_then_on() {
    let server = Server::start().await;
    let url = server.fresh().await;
    let store = Postgres::open(&url).await.unwrap();
    let listener = Listener::of(&store).await;
    done(&store, Batch::of(user(1)).with(login(1, 1)).with(session(1, 1, 1)).with(session(2, 1, 1))).await;
    let before = store.log_state().await.unwrap();
    done(&store, Batch::of(end(Extent::Session(serial(1))))).await;
    // A standby without the last entry takes over.
    let lost = "UPDATE countersign.head SET position = 0, chain = decode(repeat('00', 32), 'hex');
                DELETE FROM countersign.log;";
    server.sql(&url, lost).await;
    assert_eq!(store.log_state().await.unwrap(), before);
    let refused = store.commit(Batch::of(end(Extent::Session(serial(2))))).await.unwrap_err();
    assert!(matches!(&refused, Fault::Unfit(message) if message.contains("no longer the one")), "{refused}");
    assert!(store.lease_serials(1).await.is_err());
    assert!(store.in_touch().is_err(), "it goes on believing its view");
    assert_eq!(listener.heard().len(), 1);
    assert_eq!(store.log_state().await.unwrap(), before, "a refused commit wrote something");
}
