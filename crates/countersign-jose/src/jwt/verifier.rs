//! Whether a token is good: signature, type, issuer, audience, times.
//!
//! RFC 7519 7.2, RFC 8725 3, RFC 9068 4, OpenID Connect Core 3.1.3.7. Reads no clock: `now` is
//! an argument. It does not know whether the subject has signed out since; that is for the
//! revocation log.

use core::marker::PhantomData;
use core::ops::Deref;
use std::sync::OnceLock;

use super::profile::{Profile, Registered};
use super::reader::Claims;
use crate::base64::Room;
use crate::error::Error;
use crate::header::Header;
use crate::jws::Trusted;
use crate::jws::compact::Compact;
use crate::jwt::dpop::Proven;
use crate::jwt::{AssertionClaims, Confirmation, IdClaims};

/// How far two clocks may be apart: 0 to 60 seconds, by default 5.
///
/// It is bounded because a leeway without bounds is a token without an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leeway(u8);

impl Leeway {
    /// No leeway at all.
    pub const NONE: Self = Self(0);

    /// A leeway of 0 to 60 seconds; `None` for more.
    ///
    /// ```
    /// use countersign_jose::jwt::Leeway;
    /// assert!(Leeway::seconds(60).is_some());
    /// assert!(Leeway::seconds(61).is_none());
    /// ```
    #[must_use]
    pub const fn seconds(seconds: u8) -> Option<Self> {
        if seconds <= 60 { Some(Self(seconds)) } else { None }
    }
}

impl Leeway {
    pub(crate) const fn as_seconds(self) -> u64 {
        self.0 as u64
    }
}

impl Default for Leeway {
    fn default() -> Self {
        Self(5)
    }
}

/// Claims of a token that was checked. Only a [`Verifier`] makes one.
#[derive(Debug)]
pub struct Verified<C>(C);

impl<C> Verified<C> {
    /// For the verifiers of this crate.
    pub(crate) const fn of(claims: C) -> Self {
        Self(claims)
    }

    /// The claims, without the proof.
    #[must_use]
    pub fn into_claims(self) -> C {
        self.0
    }
}

impl<C> Deref for Verified<C> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.0
    }
}

/// Begins a verifier of one kind of token that trusts these keys.
///
/// The next step is [`Builder::issuer`], then [`Builder::audience`]; there is no other way.
///
/// ```compile_fail,E0599
/// # use countersign_jose::{Algorithm, SharedKey, jwt::{self, AccessClaims}};
/// # let key = SharedKey::generate(Algorithm::Hs256).unwrap();
/// let verifier = jwt::verifier::<AccessClaims>(key).issuer("https://id.example");
/// verifier.verify("token", 0); // it wants an audience first
/// ```
///
/// ```compile_fail,E0599
/// # use countersign_jose::{Algorithm, SharedKey, jwt::{self, AccessClaims}};
/// # let key = SharedKey::generate(Algorithm::Hs256).unwrap();
/// jwt::verifier::<AccessClaims>(key).audience("shop"); // it wants an issuer first
/// ```
pub fn verifier<C: Profile>(keys: impl Into<Trusted>) -> Builder<C, WantsIssuer> {
    Builder { keys: keys.into(), state: WantsIssuer(()), profile: PhantomData }
}

/// A verifier that is not complete; `State` names what it wants.
#[derive(Debug)]
#[must_use = "it checks nothing before it has an issuer and an audience"]
pub struct Builder<C, State> {
    keys: Trusted,
    state: State,
    profile: PhantomData<fn() -> C>,
}

/// The verifier wants to know whose tokens it trusts: call `issuer`.
#[derive(Debug)]
pub struct WantsIssuer(());

/// The verifier wants to know who it is itself: call `audience`.
#[derive(Debug)]
pub struct WantsAudience {
    issuer: Box<str>,
}

impl<C: Profile> Builder<C, WantsIssuer> {
    /// Trusts tokens whose `iss` is exactly this.
    pub fn issuer(self, issuer: impl Into<String>) -> Builder<C, WantsAudience> {
        let issuer = issuer.into().into_boxed_str();
        Builder { keys: self.keys, state: WantsAudience { issuer }, profile: PhantomData }
    }
}

impl<C: Profile> Builder<C, WantsAudience> {
    /// Trusts tokens whose `aud` names exactly this, alone or among others.
    pub fn audience(self, audience: impl Into<String>) -> Verifier<C> {
        Verifier {
            seen: unseen(&self.keys),
            keys: self.keys,
            issuer: self.state.issuer,
            audience: audience.into().into_boxed_str(),
            leeway: Leeway::default(),
            types: Types::Exact,
            profile: PhantomData,
        }
    }
}

/// Checks tokens of one kind, from one issuer, for one audience.
#[derive(Debug, Clone)]
pub struct Verifier<C> {
    keys: Trusted,
    /// For each key the first header that it signed, as it was sent.
    // INVARIANT: written only after the strict path has accepted that header and the signature
    // over it, so that an equal header needs no second reading.
    seen: Box<[OnceLock<Box<str>>]>,
    issuer: Box<str>,
    audience: Box<str>,
    leeway: Leeway,
    types: Types,
    profile: PhantomData<fn() -> C>,
}

/// Which `typ` is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Types {
    /// That of the profile.
    Exact,
    /// That, or one that says nothing.
    Generic,
}

/// The room for claims on the stack; longer ones are decoded on the heap.
const PAYLOAD: usize = 2048;

/// Whether `exp` counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expiry {
    Counts,
    Ignored,
}

impl<C: Profile> Verifier<C> {
    /// Allows clocks to differ by `leeway` instead of 5 seconds.
    #[must_use]
    pub fn leeway(mut self, leeway: Leeway) -> Self {
        self.leeway = leeway;
        self
    }

    /// The same rules with other keys, after a rotation.
    #[must_use]
    pub fn with_keys(self, keys: impl Into<Trusted>) -> Self {
        let keys = keys.into();
        Self { seen: unseen(&keys), keys, ..self }
    }

    /// The same rules for another audience: an issuer that checks its own tokens is asked about
    /// all of them.
    #[must_use]
    pub fn with_audience(self, audience: impl Into<String>) -> Self {
        Self { audience: audience.into().into_boxed_str(), ..self }
    }

    /// Checks a token at `now`, in unix seconds.
    ///
    /// # Errors
    /// Those of [`jws::verify`](crate::jws::verify), [`Error::Type`], [`Error::Claim`],
    /// [`Error::Issuer`], [`Error::Audience`], [`Error::Expired`], [`Error::Early`]: the first
    /// that applies. Nothing of the claims is looked at before the signature is good.
    pub fn verify(&self, token: &str, now: u64) -> Result<Verified<C>, Error> {
        self.admit(token, now, Expiry::Counts, None)
    }

    /// Checks a token that is bound to a key, sent with this proof of the key (RFC 9449 7.1).
    ///
    /// # Errors
    /// Those of [`Verifier::verify`]; [`Error::Bound`] when the token is bound to another key or
    /// to none, or the proof was made for another token.
    pub fn verify_bound(&self, token: &str, proof: &Proven, now: u64) -> Result<Verified<C>, Error> {
        if !proof.is_for(token) {
            return Err(Error::Bound);
        }
        self.admit(token, now, Expiry::Counts, Some(proof))
    }

    fn admit(
        &self,
        token: &str,
        now: u64,
        expiry: Expiry,
        proof: Option<&Proven>,
    ) -> Result<Verified<C>, Error> {
        let compact = Compact::split(token)?;
        let place = self.place(&compact)?;
        compact.check(self.keys.key(place).ok_or(Error::UnknownKey)?)?;
        if let Some(seen) = self.seen.get(place) {
            seen.get_or_init(|| compact.header_text().into());
        }
        let mut room = Room::<PAYLOAD>::new();
        let claims = Claims::parse(compact.payload_in(&mut room)?)?;
        let read = C::read(&claims)?;
        self.meant_for_us(&read)?;
        held(&read.registered(), proof)?;
        self.in_time(&read.registered(), claims.maybe_time("nbf")?, now, expiry)?;
        Ok(Verified(read))
    }

    /// The place of the key that must have signed: by a header seen before, or by reading it.
    fn place(&self, compact: &Compact<'_>) -> Result<usize, Error> {
        let text = compact.header_text();
        let known = |seen: &OnceLock<Box<str>>| seen.get().is_some_and(|header| **header == *text);
        if let Some(place) = self.seen.iter().position(known) {
            return Ok(place);
        }
        let header = compact.header()?;
        let header = Header::parse(&header)?;
        let typ = header.typ.as_deref();
        let generic = self.types == Types::Generic && typ.is_none_or(|typ| typ == "JWT");
        if !generic && !typ.is_some_and(C::is_typ) {
            return Err(Error::Type { expected: C::TYP });
        }
        self.keys.place(&header)
    }

    fn meant_for_us(&self, claims: &C) -> Result<(), Error> {
        let registered = claims.registered();
        if registered.iss != &*self.issuer {
            return Err(Error::Issuer);
        }
        if !registered.aud.names(&self.audience) {
            return Err(Error::Audience);
        }
        claims.check(&self.audience)
    }

    fn in_time(
        &self,
        claims: &Registered<'_>,
        nbf: Option<u64>,
        now: u64,
        expiry: Expiry,
    ) -> Result<(), Error> {
        let leeway = self.leeway.as_seconds();
        // RFC 7519 4.1.4: "on or after" the time the token is refused.
        if let Some(at) = claims.exp.filter(|exp| now >= exp.saturating_add(leeway))
            && expiry == Expiry::Counts
        {
            return Err(Error::Expired { at });
        }
        let from = claims.iat.max(nbf).unwrap_or(0);
        if from > now.saturating_add(leeway) { Err(Error::Early { from }) } else { Ok(()) }
    }
}

impl Verifier<AssertionClaims> {
    /// Takes assertions whose `typ` is `JWT` or absent, too: clients from before RFC 10070 write
    /// no other. What tells them from other tokens is then that `iss` and `sub` are one, and
    /// that the audience is one.
    #[must_use]
    pub fn accepting_generic_type(mut self) -> Self {
        self.types = Types::Generic;
        self
    }
}

impl Verifier<IdClaims> {
    /// Checks an `id_token_hint`: everything but `exp`.
    ///
    /// OpenID Connect RP-Initiated Logout 2: a provider should accept a hint that has expired,
    /// because people sign out after their ID token has. It proves who is meant, and grants
    /// nothing.
    ///
    /// # Errors
    /// As [`Verifier::verify`], without [`Error::Expired`].
    pub fn verify_hint(&self, token: &str, now: u64) -> Result<Verified<IdClaims>, Error> {
        self.admit(token, now, Expiry::Ignored, None)
    }
}

/// A token with a key comes with proof of that key, and one without comes alone.
fn held(claims: &Registered<'_>, proof: Option<&Proven>) -> Result<(), Error> {
    let key = claims.cnf.map(Confirmation::jkt);
    if key == proof.map(Proven::thumbprint) { Ok(()) } else { Err(Error::Bound) }
}

fn unseen(keys: &Trusted) -> Box<[OnceLock<Box<str>>]> {
    (0..keys.len()).map(|_| OnceLock::new()).collect()
}
