//! A session of 10 MiB: its segments are written and read one by one, and one costs about as much as a small write.

use std::time::{Duration, Instant};

use countersign_core::batch::{Batch, Change, Expect, Outcome};
use countersign_core::id::{SlotsId, Version};
use countersign_core::policy::{SEGMENT_BYTES, SLOT_BYTES, SLOT_ROOM};
use countersign_core::port::Store;
use countersign_core::slot::{Segment, SlotPut, SlotWrite, SlotsWrite, count};
use countersign_core::time::Timestamp;
use countersign_store::Postgres;
use serde_json::json;

use super::support::Server;
use super::{done, login, serial, session, user};

fn slots() -> SlotsId {
    serde_json::from_value(json!(format!("data_{:032x}", 1))).unwrap()
}

/// Writes the segments `numbers` of a slot of `length` bytes; answers its version.
async fn put(
    store: &Postgres,
    (name, length): (&str, u64),
    expect: Expect,
    numbers: impl Iterator<Item = u32>,
    byte: u8,
) -> Version {
    let bytes = usize::try_from(length.min(SEGMENT_BYTES) + 28).unwrap();
    let segments = numbers.map(|number| Segment { number, sealed: vec![byte; bytes] }).collect();
    let marks = vec![[byte; 16]; count(length) as usize + 1];
    let writes =
        vec![SlotWrite { name: name.to_owned(), expect, put: Some(SlotPut { length, marks, segments }) }];
    let (serial, slots, at) = (serial(1), slots(), Timestamp::from_seconds(9));
    let write = SlotsWrite { serial, slots, at, room: SLOT_ROOM, operation: None, writes };
    match store.commit(Batch::of(Change::WriteSlots(write))).await.unwrap() {
        Outcome::Committed(_, Some(version)) => version,
        other => panic!("{other:?}"),
    }
}

const FILM: (&str, u64) = ("film", SLOT_BYTES);

/// A session with 10 MiB in one slot, and that slot's version.
async fn furnish(store: &Postgres) -> Version {
    done(store, Batch::of(user(1)).with(login(1, 1)).with(session(1, 1, 1))).await;
    put(store, FILM, Expect::Absent, 0..count(SLOT_BYTES), 1).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_ten_mebibytes_one_segment_is_changed_and_read() {
    let server = Server::start().await;
    let store = Postgres::open(&server.fresh().await).await.unwrap();
    let version = furnish(&store).await;
    put(&store, FILM, Expect::At(version), 80..81, 2).await;
    let found = store.slot(&slots(), "film", 79..82).await.unwrap().unwrap();
    let first: Vec<_> = found.segments.iter().map(|segment| (segment.number, segment.sealed[0])).collect();
    assert_eq!((first, found.marks.len()), (vec![(79, 1), (80, 2), (81, 1)], 161));
    let whole = store.slot(&slots(), "film", 0..u32::MAX).await.unwrap().unwrap();
    assert_eq!(whole.segments.len(), 160);
    assert!(store.slot(&slots(), "film", 0..0).await.unwrap().unwrap().segments.is_empty());
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement; `cargo xtask soak` runs it"]
async fn soak_how_long_one_segment_of_ten_mebibytes_takes() {
    let server = Server::start().await;
    let store = Postgres::open(&server.fresh().await).await.unwrap();
    let mut version = furnish(&store).await;
    let mut times: [Vec<Duration>; 2] = [Vec::new(), Vec::new()];
    for round in 0..500_u32 {
        let started = Instant::now();
        put(&store, ("note", 20), Expect::Whatever, 0..1, 2).await;
        times[0].push(started.elapsed());
        let one = round % 160..round % 160 + 1;
        let started = Instant::now();
        version = put(&store, FILM, Expect::At(version), one, 2).await;
        times[1].push(started.elapsed());
    }
    for (what, mut times) in ["a small durable write", "one segment of 160"].into_iter().zip(times) {
        times.sort();
        println!("{what}: p50 {:?}, p90 {:?}", times[times.len() / 2], times[times.len() * 9 / 10]);
    }
    store.close().await;
}
