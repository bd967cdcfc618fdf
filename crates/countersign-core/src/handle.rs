//! The public form of a serial: 22 opaque characters outside, an index inside.
//!
//! One AES-128 block over `epoch (32 bits) | serial (48) | kind (48)`, the kind being 0 for sessions and grants and 1 for
//! guests, whose serials are a space of their own. Nobody outside can count, enumerate or tell the kinds apart, and a made-up
//! handle meets one of the two kinds with a chance of 2^-47 a key, so junk is refused before any lookup.

use std::fmt;
use std::str::FromStr;

use countersign_jose::primitive::BlockKey;

use crate::error::Fault;
use crate::id::{BadName, Epoch, GuestSerial, Serial};
use crate::wire;

/// The public form of a serial; not a secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Handle([u8; 16]);

impl Handle {
    /// The handle made of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl FromStr for Handle {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        wire::decode(text)
            .map(Self)
            .ok_or_else(|| BadName::expected(text, "a handle (22 base64url characters)"))
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&wire::encode(&self.0))
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({self})")
    }
}

/// The keys that make and open handles: 1 to 4, the newest first. Only the newest makes new ones.
pub struct HandleKeys {
    newest: (u32, BlockKey),
    older: Vec<(u32, BlockKey)>,
}

impl HandleKeys {
    /// The most keys that are alive at once; a handle is tried against each in turn.
    pub const MAX: usize = 4;

    /// One key, `version`.
    ///
    /// # Errors
    /// The crypto library refused it.
    pub fn one(version: u32, key: &[u8; 16]) -> Result<Self, Fault> {
        Self::new(&[(version, *key)])
    }

    /// These keys with their versions, the newest first.
    ///
    /// # Errors
    /// There are not 1 to 4, or the crypto library refused one.
    pub fn new(keys: &[(u32, [u8; 16])]) -> Result<Self, Fault> {
        let Some((newest, older)) = keys.split_first().filter(|_| keys.len() <= Self::MAX) else {
            return Err(Fault::Unfit(format!(
                "{} handle keys, there must be 1 to {}",
                keys.len(),
                Self::MAX
            )));
        };
        let ready = |(version, key): &(u32, [u8; 16])| match BlockKey::new(key) {
            Ok(key) => Ok((*version, key)),
            Err(fault) => Err(Fault::Crypto(fault.to_string())),
        };
        Ok(Self { newest: ready(newest)?, older: older.iter().map(ready).collect::<Result<_, _>>()? })
    }

    /// The version of the key that makes new handles.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.newest.0
    }

    /// The handle of `serial` in `epoch`.
    #[must_use]
    pub fn seal(&self, epoch: Epoch, serial: Serial) -> Handle {
        self.seal_as(REVOCABLE, epoch, serial.number())
    }

    /// The handle of the guest `serial` in `epoch`.
    #[must_use]
    pub fn seal_guest(&self, epoch: Epoch, serial: GuestSerial) -> Handle {
        self.seal_as(GUEST, epoch, serial.number())
    }

    /// The serial behind `handle`, or none when we did not make it in `epoch`, or made it for a guest.
    #[must_use]
    pub fn open(&self, handle: &Handle, epoch: Epoch) -> Option<Serial> {
        self.open_as(REVOCABLE, handle, epoch).and_then(Serial::new)
    }

    /// The guest behind `handle`, or none when we did not make it in `epoch`, or made it for a session or a grant.
    #[must_use]
    pub fn open_guest(&self, handle: &Handle, epoch: Epoch) -> Option<GuestSerial> {
        self.open_as(GUEST, handle, epoch).and_then(GuestSerial::new)
    }

    fn seal_as(&self, kind: u128, epoch: Epoch, number: u64) -> Handle {
        let block = u128::from(epoch.number()) << 96 | u128::from(number) << 48 | kind;
        Handle(self.newest.1.seal(block.to_be_bytes()))
    }

    fn open_as(&self, kind: u128, handle: &Handle, epoch: Epoch) -> Option<u64> {
        std::iter::once(&self.newest).chain(&self.older).find_map(|(_, key)| {
            let block = u128::from_be_bytes(key.open(handle.0));
            let same = block & LOW == kind && block >> 96 == u128::from(epoch.number());
            u64::try_from((block >> 48) & LOW).ok().filter(|_| same)
        })
    }
}

impl fmt::Debug for HandleKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandleKeys(..)")
    }
}

/// The last 48 bits of a block.
const LOW: u128 = (1 << 48) - 1;
/// What they are for sessions and grants.
const REVOCABLE: u128 = 0;
/// What they are for guests.
const GUEST: u128 = 1;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EPOCH: Epoch = Epoch::new(1_800_000_000);

    proptest! {
        #[test]
        fn a_handle_opens_to_its_serial(number in 0..=Serial::MAX.number(), key: [u8; 16]) {
            let keys = HandleKeys::one(1, &key).unwrap();
            let serial = Serial::new(number).unwrap();
            let handle: Handle = keys.seal(EPOCH, serial).to_string().parse().unwrap();
            prop_assert_eq!(keys.open(&handle, EPOCH), Some(serial));
            prop_assert_eq!(handle.to_string().len(), 22);
        }

        #[test]
        fn a_handle_of_a_guest_and_one_of_a_session_never_open_as_each_other(
            number in 0..=Serial::MAX.number(), key: [u8; 16],
        ) {
            let keys = HandleKeys::one(1, &key).unwrap();
            let (serial, guest) = (Serial::new(number).unwrap(), GuestSerial::new(number).unwrap());
            let (session, visit) = (keys.seal(EPOCH, serial), keys.seal_guest(EPOCH, guest));
            prop_assert_eq!(keys.open_guest(&visit, EPOCH), Some(guest));
            prop_assert_eq!(keys.open(&visit, EPOCH), None);
            prop_assert_eq!(keys.open_guest(&session, EPOCH), None);
        }

        #[test]
        fn made_up_handles_do_not_open(bytes: [u8; 16], key: [u8; 16]) {
            let (keys, handle) = (HandleKeys::one(1, &key).unwrap(), Handle::from_bytes(bytes));
            prop_assert_eq!(keys.open(&handle, EPOCH), None);
            prop_assert_eq!(keys.open_guest(&handle, EPOCH), None);
        }

        #[test]
        fn a_handle_with_one_bit_changed_does_not_open(number in 0u64..1 << 40, bit in 0usize..128) {
            let keys = HandleKeys::one(1, &[3; 16]).unwrap();
            let mut bytes = *keys.seal(EPOCH, Serial::new(number).unwrap()).bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(keys.open(&Handle::from_bytes(bytes), EPOCH), None);
            prop_assert_eq!(keys.open_guest(&Handle::from_bytes(bytes), EPOCH), None);
        }
    }

    #[test]
    fn an_older_key_still_opens_and_another_epoch_does_not() {
        let serial = Serial::new(5).unwrap();
        let handle = HandleKeys::one(1, &[1; 16]).unwrap().seal(EPOCH, serial);
        let rotated = HandleKeys::new(&[(2, [2; 16]), (1, [1; 16])]).unwrap();
        assert_eq!(rotated.open(&handle, EPOCH), Some(serial));
        assert_eq!(rotated.open(&handle, Epoch::new(1_800_000_001)), None);
        assert_eq!(rotated.version(), 2);
        assert_ne!(rotated.seal(EPOCH, serial), handle);
    }

    #[test]
    fn there_are_one_to_four_keys() {
        assert!(HandleKeys::new(&[]).is_err());
        assert!(HandleKeys::new(&[(1, [0; 16]); 4]).is_ok());
        assert!(HandleKeys::new(&[(1, [0; 16]); 5]).is_err());
    }
}
