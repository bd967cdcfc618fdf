//! When keys are fetched. Decides; has no clock, no socket and no chance of its own.
//!
//! RFC 9111 5.2.2 (max-age) within bounds. At most one fetch is under way, and at most one begins in [`COOLDOWN`] whatever
//! is asked for, so that tokens with made-up key names cost the issuer nothing.

use std::time::Duration;

/// The least time between the beginnings of two fetches.
pub(super) const COOLDOWN: Duration = Duration::from_secs(30);
/// How long keys are fresh when the issuer says nothing, and within which bounds it may say so. The upper one is how long
/// a key that the issuer has withdrawn may count.
const FRESH: Duration = Duration::from_secs(10 * 60);
const FRESH_LEAST: Duration = Duration::from_secs(60);
const FRESH_MOST: Duration = Duration::from_secs(60 * 60);
/// The longest time between two tries when they fail.
const BACKOFF_MOST: Duration = Duration::from_secs(5 * 60);
/// How long keys count beyond their time while the issuer cannot be reached.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// Time since some beginning.
pub(super) type Moment = Duration;

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// Time has passed.
    Tick,
    /// A token named a key that is not known, or not the one that signed it.
    Wanted,
    /// Keys came, or were said to be the same, to be kept for as long as the issuer says.
    Came { max_age: Option<Duration> },
    /// No keys came.
    Failed,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Fetch now, and tell how it went.
    Fetch,
    /// Come back after this time, unless something happens before.
    Wait(Duration),
}

/// What is known about fetching.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// When the last fetch began.
    begun: Option<Moment>,
    under_way: bool,
    next: Moment,
    failures: u32,
    /// Until when the keys count.
    good_until: Option<Moment>,
}

impl Plan {
    /// A plan that fetches at once.
    pub(super) const fn new(now: Moment) -> Self {
        Self { begun: None, under_way: false, next: now, failures: 0, good_until: None }
    }

    /// Until when the keys count; none before any have come.
    pub(super) const fn good_until(&self) -> Option<Moment> {
        self.good_until
    }

    /// Says what to do. `chance` spreads the fetches of many clients; any number will do.
    pub(super) fn step(&mut self, event: Event, now: Moment, chance: u16) -> Action {
        match event {
            Event::Tick => {}
            Event::Wanted => {
                if !self.under_way {
                    self.next = self.next.min(self.allowed(now));
                }
            }
            Event::Came { max_age } => {
                self.under_way = false;
                self.failures = 0;
                let fresh = max_age.unwrap_or(FRESH).clamp(FRESH_LEAST, FRESH_MOST);
                // Ahead of time: between seven and eight tenths of it.
                let ahead = fresh * 7 / 10 + spread(fresh / 10, chance);
                self.next = self.allowed(now).max(now + ahead);
                self.good_until = Some(now + fresh + STALE);
            }
            Event::Failed => {
                self.under_way = false;
                self.failures = self.failures.saturating_add(1);
                let doubled = COOLDOWN.saturating_mul(1 << self.failures.saturating_sub(1).min(8));
                let pause = doubled.min(BACKOFF_MOST);
                self.next = self.allowed(now).max(now + pause + spread(pause / 4, chance));
            }
        }
        if self.under_way {
            return Action::Wait(COOLDOWN);
        }
        if now >= self.next && now >= self.allowed(now) {
            self.under_way = true;
            self.begun = Some(now);
            return Action::Fetch;
        }
        Action::Wait(self.next.max(self.allowed(now)).saturating_sub(now))
    }

    /// From when the cooldown allows a fetch.
    fn allowed(&self, now: Moment) -> Moment {
        self.begun.map_or(now, |begun| begun + COOLDOWN)
    }
}

/// Some part of `most`.
fn spread(most: Duration, chance: u16) -> Duration {
    most * u32::from(chance) / u32::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn warm(max_age: Option<Duration>) -> Plan {
        let mut plan = Plan::new(s(0));
        assert_eq!(plan.step(Event::Tick, s(0), 0), Action::Fetch);
        plan.step(Event::Came { max_age }, s(0), 0);
        plan
    }

    #[test]
    fn keys_are_fetched_ahead_of_their_time() {
        let mut plan = warm(Some(s(600)));
        assert_eq!(plan.step(Event::Tick, s(419), 0), Action::Wait(s(1)));
        assert_eq!(plan.step(Event::Tick, s(420), 0), Action::Fetch);
        let mut late = Plan::new(s(0));
        late.step(Event::Tick, s(0), 0);
        assert_eq!(late.step(Event::Came { max_age: Some(s(600)) }, s(0), u16::MAX), Action::Wait(s(480)));
    }

    #[test]
    fn what_the_issuer_says_of_freshness_is_bounded() {
        for (said, waits) in [(None, 420), (Some(0), 42), (Some(60), 42), (Some(1_000_000), 2520)] {
            let mut plan = warm(said.map(s));
            assert_eq!(plan.step(Event::Tick, s(0), 0), Action::Wait(s(waits)), "{said:?}");
        }
    }

    #[test]
    fn an_unknown_key_brings_the_next_fetch_forward_but_not_into_the_cooldown() {
        let mut plan = warm(None);
        assert_eq!(plan.step(Event::Wanted, s(10), 0), Action::Wait(s(20)));
        assert_eq!(plan.step(Event::Wanted, s(29), 0), Action::Wait(s(1)));
        assert_eq!(plan.step(Event::Tick, s(30), 0), Action::Fetch);
        // While it is under way, asking changes nothing.
        assert!(matches!(plan.step(Event::Wanted, s(31), 0), Action::Wait(_)));
        plan.step(Event::Came { max_age: None }, s(32), 0);
        assert_eq!(plan.step(Event::Wanted, s(32), 0), Action::Wait(s(28)));
        let mut rested = warm(None);
        assert_eq!(rested.step(Event::Wanted, s(200), 0), Action::Fetch);
    }

    #[test]
    fn failures_are_tried_again_less_and_less_often() {
        let mut plan = warm(None);
        let (mut now, mut pauses) = (s(420), Vec::new());
        for _ in 0..6 {
            assert_eq!(plan.step(Event::Tick, now, 0), Action::Fetch);
            let Action::Wait(pause) = plan.step(Event::Failed, now, 0) else { panic!("no pause") };
            pauses.push(pause.as_secs());
            now += pause;
        }
        assert_eq!(pauses, [30, 60, 120, 240, 300, 300]);
        // The keys from before count for a day beyond their time, and no longer.
        assert_eq!(plan.good_until(), Some(s(600 + 86_400)));
    }

    fn events() -> impl Strategy<Value = Vec<(u64, u8, u16)>> {
        prop::collection::vec((0..40_000_u64, 0..5_u8, any::<u16>()), 1..200)
    }

    proptest! {
        #[test]
        fn one_fetch_is_under_way_and_one_begins_in_a_cooldown(events in events()) {
            let mut plan = Plan::new(s(0));
            let (mut now, mut under_way, mut begun) = (s(0), false, Vec::<Duration>::new());
            for (millis, kind, chance) in events {
                now += Duration::from_millis(millis);
                let event = match kind {
                    0 | 1 => Event::Tick,
                    2 => Event::Wanted,
                    // Answers come only to what was asked.
                    _ if !under_way => Event::Wanted,
                    3 => Event::Came { max_age: Some(s(u64::from(chance))) },
                    _ => Event::Failed,
                };
                if matches!(event, Event::Came { .. } | Event::Failed) {
                    under_way = false;
                }
                match plan.step(event, now, chance) {
                    Action::Fetch => {
                        prop_assert!(!under_way);
                        prop_assert!(begun.last().is_none_or(|last| now >= *last + COOLDOWN));
                        under_way = true;
                        begun.push(now);
                    }
                    Action::Wait(pause) => prop_assert!(pause <= FRESH_MOST),
                }
            }
        }

        #[test]
        fn whoever_waits_as_told_fetches_in_the_end(events in events()) {
            let mut plan = Plan::new(s(0));
            let mut now = s(0);
            for (_, kind, chance) in events {
                let mut event = if kind == 0 { Event::Wanted } else { Event::Tick };
                for _ in 0..3 {
                    match plan.step(event, now, chance) {
                        Action::Fetch => {
                            let came = Event::Came { max_age: None };
                            let answer = if kind == 1 { Event::Failed } else { came };
                            let Action::Wait(pause) = plan.step(answer, now, chance) else {
                                return Err(TestCaseError::fail("fetched twice"));
                            };
                            now += pause;
                            break;
                        }
                        Action::Wait(pause) => now += pause,
                    }
                    event = Event::Tick;
                }
            }
            prop_assert!(plan.begun.is_some());
        }
    }
}
