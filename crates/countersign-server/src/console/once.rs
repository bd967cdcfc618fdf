//! Secrets between the POST that made them and the page that shows them: in memory, for one session, taken once.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use countersign_core::id::{ClientId, Serial};
use countersign_core::secret::ClientSecret;
use countersign_core::time::Timestamp;

/// How long a secret waits for its page: a redirect takes less.
const WAITS: Duration = Duration::from_secs(60);

/// How many wait at most; the oldest goes first.
const WAITING: usize = 32;

/// What was made for an application.
pub(super) struct Made {
    /// Its secret; none for a public one.
    pub(super) secret: Option<ClientSecret>,
    /// Whether it replaces an older one.
    pub(super) rotated: bool,
}

/// Secrets that wait for their page.
#[derive(Default)]
pub(super) struct Once(Mutex<VecDeque<Waiting>>);

struct Waiting {
    by: Serial,
    app: ClientId,
    until: Timestamp,
    made: Made,
}

impl Once {
    /// Keeps what was made for `app` until the session `by` looks at it.
    pub(super) fn keep(&self, by: Serial, app: &ClientId, made: Made, now: Timestamp) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|one| one.until > now && !(one.by == by && one.app == *app));
        if waiting.len() >= WAITING {
            waiting.pop_front();
        }
        waiting.push_back(Waiting { by, app: app.clone(), until: now + WAITS, made });
    }

    /// Takes what was made for `app`, if the session `by` made it just now and has not looked yet.
    pub(super) fn take(&self, by: Serial, app: &ClientId, now: Timestamp) -> Option<Made> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|one| one.until > now);
        let place = waiting.iter().position(|one| one.by == by && one.app == *app)?;
        waiting.remove(place).map(|one| one.made)
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Once(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> Made {
        Made { secret: Some(ClientSecret::new([1; 32])), rotated: false }
    }

    #[test]
    fn a_secret_is_taken_once_by_whoever_made_it_and_not_late() {
        let (once, now) = (Once::default(), Timestamp::from_seconds(100));
        let (mine, theirs) = (Serial::new(1).unwrap(), Serial::new(2).unwrap());
        let shop: ClientId = "shop".parse().unwrap();
        once.keep(mine, &shop, made(), now);
        assert!(once.take(theirs, &shop, now).is_none());
        assert!(once.take(mine, &"bank".parse().unwrap(), now).is_none());
        assert!(once.take(mine, &shop, now).is_some());
        assert!(once.take(mine, &shop, now).is_none());
        once.keep(mine, &shop, made(), now);
        assert!(once.take(mine, &shop, now + WAITS).is_none());
    }

    #[test]
    fn the_newest_few_wait() {
        let (once, now) = (Once::default(), Timestamp::from_seconds(100));
        let shop: ClientId = "shop".parse().unwrap();
        for number in 0..=WAITING as u64 {
            once.keep(Serial::new(number).unwrap(), &shop, made(), now);
        }
        assert!(once.take(Serial::new(0).unwrap(), &shop, now).is_none());
        assert!(once.take(Serial::new(1).unwrap(), &shop, now).is_some());
    }
}
