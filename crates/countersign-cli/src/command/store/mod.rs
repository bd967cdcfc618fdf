//! `countersign store`: looking after the store itself.

mod epoch;
mod migrate;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use countersign_store::{Findings, check};
use serde_json::json;

use crate::cli::Common;
use crate::house::store_folder;
use crate::problem::{Problem, Result, code};
use crate::ui::{Mark, Sheet, Ui, plain, show_json};

/// Look after the store itself
#[derive(Debug, Subcommand)]
pub(crate) enum Store {
    /// Check the store: its pages, its log, and every record; also while the
    /// server runs
    ///
    /// Ends with 1 and says what is wrong when it is not sound.
    Check,
    /// Sign everybody out of a store in PostgreSQL after it was restored
    ///
    /// A restored database knows nothing of what has ended since. This begins a
    /// new epoch of its log: what was accepted before is refused. Servers that
    /// run hear of it within a second. Whom the list of who was erased in the
    /// data folder names is erased again; so does each server as it starts, by
    /// its own list.
    BeginEpoch {
        /// The list of who was erased, from a machine that is gone (its data
        /// folder's `erased`)
        #[arg(long, value_name = "FILE")]
        erased: Option<PathBuf>,
        /// Everybody signs in again, and that is meant
        #[arg(long)]
        yes: bool,
    },
    Migrate(migrate::Migrate),
}

/// How a store in PostgreSQL is checked.
const INSTEAD: &str = "pg_amcheck checks its pages; every node checks its log as it hears it";

impl Store {
    /// Runs the subcommand.
    pub(crate) fn run(&self, common: &Common, ui: Ui) -> Result {
        let sources = common.sources()?;
        match self {
            Self::Check => checked(&store_folder(&sources, INSTEAD)?, ui),
            Self::BeginEpoch { erased, yes } => epoch::begin(&sources, erased.as_deref(), *yes, ui),
            Self::Migrate(migrate) => migrate.run(common, ui),
        }
    }
}

fn checked(folder: &Path, ui: Ui) -> Result {
    let found = check(folder)?;
    if ui.json {
        show_json(&told(&found));
    } else {
        sheet(&found, ui).show();
    }
    match found.wrong.len() {
        0 => Ok(()),
        1 => Err(unsound("something is wrong with the store")),
        count => Err(unsound(&format!("{count} things are wrong with the store"))),
    }
}

fn unsound(what: &str) -> Problem {
    Problem::refused(code::UNSOUND, what).hint("stop the server, and restore the last backup that is sound")
}

fn told(found: &Findings) -> serde_json::Value {
    let counts: serde_json::Map<_, _> =
        found.counts.iter().map(|(table, count)| ((*table).to_owned(), json!(count))).collect();
    json!({
        "sound": found.wrong.is_empty(),
        "wrong": found.wrong,
        "epoch": found.log.epoch.number(),
        "position": found.log.position.number(),
        "rows": counts,
    })
}

fn sheet(found: &Findings, ui: Ui) -> Sheet {
    let mut sheet = Sheet::new(ui);
    if found.wrong.is_empty() {
        sheet.marked(Mark::Done, "the store is sound");
    }
    for wrong in &found.wrong {
        sheet.marked(Mark::Refused, &plain(wrong));
    }
    sheet.gap();
    let rows: Vec<Vec<String>> =
        found.counts.iter().map(|(table, count)| vec![(*table).to_owned(), count.to_string()]).collect();
    sheet.table(&["TABLE", "ROWS"], &rows);
    sheet
}
