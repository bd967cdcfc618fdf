//! `countersign key`: key files of one's own, offline; and the keys that the server signs with.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use countersign_jose::{Algorithm, JwkSet, SigningKey, base64, primitive};
use serde_json::{Value, json};

use crate::admin::Admin;
use crate::answer::{list, moment, text};
use crate::cli::Common;
use crate::given::Secret;
use crate::keyfile;
use crate::problem::Result;
use crate::ui::{Mark, Sheet, Ui, show_json};
use crate::when;

/// Make and read key files; list and rotate the server's keys
#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    New(New),
    Public(Public),
    /// Print the thumbprint of a key (RFC 7638)
    Thumbprint(File),
    /// List the keys that the server signs with
    List,
    /// Make new signing keys now; tokens signed with the old ones stay good
    Rotate,
}

/// Make a private key, or a master key
#[derive(Debug, Args)]
pub(crate) struct New {
    /// What it signs with: ES256, ES384, ES512, EdDSA, RS256
    #[arg(long, value_name = "NAME", default_value = "ES256", value_parser = algorithm)]
    algorithm: Algorithm,
    /// Make a master key instead: 32 random bytes that seal what is on disk
    #[arg(long, conflicts_with = "algorithm")]
    master: bool,
    /// Write it to a new file that only you can read, instead of stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Print the public half of a key as JWK
#[derive(Debug, Args)]
pub(crate) struct Public {
    #[command(flatten)]
    file: File,
    /// As a JWK Set, the form in which an issuer publishes keys
    #[arg(long)]
    set: bool,
}

/// A file with a key.
#[derive(Debug, Args)]
pub(crate) struct File {
    /// A PKCS#8 PEM file or a JWK
    file: PathBuf,
}

fn algorithm(name: &str) -> core::result::Result<Algorithm, String> {
    let known = ["ES256", "ES384", "ES512", "EdDSA", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
    Algorithm::named(name)
        .filter(|_| known.contains(&name))
        .ok_or_else(|| format!("known are {}", known.join(", ")))
}

impl Key {
    /// Runs the subcommand.
    pub(crate) fn run(&self, common: &Common, ui: Ui) -> Result {
        match self {
            Self::New(new) => new.run(ui),
            Self::Public(public) => public.run(),
            Self::Thumbprint(file) => {
                let thumbprint = keyfile::public_key(&file.file)?.thumbprint();
                if ui.json {
                    show_json(&json!({ "thumbprint": thumbprint }));
                } else {
                    println!("{thumbprint}");
                }
                Ok(())
            }
            Self::List => crate::run(keys(common, ui, false))?,
            Self::Rotate => crate::run(keys(common, ui, true))?,
        }
    }
}

impl New {
    fn run(&self, ui: Ui) -> Result {
        let (secret, kid) = if self.master {
            let mut bytes = [0; 32];
            primitive::fill_random(&mut bytes)?;
            (Secret::new(base64::encode(bytes) + "\n"), None)
        } else {
            let key = SigningKey::generate(self.algorithm)?;
            (keyfile::to_pem(&key)?, Some(key.key_id().as_str().to_owned()))
        };
        let Some(path) = &self.out else {
            if ui.json {
                show_json(&json!({ "key": secret.reveal(), "kid": kid }));
            } else {
                print!("{}", secret.reveal());
            }
            return Ok(());
        };
        keyfile::write_new(path, &secret)?;
        if ui.json {
            show_json(&json!({ "file": path, "kid": kid }));
            return Ok(());
        }
        let mut sheet = Sheet::new(ui);
        let path = path.display().to_string();
        match kid {
            Some(kid) => sheet
                .marked(Mark::Done, &format!("{} is written; its kid is {}", ui.bold(&path), ui.copy(&kid))),
            None => {
                sheet.marked(Mark::Done, &format!("{} is written", ui.bold(&path)));
                sheet.marked(
                    Mark::Look,
                    "keep a copy elsewhere: without it the data folder cannot be opened again",
                );
                let path = ui.copy(&format!("COUNTERSIGN_MASTER_KEY_FILE={path}"));
                sheet.line(format!("{} {path}", ui.mark(Mark::Next)));
            }
        }
        sheet.show();
        Ok(())
    }
}

impl Public {
    fn run(&self) -> Result {
        let jwk = keyfile::public_key(&self.file.file)?.to_jwk();
        let value =
            if self.set { serde_json::to_value(JwkSet::new([jwk])) } else { serde_json::to_value(&jwk) };
        show_json(&value.unwrap_or(Value::Null));
        Ok(())
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
