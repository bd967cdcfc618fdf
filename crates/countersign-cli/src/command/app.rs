//! `countersign app`: the applications that people sign in to.

use clap::{Args, Subcommand, ValueEnum};
use countersign::Preset;
use serde_json::{Value, json};

use crate::admin::{Admin, encoded};
use crate::answer::{flag, list, number, text, texts};
use crate::cli::Common;
use crate::command::session::show_ended;
use crate::problem::Result;
use crate::ui::{Mark, Sheet, Ui, show_json};
use crate::when;

/// Register and look after applications
#[derive(Debug, Subcommand)]
pub(crate) enum App {
    Add(Add),
    /// List the applications
    List,
    /// Show one application
    Show(Named),
    /// Give an application a new secret, shown once; the old one stops working
    RotateSecret(Named),
    /// End every session and grant of an application; it stays registered
    End(Named),
}

/// One application.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// Its id
    app: String,
}

/// How an application knows its user
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Style {
    /// A cookie; the data stays on the server; ended at once
    Session,
    /// A token that any service checks by itself; lives until it expires
    Jwt,
    /// A token that is checked against the log of endings as well
    Hybrid,
}

/// Register an application; its secret, if it has one, is shown once
///
/// A session application needs --origin, the others --redirect. Redirect URIs
/// are compared letter by letter.
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Its id, the OAuth client_id: a-z, 0-9, dash, dot, underscore
    app: String,
    /// How it knows its user
    #[arg(long, value_enum)]
    style: Style,
    /// What people read when they sign in [default: the id]
    #[arg(long)]
    name: Option<String>,
    /// Where people come back to after signing in (repeatable)
    #[arg(long, value_name = "URL")]
    redirect: Vec<String>,
    /// Where people come back to after signing out (repeatable)
    #[arg(long, value_name = "URL")]
    post_logout: Vec<String>,
    /// Where a session application lives, such as https://shop.example
    #[arg(long, value_name = "URL")]
    origin: Option<String>,
    /// What its access tokens name in aud [default: the id]
    #[arg(long, value_name = "NAME")]
    audience: Option<String>,
    /// What it may ask for, words separated by spaces
    #[arg(long, value_name = "WORDS")]
    scope: Option<String>,
    /// It cannot keep a secret: a browser or mobile application
    #[arg(long)]
    public: bool,
    /// It is ours: people are not asked to allow it
    #[arg(long)]
    first_party: bool,
    /// It may get tokens for itself (client credentials)
    #[arg(long)]
    acts_alone: bool,
    /// How long sessions live, by the standard that asks for it, such as pci
    /// [default: as the server's]
    #[arg(long, value_name = "NAME")]
    preset: Option<Preset>,
    /// How many sessions one person may have at once [default: any number]
    #[arg(long, value_name = "N")]
    most_sessions: Option<u32>,
    /// What becomes of one more
    #[arg(long, value_enum, default_value_t, requires = "most_sessions")]
    beyond: Beyond,
}

/// What becomes of a sign-in beyond the most sessions
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Beyond {
    /// It goes on, and the person's oldest session ends
    #[default]
    EndOldest,
    /// It is refused
    Deny,
}

impl App {
    /// Runs the subcommand.
    pub(crate) async fn run(&self, common: &Common, ui: Ui) -> Result {
        let admin = Admin::open(common).await?;
        let done = match self {
            Self::Add(add) => add.run(&admin, ui).await,
            Self::List => apps(&admin, ui).await,
            Self::Show(named) => named.show(&admin, ui).await,
            Self::RotateSecret(named) => named.rotate(&admin, ui).await,
            Self::End(named) => named.end(&admin, ui).await,
        };
        admin.close().await;
        done
    }
}

impl Add {
    async fn run(&self, admin: &Admin, ui: Ui) -> Result {
        let style = match self.style {
            Style::Session => "session",
            Style::Jwt => "jwt",
            Style::Hybrid => "hybrid",
        };
        let beyond = match self.beyond {
            Beyond::EndOldest => "end-oldest",
            Beyond::Deny => "deny",
        };
        let most = self.most_sessions.map(|count| json!({ "count": count, "beyond": beyond }));
        let body = json!({
            "id": self.app, "name": self.name, "style": style, "redirect_uris": self.redirect,
            "post_logout_redirect_uris": self.post_logout, "origin": self.origin, "audience": self.audience,
            "scope": self.scope, "public": self.public, "first_party": self.first_party, "acts_alone": self.acts_alone,
            "preset": self.preset.map(Preset::name), "most_sessions": most,
        });
        let answer = admin.write("apps", body).await?;
        if ui.json {
            show_json(&answer);
            return Ok(());
        }
        let app = answer.get("app").unwrap_or(&Value::Null);
        let mut sheet = Sheet::new(ui);
        sheet.marked(Mark::Done, &format!("{} is registered", ui.bold(&text(app, "id"))));
        sheet.gap();
        let mut rows = facts(ui, app);
        rows.extend(secret(ui, &answer));
        sheet.facts(&rows);
        sheet.show();
        Ok(())
    }
}

impl Named {
    async fn show(&self, admin: &Admin, ui: Ui) -> Result {
        let app = admin.read(&format!("apps/{}", encoded(&self.app))).await?;
        if ui.json {
            show_json(&app);
            return Ok(());
        }
        let mut sheet = Sheet::new(ui);
        sheet.line(format!("{}   {}", ui.bold(&text(&app, "id")), text(&app, "name")));
        sheet.gap();
        sheet.facts(&facts(ui, &app));
        sheet.show();
        Ok(())
    }

    async fn rotate(&self, admin: &Admin, ui: Ui) -> Result {
        let answer = admin.write(&format!("apps/{}/rotate-secret", encoded(&self.app)), json!({})).await?;
        if ui.json {
            show_json(&answer);
            return Ok(());
        }
        let mut sheet = Sheet::new(ui);
        sheet.marked(
            Mark::Done,
            &format!("{} has a new secret; the old one no longer works", ui.bold(&self.app)),
        );
        sheet.gap();
        sheet.facts(&secret(ui, &answer).into_iter().collect::<Vec<_>>());
        sheet.show();
        Ok(())
    }

    async fn end(&self, admin: &Admin, ui: Ui) -> Result {
        let answer = admin.write(&format!("apps/{}/end", encoded(&self.app)), json!({})).await?;
        show_ended(ui, &answer, &format!("everybody is signed out of {}", self.app));
        Ok(())
    }
}

async fn apps(admin: &Admin, ui: Ui) -> Result {
    let answer = admin.read("apps").await?;
    if ui.json {
        show_json(&answer);
        return Ok(());
    }
    let mut sheet = Sheet::new(ui);
    let rows: Vec<Vec<String>> = list(&answer, "apps")
        .iter()
        .map(|app| {
            let place = texts(app, "redirect_uris").into_iter().next();
            vec![text(app, "id"), text(app, "style"), kind(app), place.unwrap_or_else(|| text(app, "origin"))]
        })
        .collect();
    if rows.is_empty() {
        sheet.line("No apps yet. An app is what people sign in to.");
        sheet.gap();
        let next = "countersign app add shop --style hybrid --redirect https://shop.example/cb";
        sheet.line(format!("{} {}", ui.mark(Mark::Next), ui.copy(next)));
    } else {
        sheet.table(&["APP", "STYLE", "KIND", "WHERE"], &rows);
    }
    sheet.show();
    Ok(())
}

fn kind(app: &Value) -> String {
    let words = [
        (flag(app, "first_party"), "ours"),
        (flag(app, "public"), "public"),
        (flag(app, "acts_alone"), "acts alone"),
    ];
    let words: Vec<&str> = words.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect();
    words.join(", ")
}

fn facts(ui: Ui, app: &Value) -> Vec<(&'static str, String, String)> {
    let mut rows = vec![
        ("client_id", ui.copy(&text(app, "id")), String::new()),
        ("style", text(app, "style"), String::new()),
        ("audience", text(app, "audience"), "what its access tokens name in aud".to_owned()),
        ("scope", text(app, "scope"), String::new()),
    ];
    rows.extend(
        texts(app, "redirect_uris").into_iter().map(|url| ("redirect", ui.copy(&url), String::new())),
    );
    rows.extend(
        texts(app, "post_logout_redirect_uris")
            .into_iter()
            .map(|url| ("after", ui.copy(&url), "signing out".to_owned())),
    );
    let origin = text(app, "origin");
    if !origin.is_empty() {
        rows.push(("origin", ui.copy(&origin), String::new()));
    }
    if text(app, "style") != "session" {
        let lives = format!(
            "{}, refreshed for {}",
            when::span(number(app, "access_seconds")),
            when::span(number(app, "refresh_seconds"))
        );
        rows.push(("tokens", lives, String::new()));
    }
    let preset = text(app, "preset");
    if !preset.is_empty() {
        rows.push(("preset", preset, "how long sessions live".to_owned()));
    }
    if let Some(most) = app.get("most_sessions").filter(|most| !most.is_null()) {
        let beyond =
            if text(most, "beyond") == "deny" { "one more is refused" } else { "then the oldest ends" };
        rows.push(("sessions", format!("{} of one person", number(most, "count")), beyond.to_owned()));
    }
    let kind = kind(app);
    if !kind.is_empty() {
        rows.push(("kind", kind, String::new()));
    }
    rows
}

fn secret(ui: Ui, answer: &Value) -> Option<(&'static str, String, String)> {
    let secret = text(answer, "secret");
    (!secret.is_empty()).then(|| ("secret", ui.copy(&secret), "shown only now".to_owned()))
}
