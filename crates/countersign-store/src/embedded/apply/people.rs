//! People and what they allowed.

use countersign_core::batch::Conflict;
use countersign_core::id::{ClientId, Subject};
use countersign_core::record::user::PasswordHash;
use countersign_core::record::{Scope, User};
use countersign_core::time::Timestamp;
use rusqlite::params;

use super::Applied;
use crate::codec::encode;
use crate::embedded::convert::{Stop, address, time};

impl Applied<'_> {
    pub(super) fn add_user(&self, user: &User) -> Result<(), Stop> {
        let email = address(&user.email);
        let taken = self.exists(
            "SELECT 1 FROM person WHERE subject = ?1 UNION ALL SELECT 1 FROM person WHERE email = ?2",
            params![user.subject.as_str(), email],
        )?;
        if taken {
            return Err(Conflict::Taken.into());
        }
        self.run(
            "INSERT INTO person (subject, email, record) VALUES (?1, ?2, ?3)",
            params![user.subject.as_str(), email, encode(user)?],
        )?;
        Ok(())
    }

    /// Replaces the password of a user in generation `expect`, which becomes `generation`.
    pub(super) fn set_password(
        &self,
        subject: &Subject,
        expect: u64,
        password: &PasswordHash,
        generation: u64,
    ) -> Result<(), Stop> {
        let mut user = self.person(subject)?;
        if user.generation != expect {
            return Err(Conflict::Moved.into());
        }
        user.password = password.clone();
        user.generation = generation;
        self.keep_person(&user)
    }

    /// The user of that subject, who must exist.
    pub(super) fn person(&self, subject: &Subject) -> Result<User, Stop> {
        let found = self.record("SELECT record FROM person WHERE subject = ?1", [subject.as_str()])?;
        Ok(found.ok_or(Conflict::Missing)?)
    }

    /// Writes a user who is there already. INVARIANT: an update never inserts.
    pub(super) fn keep_person(&self, user: &User) -> Result<(), Stop> {
        self.run(
            "UPDATE person SET record = ?2 WHERE subject = ?1",
            params![user.subject.as_str(), encode(user)?],
        )?;
        Ok(())
    }

    pub(super) fn put_consent(
        &self,
        subject: &Subject,
        client: &ClientId,
        scope: &Scope,
        at: Timestamp,
    ) -> Result<(), Stop> {
        self.run(
            "INSERT INTO consent (subject, client, scope, at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (subject, client) DO UPDATE SET scope = ?3, at = ?4",
            params![subject.as_str(), client.as_str(), scope.to_string(), time(at)],
        )?;
        Ok(())
    }

    pub(super) fn drop_consent(&self, subject: &Subject, client: &ClientId) -> Result<(), Stop> {
        self.run(
            "DELETE FROM consent WHERE subject = ?1 AND client = ?2",
            [subject.as_str(), client.as_str()],
        )?;
        Ok(())
    }
}
