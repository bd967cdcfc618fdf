//! Two nodes on one database.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use countersign_core::batch::{Batch, Change, Conflict, Outcome};
use countersign_core::extent::{Actor, Ending, Extent, LogKind, Reason};
use countersign_core::id::{Epoch, Position};
use countersign_core::port::Store;
use countersign_core::time::Timestamp;
use countersign_store::Postgres;
use tokio::task::JoinSet;

use super::support::Server;
use super::{Listener, done, end, login, serial, session, subject, user};

async fn two() -> (Server, Arc<Postgres>, Arc<Postgres>) {
    let server = Server::start().await;
    let url = server.fresh().await;
    let (one, other) = (Postgres::open(&url).await.unwrap(), Postgres::open(&url).await.unwrap());
    (server, one, other)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_hears_every_ending_of_both_once_and_in_order() {
    let (_server, one, other) = two().await;
    let (here, there) = (Listener::of(&one).await, Listener::of(&other).await);
    let mut batch = Batch::of(user(1)).with(login(1, 1));
    for number in 1..=101 {
        batch = batch.with(session(number, 1, 1));
    }
    done(&one, batch).await;

    let position = done(&one, Batch::of(end(Extent::Session(serial(101))))).await;
    tokio::time::timeout(Duration::from_secs(5), there.reaches(position)).await.expect("nothing is heard");

    let mut tasks = JoinSet::new();
    for number in 1..=100 {
        let (store, ear) = if number % 2 == 0 { (&one, &here) } else { (&other, &there) };
        let (store, ear) = (Arc::clone(store), Arc::clone(ear));
        tasks.spawn(async move {
            done(&store, Batch::of(end(Extent::Session(serial(number))))).await;
            let heard = ear.heard().iter().any(|entry| entry.kind == LogKind::Ended(serial(number)));
            assert!(heard, "an ending was answered before its own node had heard of it");
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    let log = one.log_since(Position::START, 1000).await.unwrap();
    assert_eq!(log.len(), 101);
    for ear in [here, there] {
        tokio::time::timeout(Duration::from_secs(5), ear.reaches(log[100].position)).await.unwrap();
        assert_eq!(ear.heard(), log);
    }
}

#[tokio::test]
async fn a_commit_is_answered_after_what_another_node_wrote_before_it_was_heard() {
    let (_server, one, other) = two().await;
    let there = Listener::of(&other).await;
    let mut batch = Batch::of(user(1)).with(login(1, 1));
    for number in 1..=60 {
        batch = batch.with(session(number, 1, 1));
    }
    done(&one, batch).await;
    for number in (1..=60).step_by(2) {
        done(&one, Batch::of(end(Extent::Session(serial(number))))).await;
        done(&other, Batch::of(end(Extent::Session(serial(number + 1))))).await;
        let kinds: Vec<_> = there.heard().into_iter().map(|entry| entry.kind).collect();
        let expected: Vec<_> = (1..=number + 1).map(|number| LogKind::Ended(serial(number))).collect();
        assert_eq!(kinds, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_sign_in_on_one_overtakes_a_revoke_all_on_the_other() {
    let (_server, one, other) = two().await;
    let mut begun = 0;
    for round in 1..=10_u64 {
        done(&one, Batch::of(user(round))).await;
        let mut tasks = JoinSet::new();
        for number in 1..=32 {
            let (number, store) = (round * 100 + number, Arc::clone(&other));
            tasks.spawn(async move {
                let batch = Batch::of(login(number, round)).with(session(number, number, round));
                (number, store.commit(batch).await.unwrap())
            });
        }
        let extent = Extent::Subject { subject: subject(round), except: None };
        let answer = one.commit(Batch::of(end(extent))).await.unwrap();
        assert!(matches!(answer, Outcome::Committed(..)));
        while let Some(task) = tasks.join_next().await {
            let (number, outcome) = task.unwrap();
            let found = one.session(serial(number)).await.unwrap();
            match outcome {
                Outcome::Committed(..) => {
                    begun += 1;
                    assert!(
                        found.unwrap().ended.is_some(),
                        "a sign-in overtook the revocation of everything"
                    );
                }
                Outcome::Conflict(conflict) => assert_eq!((conflict, found), (Conflict::Moved, None)),
            }
        }
    }
    assert!(begun < 320, "no sign-in met the revocation");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leases_of_serials_never_overlap() {
    let (_server, one, other) = two().await;
    let mut tasks = JoinSet::new();
    for number in 0..80_u32 {
        let store = Arc::clone(if number % 2 == 0 { &one } else { &other });
        tasks.spawn(async move { store.lease_serials(7 + number).await.unwrap() });
    }
    let (mut given, mut count) = (BTreeSet::new(), 0);
    while let Some(lease) = tasks.join_next().await {
        let lease = lease.unwrap();
        count += lease.end - lease.start;
        given.extend(lease);
    }
    assert_eq!(u64::try_from(given.len()).unwrap(), count);
}

#[tokio::test]
async fn a_new_epoch_of_one_is_heard_by_the_other_and_both_go_on() {
    let (_server, one, other) = two().await;
    let there = Listener::of(&other).await;
    done(&one, Batch::of(user(1)).with(login(1, 1)).with(session(1, 1, 1))).await;
    let old = one.log_state().await.unwrap().epoch;
    let next = Epoch::new(old.number() + 7);
    let began = done(&one, Batch::of(Change::BeginEpoch(next))).await;
    let refused = other.commit(Batch::of(session(2, 1, 1))).await.unwrap();
    assert_eq!(refused, Outcome::Conflict(Conflict::Over), "the other goes on under the old epoch");
    let heard = there.heard();
    assert_eq!((heard[0].epoch, heard[0].position), (next, began));
    assert_eq!(other.log_state().await.unwrap().epoch, next);
    let position = done(&other, Batch::of(end(Extent::Everything))).await;
    assert_eq!(position, began.next());
    other.in_touch().unwrap();
    done(&one, Batch::new()).await;
}

#[tokio::test]
async fn what_is_swept_at_once_is_no_gap_to_the_other() {
    let (_server, one, other) = two().await;
    let there = Listener::of(&other).await;
    done(&one, Batch::of(user(1)).with(login(1, 1)).with(session(1, 1, 1)).with(session(2, 1, 1))).await;
    // The sessions were over at 9,000 s; a backlog of the sweep has left them.
    let late = Ending { at: Timestamp::from_seconds(9900), reason: Reason::SignedOut, by: Actor::System };
    let end = |number| Change::End { extent: Extent::Session(serial(number)), ending: late.clone() };
    let sweep = Change::Sweep { before: Timestamp::from_seconds(9500), limit: 100 };
    done(&one, Batch::of(end(1)).with(end(2)).with(sweep)).await;
    assert_eq!(one.session(serial(1)).await.unwrap(), None);
    done(&other, Batch::new()).await;
    assert_eq!(there.heard().len(), 2);
}
