//! The protected header of a JWS.
//!
//! RFC 7515 4. Only `alg`, `kid`, `typ`, `cty`, `crit` and `b64` are looked at. `jku`, `jwk`,
//! `x5u` and `x5c`, by which a token would bring its own key, are not read: there is no code
//! that could follow them. `alg` is kept as text because it is only ever compared with a key's.

use std::borrow::Cow;

use crate::algorithm::Algorithm;
use crate::error::Error;
use crate::json::Object;
use crate::jws::critical::{self, Encoding};
use crate::key::KeyId;

/// What a header says, read strictly.
#[derive(Debug)]
pub(crate) struct Header<'a> {
    pub(crate) alg: Cow<'a, str>,
    pub(crate) kid: Option<KeyId>,
    pub(crate) typ: Option<Cow<'a, str>>,
    pub(crate) cty: Option<Cow<'a, str>>,
}

impl<'a> Header<'a> {
    /// Reads a header that may demand no extension: all of them where JWTs are read.
    pub(crate) fn parse(json: &'a [u8]) -> Result<Self, Error> {
        let object = Self::object(json)?;
        // RFC 7515 4.1.11: extensions that are not understood must be refused; none are.
        critical::none(&object)?;
        Self::of(&object)
    }

    /// Reads a header that may demand `b64`, and says how the payload was signed.
    pub(crate) fn parse_with_b64(json: &'a [u8]) -> Result<(Self, Encoding), Error> {
        let object = Self::object(json)?;
        Ok((Self::of(&object)?, critical::b64(&object)?))
    }

    pub(crate) fn object(json: &'a [u8]) -> Result<Object<'a>, Error> {
        Object::parse(json).map_err(|flaw| Error::Json { part: "header", flaw })
    }

    pub(crate) fn of(object: &Object<'a>) -> Result<Self, Error> {
        let kid = kid(object)?;
        let alg = text(object, "alg")?.ok_or(Error::Header { member: "alg" })?;
        if alg.eq_ignore_ascii_case("none") {
            return Err(Error::AlgorithmNone);
        }
        Ok(Self { alg, kid, typ: text(object, "typ")?, cty: text(object, "cty")? })
    }

    pub(crate) fn into_owned(self) -> Header<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Header { alg: owned(self.alg), kid: self.kid, typ: self.typ.map(owned), cty: self.cty.map(owned) }
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

/// The `kid` of a protected or an unprotected header.
pub(crate) fn kid(object: &Object<'_>) -> Result<Option<KeyId>, Error> {
    let Some(kid) = text(object, "kid")? else { return Ok(None) };
    KeyId::new(kid).map(Some).map_err(|_| Error::Header { member: "kid" })
}

fn text<'a>(object: &Object<'a>, member: &'static str) -> Result<Option<Cow<'a, str>>, Error> {
    object.member(member).map(|value| value.text().ok_or(Error::Header { member })).transpose()
}

/// A media type as `typ` and `cty` name it: `application/` may be left out (RFC 7515 4.1.9).
pub(crate) fn media_type(name: &str) -> &str {
    name.strip_prefix("application/").unwrap_or(name)
}
