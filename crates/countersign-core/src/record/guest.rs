//! One browser's server-side state with one application before anybody has signed in.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::extent::Ending;
use crate::id::{GuestSerial, Position, SlotsId};
use crate::record::device::Device;
use crate::record::session::{Audience, SecretHash};
use crate::time::Timestamp;

/// A guest: a browser that nobody has signed in with, and that an application keeps something for.
///
/// It names no one, and nothing leads from it to a person: no subject, no login, no network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Guest {
    /// Its number, among guests.
    pub serial: GuestSerial,
    /// Which application may accept it.
    pub audience: Audience,
    /// The hash of the cookie's secret.
    pub secret: SecretHash,
    /// Where its data hangs.
    pub slots: SlotsId,
    /// The key that seals its data, itself sealed; nobody else's data opens with it.
    pub data_key: Vec<u8>,
    /// The log position when it began: a watermark over its application, or over everything, covers guests as well.
    pub born: Position,
    /// When it began.
    pub begun: Timestamp,
    /// When it was last known to be used; coalesced to 1/16 of `idle`.
    pub seen: Timestamp,
    /// How long it may go unused.
    pub idle: Duration,
    /// When it is over, used or not.
    pub expires: Timestamp,
    /// With which device it began.
    pub device: Device,
    /// How it ended, once it has.
    pub ended: Option<Ending>,
}

impl Guest {
    /// When it is over if nobody uses it again: its idle or its absolute limit, whichever is sooner.
    #[must_use]
    pub fn until(&self) -> Timestamp {
        (self.seen + self.idle).or_sooner(self.expires)
    }
}
