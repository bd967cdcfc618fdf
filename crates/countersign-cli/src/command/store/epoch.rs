//! `countersign store begin-epoch`: everybody signs in again, because the store is not the one that it was.

use std::path::Path;

use countersign::SystemClock;
use countersign_core::Fault;
use countersign_core::audit::{AuditEntry, Event};
use countersign_core::batch::{Batch, Change, Outcome};
use countersign_core::extent::Actor;
use countersign_core::id::Epoch;
use countersign_core::port::{Clock, Store};
use countersign_core::revoke::epoch::bump;
use countersign_store::{Postgres, PostgresAddress, Remembering};
use serde_json::json;

use crate::problem::{Exit, Problem, Result, code};
use crate::settings::{Sources, data_folder, environment};
use crate::ui::{Mark, Sheet, Ui, show_json};

/// Begins a new epoch of the store in PostgreSQL that the settings name; before that, whoever was erased is erased again.
pub(super) fn begin(sources: &Sources, erased: Option<&Path>, yes: bool, ui: Ui) -> Result {
    let Some((address, _)) = sources.store(&environment)? else {
        return Err(Problem::usage(code::BAD_VALUE, "this is for a store in PostgreSQL, and none is named")
            .hint("`countersign restore` begins an epoch in a data folder by itself"));
    };
    if !yes {
        return Err(Problem::refused("CS-4103", format!("everybody in {address} would sign in again"))
            .hint("to do it, add --yes"));
    }
    // A list is kept where it is used.
    let is_wanted = erased.is_some() || sources.of("data").is_some();
    let folder = match data_folder(sources) {
        Ok(folder) => Some(folder),
        // The servers may be on other machines: there need not be a folder here.
        Err(problem) if problem.exit == Exit::Unreachable && !is_wanted => None,
        Err(problem) => return Err(problem),
    };
    let (epoch, again) = crate::run(begun(&address, folder.as_deref(), erased))??;
    if ui.json {
        show_json(&json!({
            "store": address.to_string(),
            "data": folder,
            "epoch": epoch.number(),
            "erased_again": again,
        }));
        return Ok(());
    }
    let mut sheet = Sheet::new(ui);
    sheet.marked(Mark::Done, "a new epoch has begun; everybody signs in again");
    if again > 0 {
        sheet.marked(Mark::Done, &format!("{again} erased since the dump were erased again"));
    }
    if folder.is_none() {
        let where_else =
            "there is no data folder here, and so no list of who was erased: each server has its own";
        sheet.marked(Mark::Next, where_else);
    }
    sheet.gap();
    sheet.facts(&[
        ("Store", address.to_string(), String::new()),
        ("Epoch", epoch.number().to_string(), String::new()),
    ]);
    sheet.show();
    Ok(())
}

async fn begun(
    address: &PostgresAddress,
    folder: Option<&Path>,
    also: Option<&Path>,
) -> Result<(Epoch, usize)> {
    let (store, again) = match folder {
        Some(folder) => {
            let erased = Remembering { folder, also, by: Actor::CommandLine };
            Postgres::open_remembering(address, &erased).await?
        }
        None => (Postgres::open_at(address).await?, 0),
    };
    let now = SystemClock::default().now();
    let epoch = bump(&[store.log_state().await?.epoch], now)?;
    let by = Actor::CommandLine;
    let line =
        AuditEntry { at: now, by, event: Event::EpochBegan, subject: None, client: None, network: None };
    let outcome = store.commit(Batch::of(Change::BeginEpoch(epoch)).audited(line)).await?;
    store.close().await;
    match outcome {
        Outcome::Committed(..) => Ok((epoch, again)),
        // Another one began one at the same moment.
        Outcome::Conflict(_) => Err(Fault::Contention.into()),
    }
}
