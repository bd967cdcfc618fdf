//! A refresh family as a value: how it begins and what its tokens look like. Whether one is good is decided in `refresh`.
//!
//! `R(g, n)` is handle, generation, sibling and HMAC(key, salt | g | n): the key lives beside the master key and the salt in
//! the store, so a leak of one of them forges nothing, and no token needs a row. It does not follow from `R(g - 1, n)`: a
//! thief of one token cannot work out the next.

use countersign_jose::primitive;

use crate::handle::Handle;
use crate::record::Family;
use crate::secret::RefreshToken;
use crate::time::Timestamp;

impl Family {
    /// A family at its first generation, whose token `R(0, 0)` is handed out at `now`; `salt` is 32 unpredictable bytes.
    #[must_use]
    pub fn begin(salt: [u8; 32], now: Timestamp) -> Self {
        Self {
            generation: 0,
            sibling: 0,
            handed_at: now,
            confirmed_at: None,
            confirmed_sibling: None,
            parent_sibling: None,
            replays: 0,
            salt,
        }
    }

    /// The newest token of the current generation.
    #[must_use]
    pub fn token(&self, handle: &Handle, key: &[u8; 32]) -> RefreshToken {
        let mac = self.mac(self.generation, self.sibling, key);
        let mut bytes = Vec::with_capacity(54);
        bytes.extend_from_slice(handle.bytes());
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        bytes.extend_from_slice(&self.sibling.to_be_bytes());
        bytes.extend_from_slice(&mac);
        RefreshToken::of(bytes.try_into().unwrap_or([0; 54]))
    }

    /// Whether `token` is one of this family's, of whatever generation.
    #[must_use]
    pub fn made(&self, token: &RefreshToken, key: &[u8; 32]) -> bool {
        let mac = self.mac(token.generation(), token.sibling(), key);
        token.bytes().last_chunk::<32>().is_some_and(|presented| primitive::same(presented, &mac))
    }

    fn mac(&self, generation: u32, sibling: u16, key: &[u8; 32]) -> [u8; 32] {
        primitive::hmac_sha256(
            key,
            &[b"countersign refresh\0", &self.salt, &generation.to_be_bytes(), &sibling.to_be_bytes()],
        )
    }
}

impl RefreshToken {
    /// Which grant it names.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::from_bytes(self.bytes().first_chunk::<16>().copied().unwrap_or_default())
    }

    /// Which generation it says it is of; believed only with its MAC.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.bytes().iter().skip(16).take(4).fold(0, |number, byte| number << 8 | u32::from(*byte))
    }

    /// Which sibling it says it is; believed only with its MAC.
    #[must_use]
    pub fn sibling(&self) -> u16 {
        self.bytes().iter().skip(20).take(2).fold(0, |number, byte| number << 8 | u16::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: [u8; 32] = [5; 32];

    proptest! {
        #[test]
        fn a_token_names_its_grant_generation_and_sibling(handle: [u8; 16], generation: u32, sibling: u16, salt: [u8; 32]) {
            let mut family = Family::begin(salt, Timestamp::from_seconds(1));
            (family.generation, family.sibling) = (generation, sibling);
            let token = family.token(&Handle::from_bytes(handle), &KEY);
            let back = RefreshToken::parse(token.reveal()).unwrap();
            prop_assert_eq!(back.handle(), Handle::from_bytes(handle));
            prop_assert_eq!(back.generation(), generation);
            prop_assert_eq!(back.sibling(), sibling);
            prop_assert!(family.made(&back, &KEY));
            prop_assert!(!family.made(&back, &[6; 32]));
        }

        #[test]
        fn a_changed_token_is_not_of_the_family(at in 16usize..54, bit in 0u8..8) {
            let family = Family::begin([1; 32], Timestamp::from_seconds(1));
            let mut bytes = *family.token(&Handle::from_bytes([2; 16]), &KEY).bytes();
            bytes[at] ^= 1 << bit;
            prop_assert!(!family.made(&RefreshToken::of(bytes), &KEY));
        }
    }

    #[test]
    fn two_families_do_not_share_tokens() {
        let handle = Handle::from_bytes([2; 16]);
        let (one, other) =
            (Family::begin([1; 32], Timestamp::default()), Family::begin([2; 32], Timestamp::default()));
        assert!(!other.made(&one.token(&handle, &KEY), &KEY));
    }
}
