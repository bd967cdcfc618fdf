//! Opening an account and changing its password, as batches.

use crate::batch::{Batch, Change};
use crate::error::Refusal;
use crate::extent::{Ending, Extent};
use crate::id::{LoginId, Subject};
use crate::record::key::{KeyPurpose, KeyRecord};
use crate::record::user::PasswordHash;
use crate::record::{Email, Role, User};
use crate::time::Timestamp;

/// What a new account is made of.
#[derive(Debug)]
pub struct NewUser {
    /// Who.
    pub subject: Subject,
    /// The confirmed address.
    pub email: Email,
    /// What they may do.
    pub role: Role,
    /// The hash of the password.
    pub password: PasswordHash,
    /// The key that seals their session data, sealed under the master key.
    pub data_key: Vec<u8>,
}

impl User {
    /// A new account; commit [`Change::AddUser`].
    #[must_use]
    pub fn open(new: NewUser, now: Timestamp) -> Self {
        Self {
            subject: new.subject,
            email: new.email,
            role: new.role,
            name: None,
            password: new.password,
            generation: 1,
            data_key: new.data_key,
            since: now,
        }
    }

    /// A record of somebody whose account an application keeps itself, under its own `name` for them. `nobody` is a hash that
    /// no password has.
    ///
    /// # Errors
    /// [`Refusal::Invalid`]: the name is empty, longer than [`policy::OWN_NAME_BYTES`], or has control characters.
    pub fn vouched(
        name: &str,
        subject: Subject,
        nobody: PasswordHash,
        data_key: Vec<u8>,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let new =
            NewUser { subject, email: Email::of_own(name)?, role: Role::Person, password: nobody, data_key };
        Ok(Self { name: Some(name.to_owned()), ..Self::open(new, now) })
    }

    /// The batch that gives this user, as read, another password; with `others` it ends their logins but `except`.
    pub fn change_password(
        &self,
        password: PasswordHash,
        others: Option<(Option<LoginId>, Ending)>,
    ) -> Batch {
        let set = Change::SetPassword { subject: self.subject.clone(), expect: self.generation, password };
        let batch = Batch::of(set);
        match others {
            None => batch,
            Some((except, ending)) => batch.with(Change::End {
                extent: Extent::Subject { subject: self.subject.clone(), except },
                ending,
            }),
        }
    }
}

/// What a new signing key is made of.
#[derive(Debug)]
pub struct NewKey {
    /// Its name.
    pub kid: String,
    /// Its one algorithm.
    pub algorithm: String,
    /// What it signs.
    pub purpose: KeyPurpose,
    /// The PKCS#8 private key, sealed under the master key.
    pub sealed: Vec<u8>,
    /// From when it signs; the JWKS shows it at once.
    pub signs_from: Timestamp,
}

impl KeyRecord {
    /// A new signing key; commit [`Change::PutKey`].
    #[must_use]
    pub fn publish(new: NewKey, now: Timestamp) -> Self {
        Self {
            kid: new.kid,
            algorithm: new.algorithm,
            purpose: new.purpose,
            sealed: new.sealed,
            published: now,
            signs_from: new.signs_from,
            signs_until: None,
            retires: None,
        }
    }

    /// This key with a successor that signs from `until`; `longest` is the longest life of a token that it signs.
    #[must_use]
    pub fn succeeded(&self, until: Timestamp, longest: std::time::Duration) -> Self {
        Self { signs_until: Some(until), retires: Some(until + longest), ..self.clone() }
    }

    /// Whether it signs at `now`.
    #[must_use]
    pub fn signs(&self, now: Timestamp) -> bool {
        now >= self.signs_from && self.signs_until.is_none_or(|until| now < until)
    }

    /// Whether the JWKS shows it at `now`.
    #[must_use]
    pub fn is_shown(&self, now: Timestamp) -> bool {
        now >= self.published && self.retires.is_none_or(|end| now < end)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::extent::{Actor, Reason};
    use crate::login::tests::{login, user};

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

    #[test]
    fn a_password_change_is_one_batch_with_the_endings() {
        let user = user();
        let hash = PasswordHash("$new".to_owned());
        let set = Change::SetPassword { subject: user.subject.clone(), expect: 4, password: hash.clone() };
        assert_eq!(user.change_password(hash.clone(), None), Batch::of(set.clone()));
        let except = Some(login(NOW).id);
        let ending =
            Ending { at: NOW, reason: Reason::PasswordChanged, by: Actor::Subject(user.subject.clone()) };
        let batch = user.change_password(hash, Some((except.clone(), ending.clone())));
        let extent = Extent::Subject { subject: user.subject, except };
        assert_eq!(batch.changes(), [set, Change::End { extent, ending }]);
    }

    #[test]
    fn a_key_is_shown_before_it_signs_and_until_its_tokens_have_died() {
        let day = Duration::from_secs(86_400);
        let new = NewKey {
            kid: "k".to_owned(),
            algorithm: "ES256".to_owned(),
            purpose: KeyPurpose::Access,
            sealed: Vec::new(),
            signs_from: NOW + day,
        };
        let key = KeyRecord::publish(new, NOW);
        assert!(key.is_shown(NOW) && !key.signs(NOW) && key.signs(NOW + day));
        let key = key.succeeded(NOW + day * 2, day);
        assert!(!key.signs(NOW + day * 2) && key.is_shown(NOW + day * 2) && !key.is_shown(NOW + day * 3));
    }
}
