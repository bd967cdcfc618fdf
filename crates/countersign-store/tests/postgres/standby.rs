//! A real streaming standby that takes over: without the last entries nothing that has ended comes back, and with all of them
//! nobody has to sign in again where that was promised.

use std::sync::Arc;
use std::time::Duration;

use countersign_core::Fault;
use countersign_core::batch::{Batch, Change, Conflict, Outcome};
use countersign_core::extent::Extent;
use countersign_core::port::{Directory, Follower, Store};
use countersign_core::revoke::View;
use countersign_core::time::Timestamp;
use countersign_store::Postgres;

use super::support::{Proxy, Server, Way};
use super::{done, end, login, serial, session, user};

/// A server, its standby, the ways to the server, and a store whose address names both.
struct Pair {
    first: Server,
    second: Server,
    name: String,
    replication: Proxy,
}

impl Pair {
    async fn new() -> Self {
        let first = Server::start().await;
        let name = first.fresh().await.rsplit('/').next().unwrap().to_owned();
        let replication = Proxy::to(first.port).await;
        let second = Server::standby(&replication).await;
        Self { first, second, name, replication }
    }

    /// Whichever of both takes writes, the first by `way`.
    fn url(&self, way: u16, rest: &str) -> String {
        format!("postgres://countersign@127.0.0.1:{way},127.0.0.1:{}/{}{rest}", self.second.port, self.name)
    }
}

/// A node: its store, and what it knows of endings.
struct Node {
    store: Arc<Postgres>,
    view: Arc<View>,
}

impl Node {
    async fn on(url: &str) -> Self {
        let store = Postgres::open(url).await.unwrap();
        let view = Arc::new(View::loading());
        store.follow(Arc::<View>::clone(&view) as Arc<dyn Follower>).await.unwrap();
        view.ready(&store.log_state().await.unwrap());
        Self { store, view }
    }

    /// Whether a session that was born at the beginning of the log is accepted.
    fn accepts(&self, number: u64) -> bool {
        let born = countersign_core::id::Position::START;
        self.store.in_touch().is_ok() && self.view.check(serial(number), None, born).is_ok()
    }

    /// What comes of a plain write once the database answers again.
    async fn answered(&self) -> Result<Outcome, Fault> {
        let trying = async {
            loop {
                match self.store.commit(Batch::new()).await {
                    Err(Fault::Store(_)) => tokio::time::sleep(Duration::from_millis(50)).await,
                    answer => return answer,
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), trying).await.expect("the new server is not found")
    }
}

fn house() -> Batch {
    Batch::of(user(1)).with(login(1, 1)).with(session(1, 1, 1)).with(session(2, 1, 1))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_lacks_the_last_ending_brings_nobody_back() {
    let pair = Pair::new().await;
    let theirs = Proxy::to(pair.first.port).await;
    let here = Node::on(&pair.url(pair.first.port, "")).await;
    let there = Node::on(&pair.url(theirs.port, "")).await;
    done(&here.store, house()).await;
    let epoch = here.store.log_state().await.unwrap().epoch;
    pair.first.reaches(&pair.second).await;
    assert!(here.accepts(1) && there.accepts(1));

    // The ending is answered, and reaches neither the standby nor the other node.
    pair.replication.set(Way::Cut);
    theirs.set(Way::Cut);
    done(&here.store, Batch::of(end(Extent::Session(serial(1))))).await;
    pair.first.kill();
    pair.second.promote().await;

    // Whoever has heard the ending refuses everything and says why.
    let refused = here.answered().await.unwrap_err();
    assert!(matches!(&refused, Fault::Unfit(message) if message.contains("no longer the one")), "{refused}");
    assert!(!here.accepts(1) && !here.accepts(2));

    // Whoever has not goes on, and everybody signs in again.
    assert!(matches!(there.answered().await.unwrap(), Outcome::Committed(..)));
    there.store.in_touch().unwrap();
    assert!(there.store.session(serial(1)).await.unwrap().unwrap().ended.is_none(), "the standby has it all");
    assert!(!there.accepts(1) && !there.accepts(2));
    let touch = Change::TouchSession { serial: serial(1), seen: Timestamp::from_seconds(4) };
    assert_eq!(there.store.commit(Batch::of(touch)).await.unwrap(), Outcome::Conflict(Conflict::Over));
    let after = there.store.log_state().await.unwrap();
    assert!(after.epoch > epoch, "no epoch has begun");

    // A node that starts anew is of one mind with it, and begins no other.
    let anew = Node::on(&pair.url(pair.first.port, "")).await;
    assert!(!anew.accepts(1) && !anew.accepts(2));
    assert_eq!(anew.store.log_state().await.unwrap(), after);
    let audit = anew.store.audit(&Default::default(), 10).await.unwrap();
    assert_eq!(audit.len(), 1, "{audit:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_has_everything_keeps_who_is_signed_in_where_that_is_promised() {
    let pair = Pair::new().await;
    let node = Node::on(&pair.url(pair.first.port, "?failover=synchronous")).await;
    done(&node.store, house()).await;
    done(&node.store, Batch::of(end(Extent::Session(serial(1))))).await;
    let before = node.store.log_state().await.unwrap();
    pair.first.reaches(&pair.second).await;
    pair.first.kill();
    pair.second.promote().await;
    assert!(matches!(node.answered().await.unwrap(), Outcome::Committed(..)));
    assert!(node.accepts(2) && !node.accepts(1));
    assert_eq!(node.store.log_state().await.unwrap(), before);
    // Without the promise the same standby would have begun an epoch, and it is not begun later for another reason.
    let other = Node::on(&pair.url(pair.first.port, "")).await;
    assert!(other.accepts(2) && !other.accepts(1));
}
