//! A verifier beside its issuer: the keys are those of each moment.
//!
//! The checks are those of [`countersign_jose::jwt::Verifier`]; this adds the keys and the clock.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use countersign_jose::Error;
use countersign_jose::jwt::{self, Leeway, Verified, Verifier};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Claims, Inner, Published};

/// Checks the tokens of an [`Issuer`](super::Issuer) in the same program, through all rotations.
///
/// ```
/// # use countersign::issuer::{Issuer, KeyRing, Local};
/// # let ring = KeyRing::generate(countersign_jose::Algorithm::EdDsa)?;
/// # let minute = std::time::Duration::from_secs(60);
/// # let issuer = Issuer::new("https://id.example", ring).audience("api").lasting(minute)?;
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct Shopper { tier: String }
/// let api: Local<Shopper> = issuer.verifier();
/// let token = issuer.issue("ada", Shopper { tier: "gold".into() })?;
/// assert_eq!(api.verify(token.reveal())?.own.tier, "gold");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Local<T> {
    issuer: Arc<Inner>,
    current: ArcSwap<Current<T>>,
}

/// A verifier, and the keys it was made with.
struct Current<T> {
    published: Arc<Published>,
    verifier: Verifier<Claims<T>>,
}

impl<T: Serialize + DeserializeOwned> Local<T> {
    pub(super) fn new(issuer: Arc<Inner>) -> Self {
        let current = Current::of(&issuer, issuer.published(issuer.clock.now()));
        Self { issuer, current: ArcSwap::from_pointee(current) }
    }

    /// Checks a token now.
    ///
    /// # Errors
    /// As [`Verifier::verify`].
    pub fn verify(&self, token: &str) -> Result<Verified<Claims<T>>, Error> {
        let now = self.issuer.clock.now();
        let published = self.issuer.published(now);
        let mut current = self.current.load_full();
        if !Arc::ptr_eq(&current.published, &published) {
            current = Arc::new(Current::of(&self.issuer, published));
            self.current.store(Arc::clone(&current));
        }
        current.verifier.verify(token, now.seconds())
    }
}

impl<T: Serialize + DeserializeOwned> Current<T> {
    fn of(issuer: &Inner, published: Arc<Published>) -> Self {
        // The clock that signed is the clock that checks.
        let verifier = jwt::verifier(published.keys.clone()).issuer(&issuer.issuer);
        let verifier = verifier.audience(&issuer.audience).leeway(Leeway::NONE);
        Self { published, verifier }
    }
}

impl<T> fmt::Debug for Local<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local").field("issuer", &self.issuer.issuer).finish_non_exhaustive()
    }
}
