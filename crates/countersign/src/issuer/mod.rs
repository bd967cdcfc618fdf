//! An issuer of access tokens inside a program of one's own, without the engine: keys in memory, and nobody signed in.
//!
//! RFC 9068 (access tokens), RFC 7517 5 (the published keys). Whom a token is for is the program's decision; a token that was
//! issued cannot be taken back before its `exp`: that is what [`Engine`](crate::Engine) is for.
//!
//! ```
//! use std::time::Duration;
//! use countersign::issuer::{Issuer, KeyRing};
//! use countersign_jose::Algorithm;
//!
//! #[derive(serde::Serialize, serde::Deserialize)]
//! struct Shopper { tier: String }
//!
//! let issuer = Issuer::new("https://id.shop.example", KeyRing::generate(Algorithm::EdDsa)?)
//!     .audience("shop-api")
//!     .lasting(Duration::from_secs(300))?;
//! let token = issuer.issue("ada", Shopper { tier: "gold".into() })?;
//! issuer.rotate(Duration::from_secs(600))?; // published now, signs in ten minutes
//!
//! let ada = issuer.verifier::<Shopper>().verify(token.reveal())?;
//! assert_eq!((ada.sub.as_str(), ada.own.tier.as_str()), ("ada", "gold"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What decides which key signs and which are published has no clock: `ring.rs`.

mod error;
mod local;
mod ring;

pub use error::IssuerError;
pub use local::Local;
pub use ring::{KeyRing, Rotation};

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use countersign_core::policy::ACCESS_LIFETIME_MAX;
use countersign_core::port::Clock;
use countersign_core::time::Timestamp;
use countersign_jose::jwt::{self, AccessClaims, Extended};
use countersign_jose::primitive::{self, base64};
use countersign_jose::{Fault, JwkSet, KeySet, SigningKey, VerifyingKey};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::outside::SystemClock;

/// The claims of an access token with `T` beside them.
pub type Claims<T> = Extended<AccessClaims, T>;

/// Issues access tokens for one audience, and publishes what they are checked with. Clones share their keys.
///
/// Before it issues it wants an audience and a lifetime; `State` names what is missing.
///
/// ```compile_fail,E0599
/// # use countersign::issuer::{Issuer, KeyRing};
/// # let ring = KeyRing::generate(countersign_jose::Algorithm::EdDsa).unwrap();
/// Issuer::new("https://id.shop.example", ring).lasting(std::time::Duration::from_secs(300)); // it wants an audience first
/// ```
///
/// ```
/// # use countersign::issuer::{Issuer, KeyRing};
/// # use countersign_jose::Algorithm;
/// struct App { issuer: Issuer } // no parameter: it is complete
/// # let ring = KeyRing::generate(Algorithm::Es256)?;
/// # let minute = std::time::Duration::from_secs(60);
/// let issuer = Issuer::new("https://id.shop.example", ring).audience("shop-api").lasting(minute)?;
/// let app = App { issuer };
/// let published = serde_json::to_string(&app.issuer.jwks())?; // for `/jwks`
/// # assert!(published.contains("\"keys\""));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "it issues nothing by itself"]
pub struct Issuer<State = Ready> {
    state: State,
}

/// It wants to know whom its tokens are for: call `audience`.
#[derive(Clone, Debug)]
pub struct WantsAudience {
    issuer: String,
    ring: KeyRing,
}

/// It wants to know how long its tokens live: call `lasting`.
#[derive(Clone, Debug)]
pub struct WantsLifetime {
    issuer: String,
    ring: KeyRing,
    audience: String,
    client: String,
    clock: Arc<dyn Clock>,
}

/// It has what it needs: call `issue`.
#[derive(Clone, Debug)]
pub struct Ready(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    issuer: String,
    audience: String,
    client: String,
    lifetime: Duration,
    clock: Arc<dyn Clock>,
    /// The clock is read under this lock, so that nobody signs with a key whose successor has signed.
    ring: RwLock<KeyRing>,
    // INVARIANT: what `ring` publishes; written under its lock.
    published: ArcSwap<Published>,
}

/// What is published, until the ring changes by itself.
#[derive(Debug)]
struct Published {
    keys: KeySet,
    until: Option<Timestamp>,
}

impl Issuer<WantsAudience> {
    /// Issues in this name, which verifiers compare letter by letter, with these keys.
    pub fn new(issuer: impl Into<String>, ring: KeyRing) -> Self {
        Self { state: WantsAudience { issuer: issuer.into(), ring } }
    }

    /// Issues tokens for this resource server.
    pub fn audience(self, audience: impl Into<String>) -> Issuer<WantsLifetime> {
        let WantsAudience { issuer, ring } = self.state;
        let audience = audience.into();
        let client = audience.clone();
        let clock = Arc::new(SystemClock::default());
        Issuer { state: WantsLifetime { issuer, ring, audience, client, clock } }
    }
}

impl Issuer<WantsLifetime> {
    /// Names the application that gets the tokens, their `client_id`. Without it that is the audience: a program that
    /// issues tokens for itself.
    pub fn client(mut self, client: impl Into<String>) -> Self {
        self.state.client = client.into();
        self
    }

    /// Goes by another clock than the system's: for tests, where time is a value.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.state.clock = clock;
        self
    }

    /// Lets tokens live this long: 1 second to 24 hours, whole seconds. Nobody can take one back, so keep it short.
    ///
    /// # Errors
    /// [`IssuerError::Unfit`] for another lifetime, or when issuer, audience or client has no name.
    pub fn lasting(self, lifetime: Duration) -> Result<Issuer, IssuerError> {
        let WantsLifetime { issuer, ring, audience, client, clock } = self.state;
        // What is below a second is let go: `exp` counts whole ones.
        let lifetime = Duration::from_secs(lifetime.as_secs());
        if lifetime.is_zero() || lifetime > ACCESS_LIFETIME_MAX {
            return Err(IssuerError::Unfit { what: "an access token lives for 1 second to 24 hours" });
        }
        if [&issuer, &audience, &client].into_iter().any(String::is_empty) {
            return Err(IssuerError::Unfit { what: "an issuer, an audience and a client have a name" });
        }
        let published = ArcSwap::from_pointee(Published::of(&ring));
        let ring = RwLock::new(ring);
        Ok(Issuer {
            state: Ready(Arc::new(Inner { issuer, audience, client, lifetime, clock, ring, published })),
        })
    }
}

impl Issuer {
    /// A token about `subject` with claims of one's own, which everybody who holds it can read.
    ///
    /// # Errors
    /// [`IssuerError::Unfit`] for a subject without a name and for a token that is too long, [`IssuerError::Fault`] for claims
    /// that no verifier would read.
    pub fn issue<T: Serialize + DeserializeOwned>(
        &self,
        subject: impl Into<String>,
        own: T,
    ) -> Result<AccessToken, IssuerError> {
        let inner = &*self.state.0;
        let sub = subject.into();
        if sub.is_empty() {
            return Err(IssuerError::Unfit { what: "a subject has a name" });
        }
        let mut id = [0; 16];
        primitive::fill_random(&mut id)?;
        let (key, now) = inner.signer();
        let claims = AccessClaims {
            iss: inner.issuer.clone(),
            sub,
            aud: inner.audience.as_str().into(),
            client_id: inner.client.clone(),
            iat: now.seconds(),
            exp: now.seconds().saturating_add(inner.lifetime.as_secs()),
            jti: base64::encode(id),
            ..AccessClaims::default()
        };
        let token = jwt::sign(&*key, &Extended::new(claims, own)).map_err(|fault| match fault {
            Fault::TooLong { .. } => IssuerError::Unfit { what: "a token is at most 16 KiB long" },
            other => other.into(),
        })?;
        Ok(AccessToken(Zeroizing::new(token)))
    }

    /// Checks the tokens of this issuer, with the keys of each moment.
    #[must_use]
    pub fn verifier<T: Serialize + DeserializeOwned>(&self) -> Local<T> {
        Local::new(Arc::clone(&self.state.0))
    }

    /// The keys to publish, as JSON by serde. Let nobody keep a copy for longer than the lead of a rotation.
    #[must_use]
    pub fn jwks(&self) -> JwkSet {
        let inner = &self.state.0;
        let published = inner.published(inner.clock.now());
        JwkSet::new(published.keys.keys().iter().map(VerifyingKey::to_jwk))
    }

    /// Makes a successor to the key that signs: published now, signing after `lead` (at most 30 days). The old key stays
    /// published until its last token has died.
    ///
    /// With RSA this takes half a second: see [`Issuer::rotate_to`]. A key that somebody has stolen must not stay published:
    /// then begin anew with another [`KeyRing`].
    ///
    /// # Errors
    /// [`IssuerError::Waiting`] while a successor waits for its time, [`IssuerError::Crowded`] when 16 keys are published,
    /// [`IssuerError::Unfit`] for a longer lead.
    pub fn rotate(&self, lead: Duration) -> Result<Rotation, IssuerError> {
        let algorithm = self.state.0.ring.read().unwrap_or_else(PoisonError::into_inner).algorithm();
        self.rotate_to(SigningKey::generate(algorithm)?, lead)
    }

    /// As [`Issuer::rotate`], with a key that was made elsewhere: one that is kept, or is slow to make.
    ///
    /// # Errors
    /// As [`Issuer::rotate`]; [`IssuerError::Unfit`] for a key whose name is taken, and when ML-DSA would meet others.
    pub fn rotate_to(&self, successor: SigningKey, lead: Duration) -> Result<Rotation, IssuerError> {
        let inner = &*self.state.0;
        let mut ring = inner.ring.write().unwrap_or_else(PoisonError::into_inner);
        let now = inner.clock.now();
        let (next, rotation) = ring.clone().rotated(successor, now, lead, inner.lifetime)?;
        inner.replace(&mut ring, next);
        Ok(rotation)
    }
}

impl Inner {
    /// The key that signs now.
    fn signer(&self) -> (Arc<SigningKey>, Timestamp) {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        (Arc::clone(ring.signer(now)), now)
    }

    /// What is published at `now`; takes a lock only when a key has come to its time.
    fn published(&self, now: Timestamp) -> Arc<Published> {
        let published = self.published.load_full();
        if published.until.is_none_or(|until| now < until) {
            return published;
        }
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        let next = ring.clone().at(now);
        self.replace(&mut ring, next)
    }

    fn replace(&self, ring: &mut KeyRing, next: KeyRing) -> Arc<Published> {
        let published = Arc::new(Published::of(&next));
        *ring = next;
        self.published.store(Arc::clone(&published));
        published
    }
}

impl Published {
    fn of(ring: &KeyRing) -> Self {
        // A ring has no two keys of one name; if it had, nothing would be accepted.
        Self { keys: KeySet::new(ring.public()).unwrap_or_default(), until: ring.until() }
    }
}

/// A token on its way to whom it is for. It is shown by [`AccessToken::reveal`] and in no other way.
///
/// ```
/// # use countersign::issuer::{Issuer, KeyRing};
/// # let ring = KeyRing::generate(countersign_jose::Algorithm::EdDsa)?;
/// # let minute = std::time::Duration::from_secs(60);
/// # let issuer = Issuer::new("https://id.example", ring).audience("api").lasting(minute)?;
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct Nothing {}
/// let token = issuer.issue("ada", Nothing {})?;
/// assert_eq!(format!("{token:?}"), "AccessToken(..)");
/// assert_eq!(token.reveal().split('.').count(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a token is issued to be sent"]
pub struct AccessToken(Zeroizing<String>);

impl AccessToken {
    /// The token's text.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(..)")
    }
}

#[cfg(test)]
mod tests;
