//! The embedded store: it passes the conformance suite, belongs to one opener, survives a reopening, and forgets.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign_core::Fault;
use countersign_core::batch::{Batch, Change, Outcome};
use countersign_core::extent::{Actor, Ending, Extent, LogKind, Reason};
use countersign_core::id::{Position, Subject};
use countersign_core::port::{Directory, Store};
use countersign_core::record::User;
use countersign_core::time::Timestamp;
use countersign_store::conformance::{Candidate, checks, guests, race_endings};
use countersign_store::{Durability, Embedded};
use serde_json::json;
use tempfile::TempDir;

fn temporary() -> (Arc<Embedded>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (Embedded::open(folder.path(), Durability::Relaxed).unwrap(), folder)
}

async fn done(store: &Embedded, change: Change) -> Position {
    match store.commit(Batch::of(change)).await.unwrap() {
        Outcome::Committed(position, _) => position,
        Outcome::Conflict(conflict) => panic!("{conflict:?}"),
    }
}

fn user(number: u64, email: &str) -> User {
    serde_json::from_value(json!({
        "subject": format!("usr_{number:032x}"), "email": email, "role": "person",
        "password": format!("$argon2id${}", "x".repeat(usize::try_from(number % 50).unwrap())),
        "generation": 0, "data_key": [1, 2, 3], "since": 5,
    }))
    .unwrap()
}

fn ending() -> Ending {
    Ending { at: Timestamp::from_seconds(1), reason: Reason::Erased, by: Actor::CommandLine }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_passes_every_check_of_the_conformance_suite() {
    let mut failed = Vec::new();
    for (name, check) in checks() {
        let (embedded, _folder) = temporary();
        let store: Arc<dyn Store> = Arc::<Embedded>::clone(&embedded);
        if let Err(broken) = check(Candidate { store, directory: embedded }).await {
            failed.push(format!("{name}: {broken}"));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_ten_thousand_endings_no_slow_writer_undoes_one() {
    let (embedded, _folder) = temporary();
    let store: Arc<dyn Store> = Arc::<Embedded>::clone(&embedded);
    race_endings(Candidate { store, directory: embedded }, 10_000).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_keeps_guests_as_the_conformance_suite_says() {
    let mut failed = Vec::new();
    for (name, check) in guests::checks().into_iter().chain(guests::checks_of_sweeping()) {
        let (embedded, _folder) = temporary();
        if let Err(broken) = check(embedded).await {
            failed.push(format!("{name}: {broken}"));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[tokio::test]
async fn it_sweeps_guests_with_everything_else() {
    let (embedded, _folder) = temporary();
    let candidate =
        Candidate { store: Arc::<Embedded>::clone(&embedded), directory: Arc::<Embedded>::clone(&embedded) };
    guests::check_the_authority(candidate, embedded).await.unwrap();
}

#[tokio::test]
async fn a_second_opener_is_told_who_owns_the_folder() {
    let (store, folder) = temporary();
    let Err(Fault::InUse(message)) = Embedded::open(folder.path(), Durability::Relaxed) else {
        panic!("two own one folder");
    };
    assert!(message.contains(&folder.path().display().to_string()), "{message}");
    assert!(message.contains(&std::process::id().to_string()), "{message}");
    store.close();
    assert!(matches!(store.log_state().await, Err(Fault::Store(_))));
    assert!(matches!(store.commit(Batch::new()).await, Err(Fault::Store(_))));
    Embedded::open(folder.path(), Durability::Relaxed).unwrap();
}

#[cfg(unix)]
#[test]
fn nobody_else_may_look_into_the_folder() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("deep/er");
    let _store = Embedded::open(&folder, Durability::Full).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for file in fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn what_was_committed_is_there_after_a_reopening() {
    let (store, folder) = temporary();
    done(&store, Change::AddUser(user(1, "ada@mail.example"))).await;
    done(&store, Change::End { extent: Extent::Everything, ending: ending() }).await;
    let (lease, state) = (store.lease_serials(4096).await.unwrap(), store.log_state().await.unwrap());
    drop(store);
    let store = Embedded::open(folder.path(), Durability::Relaxed).unwrap();
    assert!(store.user_by_email(&"ada@mail.example".parse().unwrap()).await.unwrap().is_some());
    assert_eq!(store.log_state().await.unwrap(), state);
    assert_eq!(store.log_since(Position::START, 9).await.unwrap()[0].kind, LogKind::EverythingMark);
    assert!(store.lease_serials(1).await.unwrap().start >= lease.end);
}

#[tokio::test]
async fn a_store_of_a_newer_version_or_another_program_is_left_alone() {
    let (store, folder) = temporary();
    drop(store);
    let file = folder.path().join("countersign.db");
    let change = |sql: &str| rusqlite::Connection::open(&file).unwrap().execute_batch(sql).unwrap();
    change("PRAGMA user_version = 99");
    let refused = Embedded::open(folder.path(), Durability::Relaxed).unwrap_err();
    assert!(matches!(&refused, Fault::Unfit(message) if message.contains("newer")), "{refused}");
    change("PRAGMA user_version = 1; PRAGMA application_id = 7");
    let refused = Embedded::open(folder.path(), Durability::Relaxed).unwrap_err();
    assert!(matches!(&refused, Fault::Unfit(message) if message.contains("another program")), "{refused}");
    fs::write(&file, "nothing like a database, and long enough to be looked at".repeat(99)).unwrap();
    let refused = Embedded::open(folder.path(), Durability::Relaxed).unwrap_err();
    assert!(matches!(refused, Fault::Unfit(_)), "{refused}");
}

#[tokio::test]
async fn no_file_holds_an_address_after_its_person_was_erased() {
    let (store, folder) = temporary();
    let address = |number: u64| format!("person-{:05}-trace@mail.example", number * 7919 % 100_000);
    let people = 600_u64;
    for number in 0..people {
        done(&store, Change::AddUser(user(number * 7919 % 100_000, &address(number)))).await;
    }
    let found = |what: &str| {
        fs::read_dir(folder.path()).unwrap().any(|file| {
            let bytes = fs::read(file.unwrap().path()).unwrap();
            bytes.windows(what.len()).any(|window| window == what.as_bytes())
        })
    };
    assert!(found(&address(3)), "the search finds what is there");
    for number in (0..people).filter(|number| number % 3 == 0) {
        let subject: Subject = user(number * 7919 % 100_000, &address(number)).subject;
        done(&store, Change::EraseUser { subject, ending: ending() }).await;
    }
    for number in (0..people).filter(|number| number % 3 == 0) {
        assert!(!found(&address(number)), "a trace of {} is left", address(number));
    }
    assert!(found(&address(4)), "others stay");
}

/// What a process that was killed between the commit of an erasure and the end of its traces leaves in its folder: a reader
/// keeps the write-ahead log from being emptied, and the files are copied as they are then.
async fn killed_while_erasing() -> TempDir {
    let (store, folder) = temporary();
    let ada = user(1, "ada@mail.example");
    let subject = ada.subject.clone();
    done(&store, Change::AddUser(ada)).await;
    let reader = rusqlite::Connection::open(folder.path().join("countersign.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM person").unwrap();
    done(&store, Change::EraseUser { subject, ending: ending() }).await;
    let left = tempfile::tempdir().unwrap();
    for file in ["countersign.db", "countersign.db-wal", "erased"] {
        fs::copy(folder.path().join(file), left.path().join(file)).unwrap();
    }
    left
}

fn holds_ada(folder: &Path) -> bool {
    let what = b"ada@mail.example";
    let holds = |path: &Path| fs::read(path).unwrap().windows(what.len()).any(|window| window == what);
    fs::read_dir(folder).unwrap().any(|file| holds(&file.unwrap().path()))
}

#[tokio::test]
async fn the_first_commit_after_a_crash_ends_the_traces_of_whoever_was_being_erased() {
    let folder = killed_while_erasing().await;
    assert!(holds_ada(folder.path()), "the search finds what is there");
    let store = Embedded::open(folder.path(), Durability::Relaxed).unwrap();
    store.lease_serials(1).await.unwrap();
    assert!(!holds_ada(folder.path()));
}

#[tokio::test]
async fn a_store_that_is_only_read_after_a_crash_ends_the_traces_too() {
    let folder = killed_while_erasing().await;
    let store = Embedded::open(folder.path(), Durability::Relaxed).unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while holds_ada(folder.path()) {
        assert!(Instant::now() < until, "the traces stay");
        store.log_state().await.unwrap();
    }
}
