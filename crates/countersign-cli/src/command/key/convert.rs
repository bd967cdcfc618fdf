//! `countersign key convert`: the same key in another format.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use countersign_jose::jwe::{self, KeyAlgorithm};
use countersign_jose::{KeyId, PrivateJwk, SigningKey};
use serde_json::json;
use zeroize::Zeroizing;

use super::new::line;
use super::{Purpose, purpose};
use crate::given;
use crate::keyfile::{self, KeyFile, Out, Unlock};
use crate::problem::{Problem, Result, code};
use crate::ui::{Mark, Sheet, Ui, show_json};

/// Write a key in another format
///
/// Reads PEM and DER (PKCS#8, SPKI, SEC1, PKCS#1), JWK, and a JWK under a
/// password. A private key stays private unless --public is given.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  countersign key convert key.pem --out key.jwk\n  countersign key convert key.jwk --to pem --out key.pem\n  countersign key convert rsa.pem --alg PS256 --kid 2026-11 --out rsa.jwk\n  countersign key convert key.pem --new-password @pw.txt --out key.jwe\n  countersign key convert key.jwe --password @pw.txt --to pem --out key.pem"
)]
pub(crate) struct Convert {
    /// The key, or - for stdin
    file: PathBuf,
    /// The format to write
    #[arg(long, value_enum, default_value_t)]
    to: Format,
    /// Write the public half only
    #[arg(long)]
    public: bool,
    /// Say in the JWK which algorithm the key is for
    #[arg(long, value_name = "NAME", value_parser = purpose)]
    alg: Option<Purpose>,
    /// Its name in the JWK [default: the one it has, or its thumbprint]
    #[arg(long, value_name = "NAME", value_parser = keyfile::key_id)]
    kid: Option<KeyId>,
    #[command(flatten)]
    unlock: Unlock,
    /// Encrypt the JWK under this password: @FILE, or - for stdin
    #[arg(long, value_name = "SOURCE", conflicts_with = "public")]
    new_password: Option<String>,
    #[command(flatten)]
    out: Out,
}

/// The formats of a key
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A JSON Web Key
    #[default]
    Jwk,
    /// PKCS#8 or SPKI in PEM
    Pem,
    /// PKCS#8 or SPKI in DER
    Der,
}

impl Convert {
    pub(super) fn run(&self, ui: Ui) -> Result {
        if self.new_password.is_some() && self.to != Format::Jwk {
            return Err(Problem::usage(code::BAD_VALUE, "only a JWK is written under a password")
                .hint("leave `--to` out"));
        }
        let found = match KeyFile::read(&self.file, &self.unlock)? {
            KeyFile::Private(jwk) => KeyFile::Private(self.named(jwk)?),
            public => public,
        };
        let public = self.public || matches!(found, KeyFile::Public(_));
        let bytes = match &found {
            KeyFile::Private(jwk) if !public => self.private(jwk)?,
            _ => self.open(&found)?,
        };
        let written = if public {
            self.out.open(&bytes)?;
            self.out.file()
        } else {
            self.out.secret(&bytes)?
        };
        let Some(path) = written else { return Ok(()) };
        if ui.json {
            show_json(&json!({ "file": path, "private": !public }));
            return Ok(());
        }
        let mut sheet = Sheet::new(ui);
        let who = if public { "the public half" } else { "only you can read it" };
        sheet.marked(Mark::Done, &format!("{} is written; {who}", ui.bold(&path.display().to_string())));
        if self.to != Format::Jwk {
            sheet.marked(Mark::Look, "this format holds neither the key's name nor its algorithm");
        }
        sheet.show();
        Ok(())
    }

    /// The key with the algorithm and the name that it shall have.
    fn named(&self, jwk: PrivateJwk) -> Result<PrivateJwk> {
        let pair = jwk.to_public().is_some();
        let jwk = match self.alg {
            Some(Purpose::Sign(algorithm)) if pair => SigningKey::from_jwk_as(&jwk, algorithm)?.to_jwk()?,
            Some(Purpose::Encrypt(algorithm)) => jwk.for_encryption(algorithm)?,
            Some(purpose) => keyfile::renamed(&jwk, purpose.name())?,
            None => jwk,
        };
        let thumbprint = jwk.to_public().map(|public| public.thumbprint());
        let name = match (&self.kid, jwk.key_id(), thumbprint) {
            (Some(kid), ..) => kid.clone(),
            (None, None, Some(thumbprint)) => KeyId::new(thumbprint)?,
            _ => return Ok(jwk),
        };
        Ok(jwk.with_id(name))
    }

    fn private(&self, jwk: &PrivateJwk) -> Result<Zeroizing<Vec<u8>>> {
        if let Some(source) = &self.new_password {
            let password = given::secret(source, "password")?;
            let password = keyfile::password_key(&password, Some(KeyAlgorithm::Pbes2Hs512A256Kw))?;
            let sealed = jwe::encrypt_jwk(&password, jwk)?;
            return Ok(Zeroizing::new((sealed + "\n").into_bytes()));
        }
        if jwk.to_public().is_none() && self.to != Format::Jwk {
            return Err(Problem::usage(code::BAD_VALUE, "there is no PEM or DER of a shared secret"));
        }
        Ok(match self.to {
            Format::Jwk => Zeroizing::new(line(jwk.to_json()).as_bytes().to_vec()),
            Format::Pem => Zeroizing::new(jwk.to_pkcs8_pem()?.as_bytes().to_vec()),
            Format::Der => jwk.to_pkcs8()?,
        })
    }

    fn open(&self, found: &KeyFile) -> Result<Zeroizing<Vec<u8>>> {
        let mut jwk = found.public()?;
        if let Some(kid) = &self.kid {
            jwk = jwk.with_id(kid.clone());
        }
        Ok(Zeroizing::new(match self.to {
            Format::Jwk => {
                serde_json::to_vec(&jwk).map(|json| [json, b"\n".to_vec()].concat()).unwrap_or_default()
            }
            Format::Pem => jwk.to_spki_pem()?.into_bytes(),
            Format::Der => jwk.to_spki()?,
        }))
    }
}
