//! Backup, restore and check: a copy of a store in use is whole, and a restored one brings nothing back.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use countersign_core::Fault;
use countersign_core::batch::{Batch, Change, Conflict, Expect, Outcome};
use countersign_core::extent::{Actor, Ending, Extent, Reason};
use countersign_core::id::Serial;
use countersign_core::policy::{SEGMENT_BYTES, SLOT_ROOM};
use countersign_core::port::{Directory, Follower, Store};
use countersign_core::record::{Login, Session, User};
use countersign_core::revoke::View;
use countersign_core::slot::{Segment, SlotPut, SlotWrite, SlotsWrite};
use countersign_core::time::Timestamp;
use countersign_store::{Durability, Embedded, Over, Restore, back_up, check, restore};
use serde_json::json;

const NOW: Timestamp = Timestamp::from_seconds(1_900_000_000);

fn open(folder: &Path) -> Arc<Embedded> {
    Embedded::open(folder, Durability::Relaxed).unwrap()
}

async fn done(store: &Embedded, batch: Batch) {
    assert!(matches!(store.commit(batch).await.unwrap(), Outcome::Committed(..)));
}

fn user(number: u64) -> User {
    serde_json::from_value(json!({
        "subject": format!("usr_{number:032x}"), "email": format!("person{number}@marsh.example"), "role": "person",
        "password": "x", "generation": 0, "data_key": [1], "since": 5,
    }))
    .unwrap()
}

fn login(number: u64) -> Login {
    serde_json::from_value(json!({
        "id": format!("login_{number:032x}"), "subject": user(number).subject, "born": 0, "generation": 0, "at": 0,
        "methods": ["pwd"], "device": "x", "network": "x", "expires": 9_000_000_000_000_u64, "ended": null,
    }))
    .unwrap()
}

fn session(serial: u64, number: u64) -> Session {
    serde_json::from_value(json!({
        "serial": serial, "login": login(number).id, "subject": user(number).subject, "audience": "issuer",
        "secret": vec![1; 32], "slots": format!("data_{serial:032x}"), "born": 0, "auth_time": 0, "begun": 1, "seen": 1,
        "idle": {"secs": 100, "nanos": 0}, "expires": 9_000_000_000_000_u64, "device": "x", "network": "x", "ended": null,
    }))
    .unwrap()
}

fn ending() -> Ending {
    Ending { at: Timestamp::from_seconds(9), reason: Reason::SignedOut, by: Actor::System }
}

/// A short value and one in two segments, as the data of session `serial`.
fn data(serial: u64, number: u64) -> Change {
    let write = |name: &str, length, count| {
        let segments = (0..count).map(|number| Segment { number, sealed: vec![1; 30] }).collect();
        let put = Some(SlotPut { length, marks: Vec::new(), segments });
        SlotWrite { name: name.to_owned(), expect: Expect::Whatever, put }
    };
    Change::WriteSlots(SlotsWrite {
        serial: Serial::new(serial).unwrap(),
        slots: session(serial, number).slots,
        at: Timestamp::from_seconds(9),
        room: SLOT_ROOM,
        operations: Vec::new(),
        writes: vec![write("cart", 2, 1), write("film", SEGMENT_BYTES + 1, 2)],
    })
}

/// People 1 and 2, with a session each that holds data.
async fn furnish(store: &Embedded) -> [u64; 2] {
    let serials = store.lease_serials(2).await.unwrap();
    let two = [serials.start, serials.start + 1];
    for (serial, number) in two.into_iter().zip(1..) {
        let batch = Batch::of(Change::AddUser(user(number)))
            .with(Change::BeginLogin(login(number)))
            .with(Change::StartSession(session(serial, number)))
            .with(data(serial, number));
        done(store, batch).await;
    }
    two
}

fn plan<'a>(backup: &'a Path, folder: &'a Path, over: Over) -> Restore<'a> {
    Restore { backup, folder, over, ledger: None, now: NOW }
}

fn wrong(folder: &Path) -> Vec<String> {
    check(folder).unwrap().wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_store_in_use_is_whole_and_of_one_moment() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("data"));
    furnish(&store).await;
    let writer = Arc::clone(&store);
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let writing = tokio::spawn(async move {
        while stopped.try_recv().is_err() {
            let serial = writer.lease_serials(1).await.unwrap().start;
            done(&writer, Batch::of(Change::StartSession(session(serial, 1)))).await;
            let extent = Extent::Session(Serial::new(serial).unwrap());
            done(&writer, Batch::of(Change::End { extent, ending: ending() })).await;
        }
    });
    for round in 0..5 {
        let to = folder.path().join(format!("backup-{round}"));
        let from = folder.path().join("data");
        // Checks the copy before it answers.
        let made = tokio::task::spawn_blocking(move || back_up(&from, &to)).await.unwrap().unwrap();
        assert!(made.bytes > 0);
    }
    stop.send(()).unwrap();
    writing.await.unwrap();
    assert_eq!(wrong(&folder.path().join("data")), Vec::<String>::new());
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.filter(|name| name.to_string_lossy().starts_with("backup")).count(), 5, "one file each");
    let again = back_up(&folder.path().join("data"), &folder.path().join("backup-0"));
    assert!(matches!(again, Err(Fault::Unfit(_))), "a backup overwrites nothing");
}

#[tokio::test]
async fn a_long_reader_delays_no_write_and_what_was_erased_goes_once_it_has_left() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    furnish(&store).await;
    let reader = rusqlite::Connection::open(folder.path().join("countersign.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM person;").unwrap();
    done(&store, Batch::of(Change::EraseUser { subject: user(1).subject, ending: ending() })).await;
    done(&store, Batch::new()).await;
    let email = b"person1@marsh.example";
    let traces = || {
        let files =
            fs::read_dir(folder.path()).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
        files.filter(|bytes| bytes.windows(email.len()).any(|window| window == email)).count()
    };
    assert!(traces() > 0, "the reader still sees it");
    reader.execute_batch("COMMIT;").unwrap();
    done(&store, Batch::new()).await;
    assert_eq!(traces(), 0);
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_reads_a_backup() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    open(&folder.path().join("data")).close();
    let to = folder.path().join("backup");
    back_up(&folder.path().join("data"), &to).unwrap();
    assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn what_was_ended_after_the_backup_stays_dead_and_so_does_everything_older() {
    let folder = tempfile::tempdir().unwrap();
    let (data, backup) = (folder.path().join("data"), folder.path().join("backup"));
    let store = open(&data);
    let [first, second] = furnish(&store).await;
    back_up(&data, &backup).unwrap();
    let extent = Extent::Session(Serial::new(first).unwrap());
    done(&store, Batch::of(Change::End { extent, ending: ending() })).await;
    let later = store.lease_serials(500).await.unwrap();
    let had = store.log_state().await.unwrap();
    store.close();

    let restored = restore(&plan(&backup, &data, Over::Anything)).unwrap();
    assert!(restored.epoch > had.epoch);
    assert_eq!(wrong(&data), Vec::<String>::new());
    let store = open(&data);
    let view = Arc::new(View::loading());
    store.follow(Arc::clone(&view) as Arc<dyn Follower>).await.unwrap();
    view.ready(&store.log_state().await.unwrap());
    assert!(view.is_ready() && view.epoch() == Some(restored.epoch));
    for serial in [first, second] {
        let session = store.session(Serial::new(serial).unwrap()).await.unwrap().unwrap();
        assert!(view.check(session.serial, None, session.born).is_err(), "session {serial} came back");
    }
    let old = store.commit(Batch::of(Change::StartSession(session(later.end + 9, 1)))).await.unwrap();
    assert_eq!(old, Outcome::Conflict(Conflict::Over), "a login of before begins nothing");
    assert!(store.lease_serials(1).await.unwrap().start >= later.end, "no serial is given out twice");
}

#[tokio::test]
async fn a_restored_epoch_is_above_what_the_target_had_even_when_the_clock_is_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (data, backup) = (folder.path().join("data"), folder.path().join("backup"));
    open(&data).close();
    back_up(&data, &backup).unwrap();
    let behind = Timestamp::from_seconds(5);
    let one = restore(&Restore { now: behind, ..plan(&backup, &data, Over::Anything) }).unwrap();
    let two = restore(&Restore { now: behind, ..plan(&backup, &data, Over::Anything) }).unwrap();
    assert!(two.epoch > one.epoch);
}

#[tokio::test]
async fn a_restored_backup_does_not_bring_an_erased_person_back() {
    let folder = tempfile::tempdir().unwrap();
    let (data, backup) = (folder.path().join("data"), folder.path().join("backup"));
    let store = open(&data);
    furnish(&store).await;
    back_up(&data, &backup).unwrap();
    done(&store, Batch::of(Change::EraseUser { subject: user(1).subject, ending: ending() })).await;
    store.close();
    let gone = |folder: &Path| {
        let store = open(folder);
        async move {
            let found = store.user(&user(1).subject).await.unwrap();
            let other = store.user(&user(2).subject).await.unwrap();
            store.close();
            found.is_none() && other.is_some()
        }
    };
    assert_eq!(restore(&plan(&backup, &data, Over::Anything)).unwrap().erased, 1);
    assert!(gone(&data).await);
    // On another machine, with the ledger brought along; from then on it is that machine's.
    let (elsewhere, ledger) = (folder.path().join("elsewhere"), data.join("erased"));
    let there = Restore { ledger: Some(&ledger), ..plan(&backup, &elsewhere, Over::Nothing) };
    assert_eq!(restore(&there).unwrap().erased, 1);
    assert!(gone(&elsewhere).await);
    assert_eq!(restore(&plan(&backup, &elsewhere, Over::Anything)).unwrap().erased, 1);
    let email = b"person1@marsh.example";
    for entry in fs::read_dir(&elsewhere).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(email.len()).any(|window| window == email), "a trace is left");
    }
}

#[tokio::test]
async fn a_store_in_use_or_not_said_to_go_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (data, backup) = (folder.path().join("data"), folder.path().join("backup"));
    let store = open(&data);
    furnish(&store).await;
    back_up(&data, &backup).unwrap();
    assert!(matches!(restore(&plan(&backup, &data, Over::Anything)), Err(Fault::InUse(_))));
    store.close();
    assert!(matches!(restore(&plan(&backup, &data, Over::Nothing)), Err(Fault::Unfit(_))));
    assert!(open(&data).user(&user(1).subject).await.unwrap().is_some());
}

#[tokio::test]
async fn a_backup_that_is_not_sound_replaces_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (data, backup) = (folder.path().join("data"), folder.path().join("backup"));
    let store = open(&data);
    furnish(&store).await;
    for _ in 0..200 {
        done(&store, Batch::of(Change::End { extent: Extent::Everything, ending: ending() })).await;
    }
    store.close();
    back_up(&data, &backup).unwrap();
    let whole = fs::read(&backup).unwrap();
    let mut flipped = whole.clone();
    for byte in flipped.iter_mut().skip(whole.len() / 2).take(4096) {
        *byte ^= 0xFF;
    }
    for (bad, what) in [
        (flipped, "altered"),
        (whole[..whole.len() / 2].to_vec(), "cut"),
        (b"not a database, but long enough to be looked at".repeat(50), "another file"),
        (Vec::new(), "empty"),
    ] {
        fs::write(&backup, bad).unwrap();
        let refused = restore(&plan(&backup, &data, Over::Anything));
        assert!(refused.is_err(), "{what}: {refused:?}");
        let store = open(&data);
        assert!(store.user(&user(1).subject).await.unwrap().is_some(), "{what}");
        store.close();
        assert_eq!(wrong(&data), Vec::<String>::new(), "{what}");
    }
}

#[tokio::test]
async fn a_check_finds_what_somebody_changed_behind_the_stores_back() {
    for (sql, finding) in [
        ("UPDATE session SET ended = 1", "found under other values"),
        ("UPDATE session SET subject = 'usr_x'", "found under other values"),
        ("UPDATE person SET email = zeroblob(32) WHERE subject LIKE '%1'", "found under other values"),
        ("UPDATE session SET record = x'01'", "cannot be read"),
        ("UPDATE head SET chain = zeroblob(32)", "does not end where its head says"),
        ("DELETE FROM log WHERE position = 2", "does not end where its head says"),
        ("DELETE FROM watermark", "the watermark over everything"),
        ("UPDATE head SET next_serial = 1", "never given out"),
        ("INSERT INTO slot VALUES ('data_x', 'cart', 1, 1, x'', x'00')", "rows of `slot` hang on no session"),
        ("UPDATE data SET bytes = bytes + 1", "other slots than their data's row counts"),
        ("DELETE FROM data", "other slots than their data's row counts"),
        ("UPDATE slot SET length = 140000", "not the segments that their length wants"),
        ("DELETE FROM segment WHERE number = 1", "not the segments that their length wants"),
        ("DELETE FROM slot", "segments hang on no slot"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        furnish(&store).await;
        for _ in 0..2 {
            done(&store, Batch::of(Change::End { extent: Extent::Everything, ending: ending() })).await;
        }
        store.close();
        assert_eq!(wrong(folder.path()), Vec::<String>::new());
        let connection = rusqlite::Connection::open(folder.path().join("countersign.db")).unwrap();
        connection.execute_batch(sql).unwrap();
        drop(connection);
        let found = wrong(folder.path());
        assert!(found.iter().any(|one| one.contains(finding)), "{sql}: {found:?}");
    }
}
