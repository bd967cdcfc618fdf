//! Session data by type: what many do to it at once is all kept, a retry counts once, and a large session is opened in part.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use countersign::testing::Rig;
use countersign::{Bytes, Data, Engine, Error, Expect, Fault, Password, Refusal, Result, Slot, Writes};
use countersign_core::extent::Actor;
use countersign_core::id::Version;
use countersign_core::record::{Audience, Client, Style};

use crate::common::{ADA, PASSWORD, Shop, new_app};
use crate::data::shop;
use crate::effort::{Workshop, hashing};

const CART: Slot<Vec<String>> = Slot::new("cart");
const NOTE: Slot<String> = Slot::new("note");
const VISITS: Slot<i64> = Slot::new("visits");
const SEEN: Slot<BTreeSet<u32>> = Slot::new("seen");
const FILM: Slot<Bytes> = Slot::new("film");

/// One session, reached from many tasks.
#[derive(Clone)]
struct Here {
    engine: Arc<Engine>,
    app: Client,
    handle: String,
}

impl Here {
    fn of(shop: &Shop, handle: String) -> Self {
        Self { engine: Arc::clone(&shop.rig.engine), app: shop.client.clone(), handle }
    }

    fn data(&self) -> Data<'_> {
        self.engine.data(&self.app, &self.handle)
    }
}

/// Runs `each` for the numbers from 0 to `count` at once.
async fn at_once<F>(count: u32, each: impl Fn(u32) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let running: Vec<_> = (0..count).map(|number| tokio::spawn(each(number))).collect();
    for one in running {
        one.await.unwrap();
    }
}

#[tokio::test]
async fn a_slot_is_read_written_and_cleared_by_its_type() {
    let (shop, handle) = shop().await;
    let data = shop.engine().data(&shop.client, &handle);
    assert_eq!(data.read(CART).await.unwrap(), None);
    let first = data.write(CART, Expect::Absent, &vec!["rope".to_owned()]).await.unwrap();
    assert_eq!(data.read(CART).await.unwrap(), Some((first, vec!["rope".to_owned()])));
    let stale = data.write(CART, Expect::At(Version::new(77)), &vec![]).await;
    assert_eq!(stale.unwrap_err(), Refusal::Moved.into());
    let two = data.update(CART, |cart| cart.push("lamp".to_owned())).await.unwrap();
    assert_eq!(two, ["rope", "lamp"]);
    data.clear(CART, Expect::Present).await.unwrap();
    let again = data.clear(CART, Expect::Present).await;
    assert_eq!(again.unwrap_err(), Refusal::Missing { what: "slot" }.into());
    let of_nothing = data.write(CART, Expect::Present, &vec![]).await;
    assert_eq!(of_nothing.unwrap_err(), Refusal::Missing { what: "slot" }.into());
}

#[tokio::test]
async fn a_value_of_another_type_is_a_fault_that_shows_nothing_of_it() {
    let (shop, handle) = shop().await;
    let data = shop.engine().data(&shop.client, &handle);
    data.write(Slot::new("cart"), Expect::Absent, &"hidden words").await.unwrap();
    let Err(Error::Fault(fault @ Fault::Codec(_))) = data.read(CART).await else { panic!("it was read") };
    assert!(fault.to_string().contains("`cart`") && !fault.to_string().contains("hidden"), "{fault}");
}

#[tokio::test]
async fn slots_are_written_together_or_not_at_all() {
    let (shop, handle) = shop().await;
    let data = shop.engine().data(&shop.client, &handle);
    let both = |expect| -> Result<Writes> {
        let writes = Writes::new().put(CART, Expect::Absent, &vec!["rope".to_owned()])?;
        writes.put(NOTE, expect, &"thin".to_owned())
    };
    let refused = data.commit(both(Expect::At(Version::new(9))).unwrap()).await;
    assert_eq!(refused.unwrap_err(), Refusal::Moved.into());
    assert_eq!(data.read(CART).await.unwrap(), None);
    let version = data.commit(both(Expect::Absent).unwrap()).await.unwrap();
    assert_eq!(data.read(CART).await.unwrap().unwrap().0, version);
    assert_eq!(data.read(NOTE).await.unwrap().unwrap().0, version);
    let twice = Writes::new().clear(CART, Expect::Whatever).clear(CART, Expect::Whatever);
    for bad in [twice, Writes::new()] {
        assert!(matches!(data.commit(bad).await.unwrap_err(), Error::Refusal(Refusal::Invalid { .. })));
    }
    let moved = Writes::new().clear(CART, Expect::At(version)).put(NOTE, Expect::At(version), &String::new());
    data.commit(moved.unwrap()).await.unwrap();
    assert_eq!(data.read(CART).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_requests_that_write_a_slot_each_all_stay() {
    let (shop, handle) = shop().await;
    let here = Here::of(&shop, handle.clone());
    at_once(1000, |number| {
        let here = here.clone();
        async move {
            let name = format!("slot-{number}");
            let put = here.engine.put_slot(&here.app, &here.handle, &name, Expect::Absent, name.as_bytes());
            put.await.unwrap();
        }
    })
    .await;
    let names = shop.engine().slot_names(&shop.client, &handle).await.unwrap();
    assert_eq!(names.len(), 1000);
    for (name, ..) in names {
        let (_, value) = shop.engine().slot(&shop.client, &handle, &name).await.unwrap().unwrap();
        assert_eq!(value, name.as_bytes());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_thousand_requests_that_change_one_slot_each_counts() {
    let (shop, handle) = shop().await;
    let here = Here::of(&shop, handle.clone());
    at_once(1000, |number| {
        let here = here.clone();
        async move {
            here.data().add(VISITS, 2, &format!("request {number}")).await.unwrap();
            here.data().update(CART, |cart| cart.push(number.to_string())).await.unwrap();
            assert!(here.data().insert(SEEN, number, "one request").await.unwrap());
        }
    })
    .await;
    let data = shop.engine().data(&shop.client, &handle);
    assert_eq!(data.read(VISITS).await.unwrap().unwrap().1, 2000);
    let all: BTreeSet<_> = data.read(CART).await.unwrap().unwrap().1.into_iter().collect();
    assert_eq!(all.len(), 1000);
    assert_eq!(data.read(SEEN).await.unwrap().unwrap().1.len(), 1000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operation_that_is_tried_again_counts_once() {
    let (shop, handle) = shop().await;
    let here = Here::of(&shop, handle.clone());
    // Fifty requests, each tried eight times at once.
    at_once(400, |number| {
        let here = here.clone();
        async move {
            let sum = here.data().add(VISITS, 1, &format!("request {}", number % 50)).await.unwrap();
            assert!((1..=50).contains(&sum));
        }
    })
    .await;
    let data = shop.engine().data(&shop.client, &handle);
    assert_eq!(data.read(VISITS).await.unwrap().unwrap().1, 50);
    assert_eq!(data.add(VISITS, 1, "request 7").await.unwrap(), 50);
    assert_eq!(data.add(VISITS, 1, "request 50").await.unwrap(), 51);

    // One request may do several things, each of them once.
    assert!(data.insert(SEEN, 7, "request 60").await.unwrap());
    assert!(data.remove(SEEN, &7, "request 60").await.unwrap());
    assert!(!data.insert(SEEN, 7, "request 60").await.unwrap(), "what was taken out since comes back");
    assert!(!data.remove(SEEN, &7, "request 61").await.unwrap());
    assert_eq!(data.read(SEEN).await.unwrap().unwrap().1, BTreeSet::new());

    let too_large = data.add(VISITS, i64::MAX, "request 62").await.unwrap_err();
    assert!(matches!(too_large, Error::Refusal(Refusal::Invalid { .. })), "{too_large}");
    assert_eq!(data.add(VISITS, 1, "request 62").await.unwrap(), 52, "what was refused may be tried again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_is_always_overtaken_gives_up_and_says_so() {
    let (shop, handle) = shop().await;
    let here = Here::of(&shop, handle);
    let (mut tries, other) = (0, here.clone());
    let data = here.data();
    let overtaken = data.update(CART, |_| {
        tries += 1;
        let faster = async { other.data().write(CART, Expect::Whatever, &vec![]).await.unwrap() };
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(faster));
    });
    assert_eq!(overtaken.await.unwrap_err(), Fault::Contention.into());
    assert_eq!(tries, 32);
}

#[tokio::test]
async fn after_the_end_of_a_session_its_data_is_closed() {
    let (shop, handle) = shop().await;
    let data = shop.engine().data(&shop.client, &handle);
    data.add(VISITS, 1, "before").await.unwrap();
    shop.engine().sign_out(&shop.ada).await.unwrap();
    let ended = Error::from(Refusal::SessionEnded);
    assert_eq!(data.read(VISITS).await.unwrap_err(), ended);
    assert_eq!(data.add(VISITS, 1, "after").await.unwrap_err(), ended);
    assert_eq!(data.commit(Writes::new().clear(VISITS, Expect::Whatever)).await.unwrap_err(), ended);
}

#[tokio::test]
async fn of_ten_mebibytes_only_what_is_asked_for_is_read() {
    const SEGMENT: usize = 64 * 1024;
    let shop = Workshop::open(hashing()).await;
    let engine = &shop.engine;
    let (app, _) = engine.add_app(new_app("shop", Style::Session), Actor::CommandLine).await.unwrap();
    let (at, typed) = (Audience::Client(app.id.clone()), Password::typed(PASSWORD.to_owned()));
    let signed = engine.sign_in(ADA, typed, &Rig::visitor(), at, None).await.unwrap();
    let handle = engine.handle(signed.session.serial).to_string();
    let data = engine.data(&app, &handle);
    for number in 0..80 {
        let name = format!("part-{number}");
        engine.put_slot(&app, &handle, &name, Expect::Absent, &[7; SEGMENT]).await.unwrap();
    }
    let mut version = data.write_bytes(FILM, Expect::Absent, &vec![7; 80 * SEGMENT]).await.unwrap();
    let sealed = || shop.tally.sealed.swap(0, Ordering::SeqCst);
    sealed();

    let one = engine.slot(&app, &handle, "part-40").await.unwrap().unwrap();
    assert_eq!((one.1.len(), sealed()), (SEGMENT, SEGMENT + 28));
    let part = data.read_part(FILM, 41 * SEGMENT as u64 + 5, 100).await.unwrap().unwrap();
    assert_eq!((part.1.len(), sealed()), (100, SEGMENT + 28));
    version = data.write_part(FILM, version, 41 * SEGMENT as u64, &[8; SEGMENT]).await.unwrap();
    assert_eq!(sealed(), SEGMENT + 28);
    // Of a whole value the marks tell what differs, so nothing is read to replace it.
    let mut film = data.read_bytes(FILM).await.unwrap().unwrap().1;
    sealed();
    film[79 * SEGMENT] = 9;
    data.write_bytes(FILM, Expect::At(version), &film).await.unwrap();
    assert_eq!(sealed(), 0);
    assert_eq!(data.read_bytes(FILM).await.unwrap().unwrap().1, film);
}
