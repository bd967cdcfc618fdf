//! The header of a JWE, gathered from up to three places.
//!
//! RFC 7516 4 and 7.2.1. In the compact form all of it is protected. In the JSON form parts may
//! lie in the open; then no name may occur twice, `enc`, `typ` and `cty` count only where they
//! are protected, and the rest is either compared with the key (`alg`, `kid`) or changes the
//! content's key when it is changed. Keys that a token brings along (`jwk`, `x5c`, `jku`,
//! `x5u`) are not read.

use std::borrow::Cow;

use super::{ContentAlgorithm, KeyAlgorithm};
use crate::base64;
use crate::error::Error;
use crate::json::{Object, Value};
use crate::key::KeyId;

/// What a header says to one recipient, read strictly.
#[derive(Debug)]
#[expect(unnameable_types, reason = "seals `Decrypter`: outsiders cannot call what takes it")]
pub struct Header<'a> {
    places: Vec<&'a Object<'a>>,
    pub(super) alg: Cow<'a, str>,
    pub(super) enc: ContentAlgorithm,
    pub(super) kid: Option<KeyId>,
    pub(super) typ: Option<Cow<'a, str>>,
    pub(super) cty: Option<Cow<'a, str>>,
}

impl<'a> Header<'a> {
    /// Reads a header whose `open` parts are not protected.
    pub(super) fn of(protected: &'a Object<'a>, open: &[&'a Object<'a>]) -> Result<Self, Error> {
        let places: Vec<&Object<'_>> = [protected].into_iter().chain(open.iter().copied()).collect();
        for (at, place) in places.iter().enumerate() {
            let later = places.iter().skip(at + 1);
            for (name, _) in place.members() {
                if later.clone().any(|other| other.member(name).is_some()) {
                    return Err(Error::HeaderTwice);
                }
            }
        }
        // RFC 7516 4.1.13: extensions that are not understood must be refused; none are.
        if find(&places, "crit").is_some() {
            return Err(Error::Critical);
        }
        if find(&places, "zip").is_some() {
            return Err(Error::Compressed);
        }
        let alg = text(&places, "alg")?.ok_or(Error::Header { member: "alg" })?;
        if alg == "RSA1_5" {
            return Err(Error::Rsa15);
        }
        let enc = text(&[protected], "enc")?.ok_or(Error::Header { member: "enc" })?;
        let kid = match text(&places, "kid")? {
            Some(kid) => Some(KeyId::new(kid).map_err(|_| Error::Header { member: "kid" })?),
            None => None,
        };
        Ok(Self {
            alg,
            enc: ContentAlgorithm::named(&enc).ok_or(Error::ContentAlgorithm)?,
            kid,
            typ: text(&[protected], "typ")?,
            cty: text(&[protected], "cty")?,
            places,
        })
    }

    /// Whether `alg` sends no encrypted key.
    pub(super) fn is_direct(&self) -> bool {
        KeyAlgorithm::named(&self.alg).is_some_and(KeyAlgorithm::is_direct)
    }

    /// An object that must be there.
    pub(super) fn object(&self, member: &'static str) -> Result<Object<'a>, Error> {
        find(&self.places, member).and_then(Value::object).ok_or(Error::Header { member })
    }

    /// A whole number that must be there.
    pub(super) fn integer(&self, member: &'static str) -> Result<u64, Error> {
        find(&self.places, member).and_then(Value::integer).ok_or(Error::Header { member })
    }

    /// Bytes in base64url that must be there.
    pub(super) fn bytes(&self, member: &'static str) -> Result<Vec<u8>, Error> {
        self.maybe_bytes(member)?.ok_or(Error::Header { member })
    }

    pub(super) fn maybe_bytes(&self, member: &'static str) -> Result<Option<Vec<u8>>, Error> {
        let decode = |text: Cow<'_, str>| base64::decode(text.as_bytes());
        text(&self.places, member)?.map(decode).transpose().map_err(|_| Error::Header { member })
    }
}

fn find<'a>(places: &[&Object<'a>], member: &str) -> Option<Value<'a>> {
    places.iter().find_map(|place| place.member(member))
}

fn text<'a>(places: &[&Object<'a>], member: &'static str) -> Result<Option<Cow<'a, str>>, Error> {
    find(places, member).map(|value| value.text().ok_or(Error::Header { member })).transpose()
}

/// A header being written: names and values, already JSON.
#[derive(Debug, Default)]
pub(super) struct Written(Vec<(&'static str, String)>);

impl Written {
    pub(super) fn text(mut self, name: &'static str, value: Option<&str>) -> Self {
        // `Value` writes what JSON must escape.
        self.0.extend(value.map(|value| (name, serde_json::Value::from(value).to_string())));
        self
    }

    pub(super) fn bytes(self, name: &'static str, value: &[u8]) -> Self {
        self.json(name, format!("\"{}\"", base64::encode(value)))
    }

    pub(super) fn json(mut self, name: &'static str, value: String) -> Self {
        self.0.push((name, value));
        self
    }

    pub(super) fn and(mut self, more: Self) -> Self {
        self.0.extend(more.0);
        self
    }

    /// The JSON, in the order of writing.
    pub(super) fn finish(&self) -> String {
        let members: Vec<String> = self.0.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    }
}
