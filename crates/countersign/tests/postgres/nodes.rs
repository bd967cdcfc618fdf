//! Two nodes of an application on one database, under traffic.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use countersign::testing::{Rig, settings};
use countersign::{
    Crossing, Data, Engine, Fault, GuestPut, Home, MasterKey, Parts, SessionRules, Slot, SystemClock,
    SystemEntropy,
};
use countersign_core::Attempt;
use countersign_core::batch::Expect;
use countersign_core::extent::Actor;
use countersign_core::record::Client;
use countersign_core::record::session::Audience;
use countersign_core::session::admit::Presence;
use countersign_store::Postgres;
use tokio::task::JoinHandle;

use super::support::Server;

const VISITS: Slot<i64> = Slot::new("visits");

fn old() -> MasterKey {
    MasterKey::from_bytes([42; 32])
}

fn new() -> MasterKey {
    MasterKey::from_bytes([7; 32])
}

/// A node with a connection of its own, which draws chance of its own.
async fn node(url: &str, master: MasterKey) -> Result<(Arc<Postgres>, Arc<Engine>), Fault> {
    let store = Postgres::open(url).await?;
    let parts = Parts {
        store: Arc::clone(&store) as _,
        directory: Arc::clone(&store) as _,
        guests: Arc::clone(&store) as _,
        clock: Arc::new(SystemClock::default()),
        entropy: Arc::new(SystemEntropy),
        post: None,
        master,
    };
    Ok((store, Engine::open(settings(), parts).await?))
}

/// A session of Ada's: the application, the `Cookie` header, and the handle.
async fn signed_in(engine: &Arc<Engine>) -> (Client, String, String) {
    let home = Home::of(Arc::clone(engine), SessionRules::default()).await.unwrap();
    let (signed, known) = home.sign_in("ada", &Rig::visitor(), None).await.unwrap();
    let app = engine.app("app").await.unwrap();
    (app, format!("cs_dev={}", signed.cookie.reveal()), known.entered.handle.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_requests_at_two_nodes_that_change_one_slot_each_counts() {
    let server = Server::start().await;
    let url = server.fresh().await;
    let (one, other) = (node(&url, old()).await.unwrap(), node(&url, old()).await.unwrap());
    let (app, _, handle) = signed_in(&one.1).await;
    let requests: Vec<_> = (0..1000)
        .map(|number| {
            let engine = Arc::clone(if number % 2 == 0 { &one.1 } else { &other.1 });
            let (app, handle) = (app.clone(), handle.clone());
            tokio::spawn(async move {
                let data: Data<'_> = engine.data(&app, &handle);
                data.add(VISITS, 2, &format!("request {number}")).await.unwrap();
            })
        })
        .collect();
    for request in requests {
        request.await.unwrap();
    }
    let counted = other.1.data(&app, &handle).read(VISITS).await.unwrap().unwrap().1;
    assert_eq!(counted, 2000);
}

/// What the nodes are asked for while they change.
struct Traffic {
    nodes: [Mutex<Arc<Engine>>; 2],
    app: Client,
    cookie: String,
    handle: String,
    answered: AtomicU64,
    over: AtomicBool,
}

impl Traffic {
    fn at(&self, number: u64) -> Arc<Engine> {
        let node = usize::try_from(number % 2).unwrap();
        Arc::clone(&self.nodes[node].lock().unwrap())
    }

    /// Visitor `client` comes again and again, each time to the other node.
    async fn visit(self: Arc<Self>, client: u64) -> u64 {
        let shop = Audience::Client(self.app.id.clone());
        let mut number = client;
        while !self.over.load(Ordering::Relaxed) {
            number += 1001;
            let engine = self.at(number);
            let known = engine.enter(Some(self.cookie.as_str()), &shop, Presence::Active).await.unwrap();
            assert!(matches!(known, Attempt::Accepted(_)), "{known:?}");
            let data = engine.data(&self.app, &self.handle);
            data.add(VISITS, 1, &format!("{client} {number}")).await.unwrap();
            // Somebody who has never been here, whose key the other node opens.
            let name = format!("person {client} {number}");
            drop(engine.vouch(&self.app.id, &name, &Rig::visitor(), None).await.unwrap());
            let subject = engine.subject_of_own(&name).await.unwrap().unwrap();
            self.at(number + 1).export(&subject, Actor::CommandLine).await.unwrap();
            let cart = [GuestPut {
                name: "cart",
                expect: Expect::Absent,
                value: Some(b"[1]"),
                crossing: Crossing::Crosses,
            }];
            let guest = engine.begin_guest(shop.clone(), &Rig::visitor(), &cart).await.unwrap();
            let header = format!("cs_dev_guest={}", guest.cookie.reveal());
            let known = self.at(number + 1).guest(Some(&header), &shop, Presence::Active).await.unwrap();
            assert!(matches!(known, Attempt::Accepted(_)), "{known:?}");
            self.answered.fetch_add(1, Ordering::Relaxed);
        }
        number
    }

    /// Waits until more visits have been answered.
    async fn goes_on(&self, clients: &[JoinHandle<u64>]) {
        let enough = self.answered.load(Ordering::Relaxed) + 20;
        while self.answered.load(Ordering::Relaxed) < enough {
            assert!(clients.iter().all(|client| !client.is_finished()), "a request failed");
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_at_two_nodes_while_the_master_key_is_changed() {
    let server = Server::start().await;
    let url = server.fresh().await;
    let mut stores = Vec::new();
    let mut open = async |master| {
        let (store, engine) = node(&url, master).await.unwrap();
        stores.push(store);
        engine
    };
    let nodes = [open(old()).await, open(old()).await];
    let (app, cookie, handle) = signed_in(&nodes[0]).await;
    let nodes = nodes.map(Mutex::new);
    let (answered, over) = (AtomicU64::new(0), AtomicBool::new(false));
    let traffic = Arc::new(Traffic { nodes, app, cookie, handle, answered, over });
    let clients: Vec<_> = (0..4).map(|client| tokio::spawn(Arc::clone(&traffic).visit(client))).collect();
    traffic.goes_on(&clients).await;
    // The steps of the guide: both open, then the new one seals and all is sealed anew, then it is alone.
    let steps: [fn() -> MasterKey; 3] = [|| old().also_opening(new()), || new().also_opening(old()), new];
    for step in steps {
        for node in &traffic.nodes {
            let next = open(step()).await;
            let before = std::mem::replace(&mut *node.lock().unwrap(), next);
            traffic.goes_on(&clients).await;
            before.close().await;
        }
        for node in 0..2 {
            traffic.at(node).tick().await.unwrap();
        }
    }
    traffic.goes_on(&clients).await;
    traffic.over.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.expect("a request failed");
    }
    // Each visit was counted, whichever node it came to.
    let answered = i64::try_from(traffic.answered.load(Ordering::Relaxed)).unwrap();
    let counted = traffic.at(0).data(&traffic.app, &traffic.handle).read(VISITS).await.unwrap().unwrap().1;
    assert_eq!(counted, answered);
    let refused = node(&url, old()).await.unwrap_err();
    assert!(matches!(&refused, Fault::Unfit(why) if why.contains("master key")), "{refused}");
}
