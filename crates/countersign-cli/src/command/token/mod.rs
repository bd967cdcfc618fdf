//! `countersign token`: look into a token, check one, make one. All offline but for fetching keys from this machine.

mod inspect;
mod kind;
mod mint;
mod own;
mod pasted;
mod verify;

use clap::Subcommand;

use crate::problem::Result;
use crate::ui::Ui;

pub(crate) use kind::Kind;

/// Look into tokens, check them, make them
#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    Inspect(inspect::Inspect),
    Verify(verify::Verify),
    // By far the most options of all commands.
    Mint(Box<mint::Mint>),
}

impl Token {
    /// Runs the subcommand.
    pub(crate) fn run(&self, ui: Ui) -> Result {
        match self {
            Self::Inspect(inspect) => inspect.run(ui),
            Self::Verify(verify) => verify.run(ui),
            Self::Mint(mint) => mint.run(ui),
        }
    }
}

#[cfg(test)]
mod tests;
