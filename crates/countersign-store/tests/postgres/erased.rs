//! Whom anybody has erased stays erased when an older dump is restored: nodes remember it beside the database.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use countersign_core::Fault;
use countersign_core::audit::Event;
use countersign_core::batch::{Batch, Change, Outcome};
use countersign_core::extent::{Actor, Ending, Reason};
use countersign_core::port::{AuditFilter, Directory, Store};
use countersign_core::time::Timestamp;
use countersign_store::{Durability, Embedded, Postgres, Remembering, migrate};
use tempfile::{TempDir, tempdir};

use super::support::Server;
use super::{done, login, session, subject, user};

fn erase(number: u64) -> Batch {
    let ending = Ending { at: Timestamp::from_seconds(3), reason: Reason::Erased, by: Actor::System };
    Batch::of(Change::EraseUser { subject: subject(number), ending })
}

async fn node(url: &str, folder: &Path) -> Result<(Arc<Postgres>, usize), Fault> {
    let erased = Remembering { folder, also: None, by: Actor::System };
    Postgres::open_remembering(&url.parse().unwrap(), &erased).await
}

/// How many people the ledger in `folder` has.
fn lines(folder: &Path) -> usize {
    let text = std::fs::read_to_string(folder.join("erased")).unwrap();
    assert!(!text.contains("usr_"), "it names somebody");
    text.split_whitespace().collect::<HashSet<_>>().len()
}

async fn people(store: &Postgres) -> Vec<u64> {
    let mut there = Vec::new();
    for number in 1..=3 {
        if store.user(&subject(number)).await.unwrap().is_some() {
            there.push(number);
        }
    }
    there
}

/// Two nodes, three people, and a dump from when they were all there.
async fn three() -> (Server, String, [TempDir; 2], [Arc<Postgres>; 2], Vec<u8>) {
    let server = Server::start().await;
    let url = server.fresh().await;
    let folders = [tempdir().unwrap(), tempdir().unwrap()];
    let nodes =
        [node(&url, folders[0].path()).await.unwrap().0, node(&url, folders[1].path()).await.unwrap().0];
    let batch = Batch::of(user(1)).with(user(2)).with(user(3));
    done(&nodes[0], batch.with(login(1, 1)).with(session(1, 1, 1))).await;
    let dump = server.dump(&url, &[]);
    (server, url, folders, nodes, dump)
}

#[tokio::test]
async fn a_restored_dump_does_not_bring_an_erased_person_back() {
    let (server, url, folders, nodes, dump) = three().await;
    done(&nodes[0], erase(1)).await;
    assert_eq!(lines(folders[0].path()), 1);
    for node in nodes {
        node.close().await;
    }
    server.restore(&url, &dump).await;
    let without = Postgres::open(&url).await.unwrap();
    assert_eq!(people(&without).await, [1, 2, 3], "the dump does not hold them");
    without.close().await;

    let (store, again) = node(&url, folders[0].path()).await.unwrap();
    assert_eq!((again, people(&store).await), (1, vec![2, 3]));
    assert_eq!(store.session(super::serial(1)).await.unwrap(), None);
    let filter = AuditFilter { subject: Some(subject(1)), ..AuditFilter::default() };
    assert_eq!(store.audit(&filter, 9).await.unwrap()[0].1.event, Event::Erased);
    store.close().await;
    let email = b"person1@mail.example";
    assert!(!server.dump(&url, &[]).windows(email.len()).any(|window| window == email));
    // It is known now, and nobody is looked for again.
    let (store, again) = node(&url, folders[0].path()).await.unwrap();
    assert_eq!((again, people(&store).await), (0, vec![2, 3]));
}

#[tokio::test]
async fn whom_one_node_erases_every_node_remembers() {
    let (server, url, folders, nodes, dump) = three().await;
    // Nobody who is signed in: the log of endings says nothing of it.
    done(&nodes[0], erase(2)).await;
    let heard = async {
        while lines(folders[1].path()) == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), heard).await.expect("the other node does not hear of it");
    // A node that writes all the time hears of it, too.
    done(&nodes[1], erase(1)).await;
    done(&nodes[0], Batch::new()).await;
    assert_eq!((lines(folders[0].path()), lines(folders[1].path())), (2, 2));

    // The machine that erased first is gone, and a new one has an empty ledger.
    for node in nodes {
        node.close().await;
    }
    server.restore(&url, &dump).await;
    let fresh = tempdir().unwrap();
    let (new, again) = node(&url, fresh.path()).await.unwrap();
    assert_eq!((again, people(&new).await), (0, vec![1, 2, 3]));
    let (old, again) = node(&url, folders[1].path()).await.unwrap();
    assert_eq!((again, people(&new).await), (2, vec![3]));
    // It learns what the others remember: at once what they write, and the rest when it starts.
    done(&new, Batch::new()).await;
    assert_eq!(lines(fresh.path()), 2);
    let newer = tempdir().unwrap();
    node(&url, newer.path()).await.unwrap();
    assert_eq!(lines(newer.path()), 2);
    old.close().await;
}

#[tokio::test]
async fn the_ledger_of_a_machine_that_is_gone_is_brought_along() {
    let (server, url, folders, nodes, dump) = three().await;
    done(&nodes[0], erase(3)).await;
    server.restore(&url, &dump).await;
    let (folder, also) = (tempdir().unwrap(), folders[0].path().join("erased"));
    let erased = Remembering { folder: folder.path(), also: Some(&also), by: Actor::CommandLine };
    let (store, again) = Postgres::open_remembering(&url.parse().unwrap(), &erased).await.unwrap();
    assert_eq!((again, people(&store).await, lines(folder.path())), (1, vec![1, 2], 1));
}

#[tokio::test]
async fn a_node_whose_ledger_cannot_be_read_does_not_start() {
    let (_server, url, folders, _nodes, _dump) = three().await;
    std::fs::write(folders[0].path().join("erased"), "usr_1\n").unwrap();
    let why = node(&url, folders[0].path()).await.unwrap_err();
    assert!(matches!(&why, Fault::Unfit(message) if message.contains("not an erase ledger")), "{why}");
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn nobody_is_erased_while_the_ledger_cannot_be_written() {
    let (_server, url, _folders, _nodes, _dump) = three().await;
    let folder = tempdir().unwrap();
    // It can be opened and read, and takes no such line.
    std::os::unix::fs::symlink("/proc/self/coredump_filter", folder.path().join("erased")).unwrap();
    let (store, _) = node(&url, folder.path()).await.unwrap();
    let why = store.commit(erase(1)).await.unwrap_err();
    assert!(matches!(&why, Fault::Store(message) if message.contains("erase ledger")), "{why}");
    assert_eq!(people(&store).await, [1, 2, 3]);
    done(&store, Batch::of(user(4))).await;
}

#[tokio::test]
async fn a_node_that_remembers_whom_the_database_has_forgotten_goes_no_further() {
    let (server, url, _folders, nodes, _dump) = three().await;
    done(&nodes[0], erase(2)).await;
    let lost = "DELETE FROM countersign.erased; UPDATE countersign.head SET erased = 0";
    server.sql(&url, lost).await;
    let why = nodes[0].commit(Batch::of(user(5))).await.unwrap_err();
    assert!(matches!(&why, Fault::Unfit(message) if message.contains("start this node anew")), "{why}");
    assert!(nodes[0].in_touch().is_err());
}

#[tokio::test]
async fn a_store_that_moves_takes_along_who_was_erased() {
    let server = Server::start().await;
    let (url, folder, other) = (server.fresh().await, tempdir().unwrap(), tempdir().unwrap());
    let store = Embedded::open(folder.path(), Durability::Relaxed).unwrap();
    let key = Change::AddSetting { name: "key".to_owned(), value: b"sealed".to_vec() };
    for batch in [Batch::of(key).with(user(1)).with(user(2)), erase(1)] {
        let done = store.commit(batch).await.unwrap();
        assert!(matches!(done, Outcome::Committed(..)), "{done:?}");
    }
    store.close();
    migrate(folder.path(), &url.parse().unwrap(), &mut |_| {}).await.unwrap();
    let (store, again) = node(&url, other.path()).await.unwrap();
    assert_eq!((again, people(&store).await, lines(other.path())), (0, vec![2], 1));
    done(&store, erase(2)).await;
    assert_eq!(lines(other.path()), 2);
}
