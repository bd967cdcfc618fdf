//! A line of the audit log for programs: its word, whether it was refused, and the code. The sentence is the core's.

use countersign_core::audit::Event;
use serde::Serialize;

/// Whether a line tells of something done or of something refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Went {
    /// It happened.
    Done,
    /// It was refused.
    Refused,
}

/// The word for an event.
pub(crate) const fn word(event: &Event) -> &'static str {
    match event {
        Event::SignedIn => "signed-in",
        Event::SignedInAgain => "signed-in-again",
        Event::SignInRefused => "sign-in-refused",
        Event::Throttled => "throttled",
        Event::SignUpAsked => "sign-up-asked",
        Event::AccountOpened => "account-opened",
        Event::ResetAsked => "reset-asked",
        Event::PasswordChanged => "password-changed",
        Event::PasswordReset => "password-reset",
        Event::Ended { .. } => "ended",
        Event::Allowed { .. } => "allowed",
        Event::Replayed { .. } => "replayed",
        Event::RollbackSeen => "rollback-seen",
        Event::Exported => "exported",
        Event::Erased => "erased",
        Event::AppRegistered => "app-registered",
        Event::AppChanged => "app-changed",
        Event::AppSecretRotated => "app-secret-rotated",
        Event::KeysRotated => "keys-rotated",
        Event::SetUp => "set-up",
        Event::Restored => "restored",
        Event::EpochBegan => "epoch-began",
    }
}

/// Whether it was done or refused.
pub(crate) const fn went(event: &Event) -> Went {
    match event {
        Event::SignInRefused | Event::Throttled | Event::Replayed { .. } | Event::RollbackSeen => {
            Went::Refused
        }
        _ => Went::Done,
    }
}

/// The stable code of what was refused.
pub(crate) const fn code(event: &Event) -> Option<&'static str> {
    match event {
        Event::SignInRefused => Some("CS-2101"),
        Event::Throttled => Some("CS-2102"),
        Event::Replayed { .. } | Event::RollbackSeen => Some("CS-3001"),
        _ => None,
    }
}
