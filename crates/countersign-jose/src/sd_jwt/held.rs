//! A credential in the hands of its holder, and what they show of it.
//!
//! RFC 9901 7.2. Nothing here checks the issuer's signature: a holder who wants to know what they
//! were given asks a [`Verifier`](super::Verifier) first. What is shown brings what it stands in
//! along, because a verifier could not place it otherwise.

use core::fmt;

use serde_json::{Map, Value};

use super::binding;
use super::disclosure::Disclosure;
use super::restore::restore;
use super::{MAX_DISCLOSURES, MAX_PRESENTATION, Unsigned};
use crate::algorithm::Hash;
use crate::error::{Error, Fault};
use crate::json::Object;
use crate::jws::compact::Compact;
use crate::key::{SigningKey, VerifyingKey};

/// An SD-JWT cut at its tildes.
pub(super) struct Parts<'a> {
    pub(super) token: &'a str,
    pub(super) disclosures: Vec<Disclosure>,
    pub(super) binding: Option<&'a str>,
    /// What a binding is made over: all but the binding.
    pub(super) shown: &'a str,
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
        if memchr::memchr_iter(b'~', before.as_bytes()).count() > MAX_DISCLOSURES {
            return Err(Error::Disclosure { flaw: "it has too many disclosures" });
        }
        let disclosures = parts.map(Disclosure::parse).collect::<Result<_, _>>()?;
        let shown = text.get(..=before.len()).unwrap_or_default();
        Ok(Self { token, disclosures, binding: (!binding.is_empty()).then_some(binding), shown })
    }
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
}

impl Held {
    /// Reads a credential. Believes it: the issuer's signature is for a verifier to check.
    ///
    /// # Errors
    /// [`Error::Disclosure`], [`Error::Base64`], [`Error::Json`] for what is no SD-JWT;
    /// [`Error::KeyBinding`] for one that is bound to a verifier already.
    pub fn parse(credential: &str) -> Result<Self, Error> {
        let mut parts = Parts::split(credential)?;
        if parts.binding.is_some() {
            return Err(Error::KeyBinding { flaw: "it was made for a verifier already" });
        }
        let mut claims = signed_claims(&Compact::split(parts.token)?.payload()?)?;
        let digests = restore(&mut claims, &mut parts.disclosures)?;
        Ok(Self { token: parts.token.to_owned(), disclosures: parts.disclosures, claims, digests })
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
        let mut text = format!("{}~", self.token);
        for (disclosure, _) in self.disclosures.iter().zip(&shown).filter(|(_, shown)| **shown) {
            text.push_str(&disclosure.text);
            text.push('~');
        }
        Presentation { text, digests: self.digests }
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
    text: String,
    digests: Hash,
}

impl Presentation {
    /// Binds it to one verifier and the nonce that this verifier gave out, with the holder's key.
    ///
    /// # Errors
    /// [`Fault::Crypto`] when the library fails, [`Fault::Claims`] when JSON cannot be written.
    pub fn bound(self, holder: &SigningKey, audience: &str, nonce: &str, now: u64) -> Result<String, Fault> {
        let binding = binding::sign(holder, &self.text, audience, nonce, now, self.digests)?;
        Ok(self.text + &binding)
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
        Ok(Unsigned::new(self.text, token, String::new()))
    }

    /// Leaves it unbound: whoever gets a copy can show it to others as their own.
    #[must_use]
    pub fn unbound(self) -> String {
        self.text
    }
}

impl fmt::Debug for Presentation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Presentation(..)")
    }
}
