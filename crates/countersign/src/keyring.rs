//! Signing keys: made, sealed, published, used, retired, each at its time.
//!
//! ES256 signs access tokens, RS256 with 3072 bits signs ID tokens (OpenID Connect Core 15.1). A new key is published a day
//! before it signs, so that whoever has cached the JWKS knows it by then; a key leaves the JWKS when the last token that it
//! signed has died. In development, and in a fresh store, a key signs at once.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use countersign_core::audit::Event;
use countersign_core::batch::{Batch, Change};
use countersign_core::extent::Actor;
use countersign_core::policy;
use countersign_core::record::{KeyPurpose, KeyRecord};
use countersign_core::signin::account::NewKey;
use countersign_core::time::Timestamp;
use countersign_core::{Fault, Refusal};
use countersign_jose::jwt::{self, IdClaims, Leeway, Verifier};
use countersign_jose::{Algorithm, KeySet, SigningKey};

use crate::engine::Engine;
use crate::error::{Result, crypto};
use crate::revocable::GrantClaims;

/// How long a key is shown before it signs: caches of a JWKS live shorter than this.
const PUBLISHED_BEFORE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a key signs before a successor takes its place.
const SIGNS_FOR: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// How long a key is shown after it has signed for the last time: longer than any token lives.
const SHOWN_AFTER: Duration = Duration::from_secs(policy::ACCESS_LIFETIME_MAX.as_secs() + 60 * 60);

/// How many verifiers are kept ready, one for each audience in use.
const VERIFIERS: usize = 64;

/// What each purpose signs with.
const KINDS: [(KeyPurpose, Algorithm); 2] =
    [(KeyPurpose::Access, Algorithm::Es256), (KeyPurpose::Id, Algorithm::Rs256)];

/// The keys at one moment, opened.
#[derive(Default)]
pub(crate) struct Ring {
    keys: Vec<(KeyRecord, Arc<SigningKey>)>,
    access: KeySet,
    id: KeySet,
    jwks: serde_json::Value,
    verifiers: Mutex<HashMap<String, Arc<Verifier<GrantClaims>>>>,
}

impl Ring {
    fn new(keys: Vec<(KeyRecord, Arc<SigningKey>)>) -> Result<Self, Fault> {
        let set = |purpose: Option<KeyPurpose>| {
            let mut keys: Vec<_> = keys
                .iter()
                .filter(|(record, _)| purpose.is_none_or(|wanted| record.purpose == wanted))
                .collect();
            // The newest first: some clients take the first key of a kind.
            keys.sort_by_key(|(record, _)| std::cmp::Reverse(record.signs_from));
            KeySet::new(keys.into_iter().map(|(_, key)| key.verifying_key())).map_err(crypto)
        };
        let jwks = serde_json::to_value(set(None)?.to_jwks()).map_err(crypto)?;
        let (access, id) = (set(Some(KeyPurpose::Access))?, set(Some(KeyPurpose::Id))?);
        Ok(Self { access, id, jwks, keys, verifiers: Mutex::default() })
    }

    /// The key that signs for `purpose` at `now`: the youngest whose time has come.
    pub(crate) fn signer(&self, purpose: KeyPurpose, now: Timestamp) -> Result<Arc<SigningKey>, Fault> {
        self.keys
            .iter()
            .filter(|(record, _)| record.purpose == purpose && record.signs_from <= now)
            .max_by_key(|(record, _)| record.signs_from)
            .map(|(_, key)| Arc::clone(key))
            .ok_or_else(|| Fault::Crypto("no signing key is ready".to_owned()))
    }

    /// Whether these are its keys, in any order.
    fn holds(&self, records: &[KeyRecord]) -> bool {
        self.keys.len() == records.len() && self.keys.iter().all(|(record, _)| records.contains(record))
    }

    fn verifier(&self, issuer: &str, audience: &str) -> Arc<Verifier<GrantClaims>> {
        let mut ready = self.verifiers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(verifier) = ready.get(audience) {
            return Arc::clone(verifier);
        }
        // The clock that signed is the clock that checks.
        let verifier = jwt::verifier::<GrantClaims>(self.access.clone()).issuer(issuer).audience(audience);
        let verifier = Arc::new(verifier.leeway(Leeway::NONE));
        if ready.len() >= VERIFIERS {
            ready.clear();
        }
        ready.insert(audience.to_owned(), Arc::clone(&verifier));
        verifier
    }
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|(record, _)| &record.kid)).finish()
    }
}

impl Engine {
    /// The published keys (RFC 7517 section 5).
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        self.ring.load().jwks.clone()
    }

    /// Checks access tokens of this issuer for `audience`, by the keys of this moment.
    #[must_use]
    pub fn verifier(&self, audience: &str) -> Arc<Verifier<GrantClaims>> {
        self.ring.load().verifier(&self.settings.issuer, audience)
    }

    /// Checks ID tokens of this issuer for `audience`, by the keys of this moment.
    pub(crate) fn id_verifier(&self, audience: &str) -> Verifier<IdClaims> {
        jwt::verifier(self.ring.load().id.clone()).issuer(&self.settings.issuer).audience(audience)
    }

    /// The keys at rest, the newest first.
    ///
    /// # Errors
    /// Whatever the store could not do.
    pub async fn keys(&self) -> Result<Vec<KeyRecord>> {
        let mut keys = self.directory.keys().await?;
        keys.sort_by_key(|key| std::cmp::Reverse(key.signs_from));
        Ok(keys)
    }

    /// Makes a successor for every key: published now, signing in a day (in development at once).
    ///
    /// # Errors
    /// [`Refusal::Invalid`] while a successor is already waiting for its time.
    pub async fn rotate_keys(&self, by: Actor) -> Result<()> {
        let _turn = self.rotating.lock().await;
        let now = self.now();
        let records = self.directory.keys().await?;
        if let Some(waiting) = records.iter().find(|record| record.signs_from > now) {
            let what = format!(
                "the key `{}` is published and signs in {} min, rotate again after that",
                waiting.kid,
                waiting.signs_from.since(now).as_secs() / 60 + 1
            );
            return Err(Refusal::Invalid { what }.into());
        }
        let mut batch = Batch::new();
        for (purpose, algorithm) in KINDS {
            batch = self.succeed(batch, &records, purpose, algorithm).await?;
        }
        self.settle(batch.audited(self.line(by, Event::KeysRotated).into())).await?;
        Ok(self.load_keys().await?)
    }

    /// Opens the keys that the store has.
    pub(crate) async fn load_keys(&self) -> Result<(), Fault> {
        let mut keys = Vec::new();
        for record in self.directory.keys().await? {
            let algorithm = Algorithm::named(&record.algorithm)
                .ok_or_else(|| Fault::Codec(format!("no algorithm `{}`", record.algorithm)))?;
            let der = self.roots.signing_keys.open(record.kid.as_bytes(), &record.sealed)?;
            let key = SigningKey::from_pkcs8(algorithm, &der).map_err(crypto)?;
            keys.push((record, Arc::new(key)));
        }
        self.ring.store(Arc::new(Ring::new(keys)?));
        Ok(())
    }

    /// Makes the keys that are missing or due, drops those whose last token has died.
    pub(crate) async fn renew_keys(&self) -> Result<(), Fault> {
        let _turn = self.rotating.lock().await;
        let now = self.now();
        let records = self.directory.keys().await?;
        let mut batch = Batch::new();
        for (purpose, algorithm) in KINDS {
            let newest = records
                .iter()
                .filter(|record| record.purpose == purpose)
                .map(|record| record.signs_from)
                .max();
            if newest.is_none_or(|signs_from| now >= signs_from + SIGNS_FOR) {
                batch = self.succeed(batch, &records, purpose, algorithm).await?;
            }
        }
        for record in records.iter().filter(|record| record.retires.is_some_and(|at| at <= now)) {
            batch = batch.with(Change::DropKey { kid: record.kid.clone(), at: now });
        }
        if batch.changes().is_empty() {
            // Another node may have rotated them.
            return if self.ring.load().holds(&records) { Ok(()) } else { self.load_keys().await };
        }
        self.settle(batch.audited(self.line(Actor::System, Event::KeysRotated).into())).await?;
        self.load_keys().await
    }

    /// Adds a successor to the keys of `purpose` to `batch`, and the day on which it takes over.
    async fn succeed(
        &self,
        batch: Batch,
        records: &[KeyRecord],
        purpose: KeyPurpose,
        algorithm: Algorithm,
    ) -> Result<Batch, Fault> {
        let now = self.now();
        let mut reigning: Vec<_> =
            records.iter().filter(|key| key.purpose == purpose && key.signs_until.is_none()).collect();
        reigning.sort_by_key(|key| key.signs_from);
        let at_once = self.settings.dev || reigning.is_empty();
        let signs_from = if at_once { now } else { now + PUBLISHED_BEFORE };
        // RSA takes a third of a second; the other tasks of this thread do not wait for it.
        let key = tokio::task::spawn_blocking(move || SigningKey::generate(algorithm))
            .await
            .map_err(crypto)?
            .map_err(crypto)?;
        let kid = key.key_id().as_str().to_owned();
        let der = key.to_pkcs8().map_err(crypto)?;
        let sealed = self.roots.signing_keys.seal(self.chance()?, kid.as_bytes(), &der)?;
        let successor = KeyRecord::publish(
            NewKey { kid, algorithm: algorithm.name().to_owned(), purpose, sealed, signs_from },
            now,
        );
        Ok(reigning.into_iter().fold(batch.with(Change::PutKey(successor)), |batch, old| {
            batch.with(Change::PutKey(old.succeeded(signs_from, SHOWN_AFTER)))
        }))
    }
}
