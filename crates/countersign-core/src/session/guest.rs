//! Guests: how one begins, and whether it may go on. A guest is nobody: what is decided here never says who somebody is.
//!
//! OWASP ASVS 5.0 V7.2.4: the session of before a sign-in is not the session of after it. So a guest's cookie is never
//! promoted; signing in makes another one, and the guest ends.

use countersign_jose::primitive;

use crate::error::Refusal;
use crate::handle::Handle;
use crate::id::{GuestSerial, Position, SlotsId};
use crate::policy::{self, SessionLimits};
use crate::record::{Audience, Device, Guest};
use crate::revoke::View;
use crate::secret::SessionToken;
use crate::session::admit::Presence;
use crate::time::Timestamp;

/// What a new guest is made of.
#[derive(Debug)]
pub struct NewGuest {
    /// Its number, leased from the authority.
    pub serial: GuestSerial,
    /// The public form of `serial`.
    pub handle: Handle,
    /// 32 unpredictable bytes.
    pub secret: [u8; 32],
    /// Where its data hangs.
    pub slots: SlotsId,
    /// The sealed key of its data.
    pub data_key: Vec<u8>,
    /// Which application may accept it.
    pub audience: Audience,
    /// The log position that was read before.
    pub born: Position,
    /// With which device.
    pub device: Device,
    /// How long it may live.
    pub limits: SessionLimits,
}

/// A guest that is not yet kept.
#[derive(Debug)]
#[must_use = "keep the guest with its first data, then set the cookie"]
pub struct Arrived {
    /// The guest.
    pub guest: Guest,
    /// What its cookie carries.
    pub token: SessionToken,
}

/// A guest that may be served, and what its record should become.
#[derive(Debug)]
#[must_use = "keep `touch`, or the idle limit never moves"]
pub struct Visiting<'a> {
    /// The guest.
    pub guest: &'a Guest,
    /// The new `seen`, when one is due.
    pub touch: Option<Timestamp>,
}

impl Guest {
    /// Begins a guest. It is kept with its first data: a visitor who leaves nothing costs nothing.
    pub fn begin(new: NewGuest, now: Timestamp) -> Arrived {
        let token = SessionToken::new(&new.handle, &new.secret, 0);
        let guest = Self {
            serial: new.serial,
            audience: new.audience,
            secret: token.hash(),
            slots: new.slots,
            data_key: new.data_key,
            born: new.born,
            begun: now,
            seen: now,
            idle: new.limits.idle,
            expires: now + new.limits.absolute,
            device: new.device,
            ended: None,
        };
        Arrived { guest, token }
    }

    /// Lets the guest go on at `now`, or says why not.
    ///
    /// # Errors
    /// The first that applies: [`Refusal::SessionUnknown`] for another secret, [`Refusal::SessionEnded`] (by itself or by a
    /// watermark), [`Refusal::SessionOver`], [`Refusal::SessionIdle`], [`Refusal::SessionElsewhere`] for another audience.
    pub fn admit(
        &self,
        presented: &SessionToken,
        expected: &Audience,
        view: &View,
        presence: Presence,
        now: Timestamp,
    ) -> Result<Visiting<'_>, Refusal> {
        if !primitive::same(&presented.hash().0, &self.secret.0) {
            return Err(Refusal::SessionUnknown);
        }
        self.alive(view, now)?;
        if self.audience != *expected {
            return Err(Refusal::SessionElsewhere);
        }
        let due = presence == Presence::Active && now >= self.seen + self.idle / policy::TOUCH_FRACTION;
        Ok(Visiting { guest: self, touch: due.then_some(now) })
    }

    /// Whether the guest is alive at `now`, whoever asks.
    ///
    /// # Errors
    /// [`Refusal::SessionEnded`], [`Refusal::SessionOver`] or [`Refusal::SessionIdle`].
    pub fn alive(&self, view: &View, now: Timestamp) -> Result<(), Refusal> {
        if self.ended.is_some() {
            return Err(Refusal::SessionEnded);
        }
        if now >= self.expires {
            return Err(Refusal::SessionOver);
        }
        // `seen` is at most idle/16 older than the last use, so this is never late.
        if now >= self.seen + self.idle {
            return Err(Refusal::SessionIdle);
        }
        // INVARIANT: the view's serials are sessions and grants; a guest is asked for by watermark only.
        if view.stands_above_marks(self.audience.client(), self.born) {
            Ok(())
        } else {
            Err(Refusal::SessionEnded)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::extent::{Actor, Chain, Ending, LogKind, Reason};
    use crate::id::{Epoch, Serial};
    use crate::port::{Follower, LogState};
    use crate::revoke::log::tests::run;

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

    fn shop() -> Audience {
        Audience::Client("shop".parse().unwrap())
    }

    fn arrived() -> Arrived {
        let new = NewGuest {
            serial: GuestSerial::new(5).unwrap(),
            handle: Handle::from_bytes([1; 16]),
            secret: [2; 32],
            slots: SlotsId::new(NOW, &[3; 10]),
            data_key: vec![4],
            audience: shop(),
            born: Position::START,
            device: Device::from_user_agent(None),
            limits: policy::GUEST_SESSION,
        };
        Guest::begin(new, NOW)
    }

    fn told(kinds: Vec<LogKind>) -> View {
        let view = View::loading();
        view.ready(&LogState { epoch: Epoch::new(7), position: Position::START, chain: Chain::default() });
        view.applied(&run(Position::START, Chain::default(), kinds));
        view
    }

    fn refusal(guest: &Guest, view: &View, now: Timestamp) -> Option<Refusal> {
        guest.admit(&arrived().token, &shop(), view, Presence::Active, now).err()
    }

    #[test]
    fn a_fresh_guest_goes_on_without_a_write() {
        let Arrived { guest, token } = arrived();
        let visiting = guest.admit(&token, &shop(), &told(vec![]), Presence::Active, NOW).unwrap();
        assert_eq!(visiting.touch, None);
        assert_eq!(guest.until(), NOW + policy::GUEST_SESSION.idle);
    }

    #[test]
    fn another_secret_is_unknown_even_when_the_guest_has_ended() {
        let mut guest = arrived().guest;
        guest.ended = Some(Ending { at: NOW, reason: Reason::Replaced, by: Actor::System });
        let other = SessionToken::new(&Handle::from_bytes([1; 16]), &[9; 32], 0);
        let answer = guest.admit(&other, &shop(), &told(vec![]), Presence::Active, NOW);
        assert_eq!(answer.unwrap_err(), Refusal::SessionUnknown);
        assert_eq!(refusal(&guest, &told(vec![]), NOW), Some(Refusal::SessionEnded));
    }

    #[test]
    fn both_limits_hold_for_guests() {
        let mut guest = arrived().guest;
        let idle = guest.idle;
        assert_eq!(refusal(&guest, &told(vec![]), NOW + idle), Some(Refusal::SessionIdle));
        assert_eq!(refusal(&guest, &told(vec![]), NOW + (idle - Duration::from_millis(1))), None);
        let end = guest.expires;
        guest.seen = end;
        assert_eq!(refusal(&guest, &told(vec![]), end), Some(Refusal::SessionOver));
    }

    #[test]
    fn a_guest_of_another_application_is_refused() {
        let Arrived { guest, token } = arrived();
        let answer = guest.admit(&token, &Audience::Issuer, &told(vec![]), Presence::Active, NOW);
        assert_eq!(answer.unwrap_err(), Refusal::SessionElsewhere);
    }

    #[test]
    fn a_watermark_covers_guests_and_a_session_of_the_same_number_does_not() {
        let guest = arrived().guest;
        let same_number = LogKind::Ended(Serial::new(5).unwrap());
        assert_eq!(refusal(&guest, &told(vec![same_number]), NOW), None);
        for mark in [LogKind::EverythingMark, LogKind::ClientMark("shop".parse().unwrap())] {
            assert_eq!(refusal(&guest, &told(vec![mark]), NOW), Some(Refusal::SessionEnded));
        }
        assert_eq!(refusal(&guest, &told(vec![LogKind::ClientMark("bank".parse().unwrap())]), NOW), None);
        assert_eq!(refusal(&guest, &View::loading(), NOW), Some(Refusal::SessionEnded));
    }

    proptest! {
        /// The guest is over between W - W/16 and W after its true last use, never later.
        #[test]
        fn the_idle_limit_of_a_guest_is_never_late(gaps in prop::collection::vec(0u64..1_300_000, 1..20)) {
            let Arrived { mut guest, token } = arrived();
            guest.expires = NOW + Duration::from_secs(1 << 40);
            let (view, shop) = (told(vec![]), shop());
            let mut used = NOW;
            for gap in gaps {
                let now = used + Duration::from_secs(gap);
                let touch = match guest.admit(&token, &shop, &view, Presence::Active, now) {
                    Ok(visiting) => visiting.touch,
                    Err(refusal) => {
                        prop_assert_eq!(refusal, Refusal::SessionIdle);
                        prop_assert!(now.since(used) > guest.idle - guest.idle / 16);
                        break;
                    }
                };
                prop_assert!(now.since(used) < guest.idle);
                guest.seen = touch.unwrap_or(guest.seen);
                used = now;
            }
        }
    }
}
