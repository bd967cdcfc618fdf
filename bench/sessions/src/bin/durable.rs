//! How many sessions become durable in a second, and how long one of them waits, beside the bare disk in the same run.
//!
//! Rounds take turns: appending a page and asking the disk to keep it, one after the other; session starts by one client;
//! session starts by 64. All take their serials from one block, as the sign-ins of one node do: serials from 64 blocks would
//! write to 64 places of each index.

use std::fs::OpenOptions;
use std::io::Write;
use std::ops::Range;
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

/// What was done in the turns, and how long each took.
#[derive(Default)]
struct Turns {
    rates: Vec<f64>,
    waits: Vec<f64>,
}

impl Turns {
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
            "p50_ns": at(0.5), "p99_ns": at(0.99),
        });
        println!("{line}");
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let house = Arc::new(House::new(Durability::Full, Arc::new(SystemClock::default())).await);
    let mut raw = OpenOptions::new().create(true).append(true).open(house.folder().join("raw")).unwrap();
    let serials = Arc::new(Mutex::new(0..0));
    let [mut disk, mut one, mut many] = [Turns::default(), Turns::default(), Turns::default()];
    for _ in 0..ROUNDS {
        let (begun, mut waits) = (Instant::now(), Vec::new());
        while begun.elapsed() < TURN {
            let each = Instant::now();
            raw.write_all(&[7; 4096]).unwrap();
            raw.sync_data().unwrap();
            waits.push(each.elapsed().as_nanos() as f64);
        }
        disk.add(waits, begun.elapsed());
        for (clients, turns) in [(1, &mut one), (64, &mut many)] {
            let begun = Instant::now();
            let running: Vec<_> = (0..clients)
                .map(|_| tokio::spawn(client(Arc::clone(&house), Arc::clone(&serials), begun)))
                .collect();
            let mut waits = Vec::new();
            for one in running {
                waits.extend(one.await.unwrap());
            }
            turns.add(waits, begun.elapsed());
        }
    }
    disk.tell("disk");
    one.tell("one client");
    many.tell("64 clients");
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
