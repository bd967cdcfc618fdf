//! What a session of 10 MiB costs the embedded store, counted in rows and in pages of the write-ahead log.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::path::Path;
use std::time::Instant;

use countersign_core::batch::{Batch, Change, Expect, Outcome};
use countersign_core::id::{Serial, SlotsId, Version};
use countersign_core::policy::{SEGMENT_BYTES, SLOT_BYTES, SLOT_ROOM};
use countersign_core::port::Store;
use countersign_core::slot::{Segment, SlotPut, SlotWrite, SlotsWrite, count};
use countersign_core::time::Timestamp;
use countersign_store::{Durability, Embedded};
use serde_json::json;

const LOGIN: &str = "login_00000000000000000000000000000001";
const PERSON: &str = "usr_00000000000000000000000000000001";
const DATA: &str = "data_00000000000000000000000000000001";
/// What sealing adds.
const OVERHEAD: u64 = 28;
const PAGE: usize = 4096;

fn slots() -> SlotsId {
    serde_json::from_value(json!(DATA)).unwrap()
}

async fn done(store: &Embedded, batch: Batch) -> Version {
    let outcome = store.commit(batch).await.unwrap();
    assert!(matches!(outcome, Outcome::Committed(..)), "{outcome:?}");
    let Outcome::Committed(_, version) = outcome else { return Version::default() };
    version.unwrap_or_default()
}

/// Writes the segments `numbers` of a slot of `length` bytes.
fn put(name: &str, length: u64, expect: Expect, numbers: impl Iterator<Item = u32>, byte: u8) -> Batch {
    let segment = |number| {
        let bytes = (length - u64::from(number) * SEGMENT_BYTES).min(SEGMENT_BYTES) + OVERHEAD;
        Segment { number, sealed: vec![byte; usize::try_from(bytes).unwrap()] }
    };
    let marks = vec![[byte; 16]; count(length) as usize + 1];
    let put = Some(SlotPut { length, marks, segments: numbers.map(segment).collect() });
    let serial = Serial::new(1).unwrap();
    let writes = vec![SlotWrite { name: name.to_owned(), expect, put }];
    Batch::of(Change::WriteSlots(SlotsWrite {
        serial,
        slots: slots(),
        at: Timestamp::from_seconds(9),
        room: SLOT_ROOM,
        operations: Vec::new(),
        writes,
    }))
}

/// A session with 10 MiB in one slot, and that slot's version.
async fn furnish(store: &Embedded) -> Version {
    let user = json!({
        "subject": PERSON, "email": "ada@marsh.example", "role": "person", "password": "x", "generation": 0,
        "data_key": [1], "since": 5,
    });
    let login = json!({
        "id": LOGIN, "subject": PERSON, "born": 0, "generation": 0, "at": 0, "methods": ["pwd"], "device": "x",
        "network": "x", "expires": 9_000_000_000_000_u64, "ended": null,
    });
    let session = json!({
        "serial": 1, "login": LOGIN, "subject": PERSON, "audience": "issuer", "secret": vec![1; 32], "slots": DATA,
        "born": 0, "auth_time": 0, "begun": 1, "seen": 1, "idle": {"secs": 100, "nanos": 0},
        "expires": 9_000_000_000_000_u64, "device": "x", "network": "x", "ended": null,
    });
    store.lease_serials(1).await.unwrap();
    let begin = Batch::of(Change::AddUser(serde_json::from_value(user).unwrap()))
        .with(Change::BeginLogin(serde_json::from_value(login).unwrap()))
        .with(Change::StartSession(serde_json::from_value(session).unwrap()));
    done(store, begin).await;
    done(store, put("note", 20, Expect::Absent, 0..1, 1)).await;
    done(store, put("film", SLOT_BYTES, Expect::Absent, 0..count(SLOT_BYTES), 1)).await
}

/// The write-ahead log: the salt that marks what is in it now, and how many pages that is.
fn logged(folder: &Path) -> ([u8; 8], usize) {
    let bytes = std::fs::read(folder.join("countersign.db-wal")).unwrap();
    let salt: [u8; 8] = bytes[16..24].try_into().unwrap();
    let frames = bytes[32..].chunks(24 + PAGE);
    (salt, frames.take_while(|frame| frame[8..16] == salt).count())
}

/// How many pages `batch` writes.
async fn pages(store: &Embedded, folder: &Path, batch: Batch) -> usize {
    let (salt, before) = logged(folder);
    done(store, batch).await;
    match logged(folder) {
        (now, after) if now == salt => after - before,
        // The log was empty and began anew.
        (_, after) => after,
    }
}

#[tokio::test]
async fn changing_one_segment_of_ten_mebibytes_writes_that_segment_and_little_else() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path(), Durability::Full).unwrap();
    let version = furnish(&store).await;
    let small = pages(&store, folder.path(), put("note", 20, Expect::Whatever, 0..1, 2)).await;
    let one = put("film", SLOT_BYTES, Expect::At(version), 80..81, 2);
    let segment = pages(&store, folder.path(), one).await;
    println!("a small write: {small} pages; one segment of 160: {segment} pages");
    assert!(small <= 8, "{small} pages for a small write");
    let least = usize::try_from(SEGMENT_BYTES).unwrap() / PAGE;
    assert!((least..=2 * least).contains(&segment), "{segment} pages for a segment of {least}");

    let found = store.slot(&slots(), "film", 79..82).await.unwrap().unwrap();
    let first: Vec<_> = found.segments.iter().map(|segment| (segment.number, segment.sealed[0])).collect();
    assert_eq!(first, [(79, 1), (80, 2), (81, 1)], "one row has changed");
    store.close();
}

#[tokio::test]
#[ignore = "a measurement; `cargo xtask soak` runs it"]
async fn soak_how_long_one_segment_of_ten_mebibytes_takes() {
    let folder = tempfile::Builder::new().tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let store = Embedded::open(folder.path(), Durability::Full).unwrap();
    let mut version = furnish(&store).await;
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..500_u32 {
        let started = Instant::now();
        done(&store, put("note", 20, Expect::Whatever, 0..1, 2)).await;
        times[0].push(started.elapsed());
        let one = put("film", SLOT_BYTES, Expect::At(version), round % 160..round % 160 + 1, 2);
        let started = Instant::now();
        version = done(&store, one).await;
        times[1].push(started.elapsed());
    }
    for (what, mut times) in ["a small durable write", "one segment of 160"].into_iter().zip(times) {
        times.sort();
        println!("{what}: p50 {:?}, p90 {:?}", times[times.len() / 2], times[times.len() * 9 / 10]);
    }
    store.close();
}
