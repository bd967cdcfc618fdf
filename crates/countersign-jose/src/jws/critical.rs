//! `crit`: the extensions that a header demands.
//!
//! RFC 7515 4.1.11 and RFC 7797 3 and 6. A verifier that ignores `crit` reads a token otherwise
//! than its issuer meant it. So a list that breaks the rules is refused, and so is a name that
//! is not understood. The one extension that is understood is `b64`, and only by the functions
//! whose caller can expect it; to all others, JWTs first (RFC 7797 7), every `crit` is too much.

use core::fmt;

use crate::error::Error;
use crate::json::Object;

/// What is wrong with a `crit` list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CritFlaw {
    /// It is not an array of strings.
    NotAList,
    /// It is there, but lists nothing.
    Empty,
    /// It lists a name twice.
    Twice,
    /// It lists a name that RFC 7515 defines itself.
    Registered,
    /// It lists a name that the protected header does not have.
    Absent,
    /// The header has `b64`, and no `crit` lists it.
    Unlisted,
    /// The signatures of one document do not agree on `b64`.
    Differs,
}

impl fmt::Display for CritFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAList => "it is not an array of strings",
            Self::Empty => "it lists nothing",
            Self::Twice => "it lists a name twice",
            Self::Registered => "it lists a name that is no extension",
            Self::Absent => "it lists a name that the header does not have",
            Self::Unlisted => "the header has `b64`, and it does not list it",
            Self::Differs => "one signature has `b64` and another has not",
        })
    }
}

/// How the payload goes into the signing input (RFC 7797 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Encoding {
    /// As base64url, the rule.
    #[default]
    Base64url,
    /// As it is: `"b64":false`.
    Plain,
}

/// Names that RFC 7515 4.1 defines; no extension may have them.
const REGISTERED: [&str; 11] =
    ["alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit"];

/// Refuses a protected header that demands anything.
pub(crate) fn none(header: &Object<'_>) -> Result<(), Error> {
    if header.member("crit").is_some() {
        return Err(Error::Critical);
    }
    match header.member("b64") {
        Some(_) => Err(Error::CriticalList { flaw: CritFlaw::Unlisted }),
        None => Ok(()),
    }
}

/// Reads `crit` and `b64` of a protected header; nothing else may be demanded.
pub(crate) fn b64(header: &Object<'_>) -> Result<Encoding, Error> {
    let flawed = |flaw| Err(Error::CriticalList { flaw });
    let listed = match header.member("crit") {
        None => Vec::new(),
        Some(list) => match list.texts() {
            None => return flawed(CritFlaw::NotAList),
            Some(names) if names.is_empty() => return flawed(CritFlaw::Empty),
            Some(names) => names,
        },
    };
    // Of more names than the header has members one stands there twice or is no member; so it is found among the first of them,
    // and a list as long as the token costs no more than a short one.
    let looked_at = listed.get(..=header.members().count()).unwrap_or(&listed);
    for (at, name) in looked_at.iter().enumerate() {
        if looked_at.iter().skip(at + 1).any(|other| other == name) {
            return flawed(CritFlaw::Twice);
        }
        if REGISTERED.contains(&name.as_ref()) {
            return flawed(CritFlaw::Registered);
        }
        if header.member(name).is_none() {
            return flawed(CritFlaw::Absent);
        }
    }
    if listed.iter().any(|name| name != "b64") {
        return Err(Error::Critical);
    }
    match header.member("b64") {
        None => Ok(Encoding::Base64url),
        Some(_) if listed.is_empty() => flawed(CritFlaw::Unlisted),
        Some(value) => match value.boolean() {
            None => Err(Error::Header { member: "b64" }),
            Some(true) => Ok(Encoding::Base64url),
            Some(false) => Ok(Encoding::Plain),
        },
    }
}
