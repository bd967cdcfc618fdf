//! How much an application has going: its live sessions and grants, counted.

use countersign_core::id::ClientId;
use countersign_core::port::SessionFilter;
use countersign_core::record::session::Audience;

use crate::engine::Engine;
use crate::error::Result;

/// The most that are counted one by one.
const COUNTED: u32 = 10_000;

impl Engine {
    /// How many sessions and grants of an application would be accepted now; counting stops at 10,000 of each.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn live_of_app(&self, id: &ClientId) -> Result<u64> {
        let now = self.now();
        let filter = SessionFilter {
            audience: Some(Audience::Client(id.clone())),
            live_at: Some(now),
            ..SessionFilter::default()
        };
        let sessions = self.store.sessions(&filter, COUNTED).await?;
        let sessions = sessions.iter().filter(|session| session.alive(&self.view, now).is_ok()).count();
        let grants = self.store.grants(None, Some(id), COUNTED).await?;
        let grants = grants.iter().filter(|grant| grant.alive(&self.view, now).is_ok()).count();
        Ok(u64::try_from(sessions.saturating_add(grants)).unwrap_or(u64::MAX))
    }
}
