//! How far apart two clocks may be before it counts.
//!
//! RFC 7519 4.1.4 allows "some small leeway"; a leeway without bounds is a token without an end.

/// How far two clocks may be apart: 0 to 60 seconds, by default 5.
///
/// It is bounded because a leeway without bounds is a token without an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leeway(u8);

impl Leeway {
    /// No leeway at all.
    pub const NONE: Self = Self(0);

    /// A leeway of 0 to 60 seconds; `None` for more.
    ///
    /// ```
    /// use countersign_jose::jwt::Leeway;
    /// assert!(Leeway::seconds(60).is_some());
    /// assert!(Leeway::seconds(61).is_none());
    /// ```
    #[must_use]
    pub const fn seconds(seconds: u8) -> Option<Self> {
        if seconds <= 60 { Some(Self(seconds)) } else { None }
    }

    pub(crate) const fn as_seconds(self) -> u64 {
        self.0 as u64
    }
}

impl Default for Leeway {
    fn default() -> Self {
        Self(5)
    }
}
