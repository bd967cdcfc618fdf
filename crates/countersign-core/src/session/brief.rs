//! A session as memory keeps it: what a check needs, without text. Decides nothing of its own; [`Standing`] does.
//!
//! An id is its sixteen bytes, an audience is shared with every other session of it. Device and network stay in the store.

use std::sync::Arc;
use std::time::Duration;

use super::admit::Standing;
use crate::id::{LoginId, Position, Serial, SlotsId, Subject};
use crate::record::Session;
use crate::record::session::{Audience, SecretHash};
use crate::time::Timestamp;

/// What a check needs of a session. When it was last seen and whether it has ended change, so they are kept beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brief {
    login: [u8; 16],
    subject: [u8; 16],
    slots: [u8; 16],
    secret: SecretHash,
    audience: Arc<Audience>,
    born: Position,
    auth_time: Timestamp,
    begun: Timestamp,
    expires: Timestamp,
    idle_millis: u64,
}

impl Brief {
    /// The brief of `session`. `audience` is the session's own, shared.
    ///
    /// None when it is another: then the brief would let the session in elsewhere.
    #[must_use]
    pub fn of(session: &Session, audience: Arc<Audience>) -> Option<Self> {
        (*audience == session.audience).then(|| Self {
            login: session.login.bytes(),
            subject: session.subject.bytes(),
            slots: session.slots.bytes(),
            secret: session.secret.clone(),
            audience,
            born: session.born,
            auth_time: session.auth_time,
            begun: session.begun,
            expires: session.expires,
            // A time has whole milliseconds, so a fraction of one never counts.
            idle_millis: u64::try_from(session.idle.as_millis()).unwrap_or(u64::MAX),
        })
    }

    /// The brief without whose it is, for a session that has ended: its cookie is still told that, and nobody is named.
    #[must_use]
    pub fn nameless(&self) -> Self {
        Self { login: [0; 16], subject: [0; 16], slots: [0; 16], ..self.clone() }
    }

    /// What a decision about session `serial` rests on.
    #[must_use]
    pub fn standing(&self, serial: Serial, seen: Timestamp, over: bool) -> Standing<'_> {
        Standing {
            serial,
            secret: &self.secret,
            audience: &self.audience,
            born: self.born,
            seen,
            idle: Duration::from_millis(self.idle_millis),
            expires: self.expires,
            over,
        }
    }

    /// What a request that was let in knows of session `serial`.
    #[must_use]
    pub const fn admitted(&self, serial: Serial) -> Admitted {
        Admitted {
            serial,
            login: self.login,
            subject: self.subject,
            slots: self.slots,
            born: self.born,
            auth_time: self.auth_time,
            begun: self.begun,
            expires: self.expires,
        }
    }

    /// When it is over, used or not.
    #[must_use]
    pub const fn expires(&self) -> Timestamp {
        self.expires
    }

    /// When the person authenticated.
    #[must_use]
    pub const fn auth_time(&self) -> Timestamp {
        self.auth_time
    }
}

/// What a request that was let in knows of its session. The audience is the one that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// Its number.
    pub serial: Serial,
    /// The log position inherited from its login.
    pub born: Position,
    /// When the person authenticated (OIDC `auth_time`).
    pub auth_time: Timestamp,
    /// When it began.
    pub begun: Timestamp,
    /// When it is over, used or not.
    pub expires: Timestamp,
    login: [u8; 16],
    subject: [u8; 16],
    slots: [u8; 16],
}

impl Admitted {
    /// Whose it is.
    #[must_use]
    pub fn subject(&self) -> Subject {
        Subject::from_bytes(self.subject)
    }

    /// The bytes of [`Admitted::subject`], without spelling it.
    #[must_use]
    pub const fn subject_bytes(&self) -> &[u8; 16] {
        &self.subject
    }

    /// The login that it hangs on.
    #[must_use]
    pub fn login(&self) -> LoginId {
        LoginId::from_bytes(self.login)
    }

    /// Where its data hangs.
    #[must_use]
    pub fn slots(&self) -> SlotsId {
        SlotsId::from_bytes(self.slots)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::extent::{Actor, Chain, Ending, LogKind, Reason};
    use crate::id::Epoch;
    use crate::login::tests::login;
    use crate::port::{Follower, LogState};
    use crate::revoke::View;
    use crate::revoke::log::tests::run;
    use crate::session::admit::Presence;
    use crate::session::start::tests::new;

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

    fn audience(number: u8) -> Audience {
        match number % 4 {
            0 => Audience::Issuer,
            1 => Audience::Console,
            2 => Audience::Client("shop".parse().unwrap()),
            _ => Audience::Client("bank".parse().unwrap()),
        }
    }

    fn session(of: u8) -> Session {
        login(NOW).start_session(new(audience(of), NOW), NOW).unwrap().session
    }

    #[test]
    fn a_brief_names_whom_its_session_names_until_it_has_ended() {
        let session = session(2);
        let brief = Brief::of(&session, Arc::new(audience(2))).unwrap();
        let admitted = brief.admitted(session.serial);
        assert_eq!(admitted.subject(), session.subject);
        assert_eq!(admitted.login(), session.login);
        assert_eq!(admitted.slots(), session.slots);
        assert_eq!(brief.nameless().admitted(session.serial).subject().bytes(), [0; 16]);
        assert_eq!(Brief::of(&session, Arc::new(audience(3))), None);
    }

    proptest! {
        /// Memory and store never disagree: the same record, the same request, the same answer.
        #[test]
        fn a_brief_is_judged_as_its_session_is(
            (of, expected, same_secret, active, ended) in any::<(u8, u8, bool, bool, bool)>(),
            (marked, born) in (prop::option::of(0u8..4), 0u64..4),
            idle_nanos in prop::sample::select(vec![0u64, 1, 999_999, 15_999_999, 1_800_000_000_001, 86_400_000_000_000]),
            later in prop_oneof![Just(0u64), 0u64..200, 0u64..100_000_000],
            life in prop_oneof![0u64..200, 0u64..100_000_000],
        ) {
            let mut session = session(of);
            session.idle = Duration::from_nanos(idle_nanos);
            session.expires = NOW + Duration::from_millis(life);
            session.born = Position::new(born);
            session.ended = ended.then_some(Ending { at: NOW, reason: Reason::SignedOut, by: Actor::System });
            let view = View::loading();
            view.ready(&LogState { epoch: Epoch::new(7), position: Position::START, chain: Chain::default() });
            let kind = match marked {
                Some(0) => Some(LogKind::Ended(session.serial)),
                Some(1) => Some(LogKind::EverythingMark),
                Some(2) => Some(LogKind::ClientMark("shop".parse().unwrap())),
                _ => None,
            };
            view.applied(&run(Position::START, Chain::default(), kind.into_iter().collect()));
            let token = login(NOW).start_session(new(audience(of), NOW), NOW).unwrap().token;
            let presented = token.hash();
            if !same_secret {
                session.secret.0[31] ^= 1;
            }
            let presence = if active { Presence::Active } else { Presence::Passive };
            let now = NOW + Duration::from_millis(later);
            let brief = Brief::of(&session, Arc::new(audience(of))).unwrap();
            let from_memory = brief
                .standing(session.serial, session.seen, ended)
                .admit(&presented, &audience(expected), &view, presence, now);
            let from_store = session.admit(&token, &audience(expected), &view, presence, now).map(|live| live.touch);
            prop_assert_eq!(from_memory, from_store);
        }
    }
}
