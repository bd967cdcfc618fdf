//! The records that the checks write, read back from JSON as a store reads them, and how a check asks.

use std::fmt::Debug;
use std::sync::Arc;

use countersign_core::batch::{Batch, Change, Conflict, Expect, Outcome};
use countersign_core::extent::{Actor, Ending, Extent, LogEntry, Reason};
use countersign_core::id::{ClientId, LoginId, Position, Serial, SlotsId, Subject};
use countersign_core::policy::SlotRoom;
use countersign_core::port::{Directory, Store};
use countersign_core::record::{Client, Grant, KeyRecord, Login, OneTime, Session, SpendKey, User};
use countersign_core::slot::{SlotPut, SlotValue, SlotWrite, SlotsWrite};
use countersign_core::time::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Broken, Candidate};

/// A store under test and what a check does to it.
pub(super) struct Bench {
    pub(super) store: Arc<dyn Store>,
    pub(super) directory: Arc<dyn Directory>,
}

impl Bench {
    pub(super) fn of(candidate: Candidate) -> Self {
        Self { store: candidate.store, directory: candidate.directory }
    }

    /// Commits, or the check fails.
    pub(super) async fn done(&self, batch: impl Into<Asked>) -> Result<Position, Broken> {
        match self.store.commit(batch.into().0).await? {
            Outcome::Committed(position, _) => Ok(position),
            Outcome::Conflict(conflict) => Err(Broken(format!("expected a commit, saw {conflict:?}"))),
        }
    }

    /// Conflicts in that way, or the check fails.
    pub(super) async fn refused(&self, why: Conflict, batch: impl Into<Asked>) -> Result<(), Broken> {
        same(self.store.commit(batch.into().0).await?, Outcome::Conflict(why), "the outcome")
    }

    /// Ends `extent`.
    pub(super) async fn end(&self, extent: Extent) -> Result<Position, Broken> {
        self.done(Change::End { extent, ending: ending() }).await
    }

    /// Person 1 with login 1, session 1 and grant 2, both at the shop.
    pub(super) async fn house(&self) -> Result<(), Broken> {
        self.done(
            Batch::of(Change::AddUser(user(1)?))
                .with(Change::BeginLogin(login(1, 1)?))
                .with(Change::StartSession(session(1, 1, 1)?))
                .with(Change::BeginGrant(grant(2, 1, 1)?)),
        )
        .await
        .map(drop)
    }

    pub(super) async fn log(&self) -> Result<Vec<LogEntry>, Broken> {
        Ok(self.store.log_since(Position::START, 10_000).await?)
    }
}

/// A batch, or a change alone.
pub(super) struct Asked(Batch);

impl From<Batch> for Asked {
    fn from(batch: Batch) -> Self {
        Self(batch)
    }
}

impl From<Change> for Asked {
    fn from(change: Change) -> Self {
        Self(Batch::of(change))
    }
}

/// Fails the check when the two differ.
pub(super) fn same<T: PartialEq + Debug>(seen: T, expected: T, what: &str) -> Result<(), Broken> {
    if seen == expected {
        Ok(())
    } else {
        Err(Broken(format!("{what}: expected {expected:?}, saw {seen:?}")))
    }
}

/// Fails the check when `held` is false.
pub(super) fn want(held: bool, what: &str) -> Result<(), Broken> {
    if held { Ok(()) } else { Err(Broken(what.to_owned())) }
}

/// What must be there.
pub(super) fn there<T>(found: Option<T>, what: &str) -> Result<T, Broken> {
    found.ok_or_else(|| Broken(format!("{what} is missing")))
}

/// `seconds` after the day on which everything here begins.
pub(super) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(1_000_000 + seconds)
}

pub(super) fn ending() -> Ending {
    Ending { at: at(50), reason: Reason::SignedOut, by: Actor::System }
}

pub(super) fn made<T: DeserializeOwned>(value: Value) -> Result<T, Broken> {
    serde_json::from_value(value).map_err(|error| Broken(format!("a fixture cannot be made: {error}")))
}

pub(super) fn subject(number: u64) -> Result<Subject, Broken> {
    made(json!(format!("usr_{number:032x}")))
}

pub(super) fn login_id(number: u64) -> Result<LoginId, Broken> {
    made(json!(format!("login_{number:032x}")))
}

pub(super) fn slots(number: u64) -> Result<SlotsId, Broken> {
    made(json!(format!("data_{number:032x}")))
}

/// A write of one slot of session `number`, as a value in one piece.
pub(super) fn put_slot(number: u64, name: &str, expect: Expect, value: &[u8]) -> Result<Change, Broken> {
    let length = u64::try_from(value.len()).unwrap_or(u64::MAX);
    let put = Some(SlotPut::one(length, value.to_vec()));
    Ok(Change::WriteSlots(slots_write(number, vec![SlotWrite { name: name.to_owned(), expect, put }])?))
}

/// The removal of one slot of session 1.
pub(super) fn drop_slot(name: &str, expect: Expect) -> Result<Change, Broken> {
    Ok(Change::WriteSlots(slots_write(1, vec![SlotWrite { name: name.to_owned(), expect, put: None }])?))
}

/// A write of slots of session `number` at 5, with room for everything.
pub(super) fn slots_write(number: u64, writes: Vec<SlotWrite>) -> Result<SlotsWrite, Broken> {
    let room = SlotRoom { slots: 1_000_000, bytes: 1 << 40 };
    Ok(SlotsWrite {
        serial: serial(number)?,
        slots: slots(number)?,
        at: at(5),
        room,
        operations: Vec::new(),
        writes,
    })
}

/// The one piece of a slot's value.
pub(super) fn piece(slot: SlotValue) -> Result<Vec<u8>, Broken> {
    match <[_; 1]>::try_from(slot.segments) {
        Ok([segment]) => Ok(segment.sealed),
        Err(others) => Err(Broken(format!("expected one piece, saw {}", others.len()))),
    }
}

/// Every segment.
pub(super) const ALL: std::ops::Range<u32> = 0..u32::MAX;

pub(super) fn serial(number: u64) -> Result<Serial, Broken> {
    made(json!(number))
}

pub(super) fn shop() -> Result<ClientId, Broken> {
    made(json!("shop"))
}

pub(super) fn key(number: u8) -> SpendKey {
    SpendKey([number; 32])
}

pub(super) fn user(number: u64) -> Result<User, Broken> {
    made(json!({
        "subject": subject(number)?, "email": format!("person{number}@mail.example"), "role": "person",
        "password": "$argon2id$first", "generation": 0, "data_key": [1, 2, 3], "since": at(0),
    }))
}

pub(super) fn login(number: u64, person: u64) -> Result<Login, Broken> {
    made(json!({
        "id": login_id(number)?, "subject": subject(person)?, "born": 0, "generation": 0, "at": at(1),
        "methods": ["pwd"], "device": "Firefox, Linux", "network": "203.0.113.0/24", "expires": at(1000),
        "ended": null,
    }))
}

/// A session of the shop that begins at 2, idles for 100 s and is over at 1000; its data hangs on `number`.
pub(super) fn session(number: u64, on: u64, person: u64) -> Result<Session, Broken> {
    made(json!({
        "serial": number, "login": login_id(on)?, "subject": subject(person)?, "audience": {"client": "shop"},
        "secret": BYTES, "slots": slots(number)?, "born": 0, "auth_time": at(1), "begun": at(2), "seen": at(2),
        "idle": {"secs": 100, "nanos": 0}, "expires": at(1000), "device": "Firefox, Linux",
        "network": "203.0.113.0/24", "ended": null,
    }))
}

pub(super) fn grant(number: u64, on: u64, person: u64) -> Result<Grant, Broken> {
    made(json!({
        "serial": number, "client": "shop", "subject": subject(person)?, "login": login_id(on)?,
        "scope": "openid profile", "born": 0, "auth_time": at(1), "begun": at(2), "expires": at(1000),
        "family": family(0), "version": 1, "ended": null,
    }))
}

pub(super) fn family(generation: u32) -> Value {
    json!({
        "generation": generation, "sibling": 0, "handed_at": at(2), "confirmed_at": null,
        "confirmed_sibling": null, "parent_sibling": null, "replays": 0, "salt": BYTES,
    })
}

/// A code of person 1 on login 1 for the shop, good until 60.
pub(super) fn code(number: u8) -> Result<OneTime, Broken> {
    made(json!({
        "key": key(number),
        "purpose": {"code": {
            "client": "shop", "login": login_id(1)?, "subject": subject(1)?, "auth_time": at(1),
            "scope": "openid", "redirect_uri": "https://shop.example/cb", "challenge": BYTES, "nonce": null,
        }},
        "born": 0, "expires": at(60), "spent": null,
    }))
}

pub(super) fn client(id: &str) -> Result<Client, Broken> {
    made(json!({
        "id": id, "name": "Shop", "style": "hybrid", "secret": null, "redirect_uris": ["https://shop.example/cb"],
        "post_logout_redirect_uris": [], "origin": null, "audience": "shop-api", "scope": "openid",
        "first_party": true, "acts_alone": false, "standing": null, "access_lifetime": {"secs": 300, "nanos": 0},
        "refresh_lifetime": {"secs": 3600, "nanos": 0}, "since": at(0), "version": 1,
    }))
}

pub(super) fn signing_key(kid: &str) -> Result<KeyRecord, Broken> {
    made(json!({
        "kid": kid, "algorithm": "ES256", "purpose": "access", "sealed": [1, 2], "published": at(0),
        "signs_from": at(0), "signs_until": null, "retires": null,
    }))
}

/// Stands where 32 bytes must stand and nobody looks at them.
const BYTES: [u8; 32] = [7; 32];
