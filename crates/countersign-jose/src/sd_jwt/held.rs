//! A credential in the hands of its holder, and what they show of it.
//!
//! RFC 9901 7.2. Nothing here checks the issuer's signature: a holder who wants to know what they
//! were given asks a [`Verifier`](super::Verifier) first. What is shown brings what it stands in
//! along, because a verifier could not place it otherwise.

use core::fmt;
use std::borrow::Cow;

use serde_json::{Map, Value};

use super::binding;
use super::disclosure::Disclosure;
use super::json::Envelope;
use super::restore::restore;
use super::{MAX_DISCLOSURES, MAX_PRESENTATION, Unsigned};
use crate::algorithm::Hash;
use crate::error::{Error, Fault};
use crate::json::Object;
use crate::jws::compact::Compact;
use crate::jws::document::Document;
use crate::key::{SigningKey, VerifyingKey};

/// An SD-JWT taken apart: cut at its tildes, or read from JSON.
pub(super) struct Parts<'a> {
    /// In the compact form, of several signatures with the first.
    pub(super) token: Cow<'a, str>,
    pub(super) disclosures: Vec<Disclosure>,
    pub(super) binding: Option<Cow<'a, str>>,
    /// What a binding is made over: the compact form of all but the binding.
    pub(super) shown: Cow<'a, str>,
    /// What it was read from, if that was JSON.
    pub(super) document: Option<Document<'a>>,
}

impl<'a> Parts<'a> {
    pub(super) fn split(text: &'a str) -> Result<Self, Error> {
        if text.len() > MAX_PRESENTATION {
            return Err(Error::TooLarge { limit: MAX_PRESENTATION });
        }
        let whole = Error::Disclosure { flaw: "it has no `~`, so it is no SD-JWT" };
        let (before, binding) = text.rsplit_once('~').ok_or(whole)?;
        let mut parts = before.split('~');
        let token = parts.next().unwrap_or_default();
        few(memchr::memchr_iter(b'~', before.as_bytes()).count())?;
        let disclosures = parts.map(Disclosure::parse).collect::<Result<_, _>>()?;
        let shown = text.get(..=before.len()).unwrap_or_default();
        let binding = (!binding.is_empty()).then_some(binding);
        Ok(Self {
            token: token.into(),
            disclosures,
            binding: binding.map(Into::into),
            shown: shown.into(),
            document: None,
        })
    }
}

/// Refuses too many disclosures before any is read.
pub(super) fn few(disclosures: usize) -> Result<(), Error> {
    if disclosures > MAX_DISCLOSURES {
        return Err(Error::Disclosure { flaw: "it has too many disclosures" });
    }
    Ok(())
}

/// A token and disclosures in the compact form, which ends in a tilde.
pub(super) fn shown<'d>(token: &str, disclosures: impl IntoIterator<Item = &'d Disclosure>) -> String {
    let mut text = format!("{token}~");
    for disclosure in disclosures {
        text.push_str(&disclosure.text);
        text.push('~');
    }
    text
}

/// The signed claims, read strictly, with what is disclosed not yet put back.
pub(super) fn signed_claims(payload: &[u8]) -> Result<Map<String, Value>, Error> {
    Object::parse(payload).map_err(|flaw| Error::Json { part: "claims", flaw })?;
    serde_json::from_slice(payload).map_err(|_| Error::OwnClaims)
}

/// A credential as its holder has it.
#[derive(Clone)]
pub struct Held {
    token: String,
    disclosures: Vec<Disclosure>,
    claims: Map<String, Value>,
    digests: Hash,
    envelope: Envelope,
}

impl Held {
    /// Reads a credential. Believes it: the issuer's signature is for a verifier to check.
    ///
    /// # Errors
    /// [`Error::Disclosure`], [`Error::Base64`], [`Error::Json`] for what is no SD-JWT;
    /// [`Error::KeyBinding`] for one that is bound to a verifier already.
    pub fn parse(credential: &str) -> Result<Self, Error> {
        Self::of(Parts::split(credential)?)
    }

    /// Reads a credential in JSON, flattened or general (RFC 9901 8). Believes it as well.
    ///
    /// What is shown of it in the compact form has the first of several signatures, and no name of a
    /// key that stood in an unprotected header; [`Presentation::in_json`] keeps all of them.
    ///
    /// # Errors
    /// As [`Held::parse`]; [`Error::Document`], [`Error::Header`], [`Error::Unprotected`],
    /// [`Error::Critical`] and [`Error::CriticalList`] for what is no such document.
    pub fn parse_json(credential: &str) -> Result<Self, Error> {
        Self::of(Parts::of_json(credential)?)
    }

    fn of(mut parts: Parts<'_>) -> Result<Self, Error> {
        if parts.binding.is_some() {
            return Err(Error::KeyBinding { flaw: "it was made for a verifier already" });
        }
        let token = Compact::split(&parts.token)?;
        let mut claims = signed_claims(&token.payload()?)?;
        // Nothing but base64url is shown on, whoever wrote it.
        token.header().and_then(|_| token.signature())?;
        let digests = restore(&mut claims, &mut parts.disclosures)?;
        let envelope = parts.document.as_ref().map(Envelope::of).transpose()?.unwrap_or_default();
        let token = parts.token.into_owned();
        Ok(Self { token, disclosures: parts.disclosures, claims, digests, envelope })
    }

    /// All claims, as the issuer gave them.
    #[must_use]
    pub const fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// What can be shown or kept back.
    #[must_use]
    pub fn disclosures(&self) -> &[Disclosure] {
        &self.disclosures
    }

    /// Shows what `chosen` says yes to, with what it stands in, and nothing else.
    pub fn present(&self, chosen: impl Fn(&Disclosure) -> bool) -> Presentation {
        let mut shown = vec![false; self.disclosures.len()];
        for (at, _) in self.disclosures.iter().enumerate().filter(|(_, disclosure)| chosen(disclosure)) {
            let mut next = Some(at);
            // Parents form no circle: each was met while its own was put back.
            while let Some(at) = next {
                if let Some(shown) = shown.get_mut(at) {
                    *shown = true;
                }
                next = self.disclosures.get(at).and_then(|disclosure| disclosure.parent);
            }
        }
        let chosen = self.disclosures.iter().zip(&shown).filter(|(_, shown)| **shown);
        let text = self::shown(&self.token, chosen.map(|(disclosure, _)| disclosure));
        Presentation { text, digests: self.digests, envelope: self.envelope.clone(), form: Form::Compact }
    }
}

// Whoever reads a credential in a log could show it.
impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Held(..)")
    }
}

/// What a holder shows, before they say to whom.
#[derive(Clone)]
#[must_use = "choose `bound` or `unbound`"]
pub struct Presentation {
    /// In the compact form.
    text: String,
    digests: Hash,
    envelope: Envelope,
    form: Form,
}

/// How a presentation is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Compact,
    Json,
}

impl Presentation {
    /// Writes it in JSON, for [`verify_json`](super::Verifier::verify_json) (RFC 9901 8): flattened,
    /// or general when the credential came with several signatures. They and what else stood in
    /// their headers are shown on. It is a little longer than the compact form, and no verifier reads
    /// one of more than [`MAX_PRESENTATION`] bytes.
    ///
    /// Of a credential in the compact form, this makes one in JSON without signing it again:
    ///
    /// ```
    /// use countersign_jose::sd_jwt::{Claims, Held, Type};
    /// # use countersign_jose::{Algorithm, SigningKey};
    /// # let key = SigningKey::generate(Algorithm::Es256)?;
    /// # let claims = Claims::new(&serde_json::json!({ "iss": "https://town.example" })).unwrap();
    /// let credential = claims.sign(&key, Type::CREDENTIAL)?;
    /// let document = Held::parse(&credential).unwrap().present(|_| true).in_json().unbound();
    /// let again = Held::parse_json(&document).unwrap().present(|_| true).unbound();
    /// assert_eq!(again, credential);
    /// # Ok::<(), countersign_jose::Fault>(())
    /// ```
    pub fn in_json(self) -> Self {
        Self { form: Form::Json, ..self }
    }

    /// Binds it to one verifier and the nonce that this verifier gave out, with the holder's key.
    ///
    /// # Errors
    /// [`Fault::Crypto`] when the library fails, [`Fault::Claims`] when JSON cannot be written.
    pub fn bound(self, holder: &SigningKey, audience: &str, nonce: &str, now: u64) -> Result<String, Fault> {
        let binding = binding::sign(holder, &self.text, audience, nonce, now, self.digests)?;
        let (before, behind) = self.around_binding();
        Ok(before + &binding + &behind)
    }

    /// As [`Presentation::bound`], up to the signature, which the private half of `holder` must make
    /// elsewhere: in the secure element of a phone.
    ///
    /// # Errors
    /// [`Fault::Claims`] when JSON cannot be written, [`Fault::TooLong`] for an endless nonce.
    pub fn prepare(
        self,
        holder: &VerifyingKey,
        audience: &str,
        nonce: &str,
        now: u64,
    ) -> Result<Unsigned, Fault> {
        let token = binding::prepare(holder, &self.text, audience, nonce, now, self.digests)?;
        let (before, behind) = self.around_binding();
        Ok(Unsigned::new(before, token, behind))
    }

    /// Leaves it unbound: whoever gets a copy can show it to others as their own.
    #[must_use]
    pub fn unbound(self) -> String {
        match self.form {
            Form::Compact => self.text,
            Form::Json => {
                let (before, behind) = self.envelope.around(&self.text);
                before + &behind
            }
        }
    }

    fn around_binding(self) -> (String, String) {
        match self.form {
            Form::Compact => (self.text, String::new()),
            Form::Json => self.envelope.around_binding(&self.text),
        }
    }
}

impl fmt::Debug for Presentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Presentation(..)")
    }
}
