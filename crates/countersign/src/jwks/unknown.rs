//! Key names that were asked for in vain, since the key is not there or has not signed: asked again, they are no news.
//!
//! Bounded, because the names come from strangers. When it is full, a new name is news; the cooldown of the plan is what
//! bounds the fetches.

use std::collections::HashMap;

use super::plan::{COOLDOWN, Moment};

/// How many names are remembered.
const MOST: usize = 1024;
/// For how long: a key that is published after it has signed is found by the second fetch.
const REMEMBERED: Moment = COOLDOWN.saturating_mul(2);
/// A full list is looked through at most this often, or a flood of names would make each of them dear.
const SWEEP: Moment = Moment::from_secs(1);

/// Names that were not found, and until when that is remembered.
#[derive(Debug, Default)]
pub(super) struct Unknown {
    names: HashMap<Box<str>, Moment>,
    swept: Moment,
}

impl Unknown {
    /// Whether a name that was asked for in vain is a reason to fetch the keys; remembers that it was asked for.
    pub(super) fn is_news(&mut self, name: &str, now: Moment) -> bool {
        if self.names.get(name).is_some_and(|until| now < *until) {
            return false;
        }
        if self.is_full() && now >= self.swept + SWEEP {
            self.swept = now;
            self.names.retain(|_, until| now < *until);
        }
        if !self.is_full() {
            self.names.insert(name.into(), now + REMEMBERED);
        }
        true
    }

    /// Whether no more names can be remembered for now.
    pub(super) fn is_full(&self) -> bool {
        self.names.len() >= MOST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_news_once_in_a_while_and_the_list_does_not_grow() {
        let at = Moment::from_secs;
        let mut unknown = Unknown::default();
        assert!(unknown.is_news("a", at(0)));
        assert!(!unknown.is_news("a", at(59)));
        assert!(unknown.is_news("a", at(60)));
        for name in 0..100_000 {
            assert!(unknown.is_news(&name.to_string(), at(60)));
        }
        assert_eq!(unknown.names.len(), MOST);
        assert!(!unknown.is_news("a", at(61)));
        assert!(unknown.is_news("b", at(121)));
        assert_eq!(unknown.names.len(), 1);
    }
}
