//! How many sessions one process keeps in memory. Decides what is a sensible number; what is kept is the front's.

/// How many sessions one process keeps in memory, at up to [`FrontRoom::BYTES`] each. Beyond that the ones that were not used
/// since the hand last came by are read from the store again: nobody notices but the clock.
///
/// ```
/// use countersign_core::policy::FrontRoom;
///
/// assert_eq!(FrontRoom::default().sessions(), 2_000_000);
/// assert_eq!(FrontRoom::default().bytes(), 448_000_000);
/// assert_eq!(FrontRoom::of(10_000_000).map(FrontRoom::sessions), Some(10_000_000));
/// assert_eq!(FrontRoom::of(0), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FrontRoom(usize);

impl FrontRoom {
    /// The bytes that one session takes at most. Beside them is what an application that keeps sessions of its own calls each
    /// person: 16 bytes and the text.
    pub const BYTES: usize = 224;
    /// The least: with fewer the requests of one moment put each other out.
    pub const LEAST: usize = 1_000;
    /// The most: 22 GB. Whoever has more sessions than this has more than one process.
    pub const MOST: usize = 100_000_000;

    /// Room for `sessions`; none when they are fewer than [`FrontRoom::LEAST`] or more than [`FrontRoom::MOST`].
    #[must_use]
    pub const fn of(sessions: usize) -> Option<Self> {
        if sessions < Self::LEAST || sessions > Self::MOST { None } else { Some(Self(sessions)) }
    }

    /// How many.
    #[must_use]
    pub const fn sessions(self) -> usize {
        self.0
    }

    /// The memory that they take at most, in bytes, when all of them are there.
    #[must_use]
    pub const fn bytes(self) -> usize {
        self.0 * Self::BYTES
    }
}

impl Default for FrontRoom {
    /// Two million: 448 MB.
    fn default() -> Self {
        Self(2_000_000)
    }
}
