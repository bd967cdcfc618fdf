//! What a session of 10 MiB costs: reading one small key that lies beside its film, and changing one of the film's 160
//! segments, next to a small write and to the bare disk in the same run.
//!
//! Contestants take turns, one write each. What is read is counted by the kernel, in a store that was just opened: what SQLite
//! has in its own memory is not read again.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use countersign::SystemClock;
use countersign_bench_sessions::{House, Spread};
use countersign_core::batch::{Batch, Change, Expect, Outcome};
use countersign_core::id::Version;
use countersign_core::policy::{PERSON_SESSION, SEGMENT_BYTES, SLOT_BYTES, SLOT_ROOM};
use countersign_core::port::Store;
use countersign_core::record::Session;
use countersign_core::slot::{Segment, SlotPut, SlotWrite, SlotsWrite, count};
use countersign_store::{Durability, Embedded};
use serde_json::json;

/// How often each contestant writes.
const ROUNDS: u32 = 400;
/// How often the key is read.
const READS: u32 = 20_000;
/// What sealing adds to a segment.
const OVERHEAD: u64 = 28;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let house = House::new(Durability::Full, Arc::new(SystemClock::default())).await;
    let (plain, large) = (start(&house).await, start(&house).await);
    for session in [&plain, &large] {
        done(&house.store, put(session, "note", 20, Expect::Absent, 0..1, 1)).await;
    }
    let film = put(&large, "film", SLOT_BYTES, Expect::Absent, 0..count(SLOT_BYTES), 1);
    let version = done(&house.store, film).await;
    writes(&house, &large, version).await;
    house.store.close();
    reads(house.folder(), "one key alone", &plain, "note").await;
    reads(house.folder(), "one key beside 10 MiB", &large, "note").await;
    reads(house.folder(), "the 10 MiB", &large, "film").await;
}

async fn start(house: &House) -> Session {
    let serial = house.store.lease_serials(1).await.unwrap().start;
    let (_, batch) = house.session(serial, PERSON_SESSION);
    let [Change::StartSession(session)] = batch.changes() else { panic!("{batch:?}") };
    let session = session.clone();
    done(&house.store, batch).await;
    session
}

/// Commits; answers the version of the data that it wrote, if it did.
async fn done(store: &Embedded, batch: Batch) -> Version {
    match store.commit(batch).await.unwrap() {
        Outcome::Committed(_, version) => version.unwrap_or_default(),
        conflict => panic!("{conflict:?}"),
    }
}

/// Writes the segments `numbers` of a slot of `length` bytes.
fn put(session: &Session, name: &str, length: u64, expect: Expect, numbers: Range<u32>, byte: u8) -> Batch {
    let segment = |number| {
        let bytes = (length - u64::from(number) * SEGMENT_BYTES).min(SEGMENT_BYTES) + OVERHEAD;
        Segment { number, sealed: vec![byte; bytes as usize] }
    };
    let marks = vec![[byte; 16]; count(length) as usize + 1];
    let put = Some(SlotPut { length, marks, segments: numbers.map(segment).collect() });
    Batch::of(Change::WriteSlots(SlotsWrite {
        serial: session.serial,
        slots: session.slots.clone(),
        at: session.begun,
        room: SLOT_ROOM,
        operations: Vec::new(),
        writes: vec![SlotWrite { name: name.to_owned(), expect, put }],
    }))
}

async fn writes(house: &House, large: &Session, mut version: Version) {
    let mut raw = OpenOptions::new().create(true).append(true).open(house.folder().join("raw")).unwrap();
    let mut times = [const { Vec::new() }; 4];
    for round in 0..ROUNDS {
        let byte = round as u8;
        let segment = round % count(SLOT_BYTES);
        for (bytes, times) in [4096, SEGMENT_BYTES as usize].into_iter().zip(&mut times) {
            let page = vec![byte; bytes];
            let begun = Instant::now();
            append(&mut raw, &page);
            times.push(begun.elapsed().as_nanos() as f64);
        }
        let small = put(large, "note", 20, Expect::Whatever, 0..1, byte);
        let one = put(large, "film", SLOT_BYTES, Expect::At(version), segment..segment + 1, byte);
        for (batch, times) in [small, one].into_iter().zip(&mut times[2..]) {
            let begun = Instant::now();
            version = done(&house.store, batch).await;
            times.push(begun.elapsed().as_nanos() as f64);
        }
    }
    let names = ["disk, 4 KiB", "disk, 64 KiB", "a small write", "one segment of 160"];
    for (who, times) in names.into_iter().zip(times) {
        let Spread { low, middle, high } = Spread::of(times);
        println!("{}", json!({ "what": "large", "who": who, "ns": middle, "ns_low": low, "ns_high": high }));
    }
}

fn append(raw: &mut File, page: &[u8]) {
    raw.write_all(page).unwrap();
    raw.sync_data().unwrap();
}

/// Reads a slot once, counting what the process reads, and then many times.
async fn reads(folder: &Path, who: &str, session: &Session, name: &str) {
    let store = Embedded::open(folder, Durability::Full).unwrap();
    // Whoever reads first opens a connection, which reads how the tables look.
    store.login(&session.login).await.unwrap().unwrap();
    let last = if name == "film" { count(SLOT_BYTES) } else { 1 };
    let before = read_so_far();
    let slot = store.slot(&session.slots, name, 0..last).await.unwrap().unwrap();
    let bytes = read_so_far() - before;
    assert_eq!(slot.segments.len(), last as usize);
    let reads = READS / last;
    let begun = Instant::now();
    for _ in 0..reads {
        std::hint::black_box(store.slot(&session.slots, name, 0..last).await.unwrap());
    }
    let ns = begun.elapsed().as_nanos() as f64 / f64::from(reads);
    println!(
        "{}",
        json!({ "what": "large", "who": who, "bytes": bytes, "ns": ns, "ns_low": ns, "ns_high": ns })
    );
    store.close();
}

/// The bytes that this process has read (`rchar` of proc_pid_io(5)), from the page cache or the disk.
fn read_so_far() -> u64 {
    let io = std::fs::read_to_string("/proc/self/io").unwrap();
    io.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap().parse().unwrap()
}
