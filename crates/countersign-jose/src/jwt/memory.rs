//! Tokens that were good a moment ago, so that a repeated one costs no second signature check.
//!
//! Sound because nothing is believed by a hash: a token is known when all its bytes are those of
//! one that was checked. What can change since then (the time, the keys, whom the verifier speaks
//! for) is for the verifier to look at on every hit. Refused tokens are never kept: whoever sends
//! nonsense displaces nobody.
//!
//! Each token has one set of [`WAYS`] places with a lock, chosen by a keyed hash of the
//! end of its signature. To keep one token costs a look at [`STEPS`] sets at most.

use core::fmt;
use core::hash::BuildHasher;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::hash::RandomState;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::confirmation::Confirmation;
use super::verifier::{Times, Whom};
use crate::jws::trusted::Choice;
use crate::key::VerifyingKey;

/// The most tokens that can be kept: with the claims beside them, some 1.4 KB each (`tests/allocations.rs`).
pub(super) const MOST: usize = 1 << 20;
/// The places of a set. What they are known by and the lock are one cache line, and all of these lines
/// together stay in a cache that the tokens have no room in: 4 bytes for each token.
const WAYS: usize = 28;
/// For how many tokens there is one set: one in some thousands finds its set full.
const SHARE: usize = 16;
/// How much of a token stands beside what is said of it: all of a usual one.
const NEAR: usize = 768;
/// How many sets are searched for a token that may go, when there is no room.
const STEPS: usize = 8;
/// How much of the signature's end is hashed: as random as all of it.
const TAIL: usize = 64;

/// A token that was checked, and what it said.
// In this order, so that what a hit looks at comes from memory in one go.
#[repr(C)]
pub(super) struct Kept<C> {
    pub(super) times: Times,
    pub(super) key: VerifyingKey,
    pub(super) choice: Choice,
    /// For whom it was good.
    pub(super) whom: Arc<Whom>,
    /// Whose key must be proven.
    pub(super) bound: Option<Confirmation>,
    pub(super) claims: C,
    pub(super) token: Token,
}

/// All bytes of a token.
#[derive(PartialEq, Eq)]
pub(super) struct Token {
    near: [u8; NEAR],
    length: usize,
    /// What `near` has no room for.
    far: Box<[u8]>,
}

impl Token {
    pub(super) fn of(text: &str) -> Self {
        let (mut near, bytes) = ([0; NEAR], text.as_bytes());
        let (start, rest) = bytes.split_at_checked(NEAR).unwrap_or((bytes, &[]));
        near.iter_mut().zip(start).for_each(|(place, byte)| *place = *byte);
        Self { near, length: start.len(), far: rest.into() }
    }

    fn near(&self) -> &[u8] {
        self.near.get(..self.length).unwrap_or_default()
    }

    fn is(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        match bytes.split_at_checked(NEAR) {
            None => self.far.is_empty() && self.near() == bytes,
            Some((start, rest)) => self.near() == start && *self.far == *rest,
        }
    }
}

impl<C> Kept<C> {
    /// When it ends. What has no end is not kept: it would never make room.
    fn end(&self) -> u64 {
        self.times.until.unwrap_or(0)
    }

    fn has_ended(&self, now: u64) -> bool {
        self.end() <= now
    }
}

/// A bounded number of tokens that one verifier has accepted.
pub(super) struct Memory<C> {
    sets: Box<[Line<C>]>,
    secret: RandomState,
    most: usize,
    held: AtomicUsize,
    /// The set that is cleaned next.
    hand: AtomicUsize,
}

/// A set with its lock.
#[repr(C, align(64))]
struct Line<C>(Mutex<Set<C>>);

impl<C> Line<C> {
    /// A set is whole between any two of its lines: a panic elsewhere breaks nothing.
    fn lock(&self) -> MutexGuard<'_, Set<C>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What stands behind the lock, what is asked first at the front.
#[repr(C)]
struct Set<C> {
    tags: [u16; WAYS],
    kept: [Option<Arc<Kept<C>>>; WAYS],
}

impl<C> Default for Set<C> {
    fn default() -> Self {
        Self { tags: [0; WAYS], kept: [const { None }; WAYS] }
    }
}

impl<C> Memory<C> {
    pub(super) fn new(most: usize) -> Self {
        let most = most.clamp(1, MOST);
        let sets = (0..most.div_ceil(SHARE)).map(|_| Line(Mutex::default())).collect();
        let (held, hand) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { sets, secret: RandomState::new(), most, held, hand }
    }

    /// How many tokens may be kept.
    pub(super) const fn most(&self) -> usize {
        self.most
    }

    /// The token, if every byte of it was seen before, and what `judge` says of it.
    #[inline]
    pub(super) fn recall<T>(&self, token: &str, judge: impl Fn(&Kept<C>) -> T) -> Option<(Arc<Kept<C>>, T)> {
        self.recall_tagged(self.tag(token), token, judge)
    }

    fn recall_tagged<T>(
        &self,
        tag: u64,
        token: &str,
        judge: impl Fn(&Kept<C>) -> T,
    ) -> Option<(Arc<Kept<C>>, T)> {
        self.set(tag)?.find(short(tag), token, judge)
    }

    /// Keeps a token that was checked just now.
    pub(super) fn keep(&self, token: &str, kept: Kept<C>, now: u64) -> Arc<Kept<C>> {
        self.keep_tagged(self.tag(token), Arc::new(kept), now)
    }

    fn keep_tagged(&self, tag: u64, kept: Arc<Kept<C>>, now: u64) -> Arc<Kept<C>> {
        self.make_room(now);
        // The place is counted before it is taken, so that two threads cannot take the last one.
        let counted = self.held.fetch_add(1, Ordering::Relaxed) < self.most;
        let taken = self.set(tag).is_some_and(|mut set| set.put(short(tag), &kept, now, counted));
        if !taken {
            self.held.fetch_sub(1, Ordering::Relaxed);
        }
        kept
    }

    /// Drops what has expired from the next set; without room, also what expires soonest.
    fn make_room(&self, now: u64) {
        let full = || self.held.load(Ordering::Relaxed) >= self.most;
        for step in 0..STEPS {
            if step > 0 && !full() {
                return;
            }
            let hand = self.hand.fetch_add(1, Ordering::Relaxed);
            let Some(mut set) = self.sets.get(hand % self.sets.len()).map(Line::lock) else { return };
            let gone = set.clean(now, full());
            self.held.fetch_sub(gone, Ordering::Relaxed);
        }
    }

    fn tag(&self, token: &str) -> u64 {
        let bytes = token.as_bytes();
        self.secret.hash_one(bytes.get(bytes.len().saturating_sub(TAIL)..).unwrap_or_default())
    }

    fn set(&self, tag: u64) -> Option<MutexGuard<'_, Set<C>>> {
        // The lower half of the hash, scaled to the number of sets.
        let (low, sets) = (tag & u64::from(u32::MAX), u64::try_from(self.sets.len()).ok()?);
        self.sets.get(usize::try_from((low * sets) >> 32).ok()?).map(Line::lock)
    }
}

/// What a set knows a token by: of its hash, what did not choose the set. An empty place has 0.
const fn short(tag: u64) -> u16 {
    let high = (tag >> 48) as u16;
    high | 1
}

impl<C> Set<C> {
    #[inline]
    fn find<T>(&self, tag: u16, token: &str, judge: impl Fn(&Kept<C>) -> T) -> Option<(Arc<Kept<C>>, T)> {
        let alike = self.tags.iter().zip(&self.kept).filter(|(known, _)| **known == tag);
        alike.filter_map(|(_, kept)| kept.as_ref()).find_map(|kept| {
            // Both before it is counted: what they look at then comes from memory at once, not one behind the other.
            let verdict = judge(kept);
            kept.token.is(token).then(|| (Arc::clone(kept), verdict))
        })
    }

    /// Puts a token into its own place, an empty one if `may_grow`, or that of the one which
    /// expires soonest. True when one more place is taken than before.
    fn put(&mut self, tag: u16, kept: &Arc<Kept<C>>, now: u64, may_grow: bool) -> bool {
        let ends = |place: &Option<Arc<Kept<C>>>| place.as_ref().map(|kept| kept.end());
        let is_own = |place: &Option<Arc<Kept<C>>>| place.as_ref().is_some_and(|own| own.token == kept.token);
        let own = self.tags.iter().zip(&self.kept).position(|(known, place)| *known == tag && is_own(place));
        let empty = || self.kept.iter().position(Option::is_none).filter(|_| may_grow);
        let soonest = || {
            let taken = self.kept.iter().enumerate().filter_map(|(way, place)| Some((ends(place)?, way)));
            taken.min().map(|(_, way)| way)
        };
        let Some(way) = own.or_else(empty).or_else(soonest) else { return false };
        let (Some(known), Some(place)) = (self.tags.get_mut(way), self.kept.get_mut(way)) else {
            return false;
        };
        let grown = place.is_none();
        if !kept.has_ended(now) {
            *known = tag;
            *place = Some(Arc::clone(kept));
            return grown;
        }
        false
    }

    /// Drops what has expired, or at least one if `one_must_go`; says how many.
    fn clean(&mut self, now: u64, one_must_go: bool) -> usize {
        let mut gone = 0;
        for place in &mut self.kept {
            if place.as_ref().is_some_and(|kept| kept.has_ended(now)) {
                *place = None;
                gone += 1;
            }
        }
        if gone == 0 && one_must_go {
            let soonest = self.kept.iter_mut().filter(|place| place.is_some());
            if let Some(place) = soonest.min_by_key(|place| place.as_ref().map(|kept| kept.end())) {
                *place = None;
                gone = 1;
            }
        }
        gone
    }
}

impl<C> fmt::Debug for Memory<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({} of {})", self.held.load(Ordering::Relaxed), self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::es256;

    fn good(token: &str, until: u64) -> Kept<()> {
        let times = Times { from: 0, until: Some(until) };
        let (key, whom) = (es256().verifying_key(), Arc::new(Whom::default()));
        let choice = Choice::ByName;
        Kept { times, key, choice, whom, bound: None, claims: (), token: Token::of(token) }
    }

    fn kept(token: &str, until: u64) -> Arc<Kept<()>> {
        Arc::new(good(token, until))
    }

    fn held(memory: &Memory<()>) -> usize {
        let found = memory.sets.iter().map(|set| set.lock().kept.iter().flatten().count()).sum();
        assert_eq!(found, memory.held.load(Ordering::Relaxed));
        found
    }

    fn recalled(memory: &Memory<()>, tag: u64, token: &str) -> Option<Arc<Kept<()>>> {
        memory.recall_tagged(tag, token, |_| ()).map(|(kept, ())| kept)
    }

    /// A hash that is another for each number, in both halves.
    fn tag(number: u64) -> u64 {
        number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    #[test]
    fn a_token_of_the_same_hash_and_other_bytes_is_not_known() {
        let memory = Memory::new(4);
        memory.keep_tagged(7, kept("one", 10), 0);
        assert!(recalled(&memory, 7, "one").is_some());
        assert!(recalled(&memory, 7, "two").is_none());
        assert!(recalled(&memory, 7, "one.").is_none());
        assert!(recalled(&memory, 0, "").is_none());
        for token in ["two", "one", "two"] {
            memory.keep_tagged(7, kept(token, 10), 0);
        }
        assert!(recalled(&memory, 7, "one").is_some());
        assert!(recalled(&memory, 7, "two").is_some());
        assert_eq!(held(&memory), 2);
    }

    #[test]
    fn a_token_of_any_length_is_itself_and_nothing_else() {
        let text = |length: usize| "abcdefghijk".chars().cycle().take(length).collect::<String>();
        for length in [0, 1, 600, NEAR - 1, NEAR, NEAR + 1, 2 * NEAR, 16 * 1024] {
            let (token, same) = (Token::of(&text(length)), text(length));
            assert!(token.is(&same), "{length}");
            assert!(!token.is(&format!("{same}\0")) && !token.is(&format!("{same}a")), "{length}");
            if length > 0 {
                assert!(!token.is(&text(length - 1)) && !token.is(&format!("{}!", text(length - 1))));
                assert!(!token.is(&same.replacen('a', "!", 1)), "{length}");
            }
        }
    }

    #[test]
    fn a_lock_and_what_its_tokens_are_known_by_are_one_cache_line() {
        let kept_from =
            size_of::<Mutex<Set<()>>>() - size_of::<Set<()>>() + core::mem::offset_of!(Set<()>, kept);
        assert_eq!((kept_from, align_of::<Line<()>>()), (64, 64));
    }

    #[test]
    fn no_more_is_kept_than_was_agreed() {
        let memory = Memory::new(10);
        for n in 0..1000_u64 {
            memory.keep_tagged(tag(n), kept(&n.to_string(), 1000 + n), 0);
            assert!(held(&memory) <= 10, "{n}");
        }
        assert_eq!(held(&memory), 10);
        // The same set over and over: only its own places can be had.
        let memory = Memory::new(1000);
        for n in 0..100 {
            memory.keep_tagged(n << 49, kept(&n.to_string(), 1000 + n), 0);
        }
        assert_eq!(held(&memory), WAYS);
    }

    #[test]
    fn what_has_expired_goes_first_and_what_has_not_is_found() {
        let memory = Memory::new(8);
        for n in 0..8 {
            memory.keep_tagged(tag(n), kept(&n.to_string(), if n == 3 { 5 } else { 100 }), 0);
        }
        assert_eq!(held(&memory), 8);
        for _ in 0..8 {
            memory.keep_tagged(tag(11), kept("new", 100), 6);
        }
        assert!(recalled(&memory, tag(3), "3").is_none());
        assert!(recalled(&memory, tag(11), "new").is_some());
    }

    #[test]
    fn a_token_that_has_expired_is_not_kept() {
        let memory = Memory::new(8);
        memory.keep_tagged(1, kept("late", 5), 5);
        assert_eq!(held(&memory), 0);
    }

    #[test]
    fn a_thousand_tokens_find_room_where_a_thousand_were_agreed() {
        let memory = Memory::new(1000);
        let tokens: Vec<String> = (0..1000).map(|n| format!("token {n}")).collect();
        for token in &tokens {
            memory.keep(token, good(token, 9), 0);
        }
        let known = tokens.iter().filter(|token| memory.recall(token, |_| ()).is_some()).count();
        // Less than one in a thousand finds its set full: ten of them would be another kind of luck.
        assert!(known > 990, "{known}");
    }
}
