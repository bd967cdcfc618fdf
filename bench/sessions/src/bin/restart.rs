//! How soon a process that was killed answers a check again. Arguments: how many sessions are alive.
//!
//! Another process of this program starts the sessions, ends one in a hundred, which the log keeps, and is killed (`kill -9`);
//! then the store and the engine are opened and one session is checked, several times over, each time after another kill.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use countersign::SystemClock;
use countersign_bench_sessions::{House, Spread, house};
use countersign_core::Attempt;
use countersign_core::batch::{Batch, Change, Outcome};
use countersign_core::extent::{Actor, Ending, Extent, Reason};
use countersign_core::port::{SessionFilter, Store};
use countersign_core::record::Session;
use countersign_core::record::session::Audience;
use countersign_core::session::admit::Presence;
use countersign_store::{Durability, Embedded};
use serde_json::json;

const ROUNDS: usize = 9;
/// One session in so many has ended.
const ENDED: u32 = 100;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["fill", place, count] => fill(Path::new(place), count.parse().unwrap()).await,
        ["touch", place, cookie] => touch(Path::new(place), cookie).await,
        counts => {
            for count in counts {
                measure(count).await;
            }
        }
    }
}

async fn measure(count: &str) {
    let folder = house::folder();
    let place = folder.path().to_str().unwrap();
    let cookie = killed(&["fill", place, count]);
    let (mut opened, mut checked) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let store = Embedded::open(folder.path(), Durability::Full).unwrap();
        let store_open = begun.elapsed();
        let engine = house::engine(&store, Arc::new(SystemClock::default())).await;
        let audience = Audience::Client("shop".parse().unwrap());
        let found = engine.enter(Some(cookie.as_str()), &audience, Presence::Passive).await.unwrap();
        checked.push(begun.elapsed().as_secs_f64() * 1e3);
        opened.push(store_open.as_secs_f64() * 1e3);
        assert!(matches!(found, Attempt::Accepted(_)), "{found:?}");
        engine.close().await;
        store.close();
        drop((engine, store));
        killed(&["touch", place, &cookie]);
    }
    let worst = checked.iter().copied().fold(0.0, f64::max);
    let (checked, opened) = (Spread::of(checked), Spread::of(opened));
    let line = json!({
        "what": "restart", "who": "countersign", "sessions": count.parse::<u64>().unwrap(),
        "ms": checked.middle, "ms_low": checked.low, "ms_high": checked.high, "ms_worst": worst,
        "store_ms": opened.middle,
    });
    println!("{line}");
}

/// Runs this program until it prints a line, kills it, and gives the line.
fn killed(words: &[&str]) -> String {
    let mut child =
        Command::new(std::env::current_exe().unwrap()).args(words).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!line.is_empty(), "it ended before it was killed");
    line.trim().to_owned()
}

/// Starts `count` sessions, ends the newest of them, and waits to be killed.
async fn fill(place: &Path, count: u32) {
    let store = Embedded::open(place, Durability::Relaxed).unwrap();
    let house = House::on(store, Arc::new(SystemClock::default())).await;
    let cookies = house.start(count).await;
    let all = SessionFilter::default();
    let newest = house.store.sessions(&all, count / ENDED).await.unwrap();
    let ending = Ending { at: house.engine.now(), reason: Reason::SignedOut, by: Actor::System };
    for some in newest.chunks(1000) {
        let end = |one: &Session| Change::End { extent: Extent::Session(one.serial), ending: ending.clone() };
        let batch = some.iter().map(end).fold(Batch::new(), Batch::with);
        assert!(matches!(house.store.commit(batch).await.unwrap(), Outcome::Committed(..)));
    }
    println!("{}", cookies[0].to_str().unwrap());
    std::future::pending::<()>().await;
}

/// Opens the store and starts a few sessions more, which are in its log when it is killed.
async fn touch(place: &Path, cookie: &str) {
    let store = Embedded::open(place, Durability::Full).unwrap();
    let engine = house::engine(&store, Arc::new(SystemClock::default())).await;
    let audience = Audience::Client("shop".parse().unwrap());
    let found = engine.enter(Some(cookie), &audience, Presence::Active).await.unwrap();
    assert!(matches!(found, Attempt::Accepted(_)), "{found:?}");
    let handle = match found {
        Attempt::Accepted(entered) => entered.handle.to_string(),
        _ => return,
    };
    let app = engine.app("shop").await.unwrap();
    for round in 0..100_u32 {
        let expect = countersign_core::batch::Expect::Whatever;
        engine.put_slot(&app, &handle, "round", expect, &round.to_be_bytes()).await.unwrap();
    }
    println!("{cookie}");
    std::future::pending::<()>().await;
}
