//! What a stranger leaves, by type and without axum: operations that count once, and a guest who begins with the first.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use countersign::testing::Rig;
use countersign::{Crossing, Error, GuestPut, KnownGuest, OperationId, Refusal, Result, Slot, Stranger};
use countersign_core::batch::Expect;
use countersign_core::policy;

use crate::guests::{FINE, House, LOST, shop};

const VISITS: Slot<i64> = Slot::new("visits");
const SEEN: Slot<BTreeSet<String>> = Slot::new("seen");

/// A browser, and how many guests have begun in it.
struct Browser<'a> {
    house: &'a House,
    guest: Mutex<Option<Arc<KnownGuest>>>,
    begun: Mutex<usize>,
}

impl<'a> Browser<'a> {
    fn of(house: &'a House, guest: Option<Arc<KnownGuest>>) -> Self {
        Self { house, guest: Mutex::new(guest), begun: Mutex::default() }
    }

    fn begun(&self) -> usize {
        *self.begun.lock().unwrap()
    }
}

impl Stranger for Browser<'_> {
    type Error = Error;

    async fn guest(&self) -> Result<Option<Arc<KnownGuest>>> {
        Ok(self.guest.lock().unwrap().clone())
    }

    async fn begin(&self, puts: &[GuestPut<'_>], once: Option<OperationId>) -> Result<()> {
        let begun = self.house.engine.begin_guest_once(shop(), &Rig::visitor(), puts, once).await?;
        *self.guest.lock().unwrap() = Some(Arc::new(begun.who));
        *self.begun.lock().unwrap() += 1;
        Ok(())
    }

    fn lost(&self) {
        *self.guest.lock().unwrap() = None;
    }
}

#[tokio::test]
async fn the_first_operation_begins_a_guest_and_each_counts_once() {
    let house = House::open().await;
    let browser = Browser::of(&house, None);
    let left = house.engine.left_by(&browser);
    assert_eq!(left.read(VISITS).await.unwrap(), None);
    left.clear(VISITS).await.unwrap();
    assert!(!left.remove(SEEN, &"rope".to_owned(), "a").await.unwrap());
    assert_eq!(browser.begun(), 0, "nothing was left");
    for _ in 0..2 {
        assert_eq!(left.add(VISITS, 2, "a").await.unwrap(), 2);
    }
    assert_eq!(left.add(VISITS, 2, "b").await.unwrap(), 4);
    assert!(left.insert(SEEN, "rope".to_owned(), "a").await.unwrap());
    assert!(!left.insert(SEEN, "rope".to_owned(), "a").await.unwrap());
    assert_eq!(left.update(VISITS, |visits| *visits += 1).await.unwrap(), 5);
    assert_eq!(browser.begun(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_browsers_with_one_cookie_neither_loses_an_operation() {
    let house = House::open().await;
    let first = Browser::of(&house, None);
    house.engine.left_by(&first).add(VISITS, 0, "first").await.unwrap();
    let guest = first.guest.lock().unwrap().clone();
    let (one, other) = (Browser::of(&house, guest.clone()), Browser::of(&house, guest));
    let adding = async |browser, name: &str| {
        for number in 0..20 {
            house.engine.left_by(browser).add(VISITS, 1, &format!("{name} {number}")).await.unwrap();
        }
    };
    tokio::join!(adding(&one, "one"), adding(&other, "other"));
    let (_, visits) = house.engine.left_by(&first).read(VISITS).await.unwrap().unwrap();
    assert_eq!(visits, 40);
}

#[tokio::test]
async fn the_operations_of_a_guest_take_none_of_its_slots() {
    let house = House::open().await;
    let browser = Browser::of(&house, None);
    let left = house.engine.left_by(&browser);
    left.add(VISITS, 1, "a").await.unwrap();
    let names: Vec<String> = (1..policy::GUEST_ROOM.slots).map(|number| format!("slot{number}")).collect();
    let put = |name| GuestPut { name, expect: Expect::Absent, value: Some(b"x"), crossing: Crossing::Stays };
    let puts: Vec<_> = names.iter().map(|name| put(name)).collect();
    let guest = browser.guest().await.unwrap().unwrap();
    house.engine.write_guest(&guest, &puts).await.unwrap();
    assert_eq!(left.add(VISITS, 1, "b").await.unwrap(), 2);
    let full = house.engine.write_guest(&guest, &[put("more")]).await.unwrap_err();
    assert!(matches!(full, Error::Refusal(Refusal::TooLarge { .. })), "{full}");
    assert_eq!(house.engine.guest_slot_names(&guest).await.unwrap().len(), 16);
}

#[tokio::test]
async fn a_guest_that_was_lost_between_two_operations_begins_anew() {
    let house = House::open().await;
    let browser = Browser::of(&house, None);
    let left = house.engine.left_by(&browser);
    assert_eq!(left.add(VISITS, 7, "a").await.unwrap(), 7);
    house.set(LOST);
    assert_eq!(left.add(VISITS, 1, "b").await.unwrap(), 1);
    house.set(FINE);
    assert_eq!(browser.begun(), 2);
}
