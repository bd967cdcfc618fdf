//! Starting a session on a login. Raising privilege is a new session: new serial, new secret.

use crate::batch::{Batch, Change};
use crate::error::Refusal;
use crate::extent::{Actor, Ending, Reason};
use crate::handle::Handle;
use crate::id::{Serial, SlotsId};
use crate::login::Origin;
use crate::policy::{Beyond, Most, SessionLimits, SessionRules};
use crate::record::session::Audience;
use crate::record::{Login, Session};
use crate::secret::SessionToken;
use crate::time::Timestamp;

/// What a new session is made of besides its login.
#[derive(Debug)]
pub struct NewSession {
    /// Its number, leased from the store.
    pub serial: Serial,
    /// The public form of `serial`.
    pub handle: Handle,
    /// 32 unpredictable bytes.
    pub secret: [u8; 32],
    /// Where its data hangs.
    pub slots: SlotsId,
    /// Which application may accept it.
    pub audience: Audience,
    /// From where.
    pub origin: Origin,
    /// How long it may live.
    pub limits: SessionLimits,
}

/// A session that is not yet durable.
#[derive(Debug)]
#[must_use = "commit `batch`, then set the cookie"]
pub struct Started {
    /// The session.
    pub session: Session,
    /// What its cookie carries.
    pub token: SessionToken,
    /// What starts it.
    pub batch: Batch,
}

impl Started {
    /// What starts it where one person may have so many sessions: the room for it, and then it.
    pub fn batch_within(&self, rules: SessionRules) -> Batch {
        let Some(Most { count, beyond }) = rules.most else { return self.batch.clone() };
        let crowded = Ending { at: self.session.begun, reason: Reason::CrowdedOut, by: Actor::System };
        let room = Change::MakeRoom {
            subject: self.session.subject.clone(),
            audience: self.session.audience.clone(),
            most: count,
            at: self.session.begun,
            crowded: (beyond == Beyond::EndOldest).then_some(crowded),
        };
        self.batch.changes().iter().cloned().fold(Batch::of(room), Batch::with)
    }
}

impl Login {
    /// Starts a session on this login. It ends with the login at the latest, and its absolute limit counts from when the
    /// person authenticated: moving on to another application is no new sign-in (NIST SP 800-63B-4 section 5.2).
    ///
    /// # Errors
    /// [`Refusal::SessionEnded`] or [`Refusal::SessionOver`]: the login has ended or reached its limit, or is older than a
    /// session of these limits may become.
    pub fn start_session(&self, new: NewSession, now: Timestamp) -> Result<Started, Refusal> {
        if self.ended.is_some() {
            return Err(Refusal::SessionEnded);
        }
        let expires = self.expires.or_sooner(self.at + new.limits.absolute);
        if now >= expires {
            return Err(Refusal::SessionOver);
        }
        let token = SessionToken::new(&new.handle, &new.secret, 0);
        let session = Session {
            serial: new.serial,
            login: self.id.clone(),
            subject: self.subject.clone(),
            audience: new.audience,
            secret: token.hash(),
            slots: new.slots,
            born: self.born,
            auth_time: self.at,
            begun: now,
            seen: now,
            idle: new.limits.idle,
            expires,
            device: new.origin.device,
            network: new.origin.network,
            ended: None,
        };
        Ok(Started { batch: Batch::of(Change::StartSession(session.clone())), session, token })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::login::tests::{login, origin};
    use crate::policy;

    pub(crate) fn new(audience: Audience, now: Timestamp) -> NewSession {
        NewSession {
            serial: Serial::new(5).unwrap(),
            handle: Handle::from_bytes([1; 16]),
            secret: [2; 32],
            slots: SlotsId::new(now, &[3; 10]),
            audience,
            origin: origin(),
            limits: policy::PERSON_SESSION,
        }
    }

    #[test]
    fn a_session_inherits_from_its_login_and_ends_with_it() {
        let begun = Timestamp::from_seconds(1000);
        let login = login(begun);
        let later = begun + (policy::LOGIN_ABSOLUTE - std::time::Duration::from_secs(60));
        let started = login.start_session(new(Audience::Issuer, later), later).unwrap();
        assert_eq!(started.session.born, login.born);
        assert_eq!(started.session.auth_time, begun);
        assert_eq!(started.session.expires, login.expires);
        assert_eq!(started.session.secret, started.token.hash());
        assert_eq!(started.batch.changes(), [Change::StartSession(started.session.clone())]);
    }

    #[test]
    fn an_old_sign_in_starts_no_session_of_a_strict_application() {
        let begun = Timestamp::from_seconds(1000);
        let strict = policy::Preset::NistAal3.limits(policy::Stay::Visit);
        let login = login(begun);
        let asked = |now| NewSession { limits: strict, ..new(Audience::Issuer, now) };
        let soon = begun + std::time::Duration::from_secs(60);
        let started = login.start_session(asked(soon), soon).unwrap();
        assert_eq!(started.session.expires, begun + strict.absolute);
        let late = begun + strict.absolute;
        assert_eq!(login.start_session(asked(late), late).unwrap_err(), Refusal::SessionOver);
    }

    #[test]
    fn room_is_made_before_the_session_starts() {
        let now = Timestamp::from_seconds(1000);
        let started = login(now).start_session(new(Audience::Issuer, now), now).unwrap();
        let plain = started.batch_within(SessionRules::default());
        assert_eq!(plain.changes(), started.batch.changes());
        for (beyond, ends) in [(Beyond::EndOldest, true), (Beyond::Deny, false)] {
            let most = Some(Most { count: 3, beyond });
            let batch = started.batch_within(SessionRules { most, ..SessionRules::default() });
            let [Change::MakeRoom { most: 3, crowded, .. }, Change::StartSession(_)] = batch.changes() else {
                panic!("{batch:?}")
            };
            assert_eq!(crowded.is_some(), ends);
        }
    }

    #[test]
    fn no_session_starts_on_a_login_that_is_over() {
        let now = Timestamp::from_seconds(1000);
        let mut login = login(now);
        let late = login.expires;
        assert_eq!(login.start_session(new(Audience::Issuer, late), late).unwrap_err(), Refusal::SessionOver);
        login.ended = Some(Ending { at: now, reason: Reason::SignedOut, by: Actor::System });
        assert_eq!(login.start_session(new(Audience::Issuer, now), now).unwrap_err(), Refusal::SessionEnded);
    }
}
