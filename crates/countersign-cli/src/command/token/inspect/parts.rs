//! A token taken apart, whatever its form; read as strictly as a verifier reads, believed not at all.
//!
//! RFC 7515 7, RFC 7516 7, RFC 9901 4.

use countersign_jose::base64::{self, decode};
use countersign_jose::json::Object;
use countersign_jose::{Error, jwt};
use serde_json::{Map, Value};

use super::super::pasted::{self, Pasted, Token};
use super::super::verify::told;
use crate::problem::Result;
use crate::ui::plain;
use crate::when;

/// What a token says about itself.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) form: &'static str,
    pub(super) header: Map<String, Value>,
    /// `None` when the payload is not a JSON object, or is sealed.
    pub(super) claims: Option<Map<String, Value>>,
    /// The length of the signature in bytes.
    pub(super) signature: usize,
    pub(super) bytes: usize,
    /// The length of the sealed content in bytes, for an encrypted token.
    pub(super) sealed: Option<usize>,
    /// Name, value and remark of what comes besides the claims.
    pub(super) further: Vec<(String, String, String)>,
}

/// Takes a token apart.
pub(super) fn of(token: &Token) -> Result<Parts> {
    let text = token.text.as_str();
    let parts = match token.what {
        Pasted::Compact => compact(text),
        Pasted::SdJwt => sd_jwt(text),
        Pasted::SignedJson => signed_json(text),
        Pasted::Encrypted => encrypted(text),
        Pasted::EncryptedJson => encrypted_json(text),
    };
    let parts = parts.map_err(|error| pasted::explained(text, &error, told(&error)))?;
    Ok(Parts { bytes: text.len(), ..parts })
}

type Taken = core::result::Result<Parts, Error>;

fn compact(text: &str) -> Taken {
    let form = "compact";
    match jwt::inspect(text) {
        Ok(seen) => {
            let object = |text: &str| serde_json::from_str(text).unwrap_or_default();
            let (header, claims) = (object(seen.header()), Some(object(seen.claims())));
            Ok(Parts { form, header, claims, signature: seen.signature_len(), ..Parts::default() })
        }
        // A JWS may carry anything; one that carries no claims is still a JWS.
        Err(error @ Error::Json { part: "claims", .. }) => {
            let mut parts = text.split('.');
            let (header, payload, signature) = (parts.next(), parts.next(), parts.next());
            let header = read("header", header.unwrap_or_default())?;
            let payload = bytes("payload", payload.unwrap_or_default())?;
            if payload.trim_ascii_start().starts_with(b"{") {
                return Err(error);
            }
            let signature = bytes("signature", signature.unwrap_or_default())?.len();
            let further = vec![payload_row(&payload)];
            Ok(Parts { form, header, signature, further, ..Parts::default() })
        }
        Err(error) => Err(error),
    }
}

fn payload_row(payload: &[u8]) -> (String, String, String) {
    let text = match std::str::from_utf8(payload) {
        Ok(text) => plain(text.get(..200).unwrap_or(text)),
        Err(_) => "bytes that are not text".to_owned(),
    };
    ("payload".to_owned(), text, length(payload.len()))
}

fn length(bytes: usize) -> String {
    format!("{} bytes", when::thousands(u64::try_from(bytes).unwrap_or(u64::MAX)))
}

fn sd_jwt(text: &str) -> Taken {
    let mut pieces = text.split('~');
    let mut parts = compact(pieces.next().unwrap_or_default())?;
    parts.form = "SD-JWT";
    let mut pieces: Vec<&str> = pieces.collect();
    let binding = pieces.pop().filter(|last| !last.is_empty());
    for piece in pieces {
        const FLAW: Error = Error::Disclosure { flaw: "a disclosure is not a list in base64url" };
        let json = decode(piece).map_err(|_| FLAW)?;
        let list: Vec<Value> = serde_json::from_slice(&json).map_err(|_| FLAW)?;
        let (name, value) = match list.as_slice() {
            [_, Value::String(name), value] => (plain(name), value),
            [_, value] => ("(in a list)".to_owned(), value),
            _ => return Err(FLAW),
        };
        parts.further.push((name, super::shown(value), "disclosed; the holder may keep it back".to_owned()));
    }
    let named = parts.claims.as_ref().is_some_and(|claims| claims.contains_key("cnf"));
    let bound = match (binding, named) {
        (Some(_), _) => "with a proof of the holder's key",
        (None, true) => "without: no good until its holder proves the key",
        (None, false) => "without: whoever has a copy can show it",
    };
    parts.further.push(("binding".to_owned(), bound.to_owned(), String::new()));
    Ok(parts)
}

fn signed_json(text: &str) -> Taken {
    let document = strict(text)?;
    let member = |member| Error::Document { member };
    let signatures: Vec<&Map<String, Value>> = match document.get("signatures") {
        Some(list) => {
            list.as_array().ok_or_else(|| member("signatures"))?.iter().filter_map(Value::as_object).collect()
        }
        None => vec![&document],
    };
    let mut parts = Parts { form: "JSON", ..Parts::default() };
    for (place, signature) in signatures.iter().enumerate() {
        let protected = signature.get("protected").and_then(Value::as_str).map(|text| read("header", text));
        let mut header = protected.transpose()?.unwrap_or_default();
        let open = signature.get("header").and_then(Value::as_object).cloned().unwrap_or_default();
        let unprotected: Vec<String> = open.keys().map(|name| plain(name)).collect();
        header.extend(open);
        let value = signature.get("signature").and_then(Value::as_str).ok_or_else(|| member("signature"))?;
        let length = bytes("signature", value)?.len();
        let text = |name: &str| header.get(name).and_then(Value::as_str).map(plain);
        let who = text("kid").map_or_else(|| "no key named".to_owned(), |kid| format!("key {kid}"));
        let what = format!("{}, {who}", text("alg").unwrap_or_else(|| "no algorithm".to_owned()));
        let remark = if unprotected.is_empty() {
            String::new()
        } else {
            format!("in the open, for anybody to change: {}", unprotected.join(", "))
        };
        parts.further.push((format!("signature {}", place + 1), what, remark));
        if place == 0 {
            (parts.header, parts.signature) = (header, length);
        }
    }
    let Some(payload) = document.get("payload").and_then(Value::as_str) else {
        parts
            .further
            .insert(0, ("payload".to_owned(), "detached: it travels elsewhere".to_owned(), String::new()));
        return Ok(parts);
    };
    let payload = match parts.header.get("b64") {
        Some(Value::Bool(false)) => payload.as_bytes().to_vec(),
        _ => bytes("payload", payload)?,
    };
    parts.claims = std::str::from_utf8(&payload).ok().and_then(|text| strict(text).ok());
    if parts.claims.is_none() {
        parts.further.insert(0, payload_row(&payload));
    }
    Ok(parts)
}

fn encrypted(text: &str) -> Taken {
    let mut pieces = text.split('.');
    let header = read("header", pieces.next().unwrap_or_default())?;
    for part in ["encrypted key", "initialisation vector"] {
        bytes(part, pieces.next().unwrap_or_default())?;
    }
    let content = bytes("ciphertext", pieces.next().unwrap_or_default())?;
    let tag = bytes("tag", pieces.next().unwrap_or_default())?;
    if tag.is_empty() {
        return Err(Error::JweShape);
    }
    let mut parts = Parts { form: "compact", header, sealed: Some(content.len()), ..Parts::default() };
    parts.further = sealed_rows(&parts.header, content.len());
    Ok(parts)
}

fn encrypted_json(text: &str) -> Taken {
    let document = strict(text)?;
    let protected = document.get("protected").and_then(Value::as_str).map(|text| read("header", text));
    let mut header = protected.transpose()?.unwrap_or_default();
    header.extend(document.get("unprotected").and_then(Value::as_object).cloned().unwrap_or_default());
    let content = document.get("ciphertext").and_then(Value::as_str).ok_or(Error::JweShape)?;
    let content = bytes("ciphertext", content)?.len();
    let mut parts = Parts { form: "JSON", sealed: Some(content), ..Parts::default() };
    let mut recipients = Vec::new();
    let listed = document.get("recipients").and_then(Value::as_array).cloned().unwrap_or_default();
    let single = Value::Object(document.clone());
    for recipient in if listed.is_empty() { vec![single] } else { listed } {
        let open = recipient.get("header").and_then(Value::as_object).cloned().unwrap_or_default();
        let text =
            |name: &str| open.get(name).or_else(|| header.get(name)).and_then(Value::as_str).map(plain);
        let who = text("kid").map_or_else(|| "no key named".to_owned(), |kid| format!("key {kid}"));
        recipients.push(format!("{}, {who}", text("alg").unwrap_or_else(|| "no algorithm".to_owned())));
        if recipients.len() == 1 {
            parts.header.extend(open);
        }
    }
    parts.header.extend(header);
    parts.further = sealed_rows(&parts.header, content);
    for (place, what) in recipients.into_iter().enumerate() {
        parts.further.push((format!("recipient {}", place + 1), what, String::new()));
    }
    if document.contains_key("aad") {
        parts.further.push((
            "aad".to_owned(),
            "data that everybody can read goes with it".to_owned(),
            String::new(),
        ));
    }
    Ok(parts)
}

/// The header of an encrypted token, and what is behind it.
fn sealed_rows(header: &Map<String, Value>, content: usize) -> Vec<(String, String, String)> {
    let shown = header.iter().filter(|(name, _)| !matches!(name.as_str(), "alg" | "enc" | "kid"));
    let mut rows: Vec<_> = shown
        .map(|(name, value)| {
            let curve = value.get("crv").and_then(Value::as_str).map(plain);
            let value = match (name.as_str(), curve) {
                ("epk", Some(curve)) => format!("a key on {curve}, made for this token"),
                _ => super::shown(value),
            };
            (plain(name), value, String::new())
        })
        .collect();
    rows.push(("content".to_owned(), format!("sealed, {}", length(content)), String::new()));
    rows
}

fn bytes(part: &'static str, text: &str) -> core::result::Result<Vec<u8>, Error> {
    base64::decode(text).map_err(|_| Error::Base64 { part })
}

fn read(part: &'static str, text: &str) -> core::result::Result<Map<String, Value>, Error> {
    let json = bytes(part, text)?;
    Object::parse(&json).map_err(|flaw| Error::Json { part, flaw })?;
    Ok(serde_json::from_slice(&json).unwrap_or_default())
}

fn strict(text: &str) -> core::result::Result<Map<String, Value>, Error> {
    Object::parse(text.as_bytes()).map_err(|flaw| Error::Json { part: "document", flaw })?;
    Ok(serde_json::from_str(text).unwrap_or_default())
}
