//! Erasing again: whom the erase ledger beside the database names and the database does not, because an older state of it was
//! restored. It is done while a node starts, before anybody is served.
//!
//! The database has the marks of its own ledger rows, so what is missing there is what it has forgotten: on every other start
//! no person is looked at.

use std::path::Path;

use countersign_core::Fault;
use countersign_core::audit::{AuditEntry, Event};
use countersign_core::batch::{Batch, Change, Conflict, Outcome};
use countersign_core::extent::{Actor, Ending, Reason};
use countersign_core::id::Subject;
use countersign_core::time::Timestamp;

use super::beside::page;
use super::convert::column;
use super::head::Head;
use super::link::Links;
use super::writer::Writer;
use crate::ledger::Erased;

/// Where a node remembers who was erased, beside the database.
#[derive(Clone, Debug)]
pub struct Remembering<'a> {
    /// The node's own folder, which is made when it is not there. The ledger is the file `erased` in it.
    pub folder: &'a Path,
    /// The ledger of another node, which may be gone.
    pub also: Option<&'a Path>,
    /// In whose name people are erased again.
    pub by: Actor,
}

/// Makes the ledger and the database know the same, and erases again whom the database had forgotten to have erased; answers
/// how many.
///
/// # Errors
/// [`Fault::Unfit`] when a ledger cannot be read; [`Fault::Store`] when the ledger or the database cannot be written. What was
/// not done is done by the next start.
pub(super) async fn recall(links: &Links, writer: &Writer, from: &Remembering<'_>) -> Result<usize, Fault> {
    let ours = Erased::beside(from.folder)?;
    let ours = match from.also {
        Some(other) => ours.with(other)?,
        None => ours,
    };
    let link = links.link().await?;
    let (mut known, mut after) = (Erased::default(), 0);
    loop {
        let marks = page(&link, after).await?;
        let Some((last, _)) = marks.last() else { break };
        after = *last;
        known = known.and(marks.into_iter().map(|(_, mark)| mark));
    }
    let at = Head::look(&link).await?.clock;
    drop(link);
    let forgotten = ours.beyond(&known);
    ours.and(known.beyond(&Erased::default())).keep(from.folder)?;
    if forgotten.is_empty() {
        return Ok(0);
    }
    let whom = people(links, &Erased::default().and(forgotten.iter().copied())).await?;
    let mut again = 0;
    for subject in whom {
        again += usize::from(erase(writer, subject, at, &from.by).await?);
    }
    let count = forgotten.len();
    for marks in forgotten.chunks(MOST) {
        writer.remember(marks.to_vec()).await?;
    }
    tracing::warn!(
        "the database did not know of {count} erasures that the ledger beside it names; {again} people were erased \
         again. If it was restored, `countersign store begin-epoch` belongs to that"
    );
    Ok(again)
}

/// Who of them is in the database.
async fn people(links: &Links, erased: &Erased) -> Result<Vec<Subject>, Fault> {
    let (mut whom, mut after) = (Vec::new(), String::new());
    loop {
        let rows = links.rows(PEOPLE, &[&after]).await?;
        let Some(last) = rows.last() else { return Ok(whom) };
        after = column(last, 0)?;
        for row in &rows {
            let subject: Option<Subject> = column::<&str>(row, 0)?.parse().ok();
            whom.extend(subject.filter(|subject| erased.has(subject)));
        }
    }
}

/// Erases a person again; false when another node was faster.
async fn erase(writer: &Writer, subject: Subject, at: Timestamp, by: &Actor) -> Result<bool, Fault> {
    let ending = Ending { at, reason: Reason::Erased, by: by.clone() };
    let line = AuditEntry {
        at,
        by: by.clone(),
        event: Event::Erased,
        subject: Some(subject.clone()),
        client: None,
        network: None,
    };
    match writer.commit(Batch::of(Change::EraseUser { subject, ending }).audited(line), None).await? {
        Outcome::Committed(..) => Ok(true),
        Outcome::Conflict(Conflict::Missing) => Ok(false),
        Outcome::Conflict(conflict) => {
            Err(Fault::Store(format!("a person was not erased again: {conflict:?}")))
        }
    }
}

const PEOPLE: &str = "SELECT subject FROM person WHERE subject > $1 ORDER BY subject LIMIT 4096";
/// How many marks are written down in one transaction.
const MOST: usize = 4096;
