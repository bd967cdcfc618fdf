//! A session of 10 MiB: its segments are written and read one by one, and one costs about as much as a small write.

use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign_core::batch::{Batch, Change, Conflict, Expect, Outcome};
use countersign_core::extent::{Actor, Ending, Reason};
use countersign_core::id::{SlotsId, Version};
use countersign_core::policy::{SEGMENT_BYTES, SLOT_BYTES, SLOT_ROOM};
use countersign_core::port::{Directory, Store};
use countersign_core::slot::{Segment, SlotPut, SlotWrite, SlotsWrite, count};
use countersign_core::time::Timestamp;
use countersign_store::Postgres;
use serde_json::json;

use super::support::{Proxy, Server, Way};
use super::{done, login, serial, session, subject, user};

fn slots() -> SlotsId {
    serde_json::from_value(json!(format!("data_{:032x}", 1))).unwrap()
}

/// Writes the segments `numbers` of a slot of `length` bytes; answers its version.
async fn put(
    store: &Postgres,
    slot: (&str, u64),
    expect: Expect,
    numbers: impl Iterator<Item = u32>,
    byte: u8,
) -> Version {
    match store.commit(write(slot, expect, numbers, byte)).await.unwrap() {
        Outcome::Committed(_, Some(version)) => version,
        other => panic!("{other:?}"),
    }
}

fn write((name, length): (&str, u64), expect: Expect, numbers: impl Iterator<Item = u32>, byte: u8) -> Batch {
    let bytes = usize::try_from(length.min(SEGMENT_BYTES) + 28).unwrap();
    let segments = numbers.map(|number| Segment { number, sealed: vec![byte; bytes] }).collect();
    let marks = vec![[byte; 16]; count(length) as usize + 1];
    let writes =
        vec![SlotWrite { name: name.to_owned(), expect, put: Some(SlotPut { length, marks, segments }) }];
    let (serial, slots, at) = (serial(1), slots(), Timestamp::from_seconds(9));
    let write = SlotsWrite { serial, slots, at, room: SLOT_ROOM, operations: Vec::new(), writes };
    Batch::of(Change::WriteSlots(write))
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
async fn ten_mebibytes_over_a_slow_way_are_written_and_read_and_nobody_waits_for_them() {
    let server = Server::start().await;
    let direct = server.fresh().await;
    let proxy = Proxy::to(server.port).await;
    let (other, slow) =
        (Postgres::open(&direct).await.unwrap(), Postgres::open(&proxy.along(&direct)).await.unwrap());
    done(&other, Batch::of(user(1)).with(login(1, 1)).with(session(1, 1, 1))).await;
    proxy.set(Way::Stopping);
    let writer = Arc::clone(&slow);
    let mut writing =
        tokio::spawn(async move { put(&writer, FILM, Expect::Absent, 0..count(SLOT_BYTES), 1).await });
    let mut meanwhile = 0;
    let version = loop {
        tokio::select! {
            version = &mut writing => break version.unwrap(),
            () = proxy.stopped() => {
                // It takes the head of the log as every write does.
                other.lease_serials(1).await.unwrap();
                meanwhile += 1;
                proxy.go_on();
            }
        }
    };
    assert_eq!(meanwhile, 11, "once in each piece");
    proxy.set(Way::Open);
    let whole = slow.slot(&slots(), "film", 0..u32::MAX).await.unwrap().unwrap();
    let numbers: Vec<u32> = whole.segments.iter().map(|segment| segment.number).collect();
    assert_eq!((whole.version, numbers), (version, (0..160).collect()));
    // However slow the way is, this is all that one answer is waited for.
    assert!(proxy.longest() < 1100 * 1024, "{} bytes without an answer", proxy.longest());
    // What was sent ahead is gone, whatever came of it.
    let write = write(FILM, Expect::Absent, 0..count(SLOT_BYTES), 2);
    assert_eq!(slow.commit(write).await.unwrap(), Outcome::Conflict(Conflict::Taken));
    assert_eq!(server.count(&direct, "SELECT FROM countersign.ahead").await, 0);
    slow.close().await;
    other.close().await;
}

/// A node that dies leaves there what it was sending.
#[tokio::test]
async fn what_was_left_ahead_of_a_commit_is_erased_with_its_person_and_swept() {
    let server = Server::start().await;
    let url = server.fresh().await;
    let store = Postgres::open(&url).await.unwrap();
    done(&store, Batch::of(user(1)).with(login(1, 1)).with(session(1, 1, 1))).await;
    let left = format!(
        "INSERT INTO countersign.ahead VALUES ('hers', '{}', 'film', 0, 'sealed', now()),
            ('old', 'data_9', 'film', 0, 'sealed', now() - interval '11 minutes'),
            ('new', 'data_9', 'film', 0, 'sealed', now() - interval '9 minutes')",
        slots().as_str()
    );
    server.sql(&url, &left).await;
    let ending = Ending { at: Timestamp::from_seconds(9), reason: Reason::Erased, by: Actor::System };
    done(&store, Batch::of(Change::EraseUser { subject: subject(1), ending })).await;
    let dump = String::from_utf8(server.dump(&url, &[])).unwrap();
    assert!(!dump.contains(slots().as_str()) && !dump.contains("hers"));
    assert!(dump.contains("old") && dump.contains("new"));
    done(&store, Batch::of(Change::Sweep { before: Timestamp::from_seconds(1), limit: 9 })).await;
    assert_eq!(server.count(&url, "SELECT FROM countersign.ahead WHERE sending = 'new'").await, 1);
    assert_eq!(server.count(&url, "SELECT FROM countersign.ahead").await, 1);
    store.close().await;
}

#[tokio::test]
async fn of_what_was_left_ahead_one_sweep_takes_no_more_than_it_may_and_the_rest_is_counted() {
    let server = Server::start().await;
    let url = server.fresh().await;
    let store = Postgres::open(&url).await.unwrap();
    let left = "INSERT INTO countersign.ahead
        SELECT 'old', 'data_9', 'film', number, 'sealed', now() - interval '11 minutes'
        FROM generate_series(1, 2500) AS number";
    server.sql(&url, left).await;
    let overdue = async |most| store.overdue(Timestamp::from_seconds(1), most).await.unwrap().ahead;
    assert_eq!((overdue(9).await, overdue(9999).await), (9, 2500));
    // So many rows as a sweep of rows may take, and no more than a sweep of bytes.
    for (limit, rest) in [(100, 2400), (5000, 1376), (5000, 352), (5000, 0)] {
        done(&store, Batch::of(Change::Sweep { before: Timestamp::from_seconds(1), limit })).await;
        assert_eq!(overdue(9999).await, rest);
    }
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
