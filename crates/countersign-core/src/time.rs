//! Points in time as values: the core is told what time it is.

use std::fmt;
use std::ops::Add;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::Epoch;

/// A point in time, in whole milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The point `millis` milliseconds after the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// The point `seconds` seconds after the Unix epoch.
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, as a JWT `NumericDate` (RFC 7519, section 2).
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0 / 1000
    }

    /// How long `earlier` lies before this point; zero when it does not.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// The earlier of the two.
    #[must_use]
    pub fn or_sooner(self, other: Self) -> Self {
        self.min(other)
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(millis))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

/// The latest time that a store has been used at, as it is kept in the store.
///
/// A clock that was set back while nobody served would let what has expired go on. An epoch of the log has a mark of its own:
/// nothing that began before an epoch is alive in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HighWater {
    /// The epoch in which the store was used.
    pub epoch: Epoch,
    /// When.
    pub at: Timestamp,
}

impl HighWater {
    /// The name of the setting that keeps it.
    pub const SETTING: &str = "high-water";

    /// The bytes that are kept.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        ((u128::from(self.epoch.number()) << 64) | u128::from(self.at.millis())).to_be_bytes()
    }

    /// What was kept; none when the bytes are no mark.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let both = u128::from_be_bytes(bytes.try_into().ok()?);
        let epoch = Epoch::new(u32::try_from(both >> 64).ok()?);
        let millis = u64::try_from(both & u128::from(u64::MAX)).ok()?;
        Some(Self { epoch, at: Timestamp::from_millis(millis) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_high_water_mark_is_read_as_it_was_kept_and_nothing_else_is_one() {
        let mark = HighWater { epoch: Epoch::new(u32::MAX), at: Timestamp::from_millis(u64::MAX - 1) };
        assert_eq!(HighWater::from_bytes(&mark.to_bytes()), Some(mark));
        assert_eq!(HighWater::from_bytes(&[0; 15]), None);
        assert_eq!(HighWater::from_bytes(&[1; 16]), None);
    }
}
