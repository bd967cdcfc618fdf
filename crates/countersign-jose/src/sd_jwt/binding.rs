//! Key binding: the holder's own signature over what they show, for one verifier and one nonce.
//!
//! RFC 9901 4.3 and 7.3. The token is of its own type, `kb+jwt`, so it is taken for nothing else.

use serde::Serialize;

use crate::algorithm::Hash;
use crate::backend;
use crate::base64;
use crate::error::{ClaimFlaw, Error, Fault, defined};
use crate::header::{Header, media_type};
use crate::jws::compact::Compact;
use crate::jws::{self, MaxLength, TrustedKey};
use crate::jwt::reader::Claims;
use crate::key::{SigningKey, VerifyingKey};

pub(super) const TYP: &str = "kb+jwt";

/// How old a binding may be, in seconds: a person may have to unlock a phone in between.
const MAX_AGE: u64 = 300;
/// How far ahead of ours the holder's clock may be, in seconds.
const AHEAD: u64 = 5;

#[derive(Serialize)]
struct Written<'a> {
    iat: u64,
    aud: &'a str,
    nonce: &'a str,
    sd_hash: String,
}

/// Binds what is shown, the text up to and with its last tilde.
pub(super) fn sign(
    holder: &SigningKey,
    shown: &str,
    aud: &str,
    nonce: &str,
    iat: u64,
    digests: Hash,
) -> Result<String, Fault> {
    jws::sign(holder, Some(TYP), &payload(shown, aud, nonce, iat, digests)?)
}

/// As [`sign`], up to the signature.
pub(super) fn prepare(
    holder: &VerifyingKey,
    shown: &str,
    aud: &str,
    nonce: &str,
    iat: u64,
    digests: Hash,
) -> Result<jws::Unsigned, Fault> {
    let payload = payload(shown, aud, nonce, iat, digests)?;
    jws::prepare(holder, Some(TYP), &payload).within(MaxLength::DEFAULT)
}

fn payload(shown: &str, aud: &str, nonce: &str, iat: u64, digests: Hash) -> Result<Vec<u8>, Fault> {
    let claims = Written { iat, aud, nonce, sd_hash: hash(digests, shown) };
    serde_json::to_vec(&claims).map_err(|_| Fault::Claims)
}

/// What a binding must be made for.
pub(super) struct Wanted<'a> {
    pub(super) shown: &'a str,
    pub(super) digests: Hash,
    pub(super) audience: &'a str,
    pub(super) nonce: &'a str,
}

/// Checks a binding by the key that the issuer has named.
pub(super) fn check(
    binding: &str,
    holder: &VerifyingKey,
    wanted: &Wanted<'_>,
    now: u64,
) -> Result<(), Error> {
    let compact = Compact::split(binding)?;
    let header = compact.header()?;
    let header = Header::parse(&header)?;
    if header.typ.as_deref().map(media_type) != Some(TYP) {
        return Err(Error::Type { expected: TYP });
    }
    // The issuer names the key, so `kid` has nothing to choose; `alg` is compared as ever.
    if !holder.accepts(&header.alg) {
        return Err(Error::Algorithm { expected: holder.algorithm() });
    }
    compact.check(TrustedKey::Public(holder))?;
    let payload = compact.payload()?;
    let claims = Claims::parse_by(rule, &payload)?;
    let refused = |flaw| Err(Error::KeyBinding { flaw });
    if claims.text("sd_hash")? != hash(wanted.digests, wanted.shown) {
        return refused("it was made for another set of disclosures");
    }
    if claims.text("aud")? != wanted.audience {
        return refused("it was made for another verifier");
    }
    if claims.text("nonce")? != wanted.nonce {
        return refused("it has another nonce");
    }
    let iat = claims.time("iat")?;
    if iat > now.saturating_add(AHEAD) || now > iat.saturating_add(MAX_AGE) {
        return refused("it was made too long ago, or in the future");
    }
    if let Some(at) = claims.maybe_time("exp")?.filter(|at| now >= *at) {
        return Err(Error::Expired { at, claim: "exp" });
    }
    match claims.maybe_time("nbf")? {
        Some(from) if from > now.saturating_add(AHEAD) => Err(Error::Early { from, claim: "nbf" }),
        _ => Ok(()),
    }
}

/// The section that a claim breaks: all four are required.
fn rule(claim: &str, flaw: ClaimFlaw) -> &'static str {
    match (claim, flaw) {
        (_, ClaimFlaw::Missing) | ("nonce", _) => "RFC 9901 4.3",
        _ => defined(claim),
    }
}

/// `sd_hash`, by the hash of the digests (RFC 9901 4.3.1).
fn hash(digests: Hash, shown: &str) -> String {
    base64::encode(backend::digest(digests, shown.as_bytes()))
}
