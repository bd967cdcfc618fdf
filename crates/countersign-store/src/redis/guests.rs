//! The guests' port on Redis: a read is one command, a change is one script.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use countersign_core::Fault;
use countersign_core::batch::{Conflict, Expect};
use countersign_core::extent::Ending;
use countersign_core::id::{Epoch, GuestSerial, Version};
use countersign_core::policy::GuestRoom;
use countersign_core::port::{GuestChange, GuestData, GuestSlot, GuestWrite, Guests, Pending};
use countersign_core::record::Guest;
use countersign_core::time::Timestamp;
use redis::{Cmd, FromRedisValue, Value};

use super::Redis;
use super::script::{self, Script};
use crate::codec;

impl Guests for Redis {
    fn in_epoch(&self, epoch: Epoch) {
        // None comes back: a node that hears late does not see more than before.
        self.epoch.fetch_max(epoch.number(), Ordering::AcqRel);
    }

    fn guest(&self, serial: GuestSerial) -> Pending<'_, Option<Guest>> {
        Box::pin(async move {
            let (live, stone) = self.keys(serial);
            let mut both = redis::pipe();
            both.cmd("HMGET").arg(live).arg(&["r", "k", "t"]);
            both.cmd("HMGET").arg(stone).arg(&["r", "t", "x"]);
            let (live, stone): (Begun, Stone) = taken(self.link.ask_all(&both).await?)?;
            if let (Some(record), Some(key), Some(seen)) = live {
                let mut guest = seen_at(&record, seen)?;
                guest.data_key = key;
                return Ok(Some(guest));
            }
            let (Some(record), Some(seen), Some(ending)) = stone else { return Ok(None) };
            let mut guest = seen_at(&record, seen)?;
            guest.ended = Some(codec::decode::<Ending>(&ending)?);
            Ok(Some(guest))
        })
    }

    fn guest_slot<'a>(&'a self, serial: GuestSerial, name: &'a str) -> Pending<'a, Option<GuestSlot>> {
        Box::pin(async move {
            let mut both = redis::cmd("HMGET");
            both.arg(self.keys(serial).0).arg(format!("v:{name}")).arg(format!("s:{name}"));
            let found: (Option<u64>, Option<Vec<u8>>) = taken(self.link.ask(&both).await?)?;
            let (Some(version), Some(value)) = found else { return Ok(None) };
            Ok(Some(GuestSlot { version: Version::new(version), value }))
        })
    }

    fn guest_data(&self, serial: GuestSerial) -> Pending<'_, Option<GuestData>> {
        Box::pin(async move {
            let mut all = redis::cmd("HGETALL");
            all.arg(self.keys(serial).0);
            let mut fields: BTreeMap<Vec<u8>, Vec<u8>> = taken(self.link.ask(&all).await?)?;
            let Some(version) = fields.get(b"d".as_slice()) else { return Ok(None) };
            let version = Version::new(number(version)?);
            let names: Vec<Vec<u8>> =
                fields.keys().filter_map(|field| field.strip_prefix(b"v:")).map(<[u8]>::to_vec).collect();
            let mut slots = Vec::with_capacity(names.len());
            for name in names {
                let mut part = |kind: &[u8]| fields.remove(&[kind, &name].concat()).ok_or_else(strange);
                let (version, value) = (Version::new(number(&part(b"v:")?)?), part(b"s:")?);
                let name = String::from_utf8(name).map_err(|_| strange())?;
                slots.push((name, GuestSlot { version, value }));
            }
            Ok(Some(GuestData { version, slots }))
        })
    }

    fn change_guest(&self, change: GuestChange) -> Pending<'_, Result<Version, Conflict>> {
        Box::pin(async move {
            match &change {
                GuestChange::Begin { guest, room, writes } => self.begin(guest, *room, writes).await,
                GuestChange::Touch { serial, seen } => {
                    let touch = |command: &mut Cmd| {
                        command.arg(seen.millis());
                    };
                    self.step(&script::TOUCH, *serial, touch).await
                }
                GuestChange::Write { serial, at, room, writes } => {
                    let operation = self.operation();
                    let write = |command: &mut Cmd| {
                        command.arg(&operation).arg(at.millis()).arg(room.slots).arg(room.bytes);
                        written(command, writes);
                    };
                    self.step(&script::WRITE, *serial, write).await
                }
                GuestChange::End { serial, expect, ending } => {
                    let expect = expect.map_or_else(String::new, |version| version.number().to_string());
                    let record = codec::encode(ending)?;
                    let end = |command: &mut Cmd| {
                        command.arg(&expect).arg(&record).arg(ending.at.millis());
                    };
                    self.step(&script::END, *serial, end).await
                }
            }
        })
    }

    /// Keys go by themselves when they are over, so `now` is not looked at.
    fn count_guests(&self, _now: Timestamp, most: u32) -> Pending<'_, u32> {
        Box::pin(async move {
            // A tombstone's key goes on behind the brace.
            let pattern = format!("cs:{}:{{*}}", self.epoch());
            self.link.count(&pattern, most).await
        })
    }

    /// Nothing is to be done: what is over goes by itself.
    fn sweep_guests(&self, _before: Timestamp, _limit: u32) -> Pending<'_, u32> {
        Box::pin(std::future::ready(Ok(0)))
    }
}

impl Redis {
    async fn begin(
        &self,
        guest: &Guest,
        room: GuestRoom,
        writes: &[GuestWrite],
    ) -> Result<Result<Version, Conflict>, Fault> {
        let operation = self.operation();
        let mut record = guest.clone();
        // Beside the record, so that a tombstone is made without it.
        let key = std::mem::take(&mut record.data_key);
        let record = codec::encode(&record)?;
        let left = millis(guest.until().since(guest.begun)).max(1);
        let begin = |command: &mut Cmd| {
            command.arg(&operation).arg(&record).arg(&key).arg(guest.seen.millis());
            command.arg(millis(guest.idle)).arg(guest.expires.millis()).arg(left);
            command.arg(room.slots).arg(room.bytes);
            written(command, writes);
        };
        self.step(&script::BEGIN, guest.serial, begin).await
    }

    async fn step(
        &self,
        script: &Script,
        serial: GuestSerial,
        arguments: impl Fn(&mut Cmd),
    ) -> Result<Result<Version, Conflict>, Fault> {
        let (live, stone) = self.keys(serial);
        let both = |command: &mut Cmd| {
            command.arg(2).arg(&live).arg(&stone);
            arguments(command);
        };
        Ok(match taken::<i64>(self.link.run(script, both).await?)? {
            script::MISSING => Err(Conflict::Missing),
            script::OVER => Err(Conflict::Over),
            script::MOVED => Err(Conflict::Moved),
            script::TAKEN => Err(Conflict::Taken),
            script::FULL => Err(Conflict::Full),
            version => Ok(Version::new(u64::try_from(version).map_err(|_| strange())?)),
        })
    }
}

fn written(command: &mut Cmd, writes: &[GuestWrite]) {
    for write in writes {
        let (kind, version) = match write.expect {
            Expect::Absent => ("a", 0),
            Expect::Present => ("p", 0),
            Expect::Whatever => ("w", 0),
            Expect::At(version) => ("v", version.number()),
        };
        let value = write.value.as_deref();
        command.arg(&write.name).arg(kind).arg(version);
        command.arg(u8::from(value.is_some())).arg(value.unwrap_or_default());
    }
}

fn seen_at(record: &[u8], seen: u64) -> Result<Guest, Fault> {
    let mut guest: Guest = codec::decode(record)?;
    guest.seen = Timestamp::from_millis(seen);
    Ok(guest)
}

/// The record, the key and `seen` of a guest.
type Begun = (Option<Vec<u8>>, Option<Vec<u8>>, Option<u64>);

/// The record, `seen` and the ending of a tombstone.
type Stone = (Option<Vec<u8>>, Option<u64>, Option<Vec<u8>>);

fn taken<T: FromRedisValue>(value: Value) -> Result<T, Fault> {
    redis::from_redis_value(value).map_err(|_| strange())
}

fn number(text: &[u8]) -> Result<u64, Fault> {
    std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).ok_or_else(strange)
}

fn strange() -> Fault {
    Fault::Codec("what Redis holds of a guest has another shape".to_owned())
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
