//! What a node knows of endings: which serials have ended, and which watermarks stand. A check reads memory, takes no lock.
//!
//! A paged bitmap over serials (a page that does not exist means that nothing on it has ended; a set bit is right for ever,
//! so nothing needs a timer) beside watermarks that only rise. The view applies the log in its order. When an entry is
//! missing or altered it cannot know what it has missed: it is *broken* and refuses everything until it is made anew.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::log;
use crate::error::Refusal;
use crate::extent::{Chain, LogEntry, LogKind};
use crate::id::{ClientId, Epoch, Position, Serial};
use crate::port::{Follower, LogState};

/// What a node knows of endings.
///
/// It begins *loading* and refuses everything. While the store tells it the past, entries that were swept because nothing
/// they covered can be alive may be missing. [`View::ready`] ends that; from then on the log must come without a gap.
pub struct View {
    state: AtomicU8,
    /// The watermark over everything.
    everything: AtomicU64,
    /// The watermark of each client that has one.
    clients: ArcSwap<HashMap<ClientId, Position>>,
    /// Whether any client has one: in most houses none has, and no check looks for it.
    marked: AtomicBool,
    pages: ArcSwap<Vec<Option<Arc<Page>>>>,
    position: AtomicU64,
    epoch: AtomicU32,
    /// Written only by whoever applies, so a check never waits for it.
    head: Mutex<Head>,
}

#[derive(Clone, Copy)]
struct Head {
    epoch: Option<Epoch>,
    position: Position,
    chain: Chain,
}

const LOADING: u8 = 0;
const READY: u8 = 1;
const BROKEN: u8 = 2;

impl View {
    /// A view that knows nothing and refuses everything until [`View::ready`].
    #[must_use]
    pub fn loading() -> Self {
        Self {
            state: AtomicU8::new(LOADING),
            everything: AtomicU64::new(0),
            clients: ArcSwap::default(),
            marked: AtomicBool::new(false),
            pages: ArcSwap::default(),
            position: AtomicU64::new(0),
            epoch: AtomicU32::new(0),
            head: Mutex::new(Head { epoch: None, position: Position::START, chain: Chain::default() }),
        }
    }

    /// The past has been told up to `state`: checks may begin.
    ///
    /// `state` is read from the store after it has begun to tell; entries behind it that this view has not heard were swept.
    pub fn ready(&self, state: &LogState) {
        let mut head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        if head.epoch.is_some_and(|epoch| epoch != state.epoch)
            || (head.position == state.position && head.epoch.is_some() && head.chain != state.chain)
        {
            return self.break_off();
        }
        if state.position >= head.position {
            *head = Head { epoch: Some(state.epoch), position: state.position, chain: state.chain };
            self.epoch.store(state.epoch.number(), Ordering::Release);
            self.position.store(state.position.number(), Ordering::Release);
        }
        // A broken view stays broken.
        let _ = self.state.compare_exchange(LOADING, READY, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Whether `serial`, born at `born` under `client`, is alive as far as endings go.
    ///
    /// For an access token `born` is its `rv`: the position at which the issuer saw its grant alive.
    ///
    /// # Errors
    /// [`Refusal::GrantEnded`]: it has ended, or this view cannot tell (it is loading or broken).
    pub fn check(&self, serial: Serial, client: Option<&ClientId>, born: Position) -> Result<(), Refusal> {
        if self.stands_above_marks(client, born) && !self.has_ended(serial) {
            Ok(())
        } else {
            Err(Refusal::GrantEnded)
        }
    }

    /// Whether something born at `born` under `client` lies above every watermark; for what has no serial, such as a link.
    #[must_use]
    pub fn stands_above_marks(&self, client: Option<&ClientId>, born: Position) -> bool {
        self.is_ready()
            && born.number() >= self.everything.load(Ordering::Acquire)
            && client.is_none_or(|client| self.stands_above_mark_of(client, born))
    }

    fn stands_above_mark_of(&self, client: &ClientId, born: Position) -> bool {
        !self.marked.load(Ordering::Acquire)
            || self.clients.load().get(client).is_none_or(|mark| born >= *mark)
    }

    /// Up to where the log has been applied. Read it before the records that something new will hang on.
    #[must_use]
    pub fn position(&self) -> Position {
        Position::new(self.position.load(Ordering::Acquire))
    }

    /// The incarnation of the log; none before the first entry or [`View::ready`].
    #[must_use]
    pub fn epoch(&self) -> Option<Epoch> {
        // An epoch is a time in seconds, so none is 0.
        Some(self.epoch.load(Ordering::Acquire)).filter(|number| *number != 0).map(Epoch::new)
    }

    /// Whether an entry was missing or altered, so that everything is refused.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.state.load(Ordering::Acquire) == BROKEN
    }

    /// Whether checks can succeed: loaded and not broken.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.state.load(Ordering::Acquire) == READY
    }

    fn has_ended(&self, serial: Serial) -> bool {
        let Some(place) = Place::of(serial) else { return true };
        let pages = self.pages.load();
        match pages.get(place.page) {
            Some(Some(page)) => page.has(place),
            _ => false,
        }
    }

    fn break_off(&self) {
        self.state.store(BROKEN, Ordering::Release);
    }

    fn apply(&self, head: &mut Head, entry: &LogEntry) {
        if entry.position <= head.position && head.epoch == Some(entry.epoch) {
            // Heard before: saying it again changes nothing, and forgetting it might.
            return self.note(entry);
        }
        let loading = self.state.load(Ordering::Acquire) == LOADING;
        let next = log::continues(head.epoch, entry) && entry.position == head.position.next();
        let fits = if next {
            log::follows(entry, head.position, &head.chain)
        } else {
            // While loading, what was swept is missing; but nothing comes out of order.
            loading && head.epoch.is_none_or(|epoch| epoch <= entry.epoch)
        };
        // Even a view that breaks here writes down the ending.
        self.note(entry);
        if !fits {
            return self.break_off();
        }
        *head = Head { epoch: Some(entry.epoch), position: entry.position, chain: entry.chain };
        // INVARIANT: the position moves after the ending can be seen.
        self.epoch.store(entry.epoch.number(), Ordering::Release);
        self.position.store(entry.position.number(), Ordering::Release);
    }

    fn note(&self, entry: &LogEntry) {
        match &entry.kind {
            LogKind::Ended(serial) => match Place::of(*serial) {
                Some(place) => self.page(place.page).set(place),
                None => self.break_off(),
            },
            LogKind::EverythingMark | LogKind::EpochBegan => {
                self.everything.fetch_max(entry.position.number(), Ordering::AcqRel);
            }
            LogKind::ClientMark(client) => self.raise(client, entry.position),
            LogKind::KeyRetired(_) => {}
        }
    }

    fn raise(&self, client: &ClientId, mark: Position) {
        let mut clients = HashMap::clone(&self.clients.load());
        let stands = clients.entry(client.clone()).or_insert(mark);
        *stands = (*stands).max(mark);
        self.clients.store(Arc::new(clients));
        // After the mark, so that whoever sees this finds it.
        self.marked.store(true, Ordering::Release);
    }

    fn page(&self, number: usize) -> Arc<Page> {
        let pages = self.pages.load();
        if let Some(Some(page)) = pages.get(number) {
            return Arc::clone(page);
        }
        let mut pages = Vec::clone(&pages);
        if pages.len() <= number {
            pages.resize(number + 1, None);
        }
        let page = Arc::new(Page::empty());
        if let Some(place) = pages.get_mut(number) {
            *place = Some(Arc::clone(&page));
        }
        self.pages.store(Arc::new(pages));
        page
    }
}

impl Follower for View {
    fn applied(&self, entries: &[LogEntry]) {
        let mut head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in entries {
            self.apply(&mut head, entry);
        }
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View")
            .field("position", &self.position())
            .field("ready", &self.is_ready())
            .field("broken", &self.is_broken())
            .finish_non_exhaustive()
    }
}

/// One bit for each of 65,536 serials: 8 KiB.
struct Page(Box<[AtomicU64]>);

impl Page {
    const WORDS: usize = 1024;

    fn empty() -> Self {
        Self((0..Self::WORDS).map(|_| AtomicU64::new(0)).collect())
    }

    fn has(&self, place: Place) -> bool {
        self.0.get(place.word).is_none_or(|word| word.load(Ordering::Acquire) & place.bit != 0)
    }

    fn set(&self, place: Place) {
        if let Some(word) = self.0.get(place.word) {
            word.fetch_or(place.bit, Ordering::AcqRel);
        }
    }
}

/// Where a serial stands in the bitmap.
#[derive(Clone, Copy)]
struct Place {
    page: usize,
    word: usize,
    bit: u64,
}

impl Place {
    /// The list of pages may take 32 MiB: 2^38 serials. Serials are dense, so one beyond that is not ours.
    const PAGES: usize = 1 << 22;

    fn of(serial: Serial) -> Option<Self> {
        let number = serial.number();
        let page = usize::try_from(number >> 16).ok().filter(|page| *page < Self::PAGES)?;
        let word = usize::try_from((number >> 6) & 0x3FF).ok()?;
        Some(Self { page, word, bit: 1 << (number & 63) })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::super::log::tests::run;
    use super::*;

    fn serial(number: u64) -> Serial {
        Serial::new(number).unwrap()
    }

    fn ready() -> View {
        let view = View::loading();
        view.ready(&LogState { epoch: Epoch::new(7), position: Position::START, chain: Chain::default() });
        view
    }

    fn told(kinds: Vec<LogKind>) -> View {
        let view = ready();
        view.applied(&run(Position::START, Chain::default(), kinds));
        view
    }

    #[test]
    fn a_new_epoch_ends_everything_before_it_and_the_view_goes_on() {
        let view = told(vec![LogKind::Ended(serial(3))]);
        let before = view.position();
        assert_eq!(view.check(serial(4), None, before), Ok(()));
        let (epoch, position, expires) =
            (Epoch::new(9), before.next(), crate::time::Timestamp::from_seconds(9));
        let began = |chain: &Chain| LogEntry {
            epoch,
            position,
            chain: log::link(chain, epoch, position, &LogKind::EpochBegan, expires),
            kind: LogKind::EpochBegan,
            expires,
        };
        let chain = run(Position::START, Chain::default(), vec![LogKind::Ended(serial(3))])[0].chain;
        view.applied(&[began(&chain)]);
        assert!(view.is_ready());
        assert_eq!(view.epoch(), Some(epoch));
        assert!(view.check(serial(4), None, before).is_err(), "born before");
        assert_eq!(view.check(serial(5), None, view.position()), Ok(()));
        assert!(view.check(serial(3), None, view.position()).is_err(), "what had ended stays ended");
        let forged = told(vec![LogKind::Ended(serial(3))]);
        forged.applied(&[began(&Chain::default())]);
        assert!(forged.is_broken(), "an epoch that hangs on another log");
    }

    #[test]
    fn a_view_that_is_still_loading_refuses() {
        let view = View::loading();
        assert_eq!(view.check(serial(1), None, Position::new(5)), Err(Refusal::GrantEnded));
        assert_eq!(view.epoch(), None);
        assert!(ready().check(serial(1), None, Position::START).is_ok());
        assert_eq!(ready().epoch(), Some(Epoch::new(7)));
    }

    #[test]
    fn an_ended_serial_is_refused_and_its_neighbours_are_not() {
        let view = told(vec![LogKind::Ended(serial(70_000))]);
        assert!(view.check(serial(70_000), None, Position::new(9)).is_err());
        assert!(view.check(serial(69_999), None, Position::START).is_ok());
        assert!(view.check(serial(70_001), None, Position::START).is_ok());
        assert_eq!(view.position(), Position::new(1));
    }

    #[test]
    fn a_mark_covers_what_was_born_before_it() {
        let shop: ClientId = "shop".parse().unwrap();
        let bank: ClientId = "bank".parse().unwrap();
        let view = told(vec![LogKind::Ended(serial(9)), LogKind::ClientMark(shop.clone())]);
        assert!(view.check(serial(1), Some(&shop), Position::new(1)).is_err());
        assert!(view.check(serial(1), Some(&shop), Position::new(2)).is_ok());
        assert!(view.check(serial(1), Some(&bank), Position::new(1)).is_ok());
        assert!(view.check(serial(1), None, Position::new(1)).is_ok());
        let view = told(vec![LogKind::EverythingMark]);
        assert!(view.check(serial(1), None, Position::START).is_err());
        assert!(view.check(serial(1), None, Position::new(1)).is_ok());
    }

    #[test]
    fn a_gap_in_the_log_breaks_the_view_for_good() {
        let entries = run(
            Position::START,
            Chain::default(),
            vec![LogKind::Ended(serial(1)), LogKind::Ended(serial(2))],
        );
        let view = ready();
        view.applied(&entries[1..]);
        assert!(view.is_broken());
        assert!(view.check(serial(5), None, Position::new(9)).is_err());
        view.applied(&entries);
        view.ready(&LogState { epoch: Epoch::new(7), position: Position::new(2), chain: entries[1].chain });
        assert!(view.is_broken());
    }

    #[test]
    fn an_altered_entry_breaks_the_view() {
        let mut entries = run(Position::START, Chain::default(), vec![LogKind::Ended(serial(1))]);
        entries[0].chain = Chain([1; 32]);
        let view = ready();
        view.applied(&entries);
        assert!(view.is_broken());
    }

    #[test]
    fn entries_that_were_swept_may_be_missing_while_it_loads() {
        let kinds = (1..=4).map(|n| LogKind::Ended(serial(n))).collect();
        let entries = run(Position::START, Chain::default(), kinds);
        let view = View::loading();
        view.applied(&entries[1..2]);
        view.applied(&entries[2..3]);
        view.ready(&LogState { epoch: Epoch::new(7), position: Position::new(4), chain: entries[3].chain });
        assert_eq!(view.position(), Position::new(4));
        assert!(view.check(serial(2), None, Position::START).is_err());
        assert!(view.check(serial(4), None, Position::START).is_ok());
        // From here on nothing may be missing.
        let more = run(
            Position::new(4),
            entries[3].chain,
            vec![LogKind::Ended(serial(8)), LogKind::Ended(serial(9))],
        );
        view.applied(&more[..1]);
        assert!(view.is_ready());
        assert!(view.check(serial(8), None, Position::new(9)).is_err());
    }

    #[test]
    fn an_entry_heard_twice_changes_nothing() {
        let entries = run(Position::START, Chain::default(), vec![LogKind::Ended(serial(1))]);
        let view = ready();
        view.applied(&entries);
        view.applied(&entries);
        assert!(view.is_ready());
        assert_eq!(view.position(), Position::new(1));
    }

    #[test]
    fn a_serial_beyond_the_bitmap_is_refused() {
        assert!(ready().check(Serial::MAX, None, Position::START).is_err());
        assert!(told(vec![LogKind::Ended(Serial::MAX)]).is_broken());
    }

    proptest! {
        #[test]
        fn the_bitmap_says_what_a_set_would(ended in prop::collection::vec(0u64..300_000, 0..60), asked in 0u64..300_000) {
            let set: HashSet<u64> = ended.iter().copied().collect();
            let view = told(ended.iter().map(|n| LogKind::Ended(serial(*n))).collect());
            for number in ended.iter().chain([&asked]) {
                prop_assert_eq!(view.check(serial(*number), None, Position::START).is_err(), set.contains(number));
            }
        }
    }
}
