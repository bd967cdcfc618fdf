//! Whether a token is good: signature, type, issuer, audience, times.
//!
//! RFC 7519 7.2, RFC 8725 3, RFC 9068 4, OpenID Connect Core 3.1.3.7. Reads no clock: `now` is
//! an argument. It does not know whether the subject has signed out since; that is for the
//! revocation log.

mod times;

use core::marker::PhantomData;
use std::sync::Arc;

pub(super) use self::times::Times;
use self::times::{Expiry, Moment};
use super::confirmation::{Confirmation, Holder};
use super::memory::{Kept, Memory, Token};
use super::profile::Profile;
use super::reader::Claims;
use super::view::Registered;
use crate::base64::Room;
use crate::error::{ClaimFlaw, Error};
use crate::header::Header;
use crate::jws::compact::Compact;
use crate::jws::form::{self, Forms};
use crate::jws::trusted::{Choice, Key};
use crate::jws::{Trusted, TrustedKeys};
use crate::jwt::dpop::Proven;
use crate::jwt::{AccessClaims, AccessView, AssertionClaims, Extended, IdClaims, Leeway, Scratch, Verified};

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
pub fn verifier<C: Profile>(keys: impl TrustedKeys) -> Builder<C, WantsIssuer> {
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
            seen: Forms::of(self.keys.len()),
            keys: self.keys,
            whom: Arc::new(Whom { issuer: self.state.issuer, audience: audience.into().into_boxed_str() }),
            leeway: Leeway::default(),
            types: Types::Exact,
            longest: C::LONGEST,
            memory: None,
            profile: PhantomData,
        }
    }
}

/// Checks tokens of one kind, from one issuer, for one audience.
#[derive(Debug)]
pub struct Verifier<C> {
    keys: Trusted,
    /// For each key the form of the first token that it signed.
    // INVARIANT: written only after the strict path has accepted that token's header and the
    // signature over it, so that an equal header needs no second reading.
    seen: Forms,
    whom: Arc<Whom>,
    leeway: Leeway,
    types: Types,
    /// How long a token may last.
    longest: Option<u64>,
    // INVARIANT: holds what this verifier accepted, for this issuer, this audience and this type;
    // by keys of its own or by those of a clone, so each look asks whether they are still trusted.
    memory: Option<Arc<Memory<C>>>,
    profile: PhantomData<fn() -> C>,
}

impl<C> Clone for Verifier<C> {
    fn clone(&self) -> Self {
        let (keys, seen) = (self.keys.clone(), self.seen.clone());
        let (whom, memory) = (Arc::clone(&self.whom), self.memory.clone());
        Self { keys, seen, whom, memory, ..*self }
    }
}

/// From whom and for whom a token must be.
#[derive(Debug, Default)]
pub(super) struct Whom {
    issuer: Box<str>,
    audience: Box<str>,
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

/// A token that passed, and what its verdict rests on.
struct Good<C> {
    claims: C,
    times: Times,
    bound: Option<Confirmation>,
    place: usize,
}

impl<C: Profile> Verifier<C> {
    /// Allows clocks to differ by `leeway` instead of 5 seconds.
    #[must_use]
    pub fn leeway(mut self, leeway: Leeway) -> Self {
        self.leeway = leeway;
        self
    }

    /// Refuses tokens that last longer than so many seconds, counted from `iat`, or from now where
    /// there is none; and those that do not say when they end, when they are older. For kinds that
    /// have a limit of their own, instead of that. What was remembered before is not known to this
    /// verifier.
    ///
    /// ```
    /// use countersign_jose::{Algorithm, SigningKey, jwt::{self, AccessClaims}};
    /// let key = SigningKey::generate(Algorithm::Es256)?;
    /// let api = jwt::verifier::<AccessClaims>(key.verifying_key()).issuer("https://id.example").audience("api");
    /// let careful = api.lasting_at_most(15 * 60); // whatever the issuer thinks
    /// # let _ = careful;
    /// # Ok::<(), countersign_jose::Fault>(())
    /// ```
    #[must_use]
    pub fn lasting_at_most(self, seconds: u64) -> Self {
        Self { longest: Some(seconds), ..self }.forgetful()
    }

    /// Remembers up to so many tokens that were good (at least 1, at most 1,048,576, some 1.4 KB
    /// each), so that a repeated one costs a look into memory instead of a signature check.
    ///
    /// A token is known again by all of its bytes; `iss`, `aud`, `exp`, `iat`, `nbf`, `cnf`, how long it
    /// lasts and the key are checked each time. Clones share the memory, so remember before cloning. With
    /// shared secrets nothing is remembered: their check costs less than a look into cold memory.
    /// Nor is an event that has no end, unless [`Verifier::lasting_at_most`] gives it one.
    ///
    /// ```
    /// use countersign_jose::{Algorithm, SigningKey, jwt::{self, IdClaims}};
    /// let key = SigningKey::generate(Algorithm::Es256)?;
    /// let verifier = jwt::verifier::<IdClaims>(key.verifying_key())
    ///     .issuer("https://id.example")
    ///     .audience("shop")
    ///     .remembering(10_000);
    /// # let _ = verifier;
    /// # Ok::<(), countersign_jose::Fault>(())
    /// ```
    #[must_use]
    pub fn remembering(self, tokens: usize) -> Self {
        let memory = self.keys.is_public().then(|| Arc::new(Memory::new(tokens)));
        Self { memory, ..self }
    }

    /// The same rules with other keys, after a rotation. Remembered tokens stay known if their
    /// key stays, and are refused from now on if it does not. Takes no longer however many there are.
    #[must_use]
    pub fn with_keys(self, keys: impl TrustedKeys) -> Self {
        let keys = keys.into();
        let memory = self.memory.filter(|_| keys.is_public());
        Self { seen: Forms::of(keys.len()), keys, memory, ..self }
    }

    /// The same rules for another audience: an issuer that checks its own tokens is asked about
    /// all of them. What was remembered for the other audience is not known to this one.
    #[must_use]
    pub fn with_audience(self, audience: impl Into<String>) -> Self {
        let (issuer, audience) = (self.whom.issuer.clone(), audience.into().into_boxed_str());
        Self { whom: Arc::new(Whom { issuer, audience }), ..self }.forgetful()
    }

    /// Checks a token at `now`, in unix seconds.
    ///
    /// # Errors
    /// The first that applies, in this order. Text and header: [`Error::TooLarge`], [`Error::Shape`],
    /// [`Error::Mistaken`], [`Error::Base64`], [`Error::Json`], [`Error::Critical`], [`Error::Header`],
    /// [`Error::AlgorithmNone`], [`Error::Type`]. Key: [`Error::UnknownKey`], [`Error::KeyUnnamed`] or
    /// [`Error::Algorithm`], [`Error::Signature`]; nothing of the claims is looked at before. Claims:
    /// [`Error::Json`], [`Error::Claim`], [`Error::OwnClaims`], [`Error::Issuer`], [`Error::Audience`],
    /// [`Error::Bound`] (it is good only with proof of a key, of whatever kind it is). Times:
    /// [`Error::Expired`], [`Error::Early`], [`Error::Lasting`].
    pub fn verify(&self, token: &str, now: u64) -> Result<Verified<C>, Error> {
        self.shown_by(&Holder::Bearer, token, now)
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
        self.shown_by(&Holder::Proof(proof), token, now)
    }

    /// Checks a token that is bound to a key of which proof came in another way: a certificate in
    /// mutual TLS (RFC 8705), a signature in a protocol of one's own. `has` is asked with the
    /// token's `cnf` whether that is the key which was proven.
    ///
    /// ```
    /// use countersign_jose::jwt::{self, AccessClaims, Confirmation};
    /// use countersign_jose::{Algorithm, SigningKey};
    /// # let key = SigningKey::generate(Algorithm::Es256)?;
    /// # let shown: &[u8] = b"the certificate of the client, in DER";
    /// # let claims = AccessClaims {
    /// #     iss: "https://id.example".into(), sub: "ana".into(), aud: "api".into(), client_id: "web".into(),
    /// #     iat: 1_800_000_000, exp: 1_800_000_300, jti: "7f2c".into(),
    /// #     cnf: Some(Confirmation::of_certificate(shown)), ..AccessClaims::default()
    /// # };
    /// # let token = jwt::sign(&key, &claims)?;
    /// let api = jwt::verifier::<AccessClaims>(key.verifying_key()).issuer("https://id.example").audience("api");
    /// assert!(api.verify(&token, 1_800_000_010).is_err()); // nothing was proven
    /// assert!(api.verify_bound_by(&token, 1_800_000_010, |cnf| cnf.is_certificate(shown)).is_ok());
    /// # Ok::<(), countersign_jose::Fault>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Verifier::verify`]; [`Error::Bound`] when `has` says no, or the token is bound to
    /// no key.
    pub fn verify_bound_by(
        &self,
        token: &str,
        now: u64,
        has: impl Fn(&Confirmation) -> bool,
    ) -> Result<Verified<C>, Error> {
        self.shown_by(&Holder::Asked(&has), token, now)
    }

    pub(crate) fn shown_by(&self, by: &Holder<'_>, token: &str, now: u64) -> Result<Verified<C>, Error> {
        let Some(memory) = &self.memory else {
            return self.admit(token, now, Expiry::Counts, by).map(|good| Verified::of(good.claims));
        };
        // Clones with other keys may allow longer ones.
        self.keys.limit().admit(token)?;
        let recalled = match by {
            // Not in the memory's lock: it is the caller who is asked.
            Holder::Asked(_) => memory.recall(token, |_| ()).map(|(kept, ())| {
                let verdict = self.still_good(&kept, now, by);
                (kept, verdict)
            }),
            _ => memory.recall(token, |kept| self.still_good(kept, now, by)),
        };
        if let Some((kept, Some(verdict))) = recalled {
            return verdict.map(|()| Verified::kept(kept));
        }
        let Good { claims, times, bound, place } = self.admit(token, now, Expiry::Counts, by)?;
        let Some(Key::Public(key)) = self.keys.key(place) else { return Ok(Verified::of(claims)) };
        let (key, choice, whom) = (key.clone(), self.choice(token), Arc::clone(&self.whom));
        let kept = Kept { times, key, choice, whom, bound, claims, token: Token::of(token) };
        Ok(Verified::kept(memory.keep(token, kept, now)))
    }

    /// What can change between two looks at the same token; none when it would not be checked with its
    /// key any more.
    #[inline]
    fn still_good(&self, kept: &Kept<C>, now: u64, by: &Holder<'_>) -> Option<Result<(), Error>> {
        self.keys.still_choose(&kept.key, kept.choice).then(|| {
            if !Arc::ptr_eq(&kept.whom, &self.whom) {
                self.meant_for_us(&kept.claims)?;
            }
            by.may_show(kept.bound.as_ref())?;
            self.in_time(kept.times, now, Expiry::Counts, &kept.claims)?;
            let said = kept.claims.registered();
            self.ends_soon(said.iat, said.exp, now)
        })
    }

    fn admit(&self, token: &str, now: u64, expiry: Expiry, by: &Holder<'_>) -> Result<Good<C>, Error> {
        let mut room = Room::<PAYLOAD>::new();
        let (payload, place) = self.signed_payload(token, &mut room)?;
        let mut claims = Claims::unread(C::rule);
        claims.fill(payload)?;
        let bound = C::bound(&claims)?;
        let read = C::read(&claims)?;
        self.meant_for_us(&read)?;
        by.may_show(bound.as_ref())?;
        let registered = read.registered();
        let from = registered.iat.max(claims.maybe_time("nbf")?).unwrap_or(0);
        // RFC 7519 4.1.4: an end counts for kinds that need none as well, once it is there.
        let said = if registered.exp.is_none() { claims.maybe_time("exp")? } else { None };
        let until = read.ends(self.longest).into_iter().chain(said).min();
        let times = Times { from, until };
        self.in_time(times, now, expiry, &read)?;
        self.ends_soon(registered.iat, registered.exp, now)?;
        Ok(Good { claims: read, times, bound, place })
    }

    /// The payload of a token whose signature and `typ` are good, and the place of its key.
    #[inline]
    fn signed_payload<'r, const N: usize>(
        &self,
        token: &str,
        room: &'r mut Room<N>,
    ) -> Result<(&'r [u8], usize), Error> {
        let limit = self.keys.limit();
        limit.admit(token)?;
        let Some((compact, place)) = self.seen.cut(token) else {
            let compact = Compact::split_within(token, limit)?;
            let place = self.place(&compact)?;
            self.signed_by(place, &compact)?;
            self.seen.learn(place, &compact);
            return Ok((compact.payload_in(room)?, place));
        };
        match self.signed_by(place, &compact).and_then(|()| compact.payload_in(room)) {
            Ok(payload) => Ok((payload, place)),
            Err(error) => Err(form::why(token, limit, error)),
        }
    }

    /// Whether the key at this place made the signature.
    #[inline]
    fn signed_by(&self, place: usize, compact: &Compact<'_>) -> Result<(), Error> {
        compact.check(self.keys.key(place).ok_or(Error::UnknownKey)?)
    }

    /// How a token that was found good has chosen its key.
    fn choice(&self, token: &str) -> Choice {
        let header = Compact::split_within(token, self.keys.limit()).and_then(|compact| compact.header());
        let named = header.and_then(|json| Ok(Header::parse(&json)?.kid.is_some()));
        if named == Ok(true) { Choice::ByName } else { Choice::ByAlgorithm }
    }

    /// The place of the key that must have signed, by the header.
    fn place(&self, compact: &Compact<'_>) -> Result<usize, Error> {
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
        self.named(registered.iss, registered.aud.names(&self.whom.audience))?;
        claims.check(&self.whom.audience)
    }

    fn named(&self, iss: &str, among_audiences: bool) -> Result<(), Error> {
        if iss != &*self.whom.issuer {
            return Err(Error::Issuer);
        }
        if among_audiences { Ok(()) } else { Err(Error::Audience) }
    }

    #[inline]
    fn in_time(&self, times: Times, now: u64, expiry: Expiry, claims: &C) -> Result<(), Error> {
        let moment = self.moment(now, expiry);
        if times.hold(moment) {
            return Ok(());
        }
        Err(times.refused(moment, claims.registered().iat, |at| claims.ended_by(at, self.longest)))
    }

    const fn moment(&self, now: u64, expiry: Expiry) -> Moment {
        Moment { now, leeway: self.leeway.as_seconds(), expiry }
    }

    /// RFC 7523 3, item 4: an end that is unreasonably far away.
    #[inline]
    fn ends_soon(&self, iat: Option<u64>, exp: Option<u64>, now: u64) -> Result<(), Error> {
        let (Some(most), Some(exp)) = (self.longest, exp) else { return Ok(()) };
        // Whoever does not say when it began has the time since now, by the sender's clock.
        let begun = iat.unwrap_or_else(|| now.saturating_add(self.leeway.as_seconds()));
        if exp.saturating_sub(begun) <= most {
            return Ok(());
        }
        Err(Error::Lasting { most, rule: C::rule("exp", ClaimFlaw::Other) })
    }
}

impl<C> Verifier<C> {
    /// With a memory of its own that is empty, because this verifier and its clones do not accept
    /// the same tokens any more.
    fn forgetful(mut self) -> Self {
        self.memory = self.memory.map(|memory| Arc::new(Memory::new(memory.most())));
        self
    }
}

impl Verifier<AssertionClaims> {
    /// Takes assertions whose `typ` is `JWT` or absent, too: clients from before RFC 10070 write
    /// no other. What tells them from other tokens is then that `iss` and `sub` are one, and
    /// that the audience is one. What was remembered before is not known to this one.
    #[must_use]
    pub fn accepting_generic_type(self) -> Self {
        Self { types: Types::Generic, ..self }.forgetful()
    }
}

impl Verifier<IdClaims> {
    /// Takes ID tokens without `typ`, too, which some providers write (OpenID Connect Core 2 asks for
    /// none). Then nothing tells them from an access token that has no type either: ask for it only
    /// where the provider gives those another audience, and compare the `nonce`. What was remembered
    /// before is not known to this one.
    #[must_use]
    pub fn accepting_untyped(self) -> Self {
        Self { types: Types::Generic, ..self }.forgetful()
    }
}

impl<T> Verifier<Extended<IdClaims, T>> {
    /// As for ID tokens without claims of one's own.
    #[must_use]
    pub fn accepting_untyped(self) -> Self {
        Self { types: Types::Generic, ..self }.forgetful()
    }
}

impl Verifier<AccessClaims> {
    /// As [`Verifier::verify`], with claims that borrow from `scratch`: for a token of the usual
    /// shape nothing is allocated once `scratch` has grown. What the verifier remembers is
    /// neither asked nor added to.
    ///
    /// # Errors
    /// As [`Verifier::verify`].
    pub fn check<'s>(
        &self,
        token: &str,
        now: u64,
        scratch: &'s mut Scratch,
    ) -> Result<Verified<AccessView<'s>>, Error> {
        let (payload, _) = self.signed_payload(token, &mut scratch.0)?;
        let mut claims = Claims::unread(AccessClaims::rule);
        claims.fill(payload)?;
        let view = AccessView::read(&claims, |Registered { iss, aud, exp, iat }| {
            let cnf = Confirmation::read(&claims)?;
            self.named(iss, aud.names(&self.whom.audience))?;
            Holder::Bearer.may_show(cnf.as_ref())?;
            let from = iat.max(claims.maybe_time("nbf")?.unwrap_or(0));
            let times = Times { from, until: Some(exp) };
            let moment = self.moment(now, Expiry::Counts);
            if !times.hold(moment) {
                return Err(times.refused(moment, Some(iat), |_| "exp"));
            }
            self.ends_soon(Some(iat), Some(exp), now)
        });
        view.map(Verified::of)
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
        self.admit(token, now, Expiry::Ignored, &Holder::Bearer).map(|good| Verified::of(good.claims))
    }
}
