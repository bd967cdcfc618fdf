//! `countersign backup`: a copy of the store, made while the server works on.
//!
//! It reads the database file itself rather than asking the server: SQLite lets readers of other processes in, so a backup is
//! made in the same way whether a server runs or not, and no request can name a file to be written.

use std::path::PathBuf;

use clap::Args;
use countersign_store::back_up;
use serde_json::json;

use crate::cli::Common;
use crate::house::store_folder;
use crate::problem::Result;
use crate::ui::{Mark, Sheet, Ui, show_json};

/// How a store in PostgreSQL is backed up.
const INSTEAD: &str = "pg_dump --format=custom --schema=countersign copies it while the servers work on; the master key is not in it";

/// Copy the store to a new file, also while the server runs
///
/// The file holds everything but the master key and the list of who was
/// erased (`erased` in the data folder): keep both elsewhere. It is checked
/// before it gets its name.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The new file
    file: PathBuf,
}

impl Backup {
    /// Makes the copy.
    pub(crate) fn run(&self, common: &Common, ui: Ui) -> Result {
        let sources = common.sources()?;
        let made = back_up(&store_folder(&sources, INSTEAD)?, &self.file)?;
        if ui.json {
            show_json(&json!({
                "file": self.file,
                "bytes": made.bytes,
                "epoch": made.log.epoch.number(),
                "position": made.log.position.number(),
            }));
            return Ok(());
        }
        let mut sheet = Sheet::new(ui);
        let size = made.bytes.div_ceil(1024);
        sheet.marked(Mark::Done, &format!("the store is copied and checked: {size} KiB"));
        sheet.gap();
        sheet.facts(&[("File", self.file.display().to_string(), String::new())]);
        sheet.show();
        Ok(())
    }
}
