//! The embedded store in memory: it passes the conformance suite, shares nothing, and leaves nothing behind.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use countersign_core::Fault;
use countersign_core::batch::{Batch, Change, Outcome};
use countersign_core::extent::{Actor, Ending, Extent, Reason};
use countersign_core::id::Position;
use countersign_core::port::Store;
use countersign_core::time::Timestamp;
use countersign_store::Embedded;
use countersign_store::conformance::{Candidate, checks, guests, race_endings};

fn candidate() -> Candidate {
    let store = Embedded::in_memory().unwrap();
    Candidate { store: Arc::clone(&store) as Arc<dyn Store>, directory: store }
}

async fn end_everything(store: &Embedded) {
    let ending = Ending { at: Timestamp::from_seconds(1), reason: Reason::SignedOut, by: Actor::CommandLine };
    let batch = Batch::of(Change::End { extent: Extent::Everything, ending });
    assert!(matches!(store.commit(batch).await.unwrap(), Outcome::Committed(..)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_passes_every_check_of_the_conformance_suite() {
    let mut failed = Vec::new();
    for (name, check) in checks() {
        if let Err(broken) = check(candidate()).await {
            failed.push(format!("{name}: {broken}"));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_ten_thousand_endings_no_slow_writer_undoes_one() {
    race_endings(candidate(), 10_000).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_keeps_guests_as_the_conformance_suite_says() {
    let mut failed = Vec::new();
    for (name, check) in guests::checks().into_iter().chain(guests::checks_of_sweeping()) {
        if let Err(broken) = check(Embedded::in_memory().unwrap()).await {
            failed.push(format!("{name}: {broken}"));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[tokio::test]
async fn two_share_nothing_and_what_is_closed_is_gone() {
    let (one, other) = (Embedded::in_memory().unwrap(), Embedded::in_memory().unwrap());
    end_everything(&one).await;
    assert_eq!(one.log_since(Position::START, 9).await.unwrap().len(), 1);
    assert_eq!(other.log_since(Position::START, 9).await.unwrap(), []);
    one.close();
    assert!(matches!(one.log_since(Position::START, 9).await, Err(Fault::Store(_))));
    assert!(matches!(one.commit(Batch::new()).await, Err(Fault::Store(_))));
    end_everything(&other).await;
    assert_eq!(other.log_since(Position::START, 9).await.unwrap().len(), 1);
}

/// Readers and the writer refuse each other in such a database, unless they take turns: nobody may see that, or wait long.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_and_writers_never_refuse_each_other() {
    let store = Embedded::in_memory().unwrap();
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let writing = Arc::clone(&store);
        tasks.push(tokio::spawn(async move {
            for _ in 0..500 {
                end_everything(&writing).await;
            }
        }));
        let reading = Arc::clone(&store);
        tasks.push(tokio::spawn(async move {
            for _ in 0..2_000 {
                let before = reading.log_state().await.unwrap().position;
                let last = reading.log_since(before, 5_000).await.unwrap().pop();
                assert!(last.is_none_or(|last| last.position > before));
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(store.log_state().await.unwrap().position.number(), 2_000);
}

/// A name that SQLite took for a path would be a file in the folder of the process.
#[tokio::test]
async fn it_writes_no_file() {
    let store = Embedded::in_memory().unwrap();
    end_everything(&store).await;
    let here = std::fs::read_dir(std::env::current_dir().unwrap()).unwrap();
    let named = |name: std::ffi::OsString| name.to_string_lossy().contains("countersign-");
    assert_eq!(here.filter(|file| named(file.as_ref().unwrap().file_name())).count(), 0);
    #[cfg(target_os = "linux")]
    for open in std::fs::read_dir("/proc/self/fd").unwrap() {
        let Ok(target) = std::fs::read_link(open.unwrap().path()) else { continue };
        assert!(!target.to_string_lossy().contains("countersign-0"), "{}", target.display());
        assert!(!target.to_string_lossy().contains("memdb"), "{}", target.display());
    }
}
