//! `countersign key`: key files of one's own, offline; and the keys that the server signs with.

mod convert;
mod new;
mod show;

use clap::Subcommand;
use countersign_jose::Algorithm;
use countersign_jose::jwe::{ContentAlgorithm, KeyAlgorithm};
use serde_json::{Value, json};

use crate::admin::Admin;
use crate::answer::{list, moment, text};
use crate::cli::Common;
use crate::problem::Result;
use crate::ui::{Mark, Sheet, Ui, show_json};
use crate::when;

/// Make, read and convert key files; list and rotate the server's keys
#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    New(new::New),
    Public(show::Public),
    Thumbprint(show::Thumbprint),
    Convert(convert::Convert),
    /// List the keys that the server signs with
    List,
    /// Make new signing keys now; tokens signed with the old ones stay good
    Rotate,
}

/// What a key is for, by the name of its algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It signs.
    Sign(Algorithm),
    /// It encrypts.
    Encrypt(KeyAlgorithm),
    /// It is the content's key itself: `dir`.
    Direct(ContentAlgorithm),
}

impl Purpose {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sign(algorithm) => algorithm.name(),
            Self::Encrypt(algorithm) => algorithm.name(),
            Self::Direct(content) => content.name(),
        }
    }
}

/// The purpose of this name; people need not know where its capitals are.
pub(super) fn purpose(name: &str) -> core::result::Result<Purpose, String> {
    let signs = Algorithm::ALL.into_iter().map(Purpose::Sign);
    let encrypts = KeyAlgorithm::ALL.into_iter().map(Purpose::Encrypt);
    let direct = ContentAlgorithm::ALL.into_iter().map(Purpose::Direct);
    let found = signs.chain(encrypts).chain(direct).find(|one| one.name().eq_ignore_ascii_case(name));
    match found {
        Some(Purpose::Encrypt(KeyAlgorithm::Dir)) => {
            Err("it says nothing of the key's length; name the content's algorithm: A256GCM".to_owned())
        }
        Some(found) => Ok(found),
        None if name.eq_ignore_ascii_case("none") => {
            Err("it does not exist here: anybody can write an unsigned token".to_owned())
        }
        None if name.eq_ignore_ascii_case("RSA1_5") => {
            Err("it does not exist here: its padding lets attackers decrypt; use RSA-OAEP-256".to_owned())
        }
        None => Err("known are those of countersign key new --help".to_owned()),
    }
}

impl Key {
    /// Runs the subcommand.
    pub(crate) fn run(&self, common: &Common, ui: Ui) -> Result {
        match self {
            Self::New(new) => new.run(ui),
            Self::Public(public) => public.run(ui),
            Self::Thumbprint(thumbprint) => thumbprint.run(ui),
            Self::Convert(convert) => convert.run(ui),
            Self::List => crate::run(keys(common, ui, false))?,
            Self::Rotate => crate::run(keys(common, ui, true))?,
        }
    }
}

async fn keys(common: &Common, ui: Ui, rotate: bool) -> Result {
    let admin = Admin::open(common).await?;
    let answer = if rotate { admin.write("keys/rotate", json!({})).await } else { admin.read("keys").await };
    admin.close().await;
    let answer = answer?;
    if ui.json {
        show_json(&answer);
        return Ok(());
    }
    let now = when::now();
    let rows: Vec<Vec<String>> = list(&answer, "keys")
        .iter()
        .map(|key| vec![text(key, "kid"), text(key, "algorithm"), text(key, "purpose"), state(key, now)])
        .collect();
    let mut sheet = Sheet::new(ui);
    if rotate {
        sheet.marked(
            Mark::Done,
            "new keys are made; the old ones are published until their last token has expired",
        );
        sheet.gap();
    }
    sheet.table(&["KID", "ALG", "FOR", "STATE"], &rows);
    sheet.show();
    Ok(())
}

/// What a key does now, and when that changes.
fn state(key: &Value, now: u64) -> String {
    let at = |name: &str| moment(key, name).map(|at| when::short(at, now)).unwrap_or_default();
    match text(key, "state").as_str() {
        "published" => format!("signs {}", at("signs_from")),
        "verifying" => format!("checks to {}", at("retires")),
        other => other.to_owned(),
    }
}
