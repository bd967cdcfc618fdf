//! `countersign audit`: who did what, newest first.

use clap::Args;
use serde_json::Value;

use crate::admin::{Admin, query};
use crate::answer::{list, moment, number, text};
use crate::cli::Common;
use crate::problem::Result;
use crate::ui::{Mark, Sheet, Ui, show_json, wrap};
use crate::when;

/// Print the audit log, newest first
#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// About this person only: an e-mail or a subject
    #[arg(long, value_name = "WHO")]
    user: Option<String>,
    /// About this application only
    #[arg(long, value_name = "APP")]
    app: Option<String>,
    /// At most so many lines, 200 at most
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    limit: u32,
    /// Go on before this line
    #[arg(long, value_name = "NUMBER")]
    before: Option<u64>,
}

impl Audit {
    /// Prints the lines.
    pub(crate) async fn run(&self, common: &Common, ui: Ui) -> Result {
        let (limit, before) = (self.limit.to_string(), self.before.map(|number| number.to_string()));
        let parts = [
            ("user", self.user.as_deref()),
            ("app", self.app.as_deref()),
            ("before", before.as_deref()),
            ("limit", Some(limit.as_str())),
        ];
        let admin = Admin::open(common).await?;
        let answer = admin.read(&query("audit", &parts)).await;
        admin.close().await;
        let answer = answer?;
        if ui.json {
            show_json(&answer);
            return Ok(());
        }
        let mut sheet = Sheet::new(ui);
        for line in list(&answer, "entries") {
            write_line(&mut sheet, ui, line);
        }
        if list(&answer, "entries").is_empty() {
            sheet.line("Nothing has happened yet.");
        }
        let next = number(&answer, "next");
        if next > 0 {
            sheet.gap();
            sheet.line(format!("{} more: {}", ui.mark(Mark::Next), ui.copy(&format!("--before {next}"))));
        }
        sheet.show();
        Ok(())
    }
}

fn write_line(sheet: &mut Sheet, ui: Ui, line: &Value) {
    let at = moment(line, "at").and_then(when::date).unwrap_or_default();
    let at = at.trim_end_matches(" UTC");
    let refused = text(line, "went") == "refused";
    let mark = if refused { ui.mark(Mark::Refused) } else { " ".to_owned() };
    let code = text(line, "code");
    let sentence = text(line, "sentence");
    let words = if code.is_empty() { sentence } else { format!("{sentence} ({code})") };
    let mut lead = format!("{}  {mark} ", ui.dim(&format!("{at:>20}")));
    for part in wrap(&words, 52) {
        sheet.line(format!("{lead}{part}"));
        lead = " ".repeat(24);
    }
}
