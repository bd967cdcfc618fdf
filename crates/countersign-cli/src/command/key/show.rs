//! `countersign key public` and `thumbprint`: what everybody may know of a key.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use countersign_jose::jwe::EncryptingKey;
use countersign_jose::{Error, Hash, Jwk, JwkSet, KeyId, VerifyingKey};
use serde_json::{Value, json};

use super::{Purpose, purpose};
use crate::keyfile::{KeyFile, Unlock};
use crate::problem::{Problem, Result, code};
use crate::ui::{Ui, show_json};

/// Print the public half of a key, for whoever must check or encrypt
///
/// A private key (PEM, DER or JWK) is read and its public half printed. A JWK
/// gets the key's thumbprint as its name, unless it has one.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  countersign key public key.pem\n  countersign key public key.pem --set > jwks.json\n  countersign key public old.jwk new.jwk --set > jwks.json\n  countersign key public key.jwk --format pem > public.pem\n  countersign key public mail.pem --alg ECDH-ES > mail.jwk"
)]
pub(crate) struct Public {
    /// The key; several only with --set
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// As a JWK Set, the form in which an issuer publishes keys
    #[arg(long)]
    set: bool,
    /// As JWK, or as SPKI in PEM
    #[arg(long, value_enum, default_value_t, conflicts_with = "set")]
    format: Format,
    /// Which algorithm the key is for, where its file does not say: a PEM
    /// file holds no algorithm, and a curve is taken for one that signs
    #[arg(long, value_name = "NAME", value_parser = purpose)]
    alg: Option<Purpose>,
    #[command(flatten)]
    unlock: Unlock,
}

/// Print the thumbprint of a key: the name that it gives itself (RFC 7638)
///
/// Both halves of a key pair have the same. With --uri as RFC 9278 has it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  countersign key thumbprint key.pem\n  countersign key thumbprint public.jwk --uri"
)]
pub(crate) struct Thumbprint {
    /// The key: PEM, DER or JWK
    file: PathBuf,
    /// By which hash
    #[arg(long, value_enum, default_value_t)]
    hash: By,
    /// As a URI: urn:ietf:params:oauth:jwk-thumbprint:...
    #[arg(long)]
    uri: bool,
    #[command(flatten)]
    unlock: Unlock,
}

/// The forms of a public key
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Jwk,
    Pem,
}

/// The hashes of a thumbprint
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum By {
    #[default]
    #[value(name = "sha-256")]
    Sha256,
    #[value(name = "sha-384")]
    Sha384,
    #[value(name = "sha-512")]
    Sha512,
}

impl Public {
    pub(super) fn run(&self, ui: Ui) -> Result {
        let keys = self.files.iter().map(|path| self.key(path)).collect::<Result<Vec<Jwk>>>()?;
        if self.set {
            return self.publish(keys);
        }
        let [jwk] = keys.as_slice() else {
            return Err(
                Problem::usage(code::BAD_VALUE, "several keys are printed as a set only").hint("add --set")
            );
        };
        match self.format {
            Format::Jwk => show_json(&serde_json::to_value(jwk).unwrap_or(Value::Null)),
            Format::Pem if ui.json => show_json(&json!({ "pem": jwk.to_spki_pem()? })),
            Format::Pem => crate::keyfile::print(jwk.to_spki_pem()?.as_bytes()),
        }
        Ok(())
    }

    fn key(&self, path: &std::path::Path) -> Result<Jwk> {
        let jwk = KeyFile::read(path, &self.unlock)?.public()?;
        let jwk = match self.alg.or_else(|| jwk.algorithm().map(Purpose::Sign)) {
            Some(Purpose::Sign(algorithm)) => VerifyingKey::from_jwk_as(&jwk, algorithm)?.to_jwk(),
            Some(Purpose::Encrypt(algorithm)) => EncryptingKey::from_jwk_as(&jwk, algorithm)?.to_jwk(),
            Some(Purpose::Direct(content)) => {
                let problem = format!("`{}` is for a secret, and this is a key pair", content.name());
                return Err(Problem::usage(code::BAD_VALUE, problem));
            }
            None => jwk,
        };
        if jwk.key_id().is_some() {
            return Ok(jwk);
        }
        let name = KeyId::new(jwk.thumbprint())?;
        Ok(jwk.with_id(name))
    }

    fn publish(&self, keys: Vec<Jwk>) -> Result {
        for (at, key) in keys.iter().enumerate() {
            if keys.iter().skip(at + 1).any(|other| other.key_id() == key.key_id()) {
                return Err(Error::DuplicateKeyId.into());
            }
        }
        show_json(&serde_json::to_value(JwkSet::new(keys)).unwrap_or(Value::Null));
        Ok(())
    }
}

impl Thumbprint {
    pub(super) fn run(&self, ui: Ui) -> Result {
        let jwk = KeyFile::read(&self.file, &self.unlock)?.public()?;
        let hash = match self.hash {
            By::Sha256 => Hash::Sha256,
            By::Sha384 => Hash::Sha384,
            By::Sha512 => Hash::Sha512,
        };
        let (thumbprint, uri) = (jwk.thumbprint_by(hash), jwk.thumbprint_uri(hash));
        if ui.json {
            show_json(&json!({ "thumbprint": thumbprint, "uri": uri }));
        } else {
            println!("{}", if self.uri { uri } else { thumbprint });
        }
        Ok(())
    }
}
