//! How fast attempts may come: GCRA (ITU-T I.371), one number a bucket. Where the buckets are kept is the driver's.
//!
//! An attacker must not be able to lock the owner out. So strangers to an account share one bucket for it, and a browser
//! that has signed in before carries a *device mark* and has a bucket of its own that strangers cannot drain
//! (OWASP: device cookies).

use std::time::Duration;

use countersign_jose::primitive;

use crate::error::Refusal;
use crate::id::Subject;
use crate::record::{Email, Network};
use crate::time::Timestamp;
use crate::wire;

/// A rate: `burst` at once, then one `every`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many may come at once.
    pub burst: u32,
    /// How long one takes to come back.
    pub every: Duration,
}

/// The state of one bucket: when it would be full again. A bucket that was never used is the default one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket(u64);

impl Bucket {
    /// Whether the bucket is full at `now`, so that it may be forgotten.
    #[must_use]
    pub const fn is_full(self, now: Timestamp) -> bool {
        self.0 <= now.millis()
    }

    /// Takes one at `now`: the bucket after it.
    ///
    /// # Errors
    /// [`Refusal::Throttled`] with the time until the next one; the bucket stays as it is.
    pub fn take(self, rate: Rate, now: Timestamp) -> Result<Self, Refusal> {
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let every = millis(rate.every).max(1);
        let full = self.0.max(now.millis());
        let after = full.saturating_add(every);
        let room = now.millis().saturating_add(every.saturating_mul(u64::from(rate.burst)));
        if after > room {
            return Err(Refusal::Throttled { retry_after: Duration::from_millis(after - room) });
        }
        Ok(Self(after))
    }

    /// Gives one back, of an attempt that succeeded: only failures are to count.
    #[must_use]
    pub fn give_back(self, rate: Rate) -> Self {
        Self(self.0.saturating_sub(u64::try_from(rate.every.as_millis()).unwrap_or(u64::MAX).max(1)))
    }
}

/// How many networks an unknown one stands for.
const CROWD: u32 = 20;

/// What an attempt is counted against.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Counter {
    /// Sign-ins from one network prefix, whatever the account.
    Prefix(Network),
    /// Sign-ins to one account from one network prefix.
    AccountFromPrefix(Email, Network),
    /// Sign-ins to one account by browsers that it does not know, from anywhere.
    AccountStranger(Email),
    /// Sign-ins to one account by one browser that it knows.
    AccountKnownDevice(Email, [u8; 16]),
    /// Wrong credentials of applications from one prefix. By the prefix alone: names may be made up, one a request.
    TokenEndpoint(Network),
    /// Guests that begin in one prefix.
    Guest(Network),
    /// Requests for an account from one prefix.
    SignUp(Network),
    /// Letters about a new password to one address.
    Letter(Email),
    /// Letters about an account to be opened, to one address; apart, so that they keep nobody from a new password.
    Invitation(Email),
    /// Requests for a reset from one prefix.
    Reset(Network),
    /// Checks of the current password by somebody who is signed in.
    CurrentPassword(Subject),
}

impl Counter {
    /// Its rate, each with its reason.
    ///
    /// Where nobody said from which network somebody comes, everybody comes from one: then the rate of a network is twenty times
    /// as high, which a busy site does not reach and a robot does. The password of one account is guessed no faster for it.
    #[must_use]
    pub fn rate(&self) -> Rate {
        let rate = self.rate_of_one();
        match self.network() {
            Some(network) if network.is_unknown() => {
                Rate { burst: rate.burst.saturating_mul(CROWD), every: rate.every / CROWD }
            }
            _ => rate,
        }
    }

    const fn rate_of_one(&self) -> Rate {
        const SECOND: u64 = 1;
        const MINUTE: u64 = 60;
        let (burst, seconds) = match self {
            // An office behind one address signs in within minutes of nine o'clock.
            Self::Prefix(_) => (100, 2 * SECOND),
            // A person who mistypes, and then thinks.
            Self::AccountFromPrefix(..) => (10, 30 * SECOND),
            // A botnet gets 100 guesses and then 100 an hour: too few for any password off the list.
            Self::AccountStranger(_) => (100, 36 * SECOND),
            Self::AccountKnownDevice(..) => (20, 30 * SECOND),
            // Secrets have 256 bits, so this is against noise; right ones are never counted.
            Self::TokenEndpoint(_) => (600, SECOND),
            // A telephone company behind one address on the day of a sale; a robot gets no further than one a second.
            Self::Guest(_) => (600, SECOND),
            Self::SignUp(_) => (20, MINUTE),
            // Nobody's mailbox is to be filled by us.
            Self::Letter(_) | Self::Invitation(_) => (3, 10 * MINUTE),
            Self::Reset(_) => (20, MINUTE),
            Self::CurrentPassword(_) => (10, 30 * SECOND),
        };
        Rate { burst, every: Duration::from_secs(seconds) }
    }

    /// The network, where people are counted by nothing else.
    const fn network(&self) -> Option<&Network> {
        match self {
            Self::Prefix(network)
            | Self::TokenEndpoint(network)
            | Self::Guest(network)
            | Self::SignUp(network)
            | Self::Reset(network) => Some(network),
            Self::AccountFromPrefix(..)
            | Self::AccountStranger(_)
            | Self::AccountKnownDevice(..)
            | Self::Letter(_)
            | Self::Invitation(_)
            | Self::CurrentPassword(_) => None,
        }
    }

    /// What a sign-in to `email` from `network` is counted against; every one of them must have room.
    ///
    /// With a good mark the stranger's bucket and the prefix's are left out, so that nobody else's attempts can lock this
    /// browser out.
    #[must_use]
    pub fn sign_in(email: &Email, network: &Network, known: Option<&KnownDevice>) -> Vec<Self> {
        match known {
            Some(device) => vec![Self::AccountKnownDevice(email.clone(), device.0)],
            None => vec![
                Self::Prefix(network.clone()),
                Self::AccountFromPrefix(email.clone(), network.clone()),
                Self::AccountStranger(email.clone()),
            ],
        }
    }
}

/// Proof that a browser has signed in to an account before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownDevice([u8; 16]);

impl KnownDevice {
    /// The mark that a browser is given when it has signed in to `subject`'s account: a number of its own and a MAC over both.
    #[must_use]
    pub fn mark(subject: &Subject, device: [u8; 16], key: &[u8; 32]) -> String {
        format!("{}.{}", wire::encode(&device), wire::encode(&mac(subject, &device, key)))
    }

    /// The device that `mark` names, when it was made for this account.
    ///
    /// It stays good when the password changes: it opens nothing, it only gives its browser a bucket of its own.
    #[must_use]
    pub fn read(mark: &str, subject: &Subject, key: &[u8; 32]) -> Option<Self> {
        let (device, presented) = mark.split_once('.')?;
        let device = wire::decode::<16>(device)?;
        let presented = wire::decode::<32>(presented)?;
        primitive::same(&presented, &mac(subject, &device, key)).then_some(Self(device))
    }
}

fn mac(subject: &Subject, device: &[u8; 16], key: &[u8; 32]) -> [u8; 32] {
    primitive::hmac_sha256(key, &[b"countersign device\0", device, subject.as_str().as_bytes()])
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use proptest::prelude::*;

    use super::*;

    const RATE: Rate = Rate { burst: 3, every: Duration::from_secs(10) };
    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

    fn subject(n: u8) -> Subject {
        Subject::new(NOW, &[n; 10])
    }

    fn network() -> Network {
        Network::of("203.0.113.9".parse::<IpAddr>().unwrap())
    }

    #[test]
    fn a_burst_passes_then_one_at_a_time() {
        let mut bucket = Bucket::default();
        for _ in 0..3 {
            bucket = bucket.take(RATE, NOW).unwrap();
        }
        let refused = bucket.take(RATE, NOW).unwrap_err();
        assert_eq!(refused, Refusal::Throttled { retry_after: Duration::from_secs(10) });
        let later = NOW + Duration::from_secs(10);
        let bucket = bucket.take(RATE, later).unwrap();
        assert!(bucket.take(RATE, later).is_err());
        assert!(!bucket.is_full(later));
        assert!(bucket.is_full(later + Duration::from_secs(30)));
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let mut bucket = Bucket::default();
        for _ in 0..100 {
            bucket = bucket.take(RATE, NOW).unwrap().take(RATE, NOW).unwrap().give_back(RATE).give_back(RATE);
        }
        assert!(bucket.is_full(NOW));
    }

    proptest! {
        #[test]
        fn no_schedule_gets_more_than_burst_and_rate(waits in prop::collection::vec(0u64..20_000, 1..200)) {
            let (mut bucket, mut now, mut taken) = (Bucket::default(), NOW, 0u64);
            for wait in waits {
                now = now + Duration::from_millis(wait);
                match bucket.take(RATE, now) {
                    Ok(after) => (bucket, taken) = (after, taken + 1),
                    Err(Refusal::Throttled { retry_after }) => {
                        // The promise holds: then it passes, and a moment before it does not.
                        prop_assert!(bucket.take(RATE, now + retry_after).is_ok());
                        prop_assert!(bucket.take(RATE, now + (retry_after - Duration::from_millis(1))).is_err());
                    }
                    Err(other) => prop_assert!(false, "{other}"),
                }
            }
            let millis = u64::try_from(now.since(NOW).as_millis()).unwrap();
            prop_assert!(taken <= 3 + millis / 10_000);
        }
    }

    #[test]
    fn an_attacker_cannot_lock_the_owner_out() {
        let email: Email = "ada@example.com".parse().unwrap();
        let mark = KnownDevice::mark(&subject(1), [9; 16], &[1; 32]);
        let device = KnownDevice::read(&mark, &subject(1), &[1; 32]).unwrap();
        let strangers = Counter::sign_in(&email, &network(), None);
        let owner = Counter::sign_in(&email, &network(), Some(&device));
        // They share no bucket, so nothing that strangers do can fill the owner's.
        assert!(owner.iter().all(|counter| !strangers.contains(counter)));
        assert!(strangers.contains(&Counter::AccountStranger(email)));
    }

    #[test]
    fn a_mark_is_good_for_its_account_only() {
        let mark = KnownDevice::mark(&subject(1), [9; 16], &[1; 32]);
        assert!(KnownDevice::read(&mark, &subject(1), &[1; 32]).is_some());
        assert!(KnownDevice::read(&mark, &subject(2), &[1; 32]).is_none());
        assert!(KnownDevice::read(&mark, &subject(1), &[2; 32]).is_none());
        let other = KnownDevice::mark(&subject(1), [8; 16], &[1; 32]);
        let mixed = format!("{}.{}", other.split_at(22).0, mark.split_once('.').unwrap().1);
        for bad in ["", ".", "x.y", mixed.as_str(), mark.split_at(60).0] {
            assert!(KnownDevice::read(bad, &subject(1), &[1; 32]).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_network_that_nobody_said_stands_for_many() {
        let (told, unknown) = (Counter::Guest(network()).rate(), Counter::Guest(Network::unknown()).rate());
        assert_eq!((told.burst, told.every), (600, Duration::from_secs(1)));
        assert_eq!((unknown.burst, unknown.every), (12_000, Duration::from_millis(50)));
        let ada: Email = "ada@example.com".parse().unwrap();
        // What is counted by account does not depend on it, so a password is not guessed faster.
        let by_account = |network: &Network| {
            let counters = Counter::sign_in(&ada, network, None);
            counters.iter().skip(1).map(Counter::rate).collect::<Vec<_>>()
        };
        assert_eq!(by_account(&network()), by_account(&Network::unknown()));
    }

    #[test]
    fn strangers_get_a_hundred_an_hour() {
        let rate = Counter::AccountStranger("ada@example.com".parse().unwrap()).rate();
        assert_eq!(rate.burst, 100);
        assert_eq!(rate.every * 100, Duration::from_secs(3600));
    }
}
