//! What the server says when it is ready: where to go, and what next. Secrets are told here once and nowhere else.

use std::time::Instant;

use serde_json::{Value, json};

use crate::given::Secret;
use crate::ui::{Sheet, Ui, WIDTH, plain, width};

/// The facts of a start.
pub(super) struct Banner {
    pub(super) dev: bool,
    pub(super) issuer: String,
    pub(super) console: String,
    pub(super) setup: Option<String>,
    pub(super) people: Vec<(&'static str, Secret)>,
    pub(super) store: String,
    pub(super) embedded: bool,
    pub(super) mail: bool,
    pub(super) begun: Instant,
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

impl Banner {
    /// Tells it: one line of JSON, a page in development, a line in the log in production.
    pub(super) fn show(&self, ui: Ui) {
        let ready = self.begun.elapsed().as_millis();
        if ui.json {
            use std::io::Write;
            let mut out = std::io::stdout().lock();
            let _gone = writeln!(out, "{}", self.to_json(ready)).and_then(|()| out.flush());
        } else if self.dev {
            self.sheet(ui, ready).show();
        }
        if !self.dev {
            tracing::info!(version = VERSION, issuer = self.issuer, console = self.console, ready_ms = %ready, "ready");
            if !self.mail {
                tracing::warn!(code = "CS-2109", "sign-up and password reset are off: no mail server is set");
            }
        }
    }

    fn to_json(&self, ready: u128) -> Value {
        let people: Vec<Value> = self
            .people
            .iter()
            .map(|(email, password)| json!({ "email": email, "password": password.reveal() }))
            .collect();
        json!({
            "version": VERSION, "dev": self.dev, "open": self.issuer, "issuer": self.issuer, "console": self.console,
            "setup": self.setup, "mail": self.mail, "users": people, "store": self.store,
            "pid": std::process::id(), "ready_ms": u64::try_from(ready).unwrap_or(u64::MAX),
        })
    }

    fn sheet(&self, ui: Ui, ready: u128) -> Sheet {
        let mut sheet = Sheet::new(ui);
        let left = format!("{}   development, this machine only", ui.bold(&format!("countersign {VERSION}")));
        let right = format!("ready in {ready} ms");
        let gap = (WIDTH - 2).saturating_sub(width(&left) + width(&right)).max(2);
        sheet.line(format!("{left}{}{}", " ".repeat(gap), ui.dim(&right)));
        sheet.gap();
        let copy = |text: &str| ui.copy(text);
        let mut rows = vec![("Open", copy(&self.issuer), String::new())];
        match &self.setup {
            Some(link) => rows.push(("Admin", copy(link), "once, for 30 minutes".to_owned())),
            None => rows.push(("Admin", copy(&format!("{}/admin", self.console)), String::new())),
        }
        rows.push(("Mail", copy(&format!("{}/dev/mail", self.issuer)), "all mail lands here".to_owned()));
        rows.push(("Issuer", copy(&self.issuer), String::new()));
        let mut label = "Users";
        for (place, (email, password)) in self.people.iter().enumerate() {
            let remark = if place == 0 { "shown only now" } else { "" };
            rows.push((label, format!("{email:<19}  {}", copy(password.reveal())), remark.to_owned()));
            label = "";
        }
        let store = plain(&self.store);
        rows.push(if self.embedded {
            let store = if store.starts_with('/') { store } else { format!("./{store}") };
            ("Store", store, "embedded, no service needed".to_owned())
        } else {
            ("Store", store, String::new())
        });
        sheet.facts(&rows);
        sheet.gap();
        let next = |command: &str, what: &str| {
            format!("{} {:<55} {}", ui.mark(crate::ui::Mark::Next), ui.copy(command), ui.dim(what))
        };
        sheet.line(next("countersign app add shop --style hybrid --redirect URL", "protect your app"));
        sheet.line(next("countersign session list", "who is signed in"));
        sheet
    }
}
