//! `kill -9` under load.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign_core::batch::{Batch, Change, Outcome};
use countersign_core::id::{Position, Serial};
use countersign_core::port::{Follower, Store};
use countersign_core::revoke::View;
use countersign_store::{Durability, Embedded};

use super::deeds::{ANSWERED, ended, session};
use super::judge::Given;
use super::process::{Lines, Process};
use super::victim::{look, prepare, suffering};

#[test]
fn what_was_acknowledged_survives_kill_9_in_50_rounds() {
    rounds(50);
}

#[test]
#[ignore = "takes long; run by the soak command"]
fn soak_kill_9_2000_rounds() {
    rounds(2000);
}

/// Several stores, each killed over and over, so that looking at all of one takes no longer in the last round.
fn rounds(count: u64) {
    let mut random = 0x9E37_79B9_u64;
    let mut acknowledged = BTreeMap::new();
    for first in (0..count).step_by(OF_ONE_STORE) {
        let last = count.min(first + u64::try_from(OF_ONE_STORE).unwrap());
        rounds_of_one_store(first..last, &mut random, &mut acknowledged);
    }
    for word in ANSWERED {
        let times = acknowledged.get(word).copied().unwrap_or_default();
        assert!(times > count, "`{word}` was said {times} times only");
    }
    println!("{acknowledged:?} in {count} rounds, all there");
}

fn rounds_of_one_store(rounds: Range<u64>, random: &mut u64, acknowledged: &mut BTreeMap<&'static str, u64>) {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(prepare(folder.path(), Durability::Full)).close();
    let (mut given, mut all) = (Given::default(), Vec::new());
    for round in rounds {
        *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let after = Duration::from_micros(20_000 + (*random >> 33) % 150_000);
        let lines = run_and_kill(folder.path(), after);
        println!("round {round}: {} lines in {after:?}", lines.len());
        given = runtime.block_on(look(folder.path(), &lines, given));
        all.extend(lines);
    }
    for word in ANSWERED {
        let times = all.iter().filter(|(said, _)| said == word).count();
        *acknowledged.entry(word).or_default() += u64::try_from(times).unwrap();
    }
    // What outlived its own crash has outlived those after it.
    runtime.block_on(look(folder.path(), &all, Given::default()));
}

/// How many rounds one store goes through.
const OF_ONE_STORE: usize = 100;

/// What the victim said before it was killed. The time counts from its first word.
fn run_and_kill(folder: &Path, after: Duration) -> Lines {
    // `env` becomes the victim: the process is the same.
    let victim = Process::start(suffering(Command::new("env"), folder, None));
    victim.speaks();
    std::thread::sleep(after);
    victim.kill()
}

#[test]
#[ignore = "takes long; run by the soak command"]
fn soak_first_check_after_kill_9_with_a_million_sessions() {
    const SESSIONS: u64 = 1_000_000;
    const AT_ONCE: u64 = 1_000;
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let store = prepare(folder.path(), Durability::Relaxed).await;
        for _ in 0..SESSIONS / AT_ONCE {
            let serials = store.lease_serials(u32::try_from(AT_ONCE).unwrap()).await.unwrap();
            // One in a hundred has ended and stands in the log.
            let batch = serials.fold(Batch::new(), |batch, serial| {
                let batch = batch.with(Change::StartSession(session(serial)));
                if serial % 100 == 0 { batch.with(ended(serial)) } else { batch }
            });
            assert!(matches!(store.commit(batch).await.unwrap(), Outcome::Committed(..)));
        }
        store.close();
    });
    let mut figures = Vec::new();
    for round in 0..9 {
        let lines = run_and_kill(folder.path(), Duration::from_millis(200));
        let took = runtime.block_on(first_check(folder.path(), 1 + round * 100_000));
        figures.push(took);
        assert!(!lines.is_empty());
    }
    figures.sort_unstable();
    let (median, worst) = (figures[4], figures[8]);
    println!("first check after kill -9 with 1,000,000 sessions: median {median:?}, worst {worst:?}");
    assert!(worst <= Duration::from_millis(200), "the worst of nine took {worst:?}");
}

/// How long it takes from nothing to the answer for one session.
async fn first_check(folder: &Path, serial: u64) -> Duration {
    let began = Instant::now();
    let store = Embedded::open(folder, Durability::Full).unwrap();
    let view = Arc::new(View::loading());
    store.follow(Arc::clone(&view) as Arc<dyn Follower>).await.unwrap();
    view.ready(&store.log_state().await.unwrap());
    let serial = Serial::new(serial).unwrap();
    assert!(store.session(serial).await.unwrap().is_some());
    assert!(view.check(serial, None, Position::START).is_ok());
    let took = began.elapsed();
    store.close();
    took
}
