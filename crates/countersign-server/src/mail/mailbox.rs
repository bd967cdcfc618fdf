//! The mailbox of development: all letters land here, whoever they are for, and nothing leaves the machine.
//!
//! Holds the newest 100 letters, in memory only: they carry links that work.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_core::port::{Clock, Letter, Pending, Post};
use countersign_core::time::Timestamp;

/// The most letters that are kept; the oldest goes first.
const KEPT: usize = 100;

/// A letter that has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Names it at `/dev/mail/{id}`; counts from 1.
    pub id: u64,
    /// When it arrived.
    pub at: Timestamp,
    /// The letter.
    pub letter: Letter,
}

/// The mailbox of development.
pub struct DevMailbox {
    clock: Arc<dyn Clock>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    last: u64,
    letters: VecDeque<Delivered>,
}

impl DevMailbox {
    /// An empty mailbox that reads the time of arrival from `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, held: Mutex::default() }
    }

    /// The letters, the newest first.
    #[must_use]
    pub fn letters(&self) -> Vec<Delivered> {
        self.held().letters.iter().rev().cloned().collect()
    }

    /// The letter of that id, while it is kept.
    #[must_use]
    pub fn letter(&self, id: u64) -> Option<Delivered> {
        self.held().letters.iter().find(|delivered| delivered.id == id).cloned()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Post for DevMailbox {
    fn send(&self, letter: Letter) -> Pending<'_, ()> {
        let at = self.clock.now();
        let mut held = self.held();
        held.last = held.last.saturating_add(1);
        let id = held.last;
        if held.letters.len() >= KEPT {
            held.letters.pop_front();
        }
        held.letters.push_back(Delivered { id, at, letter });
        Box::pin(std::future::ready(Ok(())))
    }
}

impl fmt::Debug for DevMailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DevMailbox({} letters)", self.held().letters.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct At(u64);

    impl Clock for At {
        fn now(&self) -> Timestamp {
            Timestamp::from_seconds(self.0)
        }
    }

    fn letter(subject: &str) -> Letter {
        let to = "ada@marsh.example".parse().unwrap();
        Letter { to, subject: subject.to_owned(), text: "a link that works once".to_owned() }
    }

    #[tokio::test]
    async fn the_newest_hundred_letters_are_kept() {
        let mailbox = DevMailbox::new(Arc::new(At(7)));
        for number in 1..=KEPT + 3 {
            mailbox.send(letter(&number.to_string())).await.unwrap();
        }
        let letters = mailbox.letters();
        assert_eq!(letters.len(), KEPT);
        assert_eq!(letters[0].letter.subject, "103");
        assert_eq!(letters[0].at, Timestamp::from_seconds(7));
        assert!(mailbox.letter(3).is_none());
        assert_eq!(mailbox.letter(4).unwrap().letter.subject, "4");
        assert!(!format!("{mailbox:?} {letters:?}").contains("link"));
    }
}
