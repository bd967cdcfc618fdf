//! Whether a session may go on. Decides; reads neither the clock nor the store.
//!
//! OWASP ASVS 5.0 V7.3.1 and V7.3.2: idle and absolute limits, both enforced on the server.

use std::time::Duration;

use countersign_jose::primitive;

use crate::batch::Change;
use crate::error::Refusal;
use crate::id::{ClientId, Position, Serial};
use crate::policy::{self, SessionLimits};
use crate::record::Session;
use crate::record::session::{Audience, SecretHash};
use crate::revoke::View;
use crate::secret::SessionToken;
use crate::time::Timestamp;

/// Whether a request counts as the person's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It renews the session.
    Active,
    /// It does not: a page that polls keeps nobody signed in.
    Passive,
}

/// A session that may serve this request, and what its record should become.
#[derive(Debug)]
#[must_use = "commit `touch`, or the idle limit never moves"]
pub struct Live<'a> {
    /// The session.
    pub session: &'a Session,
    /// The write that this request owes, if any.
    pub touch: Option<Touch>,
}

/// That a session was used: what becomes [`Change::TouchSession`]. Apart from it, so that every check hands on two numbers and
/// not the room that the largest change takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "commit it, or the idle limit never moves"]
pub struct Touch {
    /// Which session.
    pub serial: Serial,
    /// When.
    pub seen: Timestamp,
}

impl From<Touch> for Change {
    fn from(Touch { serial, seen }: Touch) -> Self {
        Self::TouchSession { serial, seen }
    }
}

impl Audience {
    /// The application, when it is one.
    #[must_use]
    pub const fn client(&self) -> Option<&ClientId> {
        match self {
            Self::Issuer | Self::Console => None,
            Self::Client(client) => Some(client),
        }
    }
}

impl Session {
    /// Lets the session go on at `now`, or says why not.
    ///
    /// # Errors
    /// The first that applies: [`Refusal::SessionUnknown`] for another secret, [`Refusal::SessionEnded`],
    /// [`Refusal::SessionOver`], [`Refusal::SessionIdle`], [`Refusal::SessionElsewhere`] for another audience,
    /// [`Refusal::SessionEnded`] when `view` knows of an ending that this copy of the record does not.
    pub fn admit(
        &self,
        presented: &SessionToken,
        expected: &Audience,
        view: &View,
        presence: Presence,
        now: Timestamp,
    ) -> Result<Live<'_>, Refusal> {
        let touch = self.standing().admit(&presented.hash(), expected, view, presence, now)?;
        Ok(Live { session: self, touch })
    }

    /// Whether the session is alive at `now`, whoever asks.
    ///
    /// # Errors
    /// [`Refusal::SessionEnded`], [`Refusal::SessionOver`] or [`Refusal::SessionIdle`].
    pub fn alive(&self, view: &View, now: Timestamp) -> Result<(), Refusal> {
        self.standing().alive(view, now)
    }

    fn standing(&self) -> Standing<'_> {
        Standing {
            serial: self.serial,
            secret: &self.secret,
            audience: &self.audience,
            born: self.born,
            seen: self.seen,
            idle: self.idle,
            expires: self.expires,
            over: self.ended.is_some(),
        }
    }
}

/// What the decision rests on, wherever the record is kept: as the store has it, or as memory has it.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// Its number.
    pub serial: Serial,
    /// The hash of the cookie's secret.
    pub secret: &'a SecretHash,
    /// Which application may accept it.
    pub audience: &'a Audience,
    /// The log position inherited from its login.
    pub born: Position,
    /// When it was last known to be used.
    pub seen: Timestamp,
    /// How long it may go unused.
    pub idle: Duration,
    /// When it is over, used or not.
    pub expires: Timestamp,
    /// Whether the record says that it has ended.
    pub over: bool,
}

impl Standing<'_> {
    /// The same under `limits` that hold now as well: the shorter of each counts. `since` is when the person authenticated.
    #[must_use]
    pub fn within(self, limits: SessionLimits, since: Timestamp) -> Self {
        let expires = self.expires.or_sooner(since + limits.absolute);
        Self { idle: self.idle.min(limits.idle), expires, ..self }
    }

    /// Lets the session go on at `now`, or says why not; the write that this request owes, if any.
    ///
    /// `presented` is the hash of the secret that came with the request.
    ///
    /// # Errors
    /// As [`Session::admit`].
    pub fn admit(
        &self,
        presented: &SecretHash,
        expected: &Audience,
        view: &View,
        presence: Presence,
        now: Timestamp,
    ) -> Result<Option<Touch>, Refusal> {
        if !primitive::same(&presented.0, &self.secret.0) {
            return Err(Refusal::SessionUnknown);
        }
        self.alive(view, now)?;
        if *self.audience != *expected {
            return Err(Refusal::SessionElsewhere);
        }
        // Writing on every request would make each page view a database write.
        let due = presence == Presence::Active && now >= self.seen + self.idle / policy::TOUCH_FRACTION;
        Ok(due.then_some(Touch { serial: self.serial, seen: now }))
    }

    /// Whether the session is alive at `now`, whoever asks.
    ///
    /// # Errors
    /// As [`Session::alive`].
    pub fn alive(&self, view: &View, now: Timestamp) -> Result<(), Refusal> {
        if self.over {
            return Err(Refusal::SessionEnded);
        }
        if now >= self.expires {
            return Err(Refusal::SessionOver);
        }
        // `seen` is at most idle/16 older than the last use, so this is never late.
        if now >= self.seen + self.idle {
            return Err(Refusal::SessionIdle);
        }
        view.check(self.serial, self.audience.client(), self.born).map_err(|_| Refusal::SessionEnded)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::extent::{Actor, Chain, Ending, LogKind, Reason};
    use crate::handle::Handle;
    use crate::id::Epoch;
    use crate::login::tests::login;
    use crate::port::{Follower, LogState};
    use crate::revoke::log::tests::run;
    use crate::session::start::Started;
    use crate::session::start::tests::new;

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

    fn shop() -> Audience {
        Audience::Client("shop".parse().unwrap())
    }

    fn started() -> Started {
        login(NOW).start_session(new(shop(), NOW), NOW).unwrap()
    }

    fn view() -> View {
        let view = View::loading();
        view.ready(&LogState { epoch: Epoch::new(7), position: Position::START, chain: Chain::default() });
        view
    }

    fn told(kind: LogKind) -> View {
        let view = view();
        view.applied(&run(Position::START, Chain::default(), vec![kind]));
        view
    }

    fn refusal(session: &Session, view: &View, now: Timestamp) -> Option<Refusal> {
        let token = started().token;
        session.admit(&token, &shop(), view, Presence::Active, now).err()
    }

    #[test]
    fn a_fresh_session_goes_on_without_a_write() {
        let started = started();
        let live = started.session.admit(&started.token, &shop(), &view(), Presence::Active, NOW).unwrap();
        assert_eq!(live.touch, None);
    }

    #[test]
    fn another_secret_is_unknown_even_when_the_session_has_ended() {
        let mut session = started().session;
        session.ended = Some(Ending { at: NOW, reason: Reason::SignedOut, by: Actor::System });
        let other = SessionToken::new(&Handle::from_bytes([1; 16]), &[9; 32], 0);
        let answer = session.admit(&other, &shop(), &view(), Presence::Active, NOW);
        assert_eq!(answer.unwrap_err(), Refusal::SessionUnknown);
        assert_eq!(refusal(&session, &view(), NOW), Some(Refusal::SessionEnded));
    }

    #[test]
    fn idle_and_absolute_limits_are_both_enforced() {
        let mut session = started().session;
        let idle = session.idle;
        assert_eq!(refusal(&session, &view(), NOW + idle), Some(Refusal::SessionIdle));
        assert_eq!(refusal(&session, &view(), NOW + (idle - Duration::from_millis(1))), None);
        let end = session.expires;
        session.seen = end;
        assert_eq!(refusal(&session, &view(), end), Some(Refusal::SessionOver));
    }

    #[test]
    fn stricter_limits_hold_from_now_on_and_laxer_ones_do_not() {
        let session = started().session;
        let (pci, usual) = (policy::Preset::Pci.limits(policy::Stay::Visit), policy::PERSON_SESSION);
        let alive = |standing: Standing<'_>, after| standing.alive(&view(), NOW + after);
        let under = |limits| session.standing().within(limits, session.auth_time);
        assert_eq!(alive(under(pci), pci.idle), Err(Refusal::SessionIdle));
        assert_eq!(alive(under(pci), pci.absolute), Err(Refusal::SessionOver));
        assert_eq!(alive(under(usual), pci.absolute), Ok(()));
        // A session that began under the strict ones gains nothing when they are relaxed.
        let strict = Standing { idle: pci.idle, expires: NOW + pci.absolute, ..session.standing() };
        assert_eq!(alive(strict.within(usual, session.auth_time), pci.idle), Err(Refusal::SessionIdle));
    }

    #[test]
    fn a_session_of_another_application_is_refused() {
        let started = started();
        for other in [Audience::Issuer, Audience::Console, Audience::Client("bank".parse().unwrap())] {
            let answer = started.session.admit(&started.token, &other, &view(), Presence::Active, NOW);
            assert_eq!(answer.unwrap_err(), Refusal::SessionElsewhere);
        }
    }

    #[test]
    fn an_ending_in_the_view_outweighs_an_old_copy_of_the_record() {
        let session = started().session;
        let born = session.born;
        assert_eq!(
            refusal(&session, &told(LogKind::Ended(session.serial)), NOW),
            Some(Refusal::SessionEnded)
        );
        // The session was born at position 3; a mark at 1 does not cover it, one at 4 does.
        assert_eq!(refusal(&session, &told(LogKind::EverythingMark), NOW), None);
        let view = View::loading();
        view.ready(&LogState { epoch: Epoch::new(7), position: born, chain: Chain::default() });
        view.applied(&run(born, Chain::default(), vec![LogKind::ClientMark("shop".parse().unwrap())]));
        assert_eq!(refusal(&session, &view, NOW), Some(Refusal::SessionEnded));
        assert_eq!(refusal(&session, &View::loading(), NOW), Some(Refusal::SessionEnded));
    }

    #[test]
    fn a_passive_request_renews_nothing() {
        let started = started();
        let later = NOW + started.session.idle / 2;
        let answer = |presence| started.session.admit(&started.token, &shop(), &view(), presence, later);
        assert_eq!(answer(Presence::Passive).unwrap().touch, None);
        assert_eq!(
            answer(Presence::Active).unwrap().touch,
            Some(Touch { serial: started.session.serial, seen: later })
        );
    }

    proptest! {
        /// The session dies between W - W/16 and W after its true last use, never later.
        #[test]
        fn the_idle_limit_is_never_late(gaps in prop::collection::vec(0u64..1_300_000, 1..20)) {
            let Started { mut session, token, .. } = started();
            session.expires = NOW + Duration::from_secs(1 << 40);
            let (view, shop) = (view(), shop());
            let mut used = NOW;
            for gap in gaps {
                let now = used + Duration::from_secs(gap);
                let touch = match session.admit(&token, &shop, &view, Presence::Active, now) {
                    Ok(live) => live.touch,
                    Err(refusal) => {
                        prop_assert_eq!(refusal, Refusal::SessionIdle);
                        prop_assert!(now.since(used) > session.idle - session.idle / 16);
                        break;
                    }
                };
                prop_assert!(now.since(used) < session.idle);
                if let Some(Touch { seen, .. }) = touch {
                    session.seen = seen;
                }
                used = now;
            }
        }
    }
}
