//! A verifier over the keys of an issuer elsewhere.
//!
//! The checks and the options are those of [`countersign_jose::jwt::Verifier`]; this adds the keys of the moment. Reads memory
//! only.

use std::sync::Arc;

use arc_swap::ArcSwap;
use countersign_core::port::Clock;
use countersign_jose::json::Object;
use countersign_jose::jws::{MaxLength, Trusted};
use countersign_jose::jwt::dpop::Proven;
use countersign_jose::jwt::{
    self, AssertionClaims, Confirmation, Extended, IdClaims, Leeway, Profile, Verified, Verifier,
};
use countersign_jose::{KeySet, base64};

use super::address::Reach;
use super::client::{JwksClient, Keys};
use super::error::FetchError;
use super::fetch::Authorities;
use crate::outside::SystemClock;

/// Whose tokens are trusted. `State` names what it still wants.
#[derive(Clone, Debug)]
#[must_use = "it checks nothing before it is connected"]
pub struct Trust<State> {
    rules: Rules,
    state: State,
}

/// What is to be trusted, beside the audience.
#[derive(Clone, Debug)]
struct Rules {
    issuer: String,
    reach: Reach,
    authorities: Authorities,
    leeway: Leeway,
    /// The longest token in bytes.
    limit: MaxLength,
    /// How long a token may last, in seconds.
    longest: Option<u64>,
    /// How many tokens are remembered.
    remembered: Option<usize>,
}

/// It wants to know who the application itself is: call `audience`.
#[derive(Clone, Debug)]
pub struct WantsAudience(());

/// It has what it needs: call `connect`, or give it to a guard.
#[derive(Clone, Debug)]
pub struct Ready {
    audience: String,
}

/// Trusts the tokens of this issuer, whose keys are found by discovery (RFC 8414, OpenID Connect Discovery 1.0).
///
/// ```compile_fail,E0599
/// # async fn example() {
/// // It wants an audience first: a token for somebody else must not pass here.
/// countersign::jwks::trust("https://id.shop.example").connect::<countersign_jose::jwt::AccessClaims>().await;
/// # }
/// ```
pub fn trust(issuer: impl Into<String>) -> Trust<WantsAudience> {
    let rules = Rules {
        issuer: issuer.into(),
        reach: Reach::default(),
        authorities: Authorities::default(),
        leeway: Leeway::default(),
        limit: MaxLength::DEFAULT,
        longest: None,
        remembered: None,
    };
    Trust { rules, state: WantsAudience(()) }
}

impl Trust<WantsAudience> {
    /// Trusts tokens whose `aud` names exactly this.
    pub fn audience(self, audience: impl Into<String>) -> Trust<Ready> {
        Trust { rules: self.rules, state: Ready { audience: audience.into() } }
    }
}

impl<State> Trust<State> {
    /// Lets the issuer be somewhere else than on the public internet.
    pub fn within(self, reach: Reach) -> Self {
        Self { rules: Rules { reach, ..self.rules }, ..self }
    }

    /// Takes the word of these authorities on which server is the issuer's, instead of those of the web.
    ///
    /// ```no_run
    /// use countersign::jwks::{Authorities, Reach, trust};
    /// # fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let ours = Authorities::from_pem(&std::fs::read_to_string("ca.pem")?).ok_or("no certificate in it")?;
    /// let shop = trust("https://id.internal").audience("shop-api").within(Reach::PrivateNetwork).certified_by(ours);
    /// # let _ = shop;
    /// # Ok(())
    /// # }
    /// ```
    pub fn certified_by(self, authorities: Authorities) -> Self {
        Self { rules: Rules { authorities, ..self.rules }, ..self }
    }

    /// Allows clocks to differ by `leeway` instead of 5 seconds.
    pub fn leeway(self, leeway: Leeway) -> Self {
        Self { rules: Rules { leeway, ..self.rules }, ..self }
    }

    /// Looks at tokens of up to this length instead of [`MaxLength::DEFAULT`], 16 KiB.
    pub fn up_to(self, limit: MaxLength) -> Self {
        Self { rules: Rules { limit, ..self.rules }, ..self }
    }

    /// Refuses tokens that last longer than so many seconds, whatever the issuer thinks: see [`Verifier::lasting_at_most`].
    pub fn lasting_at_most(self, seconds: u64) -> Self {
        Self { rules: Rules { longest: Some(seconds), ..self.rules }, ..self }
    }

    /// Remembers up to so many tokens that were good (at least 1, at most 1,048,576, some 1.4 KB each), so that a repeated one
    /// costs a look into memory instead of a signature check: see [`Verifier::remembering`].
    ///
    /// A token is known again by all of its bytes. It is known for as long as its key is among the issuer's, whatever other
    /// keys come and go; once its key is gone, or another has its name, it is refused like one that was never seen.
    ///
    /// ```no_run
    /// use countersign::jwks::trust;
    /// use countersign_jose::jwt::AccessClaims;
    /// # async fn example(token: &str) -> Result<(), Box<dyn std::error::Error>> {
    /// let shop = trust("https://id.shop.example")
    ///     .audience("shop-api")
    ///     .lasting_at_most(15 * 60)
    ///     .remembering(10_000)
    ///     .connect::<AccessClaims>()
    ///     .await?;
    /// shop.verify(token)?; // a signature check
    /// shop.verify(token)?; // a look into memory
    /// # Ok(())
    /// # }
    /// ```
    pub fn remembering(self, tokens: usize) -> Self {
        Self { rules: Rules { remembered: Some(tokens), ..self.rules }, ..self }
    }
}

impl Trust<Ready> {
    /// Fetches the keys, and keeps them fresh from now on.
    ///
    /// # Errors
    /// What stood in the way of the first keys: see [`FetchError`].
    pub async fn connect<C: Profile>(self) -> Result<Remote<C>, FetchError> {
        let Rules { issuer, reach, authorities, .. } = &self.rules;
        let client = JwksClient::of_issuer_certified_by(issuer, *reach, authorities).await?;
        Ok(Remote::new(Arc::new(client), self))
    }

    /// Checks with the keys of a client that is there already.
    #[must_use]
    pub fn with_keys_of<C: Profile>(self, client: Arc<JwksClient>) -> Remote<C> {
        Remote::new(client, self)
    }

    fn keys(&self, set: KeySet) -> Trusted {
        Trusted::from(set).up_to(self.rules.limit)
    }

    fn verifier<C: Profile>(&self, set: KeySet) -> Verifier<C> {
        let Rules { issuer, leeway, longest, remembered, .. } = &self.rules;
        let verifier = jwt::verifier::<C>(self.keys(set)).issuer(issuer.as_str());
        let verifier = verifier.audience(self.state.audience.as_str()).leeway(*leeway);
        let verifier = match longest {
            Some(seconds) => verifier.lasting_at_most(*seconds),
            None => verifier,
        };
        match remembered {
            Some(tokens) => verifier.remembering(*tokens),
            None => verifier,
        }
    }
}

/// Why a token was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotVerified {
    /// The token is refused: its sender's doing.
    #[error(transparent)]
    Refused(#[from] countersign_jose::Error),
    /// There are no keys that count, because the issuer could not be reached for more than a day.
    #[error("the keys of the issuer are too old: {0}")]
    Blind(String),
}

impl NotVerified {
    /// The stable code, explained by `countersign explain`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused(error) => error.code(),
            Self::Blind(_) => "CS-1108",
        }
    }
}

/// Checks tokens of one kind, from one issuer elsewhere, for one audience.
pub struct Remote<C> {
    client: Arc<JwksClient>,
    trust: Trust<Ready>,
    current: ArcSwap<Current<C>>,
    clock: SystemClock,
}

/// The verifier with the keys of one generation. All of them share what is remembered.
struct Current<C> {
    generation: u64,
    verifier: Verifier<C>,
}

impl<C> std::fmt::Debug for Remote<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote").field("trust", &self.trust).finish_non_exhaustive()
    }
}

impl<C: Profile> Remote<C> {
    fn new(client: Arc<JwksClient>, trust: Trust<Ready>) -> Self {
        // Generation 0 is replaced at the first check if there are newer keys by then.
        let current = match client.keys() {
            Some(keys) => Current { generation: keys.generation, verifier: trust.verifier(keys.set.clone()) },
            None => Current { generation: u64::MAX, verifier: trust.verifier(KeySet::default()) },
        };
        Self { current: ArcSwap::from_pointee(current), client, trust, clock: SystemClock::default() }
    }

    /// Checks a token now. Never waits: a token that no key of this moment has signed is refused, and the keys are fetched in the
    /// background, at most once in 30 seconds whatever comes.
    ///
    /// # Errors
    /// [`NotVerified`]: the token is refused, or there are no keys to check it with.
    pub fn verify(&self, token: &str) -> Result<Verified<C>, NotVerified> {
        self.verify_at(token, self.clock.now().seconds())
    }

    /// Checks a token at `now`, in unix seconds.
    ///
    /// # Errors
    /// As [`Remote::verify`].
    pub fn verify_at(&self, token: &str, now: u64) -> Result<Verified<C>, NotVerified> {
        self.checked(token, |verifier| verifier.verify(token, now))
    }

    /// Checks a token that is bound to a key, sent with this proof of the key, at `now`, in unix seconds (RFC 9449 7.1).
    ///
    /// # Errors
    /// As [`Remote::verify`], and those of [`Verifier::verify_bound`].
    pub fn verify_bound_at(&self, token: &str, proof: &Proven, now: u64) -> Result<Verified<C>, NotVerified> {
        self.checked(token, |verifier| verifier.verify_bound(token, proof, now))
    }

    /// Checks a token that is bound to a key which was proven in another way, at `now`, in unix seconds. `has` is asked with
    /// the token's `cnf` whether that is the key: a certificate in mutual TLS, for example (RFC 8705 3).
    ///
    /// # Errors
    /// As [`Remote::verify`], and those of [`Verifier::verify_bound_by`].
    pub fn verify_bound_by_at(
        &self,
        token: &str,
        now: u64,
        has: impl Fn(&Confirmation) -> bool,
    ) -> Result<Verified<C>, NotVerified> {
        self.checked(token, |verifier| verifier.verify_bound_by(token, now, has))
    }

    fn checked(
        &self,
        token: &str,
        check: impl FnOnce(&Verifier<C>) -> Result<Verified<C>, countersign_jose::Error>,
    ) -> Result<Verified<C>, NotVerified> {
        let Some(keys) = self.client.keys() else {
            let why = self.client.failed().map(|why| why.to_string()).unwrap_or_default();
            return Err(NotVerified::Blind(why));
        };
        let current = self.current.load();
        let checked = if current.generation == keys.generation {
            check(&current.verifier)
        } else {
            check(&self.turned(&current.verifier, &keys).verifier)
        };
        if checked.as_ref().is_err_and(may_be_by_a_newer_key) {
            // A token without a name asks for the key without one: no key can be called so.
            self.client.want(|| kid_of(token).unwrap_or_default());
        }
        Ok(checked?)
    }

    /// The verifier with these keys, for this check and the ones to come. Of several at once the last one stays; an older one
    /// is turned again by the next check.
    fn turned(&self, before: &Verifier<C>, keys: &Keys) -> Arc<Current<C>> {
        let verifier = before.clone().with_keys(self.trust.keys(keys.set.clone()));
        let turned = Arc::new(Current { generation: keys.generation, verifier });
        self.current.store(Arc::clone(&turned));
        turned
    }

    /// The keys it checks with.
    #[must_use]
    pub const fn client(&self) -> &Arc<JwksClient> {
        &self.client
    }
}

impl<C> Remote<C> {
    fn changed(self, change: impl FnOnce(Verifier<C>) -> Verifier<C>) -> Self {
        let current = self.current.load_full();
        let (generation, verifier) = (current.generation, change(current.verifier.clone()));
        Self { current: ArcSwap::from_pointee(Current { generation, verifier }), ..self }
    }
}

impl Remote<IdClaims> {
    /// Takes ID tokens without `typ`, too, which some providers write: see [`Verifier::accepting_untyped`] for when that is
    /// safe. There is no such thing for access tokens, and so none in [`Trust`], which does not know yet what it will check.
    ///
    /// ```no_run
    /// use countersign::jwks::trust;
    /// use countersign_jose::jwt::IdClaims;
    /// # async fn example(token: &str, nonce: &str) -> Result<(), Box<dyn std::error::Error>> {
    /// let shop = trust("https://id.other.example").audience("shop-web").connect::<IdClaims>().await?.accepting_untyped();
    /// let ana = shop.verify(token)?;
    /// if ana.nonce.as_deref() != Some(nonce) {
    ///     return Err("it is of another sign-in".into());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// ```compile_fail,E0599
    /// # use countersign::jwks::trust;
    /// # use countersign_jose::jwt::AccessClaims;
    /// # async fn example() {
    /// let api = trust("https://id.shop.example").audience("shop-api").connect::<AccessClaims>().await.unwrap();
    /// api.accepting_untyped(); // an ID token would open the API
    /// # }
    /// ```
    #[must_use]
    pub fn accepting_untyped(self) -> Self {
        self.changed(Verifier::<IdClaims>::accepting_untyped)
    }
}

impl<T> Remote<Extended<IdClaims, T>> {
    /// As for ID tokens without claims of one's own.
    #[must_use]
    pub fn accepting_untyped(self) -> Self {
        self.changed(Verifier::<Extended<IdClaims, T>>::accepting_untyped)
    }
}

impl Remote<AssertionClaims> {
    /// Takes assertions whose `typ` is `JWT` or absent, too: see [`Verifier::accepting_generic_type`].
    #[must_use]
    pub fn accepting_generic_type(self) -> Self {
        self.changed(Verifier::<AssertionClaims>::accepting_generic_type)
    }
}

/// Whether it may be our keys that are wrong: a key that we lack, or one that took the name or the place of another. A
/// stranger's bad token looks the same, so what it costs the issuer is the plan's to bound.
const fn may_be_by_a_newer_key(error: &countersign_jose::Error) -> bool {
    use countersign_jose::Error::{Algorithm, KeyUnnamed, Signature, UnknownKey};
    matches!(error, UnknownKey | KeyUnnamed | Signature | Algorithm { .. })
}

/// The name of the key that a token asks for. Only looked at to fetch it; nothing is believed.
fn kid_of(token: &str) -> Option<String> {
    let header = base64::decode(token.split_once('.')?.0).ok()?;
    Some(Object::parse(&header).ok()?.member("kid")?.text()?.into_owned())
}
