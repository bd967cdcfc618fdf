//! How many sessions become durable in a second, and how long one of them waits, beside the bare disk in the same run.
//!
//! Rounds take turns: appending a page and asking the disk to keep it, one after the other; the same by 64 threads at once, as
//! 64 clients would who share nothing; session starts by one client; session starts by 64. Of the latter it also says what one
//! takes of the thread that writes: 64 clients cannot wait less than 64 times that on average, whatever the disk does (Little,
//! A Proof for the Queuing Formula L = λW, Operations Research 9, 1961).
//!
//! All take their serials from one block, as the sign-ins of one node do: serials from 64 blocks would
//! write to 64 places of each index.

use std::fs::OpenOptions;
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign::SystemClock;
use countersign_bench_sessions::{House, Spread};
use countersign_core::batch::Outcome;
use countersign_core::policy::PERSON_SESSION;
use countersign_core::port::Store;
use countersign_store::Durability;
use serde_json::json;
use tokio::sync::Mutex;

const ROUNDS: usize = 5;
const TURN: Duration = Duration::from_millis(1500);
const CLIENTS: usize = 64;

/// What was done in the turns, and how long each took.
struct Turns {
    rates: Vec<f64>,
    waits: Vec<f64>,
    /// What the writing thread has spent meanwhile.
    spent: Duration,
}

impl Turns {
    const fn new() -> Self {
        Self { rates: Vec::new(), waits: Vec::new(), spent: Duration::ZERO }
    }

    fn add(&mut self, waits: Vec<f64>, took: Duration) {
        self.rates.push(waits.len() as f64 / took.as_secs_f64());
        self.waits.extend(waits);
    }

    fn tell(&self, who: &str) {
        let mut waits = self.waits.clone();
        waits.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
        let rate = Spread::of(self.rates.clone());
        let line = json!({
            "what": "durable", "who": who, "rate": rate.middle, "rate_low": rate.low, "rate_high": rate.high,
            "p50_ns": at(0.5), "p99_ns": at(0.99), "mean_ns": waits.iter().sum::<f64>() / waits.len() as f64,
            "writer_ns": self.spent.as_nanos() as f64 / waits.len() as f64,
        });
        println!("{line}");
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let house = Arc::new(House::new(Durability::Full, Arc::new(SystemClock::default())).await);
    let place = house.folder().join("raw");
    let serials = Arc::new(Mutex::new(0..0));
    let [mut disk, mut disks, mut one, mut many] = [const { Turns::new() }; 4];
    for _ in 0..ROUNDS {
        for (threads, turns) in [(1, &mut disk), (CLIENTS, &mut disks)] {
            let begun = Instant::now();
            turns.add(syncs(&place, threads, begun), begun.elapsed());
        }
        for (clients, turns) in [(1, &mut one), (CLIENTS, &mut many)] {
            let (begun, spent) = (Instant::now(), writer());
            let running: Vec<_> = (0..clients)
                .map(|_| tokio::spawn(client(Arc::clone(&house), Arc::clone(&serials), begun)))
                .collect();
            let mut waits = Vec::new();
            for one in running {
                waits.extend(one.await.unwrap());
            }
            turns.add(waits, begun.elapsed());
            turns.spent += writer().saturating_sub(spent);
        }
    }
    disk.tell("disk");
    disks.tell("disk, 64 threads");
    one.tell("one client");
    many.tell("64 clients");
}

/// How long each of the syncs took that `threads` made at once, each of a page that it had appended.
fn syncs(place: &Path, threads: usize, begun: Instant) -> Vec<f64> {
    let append = || {
        let mut raw = OpenOptions::new().create(true).append(true).open(place).unwrap();
        let mut waits = Vec::new();
        while begun.elapsed() < TURN {
            let each = Instant::now();
            raw.write_all(&[7; 4096]).unwrap();
            raw.sync_data().unwrap();
            waits.push(each.elapsed().as_nanos() as f64);
        }
        waits
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(append)).collect();
        running.into_iter().flat_map(|one| one.join().unwrap()).collect()
    })
}

/// The CPU time that the store's writing thread has spent so far, in user and kernel (proc_pid_stat(5), fields 14 and 15).
fn writer() -> Duration {
    let mut spent = Duration::ZERO;
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let stat = std::fs::read_to_string(task.unwrap().path().join("stat")).unwrap_or_default();
        let Some((name, rest)) = stat.rsplit_once(") ") else { continue };
        // The kernel keeps 15 letters.
        if name.ends_with("(countersign-sto") {
            let ticks = rest.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u32>().unwrap());
            spent += Duration::from_millis(10) * ticks.sum::<u32>();
        }
    }
    spent
}

async fn client(house: Arc<House>, serials: Arc<Mutex<Range<u64>>>, begun: Instant) -> Vec<f64> {
    let mut waits = Vec::new();
    while begun.elapsed() < TURN {
        let serial = next(&house, &mut *serials.lock().await).await;
        let (_, batch) = house.session(serial, PERSON_SESSION);
        let each = Instant::now();
        assert!(matches!(house.store.commit(batch).await.unwrap(), Outcome::Committed(..)));
        waits.push(each.elapsed().as_nanos() as f64);
    }
    waits
}

async fn next(house: &House, serials: &mut Range<u64>) -> u64 {
    if serials.is_empty() {
        *serials = house.store.lease_serials(4096).await.unwrap();
    }
    serials.next().unwrap()
}
