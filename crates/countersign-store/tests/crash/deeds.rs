//! What a victim does to a store, step by step. It says what it is about to do and, once the store has answered, that it is
//! done; the judge makes the same records again from their numbers.

use countersign_core::Fault;
use countersign_core::batch::{Batch, Change, Conflict, Expect, Outcome};
use countersign_core::extent::{Actor, Ending, Extent, Reason};
use countersign_core::id::{GuestSerial, LoginId, Serial, SlotsId, Subject, Version};
use countersign_core::policy::{GuestRoom, SlotRoom};
use countersign_core::port::{Directory, GuestChange, GuestWrite, Guests, Store};
use countersign_core::record::{Guest, Login, Session, User};
use countersign_core::slot::{OperationId, SlotPut, SlotValue, SlotWrite, SlotsWrite};
use countersign_core::time::Timestamp;
use serde_json::json;

use super::process::say;

/// An authority that keeps guests itself.
pub(crate) trait Keeps: Store + Directory + Guests {}

impl<S: Store + Directory + Guests> Keeps for S {}

/// The writes of a session's data: the cart twice, then one more on the counter, twice.
pub(crate) const STEPS: u64 = 4;
/// The first step that counts.
pub(crate) const COUNTING: u64 = 3;
/// The step of a guest that is a touch; the two before it write.
pub(crate) const GUEST_TOUCHED: u64 = 3;
/// The step that ends a guest.
pub(crate) const GUEST_ENDED: u64 = 4;
/// When it is touched; it began at 1.
pub(crate) const TOUCHED: Timestamp = Timestamp::from_seconds(50);
/// Every segment.
pub(crate) const ALL: std::ops::Range<u32> = 0..u32::MAX;

/// What is said when the store has answered.
pub(crate) const ANSWERED: [&str; 6] = ["began", "wrote", "touched", "hosted", "ended", "erased"];

/// What becomes of session `number`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Lives,
    Ends,
    /// It is of a person of its own, who is erased.
    IsErased,
}

pub(crate) const fn fate(number: u64) -> Fate {
    match number % 8 {
        0 => Fate::IsErased,
        2 | 4 | 6 => Fate::Ends,
        _ => Fate::Lives,
    }
}

/// One session with its data, and one guest, from their beginning to what becomes of them.
pub(crate) async fn round(store: &impl Keeps) -> Result<(), Fault> {
    let number = store.lease_serials(1).await?.start;
    say(&format!("leased {number}"));
    let begin = match fate(number) {
        Fate::IsErased => Batch::of(Change::AddUser(user(number)))
            .with(Change::BeginLogin(login(number)))
            .with(Change::StartSession(session_of(number, number))),
        Fate::Lives | Fate::Ends => Batch::of(Change::StartSession(session(number))),
    };
    done(store, begin).await?;
    say(&format!("began {number}"));
    for step in 1..=STEPS {
        say(&format!("writing {number} {step}"));
        done(store, Batch::of(data(store, number, step).await?)).await?;
        say(&format!("wrote {number} {step}"));
    }
    // A retry of what was answered counts no second time.
    let again = store.commit(Batch::of(data(store, number, COUNTING).await?)).await?;
    assert_eq!(again, Outcome::Conflict(Conflict::Applied));
    done(store, Batch::of(Change::TouchSession { serial: serial(number), seen: TOUCHED })).await?;
    say(&format!("touched {number}"));
    host(store).await?;
    match fate(number) {
        Fate::Lives => Ok(()),
        Fate::Ends => {
            say(&format!("ending {number}"));
            done(store, Batch::of(ended(number))).await?;
            say(&format!("ended {number}"));
            Ok(())
        }
        Fate::IsErased => {
            say(&format!("erasing {number}"));
            let erase = Change::EraseUser { subject: subject(number), ending: ending(Reason::Erased) };
            done(store, Batch::of(erase)).await?;
            say(&format!("erased {number}"));
            Ok(())
        }
    }
}

async fn host(store: &impl Keeps) -> Result<(), Fault> {
    let number = store.lease_guest_serials(1).await?.start;
    say(&format!("invited {number}"));
    let last = if number % 2 == 0 { GUEST_ENDED } else { GUEST_TOUCHED };
    for step in 1..=last {
        say(&format!("hosting {number} {step}"));
        let version = store.change_guest(hosting(number, step)).await?;
        assert!(version.is_ok(), "{version:?}");
        say(&format!("hosted {number} {step}"));
    }
    Ok(())
}

/// Opens the account of the person that most sessions are of.
pub(crate) async fn open_house(store: &impl Keeps) {
    done(store, Batch::of(Change::AddUser(user(0))).with(Change::BeginLogin(login(0)))).await.unwrap();
}

async fn done(store: &impl Keeps, batch: Batch) -> Result<(), Fault> {
    let outcome = store.commit(batch).await?;
    assert!(matches!(outcome, Outcome::Committed(..)), "{outcome:?}");
    Ok(())
}

/// The write of `step` to the data of session `number`, as its slots are now.
pub(crate) async fn data(store: &impl Keeps, number: u64, step: u64) -> Result<Change, Fault> {
    let name = if step < COUNTING { "cart" } else { "count" };
    let held = store.slot(&slots(number), name, ALL).await?;
    let expect = held.as_ref().map_or(Expect::Absent, |slot| Expect::At(slot.version));
    let (value, operations) = if step < COUNTING {
        (cart(number, step), Vec::new())
    } else {
        let next = held.as_ref().map_or(0, count).saturating_add(1);
        (next.to_be_bytes().to_vec(), vec![operation(number, step)])
    };
    let put = Some(SlotPut::one(value.len() as u64, value));
    Ok(Change::WriteSlots(SlotsWrite {
        serial: serial(number),
        slots: slots(number),
        at: Timestamp::from_seconds(5),
        room: SlotRoom { slots: 10, bytes: 1 << 20 },
        operations,
        writes: vec![SlotWrite { name: name.to_owned(), expect, put }],
    }))
}

/// What the counter says.
pub(crate) fn count(slot: &SlotValue) -> u64 {
    u64::from_be_bytes(<[u8; 8]>::try_from(slot.segments[0].sealed.as_slice()).unwrap())
}

/// What `step` puts into the cart of `number`.
pub(crate) fn cart(number: u64, step: u64) -> Vec<u8> {
    format!("cart {step} of {number}, ").repeat(20).into_bytes()
}

fn operation(number: u64, step: u64) -> OperationId {
    let [number, step] = [number, step].map(u64::to_be_bytes);
    OperationId(<[u8; 16]>::try_from([number, step].concat()).unwrap())
}

/// The change of `step` to guest `number`.
fn hosting(number: u64, step: u64) -> GuestChange {
    let (serial, room) = (guest_serial(number), GuestRoom { slots: 10, bytes: 1 << 20 });
    let expect = if step == 1 { Expect::Absent } else { Expect::At(Version::new(step - 1)) };
    let writes = vec![GuestWrite { name: "cart".to_owned(), expect, value: Some(cart(number, step)) }];
    match step {
        1 => GuestChange::Begin { guest: Box::new(guest(number)), room, writes },
        2 => GuestChange::Write { serial, at: Timestamp::from_seconds(5), room, writes },
        GUEST_TOUCHED => GuestChange::Touch { serial, seen: TOUCHED },
        _ => GuestChange::End { serial, expect: None, ending: ending(Reason::SignedOut) },
    }
}

pub(crate) fn ended(number: u64) -> Change {
    Change::End { extent: Extent::Session(serial(number)), ending: ending(Reason::SignedOut) }
}

fn ending(reason: Reason) -> Ending {
    Ending { at: Timestamp::from_seconds(60), reason, by: Actor::System }
}

pub(crate) fn serial(number: u64) -> Serial {
    Serial::new(number).unwrap()
}

pub(crate) fn guest_serial(number: u64) -> GuestSerial {
    GuestSerial::new(number).unwrap()
}

pub(crate) fn subject(person: u64) -> Subject {
    serde_json::from_value(json!(format!("usr_{person:032x}"))).unwrap()
}

pub(crate) fn login_id(person: u64) -> LoginId {
    serde_json::from_value(json!(format!("login_{person:032x}"))).unwrap()
}

pub(crate) fn slots(number: u64) -> SlotsId {
    serde_json::from_value(json!(format!("data_{number:032x}"))).unwrap()
}

/// What stands before the number in the address of a person.
pub(crate) const ADDRESS: &str = "person-";

/// The number of person 0 has as many digits as any other's.
fn user(person: u64) -> User {
    let record = json!({
        "subject": subject(person), "email": format!("{ADDRESS}{person:020}@mail.example"), "role": "person",
        "password": "x", "generation": 0, "data_key": [], "since": 0,
    });
    serde_json::from_value(record).unwrap()
}

fn login(person: u64) -> Login {
    let record = json!({
        "id": login_id(person), "subject": subject(person), "born": 0, "generation": 0, "at": 0,
        "methods": ["pwd"], "device": "x", "network": "x", "expires": LATE, "ended": null,
    });
    serde_json::from_value(record).unwrap()
}

/// A session of person 0, of whom nearly all are.
pub(crate) fn session(number: u64) -> Session {
    session_of(number, 0)
}

fn session_of(number: u64, person: u64) -> Session {
    let record = json!({
        "serial": number, "login": login_id(person), "subject": subject(person), "audience": "issuer",
        "secret": vec![1; 32], "slots": slots(number), "born": 0, "auth_time": 0, "begun": 1, "seen": 1,
        "idle": {"secs": 100, "nanos": 0}, "expires": LATE, "device": "x", "network": "x", "ended": null,
    });
    serde_json::from_value(record).unwrap()
}

fn guest(number: u64) -> Guest {
    let record = json!({
        "serial": number, "audience": {"client": "shop"}, "secret": vec![7; 32], "slots": slots(number),
        "data_key": [0, 255, 10, 13], "born": 0, "begun": 1, "seen": 1, "idle": {"secs": 100, "nanos": 0},
        "expires": LATE, "device": "x", "ended": null,
    });
    serde_json::from_value(record).unwrap()
}

const LATE: u64 = 9_000_000_000_000;
