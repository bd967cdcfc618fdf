//! `countersign store begin-epoch`: everybody signs in again, because the store is not the one that it was.

use countersign::SystemClock;
use countersign_core::Fault;
use countersign_core::audit::{AuditEntry, Event};
use countersign_core::batch::{Batch, Change, Outcome};
use countersign_core::extent::Actor;
use countersign_core::id::Epoch;
use countersign_core::port::{Clock, Store};
use countersign_core::revoke::epoch::bump;
use countersign_store::{Postgres, PostgresAddress};
use serde_json::json;

use crate::problem::{Problem, Result, code};
use crate::settings::{Sources, environment};
use crate::ui::{Mark, Sheet, Ui, show_json};

/// Begins a new epoch of the store in PostgreSQL that the settings name.
pub(super) fn begin(sources: &Sources, yes: bool, ui: Ui) -> Result {
    let Some((address, _)) = sources.store(&environment)? else {
        return Err(Problem::usage(code::BAD_VALUE, "this is for a store in PostgreSQL, and none is named")
            .hint("`countersign restore` begins an epoch in a data folder by itself"));
    };
    if !yes {
        return Err(Problem::refused("CS-4103", format!("everybody in {address} would sign in again"))
            .hint("to do it, add --yes"));
    }
    let epoch = crate::run(begun(&address))??;
    if ui.json {
        show_json(&json!({ "store": address.to_string(), "epoch": epoch.number() }));
        return Ok(());
    }
    let mut sheet = Sheet::new(ui);
    sheet.marked(Mark::Done, "a new epoch has begun; everybody signs in again");
    sheet.gap();
    sheet.facts(&[
        ("Store", address.to_string(), String::new()),
        ("Epoch", epoch.number().to_string(), String::new()),
    ]);
    sheet.show();
    Ok(())
}

async fn begun(address: &PostgresAddress) -> Result<Epoch> {
    let store = Postgres::open_at(address).await?;
    let now = SystemClock::default().now();
    let epoch = bump(&[store.log_state().await?.epoch], now)?;
    let by = Actor::CommandLine;
    let line =
        AuditEntry { at: now, by, event: Event::EpochBegan, subject: None, client: None, network: None };
    let outcome = store.commit(Batch::of(Change::BeginEpoch(epoch)).audited(line)).await?;
    store.close().await;
    match outcome {
        Outcome::Committed(..) => Ok(epoch),
        // Another one began one at the same moment.
        Outcome::Conflict(_) => Err(Fault::Contention.into()),
    }
}
