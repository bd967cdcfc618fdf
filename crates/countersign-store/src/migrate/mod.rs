//! Moving a store from its folder to PostgreSQL while it is served. Decides the order of the steps; what each does is the
//! engines'.
//!
//! Everything is copied as it was at one moment, while the owner serves on. Then the source is locked, what has changed since
//! is copied, and every row of the target is read again: counts and hashes must be the source's. Only then the target becomes
//! durable, the source is marked, and, when its owner has had the time to notice, the target may be opened. Whatever is cut
//! short before the mark leaves the source as it was; after it, the same command again finishes.

pub(crate) mod table;

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use countersign_core::Fault;

use crate::embedded::{Leaving, NOTICE};
use crate::ledger::Erased;
use crate::postgres::{Arriving, Before, PostgresAddress};
use table::{Row, Sum, TABLES, Table, digest};

/// How far a move has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moving {
    /// What is being done.
    pub step: MovingStep,
    /// How many rows it has done.
    pub done: u64,
    /// How many there are.
    pub of: u64,
}

/// What is being done in a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MovingStep {
    /// Copying, while the source is served.
    Copying,
    /// Copying what has changed since; the source takes no writes.
    CatchingUp,
    /// Comparing; the source takes no writes.
    Comparing,
}

/// What has moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// How many rows each table has; nothing when only the last step was missing.
    pub counts: Vec<(&'static str, u64)>,
    /// For how long the source took no writes.
    pub locked: Duration,
}

/// Moves the store in `folder` to the empty database at `address`; `told` hears how far it has come. Whoever owns the folder
/// serves on until the last step, and nothing afterwards.
///
/// It reads the folder on the thread that polls it, so it is for a program that does nothing else.
///
/// # Errors
/// [`Fault::Unfit`] when there is no store in the folder, or the database is not empty; [`Fault::Store`] when either cannot be
/// read or written, or the copy is not what was read. The source stays as it was, unless it has been marked already: then the
/// same call again finishes.
pub async fn migrate(
    folder: &Path,
    address: &PostgresAddress,
    told: &mut dyn FnMut(Moving),
) -> Result<Moved, Fault> {
    let mut source = Leaving::open(folder)?;
    let target = Arriving::connect(address).await?;
    let identity = source.identity()?;
    if target.before(&identity, source.stands()?, source.has_moved()).await? == Before::Everything {
        target.end().await?;
        return opened(&source, &target, Moved { counts: Vec::new(), locked: Duration::ZERO }).await;
    }
    target.make(&identity).await?;
    source.hold_still()?;
    let mut bar = Bar { told, step: MovingStep::Copying, done: 0, of: source.count()? };
    let mut copied = Vec::with_capacity(TABLES.len());
    for table in &TABLES {
        copied.push(copy(&source, &target, table, &mut bar).await?);
    }
    source.lock()?;
    let locked = Instant::now();
    bar.turn(MovingStep::CatchingUp, source.count()?);
    let mut counts = Vec::with_capacity(TABLES.len());
    let mut sums = Vec::with_capacity(TABLES.len());
    for (table, copied) in TABLES.iter().zip(copied) {
        let sum = catch_up(&source, &target, table, copied, &mut bar).await?;
        counts.push((table.name, sum.count));
        sums.push(sum);
    }
    bar.turn(MovingStep::Comparing, bar.of);
    for (table, sum) in TABLES.iter().zip(sums) {
        if read_again(&target, table, &mut bar).await? != sum {
            return Err(Fault::Store(format!("the copy of the table `{}` is not what was read", table.name)));
        }
    }
    // Under the lock, so that nobody is erased after it was read.
    target.remember(&Erased::beside(folder)?).await?;
    target.seal().await?;
    source.leave()?;
    opened(&source, &target, Moved { counts, locked: locked.elapsed() }).await
}

/// Opens the target once no owner of the source serves it any more.
async fn opened(source: &Leaving, target: &Arriving, moved: Moved) -> Result<Moved, Fault> {
    if source.is_served() {
        tokio::time::sleep(NOTICE).await;
    }
    target.open_up().await?;
    Ok(moved)
}

/// The hash of each row that was copied, by its key.
type Copied = HashMap<Row, [u8; 32]>;

async fn copy(
    source: &Leaving,
    target: &Arriving,
    table: &Table,
    bar: &mut Bar<'_>,
) -> Result<Copied, Fault> {
    let mut copied = Copied::new();
    let mut after = None;
    loop {
        let rows = source.page(table, after.as_ref())?;
        let Some(last) = rows.last() else { return Ok(copied) };
        after = Some(table.key_of(last));
        target.put(table, &rows).await?;
        bar.move_on(rows.len());
        copied.extend(rows.iter().map(|row| (table.key_of(row), digest(row))));
    }
}

async fn catch_up(
    source: &Leaving,
    target: &Arriving,
    table: &Table,
    mut copied: Copied,
    bar: &mut Bar<'_>,
) -> Result<Sum, Fault> {
    let (mut sum, mut after) = (Sum::default(), None);
    let mut changed = Vec::new();
    loop {
        let rows = source.page(table, after.as_ref())?;
        let Some(last) = rows.last() else { break };
        after = Some(table.key_of(last));
        bar.move_on(rows.len());
        for row in rows {
            let (key, hash) = (table.key_of(&row), digest(&row));
            sum = sum.with(&hash);
            match copied.remove(&key) {
                Some(before) if before == hash => {}
                Some(_) => {
                    // It goes with those that are no longer there, and comes again.
                    copied.insert(key, hash);
                    changed.push(row);
                }
                None => changed.push(row),
            }
        }
    }
    let gone: Vec<Row> = copied.into_keys().collect();
    for keys in gone.chunks(BATCH) {
        target.remove(table, keys).await?;
    }
    for rows in changed.chunks(BATCH) {
        target.put(table, rows).await?;
    }
    Ok(sum)
}

async fn read_again(target: &Arriving, table: &Table, bar: &mut Bar<'_>) -> Result<Sum, Fault> {
    let (mut sum, mut after) = (Sum::default(), None);
    loop {
        let rows = target.page(table, after.as_ref()).await?;
        let Some(last) = rows.last() else { return Ok(sum) };
        after = Some(table.key_of(last));
        bar.move_on(rows.len());
        sum = rows.iter().fold(sum, |sum, row| sum.with(&digest(row)));
    }
}

/// Tells how far it has come.
struct Bar<'a> {
    told: &'a mut dyn FnMut(Moving),
    step: MovingStep,
    done: u64,
    of: u64,
}

impl Bar<'_> {
    fn turn(&mut self, step: MovingStep, of: u64) {
        (self.step, self.done, self.of) = (step, 0, of);
    }

    fn move_on(&mut self, rows: usize) {
        self.done = self.done.saturating_add(u64::try_from(rows).unwrap_or_default());
        (self.told)(Moving { step: self.step, done: self.done, of: self.of });
    }
}

/// How many rows are written at once.
const BATCH: usize = 200;
