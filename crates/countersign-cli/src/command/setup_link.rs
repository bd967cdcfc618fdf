//! `countersign setup-link`: the way in for the first operator.

use clap::Args;
use serde_json::json;

use crate::admin::Admin;
use crate::answer::text;
use crate::cli::Common;
use crate::problem::Result;
use crate::settings::{Sources, environment};
use crate::ui::{Sheet, Ui, show_json};

/// Make a link that sets up the first operator, once, within 30 minutes
///
/// Only while there is no operator. The link opens on the console's address.
#[derive(Debug, Args)]
pub(crate) struct SetupLink {}

impl SetupLink {
    /// Prints the link.
    pub(crate) async fn run(&self, common: &Common, ui: Ui) -> Result {
        let admin = Admin::open(common).await?;
        let answer = admin.write("setup-link", json!({})).await;
        admin.close().await;
        let answer = answer?;
        if ui.json {
            show_json(&answer);
            return Ok(());
        }
        let sources = Sources::gather(Vec::new(), common.config.as_deref(), &environment)?;
        let console = sources.of("console_listen").map_or("127.0.0.1:9321", |found| found.text.as_str());
        let link = format!("http://{console}{}", text(&answer, "path"));
        let mut sheet = Sheet::new(ui);
        sheet.line(ui.copy(&link));
        sheet.gap();
        sheet.line("once, within 30 minutes; whoever opens it first becomes the operator");
        sheet.show();
        Ok(())
    }
}
