//! The JSON forms: flattened with one signature, general with several.
//!
//! RFC 9901 8. `disclosures` and `kb_jwt` stand in the unprotected header of the first signature and
//! nowhere else, and a binding is made over the compact form that has this signature. The rest is a
//! JWS in JSON, read as strictly as every other; being a JWT, it may demand nothing in its headers
//! (RFC 7797 7). Whose signatures must be good is decided in [`super::verifier`].

use serde_json::Value;

use super::MAX_PRESENTATION;
use super::disclosure::Disclosure;
use super::held::{Parts, few, shown};
use crate::error::Error;
use crate::header::Header;
use crate::json::{Flaw, MAX_MEMBERS, Object};
use crate::jws::MaxLength;
use crate::jws::document::{Document, absent};

const DISCLOSURES: &str = "disclosures";
const BINDING: &str = "kb_jwt";
/// What only the first unprotected header may have (RFC 9901 8.1 and 8.3).
const OURS: [&str; 2] = [DISCLOSURES, BINDING];

/// As long as the compact form may be.
const LIMIT: MaxLength = match MaxLength::bytes(MAX_PRESENTATION) {
    Some(limit) => limit,
    None => MaxLength::DEFAULT,
};

impl<'a> Parts<'a> {
    /// Takes a document apart.
    pub(super) fn of_json(json: &'a str) -> Result<Self, Error> {
        let document = Document::parse_jwt(json, LIMIT)?;
        // Beside the payload they stood in drafts of RFC 9901.
        document.without(&OURS)?;
        let (first, others) =
            document.signatures.split_first().ok_or(Error::Document { member: "signatures" })?;
        for one in &document.signatures {
            absent(&Header::object(&one.protected()?)?, &OURS)?;
        }
        for header in others.iter().filter_map(|one| one.unprotected.as_ref()) {
            absent(header, &OURS)?;
        }
        let member = |name| first.unprotected.as_ref().and_then(|header| header.member(name));
        let texts = match member(DISCLOSURES) {
            None => Vec::new(),
            Some(list) => list.texts().ok_or(Error::Document { member: DISCLOSURES })?,
        };
        few(texts.len())?;
        let disclosures: Vec<_> =
            texts.iter().map(|text| Disclosure::parse(text)).collect::<Result<_, _>>()?;
        let binding = match member(BINDING) {
            None => None,
            Some(token) => Some(token.text().ok_or(Error::Document { member: BINDING })?),
        };
        let token = first.compact(&document.attached()?);
        let shown = shown(&token, &disclosures);
        Ok(Self { token: token.into(), disclosures, binding, shown: shown.into(), document: Some(document) })
    }
}

/// What a document says beyond its compact form: other signatures, and other members of the first
/// unprotected header. A holder shows it on as it came, because some verifier may look for it.
#[derive(Clone, Default)]
pub(super) struct Envelope {
    /// Members, a comma before each.
    beside: String,
    /// Signatures, a comma before each.
    others: String,
}

impl Envelope {
    /// That of a document, unless no reader would take it once a binding is there as well.
    pub(super) fn of(document: &Document<'_>) -> Result<Self, Error> {
        let mut signatures = document.signatures.iter();
        let open = signatures.next().and_then(|first| first.unprotected.as_ref());
        let members = open.into_iter().flat_map(Object::members);
        let beside: Vec<_> = members.filter(|(name, _)| !OURS.contains(name)).collect();
        if beside.len() + OURS.len() > MAX_MEMBERS {
            return Err(Error::Json { part: "header", flaw: Flaw::TooMany });
        }
        // `Value` writes what JSON must escape.
        let beside =
            beside.into_iter().map(|(name, value)| format!(",{}:{}", Value::from(name), value.raw()));
        let others = signatures.map(|one| format!(",{}", one.raw));
        Ok(Self { beside: beside.collect(), others: others.collect() })
    }

    /// That of a credential which has the signatures of these tokens as well.
    pub(super) fn signed_also(tokens: &[String]) -> Self {
        let signature = |token: &String| format!(",{{{}}}", members(token).1);
        Self { beside: String::new(), others: tokens.iter().map(signature).collect() }
    }

    /// The document of what is shown, cut where the header of the first signature ends: what stands
    /// before, and what stands behind.
    ///
    /// INVARIANT: all of `shown` is base64url between its dots and tildes, so nothing is escaped.
    pub(super) fn around(&self, shown: &str) -> (String, String) {
        let Self { beside, others } = self;
        let mut parts = shown.split_terminator('~');
        let (payload, first) = members(parts.next().unwrap_or_default());
        let disclosures: Vec<String> = parts.map(|text| format!("\"{text}\"")).collect();
        let first = format!(r#"{first},"header":{{"{DISCLOSURES}":[{}]{beside}"#, disclosures.join(","));
        if others.is_empty() {
            (format!("{{{payload},{first}"), "}}".to_owned())
        } else {
            (format!(r#"{{{payload},"signatures":[{{{first}"#), format!("}}}}{others}]}}"))
        }
    }

    /// As [`Envelope::around`], cut where a binding stands.
    pub(super) fn around_binding(&self, shown: &str) -> (String, String) {
        let (before, behind) = self.around(shown);
        (format!(r#"{before},"{BINDING}":""#), format!("\"{behind}"))
    }
}

/// The members that a token becomes in JSON: that of its payload, and those of its signature.
fn members(token: &str) -> (String, String) {
    let (input, signature) = token.rsplit_once('.').unwrap_or_default();
    let (protected, payload) = input.split_once('.').unwrap_or_default();
    (format!(r#""payload":"{payload}""#), format!(r#""protected":"{protected}","signature":"{signature}""#))
}
