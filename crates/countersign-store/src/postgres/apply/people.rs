//! People and what they allowed.

use countersign_core::batch::Conflict;
use countersign_core::id::{ClientId, Subject};
use countersign_core::record::user::PasswordHash;
use countersign_core::record::{Scope, User};
use countersign_core::time::Timestamp;

use super::Applied;
use crate::codec::encode;
use crate::column::{address, time};
use crate::postgres::convert::Stop;

impl Applied<'_> {
    pub(super) async fn add_user(&self, user: &User) -> Result<(), Stop> {
        let (subject, email) = (user.subject.as_str(), address(&user.email));
        let sql = "SELECT 1 FROM person WHERE subject = $1 UNION ALL SELECT 1 FROM person WHERE email = $2";
        if self.exists(sql, &[&subject, &email.as_slice()]).await? {
            return Err(Conflict::Taken.into());
        }
        let sql = "INSERT INTO person (subject, email, record) VALUES ($1, $2, $3)";
        self.run(sql, &[&subject, &email.as_slice(), &encode(user)?]).await?;
        Ok(())
    }

    /// Replaces the password of a user in generation `expect`, which becomes `generation`.
    pub(super) async fn set_password(
        &self,
        subject: &Subject,
        expect: u64,
        password: &PasswordHash,
        generation: u64,
    ) -> Result<(), Stop> {
        let mut user = self.person(subject).await?;
        if user.generation != expect {
            return Err(Conflict::Moved.into());
        }
        user.password = password.clone();
        user.generation = generation;
        self.keep_person(&user).await
    }

    /// The user of that subject, who must exist.
    pub(super) async fn person(&self, subject: &Subject) -> Result<User, Stop> {
        let found = self.record("SELECT record FROM person WHERE subject = $1", &[&subject.as_str()]).await?;
        Ok(found.ok_or(Conflict::Missing)?)
    }

    /// Writes a user who is there already. INVARIANT: an update never inserts.
    pub(super) async fn keep_person(&self, user: &User) -> Result<(), Stop> {
        let sql = "UPDATE person SET record = $2 WHERE subject = $1";
        self.run(sql, &[&user.subject.as_str(), &encode(user)?]).await?;
        Ok(())
    }

    pub(super) async fn put_consent(
        &self,
        subject: &Subject,
        client: &ClientId,
        scope: &Scope,
        at: Timestamp,
    ) -> Result<(), Stop> {
        self.run(
            "INSERT INTO consent (subject, client, scope, at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (subject, client) DO UPDATE SET scope = excluded.scope, at = excluded.at",
            &[&subject.as_str(), &client.as_str(), &scope.to_string(), &time(at)],
        )
        .await?;
        Ok(())
    }

    pub(super) async fn drop_consent(&self, subject: &Subject, client: &ClientId) -> Result<(), Stop> {
        let sql = "DELETE FROM consent WHERE subject = $1 AND client = $2";
        self.run(sql, &[&subject.as_str(), &client.as_str()]).await?;
        Ok(())
    }
}
