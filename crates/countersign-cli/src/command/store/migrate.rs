//! `countersign store migrate`: from the data folder to PostgreSQL, while the server runs.

use std::io::{IsTerminal, Write};

use clap::Args;
use countersign_store::{Moving, MovingStep, migrate};
use serde_json::json;

use crate::cli::Common;
use crate::problem::{Problem, Result, code};
use crate::settings::{Sources, data_folder, environment};
use crate::ui::{Mark, Sheet, Ui, show_json};

/// Move the store to PostgreSQL, also while the server runs
///
/// The database must be empty. Everything is copied while the server works on;
/// then the folder takes no writes for the seconds in which the rest is copied
/// and every row is compared. After that the folder serves nobody any more:
/// start the server with COUNTERSIGN_STORE_URL. Whoever is signed in stays so.
/// What is cut short leaves the folder as it was; or say the command once more.
#[derive(Debug, Args)]
pub(crate) struct Migrate {
    /// The database, such as postgres://countersign@db.example/shop; one with a
    /// password goes into the environment [env: COUNTERSIGN_STORE_URL]
    #[arg(long, value_name = "URL")]
    to: Option<String>,
}

impl Migrate {
    /// Moves.
    pub(super) fn run(&self, common: &Common, ui: Ui) -> Result {
        let mut flags = common.flags();
        if let Some(to) = &self.to {
            flags.insert(0, ("store", "--to", to.clone()));
        }
        let sources = Sources::gather(flags, common.config.as_deref(), &environment)?;
        let folder = data_folder(&sources)?;
        let Some((address, _)) = sources.store(&environment)? else {
            return Err(Problem::usage(code::BAD_VALUE, "it is not said where to")
                .hint("--to postgres://countersign@db.example/shop"));
        };
        let bar = !ui.json && std::io::stderr().is_terminal();
        let told = &mut |moving: Moving| {
            if bar {
                draw(moving);
            }
        };
        let moved = crate::run(migrate(&folder, &address, told))?;
        if bar {
            clear();
        }
        let moved = moved?;
        if ui.json {
            let counts: serde_json::Map<_, _> =
                moved.counts.iter().map(|(table, count)| ((*table).to_owned(), json!(count))).collect();
            show_json(&json!({
                "to": address.to_string(),
                "rows": counts,
                "locked_ms": u64::try_from(moved.locked.as_millis()).unwrap_or(u64::MAX),
            }));
            return Ok(());
        }
        let mut sheet = Sheet::new(ui);
        let rows: u64 = moved.counts.iter().map(|(_, count)| count).sum();
        sheet.marked(
            Mark::Done,
            &format!("the store has moved to {address}: {rows} rows, counted and compared"),
        );
        let locked =
            format!("the folder took no writes for {} ms, and serves nobody now", moved.locked.as_millis());
        sheet.marked(Mark::Done, &locked);
        sheet.marked(Mark::Next, "start the server with COUNTERSIGN_STORE_URL");
        sheet.show();
        Ok(())
    }
}

/// Draws the bar over the one before.
fn draw(moving: Moving) {
    let mut err = std::io::stderr().lock();
    // A bar that cannot be drawn is no reason to stop.
    let _gone = write!(err, "\r{}", line(moving)).and_then(|()| err.flush());
}

fn line(moving: Moving) -> String {
    let what = match moving.step {
        MovingStep::Copying => "copying",
        MovingStep::CatchingUp => "catching up",
        MovingStep::Comparing => "comparing",
    };
    let share =
        |parts: u64| moving.done.saturating_mul(parts).checked_div(moving.of).unwrap_or(parts).min(parts);
    let filled = usize::try_from(share(WIDTH)).unwrap_or_default();
    let empty = usize::try_from(WIDTH).unwrap_or_default().saturating_sub(filled);
    let bar = format!("{}{}", "=".repeat(filled), " ".repeat(empty));
    format!("  {what:<11} [{bar}] {:>3} %", share(100))
}

fn clear() {
    let mut err = std::io::stderr().lock();
    let _gone = write!(err, "\r{:60}\r", "").and_then(|()| err.flush());
}

/// How wide the bar is.
const WIDTH: u64 = 36;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_says_what_is_done_and_how_far_it_is() {
        let at = |step, done, of| line(Moving { step, done, of });
        let (full, half) = ("=".repeat(36), "=".repeat(18));
        assert_eq!(at(MovingStep::Copying, 0, 10), format!("  copying     [{:36}]   0 %", ""));
        assert_eq!(at(MovingStep::CatchingUp, 5, 10), format!("  catching up [{half:36}]  50 %"));
        assert_eq!(
            at(MovingStep::Comparing, 999, 1000),
            format!("  comparing   [{:36}]  99 %", "=".repeat(35))
        );
        assert_eq!(at(MovingStep::Comparing, 10, 10), format!("  comparing   [{full}] 100 %"));
        // Nothing to do is done, and rows that came meanwhile are no more than all.
        assert_eq!(at(MovingStep::Copying, 0, 0), at(MovingStep::Copying, 7, 5));
        assert_eq!(at(MovingStep::Copying, 7, 5), format!("  copying     [{full}] 100 %"));
        // Clearing it overwrites all of it.
        assert!(at(MovingStep::CatchingUp, 1, 1).len() <= 60);
    }
}
