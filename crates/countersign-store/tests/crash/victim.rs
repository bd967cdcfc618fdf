//! The process that is made to suffer, and what it says.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use countersign_store::{Durability, Embedded, check};

use super::deeds::{ADDRESS, open_house, round};
use super::judge::{Given, erased, judge};
use super::process::say;

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
        match round(&*store).await {
            Ok(()) => say("lastly wrote"),
            Err(fault) => say(&format!("lastly {fault}")),
        }
        store.close();
    });
}

async fn write(store: Arc<Embedded>, rounds: u64) {
    for _ in 0..rounds {
        if let Err(fault) = round(&*store).await {
            say(&format!("failed {fault}"));
        }
    }
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

/// A store in `folder` with the person that most sessions are of.
pub(crate) async fn prepare(folder: &Path, durability: Durability) -> Arc<Embedded> {
    let store = Embedded::open(folder, durability).unwrap();
    open_house(&*store).await;
    store
}

/// Opens what is left and compares it with `lines`, which were said by processes that had numbers above `before`; answers the
/// largest ones given out. No file holds the address of anybody who was erased.
pub(crate) async fn look(folder: &Path, lines: &[(String, String)], before: Given) -> Given {
    let store = Embedded::open(folder, Durability::Full).unwrap();
    let given = judge(&*store, lines, before).await;
    assert_eq!(check(folder).unwrap().wrong, Vec::<String>::new());
    let erased: HashSet<u64> = erased(lines).collect();
    let left: Vec<_> = people(folder).into_iter().filter(|person| erased.contains(person)).collect();
    assert_eq!(left, Vec::<u64>::new(), "an address is in the files after its person was erased");
    given
}

/// The numbers of those whose addresses are anywhere in the files.
fn people(folder: &Path) -> Vec<u64> {
    let mut people = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let at = bytes.windows(ADDRESS.len()).enumerate().filter(|(_, found)| *found == ADDRESS.as_bytes());
        let digits = at.filter_map(|(at, _)| bytes.get(at + ADDRESS.len()..at + ADDRESS.len() + 20));
        people.extend(digits.filter_map(|digits| str::from_utf8(digits).ok()?.parse::<u64>().ok()));
    }
    people
}
