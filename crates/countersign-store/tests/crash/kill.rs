//! `kill -9` under load.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign_core::batch::{Batch, Change, Outcome};
use countersign_core::id::{Position, Serial};
use countersign_core::port::{Follower, Store};
use countersign_core::revoke::View;
use countersign_store::{Durability, Embedded};

use super::victim::{ended, look, prepare, said, session, suffering};

#[test]
fn what_was_acknowledged_survives_kill_9_in_50_rounds() {
    rounds(50);
}

#[test]
#[ignore = "takes long; run by the soak command"]
fn soak_kill_9_2000_rounds() {
    rounds(2000);
}

fn rounds(count: u64) {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(prepare(folder.path(), Durability::Full)).close();
    let (mut acknowledged, mut last_serial, mut random) = (0, 0, 0x9E37_79B9_u64);
    for round in 0..count {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let after = Duration::from_micros(20_000 + (random >> 33) % 150_000);
        let lines = run_and_kill(folder.path(), after);
        acknowledged += lines.iter().filter(|(word, _)| word == "began" || word == "ended").count();
        println!("round {round}: {} lines in {after:?}", lines.len());
        last_serial = runtime.block_on(look(folder.path(), &lines, last_serial));
    }
    assert!(
        acknowledged > usize::try_from(count).unwrap() * 5,
        "only {acknowledged} writes were acknowledged"
    );
    println!("{acknowledged} acknowledged writes in {count} rounds, all there");
}

/// What the victim said before it was killed. The time counts from its first word.
fn run_and_kill(folder: &Path, after: Duration) -> Vec<(String, String)> {
    let mut victim = suffering(Command::new("env"), folder, None)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = victim.stdout.take().unwrap();
    let (begun, has_begun) = std::sync::mpsc::channel();
    let reader =
        std::thread::spawn(move || said(out).inspect(|_| begun.send(()).unwrap_or_default()).collect());
    has_begun.recv_timeout(Duration::from_secs(30)).expect("the victim writes");
    std::thread::sleep(after);
    // `env` has become the victim: the process is the same.
    victim.kill().unwrap();
    victim.wait().unwrap();
    reader.join().unwrap()
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
    println!(
        "first check after kill -9 with 1,000,000 sessions: median {:?}, worst {:?} (goal: 200 ms)",
        figures[4], figures[8]
    );
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
