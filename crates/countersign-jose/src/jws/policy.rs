//! Whose signatures a document must have.
//!
//! RFC 7515 5.2 and 8: with several signatures, the application decides which must be good. So
//! the decision is an argument with a type, and "some signature was good" is none: a stranger
//! can always add a good signature of their own.

use crate::algorithm::Algorithm;
use crate::error::Error;
use crate::header::Header;
use crate::jws::MaxLength;
use crate::jws::document::{Candidate, Document};
use crate::jws::trusted::{Key, Trusted, TrustedKeys};
use crate::key::KeyId;
use sealed::Sealed;

/// Content of a JSON document whose signatures were checked. Only [`verify_json`] and
/// [`verify_json_detached`] make one.
#[derive(Debug)]
pub struct SignedDocument {
    payload: Vec<u8>,
    signatures: Vec<Signature>,
}

/// A good signature: the trusted key that made it, and what it says about the content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    algorithm: Algorithm,
    kid: Option<KeyId>,
    typ: Option<String>,
    cty: Option<String>,
}

/// Which signatures must be good: [`AnyOf`] or [`AllOf`]. Nothing else can be one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whose signatures must be good",
    note = "use `AnyOf::new(keys)`, or `AllOf::new(keys).and(other_keys)`"
)]
pub trait Policy: Sealed {
    /// Those of whom each must have signed.
    #[doc(hidden)]
    fn parties(&self) -> &[Trusted];
}

/// One of these keys must have signed; which of them does not matter.
///
/// Signatures of others are not looked at. A signature that names one of these keys and is bad
/// refuses the document, whatever else is good.
///
/// ```
/// use countersign_jose::{Algorithm, Error, SigningKey, jws::{self, AnyOf, Content}};
/// let mine = SigningKey::generate(Algorithm::Es256)?;
/// let stranger = SigningKey::generate(Algorithm::Es256)?;
/// let policy = AnyOf::new(mine.verifying_key());
///
/// let document = Content::new(b"hello").general(&stranger, &[&mine])?;
/// assert!(jws::verify_json(&document, &policy).is_ok());
/// let forged = Content::new(b"hello").general(&stranger, &[&stranger])?;
/// assert_eq!(jws::verify_json(&forged, &policy).unwrap_err(), Error::SignerMissing);
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
#[derive(Debug, Clone)]
pub struct AnyOf([Trusted; 1]);

/// Each of these parties must have signed, with any of its keys.
///
/// ```
/// use countersign_jose::{Algorithm, Error, SigningKey, jws::{self, AllOf, Content}};
/// let shop = SigningKey::generate(Algorithm::Es256)?;
/// let bank = SigningKey::generate(Algorithm::EdDsa)?;
/// let both = AllOf::new(shop.verifying_key()).and(bank.verifying_key());
///
/// let half = Content::new(b"hello").flattened(&shop)?;
/// assert_eq!(jws::verify_json(&half, &both).unwrap_err(), Error::SignerMissing);
/// let whole = Content::new(b"hello").general(&shop, &[&bank])?;
/// assert_eq!(jws::verify_json(&whole, &both).unwrap().signatures().len(), 2);
/// # Ok::<(), countersign_jose::Fault>(())
/// ```
#[derive(Debug, Clone)]
pub struct AllOf(Vec<Trusted>);

impl AnyOf {
    /// One of these keys.
    pub fn new(keys: impl TrustedKeys) -> Self {
        Self([keys.into()])
    }
}

impl AllOf {
    /// This party, and those added with [`AllOf::and`].
    pub fn new(keys: impl TrustedKeys) -> Self {
        Self(vec![keys.into()])
    }

    /// This party as well.
    #[must_use]
    pub fn and(mut self, keys: impl TrustedKeys) -> Self {
        self.0.push(keys.into());
        self
    }
}

mod sealed {
    #[expect(unnameable_types, reason = "sealing a trait is what it is for")]
    pub trait Sealed {}

    impl Sealed for super::AnyOf {}
    impl Sealed for super::AllOf {}
}

impl Policy for AnyOf {
    fn parties(&self) -> &[Trusted] {
        &self.0
    }
}

impl Policy for AllOf {
    fn parties(&self) -> &[Trusted] {
        &self.0
    }
}

impl SignedDocument {
    /// The signed bytes.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The good signatures by trusted keys, in the document's order; at least one. One key may have made several of them, so
    /// their number says nothing about how many signed: that is for [`AllOf`] to ask.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }
}

impl Signature {
    /// The key's algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The trusted key's own name; a shared secret may have none.
    #[must_use]
    pub const fn key_id(&self) -> Option<&KeyId> {
        self.kid.as_ref()
    }

    /// The protected header's `typ`.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// The protected header's `cty`.
    #[must_use]
    pub fn cty(&self) -> Option<&str> {
        self.cty.as_deref()
    }
}

/// Checks a document in flattened or general JSON whose payload stands in it, encoded or not.
///
/// # Errors
/// [`Error::TooLarge`], [`Error::Json`], [`Error::Document`], [`Error::Base64`],
/// [`Error::Header`], [`Error::Unprotected`], [`Error::Critical`], [`Error::CriticalList`] for
/// the form; [`Error::Algorithm`] and [`Error::Signature`] for a signature that names a trusted
/// key and is not its; [`Error::SignerMissing`] when a demanded signature is not there. When one
/// signature stands before one party, the reasons of [`verify`](super::verify) instead.
pub fn verify_json(document: &str, policy: &impl Policy) -> Result<SignedDocument, Error> {
    by(&Document::parse(document, limit(policy))?, policy.parties())
}

/// As [`verify_json`], of a document that was read already and that one of these keys must have signed.
pub(crate) fn verify_document(document: &Document<'_>, trusted: &Trusted) -> Result<SignedDocument, Error> {
    by(document, core::slice::from_ref(trusted))
}

fn by(document: &Document<'_>, parties: &[Trusted]) -> Result<SignedDocument, Error> {
    let payload = document.attached()?;
    let signatures = check(&document.signatures, &payload, parties)?;
    Ok(SignedDocument { payload, signatures })
}

/// Checks a document in flattened or general JSON whose payload came apart from it.
///
/// # Errors
/// As [`verify_json`]; [`Error::Document`] when the document has a payload as well.
pub fn verify_json_detached(
    document: &str,
    payload: &[u8],
    policy: &impl Policy,
) -> Result<SignedDocument, Error> {
    let document = Document::parse(document, limit(policy))?;
    document.without_payload()?;
    let signatures = check(&document.signatures, payload, policy.parties())?;
    Ok(SignedDocument { payload: payload.into(), signatures })
}

/// The greatest length that a party allows: a document is one text for all of them.
fn limit(policy: &impl Policy) -> MaxLength {
    policy.parties().iter().map(Trusted::limit).max().unwrap_or(MaxLength::DEFAULT)
}

/// What one party says to one signature.
enum Finding {
    Good(Signature),
    /// Made by somebody else, as far as it says; why it is not the party's.
    Foreign(Error),
    /// It names a key of the party and is not by it.
    False(Error),
}

fn check(candidates: &[Candidate<'_>], payload: &[u8], parties: &[Trusted]) -> Result<Vec<Signature>, Error> {
    let mut signatures = Vec::new();
    let mut open: Vec<bool> = parties.iter().map(|_| true).collect();
    let mut foreign = None;
    for candidate in candidates {
        let (mut good, mut lie) = (None, None);
        for (party, open) in parties.iter().zip(&mut open) {
            match candidate.ask(party, payload) {
                Finding::Good(signature) => {
                    *open = false;
                    good = Some(signature);
                }
                Finding::False(error) => lie = Some(error),
                Finding::Foreign(error) => foreign = Some(error),
            }
        }
        // Two parties may have keys of one name; a signature has to be good for one of them.
        match (good, lie) {
            (Some(signature), _) => signatures.push(signature),
            (None, Some(error)) => return Err(error),
            (None, None) => {}
        }
    }
    if !open.into_iter().any(|open| open) {
        return Ok(signatures);
    }
    match (candidates, parties, foreign) {
        // With no choice there is no doubt about the reason.
        ([_], [_], Some(error)) => Err(error),
        _ => Err(Error::SignerMissing),
    }
}

impl Candidate<'_> {
    fn ask(&self, party: &Trusted, payload: &[u8]) -> Finding {
        match party.select(&self.header) {
            Ok(key) if self.is_by(key, payload) => Finding::Good(Signature::new(key, &self.header)),
            Ok(key) if self.names(key) => Finding::False(Error::Signature),
            Err(error @ Error::Algorithm { .. }) if party.knows(self.header.kid.as_ref()) => {
                Finding::False(error)
            }
            Ok(_) => Finding::Foreign(Error::Signature),
            Err(error) => Finding::Foreign(error),
        }
    }

    fn names(&self, key: Key<'_>) -> bool {
        self.header.kid.is_some() && self.header.kid.as_ref() == key.key_id()
    }
}

impl Signature {
    fn new(key: Key<'_>, header: &Header<'_>) -> Self {
        Self {
            algorithm: key.algorithm(),
            kid: key.key_id().cloned(),
            typ: header.typ.as_deref().map(Into::into),
            cty: header.cty.as_deref().map(Into::into),
        }
    }
}
