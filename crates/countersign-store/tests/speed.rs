//! How fast the embedded store is, printed for people: durable commits by one writer and by 64, and one session read.
//! Run with `cargo test --release -p countersign-store --test speed -- --ignored --nocapture`.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs::OpenOptions;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign_core::batch::{Batch, Change, Outcome};
use countersign_core::id::Serial;
use countersign_core::port::Store;
use countersign_core::time::Timestamp;
use countersign_store::{Durability, Embedded};
use serde_json::json;

const RUN: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement, not a test"]
async fn commits_and_reads() {
    let folder = tempfile::Builder::new().tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let store = Embedded::open(folder.path(), Durability::Full).unwrap();
    let subject = "usr_00000000000000000000000000000001";
    let login = "login_00000000000000000000000000000001";
    let user = json!({"subject": subject, "email": "ada@mail.example", "role": "person", "password": "x",
        "generation": 0, "data_key": [], "since": 0});
    let begun = json!({"id": login, "subject": subject, "born": 0, "generation": 0, "at": 0, "methods": ["pwd"],
        "device": "x", "network": "x", "expires": 9_000_000, "ended": null});
    commit(&store, Change::AddUser(serde_json::from_value(user).unwrap())).await;
    commit(&store, Change::BeginLogin(serde_json::from_value(begun).unwrap())).await;

    let mut raw = OpenOptions::new().create(true).append(true).open(folder.path().join("raw")).unwrap();
    let (started, mut syncs) = (Instant::now(), 0_u32);
    while started.elapsed() < RUN / 3 {
        raw.write_all(&[7; 4096]).unwrap();
        raw.sync_data().unwrap();
        syncs += 1;
    }
    println!("append + fdatasync, one after another: {:.0}/s", f64::from(syncs) / (RUN / 3).as_secs_f64());
    for writers in [1, 8, 64] {
        let started = Instant::now();
        let running: Vec<_> =
            (0..writers).map(|_| tokio::spawn(create(Arc::clone(&store), started))).collect();
        let mut commits = 0;
        for writer in running {
            commits += writer.await.unwrap();
        }
        println!(
            "durable session starts, {writers} writers: {:.0}/s",
            f64::from(commits) / RUN.as_secs_f64()
        );
    }
    let serial = Serial::new(1).unwrap();
    let (started, reads) = (Instant::now(), 100_000_u32);
    for _ in 0..reads {
        assert!(store.session(serial).await.unwrap().is_some());
    }
    println!("one session read: {} ns", (started.elapsed() / reads).as_nanos());
    println!(
        "live: {}",
        countersign_core::port::Directory::counts(&*store, Timestamp::default()).await.unwrap().live_sessions
    );
}

async fn create(store: Arc<Embedded>, started: Instant) -> u32 {
    let mut serials = 0..0;
    let mut commits = 0;
    while started.elapsed() < RUN {
        if serials.is_empty() {
            serials = store.lease_serials(4096).await.unwrap();
        }
        let serial = serials.next().unwrap();
        let session = json!({"serial": serial, "login": "login_00000000000000000000000000000001",
            "subject": "usr_00000000000000000000000000000001", "audience": "issuer", "secret": vec![1; 32],
            "slots": format!("data_{serial:032x}"), "born": 0, "auth_time": 0, "begun": 1, "seen": 1,
            "idle": {"secs": 100, "nanos": 0}, "expires": 9_000_000, "device": "Firefox, Linux",
            "network": "203.0.113.0/24", "ended": null});
        commit(&store, Change::StartSession(serde_json::from_value(session).unwrap())).await;
        commits += 1;
    }
    commits
}

async fn commit(store: &Embedded, change: Change) {
    assert!(matches!(store.commit(Batch::of(change)).await.unwrap(), Outcome::Committed(..)));
}
