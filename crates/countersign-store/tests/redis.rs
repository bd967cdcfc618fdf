//! Guests in Redis, one server and a cluster of three: they pass the conformance suite, go when they are over, and are lost,
//! late or cut off only as documented.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

mod support;

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use countersign_core::Fault;
use countersign_core::batch::{Conflict, Expect};
use countersign_core::extent::{Actor, Ending, Reason};
use countersign_core::id::{Epoch, GuestSerial, Version};
use countersign_core::policy::GUEST_ROOM;
use countersign_core::port::{GuestChange, GuestWrite, Guests};
use countersign_core::time::Timestamp;
use countersign_store::Redis;
use countersign_store::conformance::guests::checks;
use serde_json::json;
use support::certificates::certificates;
use support::proxy::{Mode, Proxy};
use support::redis::{Cluster, Server};

/// What an outage may last on behind its end.
const RECOVERY: Duration = Duration::from_secs(5);

/// Guests at `address`, in an epoch that nobody else has.
fn guests(address: &str) -> Arc<Redis> {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let number = NEXT.fetch_add(1, Ordering::SeqCst);
    Redis::open(address, Epoch::new(number), u64::from(number).to_be_bytes()).unwrap()
}

fn serial(number: u64) -> GuestSerial {
    GuestSerial::new(number).unwrap()
}

const fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(1_000_000 + seconds)
}

fn begin(number: u64) -> GuestChange {
    let guest = serde_json::from_value(json!({
        "serial": number, "audience": {"client": "shop"}, "secret": vec![7_u8; 32],
        "slots": format!("data_{number:032x}"), "data_key": [1, 2], "born": 0, "begun": at(0), "seen": at(0),
        "idle": {"secs": 160, "nanos": 0}, "expires": at(1000), "device": "Firefox, Linux", "ended": null,
    }));
    let writes = vec![put(Expect::Absent, 0)];
    GuestChange::Begin { guest: Box::new(guest.unwrap()), room: GUEST_ROOM, writes }
}

fn put(expect: Expect, value: u8) -> GuestWrite {
    GuestWrite { name: "cart".to_owned(), expect, value: Some(vec![value]) }
}

fn write(number: u64, value: u8) -> GuestChange {
    let writes = vec![put(Expect::Whatever, value)];
    GuestChange::Write { serial: serial(number), at: at(1), room: GUEST_ROOM, writes }
}

fn end(number: u64, seconds: u64) -> GuestChange {
    let ending = Ending { at: at(seconds), reason: Reason::Replaced, by: Actor::System };
    GuestChange::End { serial: serial(number), expect: None, ending }
}

/// Asks until there is an answer that is not a fault; the time limit of the engine paces it.
async fn recovered<T, F: Future<Output = Result<T, Fault>>>(ask: impl Fn() -> F) -> T {
    let begun = Instant::now();
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(fault) => {
                assert!(matches!(fault, Fault::Store(_)), "{fault}");
                assert!(begun.elapsed() < RECOVERY, "not back within 5 s: {fault}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

/// The fault that an outage is answered with, soon.
async fn refused<T: std::fmt::Debug>(ask: impl Future<Output = Result<T, Fault>>) {
    let begun = Instant::now();
    let fault = ask.await.unwrap_err();
    assert!(matches!(fault, Fault::Store(_)), "{fault}");
    assert!(begun.elapsed() < Duration::from_secs(2), "a guest waited {:?}", begun.elapsed());
}

async fn conform(address: &str) {
    let mut failed = Vec::new();
    for (name, check) in checks() {
        if let Err(broken) = check(guests(address)).await {
            failed.push(format!("{name}: {broken}"));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_server_passes_the_conformance_suite() {
    conform(&Server::alone().address()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_of_three_passes_the_conformance_suite() {
    let cluster = Cluster::of_three();
    conform(&cluster.address()).await;
    let guests = guests(&cluster.address());
    for number in 1..=50 {
        guests.change_guest(begin(number)).await.unwrap().unwrap();
    }
    let used = |server: &Server| server.says(&["DBSIZE"]).parse::<u64>().unwrap() > 0;
    assert!(cluster.servers.iter().all(used), "every server keeps guests");
    assert_eq!(guests.count_guests(at(1), 1000).await.unwrap(), 50);
}

#[tokio::test]
async fn a_key_lives_as_long_as_what_is_left_and_no_longer() {
    let server = Server::alone();
    let guests = Redis::open(&server.address(), Epoch::new(7), [1; 8]).unwrap();
    let left = |key: &str| server.says(&["PTTL", key]).parse::<i64>().unwrap();
    let within = |key: &str, seconds: i64| {
        let left = left(key);
        assert!((seconds * 1000 - 5000..=seconds * 1000).contains(&left), "{left} ms, expected {seconds} s");
    };
    guests.change_guest(begin(1)).await.unwrap().unwrap();
    within("cs:7:{1}", 160);
    guests.change_guest(GuestChange::Touch { serial: serial(1), seen: at(100) }).await.unwrap().unwrap();
    within("cs:7:{1}", 160);
    for seen in (200..=950).step_by(150) {
        guests.change_guest(GuestChange::Touch { serial: serial(1), seen: at(seen) }).await.unwrap().unwrap();
    }
    within("cs:7:{1}", 50);
    guests.change_guest(write(1, 1)).await.unwrap().unwrap();
    within("cs:7:{1}", 50);
    guests.change_guest(end(1, 960)).await.unwrap().unwrap();
    within("cs:7:{1}:x", 40);
    assert_eq!(left("cs:7:{1}"), -2, "what a guest kept goes with its end");
    assert_eq!(server.says(&["HEXISTS", "cs:7:{1}:x", "k"]), "0", "so does the key of it");
    assert_eq!(server.says(&["PEXPIRE", "cs:7:{1}:x", "0"]), "1");
    assert_eq!(guests.guest(serial(1)).await.unwrap(), None);
    assert_eq!(guests.change_guest(write(1, 1)).await.unwrap(), Err(Conflict::Missing));
}

#[tokio::test]
async fn a_server_that_is_killed_and_comes_back_empty_costs_guests_their_data_and_nothing_else() {
    let mut server = Server::alone();
    let guests = guests(&server.address());
    guests.change_guest(begin(1)).await.unwrap().unwrap();
    server.kill();
    refused(guests.guest(serial(1))).await;
    refused(guests.change_guest(begin(2))).await;
    server.start_again();
    assert_eq!(recovered(|| guests.guest(serial(1))).await, None);
    assert_eq!(guests.change_guest(write(1, 1)).await.unwrap(), Err(Conflict::Missing));
    assert_eq!(guests.guest_data(serial(1)).await.unwrap(), None);
    assert_eq!(guests.change_guest(begin(2)).await.unwrap(), Ok(Version::FIRST));
}

#[tokio::test]
async fn a_server_that_is_paused_is_answered_for_in_time_and_goes_on_where_it_was() {
    let server = Server::alone();
    let guests = guests(&server.address());
    guests.change_guest(begin(1)).await.unwrap().unwrap();
    server.pause();
    refused(guests.guest(serial(1))).await;
    refused(guests.guest_slot(serial(1), "cart")).await;
    server.go_on();
    assert!(recovered(|| guests.guest(serial(1))).await.is_some());
    assert_eq!(guests.change_guest(write(1, 1)).await.unwrap(), Ok(Version::new(2)));
}

#[tokio::test]
async fn a_server_that_is_cut_off_is_back_within_five_seconds_and_keeps_what_was_answered() {
    for mode in [Mode::Hang, Mode::Cut] {
        let server = Server::alone();
        let proxy = Proxy::before(server.port).await;
        let guests = guests(&format!("redis://127.0.0.1:{}", proxy.port));
        guests.change_guest(begin(1)).await.unwrap().unwrap();
        guests.change_guest(write(1, 5)).await.unwrap().unwrap();
        proxy.set(mode);
        refused(guests.guest_slot(serial(1), "cart")).await;
        refused(guests.change_guest(end(1, 5))).await;
        proxy.set(Mode::Pass);
        let guest = recovered(|| guests.guest(serial(1))).await.unwrap();
        // An ending that was not answered may have happened or not, and is one or the other for good.
        match guest.ended {
            None => assert_eq!(guests.guest_slot(serial(1), "cart").await.unwrap().unwrap().value, [5]),
            Some(_) => assert_eq!(guests.guest_data(serial(1)).await.unwrap(), None),
        }
    }
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_is_asked_again_and_made_once() {
    let server = Server::alone();
    let proxy = Proxy::before(server.port).await;
    let guests = guests(&format!("redis://127.0.0.1:{}", proxy.port));
    assert_eq!(guests.guest(serial(1)).await.unwrap(), None);
    proxy.set(Mode::SwallowOneAnswer);
    assert_eq!(guests.change_guest(begin(1)).await.unwrap(), Ok(Version::FIRST), "not taken by itself");
    for round in 2..40 {
        proxy.set(Mode::SwallowOneAnswer);
        assert_eq!(guests.change_guest(write(1, 1)).await.unwrap(), Ok(Version::new(round)));
    }
    proxy.set(Mode::SwallowOneAnswer);
    assert_eq!(guests.change_guest(end(1, 5)).await.unwrap(), Ok(Version::new(39)));
}

#[tokio::test]
async fn a_cluster_that_loses_a_server_answers_for_the_others_and_is_whole_again_within_five_seconds() {
    let mut cluster = Cluster::of_three();
    let guests = Redis::open(&cluster.address(), Epoch::new(7), [1; 8]).unwrap();
    let keeper = |cluster: &Cluster, number: u64| cluster.keeper(&format!("cs:7:{{{number}}}"));
    let mut kept = vec![Vec::new(); 3];
    for number in 1..=30 {
        guests.change_guest(begin(number)).await.unwrap().unwrap();
        kept[keeper(&cluster, number)].push(number);
    }
    let (gone, there) = (kept[0][0], kept[1][0]);
    cluster.servers[0].kill();
    assert!(recovered(|| guests.guest(serial(there))).await.is_some());
    assert!(guests.guest(serial(gone)).await.is_err());
    cluster.servers[0].start_again();
    assert_eq!(recovered(|| guests.guest(serial(gone))).await, None);
    assert_eq!(recovered(|| guests.change_guest(begin(1000 + gone))).await, Ok(Version::FIRST));
    assert!(guests.guest(serial(there)).await.unwrap().is_some());
}

#[tokio::test]
async fn guests_of_another_epoch_are_not_seen() {
    let server = Server::alone();
    let (old, new) = (guests(&server.address()), guests(&server.address()));
    old.change_guest(begin(1)).await.unwrap().unwrap();
    assert_eq!(new.guest(serial(1)).await.unwrap(), None);
    assert_eq!(new.change_guest(begin(1)).await.unwrap(), Ok(Version::FIRST));
    old.change_guest(end(1, 5)).await.unwrap().unwrap();
    assert!(new.guest(serial(1)).await.unwrap().unwrap().ended.is_none());
}

#[tokio::test]
async fn an_address_is_read_at_once_and_never_repeated() {
    let refused: BTreeSet<String> = [
        "http://127.0.0.1",
        "rediss://u:hunter2@:x",
        "rediss://u:hunter2@127.0.0.1#insecure",
        "rediss://u:hunter2@127.0.0.1?hunter2=1",
        "rediss://u:hunter2@127.0.0.1?sslrootcert=/nowhere/at/all.pem",
        "rediss-cluster://u:hunter2@127.0.0.1",
        "redis://u:hunter2@:x",
        "",
        "redis-cluster://u:hunter2@:x",
    ]
    .map(|address| match Redis::open(address, Epoch::new(1), [0; 8]) {
        Err(Fault::Unfit(why)) => why,
        other => format!("accepted: {other:?}"),
    })
    .into();
    assert!(refused.iter().all(|why| !why.contains("accepted") && !why.contains("hunter2")), "{refused:?}");
    let closed = Redis::open("redis://u:hunter2@127.0.0.1:1", Epoch::new(1), [0; 8]).unwrap();
    let fault = closed.guest(serial(1)).await.unwrap_err();
    assert!(!format!("{fault} {closed:?}").contains("hunter2"), "{fault}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_guests_are_kept_as_the_conformance_suite_says() {
    let folder = tempfile::tempdir().unwrap();
    let authority = certificates(folder.path());
    let (_server, port) = Server::private(folder.path());
    let address = format!("rediss://localhost:{port}?sslrootcert={}", authority.display());
    conform(&address).await;
}

#[tokio::test]
async fn a_redis_that_cannot_prove_who_it_is_is_not_spoken_to() {
    let folder = tempfile::tempdir().unwrap();
    let authority = certificates(folder.path());
    let (mut server, port) = Server::private(folder.path());
    let fault = async |address: &str| guests(address).guest(serial(1)).await.unwrap_err().to_string();
    let roots = format!("sslrootcert={}", authority.display());
    let why = fault(&format!("rediss://127.0.0.1:{port}?{roots}")).await;
    assert!(why.contains("certificate not valid for name"), "{why}");
    let why = fault(&format!("rediss://u:hunter2@localhost:{port}")).await;
    assert!(why.contains("UnknownIssuer") && !why.contains("hunter2"), "{why}");
    let why = fault(&format!("rediss://localhost:{}?{roots}", server.port)).await;
    assert!(why.contains("did not answer in time"), "{why}");

    // One that comes back is found again.
    let kept = guests(&format!("rediss://localhost:{port}?{roots}"));
    kept.change_guest(begin(1)).await.unwrap().unwrap();
    server.kill();
    assert!(kept.guest(serial(1)).await.is_err());
    server.start_again();
    assert_eq!(kept.guest(serial(1)).await.unwrap(), None);
}
