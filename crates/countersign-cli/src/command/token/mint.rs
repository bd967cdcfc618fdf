//! `countersign token mint`: a token signed with a key of your own, to try a verifier with.
//!
//! No grant stands behind it: Countersign itself refuses it, other people's verifiers take it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use countersign_jose::jwt::{self, AccessClaims, Audience, IdClaims, LogoutClaims};
use countersign_jose::{KeyId, SigningKey, base64, primitive};
use serde_json::json;

use super::Kind;
use crate::problem::{Problem, Result, code};
use crate::ui::{Ui, show_json};
use crate::{keyfile, settings, when};

/// Make a token with a key file, to try a verifier with
///
/// No sign-in stands behind it: Countersign itself refuses it, and a verifier
/// takes it only if it trusts the key. countersign key new makes a key.
#[derive(Debug, Args)]
#[command(
    override_usage = "countersign token mint --key <FILE> --issuer <URL> \\\n         --audience <NAME> --subject <NAME>"
)]
pub(crate) struct Mint {
    /// The private key: a PKCS#8 PEM file
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The name of the key in the token [default: its thumbprint]
    #[arg(long, value_name = "NAME")]
    kid: Option<String>,
    /// Who issues it
    #[arg(long, value_name = "URL")]
    issuer: String,
    /// Whom it is for
    #[arg(long, value_name = "NAME")]
    audience: String,
    /// Whom it is about
    #[arg(long, value_name = "NAME")]
    subject: String,
    /// The application it is issued to [default: the audience]
    #[arg(long, value_name = "APP")]
    client: Option<String>,
    /// What it allows
    #[arg(long, value_name = "WORDS")]
    scope: Option<String>,
    /// How long it lives, a day at most
    #[arg(long, value_name = "SPAN", default_value = "10 min", value_parser = lifetime)]
    lifetime: Duration,
    /// What kind of token it is
    #[arg(long, value_enum, default_value_t)]
    kind: Kind,
}

fn lifetime(text: &str) -> core::result::Result<Duration, String> {
    let span = settings::span(text).map_err(|why| format!("it {why}"))?;
    if span > Duration::from_secs(86_400) { Err("it is longer than a day".to_owned()) } else { Ok(span) }
}

impl Mint {
    pub(super) fn run(&self, ui: Ui) -> Result {
        let mut key = keyfile::signing_key(&self.key, None)?;
        if let Some(kid) = &self.kid {
            let kid =
                KeyId::new(kid.as_str()).map_err(|error| Problem::usage(error.code(), error.to_string()))?;
            key = key.with_id(kid);
        }
        let token = self.signed(&key, when::now())?;
        if ui.json {
            show_json(&json!({ "token": token, "kid": key.key_id().as_str() }));
        } else {
            println!("{token}");
        }
        Ok(())
    }

    fn signed(&self, key: &SigningKey, iat: u64) -> Result<String> {
        let exp = iat.saturating_add(self.lifetime.as_secs());
        let (iss, sub) = (self.issuer.clone(), self.subject.clone());
        let aud = Audience::of([self.audience.as_str()]);
        let client_id = self.client.clone().unwrap_or_else(|| self.audience.clone());
        if self.scope.is_some() && self.kind != Kind::Access {
            return Err(Problem::usage(code::BAD_VALUE, "`--scope` belongs to access tokens"));
        }
        let scope = self.scope.clone();
        let jti = name()?;
        let token = match self.kind {
            Kind::Access => {
                let claims = AccessClaims {
                    iss,
                    sub,
                    aud,
                    client_id,
                    iat,
                    exp,
                    jti,
                    scope,
                    ..AccessClaims::default()
                };
                jwt::sign(key, &claims)?
            }
            Kind::Id => jwt::sign(key, &IdClaims { iss, sub, aud, iat, exp, ..IdClaims::default() })?,
            Kind::Logout => {
                jwt::sign(key, &LogoutClaims { iss, aud, iat, exp, jti, sub: Some(sub), sid: None })?
            }
        };
        Ok(token)
    }
}

fn name() -> Result<String> {
    let mut bytes = [0; 16];
    primitive::fill_random(&mut bytes)?;
    Ok(base64::encode(bytes))
}
