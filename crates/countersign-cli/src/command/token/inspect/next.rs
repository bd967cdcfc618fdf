//! What to type next: the command that checks the token, or decrypts it.
//!
//! It names what the token says of itself, which anybody can have written. So only what every shell reads as one plain word
//! goes in; for anything else stands a placeholder, in capitals.

use countersign_jose::Algorithm;
use countersign_jose::jwe::{KeyAlgorithm, KeyKind};
use serde_json::Value;

use super::parts::Parts;
use crate::command::token::Kind;
use crate::ui::{WIDTH, width};

/// The longest word that is taken over; a longer one would hide the rest of the command.
const LONGEST: usize = 160;

/// What can be done next.
pub(super) struct Next {
    /// What for.
    pub(super) why: &'static str,
    /// The command, over as many lines as it needs.
    pub(super) lines: Vec<String>,
}

/// The command for this token, which was given as `again`; none for what no command checks.
pub(super) fn of(parts: &Parts, again: &str) -> Option<Next> {
    let again = again.strip_prefix('@').map_or("-", |path| file(path).map_or("@FILE", |_| again));
    if parts.sealed.is_some() {
        return Some(Next { why: "to read it:", lines: lines(&decrypt(parts, again)) });
    }
    let claims = parts.claims.as_ref().filter(|_| parts.form != "JSON")?;
    let names = claims.contains_key("iss");
    let why = if names { "to check it, if you trust whom it names:" } else { "to check it:" };
    Some(Next { why, lines: lines(&verify(parts, again)) })
}

fn decrypt(parts: &Parts, again: &str) -> Vec<String> {
    let alg = parts.header.get("alg").and_then(Value::as_str).and_then(KeyAlgorithm::named);
    let password = alg.is_some_and(|alg| alg.kind() == KeyKind::Password);
    let key = if password { "--password @FILE" } else { "--key FILE" };
    vec![format!("countersign jwe decrypt {again}"), key.to_owned()]
}

fn verify(parts: &Parts, again: &str) -> Vec<String> {
    let claim = |name: &str| parts.claims.as_ref().and_then(|claims| claims.get(name));
    let said = |name: &str| claim(name).and_then(Value::as_str).and_then(word);
    let typ = parts.header.get("typ").and_then(Value::as_str);
    let issuer = format!("--issuer {}", said("iss").unwrap_or("URL"));
    let audience = match claim("aud") {
        Some(Value::Array(names)) if names.len() == 1 => names.first().and_then(Value::as_str).and_then(word),
        _ => said("aud"),
    };
    let audience = format!("--audience {}", audience.unwrap_or("NAME"));
    let mut words = vec![format!("countersign token verify {again}")];
    if parts.form == "SD-JWT" {
        words.push(issuer);
        // Whom the holder shows it to is said in the holder's proof.
        let bound = claim("cnf").is_some();
        words.extend(
            bound.then(|| ["--audience NAME", "--nonce TEXT"].map(str::to_owned)).into_iter().flatten(),
        );
        return words;
    }
    let kind = typ.map_or(Some(Kind::Access), Kind::of);
    if kind == Some(Kind::Dpop) {
        let request = ["--method", said("htm").unwrap_or("VERB"), "--uri", said("htu").unwrap_or("URI")];
        let request = request.chunks(2).map(|pair| pair.join(" "));
        if claim("ath").is_none() {
            return words.into_iter().chain(request).collect();
        }
        // It is for a request with a token, and checked beside that.
        words = vec!["countersign token verify @TOKEN".to_owned(), format!("--proof {again}")];
        words.extend(request);
        words.extend(["--issuer URL", "--audience NAME"].map(str::to_owned));
        return words;
    }
    words.extend([issuer, audience]);
    words.extend(kind.is_none().then(|| "--kind KIND".to_owned()));
    let alg = parts.header.get("alg").and_then(Value::as_str).and_then(Algorithm::named);
    match alg.map(Algorithm::name) {
        Some("HS256") => words.push("--secret FILE".to_owned()),
        Some(name @ ("HS384" | "HS512")) => {
            words.extend(["--secret FILE".to_owned(), format!("--alg {name}")]);
        }
        _ if matches!(kind, Some(Kind::Assertion | Kind::Request)) => words.push("--jwks FILE".to_owned()),
        _ => {}
    }
    words
}

/// The text, if it is one plain word to every shell: nothing to expand, to quote, or to take for an option.
fn word(text: &str) -> Option<&str> {
    text.starts_with(|first: char| first.is_ascii_alphanumeric()).then_some(text).and_then(file)
}

/// The same of a path, which may begin with a dot or a slash.
fn file(text: &str) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:/".contains(&byte);
    let good = !text.is_empty() && text.len() <= LONGEST && !text.starts_with('-') && text.bytes().all(plain);
    good.then_some(text)
}

/// The words of a command on lines that fit, as shells take them.
fn lines(words: &[String]) -> Vec<String> {
    const CONTINUED: &str = " \\";
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            // The margin, the indent, and what stands at the end of a line that goes on.
            Some(line) if 4 + width(line) + 1 + width(word) + CONTINUED.len() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            Some(line) => {
                line.push_str(CONTINUED);
                lines.push(format!("  {word}"));
            }
            None => lines.push(word.clone()),
        }
    }
    lines
}
