//! Which key signs and which keys are published, at a moment that is given. Reads no clock.
//!
//! RFC 7517 5 and RFC 8725 3.1. One key signs; a successor is published before it signs, so that whoever keeps a copy of the
//! set knows it by then; a key that has signed stays published until its last token has died everywhere.

use std::sync::Arc;
use std::time::Duration;

use countersign_core::time::Timestamp;
use countersign_jose::{Algorithm, Family, Fault, KeyId, SigningKey, VerifyingKey};

use super::error::IssuerError;

/// The most keys at once. Some readers of a set stop at a hundred; a rotation an hour with tokens of half a day fits.
const KEYS_MAX: usize = 16;

/// A successor that signs later than this is a plan and not a key.
const LEAD_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How long a key is shown after its last token's `exp`: verifiers allow their clocks up to this.
const SHOWN_AFTER: Duration = Duration::from_secs(60);

/// The keys of an issuer: one that signs, perhaps its successor, and those whose tokens still live.
///
/// ```
/// use countersign::issuer::KeyRing;
/// use countersign_jose::{Algorithm, SigningKey};
///
/// let fresh = KeyRing::generate(Algorithm::EdDsa)?; // gone when the program ends, and its tokens with it
/// # let stored = SigningKey::generate(Algorithm::EdDsa)?.to_pkcs8_pem()?;
/// let kept = KeyRing::of(SigningKey::from_pkcs8_pem(Algorithm::EdDsa, &stored)?);
/// # let _ = (fresh, kept);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
// INVARIANT: no two keys have one name.
#[derive(Clone, Debug)]
pub struct KeyRing {
    signing: Arc<SigningKey>,
    next: Option<Next>,
    /// Those that have signed, without their private halves.
    past: Vec<Past>,
}

/// A key that is published and does not sign yet.
#[derive(Clone, Debug)]
struct Next {
    key: Arc<SigningKey>,
    signs_from: Timestamp,
    /// When the key before it leaves the set.
    leaves: Timestamp,
}

/// A key whose last tokens are still alive.
#[derive(Clone, Debug)]
struct Past {
    key: VerifyingKey,
    leaves: Timestamp,
}

/// What a rotation brings, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rotation {
    /// The successor, published from now on.
    pub successor: KeyId,
    /// From when the successor signs and the key before it does not.
    pub signs_from: Timestamp,
    /// When the key before it is no longer published: its last token has died.
    pub leaves: Timestamp,
}

impl KeyRing {
    /// A ring with one new key.
    ///
    /// # Errors
    /// As [`SigningKey::generate`].
    pub fn generate(algorithm: Algorithm) -> Result<Self, Fault> {
        SigningKey::generate(algorithm).map(Self::of)
    }

    /// A ring with one key, which signs at once.
    #[must_use]
    pub fn of(key: SigningKey) -> Self {
        Self { signing: Arc::new(key), next: None, past: Vec::new() }
    }

    /// What every key of the ring signs with.
    pub(super) fn algorithm(&self) -> Algorithm {
        self.signing.algorithm()
    }

    /// The key that signs at `now`. There is always one, and never two.
    pub(super) fn signer(&self, now: Timestamp) -> &Arc<SigningKey> {
        match &self.next {
            Some(next) if next.signs_from <= now => &next.key,
            _ => &self.signing,
        }
    }

    /// The ring as it is at `now`: a successor whose time has come is in its place, keys that nobody needs are gone.
    pub(super) fn at(mut self, now: Timestamp) -> Self {
        if let Some(next) = self.next.take_if(|next| next.signs_from <= now) {
            self.past.push(Past { key: self.signing.verifying_key(), leaves: next.leaves });
            self.signing = next.key;
        }
        self.past.retain(|past| now < past.leaves);
        self
    }

    /// The public keys, the one that signs first: some clients take the first of a kind.
    pub(super) fn public(&self) -> impl Iterator<Item = VerifyingKey> {
        let private = [Some(&self.signing), self.next.as_ref().map(|next| &next.key)].into_iter().flatten();
        private.map(|key| key.verifying_key()).chain(self.past.iter().rev().map(|past| past.key.clone()))
    }

    /// Until when the ring stays as it is; `None` for ever.
    pub(super) fn until(&self) -> Option<Timestamp> {
        let takes_over = self.next.as_ref().map(|next| next.signs_from);
        self.past.iter().map(|past| past.leaves).chain(takes_over).min()
    }

    /// The ring with a successor, published at `now`, that signs after `lead`. Tokens live for `lifetime`.
    ///
    /// # Errors
    /// [`IssuerError::Waiting`], [`IssuerError::Crowded`], [`IssuerError::Unfit`].
    pub(super) fn rotated(
        self,
        successor: SigningKey,
        now: Timestamp,
        lead: Duration,
        lifetime: Duration,
    ) -> Result<(Self, Rotation), IssuerError> {
        let ring = self.at(now);
        if let Some(next) = &ring.next {
            let (kid, signs_from) = (next.key.key_id().clone(), next.signs_from);
            return Err(IssuerError::Waiting { kid, signs_from });
        }
        ring.admits(&successor, lead)?;
        let signs_from = now + lead;
        // The last token is signed just before: it dies a lifetime later.
        let leaves = signs_from + lifetime + SHOWN_AFTER;
        let rotation = Rotation { successor: successor.key_id().clone(), signs_from, leaves };
        let next = Some(Next { key: Arc::new(successor), signs_from, leaves });
        // Without a lead it signs at once.
        Ok((Self { next, ..ring }.at(now), rotation))
    }

    fn admits(&self, successor: &SigningKey, lead: Duration) -> Result<(), IssuerError> {
        let unfit = |what| Err(IssuerError::Unfit { what });
        if lead > LEAD_MAX {
            return unfit("a successor signs within 30 days");
        }
        if self.public().any(|key| key.key_id() == successor.key_id()) {
            return unfit("a successor has a name of its own");
        }
        let akp = |algorithm: Algorithm| algorithm.family() == Family::Akp;
        if akp(successor.algorithm()) != akp(self.algorithm()) {
            // One such key makes some clients refuse a whole set.
            return unfit("keys of ML-DSA are published in a set of their own");
        }
        let keys = self.public().count();
        if keys >= KEYS_MAX { Err(IssuerError::Crowded { keys }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    const BEGIN: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const MINUTE: Duration = Duration::from_secs(60);

    /// Keys are slow to make in numbers, so all cases share them; each is read anew from its stored form.
    static STORED: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
        let new = || SigningKey::generate(Algorithm::EdDsa).unwrap().to_pkcs8().unwrap().to_vec();
        (0..40).map(|_| new()).collect()
    });

    fn key(number: usize) -> SigningKey {
        SigningKey::from_pkcs8(Algorithm::EdDsa, &STORED[number]).unwrap()
    }

    fn names(ring: &KeyRing, now: Timestamp) -> Vec<KeyId> {
        ring.clone().at(now).public().map(|key| key.key_id().clone()).collect()
    }

    fn name(number: usize) -> KeyId {
        key(number).key_id().clone()
    }

    #[test]
    fn a_successor_is_published_then_signs_then_is_alone() {
        let (ring, rotation) = KeyRing::of(key(0)).rotated(key(1), BEGIN, 10 * MINUTE, 5 * MINUTE).unwrap();
        let before = |at: Timestamp| Timestamp::from_millis(at.millis() - 1);
        assert_eq!(rotation.successor, name(1));
        assert_eq!(rotation.signs_from, BEGIN + 10 * MINUTE);
        assert_eq!(rotation.leaves, BEGIN + 16 * MINUTE);

        assert_eq!(names(&ring, BEGIN), [name(0), name(1)]);
        assert_eq!(*ring.signer(before(rotation.signs_from)).key_id(), name(0));
        assert_eq!(*ring.signer(rotation.signs_from).key_id(), name(1));
        assert_eq!(names(&ring, rotation.signs_from), [name(1), name(0)]);
        assert_eq!(names(&ring, before(rotation.leaves)), [name(1), name(0)]);
        assert_eq!(names(&ring, rotation.leaves), [name(1)]);
    }

    #[test]
    fn a_successor_without_a_lead_signs_at_once() {
        let (ring, _) = KeyRing::of(key(0)).rotated(key(1), BEGIN, Duration::ZERO, MINUTE).unwrap();
        assert_eq!(*ring.signer(BEGIN).key_id(), name(1));
        assert_eq!(names(&ring, BEGIN), [name(1), name(0)]);
    }

    #[test]
    fn a_second_successor_waits_for_the_first() {
        let (ring, rotation) = KeyRing::of(key(0)).rotated(key(1), BEGIN, MINUTE, MINUTE).unwrap();
        let refused = ring.clone().rotated(key(2), BEGIN, MINUTE, MINUTE).unwrap_err();
        assert_eq!(refused, IssuerError::Waiting { kid: name(1), signs_from: rotation.signs_from });
        assert!(ring.rotated(key(2), rotation.signs_from, MINUTE, MINUTE).is_ok());
    }

    #[test]
    fn a_ring_does_not_grow_without_end() {
        let mut ring = KeyRing::of(key(0));
        for number in 1..KEYS_MAX {
            (ring, _) = ring.rotated(key(number), BEGIN, Duration::ZERO, MINUTE).unwrap();
        }
        let full = ring.clone().rotated(key(KEYS_MAX), BEGIN, Duration::ZERO, MINUTE).unwrap_err();
        assert_eq!(full, IssuerError::Crowded { keys: KEYS_MAX });
        let later = BEGIN + MINUTE + SHOWN_AFTER;
        assert!(ring.rotated(key(KEYS_MAX), later, Duration::ZERO, MINUTE).is_ok());
    }

    #[test]
    fn a_successor_that_would_harm_the_set_is_refused() {
        let refused = |successor, lead| {
            KeyRing::of(key(0)).rotated(successor, BEGIN, lead, MINUTE).unwrap_err().to_string()
        };
        assert_eq!(refused(key(0), MINUTE), "a successor has a name of its own");
        assert_eq!(refused(key(1), LEAD_MAX + MINUTE), "a successor signs within 30 days");
        assert_eq!(refused(key(1), Duration::MAX), "a successor signs within 30 days");
        let other = SigningKey::generate(Algorithm::MlDsa44).unwrap();
        assert_eq!(refused(other, MINUTE), "keys of ML-DSA are published in a set of their own");
    }

    #[derive(Clone, Debug)]
    enum Event {
        Passes(Duration),
        Rotates(Duration),
        Issues,
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        // Milliseconds, so that all borders are met from both sides.
        let millis = |most: u64| (0..most).prop_map(Duration::from_millis);
        let event = prop_oneof![
            3 => millis(90_000).prop_map(Event::Passes),
            2 => millis(60_000).prop_map(Event::Rotates),
            5 => Just(Event::Issues),
        ];
        prop::collection::vec(event, 1..60)
    }

    proptest! {
        #[test]
        fn a_living_token_has_a_published_key_and_one_key_signs(
            events in events(), lifetime in 1..120_u64, start in 0..1000_u64,
        ) {
            let lifetime = Duration::from_secs(lifetime);
            let mut now = BEGIN + Duration::from_millis(start);
            let (mut ring, mut made) = (KeyRing::of(key(0)), 1);
            let mut tokens: Vec<(KeyId, u64)> = Vec::new();
            let mut published = vec![(name(0), Timestamp::default())];
            let mut signers: Vec<KeyId> = Vec::new();
            for event in events {
                match event {
                    Event::Passes(time) => now = now + time,
                    Event::Rotates(lead) if made < STORED.len() => {
                        if let Ok((next, rotation)) = ring.clone().rotated(key(made), now, lead, lifetime) {
                            prop_assert_eq!(rotation.signs_from, now + lead);
                            published.push((rotation.successor, rotation.signs_from));
                            (ring, made) = (next, made + 1);
                        }
                    }
                    Event::Rotates(_) => {}
                    Event::Issues => {
                        let signer = ring.signer(now).key_id().clone();
                        tokens.push((signer, now.seconds() + lifetime.as_secs()));
                    }
                }
                // Whether it was asked in between or not, the ring says the same.
                let seen = names(&ring, now);
                prop_assert_eq!(&names(&ring.clone().at(now), now), &seen);
                if made % 2 == 0 { ring = ring.at(now); }
                // One signs: the latest whose time has come; it never signs again when another has.
                let signer = ring.signer(now).key_id().clone();
                let latest = published.iter().rev().find(|(_, from)| *from <= now).map(|(kid, _)| kid);
                prop_assert_eq!(Some(&signer), latest);
                prop_assert_eq!(seen.first(), Some(&signer));
                if signers.last() != Some(&signer) {
                    prop_assert!(!signers.contains(&signer));
                    signers.push(signer);
                }
                // A verifier elsewhere whose clock is a minute behind still accepts it.
                for (kid, exp) in &tokens {
                    if now.seconds() < exp + 60 { prop_assert!(seen.contains(kid)); }
                }
                prop_assert!(seen.len() <= KEYS_MAX);
            }
            // In the end only the last key is left.
            prop_assert_eq!(names(&ring, now + LEAD_MAX).len(), 1);
        }
    }
}
