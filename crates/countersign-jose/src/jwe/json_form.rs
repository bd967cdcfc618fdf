//! The JSON forms: flattened for one recipient, general for several.
//!
//! RFC 7516 7.2. Strict where the RFC leaves room: a token is of one form only, has none of the
//! members of a signed token, and does not spell out what is empty.

use super::compact::decode;
use super::message::MAX_RECIPIENTS;
use crate::backend::content::Sealed;
use crate::error::Error;
use crate::json::{Object, Value};

/// A token in JSON form, nothing decoded yet.
pub(super) struct JsonForm<'a> {
    /// The protected header as it was sent.
    pub(super) protected: &'a str,
    unprotected: Option<Object<'a>>,
    recipients: Vec<Recipient<'a>>,
    aad: Option<&'a str>,
    iv: &'a str,
    ciphertext: &'a str,
    tag: &'a str,
}

/// What is sent for one of the recipients.
pub(super) struct Recipient<'a> {
    header: Option<Object<'a>>,
    encrypted_key: Option<&'a str>,
}

impl<'a> JsonForm<'a> {
    pub(super) fn read(object: &Object<'a>) -> Result<Self, Error> {
        let has = |member: &str| object.member(member).is_some();
        if has("payload") || has("signature") || has("signatures") {
            return Err(if has("ciphertext") {
                Error::JweShape
            } else {
                Error::Mistaken { expected: "encrypted", found: "signed" }
            });
        }
        let needed = |member| base64(object, member)?.ok_or(Error::JweShape);
        // Without a protected header `enc` would be anybody's to choose.
        let protected = base64(object, "protected")?.ok_or(Error::Header { member: "enc" })?;
        let recipients = match object.member("recipients") {
            Some(_) if has("header") || has("encrypted_key") => return Err(Error::JweShape),
            Some(value) => several(value)?,
            None => vec![Recipient::read(object)?],
        };
        Ok(Self {
            protected,
            unprotected: header(object, "unprotected")?,
            recipients,
            aad: base64(object, "aad")?,
            iv: needed("iv")?,
            ciphertext: base64_or_empty(object, "ciphertext")?.ok_or(Error::JweShape)?,
            tag: needed("tag")?,
        })
    }

    pub(super) fn recipients(&self) -> &[Recipient<'a>] {
        &self.recipients
    }

    pub(super) fn protected(&self) -> Result<Vec<u8>, Error> {
        decode("header", self.protected)
    }

    pub(super) fn aad(&self) -> Result<Vec<u8>, Error> {
        decode("aad", self.aad.unwrap_or_default())
    }

    pub(super) fn sealed(&self) -> Result<Sealed, Error> {
        Ok(Sealed {
            iv: decode("initialisation vector", self.iv)?,
            ciphertext: decode("ciphertext", self.ciphertext)?,
            tag: decode("tag", self.tag)?,
        })
    }
}

impl<'a> Recipient<'a> {
    fn read(object: &Object<'a>) -> Result<Self, Error> {
        Ok(Self { header: header(object, "header")?, encrypted_key: base64(object, "encrypted_key")? })
    }

    /// The headers that lie in the open.
    pub(super) fn open<'b>(&'b self, form: &'b JsonForm<'a>) -> Vec<&'b Object<'a>> {
        form.unprotected.iter().chain(&self.header).collect()
    }

    pub(super) fn encrypted_key(&self) -> Result<Vec<u8>, Error> {
        decode("encrypted key", self.encrypted_key.unwrap_or_default())
    }
}

fn several<'a>(value: Value<'a>) -> Result<Vec<Recipient<'a>>, Error> {
    let items = value.items().filter(|items| !items.is_empty()).ok_or(Error::JweShape)?;
    if items.len() > MAX_RECIPIENTS {
        return Err(Error::Recipients);
    }
    items.into_iter().map(|item| Recipient::read(&item.object().ok_or(Error::JweShape)?)).collect()
}

/// A header in the open, absent when it would be empty (RFC 7516 7.2.1).
fn header<'a>(object: &Object<'a>, member: &str) -> Result<Option<Object<'a>>, Error> {
    let read = |value: Value<'a>| value.object().filter(|header| header.members().next().is_some());
    object.member(member).map(|value| read(value).ok_or(Error::JweShape)).transpose()
}

/// A member in base64url that is absent when it would be empty (RFC 7516 7.2.1).
fn base64<'a>(object: &Object<'a>, member: &str) -> Result<Option<&'a str>, Error> {
    match base64_or_empty(object, member)? {
        Some("") => Err(Error::JweShape),
        text => Ok(text),
    }
}

/// Base64url needs no escapes, so the text is taken as it stands between its quotes.
fn base64_or_empty<'a>(object: &Object<'a>, member: &str) -> Result<Option<&'a str>, Error> {
    let Some(value) = object.member(member) else { return Ok(None) };
    let text = value.raw().strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    text.map(Some).ok_or(Error::JweShape)
}
