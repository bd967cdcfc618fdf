//! The binary `countersign`: reads what was typed, runs one command, ends with its exit code.

mod admin;
mod answer;
mod cli;
mod command;
mod dev;
mod given;
mod house;
mod indented;
mod keyfile;
mod problem;
mod settings;
mod ui;
mod when;
mod whole;
mod wire;
mod words;

use std::future::Future;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::problem::{Problem, Result};
use crate::ui::Ui;

fn main() -> ExitCode {
    let begun = Instant::now();
    let cli = Cli::parse();
    let ui = Ui::new(cli.common.color, cli.common.json);
    match dispatch(&cli, ui, begun) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => problem.tell(ui),
    }
}

fn dispatch(cli: &Cli, ui: Ui, begun: Instant) -> Result {
    let common = &cli.common;
    match &cli.command {
        None => command::serve::Serve::development().run(common, ui, begun),
        Some(Command::Serve(serve)) => serve.run(common, ui, begun),
        Some(Command::App(app)) => run(app.run(common, ui))?,
        Some(Command::User(user)) => run(user.run(common, ui))?,
        Some(Command::Session(session)) => run(session.run(common, ui))?,
        Some(Command::Key(key)) => key.run(common, ui),
        Some(Command::Audit(audit)) => run(audit.run(common, ui))?,
        Some(Command::SetupLink(link)) => run(link.run(common, ui))?,
        Some(Command::Backup(backup)) => backup.run(common, ui),
        Some(Command::Restore(restore)) => restore.run(common, ui),
        Some(Command::Store(store)) => store.run(common, ui),
        Some(Command::Token(token)) => token.run(ui),
        Some(Command::Jwe(jwe)) => jwe.run(ui),
        Some(Command::Config(config)) => config.run(common, ui),
        Some(Command::Explain(explain)) => explain.run(ui),
    }
}

/// Runs something that waits, on two threads: a server of this kind is bound by its disk and its cores, not by threads.
fn run<F: Future>(future: F) -> Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| {
        Problem::unreachable(problem::code::ADDRESS, format!("could not start threads: {error}"))
    })?;
    Ok(runtime.block_on(future))
}
