//! A verifier over the keys of an issuer elsewhere.
//!
//! The checks are those of [`countersign_jose::jwt::Verifier`]; this adds the keys of the moment. Reads memory only.

use std::sync::Arc;

use arc_swap::ArcSwap;
use countersign_core::port::Clock;
use countersign_jose::json::Object;
use countersign_jose::jwt::dpop::Proven;
use countersign_jose::jwt::{self, Confirmation, Leeway, Profile, Verified, Verifier};
use countersign_jose::{KeySet, base64};

use super::address::Reach;
use super::client::JwksClient;
use super::error::FetchError;
use super::fetch::Authorities;
use crate::outside::SystemClock;

/// Whose tokens are trusted. `State` names what it still wants.
#[derive(Clone, Debug)]
#[must_use = "it checks nothing before it is connected"]
pub struct Trust<State> {
    issuer: String,
    reach: Reach,
    authorities: Authorities,
    leeway: Leeway,
    state: State,
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
    Trust {
        issuer: issuer.into(),
        reach: Reach::default(),
        authorities: Authorities::default(),
        leeway: Leeway::default(),
        state: WantsAudience(()),
    }
}

impl Trust<WantsAudience> {
    /// Trusts tokens whose `aud` names exactly this.
    pub fn audience(self, audience: impl Into<String>) -> Trust<Ready> {
        let state = Ready { audience: audience.into() };
        Trust {
            issuer: self.issuer,
            reach: self.reach,
            authorities: self.authorities,
            leeway: self.leeway,
            state,
        }
    }
}

impl<State> Trust<State> {
    /// Lets the issuer be somewhere else than on the public internet.
    pub fn within(self, reach: Reach) -> Self {
        Self { reach, ..self }
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
        Self { authorities, ..self }
    }

    /// Allows clocks to differ by `leeway` instead of 5 seconds.
    pub fn leeway(self, leeway: Leeway) -> Self {
        Self { leeway, ..self }
    }
}

impl Trust<Ready> {
    /// Fetches the keys, and keeps them fresh from now on.
    ///
    /// # Errors
    /// What stood in the way of the first keys: see [`FetchError`].
    pub async fn connect<C: Profile>(self) -> Result<Remote<C>, FetchError> {
        let client = JwksClient::of_issuer_certified_by(&self.issuer, self.reach, &self.authorities).await?;
        Ok(Remote::new(Arc::new(client), self))
    }

    /// Checks with the keys of a client that is there already.
    #[must_use]
    pub fn with_keys_of<C: Profile>(self, client: Arc<JwksClient>) -> Remote<C> {
        Remote::new(client, self)
    }

    fn verifier<C: Profile>(&self, keys: KeySet) -> Verifier<C> {
        let verifier = jwt::verifier::<C>(keys).issuer(self.issuer.as_str());
        verifier.audience(self.state.audience.as_str()).leeway(self.leeway)
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
    /// The verifier with the keys of a generation.
    current: ArcSwap<(u64, Verifier<C>)>,
    clock: SystemClock,
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
            Some(keys) => (keys.generation, trust.verifier(keys.set.clone())),
            None => (u64::MAX, trust.verifier(KeySet::default())),
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
        let mut current = self.current.load();
        if current.0 != keys.generation {
            let verifier = self.trust.verifier(keys.set.clone());
            self.current.store(Arc::new((keys.generation, verifier)));
            current = self.current.load();
        }
        let checked = check(&current.1);
        if checked.as_ref().is_err_and(may_be_by_a_newer_key) {
            // A token without a name asks for the key without one: no key can be called so.
            self.client.want(|| kid_of(token).unwrap_or_default());
        }
        Ok(checked?)
    }

    /// The keys it checks with.
    #[must_use]
    pub const fn client(&self) -> &Arc<JwksClient> {
        &self.client
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
