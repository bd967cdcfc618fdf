//! PostgreSQL 15 or newer, the authority of several nodes.
//!
//! All tables are in the schema `countersign`. Every transaction that writes locks the one row of `head` first, so writers of
//! all nodes take turns and no precondition is overtaken; a node's waiting batches share a transaction. The log's position is
//! that row's, never a sequence's: positions are in the order of commits.
//! Reads are of the primary only. Who was erased is remembered outside of it, by each node that has a folder, so that a
//! restored database does not bring them back. Erasing removes rows; that nothing of them stays in the files is for the operator's
//! `VACUUM`, and for how long the write-ahead log and its archive are kept.

mod address;
mod ahead;
mod apply;
mod arriving;
mod bell;
mod beside;
mod convert;
mod desk;
mod directory;
mod format;
mod guest;
mod guests;
mod head;
mod link;
mod read;
mod recall;
mod slot;
mod tls;
mod writer;

use std::sync::Arc;

use countersign_core::Fault;

pub use address::PostgresAddress;
pub(crate) use arriving::{Arriving, Before};
pub use recall::Remembering;

use ahead::Ways;
use bell::Bell;
use link::Links;
use writer::Writer;

use crate::ledger::Ledger;

/// A store in a PostgreSQL database.
///
/// It is [`Store`](countersign_core::port::Store), [`Directory`](countersign_core::port::Directory) and
/// [`Guests`](countersign_core::port::Guests), so that a cause and its ending are one transaction. Any number of nodes may
/// open the same database. It connects again by itself; while the database does not answer, everything is a [`Fault`].
#[derive(Debug)]
pub struct Postgres {
    links: Links,
    writer: Writer,
    ahead: Ways,
}

impl Postgres {
    /// Opens the database at `url`, such as `postgres://countersign@localhost/shop`; makes the tables when there are none.
    ///
    /// A host other than this machine must prove with a certificate who it is (`sslmode=verify-full`), under the roots of the
    /// web or those in the file `sslrootcert=…`; with `sslmode=disable` it is spoken to in clear. Needs a tokio runtime with
    /// time and input and output.
    ///
    /// # Errors
    /// [`Fault::Unfit`] when the address cannot be taken, or what it leads to is not a store of this version or an older
    /// one; [`Fault::Store`] when the database does not answer.
    pub async fn open(url: &str) -> Result<Arc<Self>, Fault> {
        Self::open_at(&url.parse()?).await
    }

    /// As [`Postgres::open`], of an address that was read already.
    ///
    /// # Errors
    /// As [`Postgres::open`].
    pub async fn open_at(address: &PostgresAddress) -> Result<Arc<Self>, Fault> {
        Ok(Arc::new(Self::with(address, None).await?))
    }

    /// As [`Postgres::open_at`], with a ledger of those who were erased beside the database. Whom the database has forgotten to
    /// have erased, because an older state of it was restored, is erased again before this answers; it also says how many.
    ///
    /// # Errors
    /// As [`Postgres::open`]; [`Fault::Unfit`] when a ledger cannot be read, [`Fault::Store`] when it cannot be written.
    pub async fn open_remembering(
        address: &PostgresAddress,
        erased: &Remembering<'_>,
    ) -> Result<(Arc<Self>, usize), Fault> {
        let unfit = |error| Fault::Unfit(format!("the folder `{}`: {error}", erased.folder.display()));
        crate::private::folder(erased.folder).map_err(unfit)?;
        let ledger = Ledger::open(erased.folder)?;
        let store = Self::with(address, Some(ledger)).await?;
        let again = recall::recall(&store.links, &store.writer, erased).await?;
        Ok((Arc::new(store), again))
    }

    async fn with(address: &PostgresAddress, ledger: Option<Ledger>) -> Result<Self, Fault> {
        let links = Links::new(address.clone())?;
        format::bring_up(&links).await?;
        let bell = Bell::hang(address.clone());
        let writer = Writer::start(links.clone(), bell, address.failover, ledger).await?;
        Ok(Self { links, writer, ahead: Ways::new() })
    }

    /// Finishes the writes under way and lets the connections go. Every later call answers a [`Fault`].
    pub async fn close(&self) {
        self.writer.close().await;
        self.links.close();
    }
}
