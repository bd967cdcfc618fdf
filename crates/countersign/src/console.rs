//! What an operator reads: how many, how old, who, and what happened.

use countersign_core::Refusal;
use countersign_core::audit::AuditEntry;
use countersign_core::port::{AuditFilter, Counts, SessionFilter};
use countersign_core::time::Timestamp;
use serde::Serialize;

use crate::endings::{Named, SessionView};
use crate::engine::Engine;
use crate::error::Result;

/// The state of the house at a glance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// How many there are.
    pub counts: Counts,
    /// Where the log of endings stands.
    pub position: u64,
    /// The incarnation of the log.
    pub epoch: u32,
    /// When the oldest signing key that is still published was made.
    pub oldest_key: Option<Timestamp>,
    /// Whether this process knows every ending; when not, it refuses everything.
    pub view_ready: bool,
}

impl Engine {
    /// The state of the house at a glance.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn overview(&self) -> Result<Overview> {
        let counts = self.directory.counts(self.now()).await?;
        let log = self.store.log_state().await?;
        let oldest_key = self.directory.keys().await?.iter().map(|key| key.published).min();
        Ok(Overview {
            counts,
            position: log.position.number(),
            epoch: log.epoch.number(),
            oldest_key,
            view_ready: self.view.is_ready(),
        })
    }

    /// Sessions that match, newest first.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn list_sessions(&self, filter: SessionFilter, limit: u32) -> Result<Vec<SessionView>> {
        Ok(self.viewed(self.store.sessions(&filter, limit).await?))
    }

    /// The session of that public name.
    ///
    /// # Errors
    /// [`Refusal::Missing`].
    pub async fn session_by_handle(&self, handle: &str) -> Result<SessionView> {
        let missing = Refusal::Missing { what: "session" };
        let Some(Named::Session(session)) = self.named(handle).await? else { return Err(missing.into()) };
        Ok(self.viewed(vec![*session]).pop().ok_or(missing)?)
    }

    /// Lines of the audit log with their numbers, newest first.
    ///
    /// # Errors
    /// What the store could not do.
    pub async fn audit(&self, filter: AuditFilter, limit: u32) -> Result<Vec<(u64, AuditEntry)>> {
        Ok(self.directory.audit(&filter, limit).await?)
    }
}
