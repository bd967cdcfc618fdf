//! `countersign token inspect`: what a token says about itself, which anybody can have written. Checks no signature.

mod lint;
mod next;
mod parts;

use clap::Args;
use serde_json::{Map, Value, json};

use self::lint::Remark;
use self::parts::Parts;
use super::{kind, pasted};
use crate::problem::Result;
use crate::ui::{Mark, Sheet, Ui, plain, show_json};
use crate::when;

/// Show what a token says about itself, without checking it
///
/// Works offline and believes nothing: anybody can have written the token.
/// Takes signed tokens (JWT, JWS as JSON, SD-JWT) and encrypted ones (JWE), of
/// which only the header can be read. Times are shown for people; what is unwise
/// about the token is remarked. `Bearer` before it does no harm.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  countersign token inspect @token.txt\n  pbpaste | countersign token inspect -\n  countersign token inspect @token.txt --json | jq .claims"
)]
pub(crate) struct Inspect {
    /// The token: @FILE, or - for stdin
    token: String,
}

/// Claims whose meaning is worth a word, in the order they are shown.
const CLAIMS: &[(&str, &str)] = &[
    ("iss", ""),
    ("aud", ""),
    ("sub", ""),
    ("client_id", "the application it was issued to"),
    ("iat", ""),
    ("nbf", ""),
    ("exp", ""),
    ("auth_time", ""),
    ("jti", "this token's own name"),
    ("scope", "what it allows"),
    ("sid", "this sign-in at this app"),
    ("gid", "the grant it hangs on"),
    ("rv", ""),
    ("nonce", "binds it to one request"),
    ("azp", "the application it was issued to"),
    ("acr", "how strongly they signed in"),
    ("amr", "by which methods"),
    ("cnf", "no good without proof of this key"),
];

impl Inspect {
    pub(super) fn run(&self, ui: Ui) -> Result {
        let token = pasted::read(&self.token)?;
        let parts = parts::of(&token)?;
        let now = when::now();
        if ui.json {
            show_json(&document(&parts, token.trimmed, now));
        } else {
            sheet(ui, &parts, &self.token, token.trimmed, now).show();
        }
        Ok(())
    }
}

/// The command that checks a token, as its page says it.
#[cfg(test)]
pub(super) fn next_command(token: &str, again: &str) -> Option<String> {
    let parts = parts::of(&pasted::of(token).ok()?).ok()?;
    next::of(&parts, again).map(|next| next.lines.join("\n"))
}

fn document(parts: &Parts, trimmed: Option<&str>, now: u64) -> Value {
    let remarks = lint::remarks(parts, now);
    let remarks = remarks
        .iter()
        .filter(|remark| remark.mark != Mark::Done)
        .map(|remark| json!({ "about": remark.subject, "text": remark.text }));
    let further: Map<String, Value> =
        parts.further.iter().map(|(name, value, _)| (name.clone(), Value::from(value.as_str()))).collect();
    json!({
        "verified": false, "form": parts.form, "header": parts.header, "claims": parts.claims,
        "further": further, "trimmed": trimmed, "remarks": remarks.collect::<Vec<Value>>()
    })
}

fn sheet(ui: Ui, parts: &Parts, again: &str, trimmed: Option<&str>, now: u64) -> Sheet {
    let mut sheet = Sheet::new(ui);
    let next = next::of(parts, again);
    let why = next.as_ref().map_or_else(String::new, |next| format!("; {}", next.why));
    sheet.line(format!("{} {}   read only{why}", ui.mark(Mark::Look), ui.bold("UNVERIFIED")));
    for line in next.iter().flat_map(|next| &next.lines) {
        sheet.line(format!("  {}", ui.copy(line)));
    }
    sheet.gap();
    sheet.prose(&summary(ui, parts));
    sheet.gap();
    let claims = parts.claims.as_ref().map(|claims| rows(claims, now)).unwrap_or_default();
    let rows: Vec<(&str, String, String)> = claims
        .iter()
        .chain(&parts.further)
        .map(|(name, value, remark)| (name.as_str(), value.clone(), remark.clone()))
        .collect();
    sheet.facts(&rows);
    sheet.gap();
    let remarks = lint::remarks(parts, now);
    let done: Vec<String> = remarks
        .iter()
        .filter(|remark| remark.mark == Mark::Done)
        .map(|remark| format!("{} {}", ui.mark(Mark::Done), remark.text))
        .collect();
    if !done.is_empty() {
        sheet.line(done.join("   "));
    }
    let wide = remarks.iter().map(|remark| remark.subject.len()).max().unwrap_or(0).clamp(8, 12);
    for Remark { mark, subject, text } in remarks.iter().filter(|remark| remark.mark != Mark::Done) {
        sheet.marked(*mark, &format!("{subject:<wide$} {text}"));
    }
    if let Some(what) = trimmed {
        sheet.gap();
        sheet.line(ui.dim(&format!("{what} was left out")));
    }
    sheet
}

/// Kind, algorithm, key and length in one line.
fn summary(ui: Ui, parts: &Parts) -> String {
    let text = |name: &str| parts.header.get(name).and_then(Value::as_str);
    let typ = match text("typ") {
        None => "no type".to_owned(),
        Some("JWT" | "jwt") if parts.sealed.is_none() => "JWT, of no special kind".to_owned(),
        Some(typ) => {
            let name = kind::Kind::of(typ).map(kind::Kind::name).or_else(|| kind::other(typ));
            name.map_or_else(|| plain(typ), |name| format!("{name}, {}", plain(typ)))
        }
    };
    let alg = text("alg").map_or_else(|| "no algorithm".to_owned(), plain);
    let enc = text("enc").map(plain).map_or_else(String::new, |enc| format!(" with {enc}"));
    let kid = text("kid").map_or_else(|| "no key named".to_owned(), |kid| format!("key {}", plain(kid)));
    let bytes = format!("{} bytes", when::thousands(u64::try_from(parts.bytes).unwrap_or(u64::MAX)));
    let mut facts = vec![typ, alg + &enc, kid, bytes];
    if parts.form != "compact" {
        facts.push(parts.form.to_owned());
    }
    facts.join(&format!(" {} ", ui.dot()))
}

fn rows(claims: &Map<String, Value>, now: u64) -> Vec<(String, String, String)> {
    let known =
        CLAIMS.iter().filter_map(|(name, remark)| claims.get(*name).map(|value| (*name, value, *remark)));
    let others = claims.iter().filter(|(name, _)| !CLAIMS.iter().any(|(known, _)| known == name));
    let all = known.chain(others.map(|(name, value)| (name.as_str(), value, "")));
    all.map(|(name, value, remark)| {
        let time = matches!(name, "iat" | "nbf" | "exp" | "auth_time").then(|| value.as_u64()).flatten();
        let remark = match (time, name, value.as_u64()) {
            (Some(at), ..) => {
                let date = when::date(at).unwrap_or_else(|| "no date".to_owned());
                format!("{:<14} {date}", when::beside(at, now))
            }
            (None, "rv", Some(position)) => format!("alive at log position {}", when::thousands(position)),
            _ => remark.to_owned(),
        };
        (plain(name), shown(value), remark)
    })
    .collect()
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => plain(text),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().map(shown).collect::<Vec<_>>().join(", ")
        }
        other => plain(&other.to_string()),
    }
}

#[cfg(test)]
mod tests;
