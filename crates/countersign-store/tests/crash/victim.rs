//! The process that is made to suffer, what it says, and what must be found after it.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdout, Command};
use std::sync::Arc;

use countersign_core::Fault;
use countersign_core::batch::{Batch, Change, Outcome};
use countersign_core::extent::{Actor, Chain, Ending, Extent, Reason};
use countersign_core::id::{Position, Serial};
use countersign_core::port::Store;
use countersign_core::record::Session;
use countersign_core::revoke::log::verify;
use countersign_core::time::Timestamp;
use countersign_store::{Durability, Embedded, check};
use serde_json::json;

const FOLDER: &str = "COUNTERSIGN_CRASH_FOLDER";
/// How many rounds each writer makes; without it they write until they are killed.
const ROUNDS: &str = "COUNTERSIGN_CRASH_ROUNDS";
const WRITERS: usize = 8;

#[test]
#[ignore = "the process that the others start; it has nothing to do alone"]
fn suffer() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let rounds = std::env::var(ROUNDS).map_or(u64::MAX, |count| count.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let store = match Embedded::open(Path::new(&folder), Durability::Full) {
            Ok(store) => store,
            Err(fault) => return say(&format!("unopened {fault}")),
        };
        let write = |_| tokio::spawn(write(Arc::clone(&store), rounds));
        for writer in (0..WRITERS).map(write).collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        match round(&store).await {
            Ok(()) => say("lastly wrote"),
            Err(fault) => say(&format!("lastly {fault}")),
        }
        store.close();
    });
}

async fn write(store: Arc<Embedded>, rounds: u64) {
    for _ in 0..rounds {
        if let Err(fault) = round(&store).await {
            say(&format!("failed {fault}"));
        }
    }
}

/// Starts a session, and ends it when its number is even; a line is said only when the store has answered.
async fn round(store: &Embedded) -> Result<(), Fault> {
    let serial = store.lease_serials(1).await?.start;
    say(&format!("leased {serial}"));
    let outcome = store.commit(Batch::of(Change::StartSession(session(serial)))).await?;
    assert!(matches!(outcome, Outcome::Committed(..)), "{outcome:?}");
    say(&format!("began {serial}"));
    if serial % 2 == 0 {
        say(&format!("ending {serial}"));
        let outcome = store.commit(Batch::of(ended(serial))).await?;
        assert!(matches!(outcome, Outcome::Committed(..)), "{outcome:?}");
        say(&format!("ended {serial}"));
    }
    Ok(())
}

pub(crate) fn ended(serial: u64) -> Change {
    let ending = Ending { at: Timestamp::from_seconds(2), reason: Reason::SignedOut, by: Actor::System };
    Change::End { extent: Extent::Session(Serial::new(serial).unwrap()), ending }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{line}").unwrap();
    out.flush().unwrap();
}

/// The arguments that make this program the victim of `folder`.
pub(crate) fn suffering(mut command: Command, folder: &Path, rounds: Option<u64>) -> Command {
    command.arg(std::env::current_exe().unwrap());
    command.args(["--exact", "victim::suffer", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env(FOLDER, folder);
    if let Some(rounds) = rounds {
        command.env(ROUNDS, rounds.to_string());
    }
    command
}

/// What a victim says, line by line: a word, and what it is about.
pub(crate) fn said(out: ChildStdout) -> impl Iterator<Item = (String, String)> {
    let words = ["leased", "began", "ending", "ended", "failed", "lastly", "unopened"];
    let lines = BufReader::new(out).lines().map_while(Result::ok);
    lines.filter_map(move |line| {
        let (word, rest) = line.split_once(' ')?;
        words.contains(&word).then(|| (word.to_owned(), rest.to_owned()))
    })
}

/// Opens what is left and compares it with `lines`; answers the largest serial that anybody had.
pub(crate) async fn look(folder: &Path, lines: &[(String, String)], before: u64) -> u64 {
    let store = Embedded::open(folder, Durability::Full).unwrap();
    let mut largest = before;
    let mut ending = HashSet::new();
    for (word, about) in lines {
        // A pipe may be cut in the middle of its last line; such a line says nothing.
        let Ok(number) = about.parse::<u64>() else { continue };
        let session = store.session(Serial::new(number).unwrap()).await.unwrap();
        match word.as_str() {
            "leased" => {
                assert!(number > before, "serial {number} was given out twice");
                largest = largest.max(number);
            }
            "began" => assert!(session.is_some(), "session {number} is lost"),
            "ending" => drop(ending.insert(number)),
            "ended" => assert!(session.unwrap().ended.is_some(), "session {number} came back"),
            _ => {}
        }
        if session_lives_ended(&store, number, &ending).await {
            panic!("session {number} has ended, and nobody asked for it");
        }
    }
    let log = store.log_since(Position::START, u32::MAX).await.unwrap();
    assert!(verify(&log, Position::START, Chain::default()).is_ok(), "the chain is broken");
    let state = store.log_state().await.unwrap();
    assert_eq!(log.last().map_or(Position::START, |entry| entry.position), state.position);
    let next = store.lease_serials(1).await.unwrap().start;
    assert!(next > largest, "a serial is reused");
    assert_eq!(check(folder).unwrap().wrong, Vec::<String>::new());
    next
}

/// Whether an odd session, which nobody ends, has ended.
async fn session_lives_ended(store: &Embedded, number: u64, ending: &HashSet<u64>) -> bool {
    number % 2 == 1
        && !ending.contains(&number)
        && store.session(Serial::new(number).unwrap()).await.unwrap().is_some_and(|one| one.ended.is_some())
}

/// A store in `folder` with the person that all sessions are of.
pub(crate) async fn prepare(folder: &Path, durability: Durability) -> Arc<Embedded> {
    let store = Embedded::open(folder, durability).unwrap();
    let begin = Batch::of(Change::AddUser(serde_json::from_value(user()).unwrap()))
        .with(Change::BeginLogin(serde_json::from_value(login()).unwrap()));
    assert!(matches!(store.commit(begin).await.unwrap(), Outcome::Committed(..)));
    store
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

pub(crate) fn session(serial: u64) -> Session {
    serde_json::from_value(json!({
        "serial": serial, "login": LOGIN, "subject": SUBJECT, "audience": "issuer", "secret": vec![1; 32],
        "slots": format!("data_{serial:032x}"), "born": 0, "auth_time": 0, "begun": 1, "seen": 1,
        "idle": {"secs": 100, "nanos": 0}, "expires": LATE, "device": "x", "network": "x", "ended": null,
    }))
    .unwrap()
}
