//! `kill -9` under load: whatever was acknowledged is there afterwards, whatever was ended stays ended, the chain holds.
//!
//! The test starts itself again as the victim, which says each acknowledged write on its standard output.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "tests"
)]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use countersign_core::batch::{Batch, Change, Outcome};
use countersign_core::extent::{Actor, Chain, Ending, Extent, Reason};
use countersign_core::id::{Position, Serial};
use countersign_core::port::Store;
use countersign_core::revoke::log::verify;
use countersign_core::time::Timestamp;
use countersign_store::{Durability, Embedded};
use serde_json::json;

const FOLDER: &str = "COUNTERSIGN_KILL_FOLDER";
const WRITERS: usize = 8;

#[test]
fn what_was_acknowledged_survives_kill_9_in_50_rounds() {
    rounds(50);
}

#[test]
#[ignore = "takes long; run by the soak command"]
fn soak_kill_9_200_rounds() {
    rounds(200);
}

#[test]
#[ignore = "the process that the others kill; it has nothing to do alone"]
fn victim() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(write_until_killed(Path::new(&folder)));
}

async fn write_until_killed(folder: &Path) {
    let store = Embedded::open(folder, Durability::Full).unwrap();
    let mut begin = Batch::new();
    if store.user_count().await == 0 {
        begin = begin.with(Change::AddUser(serde_json::from_value(user()).unwrap()));
        begin = begin.with(Change::BeginLogin(serde_json::from_value(login()).unwrap()));
    }
    assert!(matches!(store.commit(begin).await.unwrap(), Outcome::Committed(_)));
    let writers: Vec<_> = (0..WRITERS).map(|_| tokio::spawn(write(Arc::clone(&store)))).collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

/// Starts sessions and ends every second one; a line is written only when the store has answered.
async fn write(store: Arc<Embedded>) {
    loop {
        let serial = store.lease_serials(1).await.unwrap().start;
        say(&format!("leased {serial}"));
        let session = serde_json::from_value(session(serial)).unwrap();
        let outcome = store.commit(Batch::of(Change::StartSession(session))).await.unwrap();
        assert!(matches!(outcome, Outcome::Committed(_)), "{outcome:?}");
        say(&format!("began {serial}"));
        if serial % 2 == 0 {
            let extent = Extent::Session(Serial::new(serial).unwrap());
            let ending =
                Ending { at: Timestamp::from_seconds(2), reason: Reason::SignedOut, by: Actor::System };
            let outcome = store.commit(Batch::of(Change::End { extent, ending })).await.unwrap();
            let Outcome::Committed(position) = outcome else { panic!("{outcome:?}") };
            say(&format!("ended {serial} {}", position.number()));
        }
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{line}").unwrap();
    out.flush().unwrap();
}

fn rounds(count: u64) {
    let folder = tempfile::tempdir().unwrap();
    let (mut acknowledged, mut last_serial, mut random) = (0, 0, 0x9E37_79B9_u64);
    for round in 0..count {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let lines = run_and_kill(folder.path(), Duration::from_micros(20_000 + (random >> 33) % 150_000));
        acknowledged += lines.len();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        last_serial = runtime.block_on(look(folder.path(), &lines, round, last_serial));
    }
    assert!(
        acknowledged > usize::try_from(count).unwrap() * 5,
        "only {acknowledged} writes were acknowledged"
    );
    println!("{acknowledged} acknowledged lines in {count} rounds, all there");
}

/// What the victim said before it was killed. The time counts from its first word.
fn run_and_kill(folder: &Path, after: Duration) -> Vec<String> {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "victim", "--ignored", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(victim.stdout.take().unwrap()).lines();
    let (begun, has_begun) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut lines: Vec<String> = Vec::new();
        while let Some(Ok(line)) = said.next() {
            let first = line.split(' ').next().unwrap_or_default();
            if ["leased", "began", "ended"].contains(&first) {
                begun.send(()).ok();
                lines.push(line);
            }
        }
        lines
    });
    has_begun.recv_timeout(Duration::from_secs(30)).expect("the victim writes");
    std::thread::sleep(after);
    victim.kill().unwrap();
    victim.wait().unwrap();
    reader.join().unwrap()
}

/// Opens what is left and compares it with `lines`; answers the largest serial that anybody had.
async fn look(folder: &Path, lines: &[String], round: u64, before: u64) -> u64 {
    let store = Embedded::open(folder, Durability::Full).unwrap();
    let mut largest = before;
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        // A pipe may be cut in the middle of its last line; such a line says nothing.
        let Some(number) = words.get(1).and_then(|word| word.parse::<u64>().ok()) else { continue };
        let session = store.session(Serial::new(number).unwrap()).await.unwrap();
        match words[0] {
            "leased" => {
                assert!(number > before, "round {round}: serial {number} was given out twice");
                largest = largest.max(number);
            }
            "began" => assert!(session.is_some(), "round {round}: session {number} is lost"),
            _ => assert!(session.unwrap().ended.is_some(), "round {round}: session {number} came back"),
        }
    }
    let log = store.log_since(Position::START, u32::MAX).await.unwrap();
    assert!(verify(&log, Position::START, Chain::default()).is_ok(), "round {round}: the chain is broken");
    let state = store.log_state().await.unwrap();
    assert_eq!(log.last().map_or(Position::START, |entry| entry.position), state.position);
    assert!(store.lease_serials(1).await.unwrap().start > largest, "round {round}: a serial is reused");
    largest + 1
}

trait Peopled {
    async fn user_count(&self) -> u64;
}

impl Peopled for Embedded {
    async fn user_count(&self) -> u64 {
        countersign_core::port::Directory::counts(self, Timestamp::default()).await.unwrap().users
    }
}

const SUBJECT: &str = "usr_00000000000000000000000000000001";
const LOGIN: &str = "login_00000000000000000000000000000001";
const LATE: u64 = 9_000_000_000_000;

fn user() -> serde_json::Value {
    json!({
        "subject": SUBJECT, "email": "ada@mail.example", "role": "person", "password": "x", "generation": 0,
        "data_key": [], "since": 0,
    })
}

fn login() -> serde_json::Value {
    json!({
        "id": LOGIN, "subject": SUBJECT, "born": 0, "generation": 0, "at": 0, "methods": ["pwd"], "device": "x",
        "network": "x", "expires": LATE, "ended": null,
    })
}

fn session(serial: u64) -> serde_json::Value {
    json!({
        "serial": serial, "login": LOGIN, "subject": SUBJECT, "audience": "issuer", "secret": vec![1; 32],
        "slots": format!("data_{serial:032x}"), "born": 0, "auth_time": 0, "begun": 1, "seen": 1,
        "idle": {"secs": 100, "nanos": 0}, "expires": LATE, "device": "x", "network": "x", "ended": null,
    })
}
