//! The audit log: who did what, when, in words a person can read; never a secret.

use serde::{Deserialize, Serialize};

use crate::extent::{Actor, Ending, Extent, Reason};
use crate::id::{ClientId, Subject};
use crate::record::Session;
use crate::record::device::Network;
use crate::time::Timestamp;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// Someone signed in.
    SignedIn,
    /// Someone who was signed in authenticated again.
    SignedInAgain,
    /// A sign-in was refused (the subject stands on the entry only when the account exists).
    SignInRefused,
    /// Attempts came too fast.
    Throttled,
    /// Someone asked for an account.
    SignUpAsked,
    /// An account was opened.
    AccountOpened,
    /// A reset letter was asked for.
    ResetAsked,
    /// The password was changed.
    PasswordChanged,
    /// The password was reset by mail.
    PasswordReset,
    /// Something was ended.
    Ended {
        /// What.
        extent: Extent,
        /// Why.
        reason: Reason,
    },
    /// An application was allowed in.
    Allowed {
        /// The scopes, space separated.
        scope: String,
    },
    /// A single-use secret or a refresh token was presented twice.
    Replayed {
        /// Which kind: `code`, `refresh-token`, `ticket`, `link`.
        what: String,
    },
    /// A refresh token was ahead of its record: the store has been rolled back.
    RollbackSeen,
    /// The person's data was exported.
    Exported,
    /// The person was erased.
    Erased,
    /// An application was registered.
    AppRegistered,
    /// An application was changed.
    AppChanged,
    /// An application's secret was replaced.
    AppSecretRotated,
    /// The signing keys were rotated.
    KeysRotated,
    /// The first operator was set up.
    SetUp,
    /// A backup was restored: a new epoch began.
    Restored,
    /// A new epoch of the log began without one: everybody signs in again.
    EpochBegan,
}

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub by: Actor,
    /// What happened.
    pub event: Event,
    /// To whom, when it was to a person.
    pub subject: Option<Subject>,
    /// With which application, when there was one.
    pub client: Option<ClientId>,
    /// From which network prefix, when it came over one.
    pub network: Option<Network>,
}

/// How people and applications are called in a sentence. An erased person has no name any more.
pub trait Names {
    /// What a person is called, such as their address.
    fn person(&self, subject: &Subject) -> Option<String>;
    /// What an application is called.
    fn application(&self, client: &ClientId) -> Option<String>;
}

impl AuditEntry {
    /// What is written of one session that ends in this way without anybody asking for that very one.
    #[must_use]
    pub fn of_ended(session: &Session, ending: &Ending) -> Self {
        Self {
            at: ending.at,
            by: ending.by.clone(),
            event: Event::Ended { extent: Extent::Session(session.serial), reason: ending.reason },
            subject: Some(session.subject.clone()),
            client: session.audience.client().cloned(),
            network: None,
        }
    }

    /// The entry as one sentence for a person, without the time.
    #[must_use]
    pub fn sentence(&self, names: &dyn Names) -> String {
        let by = self.actor(names);
        let whom = self.subject.as_ref().map(|subject| person(subject, names));
        let whose = |what: &str| match &whom {
            Some(name) if *name != by => format!("{what} of {name}"),
            _ => what.to_owned(),
        };
        let app =
            self.client.as_ref().map_or_else(|| "an application".to_owned(), |id| application(id, names));
        let mut sentence = match &self.event {
            Event::SignedIn => format!("{} signed in", whom.as_ref().unwrap_or(&by)),
            Event::SignedInAgain => format!("{} signed in again", whom.as_ref().unwrap_or(&by)),
            Event::SignInRefused => match &whom {
                Some(name) => format!("A sign-in to the account of {name} was refused"),
                None => "A sign-in was refused: there is no such account".to_owned(),
            },
            Event::Throttled => whose("Attempts came too fast on the account"),
            Event::SignUpAsked => "Somebody asked for an account".to_owned(),
            Event::AccountOpened => format!("{} opened an account", whom.as_ref().unwrap_or(&by)),
            Event::ResetAsked => whose("Somebody asked to reset the password"),
            Event::PasswordChanged => format!("{by} changed {}", whose("the password")),
            Event::PasswordReset => format!("{} reset the password by mail", whom.as_ref().unwrap_or(&by)),
            Event::Ended { extent, reason } => {
                let what = covered(extent, whom.as_deref().filter(|name| *name != by), names);
                let own = matches!(self.by, Actor::Operator(_) | Actor::CommandLine);
                match reason {
                    // Who did it says why.
                    Reason::EndedByOperator if own => format!("{by} ended {what}"),
                    _ => format!("{by} ended {what}: {}", because(*reason)),
                }
            }
            Event::Allowed { scope } => format!("{by} allowed {app} `{scope}`"),
            Event::Replayed { what } => format!("A {} was used twice", plain(what)),
            Event::RollbackSeen => {
                "A refresh token was ahead of its record: the store has been rolled back".to_owned()
            }
            Event::Exported => format!("{by} downloaded {}", whose("the data")),
            Event::Erased => format!("{by} erased {}", whose("the account")),
            Event::AppRegistered => format!("{by} registered {app}"),
            Event::AppChanged => format!("{by} changed {app}"),
            Event::AppSecretRotated => format!("{by} replaced the secret of {app}"),
            Event::KeysRotated => format!("{by} rotated the signing keys"),
            Event::Restored => format!("{by} restored a backup"),
            Event::EpochBegan => format!("{by} began a new epoch: everybody signs in again"),
            Event::SetUp => format!("{} set up the console", whom.as_ref().unwrap_or(&by)),
        };
        if matches!(self.event, Event::SignedIn | Event::SignedInAgain | Event::Replayed { .. })
            && self.client.is_some()
        {
            sentence.push_str(&format!(" at {app}"));
        }
        if let Some(network) = &self.network {
            sentence.push_str(&format!(", from {network}"));
        }
        sentence
    }

    fn actor(&self, names: &dyn Names) -> String {
        match &self.by {
            Actor::Subject(subject) => person(subject, names),
            Actor::Operator(subject) => format!("The operator {}", person(subject, names)),
            Actor::CommandLine => "The command line".to_owned(),
            Actor::Client(client) => application(client, names),
            Actor::Stranger => "A stranger".to_owned(),
            Actor::System => "Countersign".to_owned(),
        }
    }
}

fn person(subject: &Subject, names: &dyn Names) -> String {
    names.person(subject).unwrap_or_else(|| subject.as_str().to_owned())
}

fn application(client: &ClientId, names: &dyn Names) -> String {
    names.application(client).unwrap_or_else(|| client.as_str().to_owned())
}

fn plain(what: &str) -> String {
    what.replace('-', " ")
}

fn covered(extent: &Extent, whom: Option<&str>, names: &dyn Names) -> String {
    let of = whom.map(|name| format!(" of {name}")).unwrap_or_default();
    match extent {
        Extent::Session(_) => format!("a session{of}"),
        Extent::Grant(_) => format!("a grant{of}"),
        Extent::Login(_) => format!("a sign-in{of} with its sessions and grants"),
        Extent::Subject { subject, except: None } => format!("everything of {}", person(subject, names)),
        Extent::Subject { subject, except: Some(_) } => {
            format!("everything of {} but the browser in use", person(subject, names))
        }
        Extent::Allowance { subject, client } => {
            format!("what {} had allowed {}", person(subject, names), application(client, names))
        }
        Extent::Client(client) => format!("everything at {}", application(client, names)),
        Extent::Everything => "everything".to_owned(),
    }
}

const fn because(reason: Reason) -> &'static str {
    match reason {
        Reason::SignedOut => "signed out",
        Reason::EndedByPerson => "ended from the account page",
        Reason::EndedByOperator => "ended by an operator",
        Reason::Revoked => "revoked by the application",
        Reason::Replaced => "a new sign-in took its place",
        Reason::CrowdedOut => "the person had as many sessions as they may",
        Reason::PasswordChanged => "the password changed",
        Reason::PasswordReset => "the password was reset",
        Reason::Replay => "something that works once was used twice",
        Reason::Withdrawn => "the permission was withdrawn",
        Reason::Erased => "the account was erased",
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::login::tests::user;

    struct Book;

    impl Names for Book {
        fn person(&self, subject: &Subject) -> Option<String> {
            (*subject == user().subject).then(|| "ada@example.com".to_owned())
        }

        fn application(&self, client: &ClientId) -> Option<String> {
            (client.as_str() == "shop").then(|| "Shop".to_owned())
        }
    }

    fn said(by: Actor, event: Event, client: Option<&str>) -> String {
        let entry = AuditEntry {
            at: Timestamp::from_seconds(1),
            by,
            event,
            subject: Some(user().subject),
            client: client.map(|id| id.parse().unwrap()),
            network: Some(Network::of("203.0.113.9".parse::<IpAddr>().unwrap())),
        };
        entry.sentence(&Book)
    }

    #[test]
    fn entries_read_as_sentences() {
        let ada = || Actor::Subject(user().subject);
        assert_eq!(
            said(ada(), Event::SignedIn, Some("shop")),
            "ada@example.com signed in at Shop, from 203.0.113.0/24"
        );
        assert_eq!(
            said(Actor::CommandLine, Event::PasswordChanged, None),
            "The command line changed the password of ada@example.com, from 203.0.113.0/24"
        );
        let ended =
            Event::Ended { extent: Extent::Client("bank".parse().unwrap()), reason: Reason::EndedByOperator };
        assert_eq!(
            said(Actor::System, ended, None),
            "Countersign ended everything at bank: ended by an operator, from 203.0.113.0/24"
        );
        let session = Event::Ended {
            extent: Extent::Session(crate::id::Serial::new(2).unwrap()),
            reason: Reason::EndedByOperator,
        };
        assert_eq!(
            said(Actor::CommandLine, session, None),
            "The command line ended a session of ada@example.com, from 203.0.113.0/24"
        );
        let own = Event::Ended {
            extent: Extent::Session(crate::id::Serial::new(2).unwrap()),
            reason: Reason::EndedByPerson,
        };
        assert_eq!(
            said(ada(), own, None),
            "ada@example.com ended a session: ended from the account page, from 203.0.113.0/24"
        );
        let allowed = Event::Allowed { scope: "openid".to_owned() };
        assert_eq!(
            said(ada(), allowed, Some("shop")),
            "ada@example.com allowed Shop `openid`, from 203.0.113.0/24"
        );
        let replayed = Event::Replayed { what: "refresh-token".to_owned() };
        assert_eq!(
            said(Actor::Stranger, replayed, Some("shop")),
            "A refresh token was used twice at Shop, from 203.0.113.0/24"
        );
    }

    #[test]
    fn an_erased_person_keeps_only_the_opaque_subject() {
        struct Nobody;
        impl Names for Nobody {
            fn person(&self, _: &Subject) -> Option<String> {
                None
            }
            fn application(&self, _: &ClientId) -> Option<String> {
                None
            }
        }
        let subject = user().subject;
        let entry = AuditEntry {
            at: Timestamp::from_seconds(1),
            by: Actor::Subject(subject.clone()),
            event: Event::Erased,
            subject: Some(subject.clone()),
            client: None,
            network: None,
        };
        assert_eq!(entry.sentence(&Nobody), format!("{subject} erased the account"));
    }
}
