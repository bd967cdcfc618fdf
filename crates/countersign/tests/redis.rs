//! The engine with its guests in a Redis that is killed and comes back with nothing: it costs guests what they had, and
//! nothing else.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "../../countersign-store/tests/support/redis.rs"]
#[expect(dead_code, reason = "the store's own tests use the rest")]
mod servers;

use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign::testing::{BEGIN, FixedClock, Rig, SeededEntropy, settings};
use countersign::{
    BegunGuest, Crossing, Engine, Error, GuestPut, KnownGuest, MasterKey, OperationId, Parts, Password,
    Refusal, Slot, Stranger, Visitor,
};
use countersign_core::Attempt;
use countersign_core::batch::{Batch, Change, Expect, Outcome};
use countersign_core::extent::{Actor, Ending, Reason};
use countersign_core::port::{GuestChange, Guests, Store};
use countersign_core::record::Role;
use countersign_core::record::session::Audience;
use countersign_core::revoke::epoch::bump;
use countersign_core::session::admit::Presence;
use countersign_store::{Durability, Embedded, Redis};
use servers::Server;

const CART: GuestPut<'static> =
    GuestPut { name: "cart", expect: Expect::Whatever, value: Some(b"[1]"), crossing: Crossing::Crosses };

async fn engine(folder: &tempfile::TempDir, address: &str) -> Arc<Engine> {
    opened(Embedded::open(folder.path(), Durability::Relaxed).unwrap(), address).await
}

async fn opened(store: Arc<Embedded>, address: &str) -> Arc<Engine> {
    let epoch = store.log_state().await.unwrap().epoch;
    let parts = Parts {
        store: Arc::clone(&store) as _,
        directory: store,
        guests: Redis::open(address, epoch, [7; 8]).unwrap(),
        clock: Arc::new(FixedClock::at(BEGIN)),
        entropy: Arc::new(SeededEntropy::new(7)),
        post: None,
        master: MasterKey::from_bytes([42; 32]),
    };
    Engine::open(settings(), parts).await.unwrap()
}

fn typed() -> Password {
    Password::typed("lantern rope harbour".to_owned())
}

fn header(guest: &BegunGuest) -> String {
    format!("cs_dev_guest={}", guest.cookie.reveal())
}

#[tokio::test]
async fn a_redis_that_loses_everything_costs_guests_their_data_and_nothing_else() {
    let (mut server, folder) = (Server::alone(), tempfile::tempdir().unwrap());
    let engine = engine(&folder, &server.address()).await;
    engine.add_user("ada@marsh.example", typed(), Role::Person, Actor::CommandLine).await.unwrap();
    let shop = Audience::Client("shop".parse().unwrap());
    let (stranger, cart) = (Rig::visitor(), [CART]);
    let begin = || engine.begin_guest(shop.clone(), &stranger, &cart);
    let seen = |guest: &BegunGuest| {
        let (engine, shop, header) = (Arc::clone(&engine), shop.clone(), header(guest));
        async move { engine.guest(Some(&header), &shop, Presence::Active).await }
    };
    let carried = begin().await.unwrap();
    let guest = engine.guest_to_carry(Some(&header(&carried)), &shop).await;
    let visitor = Visitor { guest, ..Rig::visitor() };
    let signed = engine.sign_in("ada@marsh.example", typed(), &visitor, shop.clone(), None).await.unwrap();
    assert_eq!(seen(&carried).await.unwrap(), Attempt::Refused(Refusal::SessionEnded));
    let left = begin().await.unwrap();
    assert!(matches!(seen(&left).await.unwrap(), Attempt::Accepted(_)));
    let session = format!("cs_dev={}", signed.cookie.reveal());
    let goes_on = || async {
        let checked = engine.check(Some(&session), &shop).await.unwrap();
        matches!(checked, Attempt::Accepted(_))
    };

    server.kill();
    assert!(goes_on().await, "somebody who is signed in does not notice");
    assert!(matches!(begin().await.unwrap_err(), Error::Fault(_)));
    assert_eq!(engine.guest_to_carry(Some(&header(&left)), &shop).await, None);
    let _ = engine.sign_in("ada@marsh.example", typed(), &Rig::visitor(), shop.clone(), None).await.unwrap();
    engine.tick().await.unwrap();

    server.start_again();
    let back = Instant::now();
    while begin().await.is_err() {
        assert!(back.elapsed() < Duration::from_secs(5), "guests begin again within five seconds");
    }
    assert!(goes_on().await);
    assert_eq!(seen(&left).await.unwrap(), Attempt::Refused(Refusal::SessionUnknown), "no fault");
    assert_eq!(
        seen(&carried).await.unwrap(),
        Attempt::Refused(Refusal::SessionUnknown),
        "what had ended does not come back"
    );
    let anew = begin().await.unwrap();
    assert_ne!(anew.who.guest.serial, left.who.guest.serial);
    let Attempt::Accepted(who) = seen(&anew).await.unwrap() else { panic!("the new guest is not known") };
    assert_eq!(engine.guest_slot(&who, "cart").await.unwrap().unwrap().1, b"[1]");
}

#[tokio::test]
async fn guests_of_a_node_that_was_running_when_an_epoch_began_are_those_of_a_node_that_starts_in_it() {
    let (server, folder) = (Server::alone(), tempfile::tempdir().unwrap());
    let store = Embedded::open(folder.path(), Durability::Relaxed).unwrap();
    let before = store.log_state().await.unwrap().epoch;
    let engine = opened(Arc::clone(&store), &server.address()).await;
    let (shop, cart) = (Audience::Client("shop".parse().unwrap()), [CART]);
    let old = engine.begin_guest(shop.clone(), &Rig::visitor(), &cart).await.unwrap();
    let seen = |guest: &BegunGuest| {
        let (engine, shop, header) = (Arc::clone(&engine), shop.clone(), header(guest));
        async move { engine.guest(Some(&header), &shop, Presence::Active).await.unwrap() }
    };
    assert!(matches!(seen(&old).await, Attempt::Accepted(_)));

    let epoch = bump(&[before], BEGIN).unwrap();
    let begun = store.commit(Batch::of(Change::BeginEpoch(epoch))).await.unwrap();
    assert!(matches!(begun, Outcome::Committed(..)));
    assert_eq!(seen(&old).await, Attempt::Refused(Refusal::SessionUnknown), "as everybody's");
    let anew = engine.begin_guest(shop.clone(), &Rig::visitor(), &cart).await.unwrap();
    let starts = Redis::open(&server.address(), epoch, [8; 8]).unwrap();
    let serial = anew.who.guest.serial;
    assert_eq!(starts.guest(serial).await.unwrap(), Some(anew.who.guest.clone()));
    let ending = Ending { at: BEGIN, reason: Reason::Replaced, by: Actor::System };
    let end = GuestChange::End { serial, expect: None, ending };
    assert!(starts.change_guest(end).await.unwrap().is_ok());
    assert_eq!(seen(&anew).await, Attempt::Refused(Refusal::SessionEnded));
}

/// The browser of a guest who is known.
struct Browser(Arc<KnownGuest>);

impl Stranger for Browser {
    type Error = Error;

    async fn guest(&self) -> Result<Option<Arc<KnownGuest>>, Error> {
        Ok(Some(Arc::clone(&self.0)))
    }

    async fn begin(&self, _puts: &[GuestPut<'_>], _once: Option<OperationId>) -> Result<(), Error> {
        Err(Refusal::SessionUnknown.into())
    }

    /// Then there is none to count for, and the test fails.
    fn lost(&self) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_requests_that_change_one_slot_of_a_guest_each_counts() {
    const VISITS: Slot<i64> = Slot::new("visits");
    let (server, folder) = (Server::alone(), tempfile::tempdir().unwrap());
    let engine = engine(&folder, &server.address()).await;
    let shop = Audience::Client("shop".parse().unwrap());
    let first = GuestPut { name: "visits", value: Some(b"0"), ..CART };
    let who = Arc::new(engine.begin_guest(shop, &Rig::visitor(), &[first]).await.unwrap().who);
    let requests: Vec<_> = (0..1000)
        .map(|number| {
            let (engine, who) = (Arc::clone(&engine), Arc::clone(&who));
            tokio::spawn(async move {
                if number % 50 > 0 {
                    let browser = Browser(who);
                    let added = engine.left_by(&browser).add(VISITS, 1, &format!("request {number}")).await;
                    added.unwrap();
                    return;
                }
                // One in fifty comes to another node, which waits for nobody here.
                loop {
                    let (version, value) = engine.guest_slot(&who, "visits").await.unwrap().unwrap();
                    let next = String::from_utf8(value).unwrap().parse::<i64>().unwrap() + 1;
                    let (expect, text) = (Expect::At(version), next.to_string());
                    let put = GuestPut { name: "visits", expect, value: Some(text.as_bytes()), ..CART };
                    match engine.write_guest(&who, &[put]).await {
                        Ok(_) => return,
                        Err(error) => assert_eq!(error, Error::Refusal(Refusal::Moved)),
                    }
                }
            })
        })
        .collect();
    for request in requests {
        request.await.unwrap();
    }
    let counted = engine.left_by(&Browser(who)).read(VISITS).await.unwrap().unwrap().1;
    assert_eq!(counted, 1000);
}
