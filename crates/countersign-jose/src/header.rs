//! The protected header of a JWS.
//!
//! RFC 7515 4. Only `alg`, `kid`, `typ` and `crit` are looked at. `jku`, `jwk`, `x5u` and
//! `x5c`, by which a token would bring its own key, are not read: there is no code that could
//! follow them. `alg` is kept as text because it is only ever compared with a key's.

use std::borrow::Cow;

use crate::algorithm::Algorithm;
use crate::error::Error;
use crate::json::Object;
use crate::key::KeyId;

/// What a header says, read strictly.
#[derive(Debug)]
pub(crate) struct Header<'a> {
    pub(crate) alg: Cow<'a, str>,
    pub(crate) kid: Option<KeyId>,
    pub(crate) typ: Option<Cow<'a, str>>,
}

impl<'a> Header<'a> {
    pub(crate) fn parse(json: &'a [u8]) -> Result<Self, Error> {
        let object = Object::parse(json).map_err(|flaw| Error::Json { part: "header", flaw })?;
        // RFC 7515 4.1.11: extensions that are not understood must be refused; none are.
        if object.member("crit").is_some() {
            return Err(Error::Critical);
        }
        let text = |member: &'static str| {
            object.member(member).map(|value| value.text().ok_or(Error::Header { member })).transpose()
        };
        let kid = match text("kid")? {
            Some(kid) => Some(KeyId::new(kid).map_err(|_| Error::Header { member: "kid" })?),
            None => None,
        };
        let alg = text("alg")?.ok_or(Error::Header { member: "alg" })?;
        Ok(Self { alg, kid, typ: text("typ")? })
    }

    /// The header's JSON: `alg`, `typ`, `kid`, in this order.
    pub(crate) fn write(algorithm: Algorithm, typ: Option<&str>, kid: Option<&KeyId>) -> String {
        let mut json = String::new();
        Self::write_onto(&mut json, algorithm, typ, kid);
        json
    }

    /// Appends what [`Header::write`] gives.
    pub(crate) fn write_onto(
        json: &mut String,
        algorithm: Algorithm,
        typ: Option<&str>,
        kid: Option<&KeyId>,
    ) {
        json.push_str(r#"{"alg":""#);
        json.push_str(algorithm.name());
        json.push('"');
        for (name, value) in [(r#","typ":"#, typ), (r#","kid":"#, kid.map(KeyId::as_str))] {
            if let Some(value) = value {
                json.push_str(name);
                push_text(json, value);
            }
        }
        json.push('}');
    }
}

/// Appends a JSON string.
fn push_text(json: &mut String, text: &str) {
    if text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        // `Value` writes what JSON must escape.
        json.push_str(&serde_json::Value::from(text).to_string());
    } else {
        json.push('"');
        json.push_str(text);
        json.push('"');
    }
}
