//! Nodes that are killed: no serial is given out twice, nothing that was answered is lost, and what was under way happened
//! whole or not at all.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use countersign_store::Postgres;

use super::deeds::{ANSWERED, open_house, round};
use super::judge::{Given, judge};
use super::process::{Lines, Process, say};
use super::support::Server;

const URL: &str = "COUNTERSIGN_CRASH_URL";
const WRITERS: usize = 8;
/// How many nodes are killed.
const LEAST: u64 = 10;
const MOST: u64 = 60;

#[test]
#[ignore = "the process that the other starts; it has nothing to do alone"]
fn node() {
    let Ok(url) = std::env::var(URL) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Postgres::open(&url).await.unwrap();
        for writer in [(); WRITERS].map(|()| tokio::spawn(write(Arc::clone(&store)))) {
            writer.await.unwrap();
        }
    });
}

async fn write(store: Arc<Postgres>) {
    loop {
        if let Err(fault) = round(&*store).await {
            say(&format!("failed {fault}"));
        }
    }
}

/// A process that writes to the database at `url`.
fn another(url: &str) -> Process {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "killed::node", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env(URL, url);
    Process::start(command)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_of_which_one_is_killed_again_and_again_lose_nothing() {
    let server = Server::start().await;
    let url = server.fresh().await;
    let store = Postgres::open(&url).await.unwrap();
    open_house(&*store).await;
    store.close().await;
    let survivor = another(&url);
    let mut lines: Lines = Vec::new();
    // Until those that were killed have done everything several times, however slow this machine is.
    let told = |lines: &[(String, String)], word: &str| lines.iter().filter(|(said, _)| said == word).count();
    for turn in 0..MOST {
        if turn >= LEAST && ANSWERED.iter().all(|word| told(&lines, word) > 1) {
            break;
        }
        let node = another(&url);
        node.speaks();
        std::thread::sleep(Duration::from_millis(300 + 37 * turn % 300));
        lines.extend(node.kill());
        // The other one goes on.
        survivor.speaks();
    }
    assert!(ANSWERED.iter().all(|word| told(&lines, word) > 1), "they did too little: {}", lines.len());
    lines.extend(survivor.kill());
    // What a node had asked for when it was killed may still be under way.
    let others = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                  AND backend_type = 'client backend'";
    while server.count(&url, others).await > 0 {
        tokio::task::yield_now().await;
    }
    assert!(!lines.iter().any(|(word, _)| word == "failed"), "a request failed: {lines:?}");
    let store = Postgres::open(&url).await.unwrap();
    judge(&*store, &lines, Given::default()).await;
}
