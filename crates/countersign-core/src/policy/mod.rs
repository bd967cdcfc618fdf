//! Every limit, named once with its reason. A limit that is not here does not exist.

use std::time::Duration;

mod front;
mod preset;

pub use front::FrontRoom;
pub use preset::{Beyond, Most, Preset, SessionRules, Stay, UnknownPreset};

const fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

const fn hours(count: u64) -> Duration {
    minutes(count * 60)
}

const fn days(count: u64) -> Duration {
    hours(count * 24)
}

/// How long a login may be leaned on: people are asked for their password again after this, whatever they did meanwhile.
/// NIST SP 800-63B-4 section 2.1.3 recommends at most 30 days at AAL1.
pub const LOGIN_ABSOLUTE: Duration = days(30);

/// How long the sessions of one kind live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// How long a session may go unused.
    pub idle: Duration,
    /// How long a session lives, used or not.
    pub absolute: Duration,
}

impl SessionLimits {
    /// The shorter of each.
    #[must_use]
    pub fn stricter(self, other: Self) -> Self {
        Self { idle: self.idle.min(other.idle), absolute: self.absolute.min(other.absolute) }
    }
}

/// Sessions of people with an application or the issuer: a fortnight away signs out, a month ends it (OWASP ASVS 5.0 V7.3).
pub const PERSON_SESSION: SessionLimits = SessionLimits { idle: days(14), absolute: days(30) };

/// Sessions of people who did not ask to be remembered: a working day away signs out, a day ends it, since a browser that
/// restores its tabs keeps their cookies too.
pub const VISIT_SESSION: SessionLimits = SessionLimits { idle: hours(8), absolute: hours(24) };

/// The most sessions of one person that a limit on them may allow; whoever needs more needs no limit.
pub const MOST_SESSIONS: u32 = 1000;

/// Sessions of operators with the console, which can end everybody's: half an hour away, half a day in all.
pub const OPERATOR_SESSION: SessionLimits = SessionLimits { idle: minutes(30), absolute: hours(12) };

/// Sessions of guests, whom nobody vouches for: a cart is worth a fortnight to whoever comes back, and a month of storage to us.
pub const GUEST_SESSION: SessionLimits = SessionLimits { idle: days(14), absolute: days(30) };

/// The idle touch is written only when it moves by at least this fraction of the window, so that sliding expiry costs a
/// write on few requests. The effective idle limit lies in (W - W/16, W].
pub const TOUCH_FRACTION: u32 = 16;

/// How many sessions in memory one tick looks at for being over: about ten milliseconds of work.
pub const FRONT_TICK: usize = 16_384;

/// How long after a sign-in a request may still come with the cookie of before it: a page that was asked for while the answer
/// with the newer cookie was under way. Far longer than anything is in flight (see [`FLIGHT`]); whoever comes later has not
/// got the newer one.
pub const COOKIE_HANDOVER: Duration = minutes(10);

/// An authorization code passes through a browser and is redeemed at once; RFC 6749 section 4.1.2 allows 10 minutes.
pub const CODE_LIFETIME: Duration = minutes(1);

/// A ticket passes through one redirect.
pub const TICKET_LIFETIME: Duration = minutes(1);

/// A link in a letter: long enough for slow mail, short enough that an old mailbox is no key.
pub const MAIL_LINK_LIFETIME: Duration = minutes(30);

/// The link that sets up the first operator is on somebody's terminal.
pub const SET_UP_LIFETIME: Duration = minutes(30);

/// An access token that cannot be taken back lives ten minutes.
pub const ACCESS_LIFETIME: Duration = minutes(10);

/// A shorter access token would meet the refresh window A (see [`REFRESH_HOLD`]) and starve its client.
pub const ACCESS_LIFETIME_MIN: Duration = minutes(1);

/// A longer access token is a session that cannot be ended by other people's verifiers.
pub const ACCESS_LIFETIME_MAX: Duration = hours(24);

/// A refresh family lives as long as a login.
pub const REFRESH_LIFETIME: Duration = days(30);

/// D: the longest that a request or a response can be in flight. Client and server time-outs keep it.
pub const FLIGHT: Duration = Duration::from_secs(10);

/// G: how long the predecessor of a confirmed refresh token still gets an access token; at least D.
pub const REFRESH_GRACE: Duration = Duration::from_secs(15);

/// A: how long after a hand-out a refresh family does not rotate; at least 3 D, else an honest client can be accused.
pub const REFRESH_HOLD: Duration = Duration::from_secs(30);

/// How often the predecessor may be replayed in one generation; a browser with that many tabs is not a browser.
pub const REFRESH_REPLAYS: u16 = 256;

/// The most bytes of a form or query string.
pub const PARAMS_BYTES: usize = 8 * 1024;

/// The most bytes of one parameter's value.
pub const PARAM_BYTES: usize = 2 * 1024;

/// The most parameters of one request.
pub const PARAMS_COUNT: usize = 64;

/// The most bytes of `state` and `nonce`: they are echoed.
pub const STATE_BYTES: usize = 512;

/// The most bytes of a redirect URI.
pub const REDIRECT_BYTES: usize = 1024;

/// The most redirect URIs of one application.
pub const REDIRECTS_COUNT: usize = 32;

/// The most bytes of a `Cookie` header that is looked at; browsers stop near this.
pub const COOKIE_BYTES: usize = 16 * 1024;

/// The most bytes of a `return_to` path.
pub const RETURN_TO_BYTES: usize = 1024;

/// The fewest bytes of a password (NIST SP 800-63B-4 section 3.1.1.2 with a blocklist; ASVS 5.0 V6.2.1).
pub const PASSWORD_MIN_BYTES: usize = 8;

/// The most bytes of a password: nobody types more, and hashing must not become a weapon.
pub const PASSWORD_MAX_BYTES: usize = 1024;

/// The most bytes of an application's or a slot's display name.
pub const NAME_BYTES: usize = 128;

/// The most bytes of an application's own name for a person: a name, an address, an id; not a document.
pub const OWN_NAME_BYTES: usize = 256;

/// The most bytes of one slot's value: a form under way with its picture, not a file store.
pub const SLOT_BYTES: u64 = 10 * 1024 * 1024;

/// The bytes of one segment of a slot's value: large enough that 10 MiB are 160 rows, small enough that writing one costs
/// about one small write.
pub const SEGMENT_BYTES: u64 = 64 * 1024;

/// How much the data of one session may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotRoom {
    /// The most slots.
    pub slots: u64,
    /// The most bytes of all values together.
    pub bytes: u64,
}

/// One large slot and what goes with it: a session is no database, and everybody who signs in has one.
pub const SLOT_ROOM: SlotRoom = SlotRoom { slots: SLOTS_COUNT, bytes: 16 * 1024 * 1024 };

/// How many operations of one session are remembered so that a retry counts once; a retry comes soon, or not at all. One
/// that comes after so many others counts again.
pub const OPERATIONS_COUNT: u32 = 256;

/// How many operations of a guest go along when somebody signs in, the last ones: each is a row, and the sign-in waits.
pub const OPERATIONS_CARRIED: usize = 32;

/// How long an operation is remembered at the most.
pub const OPERATION_MEMORY: Duration = hours(24);

/// How much session data one sweep drops, in bytes of plain values: writers wait meanwhile. The session that passes it goes
/// as a whole.
pub const SWEEP_BYTES: u64 = 64 * 1024 * 1024;

/// How much a guest may keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuestRoom {
    /// The most slots, without the one in which operations are remembered ([`OPERATIONS`](crate::slot::OPERATIONS)).
    pub slots: u32,
    /// The most bytes as they are kept, names and seals included.
    pub bytes: u32,
}

/// A cart, a language, a few more: anybody at all can make a guest, a robot a million of them.
pub const GUEST_ROOM: GuestRoom = GuestRoom { slots: 16, bytes: 128 * 1024 };

/// The most slots of one session: one for each of a thousand tabs; a list of their names still fits one segment.
pub const SLOTS_COUNT: u64 = 1024;

const _: () = {
    assert!(REFRESH_GRACE.as_millis() >= FLIGHT.as_millis());
    assert!(REFRESH_HOLD.as_millis() >= 3 * FLIGHT.as_millis());
    assert!(COOKIE_HANDOVER.as_millis() >= 2 * FLIGHT.as_millis());
    assert!(ACCESS_LIFETIME_MIN.as_millis() >= 2 * REFRESH_HOLD.as_millis());
    assert!(PERSON_SESSION.idle.as_millis() <= PERSON_SESSION.absolute.as_millis());
    assert!(GUEST_SESSION.idle.as_millis() <= GUEST_SESSION.absolute.as_millis());
    assert!(VISIT_SESSION.idle.as_millis() <= VISIT_SESSION.absolute.as_millis());
    assert!(OPERATOR_SESSION.idle.as_millis() <= OPERATOR_SESSION.absolute.as_millis());
};
