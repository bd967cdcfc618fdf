//! `countersign config check`: every setting, its value, and where it came from.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::Common;
use crate::problem::Result;
use crate::settings::{Settings, Sources, environment};
use crate::ui::{Mark, Sheet, Ui, plain, show_json};

/// Look at the settings
#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    Check(Check),
}

/// Print each setting, its value and where it came from; refuse what is wrong
///
/// A flag wins over the environment, the environment over the file, the file
/// over the default. Secrets are named, never shown.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The file to look at [default: countersign.toml, if it exists]
    file: Option<PathBuf>,
}

impl Config {
    /// Runs the subcommand.
    pub(crate) fn run(&self, common: &Common, ui: Ui) -> Result {
        let Self::Check(check) = self;
        let file = check.file.as_deref().or(common.config.as_deref());
        let sources = Sources::gather(common.flags(), file, &environment)?;
        let settings = sources.parse(&environment)?;
        if ui.json {
            show_json(&to_json(&sources, &settings));
        } else {
            sheet(ui, &sources, &settings).show();
        }
        Ok(())
    }
}

fn rows(sources: &Sources, settings: &Settings) -> Vec<(&'static str, Option<String>, String)> {
    let mut rows: Vec<(&'static str, Option<String>, String)> = sources
        .all()
        .map(|(known, found)| {
            let value = found.map(|found| found.text.clone()).filter(|text| !text.is_empty());
            (known.key, value, found.map(|found| found.origin.told()).unwrap_or_default())
        })
        .collect();
    let secret = |held: &Option<(crate::given::Secret, crate::settings::Origin)>| {
        held.as_ref()
            .map_or((None, String::new()), |(_, origin)| (Some("(secret)".to_owned()), origin.told()))
    };
    // The address in force, wherever it came from, without its password.
    let store = settings.store.as_ref().map(|(address, origin)| (address.to_string(), origin.told()));
    if let (Some((address, origin)), Some(row)) = (store, rows.iter_mut().find(|(key, ..)| *key == "store")) {
        *row = ("store", Some(address), origin);
    }
    let secrets = [
        ("master_key", &settings.master_key),
        ("master_key_also", &settings.master_key_also),
        ("guests.url", &settings.guests_url),
        ("smtp.url", &settings.smtp_url),
    ];
    for (key, held) in secrets {
        let (value, origin) = secret(held);
        rows.push((key, value, origin));
    }
    rows
}

fn to_json(sources: &Sources, settings: &Settings) -> serde_json::Value {
    let rows = rows(sources, settings).into_iter();
    let list = rows.map(|(key, value, from)| json!({ "key": key, "value": value, "from": from }));
    json!({ "file": sources.config, "settings": list.collect::<Vec<_>>() })
}

fn sheet(ui: Ui, sources: &Sources, settings: &Settings) -> Sheet {
    let mut sheet = Sheet::new(ui);
    match &sources.config {
        Some(path) => sheet.line(format!("settings with {}", ui.copy(&plain(&path.display().to_string())))),
        None => sheet.line("settings without a configuration file"),
    }
    sheet.gap();
    let rows = rows(sources, settings);
    let facts: Vec<(&str, String, String)> = rows
        .into_iter()
        .map(|(key, value, from)| (key, value.map_or_else(|| ui.dim("not set"), |text| plain(&text)), from))
        .collect();
    sheet.facts(&facts);
    sheet.gap();
    let public = settings.public_url.as_ref().map(|found| found.text.as_str());
    match public {
        Some(url) if url.starts_with("https://") && settings.master_key.is_some() => {
            sheet.marked(Mark::Done, "fit for production");
        }
        Some(url) if url.starts_with("https://") => {
            sheet.marked(Mark::Look, "production needs a master key: COUNTERSIGN_MASTER_KEY_FILE (CS-6005)");
        }
        _ => sheet
            .marked(Mark::Look, "production needs an https `public_url`; `serve --dev` does not (CS-6004)"),
    }
    if public.is_some() && settings.smtp_url.is_none() {
        sheet.marked(Mark::Look, "without `smtp.url_file` sign-up and password reset are off in production");
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_in_eighty_columns() {
        let env = |name: &str| match name {
            "COUNTERSIGN_MASTER_KEY" => Some("never shown".to_owned()),
            "COUNTERSIGN_PUBLIC_URL" => Some("https://id.shop.example".to_owned()),
            _ => None,
        };
        let sources =
            Sources::gather(vec![("listen", "--listen", "0.0.0.0:8321".to_owned())], None, &env).unwrap();
        let settings = sources.parse(&env).unwrap();
        let text = sheet(Ui::bare(true), &sources, &settings).into_text();
        assert!(!text.contains("never shown"));
        assert!(!to_json(&sources, &settings).to_string().contains("never shown"));
        insta::assert_snapshot!("config_check", text);
    }
}
