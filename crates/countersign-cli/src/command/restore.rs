//! `countersign restore`: a backup in the place of the store.

use std::path::PathBuf;

use clap::Args;
use countersign::SystemClock;
use countersign_core::port::Clock;
use countersign_store::{Over, Restore as Wanted, restore};
use serde_json::json;

use crate::cli::Common;
use crate::house::store_folder;
use crate::problem::Result;
use crate::settings::environment;
use crate::ui::{Mark, Sheet, Ui, show_json};

/// How a store in PostgreSQL is restored.
const INSTEAD: &str = "stop the servers, pg_restore, then `countersign store begin-epoch --yes`, or what has ended since comes back";

/// Put a backup in the place of the store; the server must be stopped
///
/// The backup is checked first. Then everybody signs in again: what was
/// accepted before is refused, so that nothing that has ended since the backup
/// comes back. Who was erased since is erased again. Passwords and
/// applications are those of the backup.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The backup
    file: PathBuf,
    /// The store that is there may go
    #[arg(long)]
    replace: bool,
    /// The list of who was erased, from a machine that is gone (its data
    /// folder's `erased`)
    #[arg(long, value_name = "FILE")]
    erased: Option<PathBuf>,
}

impl Restore {
    /// Restores.
    pub(crate) fn run(&self, common: &Common, ui: Ui) -> Result {
        let sources = common.sources()?;
        let folder = match sources.of("data").filter(|_| matches!(sources.store(&environment), Ok(None))) {
            // A folder that is named need not be there yet.
            Some(found) => PathBuf::from(&found.text),
            None => store_folder(&sources, INSTEAD)?,
        };
        let restored = restore(&Wanted {
            backup: &self.file,
            folder: &folder,
            over: if self.replace { Over::Anything } else { Over::Nothing },
            ledger: self.erased.as_deref(),
            now: SystemClock::default().now(),
        });
        let restored = restored.map_err(crate::problem::Problem::from).map_err(|problem| {
            match problem.message.contains("it was not said that it may go") {
                true => problem.hint("stop the server, back the store up, then say --replace"),
                false => problem,
            }
        })?;
        if ui.json {
            show_json(&json!({
                "data": folder,
                "epoch": restored.epoch.number(),
                "erased_again": restored.erased,
            }));
            return Ok(());
        }
        let mut sheet = Sheet::new(ui);
        sheet.marked(Mark::Done, "the backup is restored; everybody signs in again");
        if restored.erased > 0 {
            let whom = format!("{} erased since the backup were erased again", restored.erased);
            sheet.marked(Mark::Done, &whom);
        }
        sheet.gap();
        sheet.facts(&[
            ("Data", folder.display().to_string(), String::new()),
            ("Epoch", restored.epoch.number().to_string(), String::new()),
        ]);
        sheet.show();
        Ok(())
    }
}
