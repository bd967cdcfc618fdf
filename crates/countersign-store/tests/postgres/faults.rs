//! PostgreSQL killed, paused and cut off under load: what was acknowledged is there, what was ended stays ended, nothing is
//! acknowledged meanwhile, and within five seconds everything goes on.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign_core::Fault;
use countersign_core::batch::{Batch, Outcome};
use countersign_core::extent::{Chain, Extent};
use countersign_core::id::Position;
use countersign_core::port::{Follower, Guests, Store};
use countersign_core::revoke::View;
use countersign_core::revoke::log::verify;
use countersign_core::time::Timestamp;
use countersign_store::Postgres;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::support::{Proxy, Server, Way};
use super::{Listener, done, end, login, serial, session, user};

/// What the writers were told.
#[derive(Debug, Default)]
struct Told {
    leased: BTreeSet<u64>,
    begun: Vec<u64>,
    ended: Vec<u64>,
}

/// Writers on one store, until it is dropped.
struct Load {
    store: Arc<Postgres>,
    view: Arc<View>,
    told: Arc<Mutex<Told>>,
    /// Acknowledged, and failed.
    counts: watch::Sender<(u64, u64)>,
    writers: JoinSet<()>,
}

impl Load {
    async fn on(url: &str) -> Self {
        let store = Postgres::open(url).await.unwrap();
        let view = Arc::new(View::loading());
        store.follow(Arc::<View>::clone(&view) as Arc<dyn Follower>).await.unwrap();
        view.ready(&store.log_state().await.unwrap());
        done(&store, Batch::of(user(1)).with(login(1, 1))).await;
        let load = Self {
            store,
            view,
            told: Arc::default(),
            counts: watch::Sender::new((0, 0)),
            writers: JoinSet::new(),
        };
        load.running()
    }

    fn running(mut self) -> Self {
        for _ in 0..8 {
            let (store, told, counts) =
                (Arc::clone(&self.store), Arc::clone(&self.told), self.counts.clone());
            self.writers.spawn(async move {
                loop {
                    match write(&store, &told).await {
                        Ok(()) => counts.send_modify(|(acknowledged, _)| *acknowledged += 1),
                        Err(_) => {
                            counts.send_modify(|(_, failed)| *failed += 1);
                            tokio::time::sleep(Duration::from_millis(20)).await;
                        }
                    }
                }
            });
        }
        self
    }

    /// Waits until so many more are acknowledged.
    async fn acknowledged(&self, more: u64) {
        let mut counts = self.counts.subscribe();
        let until = counts.borrow().0 + more;
        counts.wait_for(|(acknowledged, _)| *acknowledged >= until).await.unwrap();
    }

    /// Waits until so many more have failed.
    async fn failed(&self, more: u64) {
        let mut counts = self.counts.subscribe();
        let until = counts.borrow().1 + more;
        counts.wait_for(|(_, failed)| *failed >= until).await.unwrap();
    }

    /// `fault` begins under load, and after it nothing is acknowledged; `mend` ends it, and within five seconds it goes on.
    async fn through(&self, fault: impl Future<Output = ()>, mend: impl Future<Output = ()>) {
        self.acknowledged(200).await;
        fault.await;
        self.failed(8).await;
        let during = self.counts.borrow().0;
        let silence = async {
            while self.store.in_touch().is_ok() {
                self.failed(1).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), silence).await.expect("it believes its view for ever");
        self.failed(8).await;
        assert_eq!(self.counts.borrow().0, during, "something was acknowledged while nobody could know");
        mend.await;
        tokio::time::timeout(Duration::from_secs(5), self.acknowledged(1))
            .await
            .expect("no recovery within 5 s");
        self.acknowledged(200).await;
        self.store.in_touch().unwrap();
    }

    /// Everything that was told is so.
    async fn holds(mut self, url: &str) {
        self.writers.shutdown().await;
        let told = std::mem::take(&mut *self.told.lock().unwrap());
        let fresh = Postgres::open(url).await.unwrap();
        for number in &told.begun {
            assert!(fresh.session(serial(*number)).await.unwrap().is_some(), "session {number} is lost");
        }
        for number in &told.ended {
            let session = fresh.session(serial(*number)).await.unwrap().unwrap();
            assert!(session.ended.is_some(), "session {number} has come back");
            let here = self.view.position();
            assert!(
                self.view.check(serial(*number), None, here).is_err(),
                "the view forgot session {number}"
            );
        }
        assert!(!told.ended.is_empty());
        assert!(!self.view.is_broken(), "the view has missed an entry");
        let log = fresh.log_since(Position::START, 1_000_000).await.unwrap();
        let (position, chain) = verify(&log, Position::START, Chain::default()).unwrap();
        let state = fresh.log_state().await.unwrap();
        assert_eq!((position, chain), (state.position, state.chain));
    }
}

/// Starts a session and ends every second one; what is told is written down only after the answer.
async fn write(store: &Postgres, told: &Mutex<Told>) -> Result<(), Fault> {
    let number = store.lease_serials(1).await?.start;
    assert!(told.lock().unwrap().leased.insert(number), "serial {number} was given twice");
    let outcome = store.commit(Batch::of(session(number, 1, 1))).await?;
    assert!(matches!(outcome, Outcome::Committed(..)), "{outcome:?}");
    told.lock().unwrap().begun.push(number);
    if number % 2 == 0 {
        let outcome = store.commit(Batch::of(end(Extent::Session(serial(number))))).await?;
        assert!(matches!(outcome, Outcome::Committed(..)), "{outcome:?}");
        told.lock().unwrap().ended.push(number);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_it_is_killed() {
    let server = Server::start().await;
    let url = server.fresh().await;
    let load = Load::on(&url).await;
    for _ in 0..2 {
        load.through(async { server.kill() }, server.restart()).await;
    }
    load.holds(&url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_it_is_paused() {
    let server = Server::start().await;
    let url = server.fresh().await;
    let load = Load::on(&url).await;
    load.through(async { server.pause() }, async { server.resume() }).await;
    load.holds(&url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_it_is_cut_off() {
    let server = Server::start().await;
    let direct = server.fresh().await;
    let proxy = Proxy::to(server.port).await;
    let url = proxy.along(&direct);
    let load = Load::on(&url).await;
    for way in [Way::Cut, Way::Silent] {
        load.through(async { proxy.set(way) }, async { proxy.set(Way::Open) }).await;
    }
    load.holds(&direct).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_falls_silent_does_not_keep_the_others_waiting() {
    let server = Server::start().await;
    let direct = server.fresh().await;
    let proxy = Proxy::to(server.port).await;
    let url = proxy.along(&direct);
    let load = Load::on(&url).await;
    load.acknowledged(100).await;
    let other = Postgres::open(&direct).await.unwrap();
    // It may hold the head at this moment.
    proxy.set(Way::Silent);
    let batch = || Batch::of(user(2));
    let answered =
        tokio::time::timeout(Duration::from_secs(5), async { while other.commit(batch()).await.is_err() {} });
    answered.await.expect("a silent node keeps the head locked");
    proxy.set(Way::Open);
    load.acknowledged(100).await;
    load.holds(&direct).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_fell_silent_is_given_to_nobody_else() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.port).await;
    let store = Postgres::open(&proxy.along(&server.fresh().await)).await.unwrap();
    // Some that nobody uses wait for whoever asks next.
    let now = Timestamp::from_seconds(1);
    let read = || store.count_guests(now, 1);
    let (one, two, three) = tokio::join!(read(), read(), read());
    assert_eq!([one.unwrap(), two.unwrap(), three.unwrap()], [0; 3]);
    proxy.forget();
    let follow = || store.follow(Arc::<Listener>::default());
    let (swept, followed) = tokio::join!(store.sweep_guests(now, 1), follow());
    assert!(matches!(swept, Err(Fault::Store(message)) if message.contains("has not answered")));
    assert_eq!(store.sweep_guests(now, 1).await, Ok(0), "it was asked on the silent one");
    if followed.is_err() {
        assert_eq!(follow().await, Ok(()), "it follows on the silent one");
    }
}
