//! What may be typed: the commands and what they share. Decides nothing; each command's file does its work.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::command;
use crate::problem::Result;
use crate::settings::{Flags, Sources, environment};
use crate::ui::Color;

/// Knows who your users are after they have signed in: by session, JWT or hybrid.
///
/// Without a command it is `countersign serve --dev`: everything on this
/// machine, at http://localhost:8321, with data in ./.countersign.
#[derive(Debug, Parser)]
#[command(
    name = "countersign",
    version,
    max_term_width = 80,
    propagate_version = false,
    disable_help_subcommand = true,
    after_help = "Exit codes: 0 done, 1 refused, 2 asked wrongly, 3 could not.\nErrors carry a code: countersign explain CS-2101"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// The heading of what every command takes.
const EVERYWHERE: &str = "Everywhere";

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Common {
    /// Print one JSON document instead of text
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub(crate) json: bool,
    /// When to use colours: never, auto, always
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t, hide_possible_values = true, help_heading = EVERYWHERE)]
    pub(crate) color: Color,
    /// The data folder [env: COUNTERSIGN_DATA]
    #[arg(long, global = true, value_name = "FOLDER", help_heading = EVERYWHERE)]
    pub(crate) data: Option<PathBuf>,
    /// A PostgreSQL store in place of the data folder's own: postgres://…; one
    /// with a password goes into the environment [env: COUNTERSIGN_STORE_URL]
    #[arg(long, global = true, value_name = "URL", help_heading = EVERYWHERE)]
    pub(crate) store: Option<String>,
    /// The configuration file [env: COUNTERSIGN_CONFIG] [default:
    /// countersign.toml, if it exists]
    #[arg(long, global = true, value_name = "FILE", help_heading = EVERYWHERE)]
    pub(crate) config: Option<PathBuf>,
}

impl Common {
    /// The settings among them.
    pub(crate) fn flags(&self) -> Flags {
        let data = self.data.iter().map(|path| ("data", "--data", path.display().to_string()));
        data.chain(self.store.iter().map(|url| ("store", "--store", url.clone()))).collect()
    }

    /// The settings of a command that takes no others.
    pub(crate) fn sources(&self) -> Result<Sources> {
        Sources::gather(self.flags(), self.config.as_deref(), &environment)
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Serve(command::serve::Serve),
    #[command(subcommand)]
    App(command::app::App),
    #[command(subcommand)]
    User(command::user::User),
    #[command(subcommand)]
    Session(command::session::Session),
    #[command(subcommand)]
    Key(command::key::Key),
    Audit(command::audit::Audit),
    SetupLink(command::setup_link::SetupLink),
    Backup(command::backup::Backup),
    Restore(command::restore::Restore),
    #[command(subcommand)]
    Store(command::store::Store),
    #[command(subcommand)]
    Token(command::token::Token),
    #[command(subcommand)]
    Jwe(command::jwe::Jwe),
    #[command(subcommand)]
    Config(command::config::Config),
    Explain(command::explain::Explain),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_commands_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_of_everything() {
        let mut text = String::new();
        let mut root = Cli::command().term_width(80);
        root.build();
        write_help(&mut root, "countersign", &mut text);
        let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > 80).collect();
        assert_eq!(wide, Vec::<&str>::new());
        insta::assert_snapshot!("help", text);
    }

    fn write_help(command: &mut clap::Command, path: &str, text: &mut String) {
        text.push_str(&format!("$ {path} --help\n\n{}\n\n", command.render_long_help()));
        let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
        for name in names {
            if let Some(sub) = command.find_subcommand_mut(&name) {
                write_help(sub, &format!("{path} {name}"), text);
            }
        }
    }
}
