//! What is unwise about a token: remarks that need no key.
//!
//! RFC 8725 (best current practice), RFC 7518 8.8 and 4.8.1.2 (PBES2), RFC 7516 4.1.3 (`zip`).

use countersign_jose::Algorithm;
use countersign_jose::jwe::{ContentAlgorithm, KeyAlgorithm, KeyKind};
use serde_json::{Map, Value};

use super::parts::Parts;
use crate::command::token::Kind;
use crate::ui::{Mark, plain};
use crate::when;

/// One remark on the token.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Remark {
    pub(super) mark: Mark,
    pub(super) subject: &'static str,
    pub(super) text: String,
}

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

/// Seconds since 1970 have ten digits until 2286; thirteen are milliseconds.
const MILLISECONDS: u64 = 100_000_000_000;

/// What OWASP asks of PBKDF2 with SHA-256; messages have long been written with far less.
const ENOUGH_ROUNDS: u64 = 600_000;

/// Everything there is to remark, what is refused first.
pub(super) fn remarks(parts: &Parts, now: u64) -> Vec<Remark> {
    let mut list = if parts.sealed.is_some() { sealed(&parts.header) } else { signed(parts, now) };
    list.extend(header(&parts.header));
    list.sort_by_key(|remark| remark.mark != Mark::Refused);
    list
}

fn refused(subject: &'static str, text: impl Into<String>) -> Remark {
    Remark { mark: Mark::Refused, subject, text: text.into() }
}

fn look(subject: &'static str, text: impl Into<String>) -> Remark {
    Remark { mark: Mark::Look, subject, text: text.into() }
}

fn done(subject: &'static str, text: impl Into<String>) -> Remark {
    Remark { mark: Mark::Done, subject, text: text.into() }
}

fn signed(parts: &Parts, now: u64) -> Vec<Remark> {
    let mut list = Vec::new();
    let typ = parts.header.get("typ").and_then(Value::as_str);
    let kind = typ.and_then(Kind::of);
    if let Some(claims) = &parts.claims {
        // An event tells what has happened, and an answer what is so now: neither lives on.
        let lives = !matches!(kind, Some(Kind::Event | Kind::Introspection | Kind::Dpop));
        if lives {
            list.push(lifetime(claims));
        }
        list.extend(times(claims, now));
        // A credential is for whomever its holder shows it to, unless it names somebody.
        let for_anybody = parts.form == "SD-JWT" && !claims.contains_key("aud");
        if kind != Some(Kind::Dpop) {
            list.extend((!for_anybody).then(|| audience(claims)));
            if claims.get("iss").and_then(Value::as_str).is_none() {
                list.push(look("iss", "no issuer: nobody can tell whose keys check it"));
            }
        }
        list.extend(private(claims));
    } else {
        list.push(look("payload", "no claims: these bytes are not a JSON object"));
    }
    list.push(strength(&parts.header, parts.signature));
    if typ.is_none() {
        list.push(look("typ", "no type: it could be taken for another kind of token"));
    }
    list
}

/// What a header of either sort may ask for.
fn header(header: &Map<String, Value>) -> Vec<Remark> {
    let mut list = Vec::new();
    let proof = header.get("typ").and_then(Value::as_str).and_then(Kind::of) == Some(Kind::Dpop);
    for name in ["jku", "x5u", "jwk", "x5c"].into_iter().filter(|name| header.contains_key(*name)) {
        // A proof says which key it proves; whoever reads it compares that key with the token's.
        if !(proof && name == "jwk") {
            list.push(look(name, "brings its own key: never to be followed"));
        }
    }
    if let Some(names) = header.get("crit").and_then(Value::as_array) {
        let names: Vec<String> = names.iter().filter_map(Value::as_str).map(plain).collect();
        let text = format!("demands `{}`: who does not know that must refuse it", names.join("`, `"));
        list.push(look("crit", text));
    }
    if header.get("kid").and_then(Value::as_str).is_some_and(|kid| kid.contains(['/', '\\', '\'', '"', ';']))
    {
        list.push(look("kid", "reads like a path or a query: compare it, never look it up as one"));
    }
    list
}

fn lifetime(claims: &Map<String, Value>) -> Remark {
    let time = |name: &str| claims.get(name).and_then(Value::as_u64);
    match (time("exp"), time("iat").or_else(|| time("nbf"))) {
        (None, _) => refused("exp", "it never expires: nothing takes it back"),
        (Some(_), None) => look("exp", "no `iat`: how long it lives cannot be told"),
        (Some(exp), Some(iat)) if exp <= iat => refused("exp", "it expires before it was issued"),
        (Some(exp), Some(iat)) if exp - iat > 3600 => {
            look("exp", format!("lives {}: long for what cannot be taken back", when::span(exp - iat)))
        }
        (Some(exp), Some(iat)) => done("exp", format!("lives {}", when::span(exp - iat))),
    }
}

fn times(claims: &Map<String, Value>, now: u64) -> Vec<Remark> {
    let time = |name: &str| claims.get(name).and_then(Value::as_u64);
    let mut list = Vec::new();
    for name in ["iat", "nbf", "exp"] {
        match (time(name), claims.get(name)) {
            (Some(at), _) if at > MILLISECONDS => {
                list.push(refused(name, "looks like milliseconds: a token counts seconds"));
            }
            (None, Some(_)) => list.push(refused(name, "is not a whole number of seconds")),
            _ => {}
        }
    }
    if let Some(exp) = time("exp").filter(|exp| *exp <= now) {
        list.push(look("exp", format!("expired {}", when::beside(exp, now))));
    }
    if let Some(nbf) = time("nbf").filter(|nbf| *nbf > now) {
        list.push(look("nbf", format!("not valid yet, only {}", when::beside(nbf, now))));
    }
    list
}

fn audience(claims: &Map<String, Value>) -> Remark {
    match claims.get("aud") {
        Some(Value::String(_)) => done("aud", "one audience"),
        Some(Value::Array(names)) if names.len() == 1 => done("aud", "one audience"),
        Some(Value::Array(names)) if names.len() > 1 => {
            look("aud", format!("{} audiences: each can use it at the others", names.len()))
        }
        _ => refused("aud", "no audience: every service that trusts the issuer takes it"),
    }
}

fn private(claims: &Map<String, Value>) -> Vec<Remark> {
    let secret = SECRET.iter().filter(|name| claims.contains_key(**name));
    let secret = secret.map(|name| refused(name, "a secret: whoever sees the token has it"));
    let personal = PERSONAL.iter().filter(|name| claims.contains_key(**name));
    let personal = personal.map(|name| look(name, "personal data: whoever sees the token can read it"));
    secret.chain(personal).collect()
}

fn strength(header: &Map<String, Value>, signature: usize) -> Remark {
    let name = header.get("alg").and_then(Value::as_str).unwrap_or_default();
    if name.is_empty() || name.eq_ignore_ascii_case("none") {
        return refused("alg", "unsigned: anybody can have written it");
    }
    let Some(algorithm) = Algorithm::named(name) else {
        return look("alg", format!("`{}` is not an algorithm this program knows", plain(name)));
    };
    let bits = signature * 8;
    match algorithm.signature_len() {
        Some(length) if signature != length => {
            let text =
                format!("the signature has {signature} bytes, {name} has {length}: cut short or changed");
            refused("alg", text)
        }
        None if bits < 2048 => {
            refused("alg", format!("an RSA key of {} bits: 2,048 is the least", thousands(bits)))
        }
        _ if name.starts_with("HS") => look("alg", "a shared secret: whoever can check it can also make it"),
        _ => done("alg", "key strong enough"),
    }
}

fn thousands(number: usize) -> String {
    when::thousands(u64::try_from(number).unwrap_or(u64::MAX))
}

/// An encrypted token shows its header only.
fn sealed(header: &Map<String, Value>) -> Vec<Remark> {
    let text = |name: &str| header.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut list = vec![wrapping(text("alg"), header)];
    match ContentAlgorithm::named(text("enc")) {
        Some(_) => list.push(done("enc", "content strongly encrypted")),
        None => list.push(look("enc", "not an algorithm this program knows")),
    }
    if header.contains_key("zip") {
        list.push(refused("zip", "compressed: its length tells what is inside, and it can inflate"));
    }
    let inner = text("cty");
    if inner.eq_ignore_ascii_case("JWT") || inner.eq_ignore_ascii_case("application/jwt") {
        list.push(look("cty", "a token lies in it: decrypt it, then verify what comes out"));
    } else {
        list.push(look("content", "encrypting proves nothing about who wrote it: sign first"));
    }
    list
}

fn wrapping(name: &str, header: &Map<String, Value>) -> Remark {
    if name == "RSA1_5" {
        return refused("alg", "RSA1_5: its padding lets attackers decrypt; use RSA-OAEP-256");
    }
    let Some(algorithm) = KeyAlgorithm::named(name) else {
        return look("alg", format!("`{}` is not an algorithm this program knows", plain(name)));
    };
    match (algorithm.kind(), header.get("p2c").and_then(Value::as_u64)) {
        (KeyKind::Password, None) => refused("p2c", "a password, and nothing says how often it is hashed"),
        (KeyKind::Password, Some(rounds)) if rounds < 1000 => {
            refused("p2c", format!("hashed {} times only: 1,000 is the least", when::thousands(rounds)))
        }
        (KeyKind::Password, Some(rounds)) if rounds > 10 * ENOUGH_ROUNDS => {
            refused("p2c", format!("{} rounds: made to keep its reader busy", when::thousands(rounds)))
        }
        (KeyKind::Password, Some(rounds)) if rounds < ENOUGH_ROUNDS => look(
            "p2c",
            format!(
                "hashed {} times: a password needs {}",
                when::thousands(rounds),
                when::thousands(ENOUGH_ROUNDS)
            ),
        ),
        (KeyKind::Symmetric, _) => look("alg", "a shared secret: whoever can read it can also make it"),
        _ => done("alg", "key well wrapped"),
    }
}
