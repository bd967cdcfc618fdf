//! `countersign token verify`: signature and claims, by the same verifier that guards use; names the rule that fails.
//!
//! Whether the sign-in behind the token was ended is not in the token: that is `/introspect`'s to say.

use std::path::PathBuf;

use clap::Args;
use countersign_jose::jwt::{self, AccessClaims, IdClaims, LogoutClaims, Profile};
use countersign_jose::{Error, KeySet};
use serde_json::{Value, json};

use super::Kind;
use crate::problem::{Problem, Result, code};
use crate::ui::{Mark, Sheet, Ui, plain, show_json};
use crate::{given, keyfile, when, wire};

/// Check a token: signature, kind, issuer, audience, times
///
/// Names the first rule that fails, with its place in the standard. Without
/// --jwks the keys are fetched from the issuer, if it is on this machine.
#[derive(Debug, Args)]
#[command(override_usage = "countersign token verify --issuer <URL> --audience <NAME> <TOKEN>")]
pub(crate) struct Verify {
    /// The token: @FILE, or - for stdin
    token: String,
    /// Who must have issued it, letter by letter
    #[arg(long, value_name = "URL")]
    issuer: String,
    /// Whom it must be for
    #[arg(long, value_name = "NAME")]
    audience: String,
    /// The issuer's public keys: a JWK Set, one JWK, or a PKCS#8 PEM file
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// What kind of token it must be
    #[arg(long, value_enum, default_value_t)]
    kind: Kind,
}

impl Verify {
    pub(super) fn run(&self, ui: Ui) -> Result {
        let token = given::secret(&self.token, "token")?;
        let keys = match &self.jwks {
            Some(path) => keyfile::key_set(path)?,
            None => self.fetched()?,
        };
        let now = when::now();
        let claims = match self.kind {
            Kind::Access => self.check::<AccessClaims>(keys, token.reveal(), now),
            Kind::Id => self.check::<IdClaims>(keys, token.reveal(), now),
            Kind::Logout => self.check::<LogoutClaims>(keys, token.reveal(), now),
        };
        let claims = claims.map_err(|error| told(&error))?;
        if ui.json {
            show_json(&json!({ "verified": true, "claims": claims }));
        } else {
            sheet(ui, &claims, now).show();
        }
        Ok(())
    }

    fn check<C: Profile>(&self, keys: KeySet, token: &str, now: u64) -> core::result::Result<Value, Error> {
        let verifier = jwt::verifier::<C>(keys).issuer(&self.issuer).audience(&self.audience);
        let claims = verifier.verify(token, now)?;
        Ok(serde_json::to_value(&*claims).unwrap_or(Value::Null))
    }

    fn fetched(&self) -> Result<KeySet> {
        let Some(authority) = wire::this_machine(&self.issuer) else {
            let problem = format!("the keys of `{}` cannot be fetched by this command", self.issuer);
            return Err(Problem::usage(code::NO_TLS, problem)
                .hint(format!("curl -so jwks.json {}/jwks.json, then add --jwks jwks.json", self.issuer)));
        };
        let body = crate::run(wire::fetch(&authority, "/jwks.json"))??;
        KeySet::from_jwks(&body).map_err(Into::into)
    }
}

fn sheet(ui: Ui, claims: &Value, now: u64) -> Sheet {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(plain).unwrap_or_default();
    let mut sheet = Sheet::new(ui);
    sheet.line(format!(
        "{} {}   signature, kind, issuer, audience, times",
        ui.mark(Mark::Done),
        ui.bold("verified")
    ));
    sheet.gap();
    let ends =
        claims.get("exp").and_then(Value::as_u64).map(|exp| when::beside(exp, now)).unwrap_or_default();
    let rows =
        [("iss", text("iss"), ""), ("sub", text("sub"), ""), ("exp", ends, "until then, unless it is ended")];
    let rows: Vec<(&str, String, String)> =
        rows.into_iter().map(|(name, value, remark)| (name, value, remark.to_owned())).collect();
    sheet.facts(&rows);
    sheet.gap();
    sheet.marked(Mark::Look, "whether its sign-in was ended since is not in the token: ask /introspect");
    sheet
}

/// The rule that failed and who made it.
fn told(error: &Error) -> Problem {
    let (rule, hint) = match error {
        Error::TooLarge { .. } => ("RFC 8725 3.11", None),
        Error::Shape => ("RFC 7515 7.1", None),
        Error::Base64 { .. } => ("RFC 7515 2", None),
        Error::Json { .. } => ("RFC 7515 4", None),
        Error::Header { .. } => ("RFC 7515 4.1", None),
        Error::Critical => ("RFC 7515 4.1.11", None),
        Error::Algorithm { .. } => {
            ("RFC 8725 3.1", Some("the algorithm is the key's, whatever the token says"))
        }
        Error::UnknownKey | Error::KeyUnnamed => {
            ("RFC 7515 4.1.4", Some("fetch the issuer's keys again: they may have been rotated"))
        }
        Error::Signature => {
            ("RFC 7515 5.2", Some("the token was changed, or another issuer's key has this name"))
        }
        Error::Type { .. } => ("RFC 8725 3.11", Some("another kind of token? --kind access, id or logout")),
        Error::Claim { .. } => ("RFC 7519 4", None),
        Error::Issuer => {
            ("RFC 7519 4.1.1", Some("issuers are compared letter by letter: look for a slash at the end"))
        }
        Error::Audience => {
            ("RFC 7519 4.1.3", Some("the token is meant for somebody else; token inspect shows for whom"))
        }
        Error::Expired { .. } => ("RFC 7519 4.1.4", None),
        Error::Early { .. } => {
            ("RFC 7519 4.1.5", Some("if the times look right, compare the clocks of both machines"))
        }
        _ => ("RFC 8725", None),
    };
    let message = match error {
        Error::Expired { at } => format!("the token expired {}, {rule}", when::beside(*at, when::now())),
        other => format!("{other}, {rule}"),
    };
    let problem = Problem::refused(error.code(), message);
    match hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}
