//! What is sealed under the master key, sealed anew: only if it is still what was read, so that nothing newer is lost.

use countersign_core::batch::{Conflict, Sealed};
use countersign_core::record::KeyRecord;

use super::Applied;
use crate::column::replace;
use crate::embedded::convert::Stop;

impl Applied<'_> {
    pub(super) fn reseal(&self, what: &Sealed, was: &[u8], sealed: &[u8]) -> Result<(), Stop> {
        match what {
            Sealed::Setting(name) => self.put_setting(name, was, sealed),
            Sealed::SigningKey(kid) => {
                let found =
                    self.record::<KeyRecord>("SELECT record FROM signing_key WHERE kid = ?1", [kid])?;
                let mut key = found.ok_or(Conflict::Missing)?;
                replace(&mut key.sealed, was, sealed)?;
                self.put_key(&key)
            }
            Sealed::DataKey(subject) => {
                let mut user = self.person(subject)?;
                replace(&mut user.data_key, was, sealed)?;
                self.keep_person(&user)
            }
        }
    }
}
