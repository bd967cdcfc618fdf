//! Whether what a holder shows is good: signature, type, issuer, disclosures, binding, times.
//!
//! RFC 9901 7.1 and 7.3. Whether binding is asked for is decided when the verifier is built,
//! never by what comes (RFC 9901 7.3, step 1).

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Type;
use super::binding::{self, Wanted};
use super::disclosure::Disclosure;
use super::held::{Parts, signed_claims};
use super::restore::restore;
use crate::error::{ClaimFlaw, Error, defined};
use crate::header::media_type;
use crate::json::Object;
use crate::jwk::Jwk;
use crate::jws::{self, Trusted, TrustedKeys};
use crate::jwt::{Leeway, Verified};
use crate::key::VerifyingKey;

/// The last second of the year 9999, as in every other token.
const LATEST: u64 = 253_402_300_799;

/// Begins a verifier that trusts these keys of an issuer.
///
/// The next steps are [`Builder::typ`], [`Builder::issuer`], and [`Builder::bound_to`] or
/// [`Builder::without_binding`]; there is no other way.
pub fn verifier(keys: impl TrustedKeys) -> Builder<WantsType> {
    Builder { keys: keys.into(), state: WantsType(()) }
}

/// A verifier that is not complete; `State` names what it wants.
#[derive(Debug)]
#[must_use = "it checks nothing before it has a type, an issuer and a decision about binding"]
pub struct Builder<State> {
    keys: Trusted,
    state: State,
}

/// The verifier wants to know which kind of credential it takes: call `typ`.
#[derive(Debug)]
pub struct WantsType(());

/// The verifier wants to know whose credentials it trusts: call `issuer`.
#[derive(Debug)]
pub struct WantsIssuer {
    typ: Type,
}

/// The verifier wants to know whether the holder must prove their key: call `bound_to` or
/// `without_binding`.
#[derive(Debug)]
pub struct WantsBinding {
    typ: Type,
    issuer: Box<str>,
}

impl Builder<WantsType> {
    /// Takes credentials of this type.
    pub fn typ(self, typ: Type) -> Builder<WantsIssuer> {
        Builder { keys: self.keys, state: WantsIssuer { typ } }
    }
}

impl Builder<WantsIssuer> {
    /// Trusts credentials whose `iss` is exactly this.
    pub fn issuer(self, issuer: impl Into<String>) -> Builder<WantsBinding> {
        let issuer = issuer.into().into_boxed_str();
        Builder { keys: self.keys, state: WantsBinding { typ: self.state.typ, issuer } }
    }
}

impl Builder<WantsBinding> {
    /// Wants proof of the holder's key, made for this audience: the verifier's own name.
    pub fn bound_to(self, audience: impl Into<String>) -> Verifier<Bound> {
        self.with(Bound { audience: audience.into().into_boxed_str() })
    }

    /// Takes what anybody shows who has a copy of it; a proof that nobody asked for is refused.
    /// Such a verifier has no name, so a credential with an `aud` is refused, too. So is one that
    /// its issuer has bound to a key, unless [`Verifier::accepting_unproven`] says otherwise.
    pub fn without_binding(self) -> Verifier<Unbound> {
        self.with(Unbound(Unproven::Refused))
    }

    fn with<B>(self, binding: B) -> Verifier<B> {
        let WantsBinding { typ, issuer } = self.state;
        Verifier {
            keys: self.keys,
            typ,
            issuer,
            leeway: Leeway::default(),
            endless: Endless::Allowed,
            binding,
        }
    }
}

/// Checks SD-JWTs of one type, from one issuer. `B` says whether holders prove their key.
#[derive(Debug, Clone)]
pub struct Verifier<B> {
    keys: Trusted,
    typ: Type,
    issuer: Box<str>,
    leeway: Leeway,
    endless: Endless,
    binding: B,
}

/// Whether a credential may have no `exp`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Endless {
    Allowed,
    Refused,
}

/// Holders prove their key, to this audience.
#[derive(Debug, Clone)]
pub struct Bound {
    audience: Box<str>,
}

/// Holders prove nothing.
#[derive(Debug, Clone)]
pub struct Unbound(Unproven);

/// What becomes of a credential that is bound to a key which nobody has proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unproven {
    Refused,
    Accepted,
}

/// What was shown of a credential: its claims, with what is disclosed in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Disclosed {
    claims: Map<String, Value>,
}

impl Disclosed {
    /// The claims.
    #[must_use]
    pub const fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// The claims as a type of the caller's.
    ///
    /// # Errors
    /// [`Error::OwnClaims`] when what was shown does not fit it.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_value(Value::Object(self.claims.clone())).map_err(|_| Error::OwnClaims)
    }
}

impl Verifier<Unbound> {
    /// Takes credentials that are bound to a key (`cnf`) as well, from whoever has a copy: for when
    /// the holder has proven the key in another way, or what is shown is worth nothing to a thief.
    /// RFC 9901 9.5 leaves this to the verifier, who must have decided it before.
    #[must_use]
    pub fn accepting_unproven(self) -> Self {
        Self { binding: Unbound(Unproven::Accepted), ..self }
    }

    /// Checks a presentation at `now`, in unix seconds.
    ///
    /// # Errors
    /// Those of [`jws::verify`](crate::jws::verify); [`Error::Type`], [`Error::Disclosure`],
    /// [`Error::Issuer`], [`Error::Audience`], [`Error::Claim`], [`Error::Expired`],
    /// [`Error::Early`];
    /// [`Error::KeyBinding`] when a proof came that nobody asked for; [`Error::Bound`] for a
    /// credential that is bound to a key.
    pub fn verify(&self, presentation: &str, now: u64) -> Result<Verified<Disclosed>, Error> {
        self.judge(Parts::split(presentation)?, now)
    }

    /// As [`Verifier::verify`], of a presentation in JSON, flattened or general, and of no other
    /// (RFC 9901 8). One trusted key must have signed it. Signatures of others are not looked at; one
    /// that names a trusted key and is not by it refuses the whole.
    ///
    /// # Errors
    /// As [`Verifier::verify`]; those of [`jws::verify_json`](crate::jws::verify_json) for the form,
    /// [`Error::Critical`] when a header demands anything, [`Error::Document`] when `disclosures` or
    /// `kb_jwt` stand anywhere but in the first unprotected header.
    pub fn verify_json(&self, presentation: &str, now: u64) -> Result<Verified<Disclosed>, Error> {
        self.judge(Parts::of_json(presentation)?, now)
    }

    fn judge(&self, parts: Parts<'_>, now: u64) -> Result<Verified<Disclosed>, Error> {
        if parts.binding.is_some() {
            return Err(Error::KeyBinding { flaw: "nobody asked for it" });
        }
        let restored = self.signed(&parts)?.restored(parts.disclosures)?.meant_for(None)?;
        // Also one that the holder was free to keep back: they did not.
        if restored.claims.contains_key("cnf") && self.binding.0 == Unproven::Refused {
            return Err(Error::Bound);
        }
        restored.in_time(now, self.leeway, self.endless)
    }
}

impl Verifier<Bound> {
    /// Checks a presentation that was made for this verifier and this nonce, at `now`, in unix
    /// seconds. Give each nonce out once, and take it once.
    ///
    /// # Errors
    /// As for a verifier without binding; [`Error::KeyBinding`] when the proof is missing or
    /// made for something else, [`Error::Signature`] when another key has made it.
    pub fn verify(&self, presentation: &str, nonce: &str, now: u64) -> Result<Verified<Disclosed>, Error> {
        self.judge(Parts::split(presentation)?, nonce, now)
    }

    /// As [`Verifier::verify`], of a presentation in JSON, flattened or general, and of no other
    /// (RFC 9901 8). One trusted key must have signed it. Signatures of others are not looked at; one
    /// that names a trusted key and is not by it refuses the whole.
    ///
    /// # Errors
    /// As for a verifier without binding.
    pub fn verify_json(
        &self,
        presentation: &str,
        nonce: &str,
        now: u64,
    ) -> Result<Verified<Disclosed>, Error> {
        self.judge(Parts::of_json(presentation)?, nonce, now)
    }

    fn judge(&self, parts: Parts<'_>, nonce: &str, now: u64) -> Result<Verified<Disclosed>, Error> {
        let proof = parts.binding.as_deref().ok_or(Error::KeyBinding { flaw: "it is missing" })?;
        let signed = self.signed(&parts)?;
        let holder = signed.holder()?;
        let restored = signed.restored(parts.disclosures)?;
        let (shown, audience) = (&*parts.shown, &*self.binding.audience);
        let wanted = Wanted { shown, digests: restored.digests, audience, nonce };
        binding::check(proof, &holder, &wanted, now)?;
        restored.meant_for(Some(&self.binding.audience))?.in_time(now, self.leeway, self.endless)
    }
}

impl<B> Verifier<B> {
    /// Allows clocks to differ by `leeway` instead of 5 seconds.
    #[must_use]
    pub fn leeway(mut self, leeway: Leeway) -> Self {
        self.leeway = leeway;
        self
    }

    /// Refuses credentials without `exp`. An issuer who lets the holder keep `exp` back gives
    /// credentials that never expire, and what is kept back cannot be seen (RFC 9901 7.1, step 6).
    #[must_use]
    pub fn expiring(mut self) -> Self {
        self.endless = Endless::Refused;
        self
    }

    fn signed(&self, parts: &Parts<'_>) -> Result<Signed, Error> {
        let ours = |typ: Option<&str>| typ.map(media_type) == Some(self.typ.name());
        let (payload, typed) = match &parts.document {
            None => {
                let signed = jws::verify(&parts.token, &self.keys)?;
                (signed.payload().to_vec(), ours(signed.typ()))
            }
            Some(document) => {
                self.keys.limit().admit(&parts.token)?;
                let signed = jws::verify_document(document, &self.keys)?;
                let typed = signed.signatures().iter().all(|one| ours(one.typ()));
                (signed.payload().to_vec(), typed)
            }
        };
        if !typed {
            return Err(Error::Type { expected: self.typ.name() });
        }
        let claims = signed_claims(&payload)?;
        // Looked for where it was signed: a disclosed issuer would be the holder's choice.
        match claims.get("iss").and_then(Value::as_str) {
            Some(iss) if *iss == *self.issuer => {}
            Some(_) => return Err(Error::Issuer),
            None => return Err(refused("iss", &claims)),
        }
        Ok(Signed { payload, claims })
    }
}

/// Claims whose signature is good.
struct Signed {
    payload: Vec<u8>,
    claims: Map<String, Value>,
}

impl Signed {
    /// The key in `cnf`, where it was signed (RFC 7800 3.2).
    fn holder(&self) -> Result<VerifyingKey, Error> {
        const NONE: Error = Error::KeyBinding { flaw: "the credential names no key of its holder" };
        let claims = Object::parse(&self.payload).map_err(|_| NONE)?;
        let jwk = claims.member("cnf").and_then(|cnf| cnf.object()).and_then(|cnf| cnf.member("jwk"));
        VerifyingKey::from_jwk(&Jwk::parse(jwk.ok_or(NONE)?.raw().as_bytes())?)
    }

    fn restored(mut self, mut disclosures: Vec<Disclosure>) -> Result<Restored, Error> {
        let digests = restore(&mut self.claims, &mut disclosures)?;
        Ok(Restored { claims: self.claims, digests })
    }
}

/// Claims with what was disclosed in its place.
struct Restored {
    claims: Map<String, Value>,
    digests: crate::algorithm::Hash,
}

impl Restored {
    /// RFC 7519 4.1.3: an `aud` that is there names whoever reads it, or refuses.
    fn meant_for(self, us: Option<&str>) -> Result<Self, Error> {
        let named = match self.claims.get("aud") {
            None => true,
            Some(Value::String(one)) => us == Some(one.as_str()),
            Some(Value::Array(names)) if names.iter().all(Value::is_string) => {
                us.is_some_and(|us| names.iter().any(|name| name.as_str() == Some(us)))
            }
            Some(_) => return Err(refused("aud", &self.claims)),
        };
        if named { Ok(self) } else { Err(Error::Audience) }
    }

    fn in_time(self, now: u64, leeway: Leeway, endless: Endless) -> Result<Verified<Disclosed>, Error> {
        if endless == Endless::Refused && !self.claims.contains_key("exp") {
            return Err(Error::Claim { claim: "exp", flaw: ClaimFlaw::Missing, rule: "RFC 9901 7.1" });
        }
        let leeway = leeway.as_seconds();
        if let Some(at) = self.time("exp")?.filter(|at| now >= at.saturating_add(leeway)) {
            return Err(Error::Expired { at, claim: "exp" });
        }
        let iat = self.time("iat")?;
        let from = iat.max(self.time("nbf")?).unwrap_or(0);
        if from > now.saturating_add(leeway) {
            let claim = if iat == Some(from) { "iat" } else { "nbf" };
            return Err(Error::Early { from, claim });
        }
        Ok(Verified::of(Disclosed { claims: self.claims }))
    }

    fn time(&self, claim: &'static str) -> Result<Option<u64>, Error> {
        let read = |value: &Value| value.as_u64().filter(|at| *at <= LATEST);
        let refused = || refused(claim, &self.claims);
        self.claims.get(claim).map(|value| read(value).ok_or_else(refused)).transpose()
    }
}

/// The refusal of a claim that is missing or malformed.
fn refused(claim: &'static str, claims: &Map<String, Value>) -> Error {
    let flaw = if claims.contains_key(claim) { ClaimFlaw::Malformed } else { ClaimFlaw::Missing };
    Error::Claim { claim, flaw, rule: defined(claim) }
}
