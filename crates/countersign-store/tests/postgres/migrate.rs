//! Moving a store that is served to PostgreSQL: nothing that was answered is lost, nothing that has ended comes back, and
//! whatever is cut short leaves one store that serves, and never two.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use countersign_core::Fault;
use countersign_core::batch::{Batch, Change, Outcome};
use countersign_core::extent::{Chain, Extent};
use countersign_core::id::Position;
use countersign_core::port::{Directory, Store};
use countersign_core::revoke::log::verify;
use countersign_core::time::Timestamp;
use countersign_jose::primitive::sha256;
use countersign_store::{
    Durability, Embedded, Moved, Moving, MovingStep, Postgres, PostgresAddress, back_up, migrate,
};
use serde_json::json;
use tokio::task::JoinHandle;

use super::support::Server;
use super::{end, login, serial, session, subject, user};

fn settled(outcome: Outcome) {
    assert!(matches!(outcome, Outcome::Committed(..)), "{outcome:?}");
}

/// A store in a folder, with its keys and a person who is signed in.
async fn house(folder: &Path) -> Arc<Embedded> {
    let store = Embedded::open(folder, Durability::Relaxed).unwrap();
    let key = Change::AddSetting { name: "key".to_owned(), value: b"sealed".to_vec() };
    settled(store.commit(Batch::of(key).with(user(1)).with(login(1, 1))).await.unwrap());
    store.lease_serials(4096).await.unwrap();
    store
}

/// What `house` is known by.
fn identity() -> String {
    sha256(b"keysealed").iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn moved(folder: &Path, url: &str) -> Result<Moved, Fault> {
    let address: PostgresAddress = url.parse().unwrap();
    migrate(folder, &address, &mut |_| {}).await
}

fn unfit(result: Result<impl std::fmt::Debug, Fault>) -> String {
    match result {
        Err(Fault::Unfit(message)) => message,
        other => panic!("{other:?}"),
    }
}

/// Somebody who uses the store until it no longer answers; what was answered.
#[derive(Default)]
struct Used {
    acknowledged: AtomicU64,
    begun: Mutex<Vec<u64>>,
    ended: Mutex<Vec<u64>>,
}

fn using(store: Arc<Embedded>) -> (Arc<Used>, JoinHandle<Fault>) {
    let used = Arc::new(Used::default());
    let told = Arc::clone(&used);
    let task = tokio::spawn(async move {
        let consent = json!({ "subject": subject(1), "client": "shop", "scope": "openid", "at": 1 });
        let client: countersign_core::id::ClientId =
            serde_json::from_value(consent["client"].clone()).unwrap();
        for number in 1.. {
            let allowed = if number % 2 == 0 {
                Change::DropConsent { subject: subject(1), client: client.clone() }
            } else {
                let (scope, at) = ("openid".parse().unwrap(), Timestamp::from_seconds(number));
                Change::PutConsent { subject: subject(1), client: client.clone(), scope, at }
            };
            match store.commit(Batch::of(session(number, 1, 1)).with(allowed)).await {
                Ok(outcome) => settled(outcome),
                Err(fault) => return fault,
            }
            told.begun.lock().unwrap().push(number);
            if number > 3 {
                match store.commit(Batch::of(end(Extent::Session(serial(number - 3))))).await {
                    Ok(outcome) => settled(outcome),
                    Err(fault) => return fault,
                }
                told.ended.lock().unwrap().push(number - 3);
            }
            told.acknowledged.fetch_add(1, Ordering::Release);
        }
        Fault::Busy
    });
    (used, task)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_served_moves_without_losing_an_answer() {
    let server = Server::start().await;
    let url = server.fresh().await;
    let folder = tempfile::tempdir().unwrap();
    let store = house(folder.path()).await;
    settled(store.commit(Batch::of(end(Extent::Client("blog".parse().unwrap())))).await.unwrap());
    let lease = store.lease_serials(4096).await.unwrap();
    let (used, task) = using(Arc::clone(&store));
    let mut steps = Vec::new();
    let address: PostgresAddress = url.parse().unwrap();
    let mut told = |moving: Moving| {
        if steps.last() != Some(&moving.step) {
            steps.push(moving.step);
        }
        assert!(moving.done <= moving.of, "{moving:?}");
        // The owner goes on meanwhile: rows come, change and go.
        let until = used.acknowledged.load(Ordering::Acquire) + 20;
        while moving.step == MovingStep::Copying && used.acknowledged.load(Ordering::Acquire) < until {
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    let result = migrate(folder.path(), &address, &mut told).await.unwrap();
    assert_eq!(steps, [MovingStep::Copying, MovingStep::CatchingUp, MovingStep::Comparing]);
    assert!(result.locked < Duration::from_secs(5), "{result:?}");

    // The old place: no writes, no checks, no owner.
    let fault = task.await.unwrap();
    assert!(matches!(&fault, Fault::Unfit(message) if message.contains("moved to PostgreSQL")), "{fault}");
    assert!(store.in_touch().is_err());
    assert!(unfit(store.lease_serials(1).await).contains("moved to PostgreSQL"));
    store.close();
    assert!(unfit(Embedded::open(folder.path(), Durability::Relaxed)).contains("moved to PostgreSQL"));

    let there = Postgres::open(&url).await.unwrap();
    let begun = used.begun.lock().unwrap().clone();
    assert!(begun.len() > 60);
    let ended = used.ended.lock().unwrap().clone();
    for number in &begun {
        let session = there.session(serial(*number)).await.unwrap().expect("a session is lost");
        assert!(session.ended.is_some() || !ended.contains(number), "session {number} has come back");
    }
    let log = there.log_since(Position::START, 1_000_000).await.unwrap();
    let (position, chain) = verify(&log, Position::START, Chain::default()).unwrap();
    let state = there.log_state().await.unwrap();
    assert_eq!((position, chain), (state.position, state.chain));
    assert!(there.user(&subject(1)).await.unwrap().is_some());
    assert!(there.lease_serials(1).await.unwrap().start >= lease.end);
    settled(there.commit(Batch::of(session(90_000, 1, 1))).await.unwrap());
    let counted = result.counts.iter().find(|(name, _)| *name == "session").unwrap().1;
    assert_eq!(counted, there.sessions(&Default::default(), u32::MAX).await.unwrap().len() as u64 - 1);

    assert!(unfit(moved(folder.path(), &url).await).contains("moved already"));
    assert!(unfit(moved(folder.path(), &server.fresh().await).await).contains("another database"));
}

#[tokio::test]
async fn a_database_that_holds_a_store_is_not_moved_into() {
    let server = Server::start().await;
    let url = server.fresh().await;
    drop(Postgres::open(&url).await.unwrap());
    let folder = tempfile::tempdir().unwrap();
    let store = house(folder.path()).await;
    assert!(unfit(moved(folder.path(), &url).await).contains("holds a store already"));
    store.in_touch().unwrap();
    settled(store.commit(Batch::of(session(1, 1, 1))).await.unwrap());
    let empty = tempfile::tempdir().unwrap();
    assert!(unfit(moved(empty.path(), &server.fresh().await).await).contains("holds no store"));
    assert!(!empty.path().join("countersign.db").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_is_cut_short_leaves_the_source_serving_and_can_begin_again() {
    let server = Server::start().await;
    let url = server.fresh().await;
    let folder = tempfile::tempdir().unwrap();
    let store = house(folder.path()).await;
    settled(store.commit(Batch::of(session(1, 1, 1)).with(session(2, 1, 1))).await.unwrap());
    let copy = tempfile::tempdir().unwrap();
    back_up(folder.path(), &copy.path().join("countersign.db")).unwrap();
    for step in [MovingStep::Copying, MovingStep::CatchingUp, MovingStep::Comparing] {
        let reached = tokio::sync::Notify::new();
        let address: PostgresAddress = url.parse().unwrap();
        let mut told = |moving: Moving| {
            if moving.step == step {
                reached.notify_one();
            }
        };
        tokio::select! {
            biased;
            () = reached.notified() => {}
            done = migrate(folder.path(), &address, &mut told) => panic!("it was not cut short: {done:?}"),
        }
        store.in_touch().unwrap();
        settled(store.commit(Batch::of(end(Extent::Session(serial(1))))).await.unwrap());
    }
    // What is left when it is cut short between the two commits.
    let remains = format!(
        "CREATE SCHEMA countersign; CREATE TABLE countersign.arriving AS SELECT decode('{}', 'hex') AS source",
        identity()
    );
    server.sql(&url, &remains).await;
    assert!(unfit(Postgres::open(&url).await).contains("moving into"));
    let started = Instant::now();
    moved(folder.path(), &url).await.unwrap();
    assert!(started.elapsed() > Duration::from_secs(1), "the owner had no time to notice");

    // What is left when it is cut short before the last step.
    server.sql(&url, remains.rsplit("; ").next().unwrap()).await;
    assert!(unfit(Postgres::open(&url).await).contains("moving into"));
    assert!(unfit(moved(copy.path(), &url).await).contains("holds more"));
    assert!(moved(folder.path(), &url).await.unwrap().counts.is_empty());
    let there = Postgres::open(&url).await.unwrap();
    assert!(there.session(serial(1)).await.unwrap().unwrap().ended.is_some());
    assert!(there.session(serial(2)).await.unwrap().unwrap().ended.is_none());

    // Another store's arrival is nobody else's.
    let other = server.fresh().await;
    server.sql(&other, &remains.replace(&identity(), "00")).await;
    let mine = tempfile::tempdir().unwrap();
    let _served = house(mine.path()).await;
    assert!(unfit(moved(mine.path(), &other).await).contains("another store"));
}

/// Changes each row of the settings, or leaves it out, where the move writes it: nobody else sees the tables before the end.
fn spoiling(instead: &str) -> String {
    format!(
        "CREATE FUNCTION public.spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {instead} END $$;
         CREATE FUNCTION public.spoil_later() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
             IF to_regclass('countersign.setting') IS NOT NULL
                 AND NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = 'spoiled') THEN
                 CREATE TRIGGER spoiled BEFORE INSERT ON countersign.setting
                     FOR EACH ROW EXECUTE FUNCTION public.spoil();
             END IF; END $$;
         CREATE EVENT TRIGGER spoiling ON ddl_command_end WHEN TAG IN ('CREATE TABLE')
             EXECUTE FUNCTION public.spoil_later()"
    )
}

#[tokio::test]
async fn a_copy_that_is_not_what_was_read_is_refused_and_the_source_serves_on() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let store = house(folder.path()).await;
    for instead in ["NEW.value := NEW.value || '\\x00'::bytea; RETURN NEW;", "RETURN NULL;"] {
        let url = server.fresh().await;
        server.sql(&url, &spoiling(instead)).await;
        let refused = moved(folder.path(), &url).await.unwrap_err();
        let Fault::Store(message) = &refused else { panic!("{refused}") };
        assert_eq!(message, "the copy of the table `setting` is not what was read");
        store.in_touch().unwrap();
        settled(store.commit(Batch::new()).await.unwrap());
        // Nothing is left of it, so that the same database takes what is copied well.
        server.sql(&url, "DROP EVENT TRIGGER spoiling").await;
    }
    moved(folder.path(), &server.fresh().await).await.unwrap();
}
