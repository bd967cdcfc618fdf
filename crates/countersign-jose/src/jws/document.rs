//! The JSON forms of a JWS, read strictly: flattened and general.
//!
//! RFC 7515 7.2 and RFC 7797 5.3. The two forms exclude each other, a name stands in the
//! protected or in the unprotected header of a signature but not in both, `alg` is protected
//! (RFC 8725 3.1), and what could also be a JWE is neither. Which signatures must be good is
//! decided in [`super::policy`].

use crate::base64;
use crate::error::Error;
use crate::header::{self, Header};
use crate::json::{Flaw, Object};
use crate::jws::MaxLength;
use crate::jws::content;
use crate::jws::critical::{self, CritFlaw, Encoding};
use crate::jws::trusted::Key;

/// The most signatures that one document may have: each may cost a check with every key.
pub const MAX_SIGNATURES: usize = 16;

/// Members that only a JWE has (RFC 7516 7.2).
const OF_A_JWE: [&str; 5] = ["ciphertext", "encrypted_key", "recipients", "iv", "tag"];

/// A document whose form is right and whose signatures are not checked yet.
pub(crate) struct Document<'a> {
    object: Object<'a>,
    encoding: Encoding,
    /// At least one.
    pub(crate) signatures: Vec<Candidate<'a>>,
}

/// One signature of a document, with what its headers say.
pub(crate) struct Candidate<'a> {
    /// The whole of it as it was sent.
    pub(crate) raw: &'a str,
    /// The protected header as it was sent.
    sent: String,
    pub(crate) unprotected: Option<Object<'a>>,
    /// `kid` may be unprotected: it only names a key.
    pub(super) header: Header<'static>,
    encoding: Encoding,
    signature: Vec<u8>,
}

/// Reads what a protected header demands.
type Demands = fn(&Object<'_>) -> Result<Encoding, Error>;

impl<'a> Document<'a> {
    /// A document whose headers may demand `b64`.
    pub(super) fn parse(json: &'a str, limit: MaxLength) -> Result<Self, Error> {
        Self::demanding(json, limit, critical::b64)
    }

    /// A document whose headers may demand nothing: where its payload is that of a JWT (RFC 7797 7).
    pub(crate) fn parse_jwt(json: &'a str, limit: MaxLength) -> Result<Self, Error> {
        Self::demanding(json, limit, |header| critical::none(header).map(|()| Encoding::Base64url))
    }

    fn demanding(json: &'a str, limit: MaxLength, demands: Demands) -> Result<Self, Error> {
        limit.admit(json)?;
        let object =
            Object::parse(json.as_bytes()).map_err(|flaw| Error::Json { part: "signed document", flaw })?;
        absent(&object, &OF_A_JWE)?;
        let signatures = match object.member("signatures") {
            None => vec![Candidate::read(json, &object, demands)?],
            Some(list) => {
                absent(&object, &["protected", "header", "signature"])?;
                let items = list.items().unwrap_or_default();
                if items.is_empty() || items.len() > MAX_SIGNATURES {
                    return Err(Error::Document { member: "signatures" });
                }
                let read = |item: crate::json::Value<'a>| {
                    let object = item.object().ok_or(Error::Document { member: "signatures" })?;
                    Candidate::read(item.raw(), &object, demands)
                };
                items.into_iter().map(read).collect::<Result<_, _>>()?
            }
        };
        // RFC 7797 3: all signatures of a document have the same `b64`.
        let encoding = signatures.first().map(|one| one.encoding).unwrap_or_default();
        if signatures.iter().any(|one| one.encoding != encoding) {
            return Err(Error::CriticalList { flaw: CritFlaw::Differs });
        }
        Ok(Self { object, encoding, signatures })
    }

    /// The payload that stands in the document.
    pub(crate) fn attached(&self) -> Result<Vec<u8>, Error> {
        let text = text(&self.object, "payload")?;
        match self.encoding {
            Encoding::Base64url => base64::decode(text).map_err(|_| Error::Base64 { part: "payload" }),
            Encoding::Plain => Ok(text.into_bytes()),
        }
    }

    /// Refuses a document that brings a payload although one came apart from it.
    pub(super) fn without_payload(&self) -> Result<(), Error> {
        self.without(&["payload"])
    }

    /// Refuses a document that has one of these members outside its headers.
    pub(crate) fn without(&self, members: &[&'static str]) -> Result<(), Error> {
        absent(&self.object, members)
    }
}

impl<'a> Candidate<'a> {
    fn read(raw: &'a str, object: &Object<'a>, demands: Demands) -> Result<Self, Error> {
        let unprotected = match object.member("header") {
            None => None,
            Some(value) => {
                // RFC 7515 7.2.1: absent when it would be empty.
                let header = value.object().filter(|header| header.members().next().is_some());
                Some(header.ok_or(Error::Document { member: "header" })?)
            }
        };
        let open = unprotected.as_ref();
        for member in ["alg", "crit", "b64"] {
            if open.is_some_and(|header| header.member(member).is_some()) {
                return Err(Error::Unprotected { member });
            }
        }
        let sent = text(object, "protected")?;
        let bytes = base64::decode(&sent).map_err(|_| Error::Base64 { part: "header" })?;
        let protected = Header::object(&bytes)?;
        if let Some(header) = open
            && header.members().any(|(name, _)| protected.member(name).is_some())
        {
            return Err(Error::Json { part: "header", flaw: Flaw::Duplicate });
        }
        let encoding = demands(&protected)?;
        let mut header = Header::of(&protected)?.into_owned();
        if let Some(open) = open {
            header.kid = header.kid.or(header::kid(open)?);
        }
        let signature =
            base64::decode(text(object, "signature")?).map_err(|_| Error::Base64 { part: "signature" })?;
        Ok(Self { raw, sent, unprotected, header, encoding, signature })
    }

    /// The protected header.
    pub(crate) fn protected(&self) -> Result<Vec<u8>, Error> {
        base64::decode(&self.sent).map_err(|_| Error::Base64 { part: "header" })
    }

    /// The compact form that has this signature. What nobody has protected is not in it.
    pub(crate) fn compact(&self, payload: &[u8]) -> String {
        let (payload, signature) = (base64::encode(payload), base64::encode(&self.signature));
        [self.sent.as_str(), &payload, &signature].join(".")
    }

    /// Whether this key made the signature over this payload.
    pub(super) fn is_by(&self, key: Key<'_>, payload: &[u8]) -> bool {
        key.verify(&content::input(&self.sent, payload, self.encoding), &self.signature)
    }
}

fn text(object: &Object<'_>, member: &'static str) -> Result<String, Error> {
    let text = object.member(member).and_then(|value| value.text());
    text.map(Into::into).ok_or(Error::Document { member })
}

/// Refuses an object that has one of these members.
pub(crate) fn absent(object: &Object<'_>, members: &[&'static str]) -> Result<(), Error> {
    match members.iter().find(|member| object.member(member).is_some()) {
        Some(member) => Err(Error::Document { member }),
        None => Ok(()),
    }
}
