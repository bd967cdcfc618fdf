//! Which number a new epoch of the log gets. Whoever restores or fences a store begins one; what that ends is the log's to say.
//!
//! An epoch is the time of its beginning in unix seconds, so that one begun on a copy is never begun a second time by
//! accident. It is never reused: handles carry it, and those of an older one open nothing.

use crate::error::Fault;
use crate::id::Epoch;
use crate::time::Timestamp;

/// The epoch that begins at `now`, above each of `had`.
///
/// # Errors
/// [`Fault::Unfit`] when none is left above them (2106, or a store that was tampered with).
///
/// ```
/// use countersign_core::id::Epoch;
/// use countersign_core::revoke::epoch::bump;
/// use countersign_core::time::Timestamp;
/// let had = [Epoch::new(1_800_000_000), Epoch::new(1_800_000_009)];
/// assert_eq!(bump(&had, Timestamp::from_seconds(1_800_000_005)), Ok(Epoch::new(1_800_000_010)));
/// ```
pub fn bump(had: &[Epoch], now: Timestamp) -> Result<Epoch, Fault> {
    let least = had.iter().map(|epoch| u64::from(epoch.number()) + 1).max().unwrap_or(1);
    u32::try_from(now.seconds().max(least))
        .map(Epoch::new)
        .map_err(|_| Fault::Unfit("no epoch is left above the ones it has had".to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_epoch_is_above_every_one_before_it(had in prop::collection::vec(0..u32::MAX, 0..5), at: u32) {
            let had: Vec<Epoch> = had.into_iter().map(Epoch::new).collect();
            let begun = bump(&had, Timestamp::from_seconds(u64::from(at))).unwrap();
            prop_assert!(had.iter().all(|epoch| *epoch < begun) && begun.number() >= at);
        }
    }

    #[test]
    fn none_is_left_above_the_last() {
        let last = [Epoch::new(u32::MAX)];
        assert!(matches!(bump(&last, Timestamp::from_seconds(1)), Err(Fault::Unfit(_))));
        assert!(matches!(bump(&[], Timestamp::from_seconds(1 << 33)), Err(Fault::Unfit(_))));
    }
}
