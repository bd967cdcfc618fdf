//! `countersign user`: the people who can sign in.

use std::io::BufWriter;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::admin::{Admin, encoded, query};
use crate::answer::{list, text};
use crate::cli::Common;
use crate::command::session::{ended, sheet, show_ended};
use crate::given::{self, Secret};
use crate::indented::Indented;
use crate::problem::{Problem, Result};
use crate::ui::{Mark, Sheet, Ui, show_json};
use crate::{when, words};

/// Look after the people who can sign in
#[derive(Debug, Subcommand)]
pub(crate) enum User {
    List(List),
    Add(Add),
    /// Show one person and their sessions
    Show(Named),
    Password(Password),
    /// Sign a person out everywhere
    End(Named),
    Erase(Erase),
    /// Print everything held about a person, as one JSON document
    Export(Named),
}

/// List people, newest last
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only addresses that contain this
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// At most so many, 200 at most
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    limit: u32,
    /// Go on after this subject
    #[arg(long, value_name = "SUBJECT")]
    before: Option<String>,
}

/// One person.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// An e-mail or a subject
    user: String,
}

/// Add a person
///
/// Without --password one is made up and shown once.
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Their e-mail
    email: String,
    /// They may use the console and end anybody's sessions
    #[arg(long)]
    operator: bool,
    /// Their password: @FILE, or - for stdin [env: COUNTERSIGN_PASSWORD]
    #[arg(long, value_name = "SOURCE")]
    password: Option<String>,
}

/// Set a person's password; everything they are signed in to ends
///
/// Without --password one is made up and shown once.
#[derive(Debug, Args)]
pub(crate) struct Password {
    /// An e-mail or a subject
    user: String,
    /// The new password: @FILE, or - for stdin [env: COUNTERSIGN_PASSWORD]
    #[arg(long, value_name = "SOURCE")]
    password: Option<String>,
}

/// Erase a person and everything held about them, for good
#[derive(Debug, Args)]
pub(crate) struct Erase {
    /// An e-mail or a subject
    user: String,
    /// Do it; without, it is only said what would be lost
    #[arg(long)]
    yes: bool,
}

impl User {
    /// Runs the subcommand.
    pub(crate) async fn run(&self, common: &Common, ui: Ui) -> Result {
        let admin = Admin::open(common).await?;
        let done = match self {
            Self::List(list) => list.run(&admin, ui).await,
            Self::Add(add) => add.run(&admin, ui).await,
            Self::Show(named) => named.show(&admin, ui).await,
            Self::Password(password) => password.run(&admin, ui).await,
            Self::End(named) => named.end(&admin, ui).await,
            Self::Erase(erase) => erase.run(&admin, ui).await,
            Self::Export(named) => named.export(&admin).await,
        };
        admin.close().await;
        done
    }
}

impl List {
    async fn run(&self, admin: &Admin, ui: Ui) -> Result {
        let limit = self.limit.to_string();
        let parts = [
            ("search", self.search.as_deref()),
            ("before", self.before.as_deref()),
            ("limit", Some(limit.as_str())),
        ];
        let answer = admin.read(&query("users", &parts)).await?;
        if ui.json {
            show_json(&answer);
            return Ok(());
        }
        let now = when::now();
        let row = |user: &Value| {
            let since =
                crate::answer::moment(user, "since").map(|at| when::short(at, now)).unwrap_or_default();
            vec![text(user, "email"), text(user, "role"), since, text(user, "subject")]
        };
        let rows: Vec<Vec<String>> = list(&answer, "users").iter().map(row).collect();
        let mut sheet = Sheet::new(ui);
        if rows.is_empty() {
            sheet.line("Nobody yet.");
            sheet.gap();
            sheet.line(format!(
                "{} {}",
                ui.mark(Mark::Next),
                ui.copy("countersign user add ada@marsh.example")
            ));
        } else {
            sheet.table(&["E-MAIL", "ROLE", "SINCE", "SUBJECT"], &rows);
        }
        let next = text(&answer, "next");
        if !next.is_empty() {
            sheet.gap();
            sheet.line(format!("{} more: {}", ui.mark(Mark::Next), ui.copy(&format!("--before {next}"))));
        }
        sheet.show();
        Ok(())
    }
}

impl Add {
    async fn run(&self, admin: &Admin, ui: Ui) -> Result {
        let (password, made) = password(self.password.as_deref())?;
        let role = if self.operator { "operator" } else { "person" };
        let body = json!({ "email": self.email, "password": password.reveal(), "role": role });
        let answer = admin.write("users", body).await?;
        if ui.json {
            let made = made.then(|| password.reveal());
            show_json(&json!({ "user": answer, "password": made }));
            return Ok(());
        }
        let mut sheet = Sheet::new(ui);
        sheet.marked(Mark::Done, &format!("{} can sign in", ui.bold(&text(&answer, "email"))));
        sheet.gap();
        let mut rows = vec![
            ("subject", ui.copy(&text(&answer, "subject")), String::new()),
            ("role", text(&answer, "role"), String::new()),
        ];
        rows.extend(told_once(ui, &password, made));
        sheet.facts(&rows);
        sheet.show();
        Ok(())
    }
}

impl Password {
    async fn run(&self, admin: &Admin, ui: Ui) -> Result {
        let (password, made) = password(self.password.as_deref())?;
        let path = format!("users/{}/password", encoded(&self.user));
        let answer = admin.write(&path, json!({ "password": password.reveal() })).await?;
        if ui.json {
            let made = made.then(|| password.reveal());
            show_json(&json!({ "ended": answer, "password": made }));
            return Ok(());
        }
        let mut sheet =
            ended(ui, &answer, &format!("{} has a new password and is signed out everywhere", self.user));
        if made {
            sheet.gap();
            sheet.facts(&told_once(ui, &password, made).into_iter().collect::<Vec<_>>());
        }
        sheet.show();
        Ok(())
    }
}

impl Named {
    async fn show(&self, admin: &Admin, ui: Ui) -> Result {
        let answer = admin.read(&format!("users/{}", encoded(&self.user))).await?;
        if ui.json {
            show_json(&answer);
            return Ok(());
        }
        let user = answer.get("user").unwrap_or(&Value::Null);
        let mut head = Sheet::new(ui);
        head.line(format!("{}   {}", ui.bold(&text(user, "email")), text(user, "role")));
        head.line(ui.copy(&text(user, "subject")));
        head.append(&sheet(ui, &answer, false, when::now()));
        head.show();
        Ok(())
    }

    async fn end(&self, admin: &Admin, ui: Ui) -> Result {
        let answer = admin.write(&format!("users/{}/end", encoded(&self.user)), json!({})).await?;
        show_ended(ui, &answer, &format!("{} is signed out everywhere", self.user));
        Ok(())
    }

    async fn export(&self, admin: &Admin) -> Result {
        let mut out = Indented::new(BufWriter::new(std::io::stdout()));
        admin.copy(&format!("users/{}/export", encoded(&self.user)), &mut out).await
    }
}

impl Erase {
    async fn run(&self, admin: &Admin, ui: Ui) -> Result {
        let path = format!("users/{}", encoded(&self.user));
        if !self.yes {
            let answer = admin.read(&path).await?;
            let count = list(&answer, "sessions").len() + list(&answer, "grants").len();
            let email = answer.get("user").map(|user| text(user, "email")).unwrap_or_default();
            let message = format!(
                "{email} would lose the account, {count} sessions and grants, and all data in them, for good"
            );
            return Err(Problem::refused("CS-4103", message)
                .hint("to do it, add --yes; user export prints everything first"));
        }
        let answer = admin.erase(&path).await?;
        if ui.json {
            show_json(&answer);
            return Ok(());
        }
        let mut sheet = Sheet::new(ui);
        sheet.marked(Mark::Done, &format!("{} is erased and signed out everywhere", self.user));
        sheet.show();
        Ok(())
    }
}

/// The password that was given, or one that is made up; and whether it was made up.
fn password(source: Option<&str>) -> Result<(Secret, bool)> {
    match source {
        Some(source) => Ok((given::secret(source, "password")?, false)),
        None => match crate::settings::environment("COUNTERSIGN_PASSWORD") {
            Some(text) => Ok((Secret::new(text), false)),
            None => Ok((words::password(4)?, true)),
        },
    }
}

fn told_once(ui: Ui, password: &Secret, made: bool) -> Option<(&'static str, String, String)> {
    made.then(|| ("password", ui.copy(password.reveal()), "shown only now".to_owned()))
}
