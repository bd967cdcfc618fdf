//! A line of the audit log as a sentence with a person in it, and as a word for programs. Decides wording only.

use countersign_core::audit::{AuditEntry, Event};
use countersign_core::extent::{Actor, Extent, Reason};

use super::names::Names;

/// Whether a line tells of something done or of something refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Went {
    /// It happened.
    Done,
    /// It was refused.
    Refused,
}

/// The word for an event, as in the JSON API.
pub(crate) const fn word(event: &Event) -> &'static str {
    match event {
        Event::SignedIn => "signed-in",
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
    }
}

/// Whether it was done or refused.
pub(crate) const fn went(event: &Event) -> Went {
    match event {
        Event::SignInRefused | Event::Throttled | Event::Replayed { .. } | Event::RollbackSeen => Went::Refused,
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

/// The sentence, without a full stop: `kim@ops.example ended everything of ada@marsh.example`.
pub(crate) fn sentence(line: &AuditEntry, names: &Names) -> String {
    let by = actor(&line.by, names);
    let whom = line.subject.as_ref().map(|subject| names.person_or_id(subject));
    let app = line.client.as_ref().map_or_else(|| "an app".to_owned(), |client| names.app_or_id(client));
    let from = line.network.as_ref().map(|network| format!(" from {network}")).unwrap_or_default();
    // Who it happened to, unless they did it themself.
    let own = matches!((&line.by, &line.subject), (Actor::Subject(one), Some(other)) if one == other);
    let someone = whom.clone().unwrap_or_else(|| "somebody".to_owned());
    let password = if own { "their own password".to_owned() } else { format!("the password of {someone}") };
    match &line.event {
        Event::SignedIn => match &line.client {
            Some(_) => format!("{someone} signed in to {app}{from}"),
            None => format!("{someone} signed in{from}"),
        },
        Event::SignInRefused => match whom {
            Some(whom) => format!("A sign-in as {whom}{from} was refused"),
            None => format!("A sign-in with an unknown address{from} was refused"),
        },
        Event::Throttled => format!("Attempts{from} came too fast and were not looked at"),
        Event::SignUpAsked => format!("Somebody asked for an account{from}"),
        Event::AccountOpened if own => format!("{someone} opened an account"),
        Event::AccountOpened => format!("{by} opened the account of {someone}"),
        Event::ResetAsked => match whom {
            Some(whom) => format!("Somebody asked to choose a new password for {whom}{from}"),
            None => format!("Somebody asked to choose a new password for an unknown address{from}"),
        },
        Event::PasswordChanged => format!("{by} changed {password}{from}"),
        Event::PasswordReset => format!("{someone} chose a new password by mail{from}"),
        Event::Ended { extent, reason } => ended(&by, &someone, &app, extent, *reason, names),
        Event::Allowed { scope } if scope.is_empty() => format!("{someone} allowed {app} in"),
        Event::Allowed { scope } => format!("{someone} allowed {app} {scope}"),
        Event::Replayed { what } => format!("A {} was used twice{}: it is in two hands", spoken(what), of(line, names)),
        Event::RollbackSeen => format!("A refresh token{} was ahead of its record: the store was rolled back", of(line, names)),
        Event::Exported if own => format!("{someone} downloaded what is held about them"),
        Event::Exported => format!("{by} exported what is held about {someone}"),
        Event::Erased if own => "Somebody erased their own account".to_owned(),
        Event::Erased => format!("{by} erased {someone}"),
        Event::AppRegistered => format!("{by} added the app {app}"),
        Event::AppChanged => format!("{by} changed the app {app}"),
        Event::AppSecretRotated => format!("{by} made a new secret for the app {app}"),
        Event::KeysRotated => format!("{by} rotated the signing keys"),
        Event::SetUp => format!("{someone} became the first operator"),
    }
}

/// Who did it, as the beginning of a sentence.
pub(crate) fn actor(actor: &Actor, names: &Names) -> String {
    match actor {
        Actor::Subject(subject) | Actor::Operator(subject) => names.person_or_id(subject),
        Actor::CommandLine => "The command line".to_owned(),
        Actor::Client(client) => names.app_or_id(client),
        Actor::Stranger => "Somebody".to_owned(),
        Actor::System => "Countersign".to_owned(),
    }
}

fn ended(by: &str, someone: &str, app: &str, extent: &Extent, reason: Reason, names: &Names) -> String {
    if reason == Reason::SignedOut {
        return format!("{someone} signed out");
    }
    let what = match extent {
        Extent::Session(_) => format!("a session of {someone}"),
        Extent::Grant(_) => format!("a grant of {someone}"),
        Extent::Login(_) => format!("a sign-in of {someone} with all that hung on it"),
        Extent::Subject { subject, except: None } => format!("everything of {}", names.person_or_id(subject)),
        Extent::Subject { subject, except: Some(_) } => {
            format!("all other sign-ins of {}", names.person_or_id(subject))
        }
        Extent::Allowance { subject, client } => {
            format!("what {} had allowed {}", names.person_or_id(subject), names.app_or_id(client))
        }
        Extent::Client(_) => format!("everything of the app {app}"),
        Extent::Everything => "everything for everybody".to_owned(),
    };
    let why = match reason {
        Reason::Replaced => ", a newer one took its place",
        Reason::PasswordChanged => ", the password was changed",
        Reason::PasswordReset => ", the password was reset",
        Reason::Replay => ", a secret of it was used twice",
        Reason::Erased => ", the account was erased",
        Reason::Revoked => ", its token was revoked",
        Reason::SignedOut | Reason::EndedByPerson | Reason::EndedByOperator | Reason::Withdrawn => "",
    };
    format!("{by} ended {what}{why}")
}

/// ` of Corner Shop`, ` of ada@marsh.example at Corner Shop`, or nothing.
fn of(line: &AuditEntry, names: &Names) -> String {
    let person = line.subject.as_ref().map(|subject| format!(" of {}", names.person_or_id(subject)));
    let app = line.client.as_ref().map(|client| format!(" at {}", names.app_or_id(client)));
    format!("{}{}", person.unwrap_or_default(), app.unwrap_or_default())
}

fn spoken(what: &str) -> String {
    what.replace('-', " ")
}

#[cfg(test)]
mod tests {
    use countersign_core::id::{LoginId, Subject};
    use countersign_core::time::Timestamp;

    use super::*;

    fn ada() -> Subject {
        "usr_00000000000000000000000000000001".parse().unwrap()
    }

    fn said(by: Actor, event: Event, subject: Option<Subject>) -> String {
        let client = Some("shop".parse().unwrap());
        let line = AuditEntry { at: Timestamp::from_seconds(1), by, event, subject, client, network: None };
        sentence(&line, &Names::default())
    }

    #[test]
    fn a_line_says_who_did_what_to_whom() {
        let extent = Extent::Subject { subject: ada(), except: None };
        let ended = Event::Ended { extent, reason: Reason::EndedByOperator };
        assert_eq!(said(Actor::CommandLine, ended, Some(ada())), format!("The command line ended everything of {}", ada()));
        let changed = said(Actor::Subject(ada()), Event::PasswordChanged, Some(ada()));
        assert_eq!(changed, format!("{} changed their own password", ada()));
        let changed = said(Actor::CommandLine, Event::PasswordChanged, Some(ada()));
        assert_eq!(changed, format!("The command line changed the password of {}", ada()));
        assert_eq!(said(Actor::CommandLine, Event::AppRegistered, None), "The command line added the app shop");
        let login = LoginId::new(Timestamp::from_seconds(1), &[0; 10]);
        let out = Event::Ended { extent: Extent::Login(login), reason: Reason::SignedOut };
        assert_eq!(said(Actor::Subject(ada()), out, Some(ada())), format!("{} signed out", ada()));
        let replayed = said(Actor::System, Event::Replayed { what: "refresh-token".to_owned() }, Some(ada()));
        assert_eq!(replayed, format!("A refresh token of {} at shop was used twice: it is in two hands", ada()));
    }

    #[test]
    fn a_stranger_at_the_door_is_somebody() {
        assert_eq!(said(Actor::Stranger, Event::SignInRefused, None), "A sign-in with an unknown address was refused");
        assert_eq!(code(&Event::SignInRefused), Some("CS-2101"));
        assert_eq!(went(&Event::Throttled), Went::Refused);
        assert_eq!(word(&Event::KeysRotated), "keys-rotated");
    }
}
