//! The sessions in memory: a map without locks for those who look, and one place where a session comes in or is marked.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use countersign_core::extent::{LogEntry, LogKind};
use countersign_core::id::Serial;
use countersign_core::record::{Audience, Session};
use countersign_core::session::{Brief, Standing};
use countersign_core::time::Timestamp;

use super::Fill;
use super::flight::Flights;
use super::hand::Hand;

/// The sessions in memory.
#[derive(Debug)]
pub(super) struct Memory {
    map: papaya::HashMap<Serial, Kept, BuildHasherDefault<Mix>>,
    audiences: Mutex<HashMap<Audience, Arc<Audience>>>,
    pub(super) flights: Flights,
    pub(super) hand: Hand,
    most: usize,
}

/// One session in memory.
#[derive(Debug)]
pub(super) struct Kept {
    brief: Brief,
    /// In milliseconds.
    seen: AtomicU64,
    over: bool,
    /// What the application calls whose it is, once it was asked for. It goes when the session ends or is put out.
    name: OnceLock<Arc<str>>,
    /// Whether anybody looked since the hand came by.
    used: AtomicBool,
}

impl Kept {
    fn seen(&self) -> Timestamp {
        Timestamp::from_millis(self.seen.load(Ordering::Relaxed))
    }

    /// Whether it is of no more use at `now`.
    pub(super) fn done(&self, now: Timestamp) -> bool {
        self.over || now >= self.brief.expires()
    }

    /// Whether anybody looked since this was last asked.
    pub(super) fn was_used(&self) -> bool {
        self.used.swap(false, Ordering::Relaxed)
    }
}

impl Memory {
    pub(super) fn new(most: usize) -> Self {
        Self {
            map: papaya::HashMap::default(),
            audiences: Mutex::default(),
            flights: Flights::default(),
            hand: Hand::default(),
            most,
        }
    }

    pub(super) fn peek<R>(
        &self,
        serial: Serial,
        look: impl FnOnce(&Brief, Standing<'_>, Option<&Arc<str>>) -> R,
    ) -> Option<R> {
        let map = self.map.pin();
        let kept = map.get(&serial)?;
        // Written once between two visits of the hand, so that those who look share the line.
        if !kept.used.load(Ordering::Relaxed) {
            kept.used.store(true, Ordering::Relaxed);
        }
        Some(look(&kept.brief, kept.brief.standing(serial, kept.seen(), kept.over), kept.name.get()))
    }

    /// Keeps the name of whose session `serial` is, for as long as the session is here and has not ended.
    pub(super) fn keep_name(&self, serial: Serial, name: &Arc<str>) {
        if let Some(kept) = self.map.pin().get(&serial)
            && !kept.over
        {
            // An ending puts another in place of this one, and none of its name; so it counts whichever is first.
            let _ = kept.name.set(Arc::clone(name));
        }
    }

    /// Keeps what the store said of `session`; `over` also when the log said so meanwhile. Called while the flights wait.
    pub(super) fn keep(&self, session: &Session, over: bool) -> Option<Fill> {
        let serial = session.serial;
        let map = self.map.pin();
        let before = map.get(&serial);
        // What this node knows to be later or over stays so, whatever an older reading says.
        let over = over || before.is_some_and(|kept| kept.over);
        let brief = Brief::of(session, self.shared(&session.audience))?;
        let brief = if over { brief.nameless() } else { brief };
        let seen = before.map_or(session.seen, |kept| kept.seen().max(session.seen));
        let name = before.filter(|_| !over).map(|kept| kept.name.clone()).unwrap_or_default();
        let fill = Fill { brief, seen, over };
        let kept = Kept {
            brief: fill.brief.clone(),
            seen: AtomicU64::new(seen.millis()),
            over,
            name,
            used: AtomicBool::new(false),
        };
        if map.insert(serial, kept).is_none() {
            self.hand.take_up(serial);
            self.make_room();
        }
        Some(fill)
    }

    /// Marks what these entries end. A watermark covers what was born below it, which the view of endings knows.
    pub(super) fn hear(&self, entries: &[LogEntry]) {
        let ended = entries.iter().filter_map(|entry| match &entry.kind {
            LogKind::Ended(serial) => Some(*serial),
            LogKind::ClientMark(_)
            | LogKind::EverythingMark
            | LogKind::KeyRetired(_)
            | LogKind::EpochBegan => None,
        });
        let map = self.map.pin();
        self.flights.note(ended, |serial| {
            map.update(serial, |kept| Kept {
                brief: kept.brief.nameless(),
                seen: AtomicU64::new(kept.seen().millis()),
                over: true,
                name: OnceLock::new(),
                used: AtomicBool::new(false),
            });
        });
    }

    /// Moves `seen` from `was` to `now`; false when it was not there, none when memory does not hold the session.
    pub(super) fn swap_seen(&self, serial: Serial, was: Timestamp, now: Timestamp) -> Option<bool> {
        let map = self.map.pin();
        let seen = &map.get(&serial)?.seen;
        let swapped = seen.compare_exchange(was.millis(), now.millis(), Ordering::Relaxed, Ordering::Relaxed);
        Some(swapped.is_ok())
    }

    /// A touch that was written.
    pub(super) fn touched(&self, serial: Serial, seen: Timestamp) {
        if let Some(kept) = self.map.pin().get(&serial) {
            kept.seen.fetch_max(seen.millis(), Ordering::Relaxed);
        }
    }

    pub(super) fn forget(&self, serial: Serial) {
        self.map.pin().remove(&serial);
    }

    pub(super) fn len(&self) -> usize {
        self.map.len()
    }

    /// Drops what is done at `now` among the next `most`.
    pub(super) fn tick(&self, now: Timestamp, most: usize) {
        let map = self.map.pin();
        self.hand.pass(most.min(self.len()), |serial| match map.get(&serial) {
            None => false,
            Some(kept) if kept.done(now) => {
                map.remove(&serial);
                false
            }
            Some(_) => true,
        });
    }

    /// Puts out sessions that nobody looked at since the hand last came by, until the rest fits.
    fn make_room(&self) {
        let map = self.map.pin();
        let mut chances = CHANCES;
        while map.len() > self.most {
            let moved = self.hand.pass(1, |serial| {
                chances = chances.saturating_sub(1);
                match map.get(&serial) {
                    None => false,
                    Some(kept) if !kept.over && kept.was_used() && chances > 0 => true,
                    Some(_) => {
                        map.remove(&serial);
                        false
                    }
                }
            });
            if !moved {
                return;
            }
        }
    }

    fn shared(&self, audience: &Audience) -> Arc<Audience> {
        let mut audiences = self.audiences.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = audiences.get(audience) {
            return Arc::clone(known);
        }
        let shared = Arc::new(audience.clone());
        if audiences.len() < AUDIENCES {
            audiences.insert(audience.clone(), Arc::clone(&shared));
        }
        shared
    }
}

/// Spreads serials, which are dense, over the map. Nobody outside chooses a serial, so it need not keep anything from them.
#[derive(Debug, Default)]
pub(super) struct Mix(u64);

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        // Multiplying carries upwards only; folding brings the upper half down again.
        let product = u128::from(self.0 ^ number) * u128::from(SPREAD);
        let [high, low] = [product >> 64, product & u128::from(u64::MAX)]
            .map(|half| u64::try_from(half).unwrap_or_default());
        self.0 = high ^ low;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// 2^64 divided by the golden ratio (Knuth, The Art of Computer Programming, volume 3, section 6.4).
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// How many used sessions are passed over before one is put out all the same: a commit must not walk all of memory.
const CHANCES: usize = 64;

/// How many audiences are shared; a house with more applications than this pays for the rest by the session.
const AUDIENCES: usize = 4096;
