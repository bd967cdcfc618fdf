//! `countersign session`: who is signed in, and the end of it.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::admin::{Admin, encoded, query};
use crate::answer::{actor, flag, list, moment, number, text};
use crate::cli::Common;
use crate::problem::Result;
use crate::ui::{Mark, Sheet, Ui, show_json};
use crate::when;

/// List sessions and end them
#[derive(Debug, Subcommand)]
pub(crate) enum Session {
    List(List),
    /// Show one session
    Show(Named),
    Revoke(Revoke),
}

/// List the live sessions
///
/// With --user the ended ones as well, and the applications that hold tokens.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Of this person only: an e-mail or a subject
    #[arg(long, value_name = "WHO")]
    user: Option<String>,
    /// Of this application only
    #[arg(long, value_name = "APP")]
    app: Option<String>,
    /// The ended ones as well
    #[arg(long)]
    all: bool,
    /// At most so many, 200 at most
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    limit: u32,
    /// Go on after this session
    #[arg(long, value_name = "SID")]
    before: Option<String>,
}

/// One session.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// Its SID, from session list
    sid: String,
}

/// End one session, or all of a person, of an application, or of everybody
///
/// When it answers, the ending is on disk and holds here: what it ended is
/// refused from now on.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
#[command(
    override_usage = "countersign session revoke <SID>\n       countersign session revoke --user <WHO>\n       countersign session revoke --app <APP>\n       countersign session revoke --everything"
)]
pub(crate) struct Revoke {
    /// One session or grant, by its SID
    sid: Option<String>,
    /// Everything of this person: an e-mail or a subject
    #[arg(long, value_name = "WHO")]
    user: Option<String>,
    /// Everything of this application
    #[arg(long, value_name = "APP")]
    app: Option<String>,
    /// Everything of everybody
    #[arg(long)]
    everything: bool,
}

impl Session {
    /// Runs the subcommand.
    pub(crate) async fn run(&self, common: &Common, ui: Ui) -> Result {
        let admin = Admin::open(common).await?;
        let done = match self {
            Self::List(list) => list.run(&admin, ui).await,
            Self::Show(named) => named.show(&admin, ui).await,
            Self::Revoke(revoke) => revoke.run(&admin, ui).await,
        };
        admin.close().await;
        done
    }
}

impl List {
    async fn run(&self, admin: &Admin, ui: Ui) -> Result {
        let limit = self.limit.to_string();
        let live = (!self.all && self.user.is_none()).then_some("true");
        let parts = [
            ("user", self.user.as_deref()),
            ("app", self.app.as_deref()),
            ("live", live),
            ("before", self.before.as_deref()),
            ("limit", Some(limit.as_str())),
        ];
        let answer = admin.read(&query("sessions", &parts)).await?;
        if ui.json {
            show_json(&answer);
        } else {
            sheet(ui, &answer, self.user.is_none(), when::now()).show();
        }
        Ok(())
    }
}

/// The sessions, and the grants below them, as one table.
pub(super) fn sheet(ui: Ui, answer: &Value, with_user: bool, now: u64) -> Sheet {
    let mut sheet = Sheet::new(ui);
    let (sessions, grants) = (list(answer, "sessions"), list(answer, "grants"));
    if sessions.is_empty() && grants.is_empty() {
        sheet.line("Nobody is signed in.");
        return sheet;
    }
    let row = |entry: &Value, device: String| {
        let live = flag(entry, "live");
        let mark = ui.mark(if live { Mark::Live } else { Mark::Ended });
        let middle = if with_user { short_name(&text(entry, "email")) } else { text(entry, "style") };
        let seen = moment(entry, "seen").or_else(|| moment(entry, "begun"));
        vec![
            format!("{mark} {}", text(entry, "handle")),
            device,
            application(entry),
            middle,
            seen.map(|at| when::short(at, now)).unwrap_or_default(),
            ends(entry, live, now),
        ]
    };
    let mut rows: Vec<Vec<String>> = sessions.iter().map(|entry| row(entry, text(entry, "device"))).collect();
    rows.extend(grants.iter().map(|entry| row(entry, "(tokens)".to_owned())));
    sheet.table(&["  SID", "DEVICE", "APP", if with_user { "USER" } else { "STYLE" }, "SEEN", "ENDS"], &rows);
    sheet.gap();
    let all = || sessions.iter().chain(grants);
    let live = all().filter(|entry| flag(entry, "live")).count();
    let ended = all().count() - live;
    sheet.line(if ended == 0 { format!("{live} live") } else { format!("{live} live, {ended} ended") });
    let next = text(answer, "next");
    if !next.is_empty() {
        sheet.line(format!("{} more: {}", ui.mark(Mark::Next), ui.copy(&format!("--before {next}"))));
    }
    sheet
}

fn application(entry: &Value) -> String {
    let app = text(entry, "app");
    if app.is_empty() { format!("({})", text(entry, "audience")) } else { app }
}

/// The part before the @, which is what tells people of one company apart.
fn short_name(email: &str) -> String {
    email.split('@').next().unwrap_or_default().to_owned()
}

fn ends(entry: &Value, live: bool, now: u64) -> String {
    if let Some(ended) = entry.get("ended").filter(|ended| !ended.is_null()) {
        let by = ended.get("by").map(actor).unwrap_or_default();
        return format!("{} {by}", moment(ended, "at").map(|at| when::short(at, now)).unwrap_or_default());
    }
    let idle = moment(entry, "seen").map(|seen| seen.saturating_add(number(entry, "idle_seconds")));
    let expires = moment(entry, "expires");
    let end = idle.filter(|idle| *idle > 0).into_iter().chain(expires).min();
    match end {
        Some(at) => when::short(at, now),
        None if live => String::new(),
        None => "over".to_owned(),
    }
}

impl Named {
    async fn show(&self, admin: &Admin, ui: Ui) -> Result {
        let session = admin.read(&format!("sessions/{}", encoded(&self.sid))).await?;
        if ui.json {
            show_json(&session);
            return Ok(());
        }
        let now = when::now();
        let time = |name: &str| {
            let at = moment(&session, name);
            (
                at.and_then(when::date).unwrap_or_default(),
                at.map(|at| when::beside(at, now)).unwrap_or_default(),
            )
        };
        let mut sheet = Sheet::new(ui);
        let live = flag(&session, "live");
        let (mark, word) = if live { (Mark::Live, "live") } else { (Mark::Ended, "ended") };
        sheet.line(format!("{} {}   {}", ui.mark(mark), ui.bold(word), ui.copy(&text(&session, "handle"))));
        sheet.gap();
        let mut rows = vec![
            ("user", text(&session, "email"), text(&session, "subject")),
            ("app", application(&session), text(&session, "style")),
            ("device", text(&session, "device"), text(&session, "network")),
        ];
        for (label, name) in [("begun", "begun"), ("seen", "seen"), ("limit", "expires")] {
            let (date, beside) = time(name);
            rows.push((label, date, beside));
        }
        if let Some(ended) = session.get("ended").filter(|ended| !ended.is_null()) {
            let at = moment(ended, "at").and_then(when::date).unwrap_or_default();
            let by = ended.get("by").map(actor).unwrap_or_default();
            rows.push(("ended", at, format!("{}, by {by}", text(ended, "reason"))));
        }
        sheet.facts(&rows);
        sheet.show();
        Ok(())
    }
}

impl Revoke {
    async fn run(&self, admin: &Admin, ui: Ui) -> Result {
        let (path, said) = if let Some(sid) = &self.sid {
            (format!("sessions/{}/end", encoded(sid)), "the session is ended".to_owned())
        } else if let Some(user) = &self.user {
            (format!("users/{}/end", encoded(user)), format!("{user} is signed out everywhere"))
        } else if let Some(app) = &self.app {
            (format!("apps/{}/end", encoded(app)), format!("everybody is signed out of {app}"))
        } else {
            ("end-everything".to_owned(), "everybody is signed out of everything".to_owned())
        };
        let answer = admin.write(&path, json!({})).await?;
        show_ended(ui, &answer, &said);
        Ok(())
    }
}

/// Says what was ended, and what other people's verifiers go on accepting for a while.
pub(super) fn show_ended(ui: Ui, answer: &Value, said: &str) {
    if ui.json {
        show_json(answer);
    } else {
        ended(ui, answer, said).show();
    }
}

/// The same as a page.
pub(super) fn ended(ui: Ui, answer: &Value, said: &str) -> Sheet {
    let mut sheet = Sheet::new(ui);
    let position = when::thousands(number(answer, "position"));
    sheet.marked(Mark::Done, &format!("{said}   {}", ui.dim(&format!("log position {position}"))));
    for left in list(answer, "not_covered") {
        let text = format!(
            "{}: its plain tokens go on elsewhere until they expire, {} at most",
            text(left, "app"),
            when::span(number(left, "seconds"))
        );
        sheet.marked(Mark::Look, &text);
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_in_eighty_columns() {
        let now = 1_795_435_200;
        let at = |seconds: u64| json!({ "unix": seconds });
        let answer = json!({ "sessions": [
            { "handle": "q3W9xT0mVbYk2RzLh8uNcA", "live": true, "device": "Firefox, Linux", "app": "shop", "style": "hybrid",
              "email": "ada@marsh.example", "seen": at(now - 3), "idle_seconds": 1_209_600, "expires": at(now + 2_000_000), "ended": null },
            { "handle": "b5TgYu1eKc0dRf8mPw2sXa", "live": false, "device": "Chrome, Android", "app": null, "audience": "issuer",
              "style": null, "email": "ada@marsh.example", "seen": at(now - 11_400), "idle_seconds": 1_209_600,
              "expires": at(now + 2_000_000),
              "ended": { "at": at(now - 11_340), "reason": "ended-by-person", "by": { "kind": "subject", "name": "ada@marsh.example" } } },
        ], "grants": [], "next": null });
        let text = sheet(Ui::bare(true), &answer, false, now).into_text();
        assert!(text.lines().all(|line| line.chars().count() <= 80));
        insta::assert_snapshot!("session_list", text);
        let none = sheet(Ui::bare(true), &json!({ "sessions": [], "grants": [] }), true, now).into_text();
        assert_eq!(none, "  Nobody is signed in.\n");
    }
}
