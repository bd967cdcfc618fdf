//! Guests: what they keep, what goes along when they sign in, and what an outage of whatever keeps them costs.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign::testing::{BEGIN, FixedClock, Rig, SeededEntropy, settings};
use countersign::{
    BegunGuest, Crossing, Engine, Error, Fault, GuestPut, KnownGuest, MasterKey, Parts, Password, Refusal,
    Result, SignedIn, Visitor,
};
use countersign_core::Attempt;
use countersign_core::batch::{Conflict, Expect};
use countersign_core::extent::{Actor, Extent, Reason};
use countersign_core::id::{GuestSerial, Version};
use countersign_core::policy;
use countersign_core::port::{Clock, GuestChange, GuestData, GuestSlot, Guests, Pending};
use countersign_core::record::session::Audience;
use countersign_core::record::{Client, Guest, Role, Style};
use countersign_core::session::admit::Presence;
use countersign_core::time::Timestamp;
use countersign_store::Embedded;

use crate::common::{ADA, PASSWORD, new_app, parameter};

/// What may happen to whatever keeps guests.
pub(crate) const FINE: u8 = 0;
const DOWN: u8 = 1;
pub(crate) const LOST: u8 = 2;

/// Keeps guests in a store, and fails or forgets when told to, and lets somebody write just before an ending.
#[derive(Debug)]
struct Shaky {
    store: Arc<Embedded>,
    state: AtomicU8,
    meddling: Mutex<Vec<GuestChange>>,
}

impl Shaky {
    fn when_up<'a, T: Send + 'a>(&'a self, lost: T, then: Pending<'a, T>) -> Pending<'a, T> {
        match self.state.load(Ordering::SeqCst) {
            DOWN => Box::pin(async { Err(Fault::Store("it is down".to_owned())) }),
            LOST => Box::pin(async { Ok(lost) }),
            _ => then,
        }
    }
}

impl Guests for Shaky {
    fn guest(&self, serial: GuestSerial) -> Pending<'_, Option<Guest>> {
        self.when_up(None, self.store.guest(serial))
    }
    fn guest_slot<'a>(&'a self, serial: GuestSerial, name: &'a str) -> Pending<'a, Option<GuestSlot>> {
        self.when_up(None, self.store.guest_slot(serial, name))
    }
    fn guest_data(&self, serial: GuestSerial) -> Pending<'_, Option<GuestData>> {
        self.when_up(None, self.store.guest_data(serial))
    }
    fn change_guest(&self, change: GuestChange) -> Pending<'_, Result<Version, Conflict>> {
        let lost = match &change {
            GuestChange::Begin { .. } => Ok(Version::FIRST),
            _ => Err(Conflict::Missing),
        };
        let meddled = match &change {
            GuestChange::End { .. } => self.meddling.lock().unwrap().pop(),
            _ => None,
        };
        let then = async move {
            if let Some(meddled) = meddled {
                self.store.change_guest(meddled).await?.unwrap();
            }
            self.store.change_guest(change).await
        };
        self.when_up(lost, Box::pin(then))
    }
    fn count_guests(&self, now: Timestamp, most: u32) -> Pending<'_, u32> {
        self.when_up(0, self.store.count_guests(now, most))
    }
    fn sweep_guests(&self, before: Timestamp, limit: u32) -> Pending<'_, u32> {
        self.when_up(0, self.store.sweep_guests(before, limit))
    }
}

pub(crate) struct House {
    pub(crate) engine: Arc<Engine>,
    clock: Arc<FixedClock>,
    shaky: Arc<Shaky>,
    client: Client,
}

pub(crate) fn shop() -> Audience {
    Audience::Client("shop".parse().unwrap())
}

fn put<'a>(name: &'a str, value: &'a str, crossing: Crossing) -> GuestPut<'a> {
    GuestPut { name, expect: Expect::Whatever, value: Some(value.as_bytes()), crossing }
}

async fn opened(store: &Arc<Embedded>, guests: Arc<dyn Guests>, clock: &Arc<FixedClock>) -> Arc<Engine> {
    let parts = Parts {
        store: Arc::clone(store) as _,
        directory: Arc::clone(store) as _,
        guests,
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        entropy: Arc::new(SeededEntropy::new(7)),
        post: None,
        master: MasterKey::from_bytes([42; 32]),
    };
    Engine::open(settings(), parts).await.unwrap()
}

impl House {
    pub(crate) async fn open() -> Self {
        let store = Embedded::in_memory().unwrap();
        let clock = Arc::new(FixedClock::at(BEGIN));
        let shaky = Arc::new(Shaky {
            store: Arc::clone(&store),
            state: AtomicU8::new(FINE),
            meddling: Mutex::default(),
        });
        let engine = opened(&store, Arc::clone(&shaky) as _, &clock).await;
        for person in [ADA, "bob@marsh.example"] {
            engine.add_user(person, typed(), Role::Person, Actor::CommandLine).await.unwrap();
        }
        let (client, _) = engine.add_app(new_app("shop", Style::Session), Actor::CommandLine).await.unwrap();
        engine.add_app(new_app("bank", Style::Session), Actor::CommandLine).await.unwrap();
        Self { engine, clock, shaky, client }
    }

    pub(crate) fn set(&self, state: u8) {
        self.shaky.state.store(state, Ordering::SeqCst);
    }

    /// A guest with a cart, which crosses, and a note, which does not.
    async fn guest(&self) -> BegunGuest {
        let puts = [put("cart", "[1]", Crossing::Crosses), put("note", "hm", Crossing::Stays)];
        self.engine.begin_guest(shop(), &Rig::visitor(), &puts).await.unwrap()
    }

    async fn known(&self, cookie: &BegunGuest) -> Attempt<KnownGuest> {
        self.engine.guest(Some(&header(cookie)), &shop(), Presence::Active).await.unwrap()
    }

    /// Signs in at the shop, in the browser of `guest`.
    async fn sign_in(&self, email: &str, guest: &BegunGuest) -> Result<SignedIn> {
        let guest = self.engine.guest_to_carry(Some(&header(guest)), &shop()).await;
        let visitor = Visitor { guest, ..Rig::visitor() };
        self.engine.sign_in(email, typed(), &visitor, shop(), None).await
    }

    async fn slot(&self, signed: &SignedIn, name: &str) -> Option<String> {
        let handle = self.engine.handle(signed.session.serial).to_string();
        let found = self.engine.slot(&self.client, &handle, name).await.unwrap();
        found.map(|(_, value)| String::from_utf8(value).unwrap())
    }
}

fn typed() -> Password {
    Password::typed(PASSWORD.to_owned())
}

fn header(guest: &BegunGuest) -> String {
    format!("cs_dev_guest={}", guest.cookie.reveal())
}

#[tokio::test]
async fn a_guest_finds_again_what_it_left_and_is_nobody() {
    let house = House::open().await;
    let guest = house.guest().await;
    let Attempt::Accepted(who) = house.known(&guest).await else { panic!("the guest is not known") };
    let cart = house.engine.guest_slot(&who, "cart").await.unwrap();
    assert_eq!(cart, Some((Version::FIRST, b"[1]".to_vec())));
    let names = house.engine.guest_slot_names(&who).await.unwrap();
    assert_eq!(names, [("cart".to_owned(), Version::FIRST, 3), ("note".to_owned(), Version::FIRST, 2)]);
    assert_eq!(house.engine.check(Some(&header(&guest)), &shop()).await.unwrap(), Attempt::Absent);
    assert_eq!(house.engine.live_guests().await.unwrap(), 1);
    let text = format!("{:?}", who.guest);
    assert!(!text.contains("203.0.113") && !text.contains("usr_"), "{text}");
}

#[tokio::test]
async fn the_cookie_of_a_guest_opens_only_with_its_secret_its_application_and_its_kind() {
    let house = House::open().await;
    let (one, other) = (house.guest().await, house.guest().await);
    let swapped = countersign_core::secret::SessionToken::new(&one.who.handle, &[9; 32], 0);
    let refused = |header: String, audience: Audience| {
        let engine = Arc::clone(&house.engine);
        async move { engine.guest(Some(&header), &audience, Presence::Active).await.unwrap() }
    };
    let unknown = Attempt::Refused(Refusal::SessionUnknown);
    assert_eq!(refused(format!("cs_dev_guest={}", swapped.reveal()), shop()).await, unknown);
    let bank = Audience::Client("bank".parse().unwrap());
    assert_eq!(refused(header(&other), bank).await, Attempt::Refused(Refusal::SessionElsewhere));
    let signed = house.sign_in(ADA, &one).await.unwrap();
    assert_eq!(refused(format!("cs_dev={}", signed.cookie.reveal()), shop()).await, Attempt::Absent);
    // Neither is the other under the other's name.
    assert_eq!(refused(format!("cs_dev_guest={}", signed.cookie.reveal()), shop()).await, unknown);
    let checked =
        house.engine.check(Some(&format!("cs_dev={}", other.cookie.reveal())), &shop()).await.unwrap();
    assert_eq!(checked, Attempt::Refused(Refusal::SessionUnknown));
    let made_up = countersign_core::secret::SessionToken::new(
        &countersign_core::handle::Handle::from_bytes([7; 16]),
        &[9; 32],
        0,
    );
    let made_up = format!("cs_dev_guest={}", made_up.reveal());
    assert_eq!(refused(made_up.clone(), shop()).await, unknown);
    let made_up = made_up.replace("cs_dev_guest", "cs_dev");
    let checked = house.engine.check(Some(&made_up), &shop()).await.unwrap();
    assert_eq!(checked, Attempt::Refused(Refusal::SessionUnknown), "junk is not absent");
}

#[tokio::test]
async fn what_was_declared_for_it_goes_along_at_a_sign_in_and_the_old_cookie_is_dead() {
    let house = House::open().await;
    let guest = house.guest().await;
    let signed = house.sign_in(ADA, &guest).await.unwrap();
    assert_eq!(house.slot(&signed, "cart").await.as_deref(), Some("[1]"));
    assert_eq!(house.slot(&signed, "note").await, None);
    assert_ne!(signed.cookie.reveal(), guest.cookie.reveal());
    assert_eq!(house.known(&guest).await, Attempt::Refused(Refusal::SessionEnded));
    assert_eq!(house.engine.guest_slot(&guest.who, "cart").await.unwrap(), None);
    let late = house.engine.write_guest(&guest.who, &[put("cart", "[2]", Crossing::Crosses)]).await;
    assert_eq!(late.unwrap_err(), Refusal::SessionEnded.into());
    let stone = house.shaky.store.guest(guest.who.guest.serial).await.unwrap().unwrap();
    assert_eq!(stone.ended.map(|ending| (ending.reason, ending.by)), Some((Reason::Replaced, Actor::System)));
    let thief = house.sign_in("bob@marsh.example", &guest).await.unwrap();
    assert_eq!(house.slot(&thief, "cart").await, None, "it crosses once");
}

#[tokio::test]
async fn a_ticket_takes_along_what_the_application_kept_for_its_guest() {
    let house = House::open().await;
    let guest = house.guest().await;
    let engine = &house.engine;
    let nonce = engine.start_nonce().unwrap();
    let start = engine.start_address(&house.client, &nonce, "/").unwrap();
    let signed = engine.sign_in(ADA, typed(), &Rig::visitor(), Audience::Issuer, None).await.unwrap();
    let issuer = format!("cs_dev_id={}", signed.cookie.reveal());
    let Attempt::Accepted(ada) = engine.check(Some(&issuer), &Audience::Issuer).await.unwrap() else {
        panic!("Ada is not signed in")
    };
    let to = engine.ticket(&ada, "shop", parameter(&start, "nonce").unwrap(), "/").await.unwrap();
    let ticket = parameter(&to, "ticket").unwrap();
    let visitor =
        Visitor { guest: engine.guest_to_carry(Some(&header(&guest)), &shop()).await, ..Rig::visitor() };
    let landed = engine.redeem_ticket(&house.client, ticket, nonce.reveal(), &visitor, None).await.unwrap();
    let handle = engine.handle(landed.session.serial).to_string();
    let cart = engine.slot(&house.client, &handle, "cart").await.unwrap();
    assert_eq!(cart.map(|(_, value)| value), Some(b"[1]".to_vec()));
    assert_eq!(engine.slot(&house.client, &handle, "note").await.unwrap(), None);
    assert_eq!(house.known(&guest).await, Attempt::Refused(Refusal::SessionEnded));
}

#[tokio::test]
async fn a_guest_of_one_application_takes_nothing_to_another() {
    let house = House::open().await;
    let guest = house.guest().await;
    let visitor = Visitor { guest: Some(guest.who.clone()), ..Rig::visitor() };
    let bank = Audience::Client("bank".parse().unwrap());
    let signed = house.engine.sign_in(ADA, typed(), &visitor, bank, None).await.unwrap();
    let names = house.shaky.store.clone();
    let slots = countersign_core::port::Store::slot_names(&*names, &signed.session.slots).await.unwrap();
    assert!(slots.is_empty(), "{slots:?}");
    assert!(matches!(house.known(&guest).await, Attempt::Accepted(_)), "it is still the shop's guest");
}

#[tokio::test]
async fn what_is_written_between_the_reading_and_the_ending_goes_along_too() {
    let house = House::open().await;
    let guest = house.guest().await;
    // Writes as the engine seals them, taken from a guest of its own, land just before each ending.
    let engine = &house.engine;
    for (cart, language) in [("[1,2]", Some("en")), ("[1,2,3]", None)] {
        let language = GuestPut {
            name: "language",
            expect: Expect::Whatever,
            value: language.map(str::as_bytes),
            crossing: Crossing::Crosses,
        };
        let change = house.captured(&guest.who, &[put("cart", cart, Crossing::Crosses), language]).await;
        house.shaky.meddling.lock().unwrap().insert(0, change);
    }
    let signed = house.sign_in(ADA, &guest).await.unwrap();
    assert_eq!(house.slot(&signed, "cart").await.as_deref(), Some("[1,2,3]"));
    assert_eq!(house.slot(&signed, "language").await, None, "what was removed meanwhile is removed");
    assert_eq!(house.known(&guest).await, Attempt::Refused(Refusal::SessionEnded));
    assert!(engine.check(Some(&format!("cs_dev={}", signed.cookie.reveal())), &shop()).await.is_ok());
}

impl House {
    /// The change that writing `puts` makes, without making it.
    async fn captured(&self, who: &KnownGuest, puts: &[GuestPut<'_>]) -> GuestChange {
        let before = self.shaky.store.guest_data(who.guest.serial).await.unwrap().unwrap();
        self.engine.write_guest(who, puts).await.unwrap();
        let after = self.shaky.store.guest_data(who.guest.serial).await.unwrap().unwrap();
        let write = |name: &str, value: Option<Vec<u8>>| countersign_core::port::GuestWrite {
            name: name.to_owned(),
            expect: Expect::Whatever,
            value,
        };
        let named = |data: &GuestData, name: &str| {
            data.slots.iter().find(|(known, _)| known == name).map(|(_, slot)| slot.value.clone())
        };
        let writes = puts.iter().map(|put| write(put.name, named(&after, put.name))).collect();
        let undo = puts.iter().map(|put| write(put.name, named(&before, put.name))).collect();
        let (serial, at, room) = (who.guest.serial, self.engine.now(), policy::GUEST_ROOM);
        let undo = GuestChange::Write { serial, at, room, writes: undo };
        self.shaky.store.change_guest(undo).await.unwrap().unwrap();
        GuestChange::Write { serial, at, room, writes }
    }
}

#[tokio::test]
async fn while_nothing_keeps_guests_everybody_else_goes_on_and_a_sign_in_does_too() {
    let house = House::open().await;
    let guest = house.guest().await;
    let before = house.sign_in(ADA, &house.guest().await).await.unwrap();
    let Attempt::Accepted(who) = house.known(&guest).await else { panic!("the guest is not known") };
    house.set(DOWN);
    let session = format!("cs_dev={}", before.cookie.reveal());
    let checked = house.engine.check(Some(&session), &shop()).await.unwrap();
    assert!(matches!(checked, Attempt::Accepted(_)));
    assert_eq!(house.slot(&before, "cart").await.as_deref(), Some("[1]"));
    let fault = house.engine.guest(Some(&header(&guest)), &shop(), Presence::Active).await.unwrap_err();
    assert_eq!(fault.code(), "CS-5001");
    let fault = house.engine.begin_guest(shop(), &Rig::visitor(), &[]).await.unwrap_err();
    assert_eq!(fault.code(), "CS-5001");
    let _ = house.sign_in(ADA, &guest).await.unwrap();
    // It was known when the request began.
    let visitor = Visitor { guest: Some(who), ..Rig::visitor() };
    let _ = house.engine.sign_in(ADA, typed(), &visitor, shop(), None).await.unwrap();
    house.engine.tick().await.unwrap();
    house.set(FINE);
    assert!(matches!(house.known(&guest).await, Attempt::Accepted(_)));
    house.engine.tick().await.unwrap();
    assert_eq!(house.known(&guest).await, Attempt::Refused(Refusal::SessionEnded), "its cookie is dead now");
}

#[tokio::test]
async fn a_guest_that_was_lost_begins_anew() {
    let house = House::open().await;
    let guest = house.guest().await;
    house.set(LOST);
    assert_eq!(house.known(&guest).await, Attempt::Refused(Refusal::SessionUnknown));
    let late = house.engine.write_guest(&guest.who, &[put("cart", "[2]", Crossing::Crosses)]).await;
    assert_eq!(late.unwrap_err(), Refusal::SessionUnknown.into());
    let signed = house.sign_in(ADA, &guest).await.unwrap();
    assert_eq!(house.slot(&signed, "cart").await, None);
    let anew = house.guest().await;
    assert_ne!(anew.who.guest.serial, guest.who.guest.serial);
}

#[tokio::test]
async fn a_guest_goes_idle_and_reaches_its_limit_like_a_session() {
    let house = House::open().await;
    let (used, unused) = (house.guest().await, house.guest().await);
    let day = std::time::Duration::from_secs(24 * 60 * 60);
    for _ in 0..13 {
        house.clock.advance(day);
        assert!(matches!(house.known(&used).await, Attempt::Accepted(_)));
    }
    house.clock.advance(day);
    assert_eq!(house.known(&unused).await, Attempt::Refused(Refusal::SessionIdle));
    for _ in 14..29 {
        assert!(matches!(house.known(&used).await, Attempt::Accepted(_)));
        house.clock.advance(day);
    }
    house.clock.advance(day);
    assert_eq!(house.known(&used).await, Attempt::Refused(Refusal::SessionOver));
    house.clock.advance(2 * day);
    house.engine.tick().await.unwrap();
    assert_eq!(house.known(&used).await, Attempt::Refused(Refusal::SessionUnknown), "swept");
}

#[tokio::test]
async fn ending_everything_ends_guests() {
    let house = House::open().await;
    let guest = house.guest().await;
    house.engine.end(Extent::Everything, Reason::EndedByOperator, Actor::CommandLine).await.unwrap();
    assert_eq!(house.known(&guest).await, Attempt::Refused(Refusal::SessionEnded));
    assert!(matches!(house.known(&house.guest().await).await, Attempt::Accepted(_)));
}

#[tokio::test]
async fn guests_have_limits() {
    let house = House::open().await;
    let guest = house.guest().await;
    let large = "x".repeat(128 * 1024);
    let write = |puts: Vec<GuestPut<'static>>| {
        let (engine, who) = (Arc::clone(&house.engine), guest.who.clone());
        async move { engine.write_guest(&who, &puts).await }
    };
    let large: &'static str = large.leak();
    let refused = write(vec![put("large", large, Crossing::Stays)]).await.unwrap_err();
    assert!(matches!(refused, Error::Refusal(Refusal::TooLarge { .. })), "{refused}");
    for name in ["Cart", "", "a/b"] {
        assert!(write(vec![put(name, "", Crossing::Stays)]).await.is_err(), "{name}");
    }
    let twice = write(vec![put("cart", "1", Crossing::Stays), put("cart", "2", Crossing::Stays)]).await;
    assert!(matches!(twice.unwrap_err(), Error::Refusal(Refusal::Invalid { .. })));
    let stale = GuestPut { expect: Expect::At(Version::new(9)), ..put("cart", "", Crossing::Stays) };
    assert_eq!(write(vec![stale]).await.unwrap_err(), Refusal::Moved.into());
    let mut begun = 1;
    let throttled = loop {
        match house.engine.begin_guest(shop(), &Rig::visitor(), &[]).await {
            Ok(_) => begun += 1,
            Err(why) => break why,
        }
    };
    assert!(matches!(throttled, Error::Refusal(Refusal::Throttled { .. })), "{throttled}");
    assert_eq!(begun, 600);
}

#[tokio::test]
async fn one_tick_sweeps_all_guests_that_are_over_wherever_they_are_kept() {
    let house = House::open().await;
    let begun = house.guest().await.who.guest;
    let beside = Embedded::in_memory().unwrap();
    for store in [&house.shaky.store, &beside] {
        for number in 100_000..102_500 {
            let mut guest = Box::new(begun.clone());
            guest.serial = GuestSerial::new(number).unwrap();
            let begin = GuestChange::Begin { guest, room: policy::GUEST_ROOM, writes: Vec::new() };
            store.change_guest(begin).await.unwrap().unwrap();
        }
    }
    house.clock.advance(policy::GUEST_SESSION.idle + Duration::from_secs(25 * 60 * 60));
    assert_eq!(house.engine.overdue().await.unwrap().guests, 2_501);
    house.engine.tick().await.unwrap();
    assert!(house.engine.overdue().await.unwrap().is_none());

    let alone = Embedded::in_memory().unwrap();
    let engine = opened(&alone, Arc::clone(&beside) as _, &house.clock).await;
    engine.tick().await.unwrap();
    assert_eq!(
        beside.sweep_guests(house.clock.now(), 1).await.unwrap(),
        0,
        "those beside the store are left"
    );
}
