//! Claims by name and type: absent, or right, or refused.
//!
//! RFC 7519 4. A claim of the wrong type is never taken for an absent one; several libraries
//! were forged into that way.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use crate::error::{ClaimFlaw, Error, defined};
use crate::json::{Flat, Flaw, Object, Value};
use crate::jwt::{Audience, AudienceView};

/// The last second of the year 9999. Later times are a mistake or a trick.
const LATEST: u64 = 253_402_300_799;

/// Which section a claim breaks, in one kind of token.
type Rule = fn(&str, ClaimFlaw) -> &'static str;

/// The claims of a token whose signature was checked.
#[expect(unnameable_types, reason = "seals `Profile`: outsiders cannot call what takes it")]
pub struct Claims<'a> {
    rule: Rule,
    text: &'a str,
    flat: Flat<'a>,
    /// Read only where the quick reader will not.
    strict: Option<Object<'a>>,
}

impl<'a> Claims<'a> {
    /// Claims of which each means what it means everywhere.
    pub(crate) fn parse(json: &'a [u8]) -> Result<Self, Error> {
        Self::parse_by(|claim, _| defined(claim), json)
    }

    /// Claims of a kind of token that says which section each breaks.
    pub(crate) fn parse_by(rule: Rule, json: &'a [u8]) -> Result<Self, Error> {
        let mut claims = Self::unread(rule);
        claims.fill(json)?;
        Ok(claims)
    }

    /// Claims of which nothing was read yet, to be filled where they stand: they are large, and
    /// to move them costs as much as to read them.
    #[inline]
    pub(crate) const fn unread(rule: Rule) -> Self {
        Self { rule, text: "", flat: Flat::unread(), strict: None }
    }

    /// Reads a document into claims of which nothing was read yet.
    #[inline]
    pub(crate) fn fill(&mut self, json: &'a [u8]) -> Result<(), Error> {
        self.text = core::str::from_utf8(json).map_err(|_| faulty(Flaw::NotUtf8))?;
        if self.flat.read(self.text).is_none() {
            self.strict = Some(Object::parse_text(self.text).map_err(faulty)?);
        }
        Ok(())
    }

    // From here to the claim's reader all is inlined, so that the number of a claim's name is known to the compiler.
    #[inline(always)]
    fn member(&self, claim: &str) -> Option<Value<'a>> {
        match &self.strict {
            None => self.flat.member(claim),
            Some(object) => object.member(claim),
        }
    }

    fn optional<T>(
        &self,
        claim: &'static str,
        read: impl FnOnce(Value<'a>) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        self.typed(claim, self.member(claim).map(read))
    }

    /// The claim, if there is one, and what it is as a text.
    #[inline(always)]
    fn found(&self, claim: &str) -> Option<Option<Cow<'a, str>>> {
        match &self.strict {
            None => self.flat.plain(claim).map(|text| text.map(Cow::Borrowed)),
            Some(object) => object.member(claim).map(Value::text),
        }
    }

    /// A string that must be there and not be empty.
    pub(crate) fn text(&self, claim: &'static str) -> Result<String, Error> {
        self.borrowed(claim).map(Cow::into_owned)
    }

    pub(crate) fn maybe_text(&self, claim: &'static str) -> Result<Option<String>, Error> {
        Ok(self.maybe_borrowed(claim)?.map(Cow::into_owned))
    }

    /// As [`Claims::text`], without copying.
    #[inline(always)]
    pub(crate) fn borrowed(&self, claim: &'static str) -> Result<Cow<'a, str>, Error> {
        match self.maybe_borrowed(claim)? {
            Some(text) if !text.is_empty() => Ok(text),
            Some(_) => Err(self.refused(claim, ClaimFlaw::Malformed)),
            None => Err(self.refused(claim, ClaimFlaw::Missing)),
        }
    }

    #[inline(always)]
    pub(crate) fn maybe_borrowed(&self, claim: &'static str) -> Result<Option<Cow<'a, str>>, Error> {
        self.typed(claim, self.found(claim))
    }

    pub(crate) fn maybe_flag(&self, claim: &'static str) -> Result<Option<bool>, Error> {
        self.optional(claim, Value::boolean)
    }

    /// A time in whole unix seconds that must be there.
    #[inline(always)]
    pub(crate) fn time(&self, claim: &'static str) -> Result<u64, Error> {
        self.maybe_time(claim)?.ok_or_else(|| self.refused(claim, ClaimFlaw::Missing))
    }

    #[inline(always)]
    pub(crate) fn maybe_time(&self, claim: &'static str) -> Result<Option<u64>, Error> {
        let number = match &self.strict {
            None => self.flat.integer(claim),
            Some(object) => object.member(claim).map(Value::integer),
        };
        self.typed(claim, number.map(|number| number.filter(|time| *time <= LATEST)))
    }

    pub(crate) fn maybe_texts(&self, claim: &'static str) -> Result<Option<Vec<String>>, Error> {
        Ok(self.maybe_all_borrowed(claim)?.map(|texts| texts.into_iter().map(Cow::into_owned).collect()))
    }

    #[inline]
    pub(crate) fn maybe_all_borrowed(&self, claim: &'static str) -> Result<Option<Vec<Cow<'a, str>>>, Error> {
        self.optional(claim, Value::texts)
    }

    pub(crate) fn audience(&self) -> Result<Audience, Error> {
        Ok(match self.audiences()? {
            AudienceView::One(name) => Audience::from(name.into_owned()),
            AudienceView::Several(names) => Audience::of(names),
        })
    }

    /// As [`Claims::audience`], without copying.
    #[inline]
    pub(crate) fn audiences(&self) -> Result<AudienceView<'a>, Error> {
        let (claim, named) = ("aud", |name: &Cow<'_, str>| !name.is_empty());
        let read = match self.found(claim) {
            None => return Err(self.refused(claim, ClaimFlaw::Missing)),
            Some(Some(one)) => Some(one).filter(named).map(AudienceView::One),
            Some(None) => self
                .maybe_all_borrowed(claim)?
                .filter(|names| !names.is_empty() && names.iter().all(named))
                .map(AudienceView::Several),
        };
        read.ok_or_else(|| self.refused(claim, ClaimFlaw::Malformed))
    }

    /// An object that must be there.
    pub(crate) fn object(&self, claim: &'static str) -> Result<Object<'a>, Error> {
        self.maybe_object(claim)?.ok_or_else(|| self.refused(claim, ClaimFlaw::Missing))
    }

    #[inline]
    pub(crate) fn maybe_object(&self, claim: &'static str) -> Result<Option<Object<'a>>, Error> {
        self.optional(claim, Value::object)
    }

    /// An object as a map of the caller's.
    pub(crate) fn maybe_map(&self, claim: &'static str) -> Result<Option<Map<String, Json>>, Error> {
        self.optional(claim, |value| serde_json::from_str(value.raw()).ok())
    }

    /// The whole document as a type of the caller's; it is known to be strict.
    pub(crate) fn own<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_str(self.text).map_err(|_| Error::OwnClaims)
    }

    /// Refuses a claim that a profile forbids.
    pub(crate) fn without(&self, claim: &'static str) -> Result<(), Error> {
        if self.member(claim).is_some() { Err(self.refused(claim, ClaimFlaw::Forbidden)) } else { Ok(()) }
    }

    /// The refusal of a claim.
    #[inline(always)]
    pub(crate) fn refused(&self, claim: &'static str, flaw: ClaimFlaw) -> Error {
        refused(self.rule, claim, flaw)
    }

    /// Absent, or right, or refused.
    #[inline(always)]
    fn typed<T>(&self, claim: &'static str, found: Option<Option<T>>) -> Result<Option<T>, Error> {
        found.map(|value| value.ok_or_else(|| self.refused(claim, ClaimFlaw::Malformed))).transpose()
    }
}

/// Out of the way of claims that are as they must be.
#[cold]
#[inline(never)]
fn refused(rule: Rule, claim: &'static str, flaw: ClaimFlaw) -> Error {
    Error::Claim { claim, flaw, rule: rule(claim, flaw) }
}

const fn faulty(flaw: Flaw) -> Error {
    Error::Json { part: "claims", flaw }
}
