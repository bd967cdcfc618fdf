//! `countersign store`: looking after the store itself.

use clap::Subcommand;
use countersign_store::{Findings, check};
use serde_json::json;

use crate::cli::Common;
use crate::problem::{Problem, Result, code};
use crate::settings::{Sources, data_folder, environment};
use crate::ui::{Mark, Sheet, Ui, plain, show_json};

/// Look after the store itself
#[derive(Debug, Subcommand)]
pub(crate) enum Store {
    /// Check the store: its pages, its log, and every record; also while the
    /// server runs
    ///
    /// Ends with 1 and says what is wrong when it is not sound.
    Check,
}

impl Store {
    /// Runs the subcommand.
    pub(crate) fn run(&self, common: &Common, ui: Ui) -> Result {
        let Self::Check = self;
        let flags = common.data.iter().map(|path| ("data", "--data", path.display().to_string())).collect();
        let sources = Sources::gather(flags, common.config.as_deref(), &environment)?;
        let found = check(&data_folder(&sources)?)?;
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
