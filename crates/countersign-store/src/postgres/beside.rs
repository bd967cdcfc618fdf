//! The erase ledger of this node, beside a database that may be restored: whom any node erases is written down here, too.
//!
//! Whom this node erases is in it before the commit. Whom others erase is heard with the log, within a second; a ledger that
//! cannot be written is tried again, and keeps nobody from being served.

use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign_core::Fault;

use super::convert::{Stop, column, number};
use super::link::Link;
use crate::column::int;
use crate::ledger::{Ledger, Mark};

/// The ledger, and up to where it has what the database knows.
pub(super) struct Beside {
    ledger: Arc<Ledger>,
    known: u64,
    /// It could not be written a moment ago.
    not_before: Option<Instant>,
}

impl Beside {
    /// Of a node that heard of the first `known` by itself.
    pub(super) fn new(ledger: Ledger, known: u64) -> Self {
        Self { ledger: Arc::new(ledger), known, not_before: None }
    }

    /// Whether the database, which has come to `now`, has gone back behind what was heard.
    pub(super) const fn is_ahead_of(&self, now: u64) -> bool {
        self.known > now
    }

    /// Writes `marks` down; on disk before the answer.
    ///
    /// # Errors
    /// [`Fault::Store`] when they cannot be written.
    pub(super) async fn add(&self, marks: Vec<Mark>) -> Result<(), Fault> {
        if marks.is_empty() {
            return Ok(());
        }
        let ledger = Arc::clone(&self.ledger);
        let added = tokio::task::spawn_blocking(move || ledger.add(marks)).await;
        added.map_err(|_| Fault::Store("the erase ledger was not written".to_owned()))?
    }

    /// A transaction of this node, which came after the first `before`, has ended with `after`.
    pub(super) const fn wrote(&mut self, before: u64, after: u64) {
        if self.known == before {
            self.known = after;
        }
    }

    /// Writes down whom others have erased, up to the number `now`.
    ///
    /// # Errors
    /// What the database does not answer. A ledger that cannot be written is told of in the log only.
    pub(super) async fn hear(&mut self, link: &Link, now: u64) -> Result<(), Stop> {
        while self.known < now && self.not_before.is_none_or(|time| time <= Instant::now()) {
            let marks = page(link, self.known).await?;
            let Some((last, _)) = marks.last() else { return Ok(()) };
            let last = *last;
            if let Err(fault) = self.add(marks.into_iter().map(|(_, mark)| mark).collect()).await {
                tracing::error!(%fault, "who was erased at other nodes is not in the ledger of this one");
                self.not_before = Some(Instant::now() + PATIENCE);
                return Ok(());
            }
            (self.known, self.not_before) = (last, None);
        }
        Ok(())
    }
}

/// The marks that the database has behind the number `after`, each with its own.
pub(super) async fn page(link: &Link, after: u64) -> Result<Vec<(u64, Mark)>, Stop> {
    let rows = link.rows(PAGE, &[&int(after)]).await?;
    let read = |row| {
        let mark = Mark::of_bytes(column(row, 1)?);
        let mark =
            mark.ok_or_else(|| Fault::Codec("the mark of an erased person is cut short".to_owned()))?;
        Ok((number(row, 0)?, mark))
    };
    rows.iter().map(read).collect()
}

const PAGE: &str = "SELECT number, mark FROM erased WHERE number > $1 ORDER BY number LIMIT 4096";
/// How long a ledger that could not be written is left alone.
const PATIENCE: Duration = Duration::from_secs(10);
