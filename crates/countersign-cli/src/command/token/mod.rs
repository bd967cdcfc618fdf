//! `countersign token`: look into a token, check one, make one. All offline but for fetching keys from this machine.

mod inspect;
mod mint;
mod verify;

use clap::{Subcommand, ValueEnum};

use crate::problem::Result;
use crate::ui::Ui;

/// Look into tokens, check them, make them
#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    Inspect(inspect::Inspect),
    Verify(verify::Verify),
    Mint(mint::Mint),
}

/// The kinds of token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// An access token, `at+jwt` (RFC 9068)
    #[default]
    Access,
    /// An ID token, `JWT` (OpenID Connect Core 2)
    Id,
    /// A logout token, `logout+jwt` (OpenID Connect Back-Channel Logout 2.4)
    Logout,
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
