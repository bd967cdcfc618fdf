//! How fast attempts may come: the core's buckets, kept in memory and bounded.
//!
//! A restart empties them; the hashing pool bounds what an attacker gains by that. Whoever succeeds gets back what the
//! attempt took, so that only failures count.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign_core::audit::Event;
use countersign_core::batch::Batch;
use countersign_core::extent::Actor;
use countersign_core::record::{Email, Network, User};
use countersign_core::signin::throttle::{Bucket, Counter, KnownDevice};
use countersign_core::time::Timestamp;
use countersign_core::{Fault, Refusal};

use crate::engine::Engine;
use crate::error::Result;
use crate::visitor::Visitor;

/// The most buckets that are kept: about 10 MB.
const BUCKETS: usize = 65_536;

/// The audit log hears of one prefix that it is too fast once in this time; else the log would be the weapon.
const LINE_EVERY: Duration = Duration::from_secs(60);

/// The buckets that are not full.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    buckets: Mutex<HashMap<Counter, Bucket>>,
    lines: Mutex<HashMap<Network, Timestamp>>,
}

/// What an attempt took.
#[derive(Debug)]
#[must_use = "give it back when the attempt succeeds"]
pub(crate) struct Knock(Vec<Counter>);

impl Gate {
    /// Takes one from every bucket, or from none.
    pub(crate) fn knock(&self, counters: Vec<Counter>, now: Timestamp) -> Result<Knock, Refusal> {
        let mut buckets = locked(&self.buckets);
        let mut taken = Vec::with_capacity(counters.len());
        for counter in counters {
            let before = buckets.get(&counter).copied().unwrap_or_default();
            taken.push((before.take(counter.rate(), now)?, counter));
        }
        if buckets.len() + taken.len() > BUCKETS {
            make_room(&mut buckets, now);
        }
        let knock = Knock(taken.iter().map(|(_, counter)| counter.clone()).collect());
        buckets.extend(taken.into_iter().map(|(after, counter)| (counter, after)));
        Ok(knock)
    }

    /// Gives back what a successful attempt took.
    pub(crate) fn refund(&self, knock: Knock) {
        let mut buckets = locked(&self.buckets);
        for counter in knock.0 {
            if let Some(bucket) = buckets.get_mut(&counter) {
                *bucket = bucket.give_back(counter.rate());
            }
        }
    }

    /// Forgets what is counted against an address that was erased.
    pub(crate) fn forget(&self, gone: &Email) {
        locked(&self.buckets).retain(|counter, _| match counter {
            Counter::AccountFromPrefix(email, _)
            | Counter::AccountStranger(email)
            | Counter::AccountKnownDevice(email, _)
            | Counter::Letter(email)
            | Counter::Invitation(email) => email != gone,
            _ => true,
        });
    }

    /// Whether the audit log should hear of this prefix again.
    fn worth_a_line(&self, network: &Network, now: Timestamp) -> bool {
        let mut lines = locked(&self.lines);
        if lines.get(network).is_some_and(|last| now < *last + LINE_EVERY) {
            return false;
        }
        if lines.len() >= 1024 {
            lines.clear();
        }
        lines.insert(network.clone(), now);
        true
    }
}

impl Engine {
    /// Takes one from every bucket, or says that attempts come too fast and writes that down.
    pub(crate) async fn knock(&self, counters: Vec<Counter>, visitor: &Visitor) -> Result<Knock> {
        let now = self.now();
        match self.gate.knock(counters, now) {
            Ok(knock) => Ok(knock),
            Err(refusal) => {
                if self.gate.worth_a_line(&visitor.network, now) {
                    let line = self.line(Actor::Stranger, Event::Throttled).from(&visitor.network);
                    self.settle(Batch::new().audited(line.into())).await?;
                }
                Err(refusal.into())
            }
        }
    }

    /// What a sign-in to `email` is counted against; `account` is what the directory knows of it.
    pub(crate) fn sign_in_counters(
        &self,
        email: &Email,
        account: Option<&User>,
        visitor: &Visitor,
    ) -> Vec<Counter> {
        let known = match (account, &visitor.mark) {
            (Some(user), Some(mark)) => KnownDevice::read(mark, &user.subject, &self.roots.marks),
            _ => None,
        };
        Counter::sign_in(email, &visitor.network, known.as_ref())
    }

    /// The device mark for a browser that has just signed in to `user`'s account: the one that it has, or a new one.
    pub(crate) fn mark_for(&self, user: &User, visitor: &Visitor) -> Result<String, Fault> {
        let has = visitor
            .mark
            .as_ref()
            .filter(|mark| KnownDevice::read(mark, &user.subject, &self.roots.marks).is_some());
        match has {
            Some(mark) => Ok(mark.clone()),
            None => Ok(KnownDevice::mark(&user.subject, self.chance()?, &self.roots.marks)),
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Forgets full buckets, which say nothing; when all are in use, every second one.
fn make_room(buckets: &mut HashMap<Counter, Bucket>, now: Timestamp) {
    buckets.retain(|_, bucket| !bucket.is_full(now));
    if buckets.len() >= BUCKETS / 2 {
        let mut keep = false;
        buckets.retain(|_, _| {
            keep = !keep;
            keep
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

    fn letter(address: &str) -> Vec<Counter> {
        vec![Counter::Letter(address.parse().unwrap())]
    }

    #[test]
    fn failures_count_and_successes_do_not() {
        let gate = Gate::default();
        for _ in 0..50 {
            gate.refund(gate.knock(letter("ada@example.com"), NOW).unwrap());
        }
        for _ in 0..3 {
            assert!(gate.knock(letter("ada@example.com"), NOW).is_ok());
        }
        assert!(matches!(gate.knock(letter("ada@example.com"), NOW), Err(Refusal::Throttled { .. })));
        assert!(gate.knock(letter("bo@example.com"), NOW).is_ok());
    }

    #[test]
    fn a_refused_attempt_takes_nothing_from_the_other_buckets() {
        let gate = Gate::default();
        let both = || [letter("ada@example.com"), letter("bo@example.com")].concat();
        for _ in 0..3 {
            let _ = gate.knock(letter("bo@example.com"), NOW).unwrap();
        }
        for _ in 0..10 {
            assert!(gate.knock(both(), NOW).is_err());
        }
        assert!(gate.knock(letter("ada@example.com"), NOW).is_ok());
    }

    #[test]
    fn the_memory_is_bounded() {
        let gate = Gate::default();
        for number in 0..(BUCKETS + BUCKETS / 2) {
            let _ = gate.knock(letter(&format!("p{number}@example.com")), NOW).unwrap();
        }
        assert!(locked(&gate.buckets).len() <= BUCKETS);
    }

    #[test]
    fn an_erased_address_leaves_no_trace() {
        let gate = Gate::default();
        let _ = gate.knock(letter("ada@example.com"), NOW).unwrap();
        gate.forget(&"ada@example.com".parse().unwrap());
        assert!(locked(&gate.buckets).is_empty());
    }
}
