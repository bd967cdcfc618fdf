//! What must be found after a crash: everything that was answered, nothing that nobody asked for, and what was under way whole
//! or not at all.

use std::collections::{BTreeMap, HashSet};

use countersign_core::batch::{Batch, Conflict, Outcome};
use countersign_core::extent::{Chain, LogKind};
use countersign_core::id::{Position, Serial};
use countersign_core::revoke::log::verify;
use countersign_core::slot::SlotValue;

use super::deeds::{
    ALL, COUNTING, Fate, GUEST_ENDED, GUEST_TOUCHED, Keeps, STEPS, TOUCHED, cart, count, data, fate,
    guest_serial, login_id, serial, slots, subject,
};

/// The largest numbers that anybody had.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Given {
    sessions: u64,
    guests: u64,
}

/// What the victim has said of one session or guest.
#[derive(Default)]
struct Told<'a> {
    words: HashSet<&'a str>,
    /// The last step that it was about to do, and the last that was answered.
    tried: u64,
    done: u64,
}

impl Told<'_> {
    fn has(&self, word: &str) -> bool {
        self.words.contains(word)
    }

    /// Whether a thing may be found where `step` has left it.
    fn allows(&self, step: u64) -> bool {
        (self.done..=self.tried).contains(&step)
    }
}

type AllTold<'a> = BTreeMap<u64, Told<'a>>;

/// Those of sessions, and those of guests.
fn sorted(lines: &[(String, String)]) -> (AllTold<'_>, AllTold<'_>) {
    let (mut sessions, mut guests) = (AllTold::new(), AllTold::new());
    for (word, about) in lines {
        let numbers: Vec<u64> = about.split(' ').map_while(|number| number.parse().ok()).collect();
        let Some(&number) = numbers.first() else { continue };
        let all = if GUESTS.contains(&word.as_str()) { &mut guests } else { &mut sessions };
        let told: &mut Told<'_> = all.entry(number).or_default();
        assert!(told.words.insert(word) || !FIRST.contains(&word.as_str()), "{word} {number} was said twice");
        match (word.as_str(), numbers.get(1)) {
            ("writing" | "hosting", Some(&step)) => told.tried = step,
            ("wrote" | "hosted", Some(&step)) => told.done = step,
            _ => {}
        }
    }
    (sessions, guests)
}

/// The words that are said of guests.
const GUESTS: [&str; 3] = ["invited", "hosting", "hosted"];
/// The words that are said when a number is given out: once, whoever asks.
const FIRST: [&str; 2] = ["leased", "invited"];

/// Compares what `store` holds with `lines`, which were said by processes that had numbers above `before`; answers the largest
/// ones given out.
pub(crate) async fn judge<S: Keeps>(store: &S, lines: &[(String, String)], before: Given) -> Given {
    let log = store.log_since(Position::START, u32::MAX).await.unwrap();
    assert!(verify(&log, Position::START, Chain::default()).is_ok(), "the chain is broken");
    let state = store.log_state().await.unwrap();
    assert_eq!(log.last().map_or(Position::START, |entry| entry.position), state.position);
    let ended = log.into_iter().filter_map(|entry| match entry.kind {
        LogKind::Ended(serial) => Some(serial),
        _ => None,
    });
    let judge = Judge { store, ended: ended.collect() };
    let (sessions, guests) = sorted(lines);
    let mut largest = before;
    for (&number, told) in &sessions {
        assert!(number > before.sessions, "serial {number} was given out twice");
        largest.sessions = largest.sessions.max(number);
        judge.session(number, told).await;
    }
    for (&number, told) in &guests {
        assert!(number > before.guests, "guest serial {number} was given out twice");
        largest.guests = largest.guests.max(number);
        judge.guest(number, told).await;
    }
    let next = Given {
        sessions: store.lease_serials(1).await.unwrap().start,
        guests: store.lease_guest_serials(1).await.unwrap().start,
    };
    assert!(next.sessions > largest.sessions && next.guests > largest.guests, "a serial is reused");
    next
}

/// Whom the store has said to have erased.
pub(crate) fn erased(lines: &[(String, String)]) -> impl Iterator<Item = u64> {
    lines.iter().filter(|(word, _)| word == "erased").filter_map(|(_, number)| number.parse().ok())
}

struct Judge<'a, S> {
    store: &'a S,
    /// Whose endings are in the log.
    ended: HashSet<Serial>,
}

impl<S: Keeps> Judge<'_, S> {
    async fn session(&self, number: u64, told: &Told<'_>) {
        if fate(number) == Fate::IsErased && told.has("began") && self.is_gone(number).await {
            assert!(told.has("erasing"), "person {number} is lost");
            assert!(self.ended.contains(&serial(number)), "session {number} was erased and did not end");
            return;
        }
        assert!(!told.has("erased"), "person {number} came back");
        let Some(session) = self.store.session(serial(number)).await.unwrap() else {
            assert!(!told.has("began"), "session {number} is lost");
            return;
        };
        assert!(session.seen >= TOUCHED || !told.has("touched"), "the touch of session {number} is lost");
        assert_eq!(session.ended.is_some(), self.ended.contains(&serial(number)), "session {number}");
        if session.ended.is_some() {
            assert!(told.has("ending"), "session {number} has ended, and nobody asked for it");
            let late = Batch::of(data(self.store, number, STEPS + 1).await.unwrap());
            assert_eq!(self.store.commit(late).await.unwrap(), Outcome::Conflict(Conflict::Over));
            return;
        }
        assert!(!told.has("ended"), "session {number} came back");
        self.data(number, told).await;
    }

    /// Whether a person and everything of theirs is gone; part of it is not.
    async fn is_gone(&self, number: u64) -> bool {
        let there = [
            self.store.user(&subject(number)).await.unwrap().is_some(),
            self.store.login(&login_id(number)).await.unwrap().is_some(),
            self.store.session(serial(number)).await.unwrap().is_some(),
        ];
        assert!(there.iter().all(|one| *one == there[0]), "person {number} is half gone: {there:?}");
        let data = self.store.slot_names(&slots(number)).await.unwrap();
        assert!(there[0] || data.is_empty(), "the data of person {number} is left: {data:?}");
        !there[0]
    }

    /// The data stands where one of the steps has left it, between the last that was answered and the last that was tried; and
    /// whoever tries again what counts once finds it counted once.
    async fn data(&self, number: u64, told: &Told<'_>) {
        let slot = async |name| self.store.slot(&slots(number), name, ALL).await.unwrap();
        let (found, counter) = (slot("cart").await, slot("count").await);
        let version = |slot: &Option<_>| slot.as_ref().map_or(0, |slot: &SlotValue| slot.version.number());
        let step = version(&found).max(version(&counter));
        assert!(told.allows(step), "session {number} is at {step}, of {}..={}", told.done, told.tried);
        let filled = step.min(COUNTING - 1);
        assert_eq!(version(&found), filled, "the version of the cart of {number}");
        if let Some(found) = found {
            assert_eq!(found.segments[0].sealed, cart(number, filled), "the cart of {number}");
        }
        let counted = |step: u64| (step + 1).saturating_sub(COUNTING);
        assert_eq!(counter.as_ref().map_or(0, count), counted(step), "the counter of {number}");
        for again in COUNTING..=told.tried {
            let change = data(self.store, number, again).await.unwrap();
            let outcome = self.store.commit(Batch::of(change)).await.unwrap();
            let applied = matches!(outcome, Outcome::Conflict(Conflict::Applied));
            assert!(applied || matches!(outcome, Outcome::Committed(..)), "{number}: {outcome:?}");
            assert_eq!(applied, again <= step, "whether {again} of {number} had been applied before");
        }
        assert_eq!(slot("count").await.as_ref().map_or(0, count), counted(told.tried), "counted twice");
    }

    async fn guest(&self, number: u64, told: &Told<'_>) {
        let guest = self.store.guest(guest_serial(number)).await.unwrap();
        let held = self.store.guest_data(guest_serial(number)).await.unwrap();
        let step = match (&guest, &held) {
            (None, None) => 0,
            (Some(guest), None) if guest.ended.is_some() => GUEST_ENDED,
            (Some(guest), Some(_)) if guest.seen == TOUCHED => GUEST_TOUCHED,
            (Some(_), Some(held)) => held.version.number(),
            _ => panic!("half of guest {number}: {guest:?}, {held:?}"),
        };
        assert!(told.allows(step), "guest {number} is at {step}, of {}..={}", told.done, told.tried);
        if let Some(held) = held {
            let written = step.min(GUEST_TOUCHED - 1);
            assert_eq!(held.version.number(), written, "the version of guest {number}");
            assert_eq!(held.slots[0].1.value, cart(number, written), "the cart of guest {number}");
        }
    }
}
