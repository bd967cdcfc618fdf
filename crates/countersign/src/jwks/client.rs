//! The keys of one issuer in memory, and the task that keeps them fresh.
//!
//! The task owns the plan, so no two fetches are ever under way; whoever checks a token reads the keys of this moment and
//! may leave a note that a key is wanted. The task ends with the client.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use countersign_jose::{KeySet, VerifyingKey, primitive};
use http::HeaderValue;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::address::{Reach, Url};
use super::discover::{self, Source};
use super::error::FetchError;
use super::fetch::{Answer, Authorities, Fetcher};
use super::plan::{Action, Event, Moment, Plan};
use super::unknown::Unknown;

/// The keys of one moment.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) set: KeySet,
    /// Counts the sets that differ.
    pub(super) generation: u64,
    /// Since the client's beginning.
    pub(super) good_until: Moment,
}

/// How a client is doing, for whoever watches it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// How many keys it has.
    pub keys: usize,
    /// How many fetches have begun.
    pub fetches: u64,
    /// Whether the keys still count.
    pub good: bool,
    /// Why the last fetch failed, if it did.
    pub failed: Option<FetchError>,
}

/// The public keys of one issuer, fetched when due. Cheap to share in an [`Arc`]; the fetching ends when it is dropped.
///
/// ```no_run
/// use std::sync::Arc;
/// use countersign::jwks::{JwksClient, Reach};
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let keys = Arc::new(JwksClient::of_issuer("https://id.shop.example", Reach::Internet).await?);
/// assert!(keys.health().good);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct JwksClient {
    shared: Arc<Shared>,
    task: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    keys: ArcSwap<Keys>,
    failed: ArcSwapOption<FetchError>,
    fetches: AtomicU64,
    wanted: Notify,
    unknown: Mutex<Unknown>,
    /// Whether nobody need ask: a fetch will begin, and no more names can be remembered.
    // INVARIANT: once it is set, a fetch begins later; whoever sets it wakes the task after that.
    enough: AtomicBool,
    begun: Instant,
}

impl Shared {
    fn now(&self) -> Moment {
        self.begun.elapsed()
    }

    /// Takes new keys, or lets the ones that are there count for longer.
    fn put(&self, set: Option<KeySet>, good_until: Moment) {
        let before = self.keys.load();
        let (set, generation) = match set.filter(|set| !same(set, &before.set)) {
            Some(set) => (set, before.generation + 1),
            None => (before.set.clone(), before.generation),
        };
        self.keys.store(Arc::new(Keys { set, generation, good_until }));
        self.failed.store(None);
    }
}

impl Drop for JwksClient {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl JwksClient {
    /// Asks an issuer where its keys are and fetches them.
    ///
    /// # Errors
    /// What stood in the way of the first keys: see [`FetchError`].
    pub async fn of_issuer(issuer: &str, reach: Reach) -> Result<Self, FetchError> {
        Self::of_issuer_certified_by(issuer, reach, &Authorities::default()).await
    }

    /// As [`JwksClient::of_issuer`], with certificates by these authorities instead of those of the web.
    ///
    /// # Errors
    /// As [`JwksClient::of_issuer`].
    pub async fn of_issuer_certified_by(
        issuer: &str,
        reach: Reach,
        authorities: &Authorities,
    ) -> Result<Self, FetchError> {
        Self::start(Source::issuer(issuer, reach)?, Fetcher::new(reach, authorities)?).await
    }

    /// Fetches the key set at an address.
    ///
    /// # Errors
    /// As [`JwksClient::of_issuer`].
    pub async fn of_url(url: &str, reach: Reach) -> Result<Self, FetchError> {
        Self::start(Source::Set(Url::parse(url, reach)?), Fetcher::new(reach, &Authorities::default())?).await
    }

    async fn start(source: Source, fetcher: Fetcher) -> Result<Self, FetchError> {
        let begun = Instant::now();
        let mut plan = Plan::new(Moment::ZERO);
        plan.step(Event::Tick, Moment::ZERO, 0);
        let mut place = Place { fetcher, source, url: None, etag: None };
        let Came { set, max_age } = place.fetch().await?;
        let set = set.unwrap_or_default();
        plan.step(Event::Came { max_age }, begun.elapsed(), chance());
        let good_until = plan.good_until().unwrap_or_default();
        let shared = Arc::new(Shared {
            keys: ArcSwap::from_pointee(Keys { set, generation: 0, good_until }),
            failed: ArcSwapOption::empty(),
            fetches: AtomicU64::new(1),
            wanted: Notify::new(),
            unknown: Mutex::default(),
            enough: AtomicBool::new(false),
            begun,
        });
        let task = tokio::spawn(keep(Arc::clone(&shared), plan, place));
        Ok(Self { shared, task: task.abort_handle() })
    }

    /// The keys of this moment, unless they are too old to count.
    pub(super) fn keys(&self) -> Option<arc_swap::Guard<Arc<Keys>>> {
        let keys = self.shared.keys.load();
        (self.shared.now() < keys.good_until).then_some(keys)
    }

    /// Why there are no keys that count.
    pub(super) fn failed(&self) -> Option<FetchError> {
        self.shared.failed.load().as_deref().cloned()
    }

    /// A token asked for a key that is not there, or is not the one that we have. Returns at once, and in a flood without a
    /// lock or a look at the name.
    pub(super) fn want(&self, kid: impl FnOnce() -> String) {
        let shared = &self.shared;
        if shared.enough.load(Ordering::SeqCst) {
            return;
        }
        let (kid, now) = (kid(), shared.now());
        let mut unknown = shared.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        let (news, full) = (unknown.is_news(&kid, now), unknown.is_full());
        drop(unknown);
        if news {
            if full {
                shared.enough.store(true, Ordering::SeqCst);
            }
            shared.wanted.notify_one();
        }
    }

    /// How it is doing.
    #[must_use]
    pub fn health(&self) -> Health {
        let keys = self.shared.keys.load();
        Health {
            keys: keys.set.keys().len(),
            fetches: self.shared.fetches.load(Ordering::Relaxed),
            good: self.shared.now() < keys.good_until,
            failed: self.failed(),
        }
    }
}

/// Where the keys come from, and what was there the last time.
struct Place {
    fetcher: Fetcher,
    source: Source,
    url: Option<Url>,
    etag: Option<HeaderValue>,
}

/// What a fetch has brought; no set when it is the same as before.
struct Came {
    set: Option<KeySet>,
    max_age: Option<Duration>,
}

impl Place {
    async fn fetch(&mut self) -> Result<Came, FetchError> {
        let came = self.try_fetch().await;
        if came.is_err() {
            // The issuer may have moved its keys: ask it again where they are.
            (self.url, self.etag) = (None, None);
        }
        came
    }

    async fn try_fetch(&mut self) -> Result<Came, FetchError> {
        let url = match (&self.url, &self.source) {
            (Some(url), _) | (None, Source::Set(url)) => url.clone(),
            (None, Source::Issuer(issuer)) => discover::keys_of(&self.fetcher, issuer).await?,
        };
        let came = match self.fetcher.get(&url, self.etag.as_ref()).await? {
            Answer::Same { max_age } => Came { set: None, max_age },
            Answer::New { body, etag, max_age } => {
                let set = discover::read(&url, &body)?;
                self.etag = etag;
                Came { set: Some(set), max_age }
            }
        };
        self.url = Some(url);
        Ok(came)
    }
}

/// Does what the plan says, until it is aborted.
async fn keep(shared: Arc<Shared>, mut plan: Plan, mut place: Place) {
    let mut action = plan.step(Event::Tick, shared.now(), chance());
    loop {
        let event = match action {
            Action::Wait(pause) => tokio::select! {
                () = tokio::time::sleep(pause) => Event::Tick,
                () = shared.wanted.notified() => Event::Wanted,
            },
            Action::Fetch => {
                // Before anything is asked for: who comes from now on may want what this fetch does not bring.
                shared.enough.store(false, Ordering::SeqCst);
                shared.fetches.fetch_add(1, Ordering::Relaxed);
                match place.fetch().await {
                    Ok(came) => {
                        action = plan.step(Event::Came { max_age: came.max_age }, shared.now(), chance());
                        shared.put(came.set, plan.good_until().unwrap_or_default());
                        continue;
                    }
                    Err(why) => {
                        tracing::warn!(code = why.code(), %why, "an issuer's keys could not be fetched");
                        shared.failed.store(Some(Arc::new(why)));
                        Event::Failed
                    }
                }
            }
        };
        action = plan.step(event, shared.now(), chance());
    }
}

/// Whether both are the same keys with the same names. Many issuers send them again and again without a tag.
fn same(new: &KeySet, old: &KeySet) -> bool {
    let key = |key: &VerifyingKey| (key.key_id().clone(), key.algorithm(), key.thumbprint());
    new.keys().iter().map(key).eq(old.keys().iter().map(key))
}

fn chance() -> u16 {
    let mut bytes = [0; 2];
    // It only spreads the load; without it all clients would fetch at once, and still rightly.
    let _ = primitive::fill_random(&mut bytes);
    u16::from_be_bytes(bytes)
}
