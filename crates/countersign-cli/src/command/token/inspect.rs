//! `countersign token inspect`: what a token says about itself, which anybody can have written. Checks no signature.

use clap::Args;
use countersign_jose::jwt::{self, Unverified};
use serde_json::{Map, Value, json};

use crate::given;
use crate::problem::Result;
use crate::ui::{Mark, Sheet, Ui, plain, show_json};
use crate::when;

/// Show what a token says about itself, without checking it
///
/// Works offline and believes nothing: anybody can have written the token.
/// Times are shown for people; what is unwise about the token is remarked.
#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The token: @FILE, or - for stdin
    token: String,
}

/// One remark on the token.
#[derive(Debug, PartialEq, Eq)]
struct Remark {
    mark: Mark,
    subject: &'static str,
    text: String,
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
];

/// Claims that tell something about a person.
const PERSONAL: &[&str] = &[
    "email",
    "phone_number",
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "address",
    "birthdate",
    "gender",
    "picture",
    "preferred_username",
];

/// Claims that are secrets wherever they stand.
const SECRET: &[&str] = &["password", "passwd", "secret", "client_secret", "api_key", "card_number", "ssn"];

impl Inspect {
    pub(super) fn run(&self, ui: Ui) -> Result {
        let token = given::secret(&self.token, "token")?;
        let seen = jwt::inspect(token.reveal())?;
        let now = when::now();
        if ui.json {
            let (header, claims) = parts(&seen);
            let remarks = remarks(&header, &claims, &seen);
            let remarks = remarks
                .iter()
                .filter(|remark| remark.mark != Mark::Done)
                .map(|remark| json!({ "about": remark.subject, "text": remark.text }));
            let remarks: Vec<Value> = remarks.collect();
            show_json(&json!({ "verified": false, "header": header, "claims": claims, "remarks": remarks }));
        } else {
            let again = if self.token == "-" { "-" } else { self.token.as_str() };
            sheet(ui, &seen, token.reveal().len(), again, now).show();
        }
        Ok(())
    }
}

fn parts(seen: &Unverified) -> (Map<String, Value>, Map<String, Value>) {
    let object = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap_or_default();
    (object(seen.header()), object(seen.claims()))
}

fn sheet(ui: Ui, seen: &Unverified, bytes: usize, again: &str, now: u64) -> Sheet {
    let (header, claims) = parts(seen);
    let mut sheet = Sheet::new(ui);
    let verify = ui.copy(&format!("countersign token verify {}", plain(again)));
    sheet.line(format!(
        "{} {}   read only; to check it: {verify}",
        ui.mark(Mark::Look),
        ui.bold("NOT VERIFIED")
    ));
    sheet.gap();
    let text = |name: &str| header.get(name).and_then(Value::as_str).map(plain);
    let kid = text("kid").map_or_else(|| "no key named".to_owned(), |kid| format!("key {kid}"));
    let facts = [
        text("typ").unwrap_or_else(|| "no type".to_owned()),
        text("alg").unwrap_or_else(|| "no algorithm".to_owned()),
        kid,
        format!("{} bytes", when::thousands(u64::try_from(bytes).unwrap_or(u64::MAX))),
    ];
    sheet.prose(&facts.join(&format!(" {} ", ui.dot())));
    sheet.gap();
    let rows = rows(&claims, now);
    let rows: Vec<(&str, String, String)> =
        rows.iter().map(|(name, value, remark)| (name.as_str(), value.clone(), remark.clone())).collect();
    sheet.facts(&rows);
    sheet.gap();
    let remarks = remarks(&header, &claims, seen);
    let done: Vec<String> = remarks
        .iter()
        .filter(|remark| remark.mark == Mark::Done)
        .map(|remark| format!("{} {}", ui.mark(Mark::Done), remark.text))
        .collect();
    if !done.is_empty() {
        sheet.line(done.join("   "));
    }
    for remark in remarks.iter().filter(|remark| remark.mark != Mark::Done) {
        sheet.marked(remark.mark, &format!("{:<8} {}", remark.subject, remark.text));
    }
    sheet
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

fn remarks(header: &Map<String, Value>, claims: &Map<String, Value>, seen: &Unverified) -> Vec<Remark> {
    let mut list = vec![lifetime(claims), audience(claims)];
    list.extend(strength(header, seen));
    for name in ["jku", "x5u", "jwk", "x5c"].into_iter().filter(|name| header.contains_key(*name)) {
        list.push(Remark {
            mark: Mark::Look,
            subject: name,
            text: "brings its own key: never to be followed".to_owned(),
        });
    }
    if claims.get("iss").and_then(Value::as_str).is_none() {
        list.push(Remark {
            mark: Mark::Look,
            subject: "iss",
            text: "no issuer: nobody can tell whose keys check it".to_owned(),
        });
    }
    for name in SECRET.iter().filter(|name| claims.contains_key(**name)) {
        list.push(Remark {
            mark: Mark::Refused,
            subject: name,
            text: "a secret: whoever sees the token has it".to_owned(),
        });
    }
    for name in PERSONAL.iter().filter(|name| claims.contains_key(**name)) {
        let text = "personal data: whoever sees the token can read it".to_owned();
        list.push(Remark { mark: Mark::Look, subject: name, text });
    }
    list.sort_by_key(|remark| remark.mark != Mark::Refused);
    list
}

fn lifetime(claims: &Map<String, Value>) -> Remark {
    let time = |name: &str| claims.get(name).and_then(Value::as_u64);
    let (mark, text) = match (time("exp"), time("iat").or_else(|| time("nbf"))) {
        (None, _) => (Mark::Refused, "it never expires: nothing takes it back".to_owned()),
        (Some(_), None) => (Mark::Look, "no `iat`: how long it lives cannot be told".to_owned()),
        (Some(exp), Some(iat)) if exp <= iat => (Mark::Refused, "it expires before it was issued".to_owned()),
        (Some(exp), Some(iat)) if exp - iat > 3600 => {
            (Mark::Look, format!("lives {}: long for what cannot be taken back", when::span(exp - iat)))
        }
        (Some(exp), Some(iat)) => (Mark::Done, format!("lives {}", when::span(exp - iat))),
    };
    Remark { mark, subject: "exp", text }
}

fn audience(claims: &Map<String, Value>) -> Remark {
    let (mark, text) = match claims.get("aud") {
        Some(Value::String(_)) => (Mark::Done, "one audience".to_owned()),
        Some(Value::Array(names)) if names.len() == 1 => (Mark::Done, "one audience".to_owned()),
        Some(Value::Array(names)) if names.len() > 1 => {
            (Mark::Look, format!("{} audiences: each can use it at the others", names.len()))
        }
        _ => (Mark::Refused, "no audience: every service that trusts the issuer takes it".to_owned()),
    };
    Remark { mark, subject: "aud", text }
}

fn strength(header: &Map<String, Value>, seen: &Unverified) -> Option<Remark> {
    let alg = header.get("alg").and_then(Value::as_str).unwrap_or_default();
    let bits = seen.signature_len() * 8;
    let (mark, text) = match alg {
        "none" | "" => (Mark::Refused, "unsigned: anybody can have written it".to_owned()),
        "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" if bits < 2048 => {
            (Mark::Refused, format!("an RSA key of {bits} bits: 2,048 is the least"))
        }
        "HS256" | "HS384" | "HS512" => {
            (Mark::Look, "a shared secret: whoever can check it can also make it".to_owned())
        }
        _ if countersign_jose::Algorithm::named(alg).is_some() => {
            (Mark::Done, "key strong enough".to_owned())
        }
        other => (Mark::Look, format!("`{}` is not an algorithm this program knows", plain(other))),
    };
    Some(Remark { mark, subject: "alg", text })
}

#[cfg(test)]
mod tests {
    use countersign_jose::base64::encode;

    use super::*;

    fn token(header: &Value, claims: &Value, signature: &[u8]) -> String {
        format!("{}.{}.{}", encode(header.to_string()), encode(claims.to_string()), encode(signature))
    }

    fn looked_at(header: &Value, claims: &Value, signature: &[u8]) -> String {
        let token = token(header, claims, signature);
        let seen = jwt::inspect(&token).unwrap();
        sheet(Ui::bare(true), &seen, token.len(), "@token.txt", 1_795_425_240).into_text()
    }

    #[test]
    fn an_access_token_in_eighty_columns() {
        let claims = json!({
            "iss": "https://id.shop.example", "aud": "shop-api", "sub": "usr_7f3kq2", "iat": 1_795_424_940,
            "exp": 1_795_425_840, "sid": "q3W9xT0mVbYk2RzLh8uNcA", "rv": 884_213, "email": "ada@marsh.example"
        });
        let text =
            looked_at(&json!({"typ": "at+jwt", "alg": "ES256", "kid": "es256-2026-11"}), &claims, &[1; 64]);
        insta::assert_snapshot!("inspect", text);
    }

    #[test]
    fn a_bad_token_in_eighty_columns() {
        let claims = json!({ "sub": "a".repeat(200), "password": "x", "name": "\u{1b}[31mAda", "aud": [] });
        let text = looked_at(&json!({"alg": "none", "jku": "https://evil.example"}), &claims, &[]);
        assert!(!text.contains('\u{1b}'));
        assert!(text.lines().all(|line| line.chars().count() <= 80));
        insta::assert_snapshot!("inspect_bad", text);
    }

    #[test]
    fn a_short_rsa_key_and_a_long_life_are_remarked() {
        let claims = json!({ "iss": "a", "aud": "b", "iat": 0, "exp": 864_000 });
        let text = looked_at(&json!({"alg": "RS256"}), &claims, &[1; 128]);
        assert!(text.contains("1024 bits") && text.contains("lives 10 days"), "{text}");
    }
}
